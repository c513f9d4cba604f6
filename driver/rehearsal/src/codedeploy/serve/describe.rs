//! CodeDeploy's answers about what is: deployments, targets, the group, configurations, revisions.

use serde_json::{Map, Value, json};

use super::{application, group, not_started, strings, text, wanted};
use crate::codedeploy::deployment::{Deployment, Direction, Revision, RevisionForm, Row, Status};
use crate::codedeploy::group::{AutoRollback, Group};
use crate::codedeploy::traffic::{Configuration, Traffic};
use crate::codedeploy::wire::{
    AutoRollbackConfiguration, DeploymentInfo, DeploymentOverview, DeploymentTarget, Diagnostics, EcsTarget,
    ErrorInformation, LifecycleEvent, RevisionLocation, RevisionText, RollbackInfo, TargetGroupName, TaskSetInfo,
};
use crate::ecs::service::{TaskPhase, TaskSetStatus};
use crate::epoch::Epoch;
use crate::names::target_group_name;
use crate::refusal::Refusal;
use crate::world::World;

pub(super) fn deployment_info(world: &World, deployment: &Deployment) -> DeploymentInfo {
    let group = &world.codedeploy.group;
    DeploymentInfo {
        application_name: world.names.application.clone(),
        deployment_group_name: world.names.group.clone(),
        deployment_config_name: deployment.configuration.clone(),
        deployment_id: deployment.id.clone(),
        previous_revision: deployment.previous_revision.as_ref().map(|revision| location(revision, false)),
        revision: location(&deployment.revision, false),
        status: deployment.status.name(),
        error_information: deployment
            .failure
            .as_ref()
            .map(|failure| ErrorInformation { code: failure.code, message: failure.message.clone() }),
        create_time: Epoch(deployment.create_time),
        start_time: deployment.start_time.map(Epoch),
        complete_time: deployment.complete_time.map(Epoch),
        deployment_overview: deployment.status.is_over().then(|| overview(deployment)),
        description: deployment.description.clone(),
        creator: if deployment.is_rollback() { "codeDeployRollback" } else { "user" },
        ignore_application_stop_failures: false,
        auto_rollback_configuration: auto_rollback(&deployment.plan.auto_rollback),
        update_outdated_instances_only: false,
        rollback_info: rollback_info(deployment),
        deployment_style: style(),
        instance_termination_wait_time_started: deployment.terminating,
        blue_green_deployment_configuration: blue_green(group),
        load_balancer_info: load_balancer(group),
        file_exists_behavior: "DISALLOW",
        deployment_status_messages: Vec::new(),
        compute_platform: "ECS",
        override_alarm_configuration: deployment.override_alarms.clone(),
    }
}

/// Counts targets, of which an ECS deployment has one.
fn overview(deployment: &Deployment) -> DeploymentOverview {
    let succeeded = deployment.target_status() == "Succeeded";
    DeploymentOverview { succeeded: u32::from(succeeded), failed: u32::from(!succeeded), ..Default::default() }
}

fn rollback_info(deployment: &Deployment) -> Option<RollbackInfo> {
    let id = &deployment.id;
    match (&deployment.plan.direction, &deployment.rollback) {
        (Direction::Back { of }, _) => Some(RollbackInfo {
            rollback_deployment_id: None,
            rollback_triggering_deployment_id: Some(of.clone()),
            rollback_message: format!("Deployment {id} is triggered to roll back deployment {of}."),
        }),
        (Direction::Forward, Some(rollback)) => Some(RollbackInfo {
            rollback_deployment_id: Some(rollback.clone()),
            rollback_triggering_deployment_id: None,
            rollback_message: format!(
                "Deployment {id} terminated. Automatic rollback is triggered with a DeploymentId {rollback}."
            ),
        }),
        (Direction::Forward, None) => None,
    }
}

/// The text is answered by GetApplicationRevision only.
fn location(revision: &Revision, with_content: bool) -> RevisionLocation {
    let content = with_content.then(|| revision.content.clone());
    let text = Some(RevisionText { content, sha256: Some(revision.sha256.clone()) });
    let (kind, location) = match &revision.form {
        RevisionForm::AppSpecContent => {
            ("AppSpecContent", RevisionLocation { app_spec_content: text, ..RevisionLocation::default() })
        }
        RevisionForm::Text => ("String", RevisionLocation { text, ..RevisionLocation::default() }),
        // Its text is the bucket's to answer.
        RevisionForm::Object(object) => {
            ("S3", RevisionLocation { s3_location: Some(object.clone()), ..RevisionLocation::default() })
        }
    };
    RevisionLocation { revision_type: Some(kind.into()), ..location }
}

fn auto_rollback(given: &AutoRollback) -> AutoRollbackConfiguration {
    let events = given.events.iter().map(|event| event.name().to_owned()).collect();
    AutoRollbackConfiguration { enabled: given.enabled, events }
}

fn style() -> Value {
    json!({"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"})
}

