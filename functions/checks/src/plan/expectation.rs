//! Reading `expect`: assertions and their predicates. What they mean is in `predicate`.

use http::{HeaderName, Version};
use regex::Regex;
use serde_json::Value as Json;

use super::fields::{Fields, Problems, duration, integer, list, text};
use super::givens::Givens;
use super::http::{Assertion, Subject};
use super::http_version::{HTTP_1_1, http_version};
use super::json_path;
use super::predicate::{Condition, Predicate, Type};
use super::schema::schema;
use super::tree::{Node, Value};

pub(crate) const CONDITIONS: [&str; 14] = [
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
pub(crate) fn assertions(node: &Node, path: &str, givens: &Givens<'_>, problems: &mut Problems) -> Vec<Assertion> {
    let known = ["status", "within", "headers", "body", "json", "schema", "body_sha256", "http_version"];
    let Some(fields) = Fields::read(node, path, &known, problems) else {
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
        if within.is_some_and(|within| within.is_zero()) {
            problems.add(node.at, &fields.path_of("within"), "expected more than 0");
        }
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
    if let Some(node) = fields.get("schema") {
        let schema = schema(node, &fields.path_of("schema"), givens, problems);
        assertions.extend(schema.map(|schema| at(node, Subject::Schema(schema), problems)));
    }
    if let Some(node) = fields.get("body_sha256") {
        let digest = digest(node, &fields.path_of("body_sha256"), problems);
        assertions.extend(digest.map(|digest| at(node, Subject::BodySha256(digest), problems)));
    }
    if let Some(node) = fields.get("http_version") {
        let versions = [("1.0", Version::HTTP_10), HTTP_1_1, ("2", Version::HTTP_2)];
        let version = http_version(node, &fields.path_of("http_version"), &versions, problems);
        assertions.extend(version.map(|version| at(node, Subject::HttpVersion(version), problems)));
    }
    assertions
}

fn at(node: &Node, subject: Subject, problems: &Problems) -> Assertion {
    Assertion { subject, place: problems.place(node.at) }
}

fn digest(node: &Node, path: &str, problems: &mut Problems) -> Option<String> {
    let given = text(node, path, problems)?;
    let is_digest = given.len() == 64 && given.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_digest {
        problems.add(node.at, path, format_args!("expected a SHA-256 of 64 hex digits, got {given:?}"));
    }
    is_digest.then(|| given.to_ascii_lowercase())
}

/// A list of statuses means any of them.
fn status(node: &Node, path: &str, problems: &mut Problems) -> Option<Predicate> {
    let one =
        |node: &Node, path: &str, problems: &mut Problems| integer(node, path, 100, 599, problems).map(Json::from);
    match &node.value {
        Value::Map(_) => predicate(node, path, problems),
        Value::List(items) if items.is_empty() => {
            problems.add(node.at, path, "lists no status; nothing could pass");
            None
        }
        Value::List(items) => {
            let read = |(index, item)| one(item, &format!("{path}[{index}]"), problems);
            let statuses: Vec<Json> = items.iter().enumerate().filter_map(read).collect();
            (statuses.len() == items.len()).then(|| Predicate(vec![Condition::In(statuses)]))
        }
        _ => one(node, path, problems).map(|status| Predicate(vec![Condition::Equals(status)])),
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
        let Some(fields) = Fields::read(item, &path, &known, problems) else { continue };
        let json_path = fields.required("at", problems).and_then(|node| {
            let text = text(node, &fields.path_of("at"), problems)?;
            json_path::parse(text, node, &fields.path_of("at"), problems)
        });
        let conditions = conditions(&fields, problems);
        if let (Some(json_path), Some(predicate)) = (json_path, conditions) {
            assertions.push(at(item, Subject::Json(json_path, predicate), problems));
        }
    }
}

/// A plain value means equals; a mapping is one or more conditions.
pub(crate) fn predicate(node: &Node, path: &str, problems: &mut Problems) -> Option<Predicate> {
    match &node.value {
        Value::Map(_) => conditions(&Fields::read(node, path, &CONDITIONS, problems)?, problems),
        Value::Null => {
            problems.add(node.at, path, "expects nothing; write a value, or `exists: true`");
            None
        }
        Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_) => {
            Some(Predicate(vec![Condition::Equals(value(node, path, problems))]))
        }
    }
}

fn conditions(fields: &Fields<'_>, problems: &mut Problems) -> Option<Predicate> {
    let given: Vec<_> = fields.entries().iter().filter(|(key, _)| CONDITIONS.contains(&key.name.as_str())).collect();
    if given.is_empty() {
        // Another name than `at` has been told as unknown already.
        if fields.entries().iter().any(|(key, _)| key.name != "at") {
            return None;
        }
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
        "equals" => Condition::Equals(value(node, path, problems)),
        "not" => Condition::Not(match node.value {
            Value::Null => Predicate(vec![Condition::Equals(Json::Null)]),
            Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => {
                predicate(node, path, problems)?
            }
        }),
        "contains" => Condition::Contains(value(needed(node, path, problems)?, path, problems)),
        "matches" => {
            let pattern = text(needed(node, path, problems)?, path, problems)?;
            let regex = Regex::new(pattern).map_err(|error| {
                let reason = error.to_string();
                let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
                problems.add(node.at, path, format_args!("{pattern:?} is no regular expression: {reason}"));
            });
            Condition::Matches(regex.ok()?)
        }
        "starts_with" => Condition::StartsWith(text(needed(node, path, problems)?, path, problems)?.to_owned()),
        "in" => {
            let items = list(node, path, problems)?;
            if items.is_empty() {
                problems.add(node.at, path, "lists no value; nothing could pass");
                return None;
            }
            Condition::In(items.iter().map(|item| value(item, path, problems)).collect())
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
        _ => Condition::Count(count(node, path, problems)?),
    })
}

/// What is expected of numbers: a number, or conditions on one.
pub(crate) fn of_numbers(node: &Node, path: &str, problems: &mut Problems) -> Option<Predicate> {
    match &node.value {
        Value::Map(_) => conditions(&Fields::read(node, path, &OF_A_NUMBER, problems)?, problems),
        _ => number(node, path, problems).map(|number| Predicate(vec![Condition::Equals(Json::from(number))])),
    }
}

/// What a number can be compared with.
const OF_A_NUMBER: [&str; 7] = ["equals", "not", "in", "greater_than", "at_least", "less_than", "at_most"];

fn count(node: &Node, path: &str, problems: &mut Problems) -> Option<Predicate> {
    match &node.value {
        Value::Map(_) => conditions(&Fields::read(node, path, &OF_A_NUMBER, problems)?, problems),
        _ => integer(node, path, 0, u64::MAX, problems)
            .map(|count| Predicate(vec![Condition::Equals(Json::from(count))])),
    }
}

/// A value that is compared; a key that stands twice in it is a problem like everywhere.
fn value(node: &Node, path: &str, problems: &mut Problems) -> Json {
    match &node.value {
        Value::Map(entries) => {
            let _ = Fields::any(node, path, problems);
            entries.iter().map(|(key, node)| (key.name.clone(), value(node, path, problems))).collect()
        }
        Value::List(items) => items.iter().map(|item| value(item, path, problems)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => Json::from(node),
    }
}

/// An empty text is contained in everything.
fn needed<'a>(node: &'a Node, path: &str, problems: &mut Problems) -> Option<&'a Node> {
    if matches!(&node.value, Value::Text(text) if text.is_empty()) {
        problems.add(node.at, path, "must not be empty; it would hold for everything");
        return None;
    }
    Some(node)
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
