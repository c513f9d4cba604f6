//! Golden transcripts: `greenlight rollback` to what has succeeded, with and without hooks, and what it refuses.

#![allow(clippy::disallowed_methods, reason = "a test bounds its waits by the clock")]

mod support {
    pub(crate) mod deploy_site;
    pub(crate) mod scenario;
    pub(crate) mod scene;
    pub(crate) mod stand_in;
    pub(crate) mod transcript;
}

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::deploy_site::{Plan, Site};
use support::scenario::{Function, Scenario};
use support::scene::Scene;
use support::transcript::{Play, Stage, transcript};

/// All traffic was shifted, for people and for programs.
const SHIFTED: [&str; 2] = ["ok   AfterAllowTraffic", r#""event":"AfterAllowTraffic","status":"Succeeded""#];

/// What has shifted stays active until somebody ends its termination wait.
fn held() -> Site {
    Site::start(&Plan { termination_wait: "20h", rollback_on: &["failure"], pace: "400", ..Plan::default() })
}

/// Ends the termination wait of the newest deployment, and waits for the end.
fn end(play: &Play<'_, Site>) -> String {
    let id = play.stage.deployments().first().expect("there is a deployment").clone();
    play.stage.end_termination_wait(&id);
    let bound = Instant::now() + Duration::from_secs(60);
    while play.stage.deployment(&id)["status"] != "Succeeded" {
        assert!(Instant::now() < bound, "{id} does not succeed");
        std::thread::sleep(Duration::from_millis(20));
    }
    id
}

#[test]
fn what_was_stopped_after_the_shift_is_gone_back_from() {
    transcript(
        "rollback_after_a_stop",
        "Rollback goes back to the last success when asked to with a yes, and not while a deployment is active.",
        held,
        |play| {
            play.run(&["rollback", "--yes"], 2);
            play.run(&["deploy", "--until", "traffic-shifted"], 0);
            end(play);
            play.run(&["rollback"], 0);
            play.run(&["deploy", "--image", "web=shop:1", "--until", "traffic-shifted"], 0);
            play.run(&["rollback", "--yes"], 16);
            play.run(&["stop", "--no-rollback"], 13);
            play.remark("no terminal, and no --yes");
            play.run(&["rollback"], 2);
            assert_eq!(play.stage.deployments().len(), 2, "nothing was created");
            let back = play.start(&["rollback", "--yes"]);
            back.until(play.form, SHIFTED[0], SHIFTED[1]);
            end(play);
            play.end(back, 0);
        },
    );
}

/// Two versions, and a hook.
fn hooked() -> Scene {
    Scene::start(Scenario::write(&Function::after_allow_test_traffic()), &["--pace", "100"])
}

/// The id in the outcome of `deploy --output json`, of a run that no transcript tells.
fn deployed(stage: &Scene, image: &str) -> String {
    let arguments = ["deploy", "--image", image, "--output", "json", "--poll", "150ms"];
    let output = stage.command().args(arguments).output().expect("greenlight can be started");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let last: Value = serde_json::from_str(text.lines().last().expect("there is an outcome")).expect("a line is JSON");
    assert_eq!(last["exit_code"], json!(0), "{text}");
    last["deployment_id"].as_str().expect("a deployment has an id").to_owned()
}

#[test]
fn a_named_success_is_gone_back_to_with_its_hooks_or_without() {
    transcript(
        "rollback_to_a_named_success",
        "Rollback goes back to a named success, with its hooks or for a reason without them, as long as its task definition is there.",
        hooked,
        |play| {
            play.without_evidence();
            let second = deployed(play.stage, "web=shop:2");
            let first = deployed(play.stage, "web=shop:1");
            play.remark("shop:2 was deployed, and then shop:1");
            play.run(&["rollback"], 0);
            play.run(&["rollback", "--skip-hooks"], 2);
            play.run(&["rollback", "--to", "d-NOTHERE00", "--yes"], 2);
            play.run(&["rollback", "--to", &second, "--yes"], 0);
            let skip = ["--skip-hooks", "--reason", "the hook is what is broken", "--yes"];
            play.run(&[&["rollback", "--to", &first][..], &skip].concat(), 0);
            let call = |target: &str, input: &Value| support::deploy_site::call(&play.stage.stand_in, target, input);
            let group = json!({"applicationName": "shop-app", "deploymentGroupName": "shop-dg"});
            let newest = call("CodeDeploy_20141006.ListDeployments", &group)["deployments"][0].clone();
            let newest = call("CodeDeploy_20141006.GetDeployment", &json!({"deploymentId": newest}));
            let about = format!("greenlight rollback to {first}; hooks skipped: {}; shop:2 -> shop:3", skip[2]);
            assert_eq!(newest["deploymentInfo"]["description"], json!(about));
            play.remark("somebody deregisters shop:2");
            let target = "AmazonEC2ContainerServiceV20141113.DeregisterTaskDefinition";
            support::deploy_site::call(&play.stage.stand_in, target, &json!({"taskDefinition": "shop:2"}));
            play.run(&["rollback", "--to", &second, "--yes"], 2);
        },
    );
}
