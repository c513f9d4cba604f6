//! Golden transcripts: what a person does by hand: reports for a hook, and cleans up what the tutorial made.

mod support {
    pub(crate) mod deploy_site;
    pub(crate) mod scenario;
    pub(crate) mod scene;
    pub(crate) mod stand_in;
    pub(crate) mod transcript;
}

use std::process::Command;

use serde_json::{Value, json};
use support::scenario::{Function, Scenario};
use support::scene::Scene;
use support::transcript::{Play, Stage as _, transcript};

/// The termination wait of a minute lasts a second, and CodeDeploy's hour one minute: longer than any story.
const PACE: [&str; 2] = ["--pace", "60"];

/// A deployment's hook asks for an approval, so that it waits for whoever answers it.
fn gated(ready_wait: &str) -> Scene {
    let function = Function::after_allow_test_traffic().plan("gated.yaml").set("WITHIN", "50m");
    Scene::start(Scenario::write(&function).set("ready_wait", &json!(ready_wait)), &PACE)
}

/// The id that the waiting hook was sent, from its log; folded from here on.
fn execution(play: &mut Play<Scene>, name: &str) -> String {
    let body = r#"{"logGroupName": "/aws/lambda/CodeDeployHook_AfterAllowTestTraffic"}"#;
    let output = Command::new("curl")
        .args(["-sf", play.stage.stand_in.text("endpoint"), "-H", "x-amz-target: Logs_20140328.FilterLogEvents"])
        .args(["-d", body])
        .output()
        .expect("curl can be started");
    let answer: Value = serde_json::from_slice(&output.stdout).expect("an answer is JSON");
    let events = answer["events"].as_array().expect("there are events").iter().rev();
    let mut lines = events.filter_map(|event| serde_json::from_str::<Value>(event["message"].as_str()?).ok());
    let id = lines.find_map(|line| line["evidence"]["gate"]["execution_id"].as_str().map(str::to_owned));
    let id = id.expect("the hook left its evidence");
    play.vary(&id, name);
    id
}

#[test]
fn a_report_by_hand_says_where_the_deployment_is_counts_once_and_decides() {
    transcript(
        "report_hook_by_hand",
        "A report by hand says where the deployment is, asks, counts once, and decides how the deployment goes on.",
        || gated("20h"),
        |play| {
            // Where among them the hook's evidence is told depends on when it is found.
            play.without_events();
            let deploying = play.start(&["deploy"]);
            deploying.until(play.form, "waiting for approval", r#""type":"gate""#);
            let id = &deployment(play);
            let execution_id = &execution(play, "<execution id>");
            play.run(&["report-hook", id, "eyJlbmNyeXB0", "failed", "--yes"], 2);
            play.run(&["report-hook", "d-NOTHERE00", execution_id, "failed", "--yes"], 2);
            play.run(&["report-hook", id, execution_id, "failed"], 2);
            play.run(&["report-hook", id, execution_id, "failed", "--yes"], 0);
            play.end(deploying, 11);
            play.run(&["report-hook", id, execution_id, "succeeded", "--yes"], 1);

            let deploying = play.start(&["deploy"]);
            deploying.until(play.form, "waiting for approval", r#""type":"gate""#);
            let id = &deployment(play);
            let execution_id = &execution(play, "<another execution id>");
            play.run(&["report-hook", id, execution_id, "succeeded", "--yes"], 0);
            deploying.until_gate(play.form);
            play.run(&["report-hook", id, execution_id, "failed", "--yes"], 1);
            play.run(&["continue"], 0);
            play.end(deploying, 0);
        },
    );
}

/// The deployment that is active.
fn deployment(play: &Play<Scene>) -> String {
    let output = play.stage.command().args(["history", "--limit", "1", "--output", "json"]).output();
    let output = output.expect("greenlight can be started").stdout;
    let text = String::from_utf8_lossy(&output).into_owned();
    let entry: Value = serde_json::from_str(text.lines().next().expect("there is one")).expect("a line is JSON");
    entry["deployment_id"].as_str().expect("a deployment has an id").to_owned()
}

#[test]
fn clean_up_deletes_what_it_listed_in_order_and_a_second_time_finds_nothing() {
    transcript(
        "clean_up",
        "clean-up refuses while a deployment is active, lists what it would delete, deletes it in that order when it is told to, and a second time finds nothing.",
        || gated("0s"),
        |play| {
            // Where among them the hook's evidence is told depends on when it is found.
            play.without_events();
            let deploying = play.start(&["deploy"]);
            deploying.until(play.form, "waiting for approval", r#""type":"gate""#);
            play.run(&["clean-up", "--yes"], 16);
            play.run(&["approve", "--by", "ana", "--yes"], 0);
            play.end(deploying, 0);
            play.run(&["clean-up"], 2);
            play.run(&["clean-up", "--yes"], 0);
            play.run(&["clean-up", "--yes"], 0);
            play.run(&["deploy"], 2);
        },
    );
}
