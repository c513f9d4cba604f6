//! A task definition as a JSON document: images are exchanged, everything else passes through unchanged, unknown fields
//! included. It decides what is the same revision and which container the load balancer reaches.

pub mod overrides;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::difference::{self, Difference};
use crate::configuration::LoadBalancer;
use crate::document::hint;

/// What `DescribeTaskDefinition` adds and `RegisterTaskDefinition` refuses (service model of ECS).
const OUTPUT_ONLY: [&str; 8] = [
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "registeredBy",
    "deregisteredAt",
];

/// A task definition to register.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskDefinition {
    document: Map<String, Value>,
}

/// Why a document is no task definition, or does not fit the configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TaskDefinitionError {
    /// It is not JSON.
    #[error("{place}: {text}")]
    NotJson {
        /// `file:line:column`.
        place: String,
        /// The parser's words.
        text: String,
    },
    /// A member is missing or of another type.
    #[error("{file}: {text}")]
    Shape {
        /// Where it came from.
        file: String,
        /// What is wrong.
        text: String,
    },
    /// `images`, `environment` or `secrets` names a container that is not there.
    #[error("{list}: no container {name:?} in the task definition{hint}")]
    UnknownContainer {
        /// Where.
        list: &'static str,
        /// The name.
        name: String,
        /// The nearest name.
        hint: String,
    },
    /// The load balancer's container or port is not there.
    #[error("load_balancer: {0}")]
    LoadBalancer(String),
}

/// One image that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageChange {
    /// The container.
    pub container: String,
    /// Its image until now.
    pub from: String,
    /// Its image from now on.
    pub to: String,
}

impl TaskDefinition {
    /// Reads a JSON file: a task definition, or the answer of `describe-task-definition`.
    pub fn read(text: &str, file: &str) -> Result<Self, TaskDefinitionError> {
        let value: Value = serde_json::from_str(text).map_err(|error| {
            let full = error.to_string();
            let text = full.split(" at line ").next().unwrap_or(&full).to_owned();
            TaskDefinitionError::NotJson { place: format!("{file}:{}:{}", error.line(), error.column()), text }
        })?;
        let value = match value.get("taskDefinition") {
            Some(inner @ Value::Object(_)) => inner.clone(),
            _ => value,
        };
        Self::from_document(value, file)
    }

    /// Takes a document apart from what only answers carry.
    pub fn from_document(value: Value, file: &str) -> Result<Self, TaskDefinitionError> {
        let shape = |text: &str| TaskDefinitionError::Shape { file: file.to_owned(), text: text.to_owned() };
        let Value::Object(mut document) = value else { return Err(shape("a task definition is a JSON object")) };
        document.retain(|key, value| !OUTPUT_ONLY.contains(&key.as_str()) && !value.is_null());
        if document.get("family").and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(shape("\"family\" is missing"));
        }
        let containers = document.get("containerDefinitions").and_then(Value::as_array);
        if containers.is_none_or(Vec::is_empty) {
            return Err(shape("\"containerDefinitions\" is missing or empty"));
        }
        Ok(Self { document })
    }

    /// The family.
    pub fn family(&self) -> &str {
        self.document.get("family").and_then(Value::as_str).unwrap_or_default()
    }

    /// The document to register.
    pub fn document(&self) -> Value {
        Value::Object(self.document.clone())
    }

    /// Exchanges images by container name.
    pub fn set_images(&mut self, images: &BTreeMap<String, String>) -> Result<Vec<ImageChange>, TaskDefinitionError> {
        let mut changes = Vec::new();
        for (name, image) in images {
            let names: Vec<String> = self.containers().filter_map(name_of).collect();
            let containers = self.document.get_mut("containerDefinitions").and_then(Value::as_array_mut);
            let found = containers
                .into_iter()
                .flatten()
                .find(|container| container.get("name").and_then(Value::as_str) == Some(name));
            let Some(container) = found else {
                let hint = hint(name, names.iter().map(String::as_str));
                return Err(TaskDefinitionError::UnknownContainer { list: "images", name: name.clone(), hint });
            };
            let from = container.get("image").and_then(Value::as_str).unwrap_or_default().to_owned();
            container["image"] = Value::String(image.clone());
            if from != *image {
                changes.push(ImageChange { container: name.clone(), from, to: image.clone() });
            }
        }
        Ok(changes)
    }

    /// The image of a container.
    pub fn image(&self, container: &str) -> Option<&str> {
        let found = self.containers().find(|entry| name_of(entry).as_deref() == Some(container))?;
        found.get("image").and_then(Value::as_str)
    }

    /// Images by container.
    pub fn images(&self) -> BTreeMap<String, String> {
        let image = |container: &Value| Some((name_of(container)?, container.get("image")?.as_str()?.to_owned()));
        self.containers().filter_map(image).collect()
    }

    /// The network mode; without one ECS takes `bridge`.
    pub fn network_mode(&self) -> &str {
        self.document.get("networkMode").and_then(Value::as_str).unwrap_or("bridge")
    }

    /// The roles that its tasks take.
    pub fn roles(&self) -> BTreeSet<String> {
        let role = |name: &str| self.document.get(name).and_then(Value::as_str).filter(|role| !role.is_empty());
        ["executionRoleArn", "taskRoleArn"].into_iter().filter_map(role).map(str::to_owned).collect()
    }

    /// Container and port behind the load balancer: as configured, else the only one, else what serves now.
    pub fn load_balancer(
        &self,
        wanted: &LoadBalancer,
        current: Option<&(String, u16)>,
    ) -> Result<(String, u16), TaskDefinitionError> {
        let all: Vec<(String, u16)> = self.ports();
        let fits = |pair: &&(String, u16)| {
            wanted.container.as_ref().is_none_or(|name| *name == pair.0)
                && wanted.port.is_none_or(|port| port == pair.1)
        };
        let candidates: Vec<&(String, u16)> = all.iter().filter(fits).collect();
        match candidates.as_slice() {
            [only] => Ok((*only).clone()),
            [] => Err(TaskDefinitionError::LoadBalancer(format!(
                "the task definition maps no port like {}; it has {}",
                described(wanted),
                listed(&all)
            ))),
            several => {
                let serving = current.filter(|current| several.contains(current));
                serving.cloned().ok_or_else(|| {
                    let text = format!("several fit: {}; say which with container and port", listed(&all));
                    TaskDefinitionError::LoadBalancer(text)
                })
            }
        }
    }

    /// Whether registering this would repeat the other. Only differences that ECS itself makes when it fills in defaults are
    /// passed over; a doubt counts as a difference, because a revision too many does no harm.
    pub fn repeats(&self, other: &Self) -> bool {
        self.differences(other).is_empty()
    }

    /// What leads from this one to the other, without what ECS fills in.
    pub fn differences(&self, to: &Self) -> Vec<Difference> {
        difference::differences(&normal(&self.document()), &normal(&to.document()))
    }

    fn containers(&self) -> impl Iterator<Item = &Value> {
        self.document.get("containerDefinitions").and_then(Value::as_array).into_iter().flatten()
    }

    fn ports(&self) -> Vec<(String, u16)> {
        let mut all = Vec::new();
        for container in self.containers() {
            let mappings = container.get("portMappings").and_then(Value::as_array);
            for mapping in mappings.into_iter().flatten() {
                let port =
                    mapping.get("containerPort").and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok());
                all.extend(name_of(container).zip(port));
            }
        }
        all
    }
}

