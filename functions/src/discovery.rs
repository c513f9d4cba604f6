//! The read plan: which facts are read, in which order. Read-only, and nothing is decided here.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::aws::{Aws, ReadError};
use crate::facts::{Deployment, Facts, Listener, Role, Target};
use crate::invocation::DeploymentId;
use crate::roll_call::Present;

/// Reads everything that routing is attested from, given the deployment.
pub(crate) async fn facts(aws: &Aws, deployment: &Deployment) -> Result<Facts, ReadError> {
    let id = DeploymentId(deployment.id.clone());
    let target = aws.deployment_target(&id).await?;
    let task_sets = aws.task_sets(&target.cluster, &target.service).await?;
    let group = aws.group(&deployment.application, &deployment.group).await?;
    let mut listeners = aws.listeners(Role::Production, &group.production).await?;
    listeners.extend(aws.listeners(Role::Test, &group.test).await?);
    let load_balancers = aws.load_balancers(&load_balancers_of(&listeners)).await?;
    let target_groups = aws.target_groups(&group.pair).await?;
    let deployment = deployment.clone();
    Ok(Facts { deployment, target, task_sets, group, listeners, load_balancers, target_groups })
}

/// Reads again what may have changed while the checks ran: the deployment, its events, task sets, listeners and rules.
pub(crate) async fn again(aws: &Aws, before: &Facts) -> Result<Facts, ReadError> {
    let id = DeploymentId(before.deployment.id.clone());
    let deployment = aws.deployment(&id).await?;
    let target = aws.deployment_target(&id).await?;
    let task_sets = aws.task_sets(&target.cluster, &target.service).await?;
    let mut listeners = aws.listeners(Role::Production, &before.group.production).await?;
    listeners.extend(aws.listeners(Role::Test, &before.group.test).await?);
    Ok(Facts { deployment, target, task_sets, listeners, ..before.clone() })
}

/// Reads the running tasks, and the instances that they run on where targets are instances.
pub(crate) async fn present(aws: &Aws, facts: &Facts, targets: &[Target]) -> Result<Present, ReadError> {
    let cluster = &facts.target.cluster;
    let tasks = aws.tasks(cluster, &facts.target.service).await?;
    let on_instances = targets.iter().any(|target| target.id.parse::<IpAddr>().is_err());
    let mut hosts: Vec<String> = tasks.iter().filter_map(|task| task.container_instance.clone()).collect();
    hosts.sort_unstable();
    hosts.dedup();
    let instances = if on_instances { aws.instances(cluster, &hosts).await? } else { BTreeMap::new() };
    Ok(Present { tasks, instances })
}

fn load_balancers_of(listeners: &[Listener]) -> Vec<String> {
    let mut arns: Vec<String> = listeners.iter().map(|listener| listener.load_balancer.clone()).collect();
    arns.sort_unstable();
    arns.dedup();
    arns
}
