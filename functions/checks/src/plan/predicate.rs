//! What may be expected of a value: `equals`, `contains`, `greater_than`, …. Judged here, read in `expectation`.
//!
//! A predicate of another type than the value is contradicted, never coerced: `greater_than: 0` does not hold for "9.50".
//! Headers and bodies are text by nature: there, and only there, a condition on numbers reads the text as one.

use std::fmt;

use regex::Regex;
use serde_json::Value;

/// What an assertion looks at.
#[derive(Clone, Debug)]
pub(crate) struct Found<'a> {
    pub(crate) values: Vec<&'a Value>,
    /// Whether the question was one that can find several: a JSONPath with `*`, `..`, a slice or a filter.
    pub(crate) several: bool,
    /// Whether the values are text by nature (headers, a body), so that `42` may be meant as a number.
    pub(crate) text: bool,
}

impl<'a> Found<'a> {
    pub(crate) fn one(value: &'a Value) -> Self {
        Self { values: vec![value], several: false, text: false }
    }

    /// How many: what was found, or the elements of the one value. A text or a number has none.
    fn count(&self) -> Option<u64> {
        if self.several || self.values.is_empty() {
            return Some(self.values.len() as u64);
        }
        match self.values.as_slice() {
            [Value::Array(items)] => Some(items.len() as u64),
            [Value::Object(members)] => Some(members.len() as u64),
            _ => None,
        }
    }

    fn number(&self, value: &Value, condition: &Condition) -> Option<Value> {
        if !self.text || !condition.is_numeric() {
            return None;
        }
        let number = value.as_str()?.trim().parse::<f64>().ok()?;
        serde_json::Number::from_f64(number).map(Value::Number)
    }
}

/// One or more conditions that must all hold.
#[derive(Clone, Debug)]
pub(crate) struct Predicate(pub(crate) Vec<Condition>);

/// One condition.
#[derive(Clone, Debug)]
pub(crate) enum Condition {
    Equals(Value),
    /// Not all of these hold.
    Not(Predicate),
    Contains(Value),
    Matches(Regex),
    StartsWith(String),
    In(Vec<Value>),
    GreaterThan(f64),
    AtLeast(f64),
    LessThan(f64),
    AtMost(f64),
    Exists(bool),
    Empty(bool),
    Type(Type),
    Count(Predicate),
}

/// The types of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Null,
    Boolean,
    Integer,
    Number,
    String,
    Array,
    Object,
}

impl Type {
    pub(crate) const ALL: [(&'static str, Self); 7] = [
        ("null", Self::Null),
        ("boolean", Self::Boolean),
        ("integer", Self::Integer),
        ("number", Self::Number),
        ("string", Self::String),
        ("array", Self::Array),
        ("object", Self::Object),
    ];

    fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, kind)| *kind == self).map_or("unknown", |(name, _)| name)
    }

    fn holds(self, value: &Value) -> bool {
        match self {
            Self::Null => value.is_null(),
            Self::Boolean => value.is_boolean(),
            Self::Integer => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|n| n.fract() == 0.0),
            Self::Number => value.is_number(),
            Self::String => value.is_string(),
            Self::Array => value.is_array(),
            Self::Object => value.is_object(),
        }
    }
}

impl Predicate {
    /// The conditions that the found values contradict. No value contradicts everything but `exists: false` and a
    /// `count` that allows none; several values must each satisfy it.
    pub(crate) fn contradicted<'a>(&'a self, found: &Found<'_>) -> Vec<&'a Condition> {
        self.0.iter().filter(|condition| !condition.holds_for(found)).collect()
    }

    fn holds(&self, found: &Found<'_>) -> bool {
        self.contradicted(found).is_empty()
    }
}

impl Condition {
    fn holds_for(&self, found: &Found<'_>) -> bool {
        match self {
            Self::Exists(wanted) => *wanted != found.values.is_empty(),
            Self::Count(predicate) => {
                found.count().is_some_and(|count| predicate.holds(&Found::one(&Value::from(count))))
            }
            Self::Empty(wanted) if found.several => *wanted == found.values.is_empty(),
            other => {
                !found.values.is_empty()
                    && found.values.iter().all(|value| match found.number(value, other) {
                        Some(number) => other.holds(&number),
                        None => other.holds(value),
                    })
            }
        }
    }

