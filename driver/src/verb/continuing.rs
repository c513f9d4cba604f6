//! `greenlight continue`: ends the wait that a deployment is in, and follows it to its true end.

use super::following::Following;
use super::watch::{attach, chosen};
use super::{ConfigurationSource, Pacing};
use crate::aws::{Aws, Connection};
use crate::clock;
use crate::decide::waiting::{self, Wait};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::show::Printer;

/// Ends the wait, the one that the deployment is in unless one is named, and follows.
pub async fn run(
    id: Option<String>,
    wait: Option<Wait>,
    source: &ConfigurationSource,
    connection: &Connection,
    pacing: Pacing,
    printer: &mut Printer,
) -> Result<Exit, Failure> {
    let mut interruption = super::interruption::listen()?;
    let aws = Aws::connect(connection).await;
    let id = chosen(&aws, id, source).await?;
    let (heading, deadline) = attach(&aws, &id, source, pacing.pace).await?;
    let wait = match wait {
        Some(wait) => wait,
        None => current(&aws, &id).await?,
    };
    aws.continue_deployment(&id, wait).await.map_err(Failure::aws(format!("end the wait of deployment {id}")))?;
    let which = match wait {
        Wait::Ready => "the wait for a person",
        Wait::Termination => "the termination wait",
    };
    printer.note(&format!("{which} of {id} ended"), clock::now());
    Ok(Following::new(&aws, printer, heading, deadline, pacing).to_the_end(&mut interruption).await?.exit)
}

async fn current(aws: &Aws, id: &str) -> Result<Wait, Failure> {
    let snapshot = aws.snapshot(id, &mut None).await.map_err(Failure::aws(format!("read deployment {id:?}")))?;
    waiting::wait(&snapshot).ok_or_else(|| {
        let status = snapshot.deployment.status.as_str();
        Failure::NothingThere(format!(
            "deployment {id} ({status}) is in no wait that could be ended; --wait asks CodeDeploy all the same"
        ))
    })
}
