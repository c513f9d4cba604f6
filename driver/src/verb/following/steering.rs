//! What is done about a deployment while it is followed: it is left at a place that was asked for, or at the gate; a signal leaves
//! or stops it. What to do is decided in `decide::until` and `decide::interruption`.

use std::time::Duration;

use super::{Followed, Following, Guard};
use crate::clock;
use crate::decide::guard::Round;
use crate::decide::interruption::{self, Action, OnInterrupt};
use crate::decide::report::{Report, Serving};
use crate::decide::until::{self, Standing, Until};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::verb::deploy::scaling::Held;
use crate::verb::interruption::Interruption;

/// How far to follow, and what to do on the way.
#[derive(Clone, Debug, Default)]
pub struct Orders {
    /// It is deployed though exactly this serves already.
    pub force: bool,
    /// Nothing is asked before it is made.
    pub skip_preflight: bool,
    /// It is left as soon as it exists.
    pub detach: bool,
    /// It is left at this place.
    pub until: Option<Until>,
    /// It is left after this time.
    pub deadline: Option<Duration>,
    /// It is left where it waits for a person.
    pub leave_at_gate: bool,
    /// What watches over the shift.
    pub guard: Option<Guard>,
    /// What a signal does.
    pub on_interrupt: OnInterrupt,
}

/// How following comes to an end.
pub(super) enum Leaving {
    /// The true end was seen.
    Ended,
    /// The deployment goes on.
    Detached(Exit),
}

/// What comes while a pause lasts.
pub(super) enum Stir {
    /// A signal.
    Signal(Exit),
    /// A round of the guard that was not passed.
    Round(Round),
}

