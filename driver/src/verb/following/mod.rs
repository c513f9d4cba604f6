//! The one loop that follows a deployment: waits, hands what it sees to `decide::watch`, shows, and carries out the next step.
//! What is read beside it, hooks' logs and the reasons of a failure, never holds it up.

mod gates;
mod gathering;
mod guarding;
mod hook_logs;
mod steering;

use std::time::Duration;

use jiff::Timestamp;

use self::gates::{Gates, Seen};
use self::gathering::Gathering;
pub use self::guarding::Guard;
use self::hook_logs::HookLogs;
pub use self::steering::Orders;
use self::steering::{Leaving, Stir};
use super::Pacing;
use super::deploy::scaling::Held;
use super::interruption::Interruption;
use crate::aws::Aws;
use crate::aws::error::{AwsError, ErrorKind};
use crate::clock;
use crate::decide::guard::Round;
use crate::decide::poll::{self, Ask};
use crate::decide::report::{self, Report, Serving};
use crate::decide::view::{self, Heading, View};
use crate::decide::watch::{Next, Patience, Watch};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::show::{Printer, words};
use crate::snapshot::{Deployment, Snapshot, Target};

/// How often a live region is redrawn between two looks.
const REDRAW: Duration = Duration::from_millis(100);
/// Evidence of a hook that passed is good to have, not worth a wait at the end.
const LAST_EVIDENCE: Duration = Duration::from_millis(500);

/// A deployment being followed.
#[derive(Debug)]
pub struct Following<'a> {
    aws: &'a Aws,
    printer: &'a mut Printer,
    heading: Heading,
    pacing: Pacing,
    watch: Watch,
    target: Option<String>,
    logs: HookLogs,
    gates: Gates,
    gathering: Gathering,
    orders: Orders,
    guarding: guarding::Watch,
    /// Released when it is not followed any more.
    held: Option<Held>,
    /// A signal has stopped the deployment.
    was_interrupted: bool,
    /// The place that was asked for is out of reach, and that was said.
    is_lost: bool,
}

/// How following ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Followed {
    /// How the command ends.
    pub exit: Exit,
    /// The report, when the end was seen.
    pub report: Option<Report>,
}

impl<'a> Following<'a> {
    /// Begins with nothing seen.
    pub fn new(aws: &'a Aws, printer: &'a mut Printer, heading: Heading, deadline: Timestamp, pacing: Pacing) -> Self {
        let patience = Patience { floor: pacing.floor, pace: pacing.pace, shift: heading.shift.clone(), deadline };
        // A rehearsal is over long before.
        let heading = Heading { deadline: Some(deadline).filter(|_| !pacing.ends_with_us), ..heading };
        Self {
            aws,
            printer,
            heading,
            pacing,
            watch: Watch::new(patience, clock::now()),
            target: None,
            logs: HookLogs::default(),
            gates: Gates::default(),
            gathering: Gathering::default(),
            orders: Orders::default(),
            guarding: guarding::Watch::default(),
            held: None,
            was_interrupted: false,
            is_lost: false,
        }
    }

    /// Looks before the deployment is stopped or a wait of it ended: how far it had come is not to be seen afterwards.
    pub(super) async fn look_first(&mut self) -> Result<Option<&Snapshot>, Failure> {
        self.look().await?;
        Ok(self.watch.deployment.as_ref())
    }

    /// Whether it had ended when it was last looked at.
    pub(super) fn has_ended(&self) -> bool {
        self.watch.deployment.as_ref().is_some_and(|snapshot| snapshot.deployment.status.is_terminal())
    }

    /// The stop was accepted; what it said about rolling back goes before the deployment's configuration.
    pub(super) fn was_stopped(&mut self, rollback: Option<bool>, words: &str) {
        self.watch.rollback_asked = rollback;
        self.printer.note(words, clock::now());
    }

    /// A wait was ended.
    pub(super) fn was_continued(&mut self, words: &str) {
        self.printer.note(words, clock::now());
    }

    /// Follows to the true end, the place that was asked for, the deadline, or a signal.
    pub async fn to_the_end(mut self, interruption: &mut Interruption) -> Result<Followed, Failure> {
        match self.follow(interruption).await {
            Ok(Leaving::Ended) => Ok(self.end(interruption).await),
            Ok(Leaving::Detached(exit)) => Ok(self.leave(exit, interruption).await),
            Err(failure) => {
                self.release(interruption).await;
                Err(failure)
            }
        }
    }

