//! What comes between: stops, late reports, waits for a person, tasks that die, groups without a test listener.

use std::time::Duration;

use serde_json::json;

use super::World;
use super::simulation::{Hook, Simulation};

fn shifted(percent: u32) -> impl Fn(&World) -> bool {
    let wanted = format!("production: shop-b {percent}, shop-a {}", 100 - percent);
    move |world| !world.journal.entries().iter().any(|entry| entry.detail == wanted)
}

#[test]
fn a_stop_in_the_middle_of_a_shift_goes_back_to_the_original() {
    let mut simulation = Simulation::demo(&[]);
    let original = simulation.world.ecs.primary().unwrap().id.clone();
    let id = simulation
        .create(json!({"deploymentConfigName": "CodeDeployDefault.ECSLinear10PercentEvery1Minutes"}))
        .unwrap();
    simulation.run_while(shifted(30));
    let answer = simulation.codedeploy("StopDeployment", json!({"deploymentId": id})).unwrap();
    assert_eq!(answer["status"], "Succeeded");
    let stopped = simulation.info(&id);
    assert_eq!((&stopped["status"], &stopped["errorInformation"]["code"]), (&json!("Stopped"), &json!("MANUAL_STOP")));
    assert_eq!(simulation.world.elb.listeners[0].summary(), "shop-b 0, shop-a 100", "near-simultaneous with Stopped");
    simulation.run_to_the_end();
    insta::assert_snapshot!(simulation.transcript(
        "A stop at thirty percent: production is back on the original at once, then the replacement goes."
    ));
    assert_eq!(simulation.world.ecs.primary().unwrap().id, original);
    assert_eq!(simulation.world.ecs.task_sets.len(), 1);
}

#[test]
fn a_failure_after_the_shift_makes_the_original_primary_again() {
    let mut simulation = Simulation::demo(&[("AfterAllowTraffic", Hook::Reports("Failed"))]);
    let original = simulation.world.ecs.primary().unwrap().id.clone();
    let id = simulation.create(json!({})).unwrap();
    simulation.run_while(|world| world.codedeploy.active().is_some());
    simulation.run_to_the_end();
    assert_eq!(simulation.info(&id)["status"], "Failed");
    assert_eq!(simulation.world.ecs.primary().unwrap().id, original);
    assert_eq!(simulation.world.elb.listeners[0].summary(), "shop-b 0, shop-a 100");
    assert!(
        simulation.create(json!({})).is_ok(),
        "the group is free, and its listeners are as a deployment needs them"
    );
    simulation.run_for(Duration::from_secs(60));
    assert_eq!(simulation.world.codedeploy.active().unwrap().status.name(), "InProgress");
}

#[test]
fn a_report_after_the_stop_is_too_late() {
    let mut simulation = Simulation::demo(&[("AfterAllowTestTraffic", Hook::Silent)]);
    let id = simulation.create(json!({})).unwrap();
    simulation.run_for(Duration::from_secs(60));
    let execution = simulation.invoked[0].1["LifecycleEventHookExecutionId"].clone();
    simulation.codedeploy("StopDeployment", json!({"deploymentId": id, "autoRollbackEnabled": false})).unwrap();
    let report = json!({"deploymentId": id, "lifecycleEventHookExecutionId": execution, "status": "Succeeded"});
    let refusal = simulation.codedeploy("PutLifecycleEventHookExecutionStatus", report).unwrap_err();
    assert_eq!(refusal.code, "LifecycleEventAlreadyCompletedException");
    assert_eq!(simulation.info(&id).get("rollbackInfo"), None, "the stop said not to");
}

