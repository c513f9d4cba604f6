//! `greenlight status`: one look at a deployment by id, or at the group's active or last one.

use super::following::Following;
use super::watch::{Activity, activity, attach};
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
    let aws = Aws::connect(connection).await?;
    let id = match id {
        Some(id) => id,
        None => active_or_last(&aws, source).await?,
    };
    let (heading, deadline) = attach(&aws, &id, source, pacing.pace).await?;
    Following::new(&aws, printer, heading, deadline, pacing).one_look().await?;
    Ok(Exit::Succeeded)
}

async fn active_or_last(aws: &Aws, source: &ConfigurationSource) -> Result<String, Failure> {
    let last = match activity(aws, source).await? {
        Activity::Active(id) => return Ok(id),
        Activity::Idle { last: Some(last), .. } => last,
        Activity::Idle { group, last: None } => {
            return Err(Failure::NothingThere(format!("deployment group {group:?} has had no deployment")));
        }
    };
    // After a rollback the last one is the rollback; what it rolled back says more, and shows it too.
    let snapshot = aws.snapshot(&last, &mut None).await.map_err(Failure::aws(format!("read deployment {last:?}")))?;
    Ok(snapshot.deployment.rolls_back.unwrap_or(last))
}