    async fn follow(&mut self, interruption: &mut Interruption) -> Result<Leaving, Failure> {
        loop {
            if let Some(leaving) = self.arrived()? {
                return Ok(leaving);
            }
            let next = tokio::select! {
                biased;
                exit = interruption.wait() => match self.interrupted(exit, interruption).await {
                    Some(leaving) => return Ok(leaving),
                    None => continue,
                },
                next = self.look() => next?,
            };
            if let Some(leaving) = self.arrived()? {
                return Ok(leaving);
            }
            match next {
                Next::Wait(pause) => match self.pause(pause, interruption).await {
                    Some(Stir::Signal(exit)) => {
                        if let Some(leaving) = self.interrupted(exit, interruption).await {
                            return Ok(leaving);
                        }
                    }
                    Some(Stir::Round(round)) => self.guarded(round).await,
                    None => {}
                },
                Next::Ended => return Ok(Leaving::Ended),
                Next::DeadlinePassed => return Ok(Leaving::Detached(Exit::DeadlinePassed)),
                Next::Unreachable => return Ok(Leaving::Detached(Exit::Unexpected)),
            }
        }
    }

    /// One look, for `status`: no waiting, whatever the answer.
    pub async fn one_look(mut self) -> Result<(), Failure> {
        let snapshot =
            self.ask().await.map_err(Failure::aws(format!("read deployment {}", self.heading.deployment_id)))?;
        let now = clock::now();
        let mut changes = self.watch.saw_deployment(snapshot, now).changes;
        if let Some(id) = self.watch.follows_rollback().map(str::to_owned) {
            let rollback = self.aws.deployment(&id).await.map_err(Failure::aws(format!("read rollback {id}")))?;
            let rollback = Snapshot { deployment: rollback, target: None };
            changes.extend(self.watch.saw_rollback(rollback, now).changes);
        }
        self.logs.read(self.aws, &self.heading, &changes, self.pacing.evidence);
        self.gather(now).await;
        if let Some(snapshot) = &self.watch.deployment {
            let (aws, heading, pace) = (self.aws, &self.heading, self.pacing.pace);
            let seen = Seen { aws, heading, snapshot, pace, now };
            self.gates.one_look(seen, &mut self.logs, self.printer).await;
        }
        self.collect_logs(self.pacing.evidence.min(Duration::from_secs(3))).await;
        let report = self.report(now).await;
        let view = self.view();
        self.printer.status(&report, &view, &changes, now);
        Ok(())
    }

    /// One look: the half that is due, and the other where the first shows that it has changed too.
    async fn ask(&mut self) -> Result<Snapshot, AwsError> {
        if let Some(id) = self.watch.follows_rollback().map(str::to_owned) {
            return Ok(Snapshot { deployment: self.aws.deployment(&id).await?, target: None });
        }
        let id = self.heading.deployment_id.clone();
        let before = self.watch.deployment.clone();
        let due = self.watch.asks();
        let deployment = match &before {
            Some(before) if !due.deployment => before.deployment.clone(),
            _ => self.ask_deployment(&id).await?,
        };
        let mut seen = Snapshot { deployment, target: before.as_ref().and_then(|before| before.target.clone()) };
        if due.target {
            seen.target = self.ask_target(&id).await?.or(seen.target);
        }
        let more = poll::also(before.as_ref(), &seen, due);
        if more.deployment {
            seen.deployment = self.ask_deployment(&id).await?;
        }
        if more.target {
            seen.target = self.ask_target(&id).await?.or(seen.target);
        }
        Ok(seen)
    }

    async fn ask_deployment(&mut self, id: &str) -> Result<Deployment, AwsError> {
        self.watch.asked(Ask::DEPLOYMENT, clock::now());
        self.aws.deployment(id).await
    }

    async fn ask_target(&mut self, id: &str) -> Result<Option<Target>, AwsError> {
        self.watch.asked(Ask::TARGET, clock::now());
        self.aws.target(id, &mut self.target).await
    }

