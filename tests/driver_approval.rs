//! A deployment whose plan asks a person: what is kept of the answer, and `greenlight report-hook` in its place. What the commands
//! say of an answer stands in `transcripts_answers`.

mod support {
    pub(crate) mod load;
    pub(crate) mod output;
    pub(crate) mod scenario;
    pub(crate) mod stand_in;
}

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Output, Stdio};

use serde_json::{Value, json};
use support::load;
use support::output::{lines, text};
use support::scenario::{Function, Scenario};
use support::stand_in::StandIn;

/// The termination wait of a minute lasts a second, and CodeDeploy's hour one minute.
const PACE: &str = "60";
const LOG: &str = "/aws/lambda/CodeDeployHook_AfterAllowTestTraffic";

/// A `greenlight deploy` up to its gate.
struct Deploying {
    stand_in: StandIn,
    scenario: Scenario,
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    id: String,
}

impl Deploying {
    fn start(within: &str) -> Self {
        Self::start_with(within, &[])
    }

    fn start_with(within: &str, further: &[&str]) -> Self {
        let function = Function::after_allow_test_traffic().plan("gated.yaml").set("WITHIN", within);
        let function = function.set("GREENLIGHT_EVIDENCE_BUCKET", "evidence");
        let scenario = Scenario::write(&function);
        let stand_in = StandIn::start(&[scenario.path(), "--pace", PACE]);
        let mut child = stand_in
            .greenlight()
            .args(["deploy", "--output", "json", "--poll", "200ms", "--file"])
            .arg(scenario.configuration())
            .args(further)
            .stdout(Stdio::piped())
            .spawn()
            .expect("greenlight can be started");
        let lines = BufReader::new(child.stdout.take().expect("standard output is piped")).lines();
        let mut deploying = Self { stand_in, scenario, child, lines, id: String::new() };
        let created = deploying.until("deployment");
        deploying.id = created["deployment_id"].as_str().expect("a deployment has an id").to_owned();
        deploying
    }

    fn until(&mut self, kind: &str) -> Value {
        for line in self.lines.by_ref() {
            let line = line.expect("standard output can be read");
            let line: Value = serde_json::from_str(&line).expect("a line is JSON");
            if line["type"] == kind {
                return line;
            }
            assert_ne!(line["type"], "outcome", "ended too early: {line}");
        }
        panic!("ended without an outcome");
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let output = self.stand_in.greenlight().args(arguments).output();
        output.expect("greenlight can be started")
    }

    /// The same, for verbs that take the configuration.
    fn configured(&self, arguments: &[&str]) -> Output {
        let file = self.scenario.configuration();
        let file = file.to_str().expect("a temporary path is text");
        self.run(&[arguments, &["--file", file]].concat())
    }

    /// A call of CloudWatch Logs about the function's log group.
    async fn logs(&self, operation: &str) -> String {
        let response = load::client()
            .post(self.stand_in.text("endpoint"))
            .header("x-amz-target", format!("Logs_20140328.{operation}"))
            .body(json!({"logGroupName": LOG}).to_string())
            .send()
            .await
            .expect("the stand-in answers");
        assert!(response.status().is_success(), "{operation}: {}", response.status());
        response.text().await.expect("an answer has a body")
    }

    async fn log(&self) -> Vec<Value> {
        let answer: Value = serde_json::from_str(&self.logs("FilterLogEvents").await).expect("an answer is JSON");
        let events = answer["events"].as_array().expect("there are events").iter();
        events.filter_map(|event| serde_json::from_str(event["message"].as_str()?).ok()).collect()
    }

