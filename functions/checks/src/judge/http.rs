//! An answer held against what the plan expects of it. Pure: no clock, no network.
//!
//! Every contradicted assertion is told, in the plan's order, with what was expected and what was seen.

#![deny(clippy::wildcard_enum_match_arm)]

use http::HeaderName;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::expected::{bounded, expectation, phrase};
use super::schema;
use crate::evidence::Expectation;
use crate::message::{Message, codes};
use crate::plan::predicate::{Found, Predicate};
use crate::plan::{Check, HttpCheck, Subject, json_path};
use crate::probe::http::Answer;

/// What is said of a value is no longer than this.
const LONGEST_VALUE: usize = 120;

/// The messages of all contradicted assertions; none means that every one holds.
///
/// A check that names no status expects 2xx: otherwise `within: 1s` alone would pass an error page.
pub(crate) fn contradictions(check: &Check, http: &HttpCheck, answer: &Answer, context: &str) -> Vec<Message> {
    let text = std::str::from_utf8(&answer.body);
    let json = serde_json::from_slice::<Value>(&answer.body);
    let mut messages = Vec::new();
    let mut tell = |place: &str, found: Vec<String>| {
        messages.extend(
            found
                .into_iter()
                .map(|text| Message::new(codes::ASSERTION_FAILED, &check.id, text).with_context(context).at(place)),
        );
    };
    if !names_status(http) && !answer.status.is_success() {
        let text = format!("status expected 2xx, because expect names none, got {}", answer.status.as_u16());
        tell(&check.place, vec![text]);
    }
    for assertion in &http.assertions {
        let found = match &assertion.subject {
            Subject::Status(predicate) => status(predicate, answer),
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
                Ok(text) => {
                    let text = Value::from(text);
                    let found = Found { values: vec![&text], several: false, text: true };
                    values("body", predicate, &found)
                }
                Err(error) => vec![format!(
                    "body expected to be text, got bytes that are no UTF-8 from byte {} on",
                    error.valid_up_to()
                )],
            },
            Subject::Json(path, predicate) => match &json {
                Ok(json) => {
                    let text = path.to_string();
                    let found =
                        Found { values: path.query(json).all(), several: !json_path::is_singular(&text), text: false };
                    values(&text, predicate, &found)
                }
                Err(error) => vec![no_json(answer, error)],
            },
            Subject::Schema(wanted) => match &json {
                Ok(json) => schema::contradictions(wanted, json),
                Err(error) => vec![no_json(answer, error)],
            },
            Subject::BodySha256(wanted) => {
                let seen = format!("{:x}", Sha256::digest(&answer.body));
                let told = || format!("body expected SHA-256 {wanted}, got {seen} ({} bytes)", answer.body.len());
                (seen != *wanted).then(told).into_iter().collect()
            }
            Subject::HttpVersion(wanted) if answer.version != *wanted => {
                vec![format!("http_version expected {wanted:?}, got {:?}", answer.version)]
            }
            Subject::HttpVersion(_) => Vec::new(),
        };
        tell(&assertion.place, found);
    }
    // Several assertions on one body that is no JSON say the same thing once.
    messages.dedup_by(|later, earlier| later.text == earlier.text);
    messages
}

/// Whether the check names the answer's status as one that it wants.
pub(crate) fn status_is_expected(http: &HttpCheck, answer: &Answer) -> bool {
    let mut named = http.assertions.iter().filter_map(|assertion| match &assertion.subject {
        Subject::Status(predicate) => Some(predicate),
        Subject::Within(_)
        | Subject::Header(..)
        | Subject::Body(_)
        | Subject::Json(..)
        | Subject::Schema(_)
        | Subject::BodySha256(_)
        | Subject::HttpVersion(_) => None,
    });
    named.next().is_some_and(|predicate| status(predicate, answer).is_empty())
}

