//! Answers CodeDeploy's API: reads the request, refuses as CodeDeploy refuses, hands the rest to the rules.

mod create;
mod describe;

pub(crate) use describe::task_sets;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::Deleted;
use super::deployment::{Deployment, Phase, Row, RowStatus, Status};
use super::rules::Input;
use super::traffic::{Configuration, Traffic};
use crate::refusal::Refusal;
use crate::scenario::RollbackOn;
use crate::world::World;

/// What there is.
pub(crate) const OPERATIONS: [&str; 20] = [
    "BatchGetDeploymentTargets",
    "BatchGetDeployments",
    "ContinueDeployment",
    "CreateDeployment",
    "CreateDeploymentConfig",
    "DeleteApplication",
    "DeleteDeploymentGroup",
    "GetApplication",
    "GetApplicationRevision",
    "GetDeployment",
    "GetDeploymentConfig",
    "GetDeploymentGroup",
    "GetDeploymentTarget",
    "ListApplications",
    "ListDeploymentConfigs",
    "ListDeploymentGroups",
    "ListDeploymentTargets",
    "ListDeployments",
    "PutLifecycleEventHookExecutionStatus",
    "StopDeployment",
];

/// Answer one call; `None` is an empty body.
pub(crate) fn answer(
    world: &mut World,
    operation: &str,
    body: &Value,
    now: Timestamp,
) -> Result<Option<Value>, Refusal> {
    let answer = match operation {
        "CreateDeployment" => create::create_deployment(world, body, now)?,
        "GetDeployment" => {
            let deployment = find(world, body)?;
            json!({"deploymentInfo": describe::deployment_info(world, deployment)})
        }
        "BatchGetDeployments" => {
            let ids = strings(body, "deploymentIds");
            let infos = ids.iter().filter_map(|id| world.codedeploy.deployment(id));
            json!({"deploymentsInfo": infos.map(|found| describe::deployment_info(world, found)).collect::<Vec<_>>()})
        }
        "ListDeployments" => describe::list_deployments(world, body)?,
        "ListDeploymentTargets" => describe::list_targets(world, body)?,
        "BatchGetDeploymentTargets" => {
            let deployment = find(world, body)?;
            let ids = strings(body, "targetIds");
            if ids.len() > 1 {
                let message = "a deployment on the ECS platform has one target";
                return Err(Refusal::new("DeploymentTargetListSizeExceededException", message));
            }
            let id =
                ids.first().ok_or_else(|| Refusal::new("DeploymentTargetIdRequiredException", "targetIds is empty"))?;
            json!({"deploymentTargets": [describe::target(world, deployment, id)?]})
        }
        "GetDeploymentTarget" => {
            let deployment = find(world, body)?;
            let id = text(body, "targetId")
                .ok_or_else(|| Refusal::new("DeploymentTargetIdRequiredException", "targetId is missing"))?;
            json!({"deploymentTarget": describe::target(world, deployment, id)?})
        }
        "GetApplication" => {
            application(world, body)?;
            json!({"application": {"applicationId": world.codedeploy.application_id, "applicationName": world.names.application,
                "createTime": crate::epoch::Epoch(world.ecs.service.created_at), "linkedToGitHub": false, "computePlatform": "ECS"}})
        }
        "ListApplications" => {
            let there = (!world.codedeploy.deleted.application).then_some(&world.names.application);
            json!({"applications": there.into_iter().collect::<Vec<_>>()})
        }
        "GetDeploymentGroup" => {
            group(world, body)?;
            json!({"deploymentGroupInfo": describe::group_info(world)})
        }
        "ListDeploymentGroups" => {
            application(world, body)?;
            let there = (!world.codedeploy.deleted.group).then_some(&world.names.group);
            let groups: Vec<_> = there.into_iter().collect();
            json!({"applicationName": world.names.application, "deploymentGroups": groups})
        }
        "GetApplicationRevision" => describe::application_revision(world, body)?,
        "GetDeploymentConfig" => {
            let name = text(body, "deploymentConfigName").ok_or_else(|| {
                Refusal::new("DeploymentConfigNameRequiredException", "deploymentConfigName is missing")
            })?;
            let found = world.codedeploy.configurations.get(name).ok_or_else(|| no_configuration(name))?;
            json!({"deploymentConfigInfo": describe::configuration(name, found)})
        }
        "ListDeploymentConfigs" => {
            json!({"deploymentConfigsList": world.codedeploy.configurations.keys().collect::<Vec<_>>()})
        }
        "CreateDeploymentConfig" => create_configuration(world, body, now)?,
        "DeleteDeploymentGroup" => delete_group(world, body, now)?,
        "DeleteApplication" => {
            delete_application(world, body, now)?;
            return Ok(None);
        }
        "StopDeployment" => stop(world, body, now)?,
        "ContinueDeployment" => {
            proceed(world, body, now)?;
            return Ok(None);
        }
        "PutLifecycleEventHookExecutionStatus" => report(world, body, now)?,
        _ => return Err(Refusal::not_implemented("UnknownOperationException", "CodeDeploy", operation, &OPERATIONS)),
    };
    Ok(Some(answer))
}

