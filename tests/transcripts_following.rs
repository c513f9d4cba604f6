//! Golden transcripts: `greenlight watch`, `stop` and `continue` about a deployment that somebody else made, by its id or as the
//! group's active one.

mod support {
    pub(crate) mod deploy_site;
    pub(crate) mod load;
    pub(crate) mod stand_in;
    pub(crate) mod transcript;
}

use support::deploy_site::{Plan, Site};
use support::transcript::{Play, transcript};

/// Both waits last minutes, whatever the machine is doing.
const GATED: Plan = Plan { rollback_on: &["failure", "stop"], ..Plan::GATED };
/// All traffic was shifted, as programs read it.
const SHIFTED: &str = r#""event":"AfterAllowTraffic","status":"Succeeded""#;

/// The newest deployment of the group.
fn newest(play: &Play<'_, Site>) -> String {
    play.stage.deployments().first().expect("there is a deployment").clone()
}

/// The versions that answer production traffic.
fn production(play: &Play<'_, Site>) -> Vec<String> {
    let url = format!("{}/api/products/42", play.stage.stand_in.text("production"));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be started");
    runtime.block_on(async {
        let (client, mut versions) = (support::load::client(), Vec::new());
        for _ in 0..20 {
            versions.push(support::load::ask(&client, &url).await.expect("production answers"));
        }
        versions
    })
}

#[test]
fn watch_follows_the_active_deployment_or_a_named_one_and_says_where_there_is_none() {
    transcript(
        "watch_by_group_and_by_id",
        "Watch follows the group's active deployment, or a named one though it has ended; where there is none it names the last.",
        || Site::start(&Plan { ready_wait: None, ..GATED }),
        |play| {
            play.remark("nothing was ever deployed");
            play.run(&["watch"], 1);
            play.run(&["watch", "d-NOTHERE00"], 2);
            play.run(&["deploy", "--until", "traffic-shifted"], 0);
            let id = newest(play);
            let watching = play.start(&["watch", "--report", "report"]);
            watching.until(play.form, "ok   AfterAllowTraffic", SHIFTED);
            play.remark("somebody ends the termination wait");
            play.stage.end_termination_wait(&id);
            play.end(watching, 0);
            play.run(&["watch", &id], 0);
            play.run(&["watch"], 1);
            for file in ["report.html", "report.json", "junit.xml", "summary.md"] {
                let written = std::fs::metadata(play.stage.folder().join("report").join(file));
                assert!(written.is_ok_and(|file| file.len() > 0), "report/{file} was written");
            }
        },
    );
}

#[test]
fn stop_rolls_back_as_it_is_told_or_as_it_is_configured() {
    transcript(
        "stop_with_and_without_rollback",
        "Stop rolls back as it is told, else as it is configured, and tells when there is nothing to stop.",
        || Site::start(&GATED),
        |play| {
            play.stage.configure("deployment:\n  rollback_on: [failure, stop]\n");
            play.run(&["stop"], 1);
            play.run(&["stop", "--rollback", "--no-rollback"], 2);
            play.run(&["deploy", "--until", "gate"], 0);
            let first = newest(play);
            play.run(&["stop", &first, "--no-rollback"], 13);
            play.run(&["stop", &first], 1);
            play.run(&["deploy", "--until", "gate"], 0);
            play.run(&["stop"], 13);
            play.run(&["stop"], 1);
            assert_eq!(play.stage.deployments().len(), 3, "two were stopped, and one of them was rolled back");
        },
    );
}

#[test]
fn a_stop_in_the_canary_gives_production_back() {
    transcript(
        "stop_in_the_canary",
        "A stop with rollback in a canary says how much production traffic the new version had, and gives it back.",
        || {
            Site::start(&Plan {
                config: "CodeDeployDefault.ECSCanary10Percent15Minutes",
                pace: "30",
                ready_wait: None,
                ..GATED
            })
        },
        |play| {
            let deploying = play.start(&["deploy"]);
            deploying.until(play.form, "] 10 %", r#""replacement_percent":10.0"#);
            play.run(&["stop", "--rollback"], 13);
            assert_eq!(production(play), ["1"; 20]);
            play.end(deploying, 13);
        },
    );
}

#[test]
fn continue_ends_the_wait_that_the_deployment_is_in() {
    transcript(
        "continue_both_waits",
        "Continue ends the wait for a person, and then the one before the original task set ends.",
        || Site::start(&GATED),
        |play| {
            play.run(&["continue"], 1);
            play.run(&["deploy", "--until", "gate"], 0);
            let id = newest(play);
            play.remark("too early");
            play.run(&["continue", &id, "--wait", "termination"], 1);
            let continued = play.start(&["continue", "--wait", "ready"]);
            continued.until(play.form, "ok   AfterAllowTraffic", SHIFTED);
            play.run(&["continue", &id], 0);
            play.end(continued, 0);
            play.run(&["continue", &id, "--wait", "ready"], 1);
        },
    );
}

#[test]
fn continue_where_nobody_waits_says_so() {
    transcript(
        "continue_no_wait",
        "Continue ends no wait where the deployment is in none.",
        || Site::start(&GATED),
        |play| {
            play.remark("a replacement that never starts");
            let deploying = play.start(&["deploy", "--image", "web=shop:none"]);
            deploying.until(play.form, "  >>   Install", r#""event":"Install","status":"InProgress""#);
            play.run(&["continue"], 1);
        },
    );
}

#[test]
fn when_nobody_continues_the_deployment_is_stopped() {
    transcript(
        "continue_nobody",
        "A wait for a person to whom nobody comes stops the deployment.",
        || Site::start(&Plan { ready_wait: Some("5m"), rollback_on: &["failure"], ..GATED }),
        |play| {
            play.run(&["deploy"], 13);
        },
    );
}