fn blue_green(group: &Group) -> Value {
    let ready = group.ready_wait.map_or(0, |wait| wait.as_secs() / 60);
    let action = if group.ready_wait.is_some() { "STOP_DEPLOYMENT" } else { "CONTINUE_DEPLOYMENT" };
    json!({
        "terminateBlueInstancesOnDeploymentSuccess":
            {"action": "TERMINATE", "terminationWaitTimeInMinutes": group.termination_wait.as_secs() / 60},
        "deploymentReadyOption": {"actionOnTimeout": action, "waitTimeInMinutes": ready},
    })
}

fn load_balancer(group: &Group) -> Value {
    let names = group.target_groups.iter().map(|name| json!({"name": name})).collect::<Vec<_>>();
    let mut pair = json!({"targetGroups": names, "prodTrafficRoute": {"listenerArns": [group.production_listener]}});
    if let Some(test) = &group.test_listener {
        pair["testTrafficRoute"] = json!({"listenerArns": [test]});
    }
    json!({"targetGroupPairInfoList": [pair]})
}

pub(super) fn group_info(world: &World) -> Value {
    let group = &world.codedeploy.group;
    let mut info = json!({
        "applicationName": world.names.application,
        "deploymentGroupId": group.id,
        "deploymentGroupName": world.names.group,
        "deploymentConfigName": group.configuration,
        "ec2TagFilters": [],
        "onPremisesInstanceTagFilters": [],
        "autoScalingGroups": [],
        "serviceRoleArn": crate::ecs::definitions::service_role(),
        "triggerConfigurations": [],
        "autoRollbackConfiguration": auto_rollback(&group.auto_rollback),
        "deploymentStyle": style(),
        "outdatedInstancesStrategy": "UPDATE",
        "blueGreenDeploymentConfiguration": blue_green(group),
        "loadBalancerInfo": load_balancer(group),
        "computePlatform": "ECS",
        "ecsServices": [{"serviceName": world.names.service, "clusterName": world.names.cluster}],
    });
    if !group.alarms.is_empty() {
        let alarms: Vec<_> = group.alarms.iter().map(|name| json!({"name": name})).collect();
        info["alarmConfiguration"] = json!({"enabled": true, "ignorePollAlarmFailure": false, "alarms": alarms});
    }
    if let Some(last) = world.codedeploy.deployments.last() {
        info["lastAttemptedDeployment"] = brief(last);
        info["targetRevision"] = json!(location(&last.revision, false));
    }
    if let Some(last) = world.codedeploy.last_successful() {
        info["lastSuccessfulDeployment"] = brief(last);
    }
    info
}

fn brief(deployment: &Deployment) -> Value {
    let mut brief = json!({"deploymentId": deployment.id, "status": deployment.status.name(), "createTime": Epoch(deployment.create_time)});
    if let Some(end) = deployment.complete_time {
        brief["endTime"] = json!(Epoch(end));
    }
    brief
}

pub(super) fn configuration(name: &str, configuration: &Configuration) -> Value {
    let routing = match configuration.traffic {
        Traffic::AllAtOnce => json!({"type": "AllAtOnce"}),
        Traffic::Canary { percentage, minutes } => json!({"type": "TimeBasedCanary",
            "timeBasedCanary": {"canaryPercentage": percentage, "canaryInterval": minutes}}),
        Traffic::Linear { percentage, minutes } => json!({"type": "TimeBasedLinear",
            "timeBasedLinear": {"linearPercentage": percentage, "linearInterval": minutes}}),
    };
    json!({"deploymentConfigId": configuration.id, "deploymentConfigName": name, "computePlatform": "ECS", "trafficRoutingConfig": routing})
}

pub(super) fn list_deployments(world: &World, body: &Value) -> Result<Value, Refusal> {
    match (text(body, "applicationName"), text(body, "deploymentGroupName")) {
        (Some(_), Some(_)) => group(world, body)?,
        (None, None) => {}
        (Some(_), None) => {
            return Err(Refusal::new("DeploymentGroupNameRequiredException", "deploymentGroupName is missing"));
        }
        (None, Some(_)) => return Err(Refusal::new("ApplicationNameRequiredException", "applicationName is missing")),
    }
    let statuses = strings(body, "includeOnlyStatuses");
    let shown = world.codedeploy.deployments.iter().rev();
    let shown =
        shown.filter(|found| statuses.is_empty() || statuses.iter().any(|status| status == found.status.name()));
    Ok(json!({"deployments": shown.map(|found| &found.id).collect::<Vec<_>>()}))
}

pub(super) fn list_targets(world: &World, body: &Value) -> Result<Value, Refusal> {
    let deployment = super::find(world, body)?;
    refuse_before_start(world, deployment)?;
    let none = Map::new();
    let filter = body["targetFilters"].as_object().unwrap_or(&none);
    let shown = wanted(filter, "TargetStatus", deployment.target_status());
    let ids = if shown { vec![world.names.target_id()] } else { Vec::new() };
    Ok(json!({"targetIds": ids}))
}

