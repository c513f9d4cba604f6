//! A hook's evidence in S3: where the function keeps it is in its own environment, so that nobody has to say it twice.
//!
//! Without permission to read that environment, or the bucket, the evidence is looked for in the log as if there were no bucket.

use greenlight_checks::evidence::{Evidence, SCHEMA};

use super::Aws;
use super::error::AwsError;
use super::signed::{Call, Service, encoded};

const LIST: &str = "s3:ListBucket";
const GET: &str = "s3:GetObject";
/// Executions of one event; there is one, but for functions that are called by hand.
const EXECUTIONS: usize = 3;

/// Bucket and prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    bucket: String,
    prefix: String,
}

impl Aws {
    /// The evidence of this event of this deployment; `None` where the function keeps none in S3, or none is there.
    pub(super) async fn stored_evidence(
        &self,
        function: &str,
        deployment: &str,
        event: &str,
    ) -> Result<Option<Evidence>, AwsError> {
        let configuration = self.function_configuration(function).await?;
        let Some(place) = place(&configuration["Environment"]["Variables"]) else { return Ok(None) };
        let prefix = place.key(&format!("{deployment}/{event}/"));
        let path = format!("/{}?list-type=2&prefix={}", place.bucket, encoded(&prefix));
        let listed = self.signed.send(Call::rest(Service::S3, LIST, "GET", path)).await?;
        let mut found: Option<Evidence> = None;
        for key in keys(&String::from_utf8_lossy(&listed.body)).into_iter().take(EXECUTIONS) {
            let path = format!("/{}/{}", place.bucket, encoded(&key).replace("%2F", "/"));
            let stored = self.signed.send(Call::rest(Service::S3, GET, "GET", path)).await?;
            let evidence: Option<Evidence> = serde_json::from_slice(&stored.body).ok();
            let ours = evidence.filter(|evidence| is_of(evidence, deployment, event));
            found = found.into_iter().chain(ours).max_by_key(|evidence| evidence.finished_at);
        }
        Ok(found)
    }
}

/// As the functions read it themselves: an empty variable is none, and the prefix has a default.
fn place(variables: &serde_json::Value) -> Option<Place> {
    let set = |name: &str| variables[name].as_str().filter(|value| !value.is_empty());
    let prefix = set("GREENLIGHT_EVIDENCE_PREFIX").map_or("greenlight", |prefix| prefix.trim_matches('/'));
    Some(Place { bucket: set("GREENLIGHT_EVIDENCE_BUCKET")?.to_owned(), prefix: prefix.to_owned() })
}

impl Place {
    fn key(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { format!("{}/{name}", self.prefix) }
    }
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
        assert_eq!(read("b", None).unwrap().key("d-1/"), "greenlight/d-1/");
        assert_eq!(read("b", Some("/teams/shop/")).unwrap().key("d-1/"), "teams/shop/d-1/");
        assert_eq!(read("b", Some("/")).unwrap().key("d-1/"), "d-1/");
    }

    #[test]
    fn every_key_of_a_listing_is_found() {
        let listing = "<ListBucketResult><Prefix>a/</Prefix><Contents><Key>a/1.json</Key><Size>2</Size></Contents><Contents><Key>a/2.json</Key></Contents></ListBucketResult>";
        assert_eq!(keys(listing), ["a/1.json", "a/2.json"]);
        assert!(keys("<ListBucketResult/>").is_empty());
    }
}
