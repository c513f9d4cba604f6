//! Evidence in S3: written before the report, so that it outlives the process, and read when an execution comes again, so
//! that its verdict is reported again instead of being reached twice.
//!
//! Neither may cost the report: both are bounded, and neither is an error of the hook. What is stored is believed only if
//! it is whole and of this very execution; whoever can write under the prefix can decide, so nobody else should.

use std::time::Duration;

use greenlight_checks::event::HookEvent;
use greenlight_checks::evidence::{Evidence, SCHEMA};
use tokio::time::timeout;

use crate::aws::{ObjectError, ObjectName, S3, Trouble};
use crate::environment::Environment;
use crate::invocation::DeploymentId;

/// How long the report waits for it, and the work for an earlier one.
const WITHIN: Duration = Duration::from_secs(5);
/// Two hundred checks with all their samples stay far below.
const LARGEST: usize = 8 * 1024 * 1024;

/// The bucket, where there is one.
#[derive(Debug)]
pub(crate) struct EvidenceStore {
    s3: S3,
    place: Option<Place>,
}

#[derive(Clone, Debug)]
struct Place {
    bucket: String,
    prefix: String,
}

/// What is known of an earlier attempt.
#[derive(Debug, PartialEq)]
pub(crate) enum Recalled {
    /// Its verdict.
    Decided(Box<Evidence>),
    /// No verdict, and why, to be read as a line of the timeline.
    Nothing(String),
}

/// What became of the evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// No bucket is configured.
    Nowhere,
    /// It is there.
    At(ObjectName),
    /// It is not, and why.
    Failed(String),
}

impl EvidenceStore {
    /// The store that the environment names.
    pub(crate) fn new(environment: &Environment, s3: S3) -> Self {
        let place = environment
            .evidence()
            .map(|(bucket, prefix)| Place { bucket: bucket.to_owned(), prefix: prefix.to_owned() });
        Self { s3, place }
    }

    /// Looks for the evidence of an earlier attempt.
    pub(crate) async fn recall(
        &self,
        deployment: &DeploymentId,
        event: HookEvent,
        execution: &str,
        left: Duration,
    ) -> Recalled {
        let Some(place) = &self.place else {
            return Recalled::Nothing(
                "nothing is known of an earlier attempt: no evidence bucket, and new to this process".to_owned(),
            );
        };
        let object = place.object(&deployment.0, event, execution);
        let within = WITHIN.min(left / 4);
        match timeout(within, self.s3.get(&object, LARGEST)).await {
            Ok(Ok(stored)) => match trusted(&stored, deployment, event, execution) {
                Ok(evidence) => Recalled::Decided(Box::new(evidence)),
                Err(reason) => Recalled::Nothing(format!("{object} is not trusted: {reason}; the checks are run")),
            },
            Ok(Err(ObjectError { trouble: Trouble::Absent, .. })) => {
                Recalled::Nothing("no verdict of an earlier attempt is stored".to_owned())
            }
            Ok(Err(error)) => Recalled::Nothing(format!(
                "no verdict of an earlier attempt could be read ({error}); the checks are run"
            )),
            Err(_) => Recalled::Nothing(format!(
                "no verdict of an earlier attempt could be read (s3:GetObject {object}: no answer within {:.0}s); the \
                 checks are run",
                within.as_secs_f64()
            )),
        }
    }

    /// Writes the evidence.
    pub(crate) async fn keep(&self, evidence: &Evidence) -> Kept {
        let Some(place) = &self.place else { return Kept::Nowhere };
        let object = place.object(&evidence.deployment_id, evidence.event, &evidence.execution);
        let document = match serde_json::to_vec(evidence) {
            Ok(document) => document,
            Err(error) => return Kept::Failed(error.to_string()),
        };
        self.write(object, &document).await
    }

    /// Writes a document of no execution, to see whether it can be done.
    pub(crate) async fn try_out(&self, event: HookEvent) -> Kept {
        let Some(place) = &self.place else { return Kept::Nowhere };
        let object = place.named(format!("self-test/{event}.json"));
        self.write(object, b"{\"greenlight\":\"self-test\"}").await
    }

    async fn write(&self, object: ObjectName, document: &[u8]) -> Kept {
        match timeout(WITHIN, self.s3.put_json(&object, document)).await {
            Ok(Ok(())) => Kept::At(object),
            Ok(Err(error)) => Kept::Failed(error.to_string()),
            Err(_) => Kept::Failed(format!("s3:PutObject {object}: no answer within {}s", WITHIN.as_secs())),
        }
    }
}

impl Place {
    fn object(&self, deployment: &str, event: HookEvent, execution: &str) -> ObjectName {
        // The id is CodeDeploy's, but the event is anybody's who may invoke the function.
        let deployment: String = deployment
            .chars()
            .map(|each| if each.is_ascii_alphanumeric() || each == '-' { each } else { '_' })
            .collect();
        self.named(format!("{deployment}/{event}/{execution}.json"))
    }

    fn named(&self, name: String) -> ObjectName {
        let key = if self.prefix.is_empty() { name } else { format!("{}/{name}", self.prefix) };
        ObjectName { bucket: self.bucket.clone(), key }
    }
}

/// The document, if it is evidence of this execution.
fn trusted(stored: &[u8], deployment: &DeploymentId, event: HookEvent, execution: &str) -> Result<Evidence, String> {
    let evidence: Evidence =
        serde_json::from_slice(stored).map_err(|error| format!("no evidence document: {error}"))?;
    if evidence.schema != SCHEMA {
        return Err(format!("its schema is {}, and this version reads {SCHEMA}", evidence.schema));
    }
    if evidence.execution != execution || evidence.deployment_id != deployment.0 || evidence.event != event {
        return Err(format!(
            "it belongs to another execution ({} of {}, execution {:.12})",
            evidence.event, evidence.deployment_id, evidence.execution
        ));
    }
    Ok(evidence)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(prefix: &str) -> Place {
        Place { bucket: "evidence".to_owned(), prefix: prefix.to_owned() }
    }

    #[test]
    fn a_key_names_deployment_event_and_execution_and_stays_below_its_prefix() {
        let key =
            |prefix: &str, deployment: &str| place(prefix).object(deployment, HookEvent::AfterInstall, "00ff").key;
        assert_eq!(key("teams/shop", "d-1NNWZG91L"), "teams/shop/d-1NNWZG91L/AfterInstall/00ff.json");
        assert_eq!(key("", "d-1"), "d-1/AfterInstall/00ff.json");
        assert_eq!(key("a", "../../b"), "a/______b/AfterInstall/00ff.json");
    }
}
