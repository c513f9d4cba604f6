//! `greenlight status`: one look at a deployment by id, or at the group's active or last one.

use super::deploy::ecs_group;
use super::following::Following;
use super::watch::attach;
use super::{ConfigurationSource, Pacing};
use crate::aws::{Aws, Connection};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::show::Printer;

/// Looks once. The exit code says whether it could be read, not how the deployment stands.
pub async fn run(
    id: Option<String>,
    source: &ConfigurationSource,
    connection: &Connection,
    pacing: Pacing,
    printer: &mut Printer,
) -> Result<Exit, Failure> {
    let aws = Aws::connect(connection).await;
    let id = match id {
        Some(id) => id,
        None => active_or_last(&aws, source).await?,
    };
    let (heading, deadline) = attach(&aws, &id, source, pacing.pace).await?;
    Following::new(&aws, printer, heading, deadline, pacing).one_look().await?;
    Ok(Exit::Succeeded)
}

async fn active_or_last(aws: &Aws, source: &ConfigurationSource) -> Result<String, Failure> {
    let configuration = source.read_to_look()?;
    let (application, name) = (&configuration.application, &configuration.deployment_group);
    let active = aws
        .active_deployments(application, name)
        .await
        .map_err(Failure::aws(format!("list the deployments of group {name:?}")))?;
    if let Some(id) = active.into_iter().next() {
        return Ok(id);
    }
    let last = ecs_group(aws, &configuration).await?.last_attempted;
    let last = last.ok_or_else(|| Failure::NothingThere(format!("deployment group {name:?} has had no deployment")))?;
    // After a rollback the last one is the rollback; what it rolled back says more, and shows it too.
    let snapshot = aws.snapshot(&last, &mut None).await.map_err(Failure::aws(format!("read deployment {last:?}")))?;
    Ok(snapshot.deployment.rolls_back.unwrap_or(last))
}
