//! The read plan: which facts are read, in which order. What does not need one another is read side by side. Read-only,
//! and nothing is decided here.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::aws::{Aws, ReadError};
use crate::facts::{
    Deployment, DeploymentTarget, Facts, Group, Listener, LoadBalancer, Role, Target, TargetGroup, TaskSet,
};
use crate::invocation::DeploymentId;
use crate::roll_call::Present;

/// Reads everything that routing is attested from, given the deployment.
pub(crate) async fn facts(aws: &Aws, deployment: &Deployment) -> Result<Facts, ReadError> {
    let id = DeploymentId(deployment.id.clone());
    let (sets, named) = tokio::join!(service(aws, &id), named(aws, deployment));
    // Where both fail, the same one is told of whichever came first.
    let (target, task_sets) = sets?;
    let Named { group, listeners, load_balancers, target_groups } = named?;
    let deployment = deployment.clone();
    Ok(Facts { deployment, target, task_sets, group, listeners, load_balancers, target_groups })
}

/// Reads again what may have changed while the checks ran: the deployment, its events, task sets, listeners and rules.
pub(crate) async fn again(aws: &Aws, before: &Facts) -> Result<Facts, ReadError> {
    let id = DeploymentId(before.deployment.id.clone());
    let (deployment, sets, listeners) =
        tokio::join!(aws.deployment(&id), service(aws, &id), listeners(aws, &before.group));
    let deployment = deployment?;
    let (target, task_sets) = sets?;
    Ok(Facts { deployment, target, task_sets, listeners: listeners?, ..before.clone() })
}

/// The deployment's target, and the task sets of the service that it names.
async fn service(aws: &Aws, id: &DeploymentId) -> Result<(DeploymentTarget, Vec<TaskSet>), ReadError> {
    let target = aws.deployment_target(id).await?;
    let task_sets = aws.task_sets(&target.cluster, &target.service).await?;
    Ok((target, task_sets))
}

/// What a deployment's group is, and everything that it names.
struct Named {
    group: Group,
    listeners: Vec<Listener>,
    load_balancers: Vec<LoadBalancer>,
    target_groups: Vec<TargetGroup>,
}

async fn named(aws: &Aws, deployment: &Deployment) -> Result<Named, ReadError> {
    let group = aws.group(&deployment.application, &deployment.group).await?;
    let routes = async {
        let listeners = listeners(aws, &group).await?;
        let load_balancers = aws.load_balancers(&load_balancers_of(&listeners)).await?;
        Ok((listeners, load_balancers))
    };
    let (routes, target_groups) = tokio::join!(routes, aws.target_groups(&group.pair));
    let (listeners, load_balancers) = routes?;
    Ok(Named { target_groups: target_groups?, group, listeners, load_balancers })
}

/// The listeners of both roles, production's first.
async fn listeners(aws: &Aws, group: &Group) -> Result<Vec<Listener>, ReadError> {
    let (production, test) =
        tokio::join!(aws.listeners(Role::Production, &group.production), aws.listeners(Role::Test, &group.test));
    let mut listeners = production?;
    listeners.extend(test?);
    Ok(listeners)
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
