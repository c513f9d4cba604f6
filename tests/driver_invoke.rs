//! `greenlight invoke`: the shipped hook binaries with the sample events. None of them belongs to a deployment that runs, so none
//! may pass. That the event of one that runs does stands in `transcripts_here`.

mod support {
    pub(crate) mod stand_in;
}

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;
use support::stand_in::StandIn;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn invoke(stand_in: &StandIn, hook: &str, event: &str, arguments: &[&str]) -> Output {
    let mut command = stand_in.greenlight();
    command.current_dir(root()).args(["invoke", hook, "--event", event]).args(["--plan", "functions/checks.yaml"]);
    command.args(arguments).output().expect("greenlight can be started")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_sample_event_of_no_deployment_runs_the_hook_and_does_not_pass() {
    let stand_in = StandIn::start(&[]);
    for hook in ["AfterAllowTestTraffic", "before-allow-traffic"] {
        let output = invoke(&stand_in, hook, "events/AfterAllowTestTraffic.json", &[]);
        let (printed, log) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(1), "{printed}{log}");
        assert!(printed.starts_with("NOT PASSED: ") && printed.ends_with("exit 1\n"), "{printed}");
        assert!(log.contains("d-1NNWZG91L"), "the log is told as it comes: {log}");
        assert!(log.contains("DeploymentDoesNotExist"), "it asked the stand-in, which knows no such deployment: {log}");
    }
}

#[test]
fn what_a_function_refuses_is_its_result() {
    let stand_in = StandIn::start(&[]);
    let output =
        invoke(&stand_in, "AfterAllowTestTraffic", "events/invalid.missing-deployment-id.json", &["--output", "json"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let lines: Vec<Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    let result = lines.iter().find(|line| line["type"] == "result").expect("there is a result");
    assert_eq!(result["result"], "failed");
    assert!(result["payload"].as_str().is_some_and(|payload| payload.contains("DeploymentId")), "{result}");
    assert!(lines.iter().any(|line| line["type"] == "function_log"));
    let last = lines.last().expect("there is a line");
    assert_eq!(
        (&last["type"], &last["outcome"], &last["exit_code"]),
        (&"outcome".into(), &"not_passed".into(), &1.into())
    );
}
