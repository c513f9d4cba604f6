//! Whole deployments in simulated time: golden transcripts of the journal, and claims about what a deployment leaves behind.

use std::time::Duration;

use serde_json::json;

use super::simulation::{Hook, Simulation};
use crate::scenario::GreenFails;

const BOTH: [(&str, Hook); 2] =
    [("AfterAllowTestTraffic", Hook::Reports("Succeeded")), ("BeforeAllowTraffic", Hook::Reports("Succeeded"))];

fn statuses(simulation: &mut Simulation, id: &str) -> String {
    let rows = simulation.rows(id);
    rows.iter().map(|(name, status)| format!("{name} {status}")).collect::<Vec<_>>().join(", ")
}

#[test]
fn a_canary_with_both_hooks() {
    let mut simulation = Simulation::demo(&BOTH);
    simulation.create(json!({})).unwrap();
    simulation.run_to_the_end();
    insta::assert_snapshot!(simulation.transcript(
        "A canary with both hooks: ten percent first, the rest after five minutes, the original kept for five more."
    ));
}

#[test]
fn a_linear_shift() {
    let mut simulation = Simulation::demo(&[]);
    simulation.create(json!({"deploymentConfigName": "CodeDeployDefault.ECSLinear10PercentEvery1Minutes"})).unwrap();
    simulation.run_to_the_end();
    insta::assert_snapshot!(simulation.transcript("A linear shift: ten percent at once, ten more each minute."));
}

#[test]
fn a_failed_hook() {
    let mut simulation = Simulation::demo(&[("AfterAllowTestTraffic", Hook::Reports("Failed"))]);
    simulation.create(json!({})).unwrap();
    simulation.run_to_the_end();
    insta::assert_snapshot!(simulation.transcript(
        "A hook that reports Failed: no production request reaches the replacement, and a rollback of its own ends it."
    ));
}

#[test]
fn a_silent_hook() {
    let mut simulation = Simulation::demo(&[("BeforeAllowTraffic", Hook::Silent)]);
    simulation.create(json!({})).unwrap();
    simulation.run_to_the_end();
    insta::assert_snapshot!(simulation.transcript("A hook that never reports fails the deployment after one hour."));
}

#[test]
fn a_hook_that_does_not_exist() {
    let mut simulation = Simulation::demo(&BOTH);
    simulation.world.functions.clear();
    simulation.create(json!({})).unwrap();
    simulation.run_to_the_end();
    insta::assert_snapshot!(simulation.transcript("A hook function that does not exist fails its event at once."));
}

#[test]
fn a_replacement_that_is_never_steady() {
    let mut simulation = Simulation::of(Some(GreenFails::NeverReady), &[], |_| {});
    let id = simulation.create(json!({})).unwrap();
    simulation.run_to_the_end();
    let info = simulation.info(&id);
    assert_eq!(info["errorInformation"]["code"], "TIMEOUT");
    let message = "The deployment timed out while waiting for the replacement task set to become healthy. This time out period is 60 minutes.";
    assert_eq!(info["errorInformation"]["message"], message);
    assert!(statuses(&mut simulation, &id).contains("BeforeInstall Succeeded, Install Failed, AfterInstall Skipped"));
    let seconds = info["completeTime"].as_f64().unwrap() - info["startTime"].as_f64().unwrap();
    assert!((3600.0..3602.0).contains(&seconds), "{seconds}");
    assert_eq!(simulation.world.ecs.task_sets.len(), 1, "the rollback has drained the replacement");
}

#[test]
fn facts_2_the_rollback_is_a_deployment_of_its_own() {
    let mut simulation = Simulation::demo(&[("AfterAllowTestTraffic", Hook::Reports("Failed"))]);
    let original = simulation.world.ecs.primary().unwrap().id.clone();
    let id = simulation.create(json!({})).unwrap();
    simulation.run_to_the_end();
    let failed = simulation.info(&id);
    let rollback = failed["rollbackInfo"]["rollbackDeploymentId"].as_str().unwrap().to_owned();
    assert_eq!(failed["status"], "Failed");
    assert_eq!(
        failed["errorInformation"],
        json!({"code": "HOOK_EXECUTION_FAILURE",
        "message": "The deployment failed because one or more of the lifecycle event validation functions failed."})
    );
    let message =
        format!("Deployment {id} terminated. Automatic rollback is triggered with a DeploymentId {rollback}.");
    assert_eq!(failed["rollbackInfo"], json!({"rollbackDeploymentId": rollback, "rollbackMessage": message}));
    assert_eq!(failed["deploymentOverview"]["Failed"], 1);

    let back = simulation.info(&rollback);
    assert_eq!(back["status"], "Succeeded");
    assert_eq!(back["creator"], "codeDeployRollback");
    assert_eq!(back["deploymentConfigName"], "CodeDeployDefault.ECSAllAtOnce", "whatever the group's is");
    let message = format!("Deployment {rollback} is triggered to roll back deployment {id}.");
    assert_eq!(back["rollbackInfo"], json!({"rollbackTriggeringDeploymentId": id, "rollbackMessage": message}));
    assert!(simulation.rows(&rollback).iter().all(|(_, status)| status == "Succeeded"));
    assert_eq!(simulation.rows(&rollback).len(), 8, "the same rows");
    assert_eq!(simulation.invoked.len(), 1, "a rollback invokes no hook");

    let primary = simulation.world.ecs.primary().unwrap();
    assert_eq!(primary.id, original, "the original stays PRIMARY");
    let group = primary.target_group.clone();
    for listener in &simulation.world.elb.listeners {
        assert!((listener.percent(&group) - 100.0).abs() < f64::EPSILON, "{}", listener.summary());
    }
    assert_eq!(simulation.world.ecs.task_sets.len(), 1);
}

