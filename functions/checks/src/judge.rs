//! An answer held against what the plan expects of it. Pure: no clock, no network.
//!
//! Every contradicted assertion is told, in the plan's order, with what was expected and what was seen.

use http::HeaderName;
use serde_json::Value;

use crate::message::{Message, codes};
use crate::plan::predicate::Predicate;
use crate::plan::{Assertion, Subject};
use crate::probe::http::Answer;

/// What is said of a value is no longer than this.
const LONGEST_VALUE: usize = 120;

/// The messages of all contradicted assertions; none means that every one holds.
pub(crate) fn contradictions(check: &str, assertions: &[Assertion], answer: &Answer, context: &str) -> Vec<Message> {
    let text = std::str::from_utf8(&answer.body);
    let json = serde_json::from_slice::<Value>(&answer.body);
    let mut messages = Vec::new();
    for assertion in assertions {
        let found = match &assertion.subject {
            Subject::Status(predicate) => values("status", predicate, &[&Value::from(answer.status.as_u16())]),
            Subject::Within(limit) if answer.took > *limit => {
                vec![format!(
                    "expected an answer within {} ms, got one after {} ms",
                    limit.as_millis(),
                    answer.took.as_millis()
                )]
            }
            Subject::Within(_) => Vec::new(),
            Subject::Header(name, predicate) => header(name, predicate, answer),
            Subject::Body(predicate) => match text {
                Ok(text) => values("body", predicate, &[&Value::from(text)]),
                Err(error) => vec![format!(
                    "body expected to be text, got bytes that are no UTF-8 from byte {} on",
                    error.valid_up_to()
                )],
            },
            Subject::Json(path, predicate) => match &json {
                Ok(json) => values(&path.to_string(), predicate, &path.query(json).all()),
                Err(error) => vec![format!("body expected to be JSON, got {}: {error}", kind_of(answer))],
            },
        };
        messages.extend(found.into_iter().map(|text| {
            Message::new(codes::ASSERTION_FAILED, check, text).with_context(context).at(assertion.place.clone())
        }));
    }
    // Several assertions on one body that is no JSON say the same thing once.
    messages.dedup_by(|later, earlier| later.text == earlier.text);
    messages
}

fn header(name: &HeaderName, predicate: &Predicate, answer: &Answer) -> Vec<String> {
    let found: Vec<Value> = answer
        .headers
        .get_all(name)
        .iter()
        .map(|value| Value::from(String::from_utf8_lossy(value.as_bytes())))
        .collect();
    values(&format!("header {name}"), predicate, &found.iter().collect::<Vec<_>>())
}

fn values(what: &str, predicate: &Predicate, found: &[&Value]) -> Vec<String> {
    let seen = match found {
        [] => "nothing".to_owned(),
        [value] => described(value),
        several => format!("{} values, first {}", several.len(), described(several[0])),
    };
    predicate
        .contradicted(found)
        .into_iter()
        .map(|condition| format!("{what} expected {condition}, got {seen}"))
        .collect()
}

/// The value, and its type where the text alone would mislead: `"9.50" (string)`.
fn described(value: &Value) -> String {
    let text = clipped(&value.to_string());
    match value {
        Value::String(_) => format!("{text} (string)"),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => text,
    }
}

fn clipped(text: &str) -> String {
    match text.char_indices().nth(LONGEST_VALUE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn kind_of(answer: &Answer) -> String {
    let declared = answer.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    format!("{} bytes of {}", answer.body.len(), declared.unwrap_or("no declared type"))
}
