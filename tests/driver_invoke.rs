//! `greenlight invoke`: the shipped hook binaries against the stand-in. None of the sample events belongs to a deployment
//! that runs, so none may pass; the event of one that runs does.

#![allow(clippy::disallowed_methods, reason = "a test bounds its waits by the clock")]

mod support {
    pub(crate) mod scenario;
    pub(crate) mod stand_in;
}

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::scenario::{Function, Scenario};
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

#[test]
fn an_event_file_that_is_not_there_and_a_hook_that_there_is_not_are_usage_errors() {
    let stand_in = StandIn::start(&[]);
    let missing = invoke(&stand_in, "AfterAllowTestTraffic", "events/nowhere.json", &[]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(
        text(&missing.stderr).starts_with("error: failed to read events/nowhere.json\n"),
        "{}",
        text(&missing.stderr)
    );
    let unknown = invoke(&stand_in, "AllowTraffic", "events/AfterAllowTestTraffic.json", &[]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("expected one of BeforeInstall"), "{}", text(&unknown.stderr));
}

/// Its function takes its event, keeps it in a file, and stays silent.
const SILENT: &str = r#"curl -s -o "$KEPT.part" "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next" && mv "$KEPT.part" "$KEPT"; exec sleep 600"#;

#[test]
fn a_hook_invoked_here_reports_for_one_that_hangs_and_the_deployment_goes_on() {
    let scenario = Scenario::write(&Function::after_allow_test_traffic());
    let folder = Path::new(scenario.path()).parent().expect("a file is in a folder").to_owned();
    let kept = folder.join("event.json");
    let text_of = std::fs::read_to_string(scenario.path()).expect("the scenario was written");
    let mut document: Value = serde_json::from_str(&text_of).expect("the scenario is JSON");
    let function = &mut document["functions"]["CodeDeployHook_AfterAllowTestTraffic"];
    function.as_object_mut().expect("there is a function").remove("binary");
    function["run"] = json!(["/bin/sh", "-c", SILENT]);
    function["environment"] = json!({"KEPT": kept});
    std::fs::write(scenario.path(), document.to_string()).expect("the scenario can be written");

    let stand_in = StandIn::start(&[scenario.path()]);
    let mut deploying = stand_in
        .greenlight()
        .args(["deploy", "--poll", "200ms"])
        .current_dir(&folder)
        .stderr(Stdio::null())
        .spawn()
        .expect("greenlight can be started");
    let bound = Instant::now() + Duration::from_secs(60);
    while !kept.exists() {
        assert!(Instant::now() < bound, "the function was not invoked");
        std::thread::sleep(Duration::from_millis(50));
    }

    let output = stand_in
        .greenlight()
        .args(["invoke", "AfterAllowTestTraffic", "--event", "event.json", "--plan", "checks.yaml"])
        .current_dir(&folder)
        .output()
        .expect("greenlight can be started");
    let printed = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{printed}{}", text(&output.stderr));
    assert!(printed.starts_with("PASSED: AfterAllowTestTraffic reported Succeeded (accepted)\n"), "{printed}");
    assert!(!printed.contains("did not arrive"), "{printed}");
    assert!(printed.contains("1 check passed; routing was proven"), "{printed}");

    let status = deploying.wait().expect("a child can be waited for");
    assert_eq!(status.code(), Some(0), "the deployment goes on to its end");
}
