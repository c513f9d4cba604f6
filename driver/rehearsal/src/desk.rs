//! The front desk of the endpoint: counts the calls of each client, and spoils those that a test asks it to spoil. It knows no
//! service and keeps nothing else.
//!
//! `GET /_greenlight/calls` answers the counts by client (its access key) and operation, as IAM names it. `POST /_greenlight/faults` injects one:
//! `{"operation": "codedeploy:GetDeployment", "times": 3, "refuse": {"code": "ThrottlingException", "message": "Rate exceeded",
//! "status": 400}}`, or `"patch": {…}` in place of `refuse`, which is merged into the true answer (RFC 7396). `"by": "key"` spoils only
//! that client's calls, so that hooks can be left alone.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Deserialize;
use serde_json::Value;

/// Where the counts are.
pub(crate) const CALLS: &str = "/_greenlight/calls";
/// Where faults go in.
pub(crate) const FAULTS: &str = "/_greenlight/faults";

/// Counts and faults.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    calls: Mutex<BTreeMap<String, BTreeMap<String, u64>>>,
    faults: Mutex<Vec<Fault>>,
}

/// What is spoilt, and how often.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fault {
    operation: String,
    times: u32,
    by: Option<String>,
    refuse: Option<Refused>,
    patch: Option<Value>,
}

/// The error that is answered.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refused {
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) status: u16,
}

/// What happens to one call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Spoilt {
    Refused(Refused),
    Patched(Value),
}

impl Desk {
    /// A call comes in: count it, and say what happens to it.
    pub(crate) fn receive(&self, client: &str, operation: &str) -> Option<Spoilt> {
        *held(&self.calls).entry(client.to_owned()).or_default().entry(operation.to_owned()).or_default() += 1;
        let mut faults = held(&self.faults);
        let meant = |fault: &Fault| {
            fault.operation == operation && fault.times > 0 && fault.by.as_deref().is_none_or(|by| by == client)
        };
        let fault = faults.iter_mut().find(|fault| meant(fault))?;
        fault.times -= 1;
        let refused = fault.refuse.clone().map(Spoilt::Refused);
        refused.or_else(|| fault.patch.clone().map(Spoilt::Patched))
    }

    /// The counts as JSON.
    pub(crate) fn counts(&self) -> String {
        serde_json::to_string(&*held(&self.calls)).expect("counts are names and numbers")
    }

    /// Takes a fault in, or says what is wrong with it.
    pub(crate) fn inject(&self, body: &[u8]) -> Result<(), String> {
        let fault: Fault = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        if fault.refuse.is_some() == fault.patch.is_some() {
            return Err("a fault has one of refuse and patch".to_owned());
        }
        held(&self.faults).push(fault);
        Ok(())
    }
}

/// Merges a patch into a document: an object by its members, null takes one away, everything else replaces.
pub(crate) fn merge(document: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        document.clone_from(patch);
        return;
    };
    if !document.is_object() {
        *document = Value::Object(serde_json::Map::new());
    }
    let Some(document) = document.as_object_mut() else { return };
    for (name, value) in patch {
        if value.is_null() {
            document.shift_remove(name);
        } else {
            merge(document.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_fault_is_over_after_its_times_and_spares_other_clients_and_operations() {
        let desk = Desk::default();
        let throttled = json!({"code": "ThrottlingException", "message": "Rate exceeded", "status": 400});
        let fault = json!({"operation": "codedeploy:GetDeployment", "times": 2, "by": "driver", "refuse": throttled});
        desk.inject(fault.to_string().as_bytes()).unwrap();
        assert_eq!(desk.receive("hook", "codedeploy:GetDeployment"), None);
        assert_eq!(desk.receive("driver", "codedeploy:ListDeployments"), None);
        for _ in 0..2 {
            assert!(matches!(desk.receive("driver", "codedeploy:GetDeployment"), Some(Spoilt::Refused(_))));
        }
        assert_eq!(desk.receive("driver", "codedeploy:GetDeployment"), None);
        let counts = r#"{"driver":{"codedeploy:GetDeployment":3,"codedeploy:ListDeployments":1},"hook":{"codedeploy:GetDeployment":1}}"#;
        assert_eq!(desk.counts(), counts);
    }

    #[test]
    fn a_fault_that_says_nothing_or_too_much_is_refused() {
        let desk = Desk::default();
        for wrong in [json!({"operation": "a", "times": 1}), json!({"operation": "a", "times": 1, "pach": {}})] {
            assert!(desk.inject(wrong.to_string().as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_patch_changes_what_it_names_and_leaves_the_rest() {
        let mut answer = json!({"info": {"status": "InProgress", "id": "d-1", "gone": 1}, "list": [1, 2]});
        merge(&mut answer, &json!({"info": {"status": "Hibernating", "gone": null}, "list": []}));
        assert_eq!(answer, json!({"info": {"status": "Hibernating", "id": "d-1"}, "list": []}));
    }
}
