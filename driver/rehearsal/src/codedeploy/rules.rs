//! The lifecycle of an ECS deployment: (deployment, input, now) to actions. It reads no clock, touches no service, and knows
//! task sets and listeners only through what it is told.
//!
//! A test moves `now` by hand through a whole deployment; so does the stand-in, with the real clock.

#![deny(clippy::wildcard_enum_match_arm)]

use std::time::Duration;

use jiff::Timestamp;

use super::deployment::{Deployment, Direction, Phase, RowStatus, Status};
use super::event::Event;
use super::failure::Failure;
use crate::clock::Pace;
use crate::identifiers::hook_execution;
use crate::scenario::RollbackOn;

/// `Created` was seen for two to three seconds.
const CREATED: Duration = Duration::from_millis(2000);
/// Gaps of 0.1 to 0.8 s were seen between events.
const GAP: Duration = Duration::from_millis(400);
/// Events without a function took 0.2 to 0.75 s.
const PASSING: Duration = Duration::from_millis(400);
/// How long the replacement may take to become steady.
const INSTALL: Duration = Duration::from_secs(60 * 60);

/// What a deployment learns.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Input {
    /// Time has passed.
    Tick,
    /// The listeners were checked before anything is changed.
    Checked(Result<(), Failure>),
    /// ECS made the replacement task set, or refused.
    TaskSetCreated(Result<String, Failure>),
    /// The replacement is in steady state.
    Steady,
    /// Listeners split as last ordered.
    Routed,
    /// The function was invoked, and must have reported by then; or it cannot be invoked.
    Invoked(Result<Timestamp, Failure>),
    /// The function of the event in progress reported.
    Reported { succeeded: bool },
    /// `StopDeployment`; the caller's word on rolling back, if any.
    Stop { rollback: Option<bool> },
    /// Alarms of the deployment are red.
    Alarmed { names: Vec<String> },
    /// `ContinueDeployment` with `READY_WAIT`.
    ContinueReady,
    /// `ContinueDeployment` with `TERMINATION_WAIT`.
    ContinueTermination,
}

/// What a deployment wants done. All but the last three are answered by an input.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// Is the primary task set's target group the live one? Answer: [`Input::Checked`].
    CheckListeners,
    /// Answer: [`Input::TaskSetCreated`], later [`Input::Steady`].
    CreateTaskSet,
    /// Answer: [`Input::Invoked`], later [`Input::Reported`].
    Invoke { event: Event, function: String, execution: String },
    /// Test listener to the replacement. Answer: [`Input::Routed`].
    RouteTest,
    /// So many percent of production to the replacement. Answer: [`Input::Routed`].
    RouteProduction(u32),
    /// Both listeners back to the original. Answer: [`Input::Routed`].
    RouteBack,
    /// `UpdateServicePrimaryTaskSet` to the replacement, or in a rollback to the original.
    MakePrimary,
    /// `DeleteTaskSet` of the task set that lost.
    DeleteTaskSet,
    /// A deployment of its own that goes back.
    RollBack,
}

/// Tell a deployment something.
pub(crate) fn advance(deployment: &mut Deployment, input: Input, now: Timestamp, pace: Pace) -> Vec<Action> {
    let mut step = Step { deployment, now, pace, actions: Vec::new() };
    step.take(input);
    if !step.actions.is_empty() {
        step.deployment.updated = now;
    }
    step.actions
}

/// When the deployment wants an [`Input::Tick`] next.
pub(crate) fn wake(deployment: &Deployment, pace: Pace) -> Option<Timestamp> {
    match deployment.phase {
        Phase::Created { until }
        | Phase::Between { until, .. }
        | Phase::Passing { until, .. }
        | Phase::Installing { until, .. }
        | Phase::Ready { until, .. }
        | Phase::Termination { until } => Some(until),
        Phase::Hook { until, .. } => until,
        Phase::Shifting { start, ordered, routed: true, .. } => {
            deployment.plan.traffic.increments().get(ordered).map(|(offset, _)| after(start, *offset, pace))
        }
        Phase::Shifting { routed: false, .. } | Phase::Returning | Phase::TestTraffic { .. } | Phase::Over => None,
    }
}

struct Step<'a> {
    deployment: &'a mut Deployment,
    now: Timestamp,
    pace: Pace,
    actions: Vec<Action>,
}

