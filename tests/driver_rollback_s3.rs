//! `greenlight rollback` where the revisions are objects in S3: the very object is deployed again, and one that has changed, is gone
//! or may not be read is told as such.

mod support {
    pub(crate) mod output;
    pub(crate) mod scenario;
    pub(crate) mod stand_in;
}

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Output;

use serde_json::{Value, json};
use support::output::{lines, text};
use support::scenario::{Function, Scenario};
use support::stand_in::StandIn;

/// A group with a hook, whose AppSpecs go into a bucket.
struct Group {
    stand_in: StandIn,
    scenario: Scenario,
}

impl Group {
    fn start(denied: &[&str]) -> Self {
        let scenario = Scenario::write(&Function::after_allow_test_traffic())
            .set("ailments", &json!({"denied": denied}))
            .configure("revision_bucket: plans\n");
        let stand_in = StandIn::start(&[scenario.path(), "--pace", "400"]);
        Self { stand_in, scenario }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.stand_in.greenlight();
        command.args(arguments).arg("--file").arg(self.scenario.configuration());
        command.output().expect("greenlight can be started")
    }

    /// Deploys to the end; the deployment's id.
    fn deploy(&self, round: &str) -> String {
        let output =
            self.run(&["deploy", "--env", &format!("web:ROUND={round}"), "--output", "json", "--poll", "100ms"]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        let outcome = lines(&output).pop().expect("there is an outcome");
        outcome["deployment_id"].as_str().expect("a deployment has an id").to_owned()
    }

    /// What CodeDeploy says of a deployment's revision.
    fn revision(&self, id: &str) -> Value {
        let body = json!({"deploymentId": id}).to_string();
        let headers = "x-amz-target: CodeDeploy_20141006.GetDeployment\r\ncontent-type: application/x-amz-json-1.1\r\n";
        let answer: Value = serde_json::from_str(&self.send("POST /", headers, &body)).expect("an answer is JSON");
        answer["deploymentInfo"]["revision"].clone()
    }

    /// The newest line of the history.
    fn newest(&self) -> Value {
        lines(&self.run(&["history", "--limit", "1", "--output", "json"]))[0].clone()
    }

    fn send(&self, request: &str, headers: &str, body: &str) -> String {
        let address = self.stand_in.text("endpoint").trim_start_matches("http://").to_owned();
        let mut stream = TcpStream::connect(&address).expect("the endpoint listens");
        // S3 is known by its signature, which nobody verifies.
        let head = format!(
            "{request} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).expect("a request can be written");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer can be read");
        assert!(answer.starts_with("HTTP/1.1 20"), "{request}: {answer}");
        answer.split_once("\r\n\r\n").expect("an answer has a head").1.to_owned()
    }
}

/// Makes a request one of S3.
const SIGNED: &str = "authorization: AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\n";

#[test]
fn an_object_is_gone_back_to_as_it_is_and_without_its_hooks_the_appspec_goes_along() {
    let group = Group::start(&[]);
    let (first, second) = (group.deploy("1"), group.deploy("2"));
    let object = group.revision(&first);
    assert_eq!(object["revisionType"], "S3", "{object}");
    let key = object["s3Location"]["key"].as_str().expect("an object has a key").to_owned();

    let serves = group.run(&["rollback"]);
    assert_eq!(serves.status.code(), Some(0), "{}", text(&serves));
    let told = text(&serves);
    assert!(
        told.contains(&format!("the revision of {second}, serves; the last other one that succeeded is {first} ")),
        "{told}"
    );

    let again = group.run(&["deploy", "--env", "web:ROUND=2"]);
    assert_eq!(again.status.code(), Some(0), "{}", text(&again));
    assert!(text(&again).contains(&second), "nothing is deployed twice: {}", text(&again));
    assert_eq!(group.newest()["deployment_id"], second.as_str());

    let unasked = group.run(&["rollback", "--to", &first]);
    assert_eq!(unasked.status.code(), Some(2), "{}", text(&unasked));
    for wanted in [
        format!("  AppSpec          s3://plans/{key}\n"),
        "  hooks            AfterAllowTestTraffic: CodeDeployHook_AfterAllowTestTraffic\n".to_owned(),
    ] {
        assert!(text(&unasked).contains(&wanted), "no {wanted:?} in\n{}", text(&unasked));
    }

    let back = group.run(&["rollback", "--to", &first, "--yes", "--output", "json", "--poll", "100ms"]);
    assert_eq!(back.status.code(), Some(0), "{}", text(&back));
    assert!(lines(&back).iter().any(|line| line["type"] == "evidence"), "the hook ran: {}", text(&back));
    let newest = group.newest();
    assert_eq!(group.revision(newest["deployment_id"].as_str().expect("an id")), object, "the very object");
    assert!(key.ends_with(&format!("/{}.json", newest["revision_sha256"].as_str().expect("a hash"))), "{newest}");

    let planned = group.run(&["plan"]);
    assert!(text(&planned).contains("appspec  ") && !text(&planned).contains("not compared"), "{}", text(&planned));

    let skip =
        ["rollback", "--to", &second, "--skip-hooks", "--reason", "it is what is broken", "--yes", "--poll", "100ms"];
    let skipped = group.run(&skip);
    assert_eq!(skipped.status.code(), Some(0), "{}", text(&skipped));
    assert!(text(&skipped).contains(".json, sent along without its hooks\n"), "{}", text(&skipped));
    let newest = group.newest();
    let sent = group.revision(newest["deployment_id"].as_str().expect("an id"));
    assert_eq!(sent["revisionType"], "AppSpecContent", "nothing is written into the bucket: {sent}");
}

#[test]
fn an_object_that_has_changed_or_is_gone_and_a_definition_that_is_inactive_are_told() {
    let group = Group::start(&[]);
    let (first, _) = (group.deploy("1"), group.deploy("2"));
    let key = group.revision(&first)["s3Location"]["key"].as_str().expect("an object has a key").to_owned();
    let refused = |code: i32| {
        let output = group.run(&["rollback", "--to", &first, "--yes"]);
        assert_eq!(output.status.code(), Some(code), "{}", text(&output));
        text(&output)
    };
    let headers = "x-amz-target: AmazonEC2ContainerServiceV20141113.DeregisterTaskDefinition\r\ncontent-type: application/x-amz-json-1.1\r\n";
    group.send("POST /", headers, &json!({"taskDefinition": "shop:3"}).to_string());
    let told = refused(2);
    assert!(told.starts_with(&format!("error: task definition shop:3 of deployment {first} is INACTIVE")), "{told}");

    group.send(&format!("PUT /plans/{key}"), SIGNED, "{}");
    let told = refused(2);
    let wanted = format!(
        "error: the revision of deployment {first} cannot be redeployed: s3://plans/{key} is not what was deployed any more: its SHA-256 is "
    );
    assert!(told.starts_with(&wanted), "{told}");

    group.send(&format!("DELETE /plans/{key}"), SIGNED, "");
    let told = refused(1);
    assert!(told.contains("s3:GetObject: NoSuchKey: The specified key does not exist."), "{told}");
}

#[test]
fn an_object_that_may_not_be_read_is_named_with_the_permission_that_it_takes() {
    let group = Group::start(&["s3:GetObject"]);
    let id = group.deploy("1");
    let key = group.revision(&id)["s3Location"]["key"].as_str().expect("an object has a key").to_owned();
    let denied = group.run(&["rollback", "--yes"]);
    assert_eq!(denied.status.code(), Some(1), "{}", text(&denied));
    let wanted = format!(
        "error: failed to read s3://plans/{key}, the revision of deployment {id} (it takes the permission s3:GetObject on it)"
    );
    assert!(text(&denied).starts_with(&wanted), "{}", text(&denied));
    assert!(text(&denied).contains("s3:GetObject: AccessDenied: "), "{}", text(&denied));
}
