//! `greenlight watch`: attaches to a deployment by id, or to the group's active one, and follows it to its end.

use super::following::Following;
use super::preparation::{ecs_group, named, shift};
use super::{ConfigurationSource, Pacing};
use crate::appspec::parsing;
use crate::aws::{Aws, Connection};
use crate::clock;
use crate::configuration::EvidencePlace;
use crate::decide::schedule::Bounds;
use crate::decide::view::Heading;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::show::Printer;
use crate::snapshot::Deployment;

/// Follows to the end.
pub async fn run(
    id: Option<String>,
    source: &ConfigurationSource,
    connection: &Connection,
    pacing: Pacing,
    printer: &mut Printer,
) -> Result<Exit, Failure> {
    let mut interruption = super::interruption::listen()?;
    let aws = Aws::connect(connection).await?;
    let id = chosen(&aws, id, source).await?;
    let (heading, deadline) = attach(&aws, &id, source, pacing.pace).await?;
    Ok(Following::new(&aws, printer, heading, deadline, pacing).to_the_end(&mut interruption).await?.exit)
}

/// The deployment that was named, or else the group's active one.
pub(super) async fn chosen(aws: &Aws, id: Option<String>, source: &ConfigurationSource) -> Result<String, Failure> {
    if let Some(id) = id {
        return Ok(id);
    }
    match activity(aws, source).await? {
        Activity::Active(id) => Ok(id),
        Activity::Idle { group, last } => {
            let last = last.map(|id| format!("; the last one was {id}: greenlight status {id}")).unwrap_or_default();
            Err(Failure::NothingThere(format!("deployment group {group:?} has no active deployment{last}")))
        }
    }
}

/// What the deployment group is doing.
pub(super) enum Activity {
    /// This deployment is active.
    Active(String),
    /// None is; the last one that was attempted, where there was one.
    Idle { group: String, last: Option<String> },
}

/// Looks at the configuration's deployment group.
pub(super) async fn activity(aws: &Aws, source: &ConfigurationSource) -> Result<Activity, Failure> {
    let configuration = source.read_to_look()?;
    let (application, group) = (&configuration.application, &configuration.deployment_group);
    let active = aws
        .active_deployments(application, group)
        .await
        .map_err(Failure::aws(format!("list the deployments of group {group:?}")))?;
    if let Some(id) = active.into_iter().next() {
        return Ok(Activity::Active(id));
    }
    let last = ecs_group(aws, &configuration).await?.last_attempted;
    Ok(Activity::Idle { group: group.clone(), last })
}

/// What can be known of a deployment that somebody else created.
pub(super) async fn attach(
    aws: &Aws,
    id: &str,
    source: &ConfigurationSource,
    pace: f64,
) -> Result<(Heading, jiff::Timestamp), Failure> {
    let snapshot = aws.snapshot(id, &mut None).await.map_err(Failure::aws(format!("read deployment {id:?}")))?;
    let deployment = &snapshot.deployment;
    if !deployment.is_ecs {
        return Err(Failure::Unfit(format!("deployment {id} is not one of an ECS service")));
    }
    let hooks = hooks(aws, deployment, source).await;
    let bounds = Bounds {
        shift: shift(aws, deployment.config.as_deref()).await,
        ready_wait: deployment.ready_wait,
        termination_wait: deployment.termination_wait,
        hooks: u32::try_from(hooks.len()).unwrap_or(5),
        pace,
    };
    let deadline = bounds.deadline(deployment.created.unwrap_or_else(clock::now));
    let service = aws.group(&deployment.application, &deployment.group).await.ok().and_then(|group| group.service);
    let heading = Heading {
        service: service.map_or_else(|| deployment.application.clone(), |(_, service)| service),
        deployment_id: id.to_owned(),
        group: deployment.group.clone(),
        versions: None,
        shift: bounds.shift,
        deadline: Some(deadline),
        // A rollback's events are CodeDeploy's own bookkeeping: functions are not called (aws-facts §2).
        hooks: if deployment.rolls_back.is_some() { std::collections::BTreeMap::new() } else { hooks },
        evidence: evidence(&deployment.group, source),
    };
    Ok((heading, deadline))
}

/// Where a configuration of this group says that evidence is kept. A name that is a variable's, which is not set, is none.
pub(super) fn evidence(group: &str, source: &ConfigurationSource) -> Option<EvidencePlace> {
    let configuration = source.read_to_look().ok().filter(|configuration| configuration.deployment_group == group)?;
    configuration.evidence.filter(|place| !place.bucket.contains("${") && !place.prefix.contains("${"))
}

/// From the deployment's own AppSpec; else from a configuration of the same group. Without either, functions stay unnamed.
async fn hooks(
    aws: &Aws,
    deployment: &Deployment,
    source: &ConfigurationSource,
) -> std::collections::BTreeMap<String, String> {
    match aws.appspec_of(deployment).await {
        Ok(text) => match parsing::parse(&text) {
            Ok(appspec) => return named(&appspec.hooks),
            Err(fault) => tracing::debug!(fault = fault.text, "the deployment's AppSpec could not be read"),
        },
        Err(error) => tracing::debug!(%error, "the revision could not be read"),
    }
    match source.read_to_look() {
        Ok(configuration) if configuration.deployment_group == deployment.group => named(&configuration.hooks),
        _ => std::collections::BTreeMap::new(),
    }
}
