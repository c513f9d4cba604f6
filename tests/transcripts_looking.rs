//! Golden transcripts: looking at what is and what was, from the folder of the configuration or from anywhere.

#![allow(clippy::disallowed_methods, reason = "a story without an AWS begins without an environment")]

mod support {
    pub(crate) mod deploy_site;
    pub(crate) mod stand_in;
    pub(crate) mod transcript;
}

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use support::deploy_site::{Plan, Site};
use support::transcript::{Demo, Play, Stage, transcript};
use tempfile::TempDir;

/// It waits for a person, however long the machine takes, and for nobody else.
const GATED: Plan = Plan { termination_wait: "1m", ..Plan::GATED };

/// What `--report` keeps.
const REPORT: [&str; 4] = ["report.html", "report.json", "junit.xml", "summary.md"];

/// The group's deployments, the newest first, as a program asks for them.
fn deployments<S: Stage>(play: &Play<S>) -> Vec<String> {
    let output =
        play.stage.command().args(["history", "--output", "json"]).output().expect("greenlight can be started");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line is JSON"));
    let entries = lines.filter(|line| line["type"] == "history");
    entries.map(|line| line["deployment_id"].as_str().expect("a deployment has an id").to_owned()).collect()
}

#[test]
fn status_and_history_tell_of_no_deployment_of_one_that_runs_and_of_those_that_have_ended() {
    transcript(
        "status_and_history",
        "status and history tell of a group without deployments, of one that runs, and of those that have ended; they exit by whether it could be read.",
        || Site::start(&GATED),
        |play| {
            play.run(&["status"], 1);
            play.run(&["history"], 0);
            play.run(&["deploy", "--until", "gate"], 0);
            play.run(&["status"], 0);
            play.run(&["history"], 0);
            play.run(&["continue"], 0);
            play.run(&["status"], 0);
            play.run(&["deploy", "--force", "--description", "once more", "--until", "gate"], 0);
            play.run(&["stop", "--rollback"], 13);
            play.remark("after a rollback the last deployment is what it rolled back");
            play.run(&["status"], 0);
            let ids = deployments(play);
            assert_eq!(ids.len(), 3, "{ids:?}");
            for id in &ids {
                play.run(&["status", id], 0);
            }
            play.run(&["history"], 0);
            play.run(&["history", "--limit", "1"], 0);
        },
    );
}

#[test]
fn one_look_at_a_deployment_that_a_hook_failed_says_why_and_is_kept() {
    transcript(
        "status_failed",
        "One look at a deployment that a hook failed says why, exits 0, and can be kept as a report.",
        || Demo::start(&["--green-fails", "500"]),
        |play| {
            play.remark("after a deployment that a hook failed");
            let output = play.stage.command().args(["deploy", "--poll", "150ms"]).output();
            assert_eq!(output.expect("greenlight can be started").status.code(), Some(11));
            play.run(&["status", "--report", "kept"], 0);
            for name in REPORT {
                assert!(play.stage.folder().join("kept").join(name).exists(), "no {name}");
            }
            play.show("kept/summary.md");
            play.run(&["history"], 0);
        },
    );
}

#[test]
fn what_is_not_there_is_named_with_what_to_do() {
    transcript(
        "looking_for_what_is_not_there",
        "What is not there is named with where it was looked for and what to do: 2 where the command was told wrong, 1 where AWS could not be asked.",
        || Site::start(&GATED),
        |play| {
            play.run(&["status", "d-NOWHERE00"], 2);
            play.run(&["status", "no-id"], 2);
            play.run(&["history", "--limit", "0"], 2);
            play.run(&["status", "--file", "nowhere.yaml"], 2);
            play.remark("the stand-in is of every region");
            play.run(&["history", "--region", "eu-west-1"], 0);
            play.run(&["history", "--endpoint-url", "nowhere"], 2);
            play.remark("nothing listens there");
            play.run(&["history", "--endpoint-url", "http://127.0.0.1:1"], 1);
            let text = std::fs::read_to_string(play.stage.folder().join("greenlight.yaml")).expect("it is there");
            play.write("greenlight.yaml", &text.replace("shop-dg", "${GROUP}"));
            play.run(&["history"], 2);
            play.run(&["history", "--var", "GROUP=other-dg"], 2);
            play.run(&["status", "--var", "GROUP=other-dg"], 2);
            play.run(&["history", "--var", "GROUP=shop-dg"], 0);
            play.write("greenlight.yaml", &text.replace("shop-app", "other-app"));
            play.run(&["history"], 2);
        },
    );
}

/// A machine on which nobody has set up AWS.
struct Bare(TempDir);

impl Stage for Bare {
    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_greenlight"));
        // No profile, no metadata service: nothing of this machine's AWS is used.
        command
            .current_dir(self.folder())
            .env_clear()
            .env("HOME", self.folder())
            .env("AWS_EC2_METADATA_DISABLED", "true");
        command
    }

    fn folder(&self) -> &Path {
        self.0.path()
    }
}

#[test]
fn without_a_region_or_credentials_it_says_how_to_name_them() {
    transcript(
        "looking_without_an_aws",
        "Without a region or credentials nothing is asked of AWS, and it is said how to name them.",
        || Bare(tempfile::tempdir().expect("a temporary folder can be made")),
        |play| {
            play.run(&["status", "d-XJHP6PHEA"], 2);
            play.run(&["status", "d-XJHP6PHEA", "--region", "us-east-1"], 2);
        },
    );
}
