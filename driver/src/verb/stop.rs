//! `greenlight stop`: stops a deployment, with or without rollback, and follows it to its true end.

use super::following::Following;
use super::watch::{attach, chosen};
use super::{ConfigurationSource, Pacing};
use crate::aws::{Aws, Connection};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::show::Printer;

/// Stops and follows. Without a word on rolling back, the deployment's configuration holds.
pub async fn run(
    id: Option<String>,
    rollback: Option<bool>,
    source: &ConfigurationSource,
    connection: &Connection,
    pacing: Pacing,
    printer: &mut Printer,
) -> Result<Exit, Failure> {
    let mut interruption = super::interruption::listen()?;
    let aws = Aws::connect(connection).await?;
    let id = chosen(&aws, id, source).await?;
    let (heading, deadline) = attach(&aws, &id, source, pacing.pace).await?;
    let mut following = Following::new(&aws, printer, heading, deadline, pacing);
    tokio::select! {
        biased;
        exit = interruption.wait() => return Err(Failure::InterruptedBefore("the deployment was stopped", exit)),
        looked = following.look_first() => drop(looked?),
    }
    // From here on nothing is cut short: a stop that was sent is followed.
    let words = match aws.stop_deployment(&id, rollback).await {
        Ok(words) => words,
        Err(error) if error.is_already_completed() && following.has_ended() => {
            let text = format!("deployment {id} has ended already; there is nothing to stop: greenlight status {id}");
            return Err(Failure::NothingThere(text));
        }
        // It ran when it was looked at: it has ended since, by this very call where a first answer was lost.
        Err(error) if error.is_already_completed() => "it had ended when that was answered".to_owned(),
        Err(error) => return Err(Failure::aws(format!("stop deployment {id}"))(error)),
    };
    let how = match rollback {
        Some(true) => "with rollback",
        Some(false) => "without rollback",
        None => "rollback as configured",
    };
    following.was_stopped(rollback, &format!("stop of {id} requested, {how}: {words}"));
    Ok(following.to_the_end(&mut interruption).await?.exit)
}
