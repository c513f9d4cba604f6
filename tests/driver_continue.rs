//! A group that waits for a person before production traffic shifts: `greenlight continue` ends that wait, and when nobody comes
//! the deployment is stopped.

mod support {
    pub(crate) mod output;
    pub(crate) mod scenario;
    pub(crate) mod stand_in;
}

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Output, Stdio};

use serde_json::{Value, json};
use support::output::text;
use support::scenario::{Function, Scenario};
use support::stand_in::StandIn;

/// A `greenlight deploy` that runs.
struct Deploying {
    stand_in: StandIn,
    scenario: Scenario,
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Deploying {
    fn start(ready_wait: &str) -> Self {
        let scenario = Scenario::write(&Function::after_allow_test_traffic());
        let text = std::fs::read_to_string(scenario.path()).expect("the scenario was written");
        let mut document: Value = serde_json::from_str(&text).expect("a scenario is JSON");
        document["ready_wait"] = ready_wait.into();
        std::fs::write(scenario.path(), document.to_string()).expect("the scenario can be written");
        let stand_in = StandIn::start(&[scenario.path(), "--pace", "60"]);
        let mut child = stand_in
            .greenlight()
            .args(["deploy", "--output", "json", "--poll", "200ms", "--file"])
            .arg(scenario.configuration())
            .stdout(Stdio::piped())
            .spawn()
            .expect("greenlight can be started");
        let lines = BufReader::new(child.stdout.take().expect("standard output is piped")).lines();
        Self { stand_in, scenario, child, lines }
    }

    fn until(&mut self, meant: impl Fn(&Value) -> bool) -> Value {
        for line in self.lines.by_ref() {
            let line = line.expect("standard output can be read");
            let line: Value = serde_json::from_str(&line).expect("a line is JSON");
            if meant(&line) {
                return line;
            }
            assert_ne!(line["type"], "outcome", "ended too early: {line}");
        }
        panic!("ended without an outcome");
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.stand_in.greenlight();
        command.args(arguments).arg("--file").arg(self.scenario.configuration());
        command.output().expect("greenlight can be started")
    }

    fn outcome(mut self) -> (Value, Option<i32>) {
        let outcome = self.until(|line| line["type"] == "outcome");
        (outcome, self.child.wait().expect("a child can be waited for").code())
    }
}

fn is_ready(line: &Value) -> bool {
    line["type"] == "status" && line["status"] == "Ready"
}

#[test]
fn a_continue_ends_the_wait_for_a_person_and_follows_to_the_end() {
    let mut deploying = Deploying::start("60m");
    deploying.until(is_ready);
    let status = deploying.run(&["status"]);
    let shown = text(&status);
    assert!(
        shown.contains("  >>   ready wait") && shown.contains("waits for a person: greenlight continue"),
        "{shown}"
    );

    let early = deploying.run(&["continue", "--wait", "termination"]);
    assert_eq!(early.status.code(), Some(1), "{}", text(&early));
    assert!(text(&early).contains("failed to end the wait of deployment d-"), "{}", text(&early));
    assert!(text(&early).contains("InvalidDeploymentStatusException"), "{}", text(&early));

    let continued = deploying.run(&["continue", "--wait", "ready", "--poll", "200ms", "--output", "json"]);
    assert_eq!(continued.status.code(), Some(0), "{}", text(&continued));
    let told = String::from_utf8_lossy(&continued.stdout).into_owned();
    let told: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    let note = told.iter().find(|line| line["type"] == "note").expect("it says what it did");
    assert!(note["text"].as_str().expect("a note has a text").starts_with("the wait for a person of d-"), "{note}");
    assert_eq!(told.last().expect("there is an outcome")["outcome"], "succeeded");

    let again = deploying.run(&["continue", "--wait", "ready"]);
    assert_eq!(again.status.code(), Some(1), "{}", text(&again));
    assert!(text(&again).contains("has no active deployment"), "{}", text(&again));
    let (outcome, code) = deploying.outcome();
    assert_eq!((&outcome["outcome"], code), (&json!("succeeded"), Some(0)));
}

#[test]
fn when_nobody_continues_the_deployment_is_stopped() {
    let mut deploying = Deploying::start("5m");
    deploying.until(is_ready);
    let (outcome, code) = deploying.outcome();
    assert_eq!((&outcome["outcome"], code), (&json!("stopped"), Some(13)));
    let reason = outcome["reason"].as_str().expect("an outcome has a reason");
    assert!(reason.contains("The deployment timed out while waiting for a notification to continue."), "{reason}");
}
