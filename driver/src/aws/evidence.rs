//! A hook's evidence in S3. `evidence` of greenlight.yaml says where the functions keep it; without that, or where it is not
//! there, the environment of the function is asked, so that nobody has to say it twice.
//!
//! Without permission to read that environment, or the bucket, the evidence is looked for in the log as if there were no bucket;
//! what could not be read is kept, to be told where there is no evidence in the end.

use std::time::Duration;

use greenlight_checks::evidence::{Evidence, SCHEMA};

use super::Aws;
use super::error::{AwsError, ErrorKind};
use super::signed::{Call, Service, encoded};
use crate::configuration::EvidencePlace;

const LIST: &str = "s3:ListBucket";
const GET: &str = "s3:GetObject";
/// Executions of one event; there is one, but for functions that are called by hand.
const EXECUTIONS: usize = 3;
/// How long to look before the log is asked.
const WITHIN: Duration = Duration::from_secs(5);

/// Evidence, or else where it was looked for and what came of it.
pub(super) type Looked = Result<Evidence, Vec<String>>;

impl Aws {
    /// The evidence of this event of this deployment: at this place, else where the function's environment says.
    pub(super) async fn stored_evidence(
        &self,
        named: Option<&EvidencePlace>,
        function: &str,
        deployment: &str,
        event: &str,
    ) -> Looked {
        let mut looked = Vec::new();
        let found = self.look(named, function, (deployment, event), &mut looked);
        match tokio::time::timeout(WITHIN, found).await {
            Ok(Some(evidence)) => return Ok(evidence),
            Ok(None) => {}
            Err(_) => looked.push(format!("S3 did not answer within {} s", WITHIN.as_secs())),
        }
        tracing::debug!(?looked, "no evidence in S3");
        Err(looked)
    }

    /// Where the function's environment says that it keeps its evidence.
    pub(crate) async fn evidence_place(&self, function: &str) -> Result<Option<EvidencePlace>, AwsError> {
        let configuration = self.function_configuration(function).await?;
        Ok(place(&configuration["Environment"]["Variables"]))
    }

    async fn look(
        &self,
        named: Option<&EvidencePlace>,
        function: &str,
        of: (&str, &str),
        looked: &mut Vec<String>,
    ) -> Option<Evidence> {
        if let Some(place) = named
            && let Some(evidence) = self.look_at(place, of, looked).await
        {
            return Some(evidence);
        }
        match self.evidence_place(function).await {
            Ok(Some(place)) if Some(&place) != named => self.look_at(&place, of, looked).await,
            Ok(_) => None,
            // There is no function, and so none that would keep anything.
            Err(error) if error.kind == ErrorKind::NotFound => None,
            Err(error) => {
                looked.push(format!("which bucket the function names could not be read: {error}"));
                None
            }
        }
    }

    async fn look_at(&self, place: &EvidencePlace, of: (&str, &str), looked: &mut Vec<String>) -> Option<Evidence> {
        let folder = place.folder(of.0, of.1);
        let told = format!("s3://{}/{folder}", place.bucket);
        match self.kept(&place.bucket, &folder, of).await {
            Ok(Some(evidence)) => return Some(evidence),
            Ok(None) => looked.push(format!("{told} has none")),
            Err(error) => looked.push(format!("{told} could not be read: {error}")),
        }
        None
    }

    /// The latest evidence below this folder.
    async fn kept(&self, bucket: &str, folder: &str, of: (&str, &str)) -> Result<Option<Evidence>, AwsError> {
        let path = format!("/{bucket}?list-type=2&prefix={}", encoded(folder));
        let listed = self.signed.send(Call::rest(Service::S3, LIST, "GET", path)).await?;
        let mut found: Option<Evidence> = None;
        for key in keys(&String::from_utf8_lossy(&listed.body)).into_iter().take(EXECUTIONS) {
            let path = format!("/{bucket}/{}", encoded(&key).replace("%2F", "/"));
            let stored = self.signed.send(Call::rest(Service::S3, GET, "GET", path)).await?;
            let evidence: Option<Evidence> = serde_json::from_slice(&stored.body).ok();
            let ours = evidence.filter(|evidence| is_of(evidence, of.0, of.1));
            found = found.into_iter().chain(ours).max_by_key(|evidence| evidence.finished_at);
        }
        Ok(found)
    }
}

/// As the functions read it themselves: an empty variable is none, and the prefix has a default.
fn place(variables: &serde_json::Value) -> Option<EvidencePlace> {
    let set = |name: &str| variables[name].as_str().filter(|value| !value.is_empty());
    Some(EvidencePlace::new(set("GREENLIGHT_EVIDENCE_BUCKET")?, set("GREENLIGHT_EVIDENCE_PREFIX")))
}

/// The keys of a listing. Those of evidence are made of characters that XML leaves as they are.
fn keys(listing: &str) -> Vec<String> {
    let parts = listing.split("<Key>").skip(1);
    parts.filter_map(|part| part.split_once("</Key>")).map(|(key, _)| key.to_owned()).collect()
}

fn is_of(evidence: &Evidence, deployment: &str, event: &str) -> bool {
    evidence.schema == SCHEMA && evidence.deployment_id == deployment && evidence.event.name() == event
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_place_is_read_as_the_functions_read_it() {
        let read = |bucket: &str, prefix: Option<&str>| {
            place(&json!({"GREENLIGHT_EVIDENCE_BUCKET": bucket, "GREENLIGHT_EVIDENCE_PREFIX": prefix}))
        };
        assert_eq!(read("", None), None);
        assert_eq!(place(&serde_json::Value::Null), None);
        assert_eq!(read("b", None).unwrap().folder("d-1", "E"), "greenlight/d-1/E/");
        assert_eq!(read("b", Some("/teams/shop/")).unwrap().folder("d-1", "E"), "teams/shop/d-1/E/");
        assert_eq!(read("b", Some("/")).unwrap().folder("d-1", "E"), "d-1/E/");
    }

    #[test]
    fn every_key_of_a_listing_is_found() {
        let listing = "<ListBucketResult><Prefix>a/</Prefix><Contents><Key>a/1.json</Key><Size>2</Size></Contents><Contents><Key>a/2.json</Key></Contents></ListBucketResult>";
        assert_eq!(keys(listing), ["a/1.json", "a/2.json"]);
        assert!(keys("<ListBucketResult/>").is_empty());
    }
}
