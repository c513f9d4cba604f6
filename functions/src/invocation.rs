//! The event that CodeDeploy sends: two ids, and nothing that says which lifecycle event it is.
//!
//! Without both ids there is nobody to report to, so a malformed event is the one thing that is an error of the function
//! and not a verdict.

use std::fmt;

use aws_lambda_events::event::codedeploy::CodeDeployLifecycleEvent;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The deployment that calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeploymentId(pub(crate) String);

impl fmt::Display for DeploymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The token of the report: opaque, about 288 characters of base64, and whoever holds it can report. It is neither
/// logged nor shown, but in the evidence of a gate, for whoever answers it; [`ExecutionId::hash`] is.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ExecutionId(String);

impl ExecutionId {
    /// The token itself, for the report only, or for the person who makes it.
    pub(crate) fn secret(&self) -> &str {
        &self.0
    }

    /// SHA-256 of it, in hex.
    pub(crate) fn hash(&self) -> String {
        Sha256::digest(self.0.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for ExecutionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExecutionId(sha256 {})", self.hash())
    }
}

/// One call of the function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invocation {
    /// Who calls.
    pub(crate) deployment: DeploymentId,
    /// What to answer with.
    pub(crate) execution: ExecutionId,
}

/// Why an event is none of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MalformedEvent {
    /// The payload is a string, a list, ….
    #[error("the event is {0}, not an object with DeploymentId and LifecycleEventHookExecutionId")]
    NotAnObject(&'static str),
    /// One of the two is not there.
    #[error("the event has no {field:?}; it has {}", listed(.found))]
    Missing {
        /// The one.
        field: &'static str,
        /// The names that are there.
        found: Vec<String>,
    },
    /// One of the two is not usable.
    #[error("the event's {field:?} is {found}, not a text that is not empty")]
    NotAText {
        /// The one.
        field: &'static str,
        /// The kind of value.
        found: &'static str,
    },
    /// Both are there, and yet it is not the event that the platform describes.
    #[error("the event is not CodeDeploy's lifecycle event: {0}")]
    Unreadable(String),
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "no fields at all".to_owned() } else { names.join(", ") }
}

impl Invocation {
    /// Reads the payload of CodeDeploy's call. The two fields are looked at first, because serde's word for an absent or
    /// empty one does not say what was there instead.
    pub(crate) fn read(payload: &Value) -> Result<Self, MalformedEvent> {
        for field in ["DeploymentId", "LifecycleEventHookExecutionId"] {
            is_text(payload, field)?;
        }
        let event = CodeDeployLifecycleEvent::deserialize(payload)
            .map_err(|error| MalformedEvent::Unreadable(error.to_string()))?;
        Ok(Self {
            deployment: DeploymentId(event.deployment_id),
            execution: ExecutionId(event.lifecycle_event_hook_execution_id),
        })
    }
}

fn is_text(payload: &Value, field: &'static str) -> Result<(), MalformedEvent> {
    let object = payload.as_object().ok_or_else(|| MalformedEvent::NotAnObject(kind(payload)))?;
    let Some(value) = object.get(field) else {
        return Err(MalformedEvent::Missing { field, found: object.keys().cloned().collect() });
    };
    match value.as_str() {
        Some(text) if !text.trim().is_empty() => Ok(()),
        _ => Err(MalformedEvent::NotAText { field, found: kind(value) }),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text without content",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_two_ids_are_read_whatever_their_length() {
        let long = "A".repeat(2000);
        let invocation =
            Invocation::read(&json!({"DeploymentId": "d-1", "LifecycleEventHookExecutionId": long})).unwrap();
        assert_eq!(invocation.deployment.to_string(), "d-1");
        assert_eq!(invocation.execution.secret().len(), 2000);
    }

    #[test]
    fn a_malformed_event_is_told_what_is_wrong_with_it() {
        for (payload, said) in [
            (json!("x"), "a text"),
            (json!([]), "a list"),
            (json!({}), "no \"DeploymentId\"; it has no fields at all"),
            (json!({"deploymentId": "d-1"}), "no \"DeploymentId\"; it has deploymentId"),
            (json!({"DeploymentId": "d-1"}), "no \"LifecycleEventHookExecutionId\""),
            (json!({"DeploymentId": "", "LifecycleEventHookExecutionId": "x"}), "text without content"),
            (json!({"DeploymentId": 7, "LifecycleEventHookExecutionId": "x"}), "a number"),
        ] {
            let error = Invocation::read(&payload).unwrap_err().to_string();
            assert!(error.contains(said), "{payload}: {error}");
        }
    }

    #[test]
    fn the_execution_id_is_never_shown() {
        let execution = ExecutionId("secret-token".to_owned());
        assert!(!format!("{execution:?}").contains("secret-token"));
        assert_eq!(execution.hash().len(), 64);
    }
}
