//! A body held against a JSON Schema: where in the body, what the schema says there, and what stands there instead. Pure.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

use super::http::{clipped, described};
use crate::plan::Schema;

/// A body that has nothing to do with its schema contradicts it everywhere; so many are told.
const TOLD: usize = 5;

/// `body /price expected type "number", got "9.50" (string); schemas/product.json, /properties/price/type`.
pub(super) fn contradictions(schema: &Schema, body: &Value) -> Vec<String> {
    let mut errors = schema.validator.iter_errors(body);
    let mut told: Vec<String> = errors.by_ref().take(TOLD).map(|error| contradiction(schema, &error)).collect();
    let further = errors.count();
    if further > 0 {
        told.push(format!("body contradicts {} in {further} further ways", schema.name));
    }
    told
}

fn contradiction(schema: &Schema, error: &ValidationError<'_>) -> String {
    let at = match error.instance_path().as_str() {
        "" => "body".to_owned(),
        path => format!("body {}", clipped(path)),
    };
    let seen = described(error.instance());
    let expected = match error.kind() {
        ValidationErrorKind::Required { property } => format!("to have {property}"),
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            format!("nothing further, such as {}", clipped(&unexpected.join(", ")))
        }
        _ => match schema.text.pointer(error.schema_path().as_str()) {
            Some(wanted) => format!("{} {}", error.kind().keyword(), clipped(&wanted.to_string())),
            None => format!("{}, but {}", error.kind().keyword(), clipped(&error.to_string())),
        },
    };
    format!("{at} expected {expected}, got {seen} ({}, {})", schema.name, error.schema_path().as_str())
}
