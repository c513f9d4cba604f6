//! Answers CloudWatch Logs' API, to read what functions and tasks wrote and to write beside it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Group, Line};
use crate::names::{ACCOUNT, REGION};
use crate::refusal::Refusal;
use crate::world::World;

/// What there is.
pub(crate) const OPERATIONS: [&str; 5] =
    ["CreateLogStream", "DeleteLogGroup", "DescribeLogGroups", "FilterLogEvents", "PutLogEvents"];

/// Answer one call.
pub(crate) fn answer(
    world: &mut World,
    operation: &str,
    body: &Value,
    now: Timestamp,
) -> Result<Option<Value>, Refusal> {
    let answer = match operation {
        "CreateLogStream" => {
            create_log_stream(world, body)?;
            return Ok(None);
        }
        "DeleteLogGroup" => {
            let name = body["logGroupName"].as_str().unwrap_or_default();
            world.logs.remove(name).ok_or_else(no_group)?;
            world.note(now, "logs", "log group deleted", name);
            return Ok(None);
        }
        "PutLogEvents" => put_log_events(world, body, now)?,
        "FilterLogEvents" => filter_log_events(world, body)?,
        "DescribeLogGroups" => {
            let prefix = body["logGroupNamePrefix"].as_str().unwrap_or_default();
            let groups = world.logs.groups().filter(|(name, _)| name.starts_with(prefix));
            json!({"logGroups": groups.map(|(name, group)| describe(name, group)).collect::<Vec<_>>()})
        }
        _ => {
            let unknown = "UnknownOperationException";
            return Err(Refusal::not_implemented(unknown, "CloudWatch Logs", operation, &OPERATIONS));
        }
    };
    Ok(Some(answer))
}

fn create_log_stream(world: &mut World, body: &Value) -> Result<(), Refusal> {
    let stream = body["logStreamName"].as_str().filter(|name| !name.is_empty()).map(str::to_owned);
    let stream =
        stream.ok_or_else(|| Refusal::new("InvalidParameterException", "logStreamName is missing or empty"))?;
    if stream.contains([':', '*']) {
        return Err(Refusal::new("InvalidParameterException", "a log stream's name has no colon and no asterisk"));
    }
    let group = world.logs.group_mut(body["logGroupName"].as_str().unwrap_or_default()).ok_or_else(no_group)?;
    if group.streams.insert(stream) {
        return Ok(());
    }
    Err(Refusal::new("ResourceAlreadyExistsException", "The specified log stream already exists"))
}

fn put_log_events(world: &mut World, body: &Value, now: Timestamp) -> Result<Value, Refusal> {
    let name = body["logGroupName"].as_str().unwrap_or_default();
    let stream = body["logStreamName"].as_str().unwrap_or_default();
    if !world.logs.group(name).ok_or_else(no_group)?.streams.contains(stream) {
        return Err(Refusal::new("ResourceNotFoundException", "The specified log stream does not exist."));
    }
    let events = body["logEvents"].as_array().filter(|events| !events.is_empty());
    let events = events.ok_or_else(|| Refusal::new("InvalidParameterException", "logEvents is missing or empty"))?;
    for event in events {
        let at = event["timestamp"].as_i64().and_then(|at| Timestamp::from_millisecond(at).ok()).unwrap_or(now);
        let message = event["message"].as_str().unwrap_or_default().to_owned();
        world.logs.write(name, stream.to_owned(), at, message, now);
    }
    Ok(json!({"nextSequenceToken": world.identifiers.uuid("sequence token")}))
}

fn no_group() -> Refusal {
    Refusal::new("ResourceNotFoundException", "The specified log group does not exist.")
}

fn describe(name: &str, group: &Group) -> Value {
    let bytes: usize = group.lines.iter().map(|line| line.message.len()).sum();
    let arn = format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}");
    json!({"logGroupName": name, "creationTime": group.created.as_millisecond(), "metricFilterCount": 0,
        "arn": format!("{arn}:*"), "logGroupArn": arn, "storedBytes": bytes, "logGroupClass": "STANDARD"})
}

fn filter_log_events(world: &World, body: &Value) -> Result<Value, Refusal> {
    const MOST: u64 = 10_000;
    let name = body["logGroupName"].as_str().or_else(|| body["logGroupIdentifier"].as_str()).unwrap_or_default();
    let name = name.rsplit("log-group:").next().unwrap_or(name);
    let group = world.logs.group(name).ok_or_else(no_group)?;
    let term = term(body["filterPattern"].as_str().unwrap_or_default())?;
    let (start, end) = (body["startTime"].as_i64(), body["endTime"].as_i64());
    let after = body["nextToken"].as_str().and_then(|token| token.parse::<u64>().ok()).unwrap_or(0);
    let limit = usize::try_from(body["limit"].as_u64().unwrap_or(MOST).clamp(1, MOST)).unwrap_or(usize::MAX);
    let mut matching = group.lines.iter().filter(|line| {
        let at = line.at.as_millisecond();
        line.number > after
            && start.is_none_or(|start| at >= start)
            && end.is_none_or(|end| at < end)
            && term.as_ref().is_none_or(|term| line.message.contains(term.as_str()))
    });
    let page: Vec<_> = matching.by_ref().take(limit).collect();
    let mut answer =
        json!({"events": page.iter().map(|line| event(line)).collect::<Vec<_>>(), "searchedLogStreams": []});
    if let (Some(_), Some(last)) = (matching.next(), page.last()) {
        answer["nextToken"] = last.number.to_string().into();
    }
    Ok(answer)
}

fn event(line: &Line) -> Value {
    json!({"logStreamName": line.stream, "timestamp": line.at.as_millisecond(), "message": line.message,
        "ingestionTime": line.ingested.as_millisecond(), "eventId": format!("{:056}", line.number)})
}

/// The one term of a filter pattern: a quoted text or a plain word. `None` matches every line.
fn term(pattern: &str) -> Result<Option<String>, Refusal> {
    let pattern = pattern.trim();
    if pattern.is_empty() {
        return Ok(None);
    }
    let quoted = pattern.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let quoted = quoted.filter(|inner| !inner.replace("\\\"", "").contains('"'));
    let plain = Some(pattern).filter(|word| word.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_'));
    let term = quoted.map(|inner| inner.replace("\\\"", "\"")).or_else(|| plain.map(str::to_owned));
    let refuse = || {
        let message =
            format!("the rehearsal does not implement the filter pattern {pattern}; it takes one quoted term");
        Refusal::new("InvalidParameterException", message)
    };
    term.map(Some).ok_or_else(refuse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_one_quoted_term_or_nothing() {
        assert_eq!(term("").unwrap(), None);
        assert_eq!(term("\"d-1NNWZG91L\"").unwrap().as_deref(), Some("d-1NNWZG91L"));
        assert_eq!(term("\"say \\\"a\\\"\"").unwrap().as_deref(), Some("say \"a\""));
        assert_eq!(term("ERROR").unwrap().as_deref(), Some("ERROR"));
        for refused in ["{ $.a = 1 }", "\"a\" \"b\"", "a b", "?x"] {
            assert!(term(refused).is_err(), "{refused}");
        }
    }
}
