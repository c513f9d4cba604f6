//! Reading `expect`: assertions and their predicates. What they mean is in `predicate`.

use http::HeaderName;
use regex::Regex;
use serde_json::Value as Json;
use serde_json_path::JsonPath;

use super::fields::{Fields, Problems, duration, list, text};
use super::model::{Assertion, Subject};
use super::predicate::{Condition, Predicate, Type};
use super::tree::{Node, Value};

const CONDITIONS: [&str; 14] = [
    "equals",
    "not",
    "contains",
    "matches",
    "starts_with",
    "in",
    "greater_than",
    "at_least",
    "less_than",
    "at_most",
    "exists",
    "empty",
    "type",
    "count",
];

/// The assertions of an `http` check.
pub(crate) fn assertions(node: &Node, path: &str, problems: &mut Problems) -> Vec<Assertion> {
    let known = ["status", "within", "headers", "body", "json"];
    let Some(fields) = Fields::read(node, path, &known, &["schema", "body_sha256", "http_version"], problems) else {
        return Vec::new();
    };
    if fields.entries().is_empty() {
        problems.add(node.at, path, "expects nothing; say at least a status");
    }
    let mut assertions = Vec::new();
    if let Some(node) = fields.get("status") {
        let predicate = status(node, &fields.path_of("status"), problems);
        assertions.extend(predicate.map(|predicate| at(node, Subject::Status(predicate), problems)));
    }
    if let Some(node) = fields.get("within") {
        let within = duration(node, &fields.path_of("within"), problems);
        assertions.extend(within.map(|within| at(node, Subject::Within(within), problems)));
    }
    if let Some(node) = fields.get("headers") {
        headers(node, &fields.path_of("headers"), &mut assertions, problems);
    }
    if let Some(node) = fields.get("body") {
        let predicate = predicate(node, &fields.path_of("body"), problems);
        assertions.extend(predicate.map(|predicate| at(node, Subject::Body(predicate), problems)));
    }
    if let Some(node) = fields.get("json") {
        json(node, &fields.path_of("json"), &mut assertions, problems);
    }
    assertions
}

fn at(node: &Node, subject: Subject, problems: &Problems) -> Assertion {
    Assertion { subject, place: problems.place(node.at) }
}

/// A list of statuses means any of them.
fn status(node: &Node, path: &str, problems: &mut Problems) -> Option<Predicate> {
    let valid = |node: &Node, problems: &mut Problems, path: &str| match &node.value {
        Value::Number(number) if number.as_u64().is_some_and(|status| (100..=599).contains(&status)) => true,
        Value::Number(number) => {
            problems.add(node.at, path, format_args!("expected an HTTP status between 100 and 599, got {number}"));
            false
        }
        other => {
            problems.add(node.at, path, format_args!("expected an HTTP status, got {}", other.kind()));
            false
        }
    };
    match &node.value {
        Value::Map(_) => predicate(node, path, problems),
        Value::List(items) if items.is_empty() => {
            problems.add(node.at, path, "lists no status; nothing could pass");
            None
        }
        Value::List(items) => {
            let all = items
                .iter()
                .enumerate()
                .fold(true, |all, (index, item)| valid(item, problems, &format!("{path}[{index}]")) && all);
            all.then(|| Predicate(vec![Condition::In(items.iter().map(Json::from).collect())]))
        }
        _ => valid(node, problems, path).then(|| Predicate(vec![Condition::Equals(Json::from(node))])),
    }
}

fn headers(node: &Node, path: &str, assertions: &mut Vec<Assertion>, problems: &mut Problems) {
    let Some(fields) = Fields::any(node, path, problems) else { return };
    if fields.entries().is_empty() {
        problems.add(node.at, path, "names no header; nothing would be checked");
    }
    for (key, node) in fields.entries() {
        let Ok(name) = HeaderName::try_from(key.name.as_str()) else {
            problems.add(key.at, path, format_args!("{:?} is no HTTP header name", key.name));
            continue;
        };
        if let Some(predicate) = predicate(node, &fields.path_of(&key.name), problems) {
            assertions.push(at(node, Subject::Header(name, predicate), problems));
        }
    }
}

