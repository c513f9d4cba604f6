//! CodeDeploy: looking at a deployment.

use std::time::Duration;

use aws_sdk_codedeploy::types::{
    AlarmConfiguration, AutoRollbackEvent, BlueGreenDeploymentConfiguration, ComputePlatform, DeploymentInfo,
    DeploymentReadyAction, DeploymentStatus as WireStatus, EcsTarget, LoadBalancerInfo, TrafficRoutingConfig,
};

use super::error::{AwsError, ErrorKind, translate};
pub use super::group::Group;
use super::{Aws, revision as kept, time};
use crate::decide::schedule::Shift;
use crate::snapshot::{
    Deployment, DeploymentStatus, Diagnostics, ErrorInformation, EventStatus, LifecycleEvent, RollbackEvent, Snapshot,
    Target, TaskSet, TaskSetLabel,
};

impl Aws {
    /// `GetDeployment`, `ListDeploymentTargets` (where the target is not known yet) and `BatchGetDeploymentTargets`.
    pub async fn snapshot(&self, id: &str, target: &mut Option<String>) -> Result<Snapshot, AwsError> {
        let deployment = self.deployment(id).await?;
        Ok(Snapshot { deployment, target: self.target(id, target).await? })
    }

    /// `GetDeployment`.
    pub async fn deployment(&self, id: &str) -> Result<Deployment, AwsError> {
        let answer = self
            .codedeploy
            .get_deployment()
            .deployment_id(id)
            .send()
            .await
            .map_err(|error| translate("codedeploy:GetDeployment", error))?;
        Ok(deployment(id, answer.deployment_info()))
    }

    /// The deployment's target, once it has started: `BatchGetDeploymentTargets`, the first time with `ListDeploymentTargets`.
    pub async fn target(&self, id: &str, known: &mut Option<String>) -> Result<Option<Target>, AwsError> {
        match self.started_target(id, known).await {
            Err(error) if error.kind == ErrorKind::NotStarted => Ok(None),
            answer => answer,
        }
    }

    async fn started_target(&self, id: &str, known: &mut Option<String>) -> Result<Option<Target>, AwsError> {
        if known.is_none() {
            let answer = self
                .codedeploy
                .list_deployment_targets()
                .deployment_id(id)
                .send()
                .await
                .map_err(|error| translate("codedeploy:ListDeploymentTargets", error))?;
            *known = answer.target_ids().first().cloned();
        }
        let Some(target) = known.clone() else { return Ok(None) };
        let answer = self
            .codedeploy
            .batch_get_deployment_targets()
            .deployment_id(id)
            .target_ids(target)
            .send()
            .await
            .map_err(|error| translate("codedeploy:BatchGetDeploymentTargets", error))?;
        Ok(answer.deployment_targets().first().and_then(|target| target.ecs_target()).map(target_of))
    }

    /// The group's active deployments, the newest first.
    pub async fn active_deployments(&self, application: &str, group: &str) -> Result<Vec<String>, AwsError> {
        let active =
            [WireStatus::Created, WireStatus::Queued, WireStatus::InProgress, WireStatus::Baking, WireStatus::Ready];
        let answer = self
            .codedeploy
            .list_deployments()
            .application_name(application)
            .deployment_group_name(group)
            .set_include_only_statuses(Some(active.into()))
            .send()
            .await
            .map_err(|error| translate("codedeploy:ListDeployments", error))?;
        Ok(answer.deployments().to_vec())
    }

    /// How a deployment configuration shifts traffic.
    pub async fn shift(&self, config: &str) -> Result<Shift, AwsError> {
        let answer = self
            .codedeploy
            .get_deployment_config()
            .deployment_config_name(config)
            .send()
            .await
            .map_err(|error| translate("codedeploy:GetDeploymentConfig", error))?;
        let routing = answer.deployment_config_info().and_then(|info| info.traffic_routing_config());
        Ok(routing.map_or(Shift::Unknown, shift_of))
    }
}

pub(super) fn deployment(id: &str, info: Option<&DeploymentInfo>) -> Deployment {
    let revision = info.and_then(|info| info.revision());
    let sha256 = revision
        .and_then(|revision| revision.app_spec_content())
        .and_then(|content| content.sha256())
        .or_else(|| revision.and_then(kept::string_sha256));
    let object = revision.and_then(|revision| revision.s3_location()).and_then(kept::object);
    let blue_green = info.and_then(|info| info.blue_green_deployment_configuration());
    let (production_listeners, test_listeners) = listeners(info.and_then(|info| info.load_balancer_info()));
    let rollback = info.and_then(|info| info.rollback_info());
    let text = |value: Option<&str>| value.filter(|value| !value.is_empty()).map(str::to_owned);
    Deployment {
        id: id.to_owned(),
        application: info.and_then(|info| info.application_name()).unwrap_or_default().to_owned(),
        group: info.and_then(|info| info.deployment_group_name()).unwrap_or_default().to_owned(),
        config: text(info.and_then(|info| info.deployment_config_name())),
        status: DeploymentStatus::parse(info.and_then(|info| info.status()).map_or("", WireStatus::as_str)),
        created: time(info.and_then(|info| info.create_time())),
        completed: time(info.and_then(|info| info.complete_time())),
        error: info.and_then(|info| info.error_information()).map(|error| ErrorInformation {
            code: error.code().map(|code| code.as_str().to_owned()).unwrap_or_default(),
            message: error.message().unwrap_or_default().to_owned(),
        }),
        rolled_back_by: text(rollback.and_then(|rollback| rollback.rollback_deployment_id())),
        rolls_back: text(rollback.and_then(|rollback| rollback.rollback_triggering_deployment_id())),
        rollback_on: info
            .and_then(|info| info.auto_rollback_configuration())
            .filter(|configuration| configuration.enabled())
            .map(|configuration| configuration.events().iter().filter_map(rollback_event).collect())
            .unwrap_or_default(),
        override_alarms: info.and_then(|info| info.override_alarm_configuration()).map(alarms),
        appspec_sha256: text(sha256),
        appspec_object: object,
        ready_wait: ready_wait(blue_green),
        termination_wait: termination_wait(blue_green),
        production_listeners,
        test_listeners,
        is_ecs: info.and_then(|info| info.compute_platform()) == Some(&ComputePlatform::Ecs),
    }
}

