//! What ECS says: the task sets of the service.

use super::{Aws, ReadError};
use crate::facts::TaskSet;

const DESCRIBE_SERVICES: &str = "ecs:DescribeServices";

impl Aws {
    /// `DescribeServices`, of one service.
    pub(crate) async fn task_sets(&self, cluster: &str, service: &str) -> Result<Vec<TaskSet>, ReadError> {
        let answer = self
            .ecs
            .describe_services()
            .cluster(cluster)
            .services(service)
            .send()
            .await
            .map_err(|error| ReadError::call(DESCRIBE_SERVICES, &error))?;
        let found = answer.services().first().ok_or_else(|| {
            ReadError::missing(DESCRIBE_SERVICES, format!("service {service} in the cluster {cluster}"))
        })?;
        Ok(found
            .task_sets()
            .iter()
            .map(|task_set| TaskSet {
                id: task_set.id().unwrap_or_default().to_owned(),
                external_id: task_set.external_id.clone(),
                status: task_set.status().unwrap_or_default().into(),
                target_groups: task_set
                    .load_balancers()
                    .iter()
                    .filter_map(|load_balancer| load_balancer.target_group_arn.clone())
                    .collect(),
                desired: usize::try_from(task_set.computed_desired_count()).unwrap_or_default(),
            })
            .collect())
    }
}