fn stop(world: &mut World, body: &Value, now: Timestamp) -> Result<Value, Refusal> {
    let deployment = find(world, body)?;
    let id = deployment.id.clone();
    if deployment.status.is_over() {
        return Err(completed(&id));
    }
    world.note(now, "codedeploy", "stop requested", id.clone());
    world.inputs.push_back((id.clone(), Input::Stop { rollback: body["autoRollbackEnabled"].as_bool() }));
    world.settle(now);
    Ok(json!({"status": "Succeeded", "statusMessage": format!("Deployment {id} was stopped")}))
}

fn proceed(world: &mut World, body: &Value, now: Timestamp) -> Result<(), Refusal> {
    let deployment = find(world, body)?;
    let id = deployment.id.clone();
    if deployment.status.is_over() {
        return Err(completed(&id));
    }
    let input = match (text(body, "deploymentWaitType").unwrap_or("READY_WAIT"), &deployment.phase) {
        ("READY_WAIT", Phase::Ready { .. }) => Input::ContinueReady,
        ("READY_WAIT", _) => {
            let message = "The deployment does not have a status of Ready and can't continue yet.";
            return Err(Refusal::new("DeploymentIsNotInReadyStateException", message));
        }
        ("TERMINATION_WAIT", Phase::Termination { .. }) => Input::ContinueTermination,
        ("TERMINATION_WAIT", _) => {
            let message = format!("deployment {id} does not wait to terminate the original task set");
            return Err(Refusal::new("InvalidDeploymentStatusException", message));
        }
        (other, _) => {
            let message = format!("{other:?} is not READY_WAIT or TERMINATION_WAIT");
            return Err(Refusal::new("InvalidDeploymentWaitTypeException", message));
        }
    };
    world.note(now, "codedeploy", "continue requested", id.clone());
    world.inputs.push_back((id, input));
    world.settle(now);
    Ok(())
}

/// A hook reports. Each execution id is good for one report, while its event is in progress.
fn report(world: &mut World, body: &Value, now: Timestamp) -> Result<Value, Refusal> {
    let deployment = find(world, body)?;
    let id = deployment.id.clone();
    let execution = text(body, "lifecycleEventHookExecutionId").unwrap_or_default().to_owned();
    let matches = |row: &&Row| row.execution.as_deref() == Some(execution.as_str());
    let row = deployment.rows.iter().find(matches).ok_or_else(|| {
        let message = format!("the execution id belongs to no lifecycle event of deployment {id}");
        Refusal::new("InvalidLifecycleEventHookExecutionIdException", message)
    })?;
    let status = text(body, "status").unwrap_or_default();
    let succeeded = match status {
        "Succeeded" => true,
        "Failed" => false,
        other => {
            let message = format!("{other:?} is not Succeeded or Failed");
            return Err(Refusal::new("InvalidLifecycleEventHookExecutionStatusException", message));
        }
    };
    let event = row.event.name();
    if row.status != RowStatus::InProgress {
        world.note(now, "codedeploy", "hook report refused", format!("{id} {event} {status}: already completed"));
        let message = format!("lifecycle event {event} of deployment {id} is already completed");
        return Err(Refusal::new("LifecycleEventAlreadyCompletedException", message));
    }
    world.note(now, "codedeploy", "hook reported", format!("{id} {event} {status}"));
    world.inputs.push_back((id, Input::Reported { succeeded }));
    world.settle(now);
    Ok(json!({"lifecycleEventHookExecutionId": execution}))
}

