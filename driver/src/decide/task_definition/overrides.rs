//! Sets environment variables, secrets and tags in a task definition. What is not named stays as it is, in its order.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{TaskDefinition, TaskDefinitionError, name_of};
use crate::document::hint;

/// Values by name, by container.
pub type ByContainer = BTreeMap<String, BTreeMap<String, String>>;

impl TaskDefinition {
    /// Sets environment variables. A secret of the same name goes: ECS takes no name twice.
    pub fn set_environment(&mut self, all: &ByContainer) -> Result<(), TaskDefinitionError> {
        for (name, values) in all {
            let container = self.container_mut("environment", name)?;
            for (key, value) in values {
                set(container, "environment", key, json!({"name": key, "value": value}));
                remove(container, "secrets", key);
            }
        }
        Ok(())
    }

    /// Sets secrets by the ARN of where they are. An environment variable of the same name goes.
    pub fn set_secrets(&mut self, all: &ByContainer) -> Result<(), TaskDefinitionError> {
        for (name, values) in all {
            let container = self.container_mut("secrets", name)?;
            for (key, from) in values {
                set(container, "secrets", key, json!({"name": key, "valueFrom": from}));
                remove(container, "environment", key);
            }
        }
        Ok(())
    }

    /// Sets tags.
    pub fn set_tags(&mut self, tags: &BTreeMap<String, String>) {
        if tags.is_empty() {
            return;
        }
        let list = self.document.entry("tags").or_insert_with(|| json!([]));
        for (key, value) in tags {
            put(list, "key", key, json!({"key": key, "value": value}));
        }
    }

    fn container_mut(
        &mut self,
        list: &'static str,
        name: &str,
    ) -> Result<&mut Map<String, Value>, TaskDefinitionError> {
        let names: Vec<String> = self.containers().filter_map(name_of).collect();
        let containers = self.document.get_mut("containerDefinitions").and_then(Value::as_array_mut);
        let found = containers
            .into_iter()
            .flatten()
            .find(|container| container.get("name").and_then(Value::as_str) == Some(name))
            .and_then(Value::as_object_mut);
        found.ok_or_else(|| TaskDefinitionError::UnknownContainer {
            list,
            name: name.to_owned(),
            hint: hint(name, names.iter().map(String::as_str)),
        })
    }
}

fn set(container: &mut Map<String, Value>, list: &str, key: &str, entry: Value) {
    put(container.entry(list).or_insert_with(|| json!([])), "name", key, entry);
}

/// In place of the entry of this name, else at the end.
fn put(list: &mut Value, member: &str, key: &str, entry: Value) {
    let Some(list) = list.as_array_mut() else { return };
    match list.iter_mut().find(|existing| existing[member] == key) {
        Some(existing) => *existing = entry,
        None => list.push(entry),
    }
}

fn remove(container: &mut Map<String, Value>, list: &str, key: &str) {
    if let Some(list) = container.get_mut(list).and_then(Value::as_array_mut) {
        list.retain(|entry| entry["name"] != key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition() -> TaskDefinition {
        let document = json!({"family": "shop", "containerDefinitions": [{"name": "web", "image": "shop:1",
            "environment": [{"name": "LEVEL", "value": "debug"}, {"name": "KEEP", "value": "1"}],
            "secrets": [{"name": "TOKEN", "valueFrom": "arn:old"}]}]});
        TaskDefinition::from_document(document, "t").unwrap()
    }

    fn one(container: &str, key: &str, value: &str) -> ByContainer {
        [(container.to_owned(), [(key.to_owned(), value.to_owned())].into())].into()
    }

    #[test]
    fn a_variable_is_exchanged_in_its_place_and_the_others_stay() {
        let mut definition = definition();
        definition.set_environment(&one("web", "LEVEL", "info")).unwrap();
        definition.set_environment(&one("web", "NEW", "a=b")).unwrap();
        assert_eq!(
            definition.document()["containerDefinitions"][0]["environment"],
            json!([{"name": "LEVEL", "value": "info"}, {"name": "KEEP", "value": "1"}, {"name": "NEW", "value": "a=b"}])
        );
    }

    #[test]
    fn a_name_is_either_a_variable_or_a_secret() {
        let mut definition = definition();
        definition.set_environment(&one("web", "TOKEN", "plain")).unwrap();
        definition.set_secrets(&one("web", "LEVEL", "arn:new")).unwrap();
        let container = definition.document()["containerDefinitions"][0].clone();
        assert_eq!(container["secrets"], json!([{"name": "LEVEL", "valueFrom": "arn:new"}]));
        assert_eq!(
            container["environment"],
            json!([{"name": "KEEP", "value": "1"}, {"name": "TOKEN", "value": "plain"}])
        );
    }

    #[test]
    fn a_container_that_is_not_there_is_told_with_the_nearest() {
        let error = definition().set_secrets(&one("wep", "A", "arn")).unwrap_err();
        assert_eq!(error.to_string(), "secrets: no container \"wep\" in the task definition; did you mean \"web\"?");
    }

    #[test]
    fn tags_are_added_and_exchanged_by_key() {
        let mut definition = definition();
        definition.set_tags(&[("team".to_owned(), "a".to_owned())].into());
        definition.set_tags(&[("stage".to_owned(), "x".to_owned()), ("team".to_owned(), "b".to_owned())].into());
        assert_eq!(
            definition.document()["tags"],
            json!([{"key": "team", "value": "b"}, {"key": "stage", "value": "x"}])
        );
    }
}
