//! What `greenlight` says and how it ends when it is asked for something that it cannot do. Nothing is deployed here, and nothing
//! listens.

use std::fs;
use std::process::{Command, Output};

use serde_json::Value;

const CONFIGURATION: &str = "version: 1\napplication: app\ndeployment_group: dg\ntask_definition: live\n";

fn greenlight(arguments: &[&str], configuration: Option<&str>) -> Output {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    if let Some(text) = configuration {
        fs::write(folder.path().join("greenlight.yaml"), text).expect("the configuration can be written");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_greenlight"));
    command.args(arguments).current_dir(folder.path()).env_clear();
    // No profile, no metadata service: nothing of this machine's AWS is used.
    command.env("HOME", folder.path()).env("AWS_EC2_METADATA_DISABLED", "true");
    command.output().expect("greenlight can be started")
}

fn error_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_missing_configuration_is_a_usage_error_that_says_what_to_do() {
    let output = greenlight(&["deploy"], None);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        error_of(&output),
        "error: failed to read the configuration greenlight.yaml\n  No such file or directory (os error 2)\n  name another file with --file, or write one with greenlight init\n"
    );
}

#[test]
fn every_fault_of_a_configuration_is_told_with_its_place() {
    let text = "version: 1\naplication: a\ndeployment_group: dg\ntask_definition: live\nimages: { web: \"${NOPE}\" }\nhooks: { AfterAlowTraffic: f }\n";
    let output = greenlight(&["deploy"], Some(text));
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        error_of(&output),
        "error: greenlight.yaml:1:1: \"application\" is missing\n  \
         greenlight.yaml:2:1: unknown key \"aplication\"; did you mean \"application\"?\n  \
         greenlight.yaml:5:16: variable \"NOPE\" is not set; set it in the environment or with --var NOPE=VALUE\n  \
         greenlight.yaml:6:10: unknown lifecycle event \"AfterAlowTraffic\"; did you mean \"AfterAllowTraffic\"?\n"
    );
}

#[test]
fn a_duplicate_key_is_an_error_at_its_place() {
    let output = greenlight(&["deploy"], Some(&format!("{CONFIGURATION}application: other\n")));
    assert_eq!(output.status.code(), Some(2));
    assert!(error_of(&output).starts_with("error: greenlight.yaml:5:1: duplicate"), "{}", error_of(&output));
}

#[test]
fn with_json_output_even_a_usage_error_ends_with_an_outcome() {
    let output = greenlight(&["deploy", "--output", "json"], Some("version: 1\n"));
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stdout).expect("standard output is text");
    let last: Value = serde_json::from_str(text.lines().last().expect("there is a line")).expect("the line is JSON");
    assert_eq!(last["type"], "outcome");
    assert_eq!(last["outcome"], "configuration");
    assert_eq!(last["exit_code"], 2);
    assert_eq!(last["deployment_id"], Value::Null);
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn an_aws_that_cannot_be_found_is_told_apart_from_one_that_refuses() {
    let output = greenlight(&["deploy"], Some(CONFIGURATION));
    assert_eq!(output.status.code(), Some(2), "{}", error_of(&output));
    let error = error_of(&output);
    assert!(error.contains("failed to read deployment group \"dg\" of application \"app\""), "{error}");
    assert!(error.contains("name a region and credentials"), "{error}");
}

#[test]
fn a_plan_that_would_fail_the_deployment_is_refused_before_anything_is_asked_of_aws() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let plan = "version: 1\nhooks: { AfterAllowTestTraffic: [health] }\nchecks:\n  - id: health\n    http: { get: /healthz }\n    expect: { status: 200 }\n";
    let write = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).expect("a file can be written");
        folder.path().join(name).display().to_string()
    };
    let good = write("good.yaml", plan);
    let misspelt = write("misspelt.yaml", &plan.replace("status", "staus"));
    for (plan, event, wanted) in
        [(&misspelt, "AfterAllowTestTraffic", "did you mean \"status\"?"), (&good, "BeforeAllowTraffic", "GL1002")]
    {
        let text = format!("{CONFIGURATION}checks: {plan}\nhooks: {{ {event}: CodeDeployHook_X }}\n");
        let output = greenlight(&["deploy"], Some(&text));
        assert_eq!(output.status.code(), Some(2));
        let error = error_of(&output);
        assert!(error.starts_with("error: the check plan would fail the deployment\n"), "{error}");
        assert!(error.contains(wanted), "{error}");
    }
}

#[test]
fn help_has_examples_and_the_table_of_exit_codes() {
    for verb in [
        "deploy",
        "watch",
        "status",
        "stop",
        "continue",
        "rollback",
        "clean-up",
        "approve",
        "reject",
        "report-hook",
        "history",
        "invoke",
        "check",
        "rehearse",
    ] {
        let output = greenlight(&[verb, "--help"], None);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success());
        for wanted in
            ["Examples:", "greenlight ", "Exit codes:", "11  failed by a hook, rolled back", "130  interrupted"]
        {
            assert!(text.contains(wanted), "no {wanted:?} in the help of {verb}:\n{text}");
        }
    }
}

#[test]
fn a_command_line_that_makes_no_sense_is_a_usage_error() {
    for arguments in [
        &["deploy", "--var", "NOPE"][..],
        &["deploy", "--poll", "1ms"],
        &["rehearse", "--pace", "0"],
        &["rehearse", "--green-fails", "often"],
        &["rehearse", "--green-fails", "500", "scenario.yaml"],
        &["launch"],
    ] {
        let output = greenlight(arguments, None);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", error_of(&output));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_scenario_that_is_not_there_is_named() {
    let output = greenlight(&["rehearse", "nowhere.yaml"], None);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(error_of(&output), "error: failed to read nowhere.yaml\n  No such file or directory (os error 2)\n");
}