impl Step<'_> {
    fn take(&mut self, input: Input) {
        match (self.deployment.phase.clone(), input) {
            (Phase::Over, _) => {}
            (_, Input::Stop { rollback }) => self.stop(rollback),
            (_, Input::Alarmed { names }) => {
                let rollback = self.deployment.plan.auto_rollback.applies(RollbackOn::Alarm);
                self.end_early(Status::Stopped, Failure::alarm(&names), rollback);
            }
            (Phase::Created { until }, Input::Tick) if until <= self.now => self.begin(),
            (Phase::Between { .. }, Input::Checked(Err(failure))) => self.fail(failure),
            (Phase::Returning, Input::Routed) => {
                self.actions.extend([Action::MakePrimary, Action::DeleteTaskSet]);
                self.deployment.phase = Phase::Between { next: 0, until: self.now };
                self.take(Input::Tick);
            }
            (Phase::Between { next, until }, Input::Tick) if until <= self.now => self.enter(next),
            (Phase::Passing { row, until }, Input::Tick) if until <= self.now => self.succeed(row),
            (Phase::Hook { row, .. }, Input::Invoked(Ok(until))) => {
                self.deployment.phase = Phase::Hook { row, until: Some(until) };
            }
            (Phase::Hook { .. }, Input::Invoked(Err(failure))) => self.fail(failure),
            (Phase::Hook { row, .. }, Input::Reported { succeeded: true }) => self.succeed(row),
            (Phase::Hook { .. }, Input::Reported { succeeded: false }) => self.fail(Failure::hook_failed()),
            (Phase::Hook { until: Some(until), .. }, Input::Tick) if until <= self.now => {
                self.fail(Failure::hook_silent());
            }
            (Phase::Installing { .. }, Input::TaskSetCreated(Ok(id))) => self.deployment.replacement = Some(id),
            (Phase::Installing { .. }, Input::TaskSetCreated(Err(failure))) => self.fail(failure),
            (Phase::Installing { row, .. }, Input::Steady) => self.succeed(row),
            (Phase::Installing { until, .. }, Input::Tick) if until <= self.now => self.fail(Failure::never_steady()),
            (Phase::TestTraffic { row }, Input::Routed) => self.succeed(row),
            (Phase::Shifting { row, start, ordered, routed: false }, Input::Routed) => {
                self.deployment.phase = Phase::Shifting { row, start, ordered, routed: true };
                self.shift();
            }
            (Phase::Shifting { .. }, Input::Tick) => self.shift(),
            (Phase::Ready { next, .. }, Input::ContinueReady) => {
                self.deployment.status = Status::InProgress;
                self.start_row(next);
            }
            (Phase::Ready { until, .. }, Input::Tick) if until <= self.now => self.ready_timeout(),
            (Phase::Termination { .. }, Input::ContinueTermination) => self.finish(),
            (Phase::Termination { until }, Input::Tick) if until <= self.now => self.finish(),
            // What came too late, or was meant for another phase.
            (
                Phase::Created { .. }
                | Phase::Returning
                | Phase::Between { .. }
                | Phase::Passing { .. }
                | Phase::Hook { .. }
                | Phase::Installing { .. }
                | Phase::TestTraffic { .. }
                | Phase::Shifting { .. }
                | Phase::Ready { .. }
                | Phase::Termination { .. },
                Input::Tick
                | Input::Checked(_)
                | Input::TaskSetCreated(_)
                | Input::Steady
                | Input::Routed
                | Input::Invoked(_)
                | Input::Reported { .. }
                | Input::ContinueReady
                | Input::ContinueTermination,
            ) => {}
        }
    }

    fn begin(&mut self) {
        self.deployment.status = Status::InProgress;
        self.deployment.start_time = Some(self.now);
        if self.deployment.is_rollback() {
            // Customers wait for this one: the listeners first, then the rows.
            self.deployment.phase = Phase::Returning;
            self.actions.push(Action::RouteBack);
            return;
        }
        if let Err(problem) = &self.deployment.plan.appspec {
            let failure = Failure::appspec(problem);
            return self.fail(failure);
        }
        self.deployment.phase = Phase::Between { next: 0, until: self.later(GAP) };
        self.actions.push(Action::CheckListeners);
    }

    /// Begin an event, unless a person must let it go on first.
    fn enter(&mut self, row: usize) {
        let forward = self.deployment.plan.direction == Direction::Forward;
        match self.deployment.plan.ready_wait {
            Some(wait) if forward && self.deployment.rows[row].event == Event::BeforeAllowTraffic => {
                self.deployment.status = Status::Ready;
                self.deployment.phase = Phase::Ready { next: row, until: self.later(wait) };
                self.deployment.updated = self.now;
            }
            Some(_) | None => self.start_row(row),
        }
    }

    fn start_row(&mut self, row: usize) {
        self.deployment.updated = self.now;
        self.deployment.rows[row].status = RowStatus::InProgress;
        self.deployment.rows[row].start = Some(self.now);
        let event = self.deployment.rows[row].event;
        let forward = self.deployment.plan.direction == Direction::Forward;
        if let Some(function) = self.deployment.plan.hooks.get(&event).cloned() {
            let execution = hook_execution(&self.deployment.id, event.name());
            self.deployment.rows[row].execution = Some(execution.clone());
            self.deployment.phase = Phase::Hook { row, until: None };
            self.actions.push(Action::Invoke { event, function, execution });
        } else if forward && event == Event::Install {
            self.deployment.phase = Phase::Installing { row, until: self.later(INSTALL) };
            self.actions.push(Action::CreateTaskSet);
        } else if forward && event == Event::AllowTestTraffic {
            self.deployment.phase = Phase::TestTraffic { row };
            self.actions.push(Action::RouteTest);
        } else if forward && event == Event::AllowTraffic {
            self.deployment.phase = Phase::Shifting { row, start: self.now, ordered: 0, routed: true };
            self.shift();
        } else {
            self.deployment.phase = Phase::Passing { row, until: self.later(PASSING) };
        }
    }

    /// Order the next increment if its time has come; after the last one, production is moved.
    fn shift(&mut self) {
        let Phase::Shifting { row, start, ordered, routed: true } = self.deployment.phase else { return };
        match self.deployment.plan.traffic.increments().get(ordered) {
            Some((offset, weight)) if after(start, *offset, self.pace) <= self.now => {
                self.deployment.phase = Phase::Shifting { row, start, ordered: ordered + 1, routed: false };
                self.actions.push(Action::RouteProduction(*weight));
            }
            Some(_) => {}
            None => {
                self.actions.push(Action::MakePrimary);
                self.succeed(row);
            }
        }
    }

    fn succeed(&mut self, row: usize) {
        self.deployment.updated = self.now;
        self.deployment.rows[row].status = RowStatus::Succeeded;
        self.deployment.rows[row].end = Some(self.now);
        if row + 1 < self.deployment.rows.len() {
            self.deployment.phase = Phase::Between { next: row + 1, until: self.later(GAP) };
        } else if self.deployment.is_rollback() {
            self.end(Status::Succeeded);
        } else {
            self.deployment.terminating = true;
            self.deployment.status = self.deployment.plan.waiting_status;
            self.deployment.phase = Phase::Termination { until: self.later(self.deployment.plan.termination_wait) };
        }
    }

    fn finish(&mut self) {
        self.actions.push(Action::DeleteTaskSet);
        self.end(Status::Succeeded);
    }

    fn fail(&mut self, failure: Failure) {
        self.end_early(Status::Failed, failure, self.deployment.plan.auto_rollback.applies(RollbackOn::Failure));
    }

    fn ready_timeout(&mut self) {
        let minutes = self.deployment.plan.ready_wait.unwrap_or_default().as_secs() / 60;
        let rollback = self.deployment.plan.auto_rollback.applies(RollbackOn::Stop);
        self.end_early(Status::Stopped, Failure::ready_timeout(minutes), rollback);
    }

    fn stop(&mut self, rollback: Option<bool>) {
        let configured = self.deployment.plan.auto_rollback.applies(RollbackOn::Stop);
        self.end_early(Status::Stopped, Failure::stopped(), rollback.unwrap_or(configured));
    }

    fn end_early(&mut self, status: Status, failure: Failure, rollback: bool) {
        // Before Install nothing was changed, so there is nothing to go back from; and a rollback is not rolled back.
        let installed = self.deployment.row(Event::Install).is_some_and(|row| row.status != RowStatus::Pending);
        for row in &mut self.deployment.rows {
            match row.status {
                RowStatus::Pending => row.status = RowStatus::Skipped,
                RowStatus::InProgress => {
                    row.status = RowStatus::Failed;
                    row.end = Some(self.now);
                    row.failure = Some(failure.clone());
                }
                RowStatus::Succeeded | RowStatus::Failed | RowStatus::Skipped => {}
            }
        }
        self.deployment.failure = Some(failure);
        self.end(status);
        if rollback && installed && !self.deployment.is_rollback() {
            self.actions.push(Action::RollBack);
        }
    }

    fn end(&mut self, status: Status) {
        self.deployment.status = status;
        self.deployment.phase = Phase::Over;
        self.deployment.complete_time = Some(self.now);
        self.deployment.updated = self.now;
    }

    fn later(&self, wait: Duration) -> Timestamp {
        after(self.now, wait, self.pace)
    }
}

/// How long a new deployment is `Created`: a rollback does not hesitate.
pub(crate) fn created_until(direction: &Direction, now: Timestamp, pace: Pace) -> Timestamp {
    match direction {
        Direction::Forward => after(now, CREATED, pace),
        Direction::Back { .. } => now,
    }
}

/// `wait` of AWS's time after `start`.
pub(crate) fn after(start: Timestamp, wait: Duration, pace: Pace) -> Timestamp {
    start.checked_add(pace.compress(wait)).unwrap_or(Timestamp::MAX)
}
