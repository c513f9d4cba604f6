//! The JSON Schemas of the documents that the engine reads and writes, for editors and for programs that read evidence.
//! They are generated from Rust types and printed by `greenlight schema`; nothing here is needed to run a check, so that the
//! hooks are built without it (feature `schema`).

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

use crate::evidence::Evidence;
use crate::plan::document::Plan;

/// The schema of a check plan.
pub fn checks() -> Value {
    with_variables(document::<Plan>()).to_value()
}

/// The schema of the evidence document. Readers should allow for fields that they do not know.
pub fn evidence() -> Value {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Evidence>().to_value()
}

/// The schema of a document that people write: what is optional is left out, never null, and its default is told.
pub fn document<T: JsonSchema>() -> Schema {
    written(SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>())
}

/// The same for a schema that another part made.
pub fn written(mut schema: Schema) -> Schema {
    Written.transform(&mut schema);
    schema
}

/// For a document whose words may be variables' (`${NAME}`).
pub fn with_variables(mut schema: Schema) -> Schema {
    WithVariables.transform(&mut schema);
    schema
}

/// Without `null` for what can be left out, and with the default in the description, where an editor shows it.
struct Written;

impl Transform for Written {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        let Some(object) = schema.as_object_mut() else { return };
        if let Some(Value::Array(types)) = object.get_mut("type") {
            types.retain(|kind| kind != "null");
            if let [one] = types.as_slice() {
                let one = one.clone();
                object.insert("type".to_owned(), one);
            }
        }
        if let Some(Value::Array(branches)) = object.get_mut("anyOf") {
            branches.retain(|branch| branch != &json!({"type": "null"}));
            if let [Value::Object(one)] = branches.as_slice() {
                let one = one.clone();
                object.remove("anyOf");
                for (keyword, value) in one {
                    object.entry(keyword).or_insert(value);
                }
            }
        }
        let default = object.get("default").map(|default| match default {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        if let (Some(default), Some(Value::String(description))) = (default, object.get_mut("description")) {
            description.push_str(&format!(" Default: {default}."));
        }
    }
}

/// A word of a plan may be a variable's.
struct WithVariables;

impl Transform for WithVariables {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        let Some(object) = schema.as_object_mut() else { return };
        let words = |object: &serde_json::Map<String, Value>| {
            let is_word = object.get("type") == Some(&json!("string"));
            let one_of = object.get("oneOf").and_then(Value::as_array);
            let constants = one_of.is_some_and(|items| items.iter().all(|item| item.get("const").is_some()));
            (is_word && object.contains_key("enum")) || constants
        };
        if !words(object) {
            return;
        }
        let mut word = serde_json::Map::new();
        for keyword in ["type", "enum", "oneOf"] {
            if let Some(value) = object.remove(keyword) {
                word.insert(keyword.to_owned(), value);
            }
        }
        let variable = json!({"type": "string", "pattern": r"\$\{"});
        object.insert("anyOf".to_owned(), json!([word, variable]));
    }
}
