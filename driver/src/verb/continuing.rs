//! `greenlight continue`: ends the wait that a deployment is in, and follows it to its true end.

use super::following::Following;
use super::watch::{attach, chosen};
use super::{ConfigurationSource, Pacing};
use crate::aws::{Aws, Connection};
use crate::decide::waiting::{self, Wait};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::show::Printer;
use crate::snapshot::Snapshot;

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
    let aws = Aws::connect(connection).await?;
    let id = chosen(&aws, id, source).await?;
    let (heading, deadline) = attach(&aws, &id, source, pacing.pace).await?;
    let mut following = Following::new(&aws, printer, heading, deadline, pacing);
    let seen = tokio::select! {
        biased;
        exit = interruption.wait() => return Err(Failure::InterruptedBefore("the wait was ended", exit)),
        looked = following.look_first() => looked?,
    };
    let (wait, was_seen) = match wait {
        Some(wait) => (wait, false),
        None => (current(&id, seen)?, true),
    };
    if let Err(error) = aws.continue_deployment(&id, wait).await {
        // A wait that was seen and is not there any more is over: by a first call whose answer was lost, or by somebody else.
        let now = aws.snapshot(&id, &mut None).await;
        let is_over = was_seen && now.is_ok_and(|seen| waiting::wait(&seen) != Some(wait));
        if !is_over {
            return Err(Failure::aws(format!("end the wait of deployment {id}"))(error));
        }
    }
    let which = match wait {
        Wait::Ready => "the wait for a person",
        Wait::Termination => "the termination wait",
    };
    following.was_continued(&format!("{which} of {id} ended"));
    Ok(following.to_the_end(&mut interruption).await?.exit)
}

fn current(id: &str, seen: Option<&Snapshot>) -> Result<Wait, Failure> {
    seen.and_then(waiting::wait).ok_or_else(|| {
        let status = seen.map_or("unknown", |snapshot| snapshot.deployment.status.as_str());
        Failure::NothingThere(format!(
            "deployment {id} ({status}) is in no wait that could be ended; --wait asks CodeDeploy all the same"
        ))
    })
}
