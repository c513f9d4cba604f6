//! What CodeDeploy answers, against what was seen of AWS: member names, forms, absences, refusals.

use std::time::Duration;

use serde_json::{Value, json};

use super::simulation::{Hook, Simulation};
use crate::refusal::Refusal;

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn running(simulation: &mut Simulation) -> String {
    let id = simulation.create(json!({})).unwrap();
    simulation.run_for(Duration::from_secs(60));
    id
}

#[test]
fn facts_1_a_running_deployment_has_the_seen_members_and_no_others() {
    let mut simulation = Simulation::demo(&[]);
    let id = running(&mut simulation);
    let info = simulation.info(&id);
    assert_eq!(
        keys(&info),
        [
            "applicationName",
            "deploymentGroupName",
            "deploymentConfigName",
            "deploymentId",
            "revision",
            "status",
            "createTime",
            "startTime",
            "creator",
            "ignoreApplicationStopFailures",
            "autoRollbackConfiguration",
            "updateOutdatedInstancesOnly",
            "deploymentStyle",
            "instanceTerminationWaitTimeStarted",
            "blueGreenDeploymentConfiguration",
            "loadBalancerInfo",
            "fileExistsBehavior",
            "deploymentStatusMessages",
            "computePlatform"
        ]
    );
    assert_eq!(info["status"], "InProgress");
    assert_eq!(info["creator"], "user");
    assert_eq!(
        info["deploymentStyle"],
        json!({"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"})
    );
    assert_eq!(
        info["blueGreenDeploymentConfiguration"],
        json!({
        "terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE", "terminationWaitTimeInMinutes": 5},
        "deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT", "waitTimeInMinutes": 0}})
    );
    let pair = &info["loadBalancerInfo"]["targetGroupPairInfoList"][0];
    assert_eq!(keys(pair), ["targetGroups", "prodTrafficRoute", "testTrafficRoute"]);
    assert!(info["createTime"].is_f64());
}

#[test]
fn facts_1_the_appspec_is_answered_by_get_application_revision_only() {
    let mut simulation = Simulation::demo(&[]);
    let id = running(&mut simulation);
    let revision = simulation.info(&id)["revision"].clone();
    assert_eq!(keys(&revision["appSpecContent"]), ["sha256"]);
    let asked = json!({"applicationName": "ecs-demo-codedeploy-app", "revision": revision});
    let answer = simulation.codedeploy("GetApplicationRevision", asked).unwrap();
    assert_eq!(answer["revision"]["appSpecContent"]["content"], simulation.appspec().to_string());
}

#[test]
fn facts_1_status_overview_and_times_over_a_deployment() {
    let mut simulation = Simulation::demo(&[]);
    let id = simulation.create(json!({})).unwrap();
    let created = simulation.info(&id);
    assert_eq!((created["status"].as_str(), created.get("startTime")), (Some("Created"), None));
    simulation.run_while(|world| !world.codedeploy.deployments[0].terminating);
    let waiting = simulation.info(&id);
    assert_eq!(
        (waiting["status"].as_str(), waiting["instanceTerminationWaitTimeStarted"].as_bool()),
        (Some("InProgress"), Some(true))
    );
    assert_eq!(waiting.get("deploymentOverview"), None, "absent while it runs");
    assert_eq!(simulation.target(&id)["ecsTarget"]["status"], "Succeeded", "the target finishes before the deployment");
    simulation.run_to_the_end();
    let done = simulation.info(&id);
    assert_eq!(done["status"], "Succeeded");
    assert_eq!(
        done["deploymentOverview"],
        json!({"Pending": 0, "InProgress": 0, "Succeeded": 1, "Failed": 0, "Skipped": 0, "Ready": 0})
    );
    let wait = done["completeTime"].as_f64().unwrap() - waiting["createTime"].as_f64().unwrap();
    assert!(wait > 600.0, "completeTime is after the termination wait: {wait}");
}

#[test]
fn facts_1_a_target_has_the_wire_names_of_the_model() {
    let mut simulation = Simulation::demo(&[]);
    let id = running(&mut simulation);
    let target = simulation.target(&id);
    assert_eq!(keys(&target), ["deploymentTargetType", "ecsTarget"]);
    let ecs = &target["ecsTarget"];
    assert_eq!(
        keys(ecs),
        ["deploymentId", "targetId", "targetArn", "lastUpdatedAt", "lifecycleEvents", "status", "taskSetsInfo"]
    );
    assert_eq!(ecs["targetId"], "greenlight-demo:shop");
    let sets = ecs["taskSetsInfo"].as_array().unwrap();
    assert_eq!(
        keys(&sets[0]),
        [
            "identifer",
            "desiredCount",
            "pendingCount",
            "runningCount",
            "status",
            "trafficWeight",
            "targetGroup",
            "taskSetLabel"
        ]
    );
    let brief: Vec<_> =
        sets.iter().map(|set| (&set["taskSetLabel"], &set["trafficWeight"], &set["targetGroup"]["name"])).collect();
    assert_eq!(json!(brief), json!([["Blue", 90.0, "shop-a"], ["Green", 10.0, "shop-b"]]));
    let events = ecs["lifecycleEvents"].as_array().unwrap();
    assert_eq!(
        keys(&events[0]),
        ["lifecycleEventName", "startTime", "endTime", "status"],
        "no diagnostics where nothing failed"
    );
    assert_eq!(keys(&events[6]), ["lifecycleEventName", "startTime", "status"], "a running event has its start only");
    assert_eq!(keys(&events[7]), ["lifecycleEventName", "status"], "a pending event has neither");
    let listed = simulation.codedeploy("ListDeploymentTargets", json!({"deploymentId": id})).unwrap();
    assert_eq!(listed, json!({"targetIds": ["greenlight-demo:shop"]}));
}