impl Following<'_> {
    /// Follows with these orders; what is held is released when it is not followed any more, whatever the reason.
    pub(in crate::verb) fn under(mut self, orders: Orders, held: Option<Held>) -> Self {
        self.orders = orders;
        self.held = held;
        self
    }

    /// Whether this is as far as was asked.
    pub(super) fn arrived(&mut self) -> Result<Option<Leaving>, Failure> {
        if self.orders.detach {
            return Ok(Some(Leaving::Detached(Exit::AsFarAsAsked)));
        }
        let Some(snapshot) = &self.watch.deployment else { return Ok(None) };
        if let Some(until) = self.orders.until {
            match until::standing(until, snapshot, self.logs.has_had_gate()) {
                Standing::Ahead => {}
                // Whoever asked for a place is told the end where there is one.
                Standing::Reached if snapshot.deployment.status.is_terminal() => {}
                Standing::Reached => return Ok(Some(Leaving::Detached(Exit::AsFarAsAsked))),
                Standing::OutOfReach if self.is_lost => {}
                Standing::OutOfReach => {
                    self.is_lost = true;
                    let id = &self.heading.deployment_id;
                    if until::is_absent(until, snapshot) {
                        let text = format!("{} is no event of deployment {id}, which goes on", until.name());
                        return Err(Failure::NothingThere(text));
                    }
                    self.printer.warning(&format!("{} will not be reached", until.name()), clock::now());
                }
            }
        }
        let waits = until::is_at_the_gate(snapshot) || self.logs.has_open_gate(&self.heading, snapshot);
        if self.orders.leave_at_gate && waits {
            return Ok(Some(Leaving::Detached(Exit::WaitsForPerson)));
        }
        Ok(None)
    }

    /// A signal came. `None` when following goes on.
    pub(super) async fn interrupted(&mut self, exit: Exit, interruption: &mut Interruption) -> Option<Leaving> {
        interruption.answer();
        match interruption::decide(self.orders.on_interrupt, self.was_interrupted, self.has_ended()) {
            Action::Leave => Some(Leaving::Detached(exit)),
            Action::Stop { rollback } => {
                self.was_interrupted = true;
                if self.stop(rollback, "interrupted").await { None } else { Some(Leaving::Detached(exit)) }
            }
        }
    }

    /// Stops the deployment; whether there is an end to be followed now.
    pub(super) async fn stop(&mut self, rollback: Option<bool>, why: &str) -> bool {
        let id = self.heading.deployment_id.clone();
        let how = if rollback == Some(true) { "with rollback" } else { "rollback as configured" };
        match self.aws.stop_deployment(&id, rollback).await {
            Ok(words) => {
                self.was_stopped(rollback, &format!("{why}: stop of {id} requested, {how}: {words}"));
                true
            }
            // By this very call, where a first answer was lost: then a rollback is to be expected all the same.
            Err(error) if error.is_already_completed() => {
                self.watch.rollback_asked = rollback;
                true
            }
            Err(error) => {
                self.printer.warning(&format!("{why}, but {id} could not be stopped: {error}"), clock::now());
                false
            }
        }
    }

    /// The guard has looked: what it found stops the deployment, with rollback.
    pub(super) async fn guarded(&mut self, round: Round) {
        match round {
            Round::Passed => {}
            Round::Unmeasured(text) => {
                if !std::mem::replace(&mut self.guarding.is_blind, true) {
                    let text = format!("the guard cannot measure, which stops nothing: {text}");
                    self.printer.warning(&text, clock::now());
                }
            }
            Round::Failed(text) => {
                self.printer.warning(&format!("the guard failed: {text}"), clock::now());
                if self.watch.stopped_by_guard.is_none() && self.stop(Some(true), "the guard failed").await {
                    self.watch.stopped_by_guard = Some(text);
                }
            }
        }
    }

    /// Releases what is held.
    pub(super) async fn release(&mut self, interruption: &mut Interruption) {
        if let Some(held) = self.held.take() {
            held.resume(self.aws, self.printer, interruption).await;
        }
    }

    /// Leaves, and says what goes on.
    pub(super) async fn leave(mut self, exit: Exit, interruption: &mut Interruption) -> Followed {
        self.release(interruption).await;
        let lines = self.last_words(exit);
        let report = Report {
            heading: self.heading.clone(),
            exit,
            status: self.watch.deployment.as_ref().map(|snapshot| snapshot.deployment.status.clone()),
            rolls_back: None,
            took: None,
            why: None,
            rollback: None,
            serving: Serving::default(),
        };
        self.printer.detached(&lines, Some(&report), exit, clock::now());
        Followed { exit, report: None }
    }

    fn last_words(&self, exit: Exit) -> Vec<String> {
        let id = &self.heading.deployment_id;
        let status =
            self.watch.deployment.as_ref().map_or("not seen yet", |snapshot| snapshot.deployment.status.as_str());
        if self.pacing.ends_with_us {
            return vec![format!("{id} ({status}) ends with the rehearsal")];
        }
        let attach = format!("attach again: {}", self.attach());
        let is_open = self.watch.deployment.as_ref().is_some_and(|seen| self.logs.has_open_gate(&self.heading, seen));
        let answer = || format!("answer: {}, or reject", self.attach().replacen("watch", "approve", 1));
        let first = match exit {
            Exit::AsFarAsAsked if self.orders.until == Some(Until::Gate) && is_open => {
                return vec![format!("gate is reached; {id} waits for a person's approval ({status})"), answer()];
            }
            Exit::DeadlinePassed => format!("the deadline has passed and {id} still runs ({status})"),
            Exit::Unexpected => format!("AWS has not answered for some minutes; {id} goes on (last seen: {status})"),
            Exit::AsFarAsAsked => match self.orders.until {
                Some(until) => format!("{} is reached; {id} goes on ({status})", until.name()),
                None => format!("detached: {id} exists and goes on"),
            },
            Exit::WaitsForPerson if is_open => {
                return vec![format!("{id} waits for a person's approval ({status})"), answer()];
            }
            Exit::WaitsForPerson => {
                let go_on = self.attach().replacen("watch", "continue", 1);
                return vec![
                    format!("{id} waits for a person before production traffic shifts ({status})"),
                    format!("go on: {go_on}"),
                ];
            }
            _ if self.was_interrupted => format!("left: {id} is being stopped ({status}), and its end was not seen"),
            _ => format!("detached: {id} goes on ({status})"),
        };
        vec![first, attach]
    }
}
