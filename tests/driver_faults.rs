//! What the driver survives while it follows a deployment: throttling, faults of the servers, answers that lag behind, statuses
//! that nobody knows. The stand-in spoils the driver's calls and no hook's.

mod support {
    pub(crate) mod output;
    pub(crate) mod stand_in;
}

use std::io::{Read, Write};
use std::process::Output;

use serde_json::{Value, json};
use support::output::text;
use support::stand_in::StandIn;

const KEY: &str = "the-driver";

#[test]
fn a_burst_of_throttling_delays_looks_and_fails_nothing() {
    let stand_in = StandIn::start(&[]);
    for operation in ["GetDeployment", "BatchGetDeploymentTargets"] {
        let refuse = json!({"code": "ThrottlingException", "message": "Rate exceeded", "status": 400});
        inject(&stand_in, operation, 5, &json!({"refuse": refuse}));
    }
    let deployed = deploy(&stand_in);
    assert_eq!(deployed.status.code(), Some(0), "{}", text(&deployed));
    assert!(
        !text(&deployed).contains("does not answer"),
        "throttling is a later look, no warning: {}",
        text(&deployed)
    );
}

#[test]
fn servers_at_fault_are_asked_again_and_that_is_said_once() {
    let stand_in = StandIn::start(&[]);
    let refuse = json!({"code": "InternalFailure", "message": "try again", "status": 500});
    inject(&stand_in, "GetDeployment", 7, &json!({"refuse": refuse}));
    let deployed = deploy(&stand_in);
    assert_eq!(deployed.status.code(), Some(0), "{}", text(&deployed));
    let warnings = text(&deployed).matches("warning: AWS does not answer, trying again").count();
    assert_eq!(warnings, 1, "{}", text(&deployed));
}

#[test]
fn a_target_that_is_not_there_yet_is_waited_for() {
    let stand_in = StandIn::start(&[]);
    let refuse = json!({"code": "DeploymentNotStartedException", "message": "not yet", "status": 400});
    inject(&stand_in, "ListDeploymentTargets", 1, &json!({"refuse": refuse}));
    inject(&stand_in, "ListDeploymentTargets", 1, &json!({"patch": {"targetIds": []}}));
    inject(&stand_in, "BatchGetDeploymentTargets", 1, &json!({"patch": {"deploymentTargets": []}}));
    let deployed = deploy(&stand_in);
    assert_eq!(deployed.status.code(), Some(0), "{}", text(&deployed));
    assert!(text(&deployed).contains("ok   AllowTraffic"), "its events were seen in the end: {}", text(&deployed));
}

#[test]
fn a_status_that_nobody_knows_is_shown_and_is_no_end() {
    let stand_in = StandIn::start(&[]);
    inject(&stand_in, "GetDeployment", 2, &json!({"patch": {"deploymentInfo": {"status": "Hibernating"}}}));
    let deployed = stand_in_deploy(&stand_in, &["--output", "json"]);
    assert_eq!(deployed.status.code(), Some(0), "{}", text(&deployed));
    let lines: Vec<Value> = String::from_utf8_lossy(&deployed.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect();
    let statuses: Vec<_> = lines.iter().filter(|line| line["type"] == "status").map(|line| &line["status"]).collect();
    assert_eq!(
        (statuses.first(), statuses.last()),
        (Some(&&json!("Hibernating")), Some(&&json!("Succeeded"))),
        "{statuses:?}"
    );
}

/// Spoils so many of the driver's calls.
fn inject(stand_in: &StandIn, operation: &str, times: u32, how: &Value) {
    let mut fault = json!({"operation": format!("codedeploy:{operation}"), "times": times, "by": KEY});
    fault.as_object_mut().expect("it is an object").extend(how.as_object().expect("it is an object").clone());
    let address = stand_in.text("endpoint").trim_start_matches("http://").to_owned();
    let body = fault.to_string();
    let mut stream = std::net::TcpStream::connect(&address).expect("the endpoint listens");
    let head =
        format!("POST /_greenlight/faults HTTP/1.0\r\nhost: {address}\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all((head + &body).as_bytes()).expect("a request can be written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer can be read");
    assert!(answer.starts_with("HTTP/1.0 204"), "{answer}");
}

fn deploy(stand_in: &StandIn) -> Output {
    stand_in_deploy(stand_in, &[])
}

fn stand_in_deploy(stand_in: &StandIn, arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    stand_in.write_configuration(folder.path());
    let mut command = stand_in.greenlight();
    command.env("AWS_ACCESS_KEY_ID", KEY).arg("deploy").args(arguments).current_dir(folder.path());
    command.output().expect("greenlight can be started")
}