#[test]
fn facts_1_the_group_shows_what_was_seen() {
    let mut simulation = Simulation::demo(&[]);
    let ask = json!({"applicationName": "ecs-demo-codedeploy-app", "deploymentGroupName": "ecs-demo-dg"});
    let before = simulation.codedeploy("GetDeploymentGroup", ask.clone()).unwrap()["deploymentGroupInfo"].clone();
    assert_eq!(before["computePlatform"], "ECS");
    assert_eq!(before["ecsServices"], json!([{"serviceName": "shop", "clusterName": "greenlight-demo"}]));
    assert_eq!(before["outdatedInstancesStrategy"], "UPDATE");
    assert_eq!(
        before["blueGreenDeploymentConfiguration"]["deploymentReadyOption"]["waitTimeInMinutes"], 0,
        "filled in by the server"
    );
    assert!(before.get("targetRevision").is_none() && before.get("lastAttemptedDeployment").is_none());
    let id = simulation.create(json!({})).unwrap();
    simulation.run_to_the_end();
    let after = simulation.codedeploy("GetDeploymentGroup", ask).unwrap()["deploymentGroupInfo"].clone();
    assert_eq!(after["lastSuccessfulDeployment"]["deploymentId"], id.as_str());
    assert_eq!(keys(&after["targetRevision"]["appSpecContent"]), ["sha256"]);
}

#[test]
fn facts_10_a_predefined_configuration_reads_as_it_was_seen() {
    let mut simulation = Simulation::demo(&[]);
    let name = "CodeDeployDefault.ECSLinear10PercentEvery1Minutes";
    let answer = simulation.codedeploy("GetDeploymentConfig", json!({"deploymentConfigName": name})).unwrap();
    assert_eq!(
        answer["deploymentConfigInfo"],
        json!({"deploymentConfigId": "00000000-0000-0000-0000-000000000015",
        "deploymentConfigName": name, "computePlatform": "ECS",
        "trafficRoutingConfig": {"type": "TimeBasedLinear", "timeBasedLinear": {"linearPercentage": 10, "linearInterval": 1}}})
    );
    let custom = json!({"deploymentConfigName": "slow", "computePlatform": "ECS", "trafficRoutingConfig":
        {"type": "TimeBasedCanary", "timeBasedCanary": {"canaryPercentage": 5, "canaryInterval": 30}}});
    simulation.codedeploy("CreateDeploymentConfig", custom).unwrap();
    assert!(simulation.create(json!({"deploymentConfigName": "slow"})).is_ok());
}

#[test]
fn facts_8_refusals_have_the_common_texts() {
    let mut simulation = Simulation::demo(&[]);
    let mut refused = |operation: &str, body: Value| {
        let Refusal { code, message, .. } = simulation.codedeploy(operation, body).unwrap_err();
        (code, message)
    };
    let group = json!({"applicationName": "ecs-demo-codedeploy-app", "deploymentGroupName": "x"});
    assert_eq!(
        refused("GetDeploymentGroup", group),
        ("DeploymentGroupDoesNotExistException", "No Deployment Group found for name: x".into())
    );
    assert_eq!(
        refused("GetApplication", json!({"applicationName": "x"})),
        ("ApplicationDoesNotExistException", "No application found for name: x".into())
    );
    let without = json!({"applicationName": "ecs-demo-codedeploy-app", "deploymentGroupName": "ecs-demo-dg"});
    assert_eq!(
        refused("CreateDeployment", without),
        ("RevisionRequiredException", "RevisionLocation must be specified".into())
    );
    let (code, message) = refused("RegisterOnPremisesInstance", json!({}));
    assert_eq!(code, "UnknownOperationException");
    assert!(
        message.contains("rehearsal does not implement RegisterOnPremisesInstance")
            && message.contains("CreateDeployment"),
        "{message}"
    );
}