/// `family:revision` of a task definition's ARN.
pub fn revision_name(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

fn name_of(container: &Value) -> Option<String> {
    container.get("name").and_then(Value::as_str).map(str::to_owned)
}

fn described(wanted: &LoadBalancer) -> String {
    match (&wanted.container, wanted.port) {
        (Some(container), Some(port)) => format!("{container}:{port}"),
        (Some(container), None) => format!("{container}:…"),
        (None, Some(port)) => format!("…:{port}"),
        (None, None) => "that".to_owned(),
    }
}

fn listed(pairs: &[(String, u16)]) -> String {
    if pairs.is_empty() {
        return "none".to_owned();
    }
    pairs.iter().map(|(container, port)| format!("{container}:{port}")).collect::<Vec<_>>().join(", ")
}

/// The document without what ECS adds on its own: empty lists and maps, `cpu: 0`, `essential: true`, a port mapping's
/// `protocol: tcp`, and in awsvpc mode its equal host port.
fn normal(value: &Value) -> Value {
    let mut value = pruned(value);
    let awsvpc = value.get("networkMode").and_then(Value::as_str) == Some("awsvpc");
    let containers = value.get_mut("containerDefinitions").and_then(Value::as_array_mut);
    for container in containers.into_iter().flatten().filter_map(Value::as_object_mut) {
        if container.get("cpu") == Some(&Value::from(0)) {
            container.remove("cpu");
        }
        if container.get("essential") == Some(&Value::Bool(true)) {
            container.remove("essential");
        }
        let mappings = container.get_mut("portMappings").and_then(Value::as_array_mut);
        for mapping in mappings.into_iter().flatten().filter_map(Value::as_object_mut) {
            if mapping.get("protocol") == Some(&Value::from("tcp")) {
                mapping.remove("protocol");
            }
            if awsvpc && mapping.get("hostPort") == mapping.get("containerPort") {
                mapping.remove("hostPort");
            }
        }
    }
    value
}

fn pruned(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().map(|(key, value)| (key.clone(), pruned(value)));
            Value::Object(kept.filter(|(_, value)| !is_empty(value)).collect())
        }
        Value::Array(list) => Value::Array(list.iter().map(pruned).collect()),
        other => other.clone(),
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty)
}

#[cfg(test)]
#[path = "task_definition_tests.rs"]
mod tests;