#[test]
fn facts_2_without_rollback_everything_stays_as_it_was_at_the_failure() {
    let mut simulation = Simulation::of(None, &[("AfterAllowTraffic", Hook::Reports("Failed"))], |scenario| {
        scenario.rollback_on.clear();
    });
    let id = simulation.create(json!({})).unwrap();
    simulation.run_to_the_end();
    let info = simulation.info(&id);
    assert_eq!((info["status"].as_str(), info.get("rollbackInfo")), (Some("Failed"), None));
    assert_eq!(simulation.world.elb.listeners[0].summary(), "shop-b 100, shop-a 0");
    assert_eq!(simulation.world.ecs.task_sets.len(), 2);
}

#[test]
fn facts_2_the_pre_check_refuses_listeners_that_do_not_serve_the_primary() {
    let mut simulation = Simulation::of(None, &[], |scenario| scenario.rollback_on.clear());
    let id = simulation.create(json!({})).unwrap();
    simulation.run_while(|world| {
        !world.journal.entries().iter().any(|entry| entry.detail == "production: shop-b 10, shop-a 90")
    });
    simulation.codedeploy("StopDeployment", json!({"deploymentId": id})).unwrap();
    let second = simulation.create(json!({})).unwrap();
    simulation.run_to_the_end();
    let error = simulation.info(&second)["errorInformation"].clone();
    assert_eq!(error["code"], "ELASTIC_LOAD_BALANCING_INVALID");
    assert_eq!(
        error["message"],
        "The ELB could not be updated due to the following error: Green taskset target group cannot have non-zero weight prior to traffic shifting"
    );
    assert!(simulation.rows(&second).iter().all(|(_, status)| status == "Skipped"));
    assert_eq!(simulation.world.ecs.task_sets.len(), 2, "it stops before a task set is created");
}

#[test]
fn facts_7_target_groups_swap_roles_on_every_deployment() {
    let mut simulation = Simulation::demo(&[]);
    for (expected, weights) in [("shop-b", "shop-b 100, shop-a 0"), ("shop-a", "shop-b 0, shop-a 100")] {
        let id = simulation.create(json!({})).unwrap();
        simulation.run_to_the_end();
        assert_eq!(simulation.info(&id)["status"], "Succeeded");
        let primary = simulation.world.ecs.primary().unwrap();
        assert_eq!(crate::names::target_group_name(&primary.target_group), expected);
        assert_eq!(simulation.world.elb.listeners[0].summary(), weights);
        assert_eq!(
            simulation.world.elb.listeners[1].summary(),
            weights,
            "the test listener is left on the new primary"
        );
    }
}

#[test]
fn facts_1_one_deployment_is_active_in_a_group() {
    let mut simulation = Simulation::demo(&[]);
    let first = simulation.create(json!({})).unwrap();
    let refusal = simulation.create(json!({})).unwrap_err();
    assert_eq!(refusal.code, "DeploymentLimitExceededException");
    assert_eq!(
        refusal.message,
        format!("The Deployment Group 'ecs-demo-dg' already has an active Deployment '{first}'")
    );
    simulation.run_to_the_end();
    assert!(simulation.create(json!({})).is_ok());
}

#[test]
fn a_task_that_ends_is_replaced_and_the_service_says_so() {
    let mut simulation = Simulation::demo(&[]);
    let task = simulation.world.ecs.tasks[0].arn.clone();
    let stopped =
        crate::effect::Observation::TaskStopped { task: task.clone(), exit_code: Some(137), reason: "killed".into() };
    simulation.world.observe(stopped, simulation.now);
    assert!(!simulation.world.blue_is_steady());
    simulation.run_for(Duration::from_secs(60));
    assert!(simulation.world.blue_is_steady());
    let described = simulation.ecs("DescribeTasks", json!({"cluster": "greenlight-demo", "tasks": [task]})).unwrap();
    let task = &described["tasks"][0];
    assert_eq!(task["lastStatus"], "STOPPED");
    assert_eq!(task["stoppedReason"], "Essential container in task exited");
    assert_eq!(task["stopCode"], "EssentialContainerExited");
    assert_eq!(task["containers"][0]["exitCode"], 137);
    let events = simulation.world.ecs.service.events.iter().map(|event| event.message.clone()).collect::<Vec<_>>();
    assert!(events[0].ends_with("has reached a steady state."), "{events:?}");
}

#[test]
fn an_image_that_is_not_in_the_scenario_says_what_to_do() {
    let mut simulation = Simulation::of(None, &[], |scenario| {
        scenario.images.remove("greenlight-demo/shop:2");
    });
    simulation.create(json!({})).unwrap();
    simulation.run_for(Duration::from_secs(30));
    let tasks = &simulation.world.ecs.tasks;
    let reason = tasks.iter().find_map(|task| task.stopped_reason.clone()).unwrap();
    assert_eq!(
        reason,
        "CannotPullContainerError: image greenlight-demo/shop:2 is not in the scenario; add it under images"
    );
}

#[test]
fn two_runs_are_equal_to_the_last_character() {
    let run = || {
        let mut simulation = Simulation::demo(&BOTH);
        simulation.create(json!({})).unwrap();
        simulation.run_to_the_end();
        simulation.transcript("")
    };
    assert_eq!(run(), run());
}
