//! What the doctor finds, before `greenlight deploy`: what would fail the deployment ends it, and what may not be read is told.

mod support {
    pub(crate) mod scenario;
    pub(crate) mod stand_in;
}

use std::process::Output;

use serde_json::{Value, json};
use support::scenario::{Function, Scenario};
use support::stand_in::StandIn;

fn shown(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The lines of type `finding`, and the outcome, which comes last.
fn told(output: &Output) -> (Vec<Value>, Value) {
    let text = String::from_utf8_lossy(&output.stdout);
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    let outcome = lines.pop().unwrap_or_else(|| panic!("no outcome: {}", shown(output)));
    assert_eq!(outcome["type"], "outcome", "{outcome}");
    assert_eq!(outcome["exit_code"], json!(output.status.code()));
    assert!(lines.iter().all(|line| line["type"] == "finding" && line["schema"] == 1 && line["at"].is_string()));
    (lines, outcome)
}

/// `DR06 blocking` of each finding.
fn ids(findings: &[Value]) -> Vec<String> {
    let text = |finding: &Value, member: &str| finding[member].as_str().expect("it is text").to_owned();
    findings.iter().map(|finding| format!("{} {}", text(finding, "id"), text(finding, "severity"))).collect()
}

fn deploy(stand_in: &StandIn, scenario: &Scenario, arguments: &[&str]) -> Output {
    let command = &mut stand_in.greenlight();
    command.args(["deploy", "--poll", "200ms", "--file"]).arg(scenario.configuration()).args(arguments);
    command.output().expect("greenlight can be started")
}

/// What the stand-in did for others than itself.
fn journal(stand_in: &StandIn) -> String {
    let output = std::process::Command::new("curl").args(["-sf", stand_in.text("journal")]).output();
    String::from_utf8(output.expect("curl can be started").stdout).expect("a journal is text")
}

#[test]
fn a_deployment_that_would_fail_ends_before_anything_is_registered() {
    let scenario = Scenario::write(&Function::after_allow_test_traffic()).set("ailments", &json!({"misrouted": true}));
    let stand_in = StandIn::start(&[scenario.path(), "--pace", "600"]);
    let output = deploy(&stand_in, &scenario, &[]);
    assert_eq!(output.status.code(), Some(18), "{}", shown(&output));
    assert_eq!(
        shown(&output),
        "  DR06  the production listener sends nothing to shop-a, where the PRIMARY task set is (shop-b 100, shop-a 0)
        then: CodeDeploy fails the deployment before it creates anything: Primary taskset target group must be behind listener
        do:   forward it to shop-a alone, or to the pair with weight 0 for the other one
error: the preflight found what would fail the deployment, and nothing was registered: DR06
  look closer with greenlight doctor; --skip-preflight deploys all the same
"
    );
    let (findings, outcome) = told(&deploy(&stand_in, &scenario, &["--output", "json"]));
    assert_eq!(ids(&findings), ["DR06 blocking"]);
    assert_eq!((&outcome["outcome"], &outcome["deployment_id"]), (&json!("preflight_failed"), &Value::Null));
    let journal = journal(&stand_in);
    assert!(journal.contains("task set steady"), "{journal}");
    assert!(!journal.contains("registered") && !journal.contains("codedeploy"), "{journal}");

    let output = deploy(&stand_in, &scenario, &["--skip-preflight", "--no-auto-rollback"]);
    let printed = shown(&output);
    let skipped = "warning: the preflight is skipped; it is not known whether: DR01 the deployment group is of the compute platform ECS and names a service; DR02 ";
    assert!(printed.starts_with(skipped), "{printed}");
    assert_eq!(output.status.code(), Some(14), "{printed}");
    assert!(printed.contains("Primary taskset target group must be behind listener"), "{printed}");
}

#[test]
fn what_a_preflight_may_not_read_is_told_and_does_not_stop_the_deployment() {
    let denied = json!({"denied": ["lambda:GetFunctionConfiguration", "elasticloadbalancing:DescribeTargetGroups"]});
    let scenario = Scenario::write(&Function::after_allow_test_traffic()).set("ailments", &denied);
    let stand_in = StandIn::start(&[scenario.path(), "--pace", "600"]);
    let output = deploy(&stand_in, &scenario, &[]);
    let printed = shown(&output);
    for warning in [
        "warning: DR04 could not be judged: needs the permission elasticloadbalancing:DescribeTargetGroups (",
        "warning: DR12 AfterAllowTestTraffic: function CodeDeployHook_AfterAllowTestTraffic could not be judged: needs the permission lambda:GetFunctionConfiguration (",
    ] {
        assert!(printed.contains(warning), "no {warning:?} in:\n{printed}");
    }
    // The hook reads the target groups too: it reports that it may not, and is as denied as we are.
    assert_eq!(output.status.code(), Some(11), "{printed}");
}

#[test]
fn the_alarms_of_a_deployment_take_the_place_of_the_groups() {
    let scenario = Scenario::write(&Function::after_allow_test_traffic()).set("group_alarms", &json!(["shop-5xx"]));
    let stand_in = StandIn::start(&[scenario.path(), "--pace", "600"]);
    let output = deploy(&stand_in, &scenario, &[]);
    assert_eq!(output.status.code(), Some(18), "{}", shown(&output));
    assert!(shown(&output).contains("DR24  alarm shop-5xx is in ALARM already"), "{}", shown(&output));
    let output = deploy(&stand_in, &scenario, &["--no-alarms"]);
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
}
