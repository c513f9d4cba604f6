//! What CodeDeploy says: the deployment, its target, its group.

use aws_sdk_codedeploy::types::{EcsTarget, TrafficRoute};
use jiff::Timestamp;

use super::{Aws, ReadError};
use crate::facts::{Deployment, DeploymentTarget, Group, LabelledTaskSet, LifecycleEvent};
use crate::invocation::DeploymentId;

const GET_DEPLOYMENT: &str = "codedeploy:GetDeployment";
const LIST_TARGETS: &str = "codedeploy:ListDeploymentTargets";
const GET_TARGETS: &str = "codedeploy:BatchGetDeploymentTargets";
const GET_GROUP: &str = "codedeploy:GetDeploymentGroup";

impl Aws {
    /// `GetDeployment`.
    pub(crate) async fn deployment(&self, id: &DeploymentId) -> Result<Deployment, ReadError> {
        let missing = |what: &str| ReadError::missing(GET_DEPLOYMENT, what);
        let info = self
            .codedeploy
            .get_deployment()
            .deployment_id(&id.0)
            .send()
            .await
            .map_err(|error| ReadError::call(GET_DEPLOYMENT, &error))?
            .deployment_info
            .ok_or_else(|| missing("deploymentInfo"))?;
        let rollback = info.rollback_info.as_ref();
        Ok(Deployment {
            id: id.0.clone(),
            status: info.status().ok_or_else(|| missing("status"))?.as_str().into(),
            platform: info.compute_platform().ok_or_else(|| missing("computePlatform"))?.as_str().into(),
            configuration: info.deployment_config_name.clone(),
            created_by_rollback: info.creator().is_some_and(|creator| creator.as_str() == "codeDeployRollback"),
            rolls_back: rollback.and_then(|info| info.rollback_triggering_deployment_id.clone()),
            began: info.create_time.and_then(|time| Timestamp::from_millisecond(time.to_millis().ok()?).ok()),
            application: info.application_name.ok_or_else(|| missing("applicationName"))?,
            group: info.deployment_group_name.ok_or_else(|| missing("deploymentGroupName"))?,
        })
    }

    /// `ListDeploymentTargets` and `BatchGetDeploymentTargets`: an ECS deployment has exactly one target.
    pub(crate) async fn deployment_target(&self, id: &DeploymentId) -> Result<DeploymentTarget, ReadError> {
        let listed = self
            .codedeploy
            .list_deployment_targets()
            .deployment_id(&id.0)
            .send()
            .await
            .map_err(|error| ReadError::call(LIST_TARGETS, &error))?;
        let target = listed.target_ids().first().ok_or_else(|| ReadError::missing(LIST_TARGETS, "target"))?;
        let targets = self
            .codedeploy
            .batch_get_deployment_targets()
            .deployment_id(&id.0)
            .target_ids(target)
            .send()
            .await
            .map_err(|error| ReadError::call(GET_TARGETS, &error))?;
        let target = targets
            .deployment_targets()
            .iter()
            .find_map(|target| target.ecs_target())
            .ok_or_else(|| ReadError::missing(GET_TARGETS, "ecsTarget"))?;
        read_target(target)
    }

    /// `GetDeploymentGroup`.
    pub(crate) async fn group(&self, application: &str, group: &str) -> Result<Group, ReadError> {
        let info = self
            .codedeploy
            .get_deployment_group()
            .application_name(application)
            .deployment_group_name(group)
            .send()
            .await
            .map_err(|error| ReadError::call(GET_GROUP, &error))?
            .deployment_group_info
            .ok_or_else(|| ReadError::missing(GET_GROUP, "deploymentGroupInfo"))?;
        let pair = info
            .load_balancer_info()
            .and_then(|load_balancers| load_balancers.target_group_pair_info_list().first())
            .ok_or_else(|| ReadError::missing(GET_GROUP, "targetGroupPairInfoList"))?;
        Ok(Group {
            production: listeners(pair.prod_traffic_route()),
            test: listeners(pair.test_traffic_route()),
            pair: pair.target_groups().iter().filter_map(|group| group.name.clone()).collect(),
        })
    }
}

fn listeners(route: Option<&TrafficRoute>) -> Vec<String> {
    route.map(|route| route.listener_arns().to_vec()).unwrap_or_default()
}

/// The target's id is `<cluster>:<service>` (service model); neither name can contain a colon.
fn read_target(target: &EcsTarget) -> Result<DeploymentTarget, ReadError> {
    let id = target.target_id().ok_or_else(|| ReadError::missing(GET_TARGETS, "targetId"))?;
    let (cluster, service) = id
        .split_once(':')
        .ok_or_else(|| ReadError::missing(GET_TARGETS, format!("targetId of the form cluster:service, but {id:?}")))?;
    Ok(DeploymentTarget {
        cluster: cluster.to_owned(),
        service: service.to_owned(),
        events: target
            .lifecycle_events()
            .iter()
            .map(|event| LifecycleEvent {
                name: event.lifecycle_event_name().unwrap_or_default().to_owned(),
                status: event.status().map_or("", |status| status.as_str()).into(),
            })
            .collect(),
        task_sets: target
            .task_sets_info()
            .iter()
            .map(|task_set| LabelledTaskSet {
                id: task_set.identifer().unwrap_or_default().to_owned(),
                label: task_set.task_set_label().map(|label| label.as_str().into()),
            })
            .collect(),
    })
}
