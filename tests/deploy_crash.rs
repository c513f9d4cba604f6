//! `greenlight deploy` dies at every step, or its answers are lost at every step: in the end there is one deployment, every
//! revision is used, and auto-scaling is resumed.

mod support {
    pub(crate) mod deploy_site;
    pub(crate) mod interposer;
    pub(crate) mod stand_in;
}

use std::io::{BufRead, BufReader};
use std::process::{Output, Stdio};

use serde_json::Value;
use support::deploy_site::{Plan, Site, outcome, text};
use support::interposer::{Call, Fate, Interposer};

/// The wait behind the shift lasts minutes here, and each deployment is let out of it: whoever comes late still finds it active.
const LONG: Plan = Plan {
    config: "CodeDeployDefault.ECSAllAtOnce",
    ready_wait: None,
    termination_wait: "20h",
    test_listener: true,
    rollback_on: &["failure"],
    green: &[("SHOP_VERSION", "2")],
    pace: "400",
};

struct Place {
    site: Site,
    interposer: Interposer,
}

impl Place {
    fn start() -> Self {
        let site = Site::start(&LONG);
        site.register_scaling();
        site.configure("auto_scaling: suspend\n");
        let interposer = Interposer::before(site.stand_in.text("endpoint"));
        Self { site, interposer }
    }

    /// Deploys something that was not deployed before, and lets the deployment out of its last wait. Whether it came to an
    /// end of its own, and what it printed.
    fn deploy(&self, round: usize) -> (Option<i32>, Vec<Value>) {
        let mut child = self
            .site
            .greenlight(&["deploy", "--output", "json", "--env", &format!("web:ROUND={round}")])
            .env("AWS_ENDPOINT_URL", self.interposer.endpoint())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("greenlight can be started");
        self.interposer.victim(child.id());
        let mut lines = Vec::new();
        for line in BufReader::new(child.stdout.take().expect("it is piped")).lines() {
            let line: Value = serde_json::from_str(&line.expect("it can be read")).expect("a line is JSON");
            if line["type"] == "event" && line["event"] == "AfterAllowTraffic" && line["status"] == "Succeeded" {
                self.site.end_termination_wait(&self.site.deployments()[0]);
            }
            lines.push(line);
        }
        (child.wait().expect("it can be waited for").code(), lines)
    }

    /// One more deployment than before, one more revision at most, and nothing suspended or marked.
    fn assert_one_more(&self, before: &Counted, what: &str) {
        let after = self.count();
        assert_eq!(after.deployments, before.deployments + 1, "deployments after {what}");
        assert_eq!(after.revisions, before.revisions + 1, "revisions after {what}");
        assert_eq!(self.site.scaling(), (vec![false; 3], None), "auto-scaling after {what}");
        let newest = self.site.deployments()[0].clone();
        assert_eq!(self.site.deployment(&newest)["status"], "Succeeded", "{newest} after {what}");
    }

    fn count(&self) -> Counted {
        Counted { deployments: self.site.deployments().len(), revisions: self.site.revisions().len() }
    }

    /// The calls of a run up to its first looks at the deployment.
    fn steps(&self) -> Vec<(usize, String)> {
        self.interposer.strike(&[]);
        let (code, lines) = self.deploy(0);
        assert_eq!(code, Some(0), "{lines:#?}");
        let calls = self.interposer.calls();
        let is_look = |call: &String| call == "GetDeployment" || call == "BatchGetDeploymentTargets";
        // The first looks stand for all of them.
        let followed = calls.iter().position(is_look).expect("it is followed");
        let calls = calls.into_iter().take(followed + 3);
        calls.enumerate().map(|(index, call)| (index + 1, call)).collect()
    }
}

struct Counted {
    deployments: usize,
    revisions: usize,
}

/// How many calls of a run there are before following: enough to see that the table is not empty.
const LEAST_STEPS: usize = 10;

fn killed(fate: Fate) {
    let place = Place::start();
    let steps = place.steps();
    assert!(steps.len() >= LEAST_STEPS, "{steps:?}");
    for wanted in ["RegisterTaskDefinition", "CreateDeployment", "RegisterScalableTarget", "TagResource"] {
        assert!(steps.iter().any(|(_, call)| call == wanted), "no {wanted} in {steps:?}");
    }
    let mut round = 0;
    // Calls behind the looks have no fixed number; they are met by their names below.
    for (number, call) in &steps {
        round += 1;
        let what = format!("{fate:?} at call {number}, {call}");
        let before = place.count();
        place.interposer.strike(&[(Call::Number(*number), fate)]);
        let (code, lines) = place.deploy(round);
        assert_eq!(code, None, "not killed: {what}: {lines:#?}");
        place.interposer.strike(&[]);
        let (code, lines) = place.deploy(round);
        assert_eq!(code, Some(0), "{what}: {lines:#?}");
        place.assert_one_more(&before, &what);
    }
    // At the end: what was suspended is resumed by the next run, which has nothing to deploy. The preflight looks at the listeners
    // first.
    for (call, nth) in [("RegisterScalableTarget", 2), ("UntagResource", 1), ("DescribeListeners", 2)] {
        round += 1;
        let what = format!("{fate:?} at {call}");
        let before = place.count();
        place.interposer.strike(&[(Call::Nth(call, nth), fate)]);
        let (code, lines) = place.deploy(round);
        assert_eq!(code, None, "not killed: {what}: {lines:#?}");
        place.interposer.strike(&[]);
        let (code, lines) = place.deploy(round);
        let last = lines.last().expect("there is an outcome");
        assert_eq!((code, &last["exit_code"]), (Some(0), &0.into()), "{what}: {lines:#?}");
        assert!(last["reason"].as_str().is_some_and(|reason| reason.starts_with("nothing to do: d-")), "{last}");
        place.assert_one_more(&before, &what);
    }
}

