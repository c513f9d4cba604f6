//! `expect.schema`: a JSON Schema beside the plan, compiled while the plan is read. It is whole in itself: a reference that
//! leads out of the file, to the network or to another one, is a problem of the plan.
//!
//! `format` is asserted in every draft, and a format that is not known is refused: otherwise a misspelt one would hold for
//! everything.

use std::fmt;
use std::sync::Arc;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ReferencingError, ValidationError, Validator};
use serde_json::Value as Json;

use super::beside;
use super::fields::Problems;
use super::givens::Givens;
use super::tree::Node;

/// A compiled schema and its text.
#[derive(Clone)]
pub(crate) struct Schema {
    /// The file, as the plan names it.
    pub(crate) name: String,
    pub(crate) text: Arc<Json>,
    pub(crate) validator: Arc<Validator>,
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Schema").field(&self.name).finish()
    }
}

pub(crate) fn schema(node: &Node, path: &str, givens: &Givens<'_>, problems: &mut Problems) -> Option<Schema> {
    let (name, bytes) = beside::file(node, path, givens, problems)?;
    let compiled = serde_json::from_slice::<Json>(&bytes)
        .map_err(|error| format!("{name} is no JSON: {error}"))
        .and_then(|text| compile(name, text));
    compiled.map_err(|wrong| problems.add(node.at, path, wrong)).ok()
}

fn compile(name: &str, text: Json) -> Result<Schema, String> {
    if text.as_object().is_none_or(serde_json::Map::is_empty) {
        return Err(format!("{name} says nothing about the body; expected a mapping with keywords such as type"));
    }
    let options = jsonschema::options().offline().should_validate_formats(true).should_ignore_unknown_formats(false);
    let validator = options.build(&text).map_err(|error| wrong(name, &error))?;
    Ok(Schema { name: name.to_owned(), text: Arc::new(text), validator: Arc::new(validator) })
}

fn wrong(name: &str, error: &ValidationError<'_>) -> String {
    if let ValidationErrorKind::Referencing(ReferencingError::Unretrievable { uri, .. }) = error.kind() {
        let target = uri.strip_prefix("json-schema:///").unwrap_or(uri);
        return format!(
            "{name} refers to {target:?}, which is not in it; nothing is fetched, so put it into the file under $defs"
        );
    }
    let at = error.instance_path().as_str();
    let at = if at.is_empty() { String::new() } else { format!(" at {at}") };
    // A second sentence advises programmers.
    let text = error.to_string();
    format!("{name} is no JSON Schema{at}: {}", text.split_once(". ").map_or(&*text, |(first, _)| first))
}