/// Deleting what is not there is no error of the model: the operation knows no `DoesNotExist`.
fn delete_group(world: &mut World, body: &Value, now: Timestamp) -> Result<Value, Refusal> {
    let name = text(body, "deploymentGroupName")
        .ok_or_else(|| Refusal::new("DeploymentGroupNameRequiredException", "deploymentGroupName is missing"))?;
    let application = text(body, "applicationName")
        .ok_or_else(|| Refusal::new("ApplicationNameRequiredException", "applicationName is missing"))?;
    if name == world.names.group && application == world.names.application && !world.codedeploy.deleted.group {
        world.codedeploy.deleted.group = true;
        world.note(now, "codedeploy", "deployment group deleted", name);
    }
    Ok(json!({"hooksNotCleanedUp": []}))
}

/// An application takes its groups along.
fn delete_application(world: &mut World, body: &Value, now: Timestamp) -> Result<(), Refusal> {
    let name = text(body, "applicationName")
        .ok_or_else(|| Refusal::new("ApplicationNameRequiredException", "applicationName is missing"))?;
    if name == world.names.application && !world.codedeploy.deleted.application {
        world.codedeploy.deleted = Deleted { application: true, group: true };
        world.note(now, "codedeploy", "application deleted", name);
    }
    Ok(())
}

fn create_configuration(world: &mut World, body: &Value, now: Timestamp) -> Result<Value, Refusal> {
    let name = text(body, "deploymentConfigName")
        .ok_or_else(|| Refusal::new("DeploymentConfigNameRequiredException", "deploymentConfigName is missing"))?;
    if name.starts_with("CodeDeployDefault.") || name.len() > 100 {
        let message = format!("{name} is too long or begins with CodeDeployDefault.");
        return Err(Refusal::new("InvalidDeploymentConfigNameException", message));
    }
    if world.codedeploy.configurations.contains_key(name) {
        let message = format!("Deployment configuration {name} already exists");
        return Err(Refusal::new("DeploymentConfigAlreadyExistsException", message));
    }
    if text(body, "computePlatform") != Some("ECS") {
        return Err(Refusal::new("InvalidComputePlatformException", "the rehearsal has only the ECS platform"));
    }
    let traffic = traffic(&body["trafficRoutingConfig"])?;
    let id = world.identifiers.uuid("deployment configuration");
    world.note(now, "codedeploy", "configuration created", name);
    world.codedeploy.configurations.insert(name.to_owned(), Configuration { id: id.clone(), traffic });
    Ok(json!({"deploymentConfigId": id}))
}

