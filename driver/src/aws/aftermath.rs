//! What is left to see of a replacement that failed: its stopped tasks, its targets, what ECS says of the service, the alarms
//! that watched it. Each is asked for once, at most a page or two of it, and within a bound: to know why is worth some seconds, not minutes.

use std::future::Future;
use std::time::Duration;

use aws_sdk_ecs::types::{DesiredStatus, Task};
use aws_sdk_elasticloadbalancingv2::types::TargetHealthDescription;

use super::cloudwatch::Reader;
use super::error::{AwsError, translate};
use super::{Aws, time};
use crate::decide::why::{ContainerEnd, Facts, Gathered, ServiceEvent, StoppedTask, TargetState};

/// `DescribeTasks` takes no more, and nobody reads more ends of tasks.
const TASKS: i32 = 100;
/// For each question.
const WITHIN: Duration = Duration::from_secs(5);

/// What to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    /// The CodeDeploy application.
    pub application: String,
    /// The deployment group.
    pub group: String,
    /// The name of the replacement's target group.
    pub target_group: Option<String>,
    /// The alarms that watched the deployment; absent, they are the group's.
    pub alarms: Option<Vec<String>>,
}

impl Aws {
    /// Asks for everything at once.
    pub async fn aftermath(&self, scene: &Scene) -> Facts {
        let group = match tokio::time::timeout(WITHIN, self.group(&scene.application, &scene.group)).await {
            Ok(Ok(group)) => group,
            Ok(Err(error)) => return unreadable(&error.to_string()),
            Err(_) => return unreadable("codedeploy:GetDeploymentGroup: no answer in time"),
        };
        let service = group.service.as_ref().map(|(cluster, service)| (cluster.as_str(), service.as_str()));
        let tasks = async {
            match service {
                Some((cluster, service)) => bounded("ecs:ListTasks", self.stopped_tasks(cluster, service)).await,
                None => Gathered::NotAsked,
            }
        };
        let service_events = async {
            match service {
                Some((cluster, service)) => {
                    bounded("ecs:DescribeServices", self.service_events(cluster, service)).await
                }
                None => Gathered::NotAsked,
            }
        };
        let targets = async {
            match &scene.target_group {
                Some(name) => self.targets(name).await,
                None => Gathered::NotAsked,
            }
        };
        let watching = scene.alarms.as_ref().unwrap_or(&group.wiring.alarms);
        let alarms = async {
            if watching.is_empty() {
                return Gathered::NotAsked;
            }
            bounded("cloudwatch:DescribeAlarms", Reader::of(&self.cloudwatch).read_alarms(watching)).await
        };
        let (tasks, service_events, targets, alarms) = tokio::join!(tasks, service_events, targets, alarms);
        Facts { tasks, targets, service_events, alarms }
    }

    /// The health of a target group's targets, by the group's name.
    pub async fn targets(&self, target_group: &str) -> Gathered<Vec<TargetState>> {
        bounded("elasticloadbalancing:DescribeTargetHealth", self.target_health(target_group)).await
    }

    async fn stopped_tasks(&self, cluster: &str, service: &str) -> Result<Vec<StoppedTask>, AwsError> {
        let listed = self
            .ecs
            .list_tasks()
            .cluster(cluster)
            .service_name(service)
            .desired_status(DesiredStatus::Stopped)
            .max_results(TASKS)
            .send()
            .await
            .map_err(|error| translate("ecs:ListTasks", error))?;
        if listed.task_arns().is_empty() {
            return Ok(Vec::new());
        }
        let described = self
            .ecs
            .describe_tasks()
            .cluster(cluster)
            .set_tasks(Some(listed.task_arns().to_vec()))
            .send()
            .await
            .map_err(|error| translate("ecs:DescribeTasks", error))?;
        Ok(described.tasks().iter().map(stopped_task).collect())
    }

    async fn service_events(&self, cluster: &str, service: &str) -> Result<Vec<ServiceEvent>, AwsError> {
        let answer = self
            .ecs
            .describe_services()
            .cluster(cluster)
            .services(service)
            .send()
            .await
            .map_err(|error| translate("ecs:DescribeServices", error))?;
        let events = answer.services().iter().flat_map(|service| service.events());
        Ok(events
            .map(|event| ServiceEvent {
                at: time(event.created_at()),
                message: event.message().unwrap_or_default().to_owned(),
            })
            .collect())
    }

    async fn target_health(&self, target_group: &str) -> Result<Vec<TargetState>, AwsError> {
        let groups = self
            .load_balancing
            .describe_target_groups()
            .names(target_group)
            .send()
            .await
            .map_err(|error| translate("elasticloadbalancing:DescribeTargetGroups", error))?;
        let arn = groups.target_groups().first().and_then(|group| group.target_group_arn());
        let health = self
            .load_balancing
            .describe_target_health()
            .target_group_arn(arn.unwrap_or_default())
            .send()
            .await
            .map_err(|error| translate("elasticloadbalancing:DescribeTargetHealth", error))?;
        Ok(health.target_health_descriptions().iter().map(target_state).collect())
    }
}

async fn bounded<T>(operation: &str, question: impl Future<Output = Result<T, AwsError>>) -> Gathered<T> {
    match tokio::time::timeout(WITHIN, question).await {
        Ok(Ok(answer)) => Gathered::Known(answer),
        Ok(Err(error)) => Gathered::Unreadable(error.to_string()),
        Err(_) => Gathered::Unreadable(format!("{operation}: no answer within {}s", WITHIN.as_secs())),
    }
}

fn unreadable(error: &str) -> Facts {
    let text = || error.to_owned();
    Facts {
        tasks: Gathered::Unreadable(text()),
        targets: Gathered::Unreadable(text()),
        service_events: Gathered::Unreadable(text()),
        alarms: Gathered::Unreadable(text()),
    }
}

fn stopped_task(task: &Task) -> StoppedTask {
    let text = |value: Option<&str>| value.filter(|value| !value.is_empty()).map(str::to_owned);
    StoppedTask {
        id: task.task_arn().and_then(|arn| arn.rsplit('/').next()).unwrap_or_default().to_owned(),
        started_by: text(task.started_by()),
        stop_code: task.stop_code().map(|code| code.as_str().to_owned()),
        reason: text(task.stopped_reason()),
        created: time(task.created_at()),
        stopping: time(task.stopping_at().or(task.execution_stopped_at()).or(task.stopped_at())),
        containers: task
            .containers()
            .iter()
            .map(|container| ContainerEnd {
                name: container.name().unwrap_or_default().to_owned(),
                exit_code: container.exit_code(),
                reason: text(container.reason()),
            })
            .collect(),
    }
}

fn target_state(described: &TargetHealthDescription) -> TargetState {
    let target = described.target();
    let id = target.and_then(|target| target.id()).unwrap_or_default();
    let port = target.and_then(|target| target.port()).map(|port| format!(":{port}")).unwrap_or_default();
    let health = described.target_health();
    TargetState {
        target: format!("{id}{port}"),
        state: health.and_then(|health| health.state()).map_or("unknown", |state| state.as_str()).to_owned(),
        reason: health.and_then(|health| health.reason()).map(|reason| reason.as_str().to_owned()),
        description: health.and_then(|health| health.description()).map(str::to_owned),
    }
}
