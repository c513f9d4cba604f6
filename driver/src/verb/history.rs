//! `greenlight history`: what the deployments of the configured group came to, the newest first.

use super::ConfigurationSource;
use crate::aws::{Aws, Connection};
use crate::clock;
use crate::decide::history::history;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::show::Printer;

/// Reads and prints. The exit code says whether it could be read.
pub async fn run(
    limit: usize,
    source: &ConfigurationSource,
    connection: &Connection,
    printer: &mut Printer,
) -> Result<Exit, Failure> {
    let configuration = source.read_to_look()?;
    let (application, group) = (&configuration.application, &configuration.deployment_group);
    let aws = Aws::connect(connection).await?;
    let past = aws
        .past_deployments(application, group, limit)
        .await
        .map_err(Failure::aws(format!("read the deployments of group {group:?}")))?;
    let now = clock::now();
    if past.is_empty() {
        printer.note(&format!("deployment group {group:?} has had no deployment"), now);
    }
    printer.history(&history(past, now), now);
    Ok(Exit::Succeeded)
}
