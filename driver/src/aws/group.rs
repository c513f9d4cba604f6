//! CodeDeploy: a deployment group, and what it refers to.

use std::time::Duration;

use aws_sdk_codedeploy::types::DeploymentGroupInfo;

use super::Aws;
use super::codedeploy::{self, listeners, ready_wait, rollback_event, termination_wait};
use super::error::{AwsError, translate};
use crate::decide::doctor::facts::Wiring;

/// A deployment group of an ECS service.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Application name.
    pub application: String,
    /// Group name.
    pub name: String,
    /// `ECS`, `Server`, `Lambda`, as it came.
    pub platform: String,
    /// Cluster and service, where the group has one.
    pub service: Option<(String, String)>,
    /// The deployment configuration.
    pub config: Option<String>,
    /// Whether there is a test listener.
    pub has_test_listener: bool,
    /// How long a deployment may wait for a person; zero when it does not.
    pub ready_wait: Duration,
    /// How long the original task set is kept.
    pub termination_wait: Duration,
    /// What it refers to.
    pub wiring: Wiring,
    /// The last deployment that was tried.
    pub last_attempted: Option<String>,
}

impl Aws {
    /// `GetDeploymentGroup`.
    pub async fn group(&self, application: &str, name: &str) -> Result<Group, AwsError> {
        let answer = self
            .codedeploy
            .get_deployment_group()
            .application_name(application)
            .deployment_group_name(name)
            .send()
            .await
            .map_err(|error| translate("codedeploy:GetDeploymentGroup", error))?;
        let info = answer.deployment_group_info();
        let service = info.and_then(|info| info.ecs_services().first());
        let wiring = info.map(wiring).unwrap_or_default();
        Ok(Group {
            application: application.to_owned(),
            name: name.to_owned(),
            platform: info
                .and_then(|info| info.compute_platform())
                .map(|platform| platform.as_str().to_owned())
                .unwrap_or_else(|| "Server".to_owned()),
            service: service.and_then(|service| {
                Some((service.cluster_name().unwrap_or("default").to_owned(), service.service_name()?.to_owned()))
            }),
            config: info.and_then(|info| info.deployment_config_name()).map(str::to_owned),
            has_test_listener: !wiring.test.is_empty(),
            wiring,
            ready_wait: ready_wait(info.and_then(|info| info.blue_green_deployment_configuration())),
            termination_wait: termination_wait(info.and_then(|info| info.blue_green_deployment_configuration())),
            last_attempted: info
                .and_then(|info| info.last_attempted_deployment())
                .and_then(|last| last.deployment_id())
                .map(str::to_owned),
        })
    }
}

fn wiring(info: &DeploymentGroupInfo) -> Wiring {
    let pairs = info.load_balancer_info().map(|info| info.target_group_pair_info_list()).unwrap_or_default();
    let groups = pairs.iter().flat_map(|pair| pair.target_groups());
    let (production, test) = listeners(info.load_balancer_info());
    let alarms = info.alarm_configuration();
    let rollback = info.auto_rollback_configuration().filter(|configuration| configuration.enabled());
    Wiring {
        target_groups: groups.filter_map(|group| group.name()).map(str::to_owned).collect(),
        production,
        test,
        service_role: info.service_role_arn().filter(|role| !role.is_empty()).map(str::to_owned),
        alarms: alarms.map(codedeploy::alarms).unwrap_or_default(),
        ignores_unread_alarms: alarms.is_some_and(|alarms| alarms.enabled() && alarms.ignore_poll_alarm_failure()),
        rollback_on: rollback
            .map(|rollback| rollback.events().iter().filter_map(rollback_event).collect())
            .unwrap_or_default(),
    }
}