fn traffic(routing: &Value) -> Result<Traffic, Refusal> {
    let invalid = |message: &str| Refusal::new("InvalidTrafficRoutingConfigurationException", message);
    let number = |value: &Value| value.as_u64().and_then(|number| u32::try_from(number).ok());
    let part = |of: &Value, percentage: &str, interval: &str| {
        let percentage = number(&of[percentage]).filter(|percentage| (1..=99).contains(percentage));
        let percentage = percentage.ok_or_else(|| invalid("a percentage is from 1 to 99"))?;
        let minutes = number(&of[interval]).filter(|minutes| *minutes >= 1);
        Ok((percentage, minutes.ok_or_else(|| invalid("an interval is at least one minute"))?))
    };
    let traffic = match routing["type"].as_str() {
        Some("AllAtOnce") => Traffic::AllAtOnce,
        Some("TimeBasedCanary") => {
            let (percentage, minutes) = part(&routing["timeBasedCanary"], "canaryPercentage", "canaryInterval")?;
            Traffic::Canary { percentage, minutes }
        }
        Some("TimeBasedLinear") => {
            let (percentage, minutes) = part(&routing["timeBasedLinear"], "linearPercentage", "linearInterval")?;
            Traffic::Linear { percentage, minutes }
        }
        Some(_) | None => return Err(invalid("type is not AllAtOnce, TimeBasedCanary or TimeBasedLinear")),
    };
    const LONGEST_MINUTES: u64 = 2880;
    let last = traffic.increments().last().map(|(offset, _)| offset.as_secs() / 60);
    if last.is_some_and(|minutes| minutes > LONGEST_MINUTES) {
        return Err(invalid("the last shift comes more than 2880 minutes after the first"));
    }
    Ok(traffic)
}

/// The deployment that a request names.
fn find<'a>(world: &'a World, body: &Value) -> Result<&'a Deployment, Refusal> {
    let id = text(body, "deploymentId")
        .ok_or_else(|| Refusal::new("DeploymentIdRequiredException", "deploymentId is missing"))?;
    let absent = || Refusal::new("DeploymentDoesNotExistException", format!("The deployment {id} could not be found"));
    world.codedeploy.deployment(id).ok_or_else(absent)
}

fn application(world: &World, body: &Value) -> Result<(), Refusal> {
    let name = text(body, "applicationName")
        .ok_or_else(|| Refusal::new("ApplicationNameRequiredException", "applicationName is missing"))?;
    if name == world.names.application && !world.codedeploy.deleted.application {
        return Ok(());
    }
    Err(Refusal::new("ApplicationDoesNotExistException", format!("No application found for name: {name}")))
}

fn group(world: &World, body: &Value) -> Result<(), Refusal> {
    application(world, body)?;
    let name = text(body, "deploymentGroupName")
        .ok_or_else(|| Refusal::new("DeploymentGroupNameRequiredException", "deploymentGroupName is missing"))?;
    if name == world.names.group && !world.codedeploy.deleted.group {
        return Ok(());
    }
    let message = format!("No Deployment Group found for name: {name}");
    Err(Refusal::new("DeploymentGroupDoesNotExistException", message))
}

fn no_configuration(name: &str) -> Refusal {
    Refusal::new("DeploymentConfigDoesNotExistException", format!("No deployment configuration found for name: {name}"))
}

fn completed(id: &str) -> Refusal {
    Refusal::new("DeploymentAlreadyCompletedException", format!("Deployment {id} has already completed"))
}

/// A member that is a text, and not an empty one.
fn text<'a>(body: &'a Value, key: &str) -> Option<&'a str> {
    body.get(key)?.as_str().filter(|text| !text.is_empty())
}

fn strings(body: &Value, key: &str) -> Vec<String> {
    body[key].as_array().into_iter().flatten().filter_map(|value| value.as_str().map(str::to_owned)).collect()
}

/// The three automatic rollback events by their wire names.
fn rollback_event(name: &str) -> Option<RollbackOn> {
    [RollbackOn::Failure, RollbackOn::Alarm, RollbackOn::Stop].into_iter().find(|event| event.name() == name)
}

/// The status of a map's member, for filters that a caller may leave out.
fn wanted(filter: &Map<String, Value>, key: &str, value: &str) -> bool {
    filter
        .get(key)
        .and_then(Value::as_array)
        .is_none_or(|list| list.is_empty() || list.iter().any(|item| item == value))
}

/// Whether target calls must still be refused.
fn not_started(world: &World, deployment: &Deployment) -> bool {
    world.switches.targets_not_started && deployment.status == Status::Created
}