#[test]
fn a_wrong_sha256_is_refused_and_a_right_one_is_taken() {
    let mut simulation = Simulation::demo(&[]);
    let revision = |content: &str, sha: &str| json!({"revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": content, "sha256": sha}}});
    assert_eq!(simulation.create(revision("x", &"0".repeat(64))).unwrap_err().code, "InvalidRevisionException");
    let sha =
        crate::codedeploy::deployment::Revision::new(crate::codedeploy::deployment::RevisionForm::Text, "{".into())
            .sha256;
    let id = simulation.create(revision("{", &sha)).unwrap();
    simulation.run_to_the_end();
    let error = simulation.info(&id)["errorInformation"].clone();
    assert_eq!(
        error,
        json!({"code": "INVALID_REVISION", "message": "The deployment failed because the AppSpec file that specifies the deployment configuration is missing or has an invalid configuration. The input AppSpec file is a not well-formed yaml. The template cannot be parsed."})
    );
}

#[test]
fn facts_2_ecs_refuses_a_wrong_task_definition_in_install() {
    let mut simulation = Simulation::demo(&[]);
    let content = simulation.appspec().to_string().replace("shop:2", "shop:latest");
    let id = simulation
        .create(json!({"revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": content}}}))
        .unwrap();
    simulation.run_to_the_end();
    let error = simulation.info(&id)["errorInformation"].clone();
    assert_eq!(error["code"], "ECS_UPDATE_ERROR");
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with("The ECS service cannot be updated due to an unexpected error: Invalid revision number. Number: latest (Service: AmazonECS; Status Code: 400; Error Code: InvalidParameterException; Request ID: "), "{message}");
    assert!(message.ends_with("; Proxy: null). Check your ECS service status"), "{message}");
}

#[test]
fn facts_3_a_hook_gets_exactly_two_keys_and_reports_once() {
    let mut simulation = Simulation::demo(&[("AfterAllowTestTraffic", Hook::Reports("Succeeded"))]);
    let id = running(&mut simulation);
    let (function, payload) = simulation.invoked[0].clone();
    assert_eq!(function, "CodeDeployHook_AfterAllowTestTraffic");
    assert_eq!(keys(&payload), ["DeploymentId", "LifecycleEventHookExecutionId"]);
    assert_eq!(payload["DeploymentId"], id.as_str());
    let execution = payload["LifecycleEventHookExecutionId"].as_str().unwrap();
    let mut report = |execution: &str, status: &str| {
        let body = json!({"deploymentId": id, "lifecycleEventHookExecutionId": execution, "status": status});
        simulation.codedeploy("PutLifecycleEventHookExecutionStatus", body).unwrap_err().code
    };
    assert_eq!(report(execution, "Succeeded"), "LifecycleEventAlreadyCompletedException");
    assert_eq!(report("foreign", "Succeeded"), "InvalidLifecycleEventHookExecutionIdException");
    assert_eq!(report(execution, "InProgress"), "InvalidLifecycleEventHookExecutionStatusException");
}

#[test]
fn facts_2_stop_and_continue_know_when_it_is_too_late() {
    let mut simulation = Simulation::demo(&[]);
    let id = running(&mut simulation);
    let proceed = |simulation: &mut Simulation, kind: &str| {
        simulation.codedeploy("ContinueDeployment", json!({"deploymentId": id, "deploymentWaitType": kind}))
    };
    let refusal = proceed(&mut simulation, "READY_WAIT").unwrap_err();
    assert_eq!(refusal.code, "DeploymentIsNotInReadyStateException");
    assert_eq!(refusal.message, "The deployment does not have a status of Ready and can't continue yet.");
    simulation.run_while(|world| !world.codedeploy.deployments[0].terminating);
    assert_eq!(proceed(&mut simulation, "TERMINATION_WAIT").unwrap(), Value::Null, "an empty body");
    assert_eq!(simulation.info(&id)["status"], "Succeeded");
    let refusal = simulation.codedeploy("StopDeployment", json!({"deploymentId": id})).unwrap_err();
    assert_eq!(refusal.code, "DeploymentAlreadyCompletedException");
}

#[test]
fn switches_show_the_other_answer() {
    let mut simulation = Simulation::of(None, &[("BeforeAllowTraffic", Hook::Reports("Failed"))], |scenario| {
        scenario.switches.baking = true;
        scenario.switches.targets_not_started = true;
        scenario.switches.rollback_invokes_hooks = true;
    });
    let id = simulation.create(json!({})).unwrap();
    let refusal = simulation.codedeploy("ListDeploymentTargets", json!({"deploymentId": id})).unwrap_err();
    assert_eq!(refusal.code, "DeploymentNotStartedException");
    simulation.run_to_the_end();
    assert_eq!(simulation.invoked.len(), 2, "the rollback invokes the hook too");
    simulation.hooks.clear();
    simulation.world.functions.clear();
    let appspec = json!({"Resources": simulation.appspec()["Resources"]}).to_string();
    simulation.create(json!({"revision": {"revisionType": "String", "string": {"content": appspec}}})).unwrap();
    simulation.run_while(|world| !world.codedeploy.deployments.last().unwrap().terminating);
    let id = simulation.world.codedeploy.deployments.last().unwrap().id.clone();
    assert_eq!(simulation.info(&id)["status"], "Baking");
}