/// What the check expects, in the plan's order, and what an answer has of it.
pub(crate) fn expectations(http: &HttpCheck, answer: Option<&Answer>) -> Vec<Expectation> {
    let json = answer.map(|answer| serde_json::from_slice::<Value>(&answer.body));
    let in_json = |seen: &dyn Fn(&Value) -> String| match (&json, answer) {
        (Some(Ok(json)), _) => Some(seen(json)),
        (Some(Err(_)), Some(answer)) => Some(format!("no JSON but {}", kind_of(answer))),
        (_, _) => None,
    };
    let status = || answer.map(|answer| answer.status.as_u16().to_string());
    let implied = (!names_status(http)).then(|| expectation("status 2xx".to_owned(), status()));
    let told = http.assertions.iter().map(|assertion| match &assertion.subject {
        Subject::Status(predicate) => expectation(phrase("status", predicate), status()),
        Subject::Within(limit) => expectation(
            format!("within {} ms", limit.as_millis()),
            answer.map(|answer| format!("{} ms", answer.took.as_millis())),
        ),
        Subject::Header(name, predicate) => {
            let seen = answer.map(|answer| lines(name, answer).map_or_else(|| "nothing".to_owned(), quoted));
            expectation(phrase(&format!("header {name}"), predicate), seen)
        }
        Subject::Body(predicate) => {
            let seen = answer.map(|answer| match std::str::from_utf8(&answer.body) {
                Ok(text) => quoted(text.to_owned()),
                Err(_) => format!("{} bytes that are no text", answer.body.len()),
            });
            expectation(phrase("body", predicate), seen)
        }
        Subject::Json(path, predicate) => {
            let seen = in_json(&|json| listed(&path.query(json).all()));
            expectation(phrase(&path.to_string(), predicate), seen)
        }
        Subject::Schema(schema) => {
            let seen = in_json(&|json| if schema.validator.is_valid(json) { "valid" } else { "not valid" }.to_owned());
            expectation(format!("body valid against {}", schema.name), seen)
        }
        Subject::BodySha256(wanted) => expectation(
            format!("body of SHA-256 {wanted}"),
            answer.map(|answer| format!("{:x}", Sha256::digest(&answer.body))),
        ),
        Subject::HttpVersion(wanted) => {
            expectation(format!("{wanted:?}"), answer.map(|answer| format!("{:?}", answer.version)))
        }
    });
    bounded(implied.into_iter().chain(told))
}

fn names_status(http: &HttpCheck) -> bool {
    http.assertions.iter().any(|assertion| matches!(assertion.subject, Subject::Status(_)))
}

fn status(predicate: &Predicate, answer: &Answer) -> Vec<String> {
    values("status", predicate, &Found::one(&Value::from(answer.status.as_u16())))
}

/// A header that came several times is one list (RFC 9110, 5.3).
fn header(name: &HeaderName, predicate: &Predicate, answer: &Answer) -> Vec<String> {
    let joined = lines(name, answer).map(Value::from);
    let found = joined.iter().collect();
    values(&format!("header {name}"), predicate, &Found { values: found, several: false, text: true })
}

fn lines(name: &HeaderName, answer: &Answer) -> Option<String> {
    let lines = answer.headers.get_all(name).iter();
    let lines: Vec<_> = lines.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect();
    (!lines.is_empty()).then(|| lines.join(", "))
}

pub(super) fn values(what: &str, predicate: &Predicate, found: &Found<'_>) -> Vec<String> {
    let seen = listed(&found.values);
    predicate
        .contradicted(found)
        .into_iter()
        .map(|condition| format!("{what} expected {}, got {seen}", clipped(&condition.to_string())))
        .collect()
}

fn listed(values: &[&Value]) -> String {
    match values {
        [] => "nothing".to_owned(),
        [value] => described(value),
        [first, ..] => format!("{} values, first {}", values.len(), described(first)),
    }
}

/// A text that can be nothing else.
pub(super) fn quoted(text: String) -> String {
    clipped(&Value::from(text).to_string())
}

/// The value, and its type where the text alone would mislead: `"9.50" (string)`.
pub(super) fn described(value: &Value) -> String {
    let text = clipped(&value.to_string());
    match value {
        Value::String(_) => format!("{text} (string)"),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => text,
    }
}

pub(super) fn clipped(text: &str) -> String {
    match text.char_indices().nth(LONGEST_VALUE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn no_json(answer: &Answer, error: &serde_json::Error) -> String {
    format!("body expected to be JSON, got {}: {error}", kind_of(answer))
}

fn kind_of(answer: &Answer) -> String {
    let declared = answer.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    format!("{} bytes of {}", answer.body.len(), declared.unwrap_or("no declared type"))
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
