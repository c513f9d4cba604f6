//! Carries out a call that creates something so that it creates one thing, though answers are lost and services throttle. What to
//! do after each try is decided in `decide::recovery`.

use std::time::Duration;

use crate::aws::error::{AwsError, ErrorKind};
use crate::clock;
use crate::decide::recovery::{Next, Tries};
use crate::exit::Exit;
use crate::show::Printer;
use crate::verb::Pacing;
use crate::verb::interruption::Interruption;

/// How it ended.
pub(super) enum Ended<T> {
    /// The call answered.
    Made(T),
    /// The call did not answer, but what it makes is there.
    Found(T),
    /// Something else is in the way.
    InTheWay(AwsError),
    /// It was not made.
    Refused(AwsError),
    /// Nobody knows.
    Unknown(AwsError),
    /// A signal came between two tries.
    Interrupted {
        /// Which.
        exit: Exit,
        /// Whether it may have been made.
        doubtful: bool,
    },
}

/// What the call is about, for people.
pub(super) struct Subject {
    /// `CreateDeployment`.
    pub(super) call: &'static str,
    /// `the deployment`.
    pub(super) thing: &'static str,
}

/// Makes the call, and looks for what it makes where it did not answer.
pub(super) async fn once<T>(
    subject: &Subject,
    mut call: impl AsyncFnMut() -> Result<T, AwsError>,
    mut look: impl AsyncFnMut() -> Result<Option<T>, AwsError>,
    pacing: &Pacing,
    printer: &mut Printer,
    interruption: &mut Interruption,
) -> Ended<T> {
    let mut tries = Tries::new(pacing.floor, pacing.pace, clock::now());
    let mut next = Next::Try(Duration::ZERO);
    let mut last = None;
    loop {
        next = match next {
            Next::Try(pause) => {
                if let Some(exit) = wait(pause, interruption).await {
                    return Ended::Interrupted { exit, doubtful: tries.is_doubtful() };
                }
                match call().await {
                    Ok(made) => return Ended::Made(made),
                    Err(error) => {
                        tracing::debug!(%error, "a try failed");
                        if error.kind == ErrorKind::Unavailable && !tries.is_doubtful() {
                            let Subject { call, thing } = subject;
                            let text = format!("{call} was not answered; looking whether {thing} exists: {error}");
                            printer.warning(&text, clock::now());
                        }
                        let next = tries.failed(error.kind, clock::now());
                        last = Some(error);
                        next
                    }
                }
            }
            Next::Look => match seen(look().await) {
                Some(found) => return Ended::Found(found),
                None => tries.not_found(clock::now()),
            },
            Next::LookAgain(pause) => {
                if let Some(exit) = wait(pause, interruption).await {
                    return Ended::Interrupted { exit, doubtful: true };
                }
                Next::Look
            }
            Next::Refused => return Ended::Refused(known(last)),
            Next::InTheWay => return Ended::InTheWay(known(last)),
            Next::Unknown => return Ended::Unknown(known(last)),
        };
    }
}

/// A look that failed has not seen anything.
fn seen<T>(answer: Result<Option<T>, AwsError>) -> Option<T> {
    answer.unwrap_or_else(|error| {
        tracing::debug!(%error, "a look failed");
        None
    })
}

fn known(error: Option<AwsError>) -> AwsError {
    error.expect("only a failed try leads to an end other than an answer")
}

async fn wait(pause: Duration, interruption: &mut Interruption) -> Option<Exit> {
    if pause.is_zero() {
        return None;
    }
    tokio::select! {
        biased;
        exit = interruption.wait() => Some(exit),
        () = tokio::time::sleep(pause) => None,
    }
}
