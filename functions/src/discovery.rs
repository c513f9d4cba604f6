//! The read plan: which facts are read, in which order. Read-only, and nothing is decided here.

use crate::aws::{Aws, ReadError};
use crate::facts::{Deployment, Facts, Listener, Role};
use crate::invocation::DeploymentId;

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

fn load_balancers_of(listeners: &[Listener]) -> Vec<String> {
    let mut arns: Vec<String> = listeners.iter().map(|listener| listener.load_balancer.clone()).collect();
    arns.sort_unstable();
    arns.dedup();
    arns
}
