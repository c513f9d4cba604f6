//! Deployments that an alarm stops, by the group's alarms and by their own, and what is told of the alarm.

mod support {
    pub(crate) mod deploy_site;
    pub(crate) mod stand_in;
}

use std::process::Output;

use serde_json::{Value, json};
use support::deploy_site::{Plan, Site, outcome, text};

/// Waits minutes for a person, whatever the machine is doing.
const GATED: Plan = Plan { rollback_on: &["failure", "alarm"], ..Plan::GATED };

/// A group that watches `shop-5xx`, beside another alarm.
fn watched() -> Site {
    let alarms = json!({"shop-5xx": {"state": "OK"}, "shop-latency": {"state": "OK"}});
    Site::start_with(&GATED, |_, scenario| {
        scenario["alarms"] = alarms;
        scenario["group_alarms"] = json!(["shop-5xx"]);
    })
}

fn turn_red(site: &Site, name: &str) {
    let body = json!({"AlarmName": name, "StateValue": "ALARM", "StateReason": "a test says so"});
    site.call("GraniteServiceVersion20100801.SetAlarmState", &body);
}

/// Deploys to the gate; the deployment's id.
fn deploy(site: &Site, options: &[&str]) -> String {
    let output = site.run(&[&["deploy", "--until", "gate"], options].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    site.deployments()[0].clone()
}

fn failure(output: &Output) -> Value {
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut lines = printed.lines().map(|line| serde_json::from_str::<Value>(line).expect("each line is JSON"));
    lines.find(|line| line["type"] == "failure").unwrap_or_else(|| panic!("no failure in\n{printed}"))
}

#[test]
fn an_alarm_of_the_group_ends_12_and_is_told_with_its_reason() {
    let site = watched();
    let id = deploy(&site, &[]);
    turn_red(&site, "shop-latency");
    assert_eq!(site.deployment(&id)["status"], "Ready", "nobody watches that one");
    turn_red(&site, "shop-5xx");
    let watched = site.run(&["watch", &id, "--output", "json"]);
    assert_eq!(watched.status.code(), Some(12), "{}", text(&watched));
    let last = outcome(&watched);
    assert_eq!(last["outcome"], "failed_by_alarm_rolled_back", "{last}");
    let told = failure(&watched);
    assert_eq!((&told["status"], &told["error"]["code"]), (&json!("Stopped"), &json!("ALARM_ACTIVE")), "{told}");
    let alarms = told["alarms"].as_array().expect("the alarms were asked for");
    let [alarm] = alarms.as_slice() else { panic!("not one alarm: {alarms:?}") };
    assert_eq!((&alarm["name"], &alarm["state"]), (&json!("shop-5xx"), &json!("ALARM")));
    assert_eq!(alarm["reason"], "a test says so");
    assert!(alarm["since"].is_string(), "{alarm}");
}

#[test]
fn of_a_deployment_with_alarms_of_its_own_those_are_told() {
    let site = watched();
    let id = deploy(&site, &["--alarm", "shop-latency"]);
    turn_red(&site, "shop-5xx");
    assert_eq!(site.deployment(&id)["status"], "Ready", "the group's alarm does not watch it");
    turn_red(&site, "shop-latency");
    let watched = site.run(&["watch", &id]);
    assert_eq!(watched.status.code(), Some(12), "{}", text(&watched));
    let printed = text(&watched);
    assert!(printed.contains("  alarm shop-latency is in ALARM since "), "{printed}");
    assert!(printed.contains(" UTC: a test says so\n"), "{printed}");
    assert!(!printed.contains("alarm shop-5xx"), "{printed}");
}

#[test]
fn of_a_deployment_without_alarms_none_is_asked_for() {
    let site = watched();
    let id = deploy(&site, &["--no-alarms"]);
    turn_red(&site, "shop-5xx");
    assert_eq!(site.deployment(&id)["status"], "Ready", "no alarm watches it");
    let stopped = site.run(&["stop", &id, "--output", "json"]);
    assert_eq!(stopped.status.code(), Some(13), "{}", text(&stopped));
    assert_eq!(failure(&stopped)["alarms"], Value::Null);
}
