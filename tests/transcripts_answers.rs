//! Golden transcripts: `greenlight approve` and `reject`, a person's answer to a plan that asks for one, and what becomes of a
//! deployment whose question nobody answers.

mod support {
    pub(crate) mod deploy_site;
    pub(crate) mod scenario;
    pub(crate) mod stand_in;
    pub(crate) mod transcript;
}

use std::path::Path;
use std::process::Command;

use serde_json::json;
use support::scenario::{Function, Scenario};
use support::stand_in::StandIn;
use support::transcript::{Play, Stage, transcript};

/// CodeDeploy's hour lasts a minute.
const PACE: &str = "60";

/// A deployment that a person is asked about.
struct Asked {
    stand_in: StandIn,
    scenario: Scenario,
}

impl Asked {
    /// With so much time for an answer.
    fn start(within: &str) -> Self {
        let function = Function::after_allow_test_traffic().plan("gated.yaml").set("WITHIN", within);
        // After an answer the deployment waits to be continued, so that a second answer meets the same state whenever it comes.
        let scenario = Scenario::write(&function).set("termination_wait", &json!("20h"));
        let stand_in = StandIn::start(&[scenario.path(), "--pace", PACE]);
        Self { stand_in, scenario }
    }
}

impl Stage for Asked {
    fn command(&self) -> Command {
        let mut command = self.stand_in.greenlight();
        command.current_dir(self.folder()).env("USER", "bo");
        command
    }

    fn folder(&self) -> &Path {
        Path::new(self.scenario.path()).parent().expect("a file lies in a folder")
    }
}

/// A `deploy` up to its question.
fn deploy_to_the_question(play: &mut Play<'_, Asked>) -> support::transcript::Running {
    play.without_evidence();
    let deploying = play.start(&["deploy"]);
    deploying.until(play.form, "waiting for approval by", r#""type":"gate""#);
    deploying
}

#[test]
fn a_yes_takes_a_person_or_yes_and_counts_once() {
    transcript(
        "approve_once",
        "A yes is asked for, told with who gives it and why, and counts once; the deployment goes on.",
        || Asked::start("20m"),
        |play| {
            play.run(&["approve", "--by", "ana"], 1);
            play.run(&["approve", "d-NOTHERE00"], 2);
            let deploying = deploy_to_the_question(play);
            play.remark("no terminal, and no --yes");
            play.run(&["approve", "--by", "ana"], 2);
            play.run(&["reject", "--by", "ana"], 2);
            play.run(&["approve", "--by", "ana", "--reason", "looked at it", "--yes"], 0);
            play.run(&["approve", "--by", "ana", "--yes"], 1);
            play.run(&["reject", "--yes"], 1);
            deploying.until(play.form, "ok   AfterAllowTraffic", r#""event":"AfterAllowTraffic","status":"Succeeded""#);
            play.run(&["continue"], 0);
            play.end(deploying, 0);
        },
    );
}

#[test]
fn a_no_fails_the_deployment_at_its_question() {
    transcript(
        "reject_by_another",
        "A no fails the deployment where it asked, though another than whom the plan asks gives it.",
        || Asked::start("20m"),
        |play| {
            let deploying = deploy_to_the_question(play);
            play.remark("USER is bo");
            play.run(&["reject", "--reason", "the prices are wrong", "--yes"], 0);
            play.end(deploying, 11);
            play.run(&["reject", "--yes"], 1);
        },
    );
}

#[test]
fn whoever_does_not_wait_for_a_person_leaves_with_17_and_the_answer_still_counts() {
    transcript(
        "approve_after_17",
        "Whoever does not wait for a person leaves with 17, and the answer counts all the same.",
        || Asked::start("20m"),
        |play| {
            play.run(&["deploy", "--no-wait-at-gate"], 17);
            play.run(&["approve", "--yes"], 0);
        },
    );
}

#[test]
fn an_approval_that_nobody_gives_is_reported_failed_by_whoever_follows() {
    transcript(
        "approve_nobody",
        "An approval that nobody gives within its time is reported Failed by whoever follows.",
        || Asked::start("4s"),
        |play| {
            play.without_evidence();
            play.run(&["deploy"], 11);
        },
    );
}