    /// Whether it speaks of numbers, so that text which is a number may be taken for one.
    fn is_numeric(&self) -> bool {
        match self {
            Self::GreaterThan(_) | Self::AtLeast(_) | Self::LessThan(_) | Self::AtMost(_) => true,
            Self::Equals(wanted) => wanted.is_number(),
            Self::In(wanted) => wanted.iter().all(Value::is_number),
            Self::Not(predicate) => predicate.0.iter().all(Self::is_numeric),
            Self::Contains(_)
            | Self::Matches(_)
            | Self::StartsWith(_)
            | Self::Exists(_)
            | Self::Empty(_)
            | Self::Type(_)
            | Self::Count(_) => false,
        }
    }

    fn holds(&self, value: &Value) -> bool {
        match self {
            Self::Equals(wanted) => equal(value, wanted),
            Self::Not(predicate) => !predicate.holds(&Found::one(value)),
            Self::Contains(wanted) => contains(value, wanted),
            Self::Matches(pattern) => value.as_str().is_some_and(|text| pattern.is_match(text)),
            Self::StartsWith(start) => value.as_str().is_some_and(|text| text.starts_with(start)),
            Self::In(wanted) => wanted.iter().any(|candidate| equal(value, candidate)),
            Self::GreaterThan(limit) => value.as_f64().is_some_and(|number| number > *limit),
            Self::AtLeast(limit) => value.as_f64().is_some_and(|number| number >= *limit),
            Self::LessThan(limit) => value.as_f64().is_some_and(|number| number < *limit),
            Self::AtMost(limit) => value.as_f64().is_some_and(|number| number <= *limit),
            Self::Empty(wanted) => is_empty(value) == Some(*wanted),
            Self::Type(kind) => kind.holds(value),
            // These two look at all values together.
            Self::Exists(_) | Self::Count(_) => self.holds_for(&Found::one(value)),
        }
    }
}

/// 1 and 1.0 are the same number.
fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left == right || left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(name, value)| right.get(name).is_some_and(|other| equal(value, other)))
        }
        (left, right) => left == right,
    }
}

fn contains(value: &Value, wanted: &Value) -> bool {
    match (value, wanted) {
        (Value::String(text), Value::String(part)) => text.contains(part),
        (Value::Array(items), wanted) => items.iter().any(|item| equal(item, wanted)),
        (Value::Object(members), Value::String(name)) => members.contains_key(name),
        _ => false,
    }
}

fn is_empty(value: &Value) -> Option<bool> {
    match value {
        Value::String(text) => Some(text.is_empty()),
        Value::Array(items) => Some(items.is_empty()),
        Value::Object(members) => Some(members.is_empty()),
        Value::Null => Some(true),
        Value::Bool(_) | Value::Number(_) => None,
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equals(value) => write!(f, "{value}"),
            Self::Not(predicate) if predicate.0.len() == 1 => write!(f, "not {predicate}"),
            Self::Not(predicate) => write!(f, "not ({predicate})"),
            Self::Contains(value) => write!(f, "to contain {value}"),
            Self::Matches(pattern) => write!(f, "to match /{pattern}/"),
            Self::StartsWith(start) => write!(f, "to start with {start:?}"),
            Self::In(values) => write!(f, "one of {}", Value::Array(values.clone())),
            Self::GreaterThan(limit) => write!(f, "> {limit}"),
            Self::AtLeast(limit) => write!(f, ">= {limit}"),
            Self::LessThan(limit) => write!(f, "< {limit}"),
            Self::AtMost(limit) => write!(f, "<= {limit}"),
            Self::Exists(true) => f.write_str("to exist"),
            Self::Exists(false) => f.write_str("not to exist"),
            Self::Empty(true) => f.write_str("to be empty"),
            Self::Empty(false) => f.write_str("not to be empty"),
            Self::Type(kind) => write!(f, "type {}", kind.name()),
            Self::Count(predicate) => write!(f, "count {predicate}"),
        }
    }
}

impl fmt::Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, condition) in self.0.iter().enumerate() {
            write!(f, "{}{condition}", if index == 0 { "" } else { " and " })?;
        }
        Ok(())
    }
}