#[test]
fn killed_before_any_call_and_run_again_one_deployment_results() {
    killed(Fate::KilledBefore);
}

#[test]
fn killed_after_any_call_and_run_again_one_deployment_results() {
    killed(Fate::KilledAfter);
}

#[test]
fn with_the_answer_to_any_one_call_lost_one_deployment_results() {
    let place = Place::start();
    let steps = place.steps();
    for (round, (number, call)) in steps.iter().enumerate() {
        let what = format!("the answer to call {number}, {call}, lost");
        let before = place.count();
        place.interposer.strike(&[(Call::Number(*number), Fate::AnswerLost)]);
        let (code, lines) = place.deploy(round + 1);
        assert_eq!(code, Some(0), "{what}: {lines:#?}");
        place.assert_one_more(&before, &what);
        let told = lines.iter().any(|line| {
            line["type"] == "warning"
                && line["text"].as_str().is_some_and(|text| text.contains("was not answered; looking whether"))
        });
        let creates = call == "CreateDeployment" || call == "RegisterTaskDefinition";
        assert_eq!(told, creates, "{what}: {lines:#?}");
    }
}

#[test]
fn an_answer_that_is_lost_while_the_lists_lag_behind_leads_to_one_deployment() {
    let place = Place::start();
    let before = place.count();
    // The first list is asked before anything is created.
    place.interposer.strike(&[
        (Call::Of("CreateDeployment", 1), Fate::AnswerLost),
        (Call::Of("ListDeployments", 3), Fate::Lagging),
    ]);
    let (code, lines) = place.deploy(1);
    assert_eq!(code, Some(0), "{lines:#?}");
    place.assert_one_more(&before, "a lost answer and a lagging list");
}

#[test]
fn throttling_of_the_calls_that_create_is_waited_out_without_a_word_of_doubt() {
    let place = Place::start();
    let before = place.count();
    place.interposer.strike(&[
        (Call::Of("RegisterTaskDefinition", 3), Fate::Throttled),
        (Call::Of("CreateDeployment", 4), Fate::Throttled),
    ]);
    let (code, lines) = place.deploy(1);
    assert_eq!(code, Some(0), "{lines:#?}");
    assert!(lines.iter().all(|line| line["type"] != "warning"), "{lines:#?}");
    place.assert_one_more(&before, "throttling");
    let calls = place.interposer.calls();
    assert_eq!(calls.iter().filter(|call| *call == "CreateDeployment").count(), 5);
}

#[test]
fn a_revision_that_no_deployment_uses_is_taken_back_and_auto_scaling_resumed() {
    let place = Place::start();
    let before = place.count();
    place.interposer.strike(&[(Call::Of("CreateDeployment", 1), Fate::Refused)]);
    let (code, lines) = place.deploy(1);
    assert_eq!(code, Some(1), "{lines:#?}");
    let after = place.count();
    assert_eq!((after.deployments, after.revisions), (before.deployments, before.revisions), "{lines:#?}");
    assert_eq!(place.site.scaling(), (vec![false; 3], None));
    let notes: Vec<&str> = lines.iter().filter_map(|line| line["text"].as_str()).collect();
    assert!(notes.iter().any(|note| note.ends_with("deregistered: no deployment uses it")), "{notes:?}");
    assert!(notes.contains(&"auto-scaling resumed"), "{notes:?}");
    let last = lines.last().expect("there is an outcome");
    assert_eq!(
        last["reason"],
        "failed to create the deployment; codedeploy:CreateDeployment: InvalidRoleException: the role is gone"
    );
}

#[test]
fn what_serves_already_is_not_deployed_again_unless_it_is_forced() {
    let site = Site::start(&Plan { pace: "400", ..LONG });
    let deploy = |arguments: &[&str]| -> Output {
        let output = site.run(&[&["deploy", "--until", "traffic-shifted"], arguments].concat());
        let newest = site.deployments()[0].clone();
        if site.deployment(&newest)["status"] == "InProgress" {
            site.end_termination_wait(&newest);
            // Follows it to its end.
            site.run(&["watch", &newest]);
        }
        output
    };
    assert_eq!(deploy(&[]).status.code(), Some(0));
    let id = site.deployments()[0].clone();
    let again = deploy(&["--output", "json"]);
    assert_eq!(again.status.code(), Some(0), "{}", text(&again));
    let last = outcome(&again);
    assert_eq!(last["deployment_id"], id.as_str());
    assert_eq!(
        last["reason"],
        format!("nothing to do: {id} deployed exactly this, and it serves; --force deploys it again")
    );
    assert_eq!(site.deployments().len(), 1);
    let forced = deploy(&["--force"]);
    assert_eq!(forced.status.code(), Some(0), "{}", text(&forced));
    assert_eq!(site.deployments().len(), 2);
    assert!(text(&forced).contains("is equal and used again"), "{}", text(&forced));
}