    fn outcome(mut self) -> (Value, Option<i32>) {
        let outcome = self.until("outcome");
        (outcome, self.child.wait().expect("a child can be waited for").code())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_said_yes_and_why_is_recorded_once() {
    let mut deploying = Deploying::start("20m");
    let id = deploying.id.clone();
    deploying.until("gate");
    let status = deploying.configured(&["status"]);
    let waits = format!("waiting for approval by ana or the on-call engineer; greenlight approve {id} before ");
    assert!(text(&status).contains(&waits), "no {waits:?} in\n{}", text(&status));
    let approved = deploying.run(&["approve", &id, "--by", "dora", "--reason", "looked at it", "--yes"]);
    assert_eq!(approved.status.code(), Some(0), "{}", text(&approved));

    let records: Vec<_> = deploying.log().await.into_iter().filter(|line| line["greenlight"] == "approval").collect();
    assert_eq!(records.len(), 1, "{records:#?}");
    let record = &records[0];
    assert_eq!((&record["deployment_id"], &record["event"]), (&json!(id), &json!("AfterAllowTestTraffic")));
    assert_eq!(
        (&record["answer"], &record["by"], &record["reason"]),
        (&json!("approved"), &json!("dora"), &json!("looked at it"))
    );

    let (outcome, code) = deploying.outcome();
    assert_eq!((&outcome["outcome"], code), (&json!("succeeded"), Some(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_fails_the_deployment_at_the_gate_which_the_bucket_has_when_the_log_is_gone() {
    let mut deploying = Deploying::start("20m");
    deploying.until("gate");
    deploying.logs("DeleteLogGroup").await;
    let rejected = deploying.configured(&["reject", "--by", "ana", "--reason", "the prices are wrong", "--yes"]);
    assert_eq!(rejected.status.code(), Some(0), "{}", text(&rejected));
    let said =
        format!("rejected AfterAllowTestTraffic of {}, by ana (the prices are wrong); follow it: ", deploying.id);
    assert!(text(&rejected).contains(&said), "{}", text(&rejected));
    let unkept =
        "warning: the answer is given, but not recorded beside the evidence: logs:CreateLogStream: ResourceNotFound";
    assert!(text(&rejected).contains(unkept), "{}", text(&rejected));
    let (outcome, code) = deploying.outcome();
    assert_eq!((&outcome["outcome"], code), (&json!("failed_by_hook_rolled_back"), Some(11)));
}

#[test]
fn an_approval_is_the_gate_that_a_deployment_is_followed_to() {
    let mut deploying = Deploying::start_with("20m", &["--until", "gate"]);
    let id = deploying.id.clone();
    assert_eq!(deploying.until("gate")["check"], "go");
    let outcome = deploying.until("outcome");
    assert_eq!((&outcome["outcome"], &outcome["exit_code"]), (&json!("as_far_as_asked"), &json!(0)), "{outcome}");
    let reason = outcome["reason"].as_str().expect("an outcome has a reason");
    assert!(
        reason.starts_with(&format!("gate is reached; {id} waits for a person's approval (InProgress)")),
        "{reason}"
    );
    assert!(reason.contains(&format!("answer: greenlight approve {id} ")), "{reason}");
    assert_eq!(deploying.child.wait().expect("a child can be waited for").code(), Some(0));
}

#[test]
fn a_gate_that_no_plan_can_ask_for_is_refused_and_one_that_nobody_asked_for_is_told() {
    let scenario = Scenario::write(&Function::after_allow_test_traffic());
    let stand_in = StandIn::start(&[scenario.path(), "--pace", "400"]);
    let deploy = || {
        let mut command = stand_in.greenlight();
        command.args(["deploy", "--until", "gate", "--poll", "200ms", "--file"]).arg(scenario.configuration());
        command.output().expect("greenlight can be started")
    };
    let configuration = std::fs::read_to_string(scenario.configuration()).expect("the configuration was written");
    let plan = |checks: &str| std::fs::write(scenario.configuration(), format!("{configuration}{checks}"));
    plan("checks: checks.yaml\n").expect("the configuration can be written");
    let refused = deploy();
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused));
    let told = text(&refused);
    assert!(told.contains("--until gate would never be reached: "), "{told}");
    assert!(
        told.contains("no hook waits for an approval: the check plan asks nobody at an event with a function"),
        "{told}"
    );

    plan("").expect("the configuration can be written");
    let unknown = deploy();
    assert_eq!(unknown.status.code(), Some(0), "{}", text(&unknown));
    let told = text(&unknown);
    assert!(told.contains("warning: gate will not be reached\n") && told.contains("SUCCEEDED"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_by_hand_says_where_the_deployment_is_and_counts_once() {
    let mut deploying = Deploying::start("20m");
    let id = deploying.id.clone();
    deploying.until("gate");
    let evidence = deploying.log().await.into_iter().find(|line| line["greenlight"] == "evidence");
    let evidence = evidence.expect("the hook left its evidence");
    let execution = evidence["evidence"]["gate"]["execution_id"].as_str().expect("the gate has the id").to_owned();

    let foreign = deploying.run(&["report-hook", &id, "eyJlbmNyeXB0", "succeeded", "--yes"]);
    assert_eq!(foreign.status.code(), Some(2), "{}", text(&foreign));
    assert!(
        text(&foreign).contains(&format!("this execution id is none of deployment {id}; it is the ")),
        "{}",
        text(&foreign)
    );
    let unasked = deploying.run(&["report-hook", &id, &execution, "succeeded"]);
    assert_eq!(unasked.status.code(), Some(2));
    assert!(
        text(&unasked).contains(&format!("{id} (InProgress) is at AfterAllowTestTraffic, for ")),
        "{}",
        text(&unasked)
    );
    assert!(text(&unasked).contains("error: nothing was reported: it takes a yes"), "{}", text(&unasked));

    let reported = deploying.run(&["report-hook", &id, &execution, "succeeded", "--yes", "--output", "json"]);
    assert_eq!(reported.status.code(), Some(0), "{}", text(&reported));
    let last = lines(&reported).pop().expect("there is an outcome");
    assert_eq!((&last["deployment_id"], &last["exit_code"]), (&json!(id), &json!(0)));
    assert!(
        last["reason"].as_str().expect("a reason").starts_with(&format!("reported Succeeded to {id}; follow it: "))
    );

    let again = deploying.run(&["report-hook", &id, &execution, "failed", "--yes"]);
    assert_eq!(again.status.code(), Some(1), "{}", text(&again));
    assert!(text(&again).contains("nothing was reported: this hook of d-"), "{}", text(&again));
    let absent = deploying.run(&["report-hook", "d-NOTHERE00", &execution, "failed", "--yes"]);
    assert_eq!(absent.status.code(), Some(2), "{}", text(&absent));
    assert!(text(&absent).contains("failed to read deployment \"d-NOTHERE00\""), "{}", text(&absent));
    assert_eq!(deploying.outcome().1, Some(0));
}