pub(super) fn target(world: &World, deployment: &Deployment, id: &str) -> Result<DeploymentTarget, Refusal> {
    refuse_before_start(world, deployment)?;
    if id != world.names.target_id() {
        let message = format!("deployment {} has no target {id}", deployment.id);
        return Err(Refusal::new("DeploymentTargetDoesNotExistException", message));
    }
    let event = |row: &Row| LifecycleEvent {
        lifecycle_event_name: row.event.name(),
        diagnostics: row.failure.as_ref().map(|failure| Diagnostics {
            error_code: failure.diagnostic,
            script_name: deployment.plan.hooks.get(&row.event).cloned().unwrap_or_default(),
            message: failure.message.clone(),
            log_tail: "",
        }),
        start_time: row.start.map(Epoch),
        end_time: row.end.map(Epoch),
        status: row.status.name(),
    };
    let ecs_target = EcsTarget {
        deployment_id: deployment.id.clone(),
        target_id: world.names.target_id(),
        target_arn: world.names.service_arn(),
        last_updated_at: Epoch(deployment.updated),
        lifecycle_events: deployment.rows.iter().map(event).collect(),
        status: deployment.target_status(),
        task_sets_info: task_sets(world, deployment),
    };
    Ok(DeploymentTarget { deployment_target_type: "ECSTarget", ecs_target })
}

fn refuse_before_start(world: &World, deployment: &Deployment) -> Result<(), Refusal> {
    if !not_started(world, deployment) {
        return Ok(());
    }
    let message = format!("deployment {} has not started yet", deployment.id);
    Err(Refusal::new("DeploymentNotStartedException", message))
}

/// `taskSetsInfo`: original and replacement as they are, or drained when they are gone.
pub(crate) fn task_sets(world: &World, deployment: &Deployment) -> Vec<Value> {
    let sets = [(Some(&deployment.original), "Blue"), (deployment.replacement.as_ref(), "Green")];
    let known = sets.into_iter().filter_map(|(id, label)| Some((id?.as_str(), label)));
    known.filter_map(|(id, label)| live(world, id, label).or_else(|| last_seen(deployment, id))).collect()
}

/// A task set that is gone, as the last answer about it could have been.
fn last_seen(deployment: &Deployment, id: &str) -> Option<Value> {
    let mut set = deployment.last_seen.iter().find(|set| set["identifer"] == id)?.clone();
    set["status"] = TaskSetStatus::Draining.name().into();
    set["trafficWeight"] = 0.0.into();
    for count in ["desiredCount", "pendingCount", "runningCount"] {
        set[count] = 0.into();
    }
    Some(set)
}

fn live(world: &World, id: &str, label: &'static str) -> Option<Value> {
    let set = world.ecs.task_set(id)?;
    let count = |phase: TaskPhase| world.ecs.tasks_of(id).filter(|task| task.phase == phase).count();
    let production = world.elb.listener(&world.codedeploy.group.production_listener)?;
    let info = TaskSetInfo {
        identifer: set.id.clone(),
        desired_count: set.desired(world.ecs.service.desired_count),
        pending_count: u32::try_from(count(TaskPhase::Pending)).unwrap_or(u32::MAX),
        running_count: u32::try_from(count(TaskPhase::Running)).unwrap_or(u32::MAX),
        status: set.status.name(),
        traffic_weight: production.percent(&set.target_group),
        target_group: TargetGroupName { name: target_group_name(&set.target_group).to_owned() },
        task_set_label: label,
    };
    Some(json!(info))
}

pub(super) fn application_revision(world: &World, body: &Value) -> Result<Value, Refusal> {
    application(world, body)?;
    let asked = &body["revision"];
    let sha = ["appSpecContent", "string"].iter().find_map(|form| asked[*form]["sha256"].as_str());
    let object = asked["s3Location"].as_object().map(|object| (object.get("bucket"), object.get("key")));
    if sha.is_none() && object.is_none() {
        return Err(Refusal::new("RevisionRequiredException", "RevisionLocation must be specified"));
    }
    let is_meant = |revision: &Revision| match (&revision.form, object) {
        (RevisionForm::Object(known), Some(object)) => (known.get("bucket"), known.get("key")) == object,
        (RevisionForm::AppSpecContent | RevisionForm::Text, _) => Some(revision.sha256.as_str()) == sha,
        (RevisionForm::Object(_), None) => false,
    };
    let uses: Vec<_> = world.codedeploy.deployments.iter().filter(|found| is_meant(&found.revision)).collect();
    let (Some(first), Some(last)) = (uses.first(), uses.last()) else {
        let what = sha.map_or_else(|| asked["s3Location"].to_string(), |sha| format!("the SHA-256 {sha}"));
        return Err(Refusal::new("RevisionDoesNotExistException", format!("no revision has {what}")));
    };
    let succeeded = uses.iter().any(|found| found.status == Status::Succeeded);
    Ok(json!({
        "applicationName": world.names.application,
        "revision": location(&first.revision, true),
        "revisionInfo": {
            "deploymentGroups": if succeeded { vec![&world.names.group] } else { Vec::new() },
            "firstUsedTime": Epoch(first.create_time),
            "lastUsedTime": Epoch(last.create_time),
            "registerTime": Epoch(first.create_time),
        },
    }))
}
