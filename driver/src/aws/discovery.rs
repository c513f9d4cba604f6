//! What `init` looks for when nothing is configured yet: the deployment groups of ECS services, and the path that a load
//! balancer already asks for a service's health.

use aws_sdk_codedeploy::types::ComputePlatform;

use super::Aws;
use super::error::{AwsError, translate};

/// A deployment group of an ECS service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// CodeDeploy application.
    pub application: String,
    /// Deployment group.
    pub group: String,
    /// Cluster.
    pub cluster: String,
    /// Service.
    pub service: String,
    /// The target groups that its task sets alternate between.
    pub target_groups: Vec<String>,
}

impl Aws {
    /// `ListApplications`, and of each `ListDeploymentGroups` and `GetDeploymentGroup`: those of ECS services.
    pub async fn ecs_groups(&self) -> Result<Vec<Found>, AwsError> {
        let mut found = Vec::new();
        let mut pages = self.codedeploy.list_applications().into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| translate("codedeploy:ListApplications", error))?;
            for application in page.applications() {
                found.extend(self.ecs_groups_of(application).await?);
            }
        }
        Ok(found)
    }

    /// The same of one application.
    pub async fn ecs_groups_of(&self, application: &str) -> Result<Vec<Found>, AwsError> {
        let mut found = Vec::new();
        let list = self.codedeploy.list_deployment_groups().application_name(application);
        let mut pages = list.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| translate("codedeploy:ListDeploymentGroups", error))?;
            for group in page.deployment_groups() {
                found.extend(self.ecs_group(application, group).await?);
            }
        }
        Ok(found)
    }

    async fn ecs_group(&self, application: &str, group: &str) -> Result<Option<Found>, AwsError> {
        let get = self.codedeploy.get_deployment_group().application_name(application).deployment_group_name(group);
        let answer = get.send().await.map_err(|error| translate("codedeploy:GetDeploymentGroup", error))?;
        let info = answer.deployment_group_info();
        if info.and_then(|info| info.compute_platform()) != Some(&ComputePlatform::Ecs) {
            return Ok(None);
        }
        let pair =
            info.and_then(|info| info.load_balancer_info()).and_then(|info| info.target_group_pair_info_list().first());
        let target_groups = pair.map(|pair| pair.target_groups()).unwrap_or_default();
        Ok(info.and_then(|info| info.ecs_services().first()).and_then(|service| {
            Some(Found {
                application: application.to_owned(),
                group: group.to_owned(),
                cluster: service.cluster_name().unwrap_or("default").to_owned(),
                service: service.service_name()?.to_owned(),
                target_groups: target_groups.iter().filter_map(|group| group.name().map(str::to_owned)).collect(),
            })
        }))
    }

    /// The path of the target groups' health check, where they have one (TCP checks have none).
    pub async fn health_path(&self, target_groups: &[String]) -> Result<Option<String>, AwsError> {
        if target_groups.is_empty() {
            return Ok(None);
        }
        let describe = self.load_balancing.describe_target_groups().set_names(Some(target_groups.to_vec()));
        let answer =
            describe.send().await.map_err(|error| translate("elasticloadbalancing:DescribeTargetGroups", error))?;
        Ok(answer.target_groups().iter().find_map(|group| group.health_check_path().map(str::to_owned)))
    }
}