#[test]
fn facts_2_a_ready_wait_shows_ready_and_goes_on_when_told() {
    let mut simulation = Simulation::of(None, &[], |scenario| scenario.ready_wait = Some(Duration::from_secs(600)));
    let id = simulation.create(json!({})).unwrap();
    simulation.run_for(Duration::from_secs(120));
    let info = simulation.info(&id);
    assert_eq!(info["status"], "Ready");
    assert_eq!(
        info["blueGreenDeploymentConfiguration"]["deploymentReadyOption"],
        json!({"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 10})
    );
    let rows = simulation.rows(&id);
    assert_eq!(
        (rows[4].1.as_str(), rows[5].1.as_str()),
        ("Succeeded", "Pending"),
        "after the test traffic, before production"
    );
    assert_eq!(simulation.world.elb.listeners[0].summary(), "shop-b 0, shop-a 100");
    simulation.codedeploy("ContinueDeployment", json!({"deploymentId": id})).unwrap();
    simulation.run_to_the_end();
    assert_eq!(simulation.info(&id)["status"], "Succeeded");
}

#[test]
fn facts_2_without_a_test_listener_there_are_six_rows_and_its_hook_is_ignored() {
    let hooks = [("AfterAllowTestTraffic", Hook::Reports("Failed"))];
    let mut simulation = Simulation::of(None, &hooks, |scenario| scenario.test_listener = false);
    let id = simulation.create(json!({})).unwrap();
    simulation.run_to_the_end();
    assert_eq!(simulation.info(&id)["status"], "Succeeded");
    assert_eq!(simulation.rows(&id).len(), 6);
    assert!(simulation.invoked.is_empty());
    let pair = simulation.info(&id)["loadBalancerInfo"]["targetGroupPairInfoList"][0].clone();
    assert_eq!(pair.get("testTrafficRoute"), None);
}

#[test]
fn a_task_that_dies_in_install_holds_it_up_until_it_is_replaced() {
    let mut simulation = Simulation::demo(&[]);
    let id = simulation.create(json!({})).unwrap();
    simulation.run_for(Duration::from_secs(10));
    let replacement = simulation.world.codedeploy.deployments[0].replacement.clone().unwrap();
    let task = simulation.world.ecs.tasks_of(&replacement).next().unwrap().arn.clone();
    let died = crate::effect::Observation::TaskStopped { task, exit_code: Some(1), reason: "exited".into() };
    simulation.world.observe(died, simulation.now);
    simulation.run_for(Duration::from_secs(16));
    assert_eq!(simulation.rows(&id)[1].1, "InProgress", "one of two is not steady");
    simulation.run_to_the_end();
    assert_eq!(simulation.info(&id)["status"], "Succeeded");
}

#[test]
fn overrides_belong_to_one_deployment() {
    let mut simulation = Simulation::demo(&[("BeforeAllowTraffic", Hook::Reports("Failed"))]);
    let more = json!({"description": "a try", "deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce",
        "autoRollbackConfiguration": {"enabled": false, "events": []},
        "overrideAlarmConfiguration": {"enabled": false, "alarms": []}});
    let id = simulation.create(more).unwrap();
    simulation.run_to_the_end();
    let info = simulation.info(&id);
    assert_eq!(
        (&info["description"], &info["deploymentConfigName"]),
        (&json!("a try"), &json!("CodeDeployDefault.ECSAllAtOnce"))
    );
    assert_eq!(info["autoRollbackConfiguration"], json!({"enabled": false, "events": []}));
    assert_eq!(info["overrideAlarmConfiguration"]["enabled"], false);
    assert_eq!((&info["status"], info.get("rollbackInfo")), (&json!("Failed"), None));
    for (more, code) in [
        (json!({"description": "x".repeat(257)}), "DescriptionTooLongException"),
        (json!({"deploymentConfigName": "none"}), "DeploymentConfigDoesNotExistException"),
        (json!({"autoRollbackConfiguration": {"enabled": true, "events": []}}), "InvalidAutoRollbackConfigException"),
        (json!({"revision": {"revisionType": "S3", "s3Location": {}}}), "InvalidRevisionException"),
    ] {
        assert_eq!(simulation.create(more).unwrap_err().code, code);
    }
}