    async fn look(&mut self) -> Result<Next, Failure> {
        let rollback = self.watch.follows_rollback().is_some();
        let answer = self.ask().await;
        let now = clock::now();
        let step = match answer {
            Ok(snapshot) if rollback => self.watch.saw_rollback(snapshot, now),
            Ok(snapshot) => self.watch.saw_deployment(snapshot, now),
            Err(error) => {
                tracing::debug!(%error, "a look failed");
                if error.kind == ErrorKind::Unavailable && !self.watch.is_failing() {
                    self.printer.warning(&format!("AWS does not answer, trying again: {error}"), now);
                }
                return match error.kind {
                    ErrorKind::Throttled => Ok(self.watch.was_throttled(now)),
                    ErrorKind::Unavailable => Ok(self.watch.was_unreachable(now)),
                    ErrorKind::NotAllowed
                    | ErrorKind::NotFound
                    | ErrorKind::NotStarted
                    | ErrorKind::Conflict
                    | ErrorKind::Refused
                    | ErrorKind::NotSent => Err(Failure::Lost {
                        deployment_id: self.heading.deployment_id.clone(),
                        advice: format!("attach again: {}", self.attach()),
                        source: error,
                    }),
                };
            }
        };
        self.logs.read(self.aws, &self.heading, &step.changes, self.pacing.evidence);
        self.gather(now).await;
        if let Some(snapshot) = &self.watch.deployment {
            let (aws, heading, pace) = (self.aws, &self.heading, self.pacing.pace);
            let seen = Seen { aws, heading, snapshot, pace, now };
            self.gates.saw(seen, &mut self.logs, self.printer).await;
        }
        if let (Some(guard), Some(snapshot)) = (&self.orders.guard, &self.watch.deployment) {
            self.guarding.saw(guard, self.aws, snapshot);
        }
        let view = self.view();
        self.printer.progress(&view, &step.changes, now);
        Ok(step.next)
    }

    /// Waits, while logs come in and a live region is kept alive.
    async fn pause(&mut self, pause: Duration, interruption: &mut Interruption) -> Option<Stir> {
        let until = clock::within(pause);
        loop {
            let live = self.printer.is_live();
            tokio::select! {
                biased;
                exit = interruption.wait() => return Some(Stir::Signal(exit)),
                round = self.guarding.next() => match round {
                    Round::Passed => {}
                    round => return Some(Stir::Round(round)),
                },
                () = self.logs.next(self.printer) => {}
                () = tokio::time::sleep_until(until) => return None,
                () = tokio::time::sleep(REDRAW), if live => {}
            }
            let view = self.view();
            self.printer.progress(&view, &[], clock::now());
        }
    }

    async fn end(mut self, interruption: &mut Interruption) -> Followed {
        tokio::select! {
            biased;
            // The outcome is known; only the wait for a log is cut short.
            _ = interruption.wait() => interruption.answer(),
            () = self.collect_logs(LAST_EVIDENCE) => {}
        }
        self.release(interruption).await;
        let now = clock::now();
        let report = self.report(now).await;
        let view = self.view();
        self.printer.progress(&view, &[], now);
        self.printer.report(&report, &view, now);
        Followed { exit: report.exit, report: Some(report) }
    }

    async fn gather(&mut self, now: Timestamp) {
        if let Some(snapshot) = &self.watch.deployment {
            self.gathering.saw(self.aws, snapshot, self.pacing.pace, now).await;
        }
    }

    async fn collect_logs(&mut self, moment: Duration) {
        self.logs.collect(&self.heading, self.watch.deployment.as_ref(), moment, self.printer).await;
    }

    async fn report(&mut self, now: Timestamp) -> Report {
        let (serving, facts) = (self.serving().await, self.gathering.facts().await);
        report::report(&self.heading, &self.watch, self.logs.failed.take(), facts, serving, now)
    }

    /// Where both listeners send their traffic. Not knowing it changes no outcome.
    async fn serving(&self) -> Serving {
        let Some(snapshot) = &self.watch.deployment else { return Serving::default() };
        let deployment = &snapshot.deployment;
        let arns: Vec<String> =
            deployment.production_listeners.iter().chain(&deployment.test_listeners).cloned().collect();
        if arns.is_empty() {
            return Serving::default();
        }
        let listeners = match self.aws.listeners(&arns).await {
            Ok(listeners) => listeners,
            Err(error) => {
                tracing::debug!(%error, "the listeners could not be read");
                return Serving::default();
            }
        };
        let split = |arns: &[String]| {
            let listener = listeners.iter().find(|listener| arns.contains(&listener.arn))?;
            report::split(snapshot, &listener.shares)
        };
        Serving { production: split(&deployment.production_listeners), test: split(&deployment.test_listeners) }
    }

    fn view(&self) -> View {
        view::view(&self.heading, &self.watch, &self.logs.evidence, clock::now())
    }

    fn attach(&self) -> String {
        words::attach(&self.heading.deployment_id, self.aws.region.as_deref())
    }
}
