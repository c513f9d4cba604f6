//! Answers CloudWatch Logs' API, to read what functions and tasks wrote.

use serde_json::{Value, json};

use super::{Group, Line};
use crate::names::{ACCOUNT, REGION};
use crate::refusal::Refusal;
use crate::world::World;

/// What there is.
pub(crate) const OPERATIONS: [&str; 2] = ["DescribeLogGroups", "FilterLogEvents"];

/// Answer one call.
pub(crate) fn answer(world: &World, operation: &str, body: &Value) -> Result<Value, Refusal> {
    match operation {
        "FilterLogEvents" => filter_log_events(world, body),
        "DescribeLogGroups" => {
            let prefix = body["logGroupNamePrefix"].as_str().unwrap_or_default();
            let groups = world.logs.groups().filter(|(name, _)| name.starts_with(prefix));
            Ok(json!({"logGroups": groups.map(|(name, group)| describe(name, group)).collect::<Vec<_>>()}))
        }
        _ => Err(Refusal::not_implemented("UnknownOperationException", "CloudWatch Logs", operation, &OPERATIONS)),
    }
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
    let group = world
        .logs
        .group(name)
        .ok_or_else(|| Refusal::new("ResourceNotFoundException", "The specified log group does not exist."))?;
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