fn json(node: &Node, path: &str, assertions: &mut Vec<Assertion>, problems: &mut Problems) {
    let items = list(node, path, problems).unwrap_or_default();
    if matches!(&node.value, Value::List(items) if items.is_empty()) {
        problems.add(node.at, path, "lists no assertion; nothing would be checked");
    }
    for (index, item) in items.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let known: Vec<&str> = std::iter::once("at").chain(CONDITIONS).collect();
        let Some(fields) = Fields::read(item, &path, &known, &[], problems) else { continue };
        let json_path = fields.required("at", problems).and_then(|node| {
            let text = text(node, &fields.path_of("at"), problems)?;
            JsonPath::parse(text)
                .map_err(|error| {
                    problems.add(
                        node.at,
                        &fields.path_of("at"),
                        format_args!("{text:?} is no JSONPath (RFC 9535): {error}"),
                    );
                })
                .ok()
        });
        let conditions = conditions(&fields, problems);
        if let (Some(json_path), Some(predicate)) = (json_path, conditions) {
            assertions.push(at(item, Subject::Json(json_path, predicate), problems));
        }
    }
}

/// A plain value means equals; a mapping is one or more conditions.
fn predicate(node: &Node, path: &str, problems: &mut Problems) -> Option<Predicate> {
    match &node.value {
        Value::Map(_) => conditions(&Fields::read(node, path, &CONDITIONS, &[], problems)?, problems),
        Value::Null => {
            problems.add(node.at, path, "expects nothing; write a value, or `exists: true`");
            None
        }
        Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_) => {
            Some(Predicate(vec![Condition::Equals(Json::from(node))]))
        }
    }
}

fn conditions(fields: &Fields<'_>, problems: &mut Problems) -> Option<Predicate> {
    let given: Vec<_> = fields.entries().iter().filter(|(key, _)| CONDITIONS.contains(&key.name.as_str())).collect();
    if given.is_empty() {
        problems.add(
            fields.at,
            fields.path(),
            format_args!("says nothing to match; add one of {}", CONDITIONS.join(", ")),
        );
        return None;
    }
    let mut read = Vec::new();
    for (key, node) in &given {
        read.extend(condition(&key.name, node, &fields.path_of(&key.name), problems));
    }
    (read.len() == given.len()).then_some(Predicate(read))
}

fn condition(name: &str, node: &Node, path: &str, problems: &mut Problems) -> Option<Condition> {
    Some(match name {
        "equals" => Condition::Equals(Json::from(node)),
        "not" => Condition::Not(Json::from(node)),
        "contains" => Condition::Contains(Json::from(node)),
        "matches" => {
            let pattern = text(node, path, problems)?;
            let regex = Regex::new(pattern).map_err(|error| {
                let reason = error.to_string();
                let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
                problems.add(node.at, path, format_args!("{pattern:?} is no regular expression: {reason}"));
            });
            Condition::Matches(regex.ok()?)
        }
        "starts_with" => Condition::StartsWith(text(node, path, problems)?.to_owned()),
        "in" => {
            let items = list(node, path, problems)?;
            if items.is_empty() {
                problems.add(node.at, path, "lists no value; nothing could pass");
                return None;
            }
            Condition::In(items.iter().map(Json::from).collect())
        }
        "greater_than" => Condition::GreaterThan(number(node, path, problems)?),
        "at_least" => Condition::AtLeast(number(node, path, problems)?),
        "less_than" => Condition::LessThan(number(node, path, problems)?),
        "at_most" => Condition::AtMost(number(node, path, problems)?),
        "exists" => Condition::Exists(boolean(node, path, problems)?),
        "empty" => Condition::Empty(boolean(node, path, problems)?),
        "type" => {
            let given = text(node, path, problems)?;
            let Some((_, kind)) = Type::ALL.into_iter().find(|(name, _)| *name == given) else {
                problems.unknown(node.at, path, "type", given, Type::ALL.into_iter().map(|(name, _)| name));
                return None;
            };
            Condition::Type(kind)
        }
        // The caller passes only names of `CONDITIONS`, of which this is the last.
        _ => Condition::Count(Box::new(predicate(node, path, problems)?)),
    })
}

fn number(node: &Node, path: &str, problems: &mut Problems) -> Option<f64> {
    match &node.value {
        Value::Number(number) => number.as_f64(),
        other => {
            problems.add(node.at, path, format_args!("expected a number, got {}", other.kind()));
            None
        }
    }
}

fn boolean(node: &Node, path: &str, problems: &mut Problems) -> Option<bool> {
    match &node.value {
        Value::Bool(value) => Some(*value),
        other => {
            problems.add(node.at, path, format_args!("expected true or false, got {}", other.kind()));
            None
        }
    }
}
