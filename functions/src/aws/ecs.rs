//! What ECS says: the task sets of the service, its running tasks, and the instances that those run on.

use std::collections::BTreeMap;

use aws_sdk_ecs::types::{Container as SdkContainer, DesiredStatus, Task as SdkTask};

use super::{Aws, ReadError};
use crate::facts::{Container, Task, TaskSet};

const DESCRIBE_SERVICES: &str = "ecs:DescribeServices";
const LIST_TASKS: &str = "ecs:ListTasks";
const DESCRIBE_TASKS: &str = "ecs:DescribeTasks";
const DESCRIBE_INSTANCES: &str = "ecs:DescribeContainerInstances";

/// As many may be asked for at once.
const MOST_DESCRIBED: usize = 100;

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
                task_definition: task_set.task_definition().unwrap_or_default().to_owned(),
                target_groups: task_set
                    .load_balancers()
                    .iter()
                    .filter_map(|load_balancer| load_balancer.target_group_arn.clone())
                    .collect(),
                desired: usize::try_from(task_set.computed_desired_count()).unwrap_or_default(),
            })
            .collect())
    }

    /// Every task of the service that should run, of all its task sets. Whether a task's `startedBy` names its task set is not
    /// documented, so that the list is not narrowed by it here.
    pub(crate) async fn tasks(&self, cluster: &str, service: &str) -> Result<Vec<Task>, ReadError> {
        let arns = self.task_arns(cluster, service).await?;
        self.described_tasks(cluster, &arns).await
    }

    /// `ListTasks`.
    pub(crate) async fn task_arns(&self, cluster: &str, service: &str) -> Result<Vec<String>, ReadError> {
        let mut arns: Vec<String> = Vec::new();
        let mut token = None;
        loop {
            let page = self
                .ecs
                .list_tasks()
                .cluster(cluster)
                .service_name(service)
                .desired_status(DesiredStatus::Running)
                .set_next_token(token)
                .send()
                .await
                .map_err(|error| ReadError::call(LIST_TASKS, &error))?;
            arns.extend_from_slice(page.task_arns());
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(arns);
            }
        }
    }

    /// `DescribeTasks`.
    pub(crate) async fn described_tasks(&self, cluster: &str, arns: &[String]) -> Result<Vec<Task>, ReadError> {
        let mut tasks = Vec::with_capacity(arns.len());
        for some in arns.chunks(MOST_DESCRIBED) {
            let answer = self
                .ecs
                .describe_tasks()
                .cluster(cluster)
                .set_tasks(Some(some.to_vec()))
                .send()
                .await
                .map_err(|error| ReadError::call(DESCRIBE_TASKS, &error))?;
            // One that ended meanwhile is among the failures, and is no running task.
            tasks.extend(answer.tasks().iter().map(read_task));
        }
        Ok(tasks)
    }

    /// `DescribeContainerInstances`: ids of EC2 instances by the ARNs of container instances.
    pub(crate) async fn instances(
        &self,
        cluster: &str,
        arns: &[String],
    ) -> Result<BTreeMap<String, String>, ReadError> {
        let mut instances = BTreeMap::new();
        for some in arns.chunks(MOST_DESCRIBED) {
            let answer = self
                .ecs
                .describe_container_instances()
                .cluster(cluster)
                .set_container_instances(Some(some.to_vec()))
                .send()
                .await
                .map_err(|error| ReadError::call(DESCRIBE_INSTANCES, &error))?;
            instances.extend(answer.container_instances().iter().filter_map(|instance| {
                Some((instance.container_instance_arn.clone()?, instance.ec2_instance_id.clone()?))
            }));
        }
        Ok(instances)
    }
}

fn read_task(task: &SdkTask) -> Task {
    let interfaces = task.containers().iter().flat_map(|container| container.network_interfaces());
    let of_containers = interfaces.flat_map(|interface| [interface.private_ipv4_address(), interface.ipv6_address()]);
    let details = task.attachments().iter().flat_map(|attachment| attachment.details());
    let of_attachments = details
        .filter(|detail| matches!(detail.name(), Some("privateIPv4Address" | "ipv6Address")))
        .map(|detail| detail.value());
    let mut addresses: Vec<String> = of_containers.chain(of_attachments).flatten().map(str::to_owned).collect();
    addresses.sort_unstable();
    addresses.dedup();
    Task {
        arn: task.task_arn().unwrap_or_default().to_owned(),
        status: task.last_status().unwrap_or_default().into(),
        task_definition: task.task_definition_arn().unwrap_or_default().to_owned(),
        group: task.group.clone(),
        started_by: task.started_by.clone(),
        containers: task.containers().iter().map(read_container).collect(),
        addresses,
        container_instance: task.container_instance_arn.clone(),
    }
}

fn read_container(container: &SdkContainer) -> Container {
    Container {
        name: container.name().unwrap_or_default().to_owned(),
        image: container.image().unwrap_or_default().to_owned(),
        digest: container.image_digest.clone().filter(|digest| !digest.is_empty()),
        host_ports: container
            .network_bindings()
            .iter()
            .filter_map(|binding| binding.host_port().and_then(|port| u16::try_from(port).ok()))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::types::{Attachment, KeyValuePair, NetworkBinding, NetworkInterface};

    use super::*;

    #[test]
    fn a_task_of_its_own_network_has_its_address_from_either_place_once() {
        let detail = |name: &str, value: &str| KeyValuePair::builder().name(name).value(value).build();
        let attachment = Attachment::builder()
            .r#type("ElasticNetworkInterface")
            .details(detail("subnetId", "subnet-1"))
            .details(detail("privateIPv4Address", "10.0.3.7"))
            .build();
        let interface = NetworkInterface::builder().private_ipv4_address("10.0.3.7").build();
        let container = SdkContainer::builder().name("web").network_interfaces(interface).build();
        for task in [
            SdkTask::builder().attachments(attachment.clone()).build(),
            SdkTask::builder().containers(container.clone()).build(),
            SdkTask::builder().attachments(attachment).containers(container).build(),
        ] {
            assert_eq!(read_task(&task).addresses, ["10.0.3.7"]);
        }
    }

    #[test]
    fn an_empty_digest_is_none_and_a_binding_is_known_by_the_hosts_port() {
        let binding = NetworkBinding::builder().container_port(80).host_port(32_768).build();
        let container = SdkContainer::builder().name("web").image_digest("").network_bindings(binding).build();
        let read = read_container(&container);
        assert_eq!((read.digest, read.host_ports), (None, vec![32_768]));
    }
}
