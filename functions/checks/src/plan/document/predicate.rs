//! Predicates, as a document.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::scalars::{JsonPath, Whole};

/// A plain value means equals; a mapping is one or more conditions that must all hold.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, clippy::large_enum_variant, reason = "the schema is made of the variants; none is ever built")]
pub(super) enum Predicate {
    /// Conditions.
    Conditions(Strict),
    /// Equals this text.
    Text(String),
    /// Equals this number.
    Number(f64),
    /// Equals true or false.
    Boolean(bool),
    /// Equals this list.
    List(Vec<Value>),
}

/// One or more conditions, and nothing else.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("minProperties" = 1))]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
pub(super) struct Strict {
    #[schemars(flatten)]
    conditions: Conditions,
}

/// What is expected of what a JSONPath finds: `at`, and one or more conditions.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("minProperties" = 2))]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
pub(super) struct JsonAssertion {
    /// Where to look. A path that can find several values wants the conditions of each of them.
    at: JsonPath,
    #[schemars(flatten)]
    conditions: Conditions,
}

/// What must not hold; null as well.
struct Negation;

impl JsonSchema for Negation {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Negation".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [generator.subschema_for::<Predicate>(), { "const": null }] })
    }
}

/// The conditions.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
struct Conditions {
    /// The same value; 1 and 1.0 are the same number.
    equals: Option<Value>,
    /// Not this value, or not all of these conditions.
    not: Option<Negation>,
    /// A text that is part of the text, an element of the list, or a member of the object.
    contains: Option<Value>,
    /// A regular expression that matches somewhere in the text.
    #[schemars(extend("minLength" = 1))]
    matches: Option<String>,
    /// What the text begins with.
    #[schemars(extend("minLength" = 1))]
    starts_with: Option<String>,
    /// One of these values.
    #[schemars(rename = "in", extend("minItems" = 1))]
    among: Option<Vec<Value>>,
    /// A number greater than this.
    greater_than: Option<f64>,
    /// A number of at least this.
    at_least: Option<f64>,
    /// A number less than this.
    less_than: Option<f64>,
    /// A number of at most this.
    at_most: Option<f64>,
    /// Whether there is a value at all.
    exists: Option<bool>,
    /// Whether the text, list or object is empty.
    empty: Option<bool>,
    /// The JSON type; a number without a fraction is an integer.
    #[schemars(rename = "type")]
    kind: Option<Type>,
    /// How many values were found, or how many elements the list or object has.
    count: Option<Count>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "the schema is made of the variants")]
enum Type {
    Null,
    Boolean,
    Integer,
    Number,
    String,
    Array,
    Object,
}

/// A number of things, or conditions on it.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "the schema is made of the variants")]
enum Count {
    /// So many.
    Exactly(Whole<0, { u64::MAX }>),
    /// Conditions on the number.
    Conditions(NumberConditions),
}

/// Conditions on a number.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("minProperties" = 1))]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
pub(super) struct NumberConditions {
    /// The same number.
    equals: Option<f64>,
    /// Not this number, or not all of these conditions.
    not: Option<Negation>,
    /// One of these numbers.
    #[schemars(rename = "in", extend("minItems" = 1))]
    among: Option<Vec<f64>>,
    /// Greater than this.
    greater_than: Option<f64>,
    /// At least this.
    at_least: Option<f64>,
    /// Less than this.
    less_than: Option<f64>,
    /// At most this.
    at_most: Option<f64>,
}