/// The names of the alarms of a configuration that is in force.
pub(super) fn alarms(configuration: &AlarmConfiguration) -> Vec<String> {
    let alarms = configuration.alarms().iter().filter(|_| configuration.enabled());
    alarms.filter_map(|alarm| alarm.name()).map(str::to_owned).collect()
}

pub(super) fn rollback_event(event: &AutoRollbackEvent) -> Option<RollbackEvent> {
    match event {
        AutoRollbackEvent::DeploymentFailure => Some(RollbackEvent::Failure),
        AutoRollbackEvent::DeploymentStopOnAlarm => Some(RollbackEvent::Alarm),
        AutoRollbackEvent::DeploymentStopOnRequest => Some(RollbackEvent::Stop),
        // An event that we do not know: no rollback is expected because of it.
        _ => None,
    }
}

pub(super) fn listeners(info: Option<&LoadBalancerInfo>) -> (Vec<String>, Vec<String>) {
    let pair = info.and_then(|info| info.target_group_pair_info_list().first());
    let production = pair.and_then(|pair| pair.prod_traffic_route()).map(|route| route.listener_arns().to_vec());
    let test = pair.and_then(|pair| pair.test_traffic_route()).map(|route| route.listener_arns().to_vec());
    (production.unwrap_or_default(), test.unwrap_or_default())
}

pub(super) fn ready_wait(configuration: Option<&BlueGreenDeploymentConfiguration>) -> Duration {
    configuration
        .and_then(|configuration| configuration.deployment_ready_option())
        .filter(|option| option.action_on_timeout() == Some(&DeploymentReadyAction::StopDeployment))
        .map_or(Duration::ZERO, |option| minutes(option.wait_time_in_minutes()))
}

pub(super) fn termination_wait(configuration: Option<&BlueGreenDeploymentConfiguration>) -> Duration {
    configuration
        .and_then(|configuration| configuration.terminate_blue_instances_on_deployment_success())
        .map_or(Duration::ZERO, |option| minutes(option.termination_wait_time_in_minutes()))
}

fn minutes(minutes: i32) -> Duration {
    Duration::from_secs(60 * u64::try_from(minutes).unwrap_or(0))
}

fn shift_of(routing: &TrafficRoutingConfig) -> Shift {
    if let Some(canary) = routing.time_based_canary() {
        let interval = minutes(canary.canary_interval());
        return Shift::Canary { percent: f64::from(canary.canary_percentage()), interval };
    }
    if let Some(linear) = routing.time_based_linear() {
        let interval = minutes(linear.linear_interval());
        return Shift::Linear { percent: f64::from(linear.linear_percentage()), interval };
    }
    match routing.r#type().map(|kind| kind.as_str()) {
        Some("AllAtOnce") => Shift::AllAtOnce,
        _ => Shift::Unknown,
    }
}

fn target_of(target: &EcsTarget) -> Target {
    let text = |value: Option<&str>| value.filter(|value| !value.is_empty()).map(str::to_owned);
    let events = target
        .lifecycle_events()
        .iter()
        .map(|event| LifecycleEvent {
            name: event.lifecycle_event_name().unwrap_or_default().to_owned(),
            status: EventStatus::parse(event.status().map_or("", |status| status.as_str())),
            started: time(event.start_time()),
            ended: time(event.end_time()),
            diagnostics: event.diagnostics().map(|diagnostics| Diagnostics {
                code: diagnostics.error_code().map(|code| code.as_str().to_owned()),
                script: text(diagnostics.script_name()),
                message: text(diagnostics.message()),
                log_tail: text(diagnostics.log_tail()),
            }),
        })
        .collect();
    let task_sets = target
        .task_sets_info()
        .iter()
        .map(|set| TaskSet {
            id: set.identifer().unwrap_or_default().to_owned(),
            label: match set.task_set_label().map(|label| label.as_str()) {
                Some("Blue") => TaskSetLabel::Original,
                Some("Green") => TaskSetLabel::Replacement,
                _ => TaskSetLabel::Unlabelled,
            },
            status: set.status().unwrap_or_default().to_owned(),
            desired: set.desired_count(),
            running: set.running_count(),
            weight: set.traffic_weight(),
            target_group: text(set.target_group().and_then(|group| group.name())),
        })
        .collect();
    Target { events, task_sets }
}
