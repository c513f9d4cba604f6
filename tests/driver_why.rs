//! Why a deployment failed, as the driver tells it: what it gathers beyond CodeDeploy's own words, for people and for programs.

mod support {
    pub(crate) mod output;
    pub(crate) mod scenario;
    pub(crate) mod stand_in;
}

use std::process::{Command, Output};

use serde_json::{Value, json};
use support::output::text;
use support::scenario::{Function, Scenario};
use support::stand_in::StandIn;

/// CodeDeploy's hour passes in seconds.
const FAST: [&str; 2] = ["--pace", "1500"];

#[test]
fn a_replacement_that_never_becomes_healthy_is_told_with_the_ends_of_its_tasks_and_the_state_of_its_targets() {
    let stand_in = StandIn::start(&[&FAST[..], &["--green-fails", "never-ready"]].concat());
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    stand_in.write_configuration(folder.path());

    let deployed = run(stand_in.greenlight().arg("deploy").current_dir(folder.path()));

    assert_eq!(deployed.status.code(), Some(10), "{}", text(&deployed));
    let told = text(&deployed);
    let order = [
        "FAILED at Install; no production request reached the new version",
        "  CodeDeploy says: TIMEOUT: The deployment timed out while waiting for the replacement task set to become healthy.",
        "  how the replacement's tasks ended before that",
        " x Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:",
        " (ServiceSchedulerInitiated); web exited with 0",
        "  what ECS said of its targets",
        " x Health checks failed with these codes: [503]",
        "rolled back by d-",
    ];
    let places: Vec<_> =
        order.iter().map(|part| told.find(part).unwrap_or_else(|| panic!("no {part:?} in:\n{told}"))).collect();
    assert!(places.is_sorted(), "in this order: {order:?}\n{told}");

    let id = told.lines().find_map(|line| line.split_whitespace().find(|word| word.starts_with("d-"))).expect("an id");
    let status = run(stand_in.greenlight().args(["status", id, "--output", "json"]).current_dir(folder.path()));
    let failure = line(&status, "failure");
    assert_eq!(failure["event"], "Install", "{failure}");
    assert!(failure["task_ends"][0]["count"].as_u64().is_some_and(|count| count > 1), "{failure}");
    assert_eq!(failure["service_events"][0]["what"], "Health checks failed with these codes: [503]", "{failure}");
    assert_eq!(failure["alarms"], Value::Null, "the group watches none: {failure}");
}

#[test]
fn a_container_that_exits_is_told_with_its_exit_code() {
    let scenario = Scenario::write(&Function::after_allow_test_traffic());
    let text_of = std::fs::read_to_string(scenario.path()).expect("the scenario was written");
    let mut document: Value = serde_json::from_str(&text_of).expect("the scenario is JSON");
    document["images"]["shop:2"]["run"] = json!(["/bin/sh", "-c", "exit 3"]);
    std::fs::write(scenario.path(), document.to_string()).expect("the scenario can be written");

    let rehearsed = run(Command::new(env!("CARGO_BIN_EXE_greenlight"))
        .args(["rehearse", scenario.path(), "--output", "json"])
        .args(FAST));

    assert_eq!(rehearsed.status.code(), Some(10), "{}", text(&rehearsed));
    let failure = line(&rehearsed, "failure");
    let what = "Essential container in task exited (EssentialContainerExited); web exited with 3";
    assert_eq!(failure["task_ends"][0]["what"], what, "{failure}");
    let reason = line(&rehearsed, "outcome")["reason"].as_str().expect("the outcome has a reason").to_owned();
    assert!(reason.starts_with("FAILED at Install; ") && reason.ends_with(what), "{reason}");
}

#[test]
fn what_may_not_be_read_is_named_and_the_rest_is_told_all_the_same() {
    let scenario = Scenario::write(&Function::after_allow_test_traffic());
    let text_of = std::fs::read_to_string(scenario.path()).expect("the scenario was written");
    let mut document: Value = serde_json::from_str(&text_of).expect("the scenario is JSON");
    document["images"]["shop:2"]["run"] = json!(["/bin/sh", "-c", "exit 3"]);
    document["ailments"] = json!({"denied": ["ecs:ListTasks"]});
    document["alarms"]["shop-latency"] = json!({"state": "INSUFFICIENT_DATA"});
    document["group_alarms"] = json!(["shop-latency"]);
    std::fs::write(scenario.path(), document.to_string()).expect("the scenario can be written");

    let rehearsed = run(Command::new(env!("CARGO_BIN_EXE_greenlight")).args(["rehearse", scenario.path()]).args(FAST));

    assert_eq!(rehearsed.status.code(), Some(10), "{}", text(&rehearsed));
    let told = text(&rehearsed);
    for wanted in [
        "  how the replacement's tasks ended before that could not be read: ecs:ListTasks: AccessDeniedException: User: ",
        "  alarm shop-latency is in INSUFFICIENT_DATA",
    ] {
        assert!(told.contains(wanted), "no {wanted:?} in:\n{told}");
    }
}

#[test]
fn a_hooks_evidence_is_read_from_its_bucket_or_else_from_its_log_and_what_denies_both_is_named() {
    let bucket = Function::after_allow_test_traffic().set("GREENLIGHT_EVIDENCE_BUCKET", "evidence");
    let finding = "  GL1201 health: status expected 201, got 200";
    for (function, denied, wanted) in [
        (&bucket, &["logs:FilterLogEvents"][..], finding),
        (&bucket, &["lambda:GetFunctionConfiguration"], finding),
        (&Function::after_allow_test_traffic(), &[], finding),
        (
            &bucket,
            &["logs:FilterLogEvents", "lambda:GetFunctionConfiguration"],
            "  the function's log could not be read: logs:FilterLogEvents: AccessDeniedException: User: ",
        ),
    ] {
        let scenario = Scenario::write(function);
        let plan = scenario.configuration().with_file_name("checks.yaml");
        let wrong = std::fs::read_to_string(&plan).expect("the plan was written").replace("status: 200", "status: 201");
        std::fs::write(&plan, wrong).expect("the plan can be written");
        let text_of = std::fs::read_to_string(scenario.path()).expect("the scenario was written");
        let mut document: Value = serde_json::from_str(&text_of).expect("the scenario is JSON");
        document["ailments"] = json!({"denied": denied});
        std::fs::write(scenario.path(), document.to_string()).expect("the scenario can be written");
        let rehearsed = run(Command::new(env!("CARGO_BIN_EXE_greenlight")).args(["rehearse", scenario.path()]));
        assert_eq!(rehearsed.status.code(), Some(11), "{}", text(&rehearsed));
        assert!(text(&rehearsed).contains(wanted), "denied {denied:?}, no {wanted:?} in:\n{}", text(&rehearsed));
    }
}

/// The last line of this type.
fn line(output: &Output, kind: &str) -> Value {
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut parsed = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("each line is JSON"));
    parsed.rfind(|line| line["type"] == kind).unwrap_or_else(|| panic!("no {kind:?} in:\n{}", text(output)))
}

fn run(command: &mut Command) -> Output {
    command.output().expect("greenlight can be started")
}
