//! `greenlight stop` and `greenlight continue` while somebody else's `greenlight deploy` follows the same deployment: both
//! see the same end.

#![allow(clippy::disallowed_methods, reason = "a test bounds its waits by the clock and reads its own environment")]

mod support {
    pub(crate) mod load;
    pub(crate) mod output;
    pub(crate) mod stand_in;
}

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::load;
use support::output::text;
use support::stand_in::StandIn;
use tempfile::TempDir;

/// The canary and the termination wait of five minutes last fifteen seconds.
const PACE: &str = "20";

/// A `greenlight deploy` that runs.
struct Deploying {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    folder: TempDir,
}

impl Deploying {
    fn start(stand_in: &StandIn, rollback_on: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        stand_in.write_configuration(folder.path());
        let file = folder.path().join("greenlight.yaml");
        let text = std::fs::read_to_string(&file).expect("the configuration was written");
        std::fs::write(&file, text.replace("rollback_on: [failure]", &format!("rollback_on: [{rollback_on}]")))
            .expect("the configuration can be written");
        let mut child = stand_in
            .greenlight()
            .args(["deploy", "--output", "json", "--poll", "200ms"])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("greenlight can be started");
        let lines = BufReader::new(child.stdout.take().expect("standard output is piped")).lines();
        Self { child, lines, folder }
    }

    /// Reads on to the first line that is meant.
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

    /// Another verb, in the same folder.
    fn run(&self, stand_in: &StandIn, arguments: &[&str]) -> Output {
        let output = stand_in.greenlight().args(arguments).args(["--poll", "200ms"]).current_dir(&self.folder).output();
        output.expect("greenlight can be started")
    }

    fn outcome(mut self) -> (Value, Option<i32>) {
        let outcome = self.until(|line| line["type"] == "outcome");
        (outcome, self.child.wait().expect("a child can be waited for").code())
    }
}

fn is_canary(line: &Value) -> bool {
    line["type"] == "traffic" && line["replacement_percent"] == 10.0
}

async fn production(stand_in: &StandIn) -> Vec<String> {
    let (client, url) = (load::client(), format!("{}/api/products/42", stand_in.text("production")));
    let mut versions = Vec::new();
    for _ in 0..20 {
        versions.push(load::ask(&client, &url).await.expect("production answers"));
    }
    versions
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_with_rollback_in_the_canary_ends_13_with_production_on_blue() {
    let stand_in = StandIn::start(&["--pace", PACE]);
    let mut deploying = Deploying::start(&stand_in, "failure");
    deploying.until(is_canary);

    let stopped = deploying.run(&stand_in, &["stop", "--rollback"]);
    let printed = text(&stopped);
    assert_eq!(stopped.status.code(), Some(13), "{printed}");
    for wanted in [
        "requested, with rollback: Succeeded",
        "STOPPED at AllowTraffic; the new version had up to 10 % of production traffic",
        "rolled back by d-",
        "the original task set has 100 % of production and test traffic",
        "exit 13",
    ] {
        assert!(printed.contains(wanted), "no {wanted:?} in\n{printed}");
    }
    assert_eq!(production(&stand_in).await, vec!["1"; 20]);

    let (outcome, code) = deploying.outcome();
    assert_eq!(code, Some(13), "who deployed sees the same end: {outcome}");
    assert_eq!(outcome["outcome"], "stopped");
}

#[test]
fn a_stop_without_rollback_makes_none_though_it_is_configured() {
    let stand_in = StandIn::start(&["--pace", PACE]);
    let mut deploying = Deploying::start(&stand_in, "failure, stop");
    let id = deploying.until(|line| line["type"] == "deployment")["deployment_id"].as_str().expect("an id").to_owned();
    deploying.until(is_canary);

    let asked = Instant::now();
    let stopped = deploying.run(&stand_in, &["stop", &id, "--no-rollback", "--output", "json"]);
    assert_eq!(stopped.status.code(), Some(13), "{}", text(&stopped));
    assert!(asked.elapsed() < Duration::from_secs(20), "it does not wait for a rollback that will not come");
    let lines = String::from_utf8_lossy(&stopped.stdout).into_owned();
    let last: Value = serde_json::from_str(lines.lines().last().expect("there is a line")).expect("a line is JSON");
    assert_eq!(
        (&last["type"], &last["exit_code"], &last["outcome"]),
        (&"outcome".into(), &13.into(), &"stopped".into())
    );
    assert_eq!((&last["deployment_id"], &last["rollback_deployment_id"]), (&id.as_str().into(), &Value::Null));

    let again = deploying.run(&stand_in, &["stop", &id]);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again).contains("has ended already; there is nothing to stop"), "{}", text(&again));
    // Its own `deploy` knows nothing of the word and would wait for the configured rollback.
    deploying.child.kill().expect("the child can be ended");
    deploying.child.wait().expect("the child can be waited for");
}

#[test]
fn a_continue_ends_the_termination_wait_early() {
    let stand_in = StandIn::start(&["--pace", PACE]);
    let mut deploying = Deploying::start(&stand_in, "failure");
    deploying.until(is_canary);
    let early = deploying.run(&stand_in, &["continue"]);
    assert_eq!(early.status.code(), Some(1), "{}", text(&early));
    assert!(text(&early).contains("is in no wait that could be ended"), "{}", text(&early));

    deploying
        .until(|line| line["type"] == "event" && line["event"] == "AfterAllowTraffic" && line["status"] == "Succeeded");
    let asked = Instant::now();
    let continued = deploying.run(&stand_in, &["continue"]);
    let took = asked.elapsed();
    assert_eq!(continued.status.code(), Some(0), "{}", text(&continued));
    assert!(text(&continued).contains("the termination wait of d-"), "{}", text(&continued));
    assert!(text(&continued).contains("SUCCEEDED"), "{}", text(&continued));
    assert!(took < Duration::from_secs(10), "the wait of fifteen seconds took {took:?}");
    assert_eq!(deploying.outcome().1, Some(0));
}

#[test]
fn without_an_active_deployment_there_is_nothing_to_stop_or_to_continue() {
    let stand_in = StandIn::start(&[]);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    stand_in.write_configuration(folder.path());
    for verb in ["stop", "continue"] {
        let output = stand_in.greenlight().arg(verb).current_dir(folder.path()).output().expect("greenlight starts");
        assert_eq!(output.status.code(), Some(1), "{}", text(&output));
        assert!(text(&output).contains("has no active deployment"), "{}", text(&output));
    }
    let both = stand_in.greenlight().args(["stop", "--rollback", "--no-rollback"]).output().expect("greenlight starts");
    assert_eq!(both.status.code(), Some(2));
}
