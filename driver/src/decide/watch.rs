//! Follows a deployment to its true end: takes what was seen, says what changed and what to do next. The loop that waits and
//! asks is in `verb::following`.
//!
//! The end is `GetDeployment`'s status, never the target's and never "all events Succeeded" (aws-facts §14); and after
//! a failure it is the end of the rollback deployment that `rollbackInfo` names.
#![deny(clippy::wildcard_enum_match_arm)]

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::outcome::{Cause, cause, rollback_expected};
use super::poll::{self, Ask, PEER, Spending};
use super::schedule::Shift;
use super::view::since;
use crate::snapshot::{DeploymentStatus, EventStatus, LifecycleEvent, Snapshot, TaskSetLabel};

/// How patient to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Patience {
    /// The shortest time between two looks.
    pub floor: Duration,
    /// How much faster than AWS its waits pass.
    pub pace: f64,
    /// The shift, to look when it moves.
    pub shift: Shift,
    /// When to stop following.
    pub deadline: Timestamp,
}

/// After an end that calls for a rollback, how long its id may take to appear.
const ROLLBACK_PATIENCE: Duration = Duration::from_secs(60);
/// After an end, how long its target may take to be answered: without it there is no telling what happened.
const TARGET_PATIENCE: Duration = Duration::from_secs(5);
/// How long a status that nobody knows may last.
const UNKNOWN_PATIENCE: Duration = Duration::from_secs(15 * 60);
/// How long AWS may be out of reach.
const UNREACHABLE_PATIENCE: Duration = Duration::from_secs(5 * 60);
/// The longest pause of a back-off.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What was seen so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Watch {
    /// How patient to be.
    pub patience: Patience,
    /// The deployment's last snapshot.
    pub deployment: Option<Snapshot>,
    /// Its rollback's last snapshot.
    pub rollback: Option<Snapshot>,
    /// The largest share of production traffic that the replacement was seen with.
    pub highest_weight: f64,
    /// What a stop said about rolling back.
    pub rollback_asked: Option<bool>,
    /// What the guard of the shift found, and was stopped for.
    pub stopped_by_guard: Option<String>,
    spending: Spending,
    next: Ask,
    last_change: Timestamp,
    ended_at: Option<Timestamp>,
    waits_for_target: bool,
    unknown_since: Option<Timestamp>,
    failing_since: Option<Timestamp>,
    failures: u32,
}

/// Something that a person or a program wants to be told once.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The deployment's status.
    Status {
        /// Whose.
        deployment_id: String,
        /// The new one.
        status: DeploymentStatus,
    },
    /// An event's status.
    Event(LifecycleEvent),
    /// The replacement's share of production traffic.
    Traffic {
        /// In percent.
        replacement: f64,
    },
    /// The replacement's tasks.
    Tasks {
        /// Running.
        running: i64,
        /// Wanted.
        desired: i64,
    },
}

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Step {
    /// What changed.
    pub changes: Vec<Change>,
    /// What to do.
    pub next: Next,
}

/// The possible continuations.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Look again after this time.
    Wait(Duration),
    /// The true end.
    Ended,
    /// Stop following: it still runs.
    DeadlinePassed,
    /// Stop following: AWS has not answered for too long.
    Unreachable,
}

impl Watch {
    /// Nothing seen yet.
    pub fn new(patience: Patience, now: Timestamp) -> Self {
        Self {
            patience,
            deployment: None,
            rollback: None,
            highest_weight: 0.0,
            rollback_asked: None,
            stopped_by_guard: None,
            spending: Spending::new(now),
            next: Ask::DEPLOYMENT,
            last_change: now,
            ended_at: None,
            waits_for_target: false,
            unknown_since: None,
            failing_since: None,
            failures: 0,
        }
    }

    /// The rollback deployment to look at, once the deployment has ended and names one.
    pub fn follows_rollback(&self) -> Option<&str> {
        let deployment = &self.deployment.as_ref().filter(|_| !self.waits_for_target)?.deployment;
        deployment.status.is_terminal().then_some(deployment.rolled_back_by.as_deref()).flatten()
    }

    /// What the next look is at.
    pub fn asks(&self) -> Ask {
        self.next
    }

    /// This was asked for.
    pub fn asked(&mut self, ask: Ask, now: Timestamp) {
        self.spending.spend(ask, now);
    }

    /// How many calls the following of it took.
    pub fn calls(&self) -> u32 {
        self.spending.calls()
    }

    /// A look at the deployment.
    pub fn saw_deployment(&mut self, snapshot: Snapshot, now: Timestamp) -> Step {
        let changes = changes(self.deployment.as_ref(), &snapshot);
        self.highest_weight = self.highest_weight.max(replacement_weight(&snapshot));
        self.answered(&changes, now);
        match &snapshot.deployment.status {
            DeploymentStatus::Other(_) => {
                self.unknown_since.get_or_insert(now);
            }
            DeploymentStatus::Created
            | DeploymentStatus::Queued
            | DeploymentStatus::InProgress
            | DeploymentStatus::Baking
            | DeploymentStatus::Ready
            | DeploymentStatus::Succeeded
            | DeploymentStatus::Failed
            | DeploymentStatus::Stopped => self.unknown_since = None,
        }
        let next = self.after(&snapshot, now);
        self.deployment = Some(snapshot);
        Step { changes, next }
    }

    /// A look at the rollback.
    pub fn saw_rollback(&mut self, snapshot: Snapshot, now: Timestamp) -> Step {
        let mut changes = changes(self.rollback.as_ref(), &snapshot);
        // Its events are CodeDeploy's own bookkeeping, hooks do not run; its end is what counts.
        changes.retain(|change| matches!(change, Change::Status { .. }));
        self.answered(&changes, now);
        let ended = snapshot.deployment.status.is_terminal();
        self.rollback = Some(snapshot);
        let next = if ended { Next::Ended } else { self.wait_for_rollback(now) };
        Step { changes, next }
    }

    /// A look that was throttled: a later look, no error.
    pub fn was_throttled(&mut self, now: Timestamp) -> Next {
        self.failures += 1;
        let pause = self.back_off();
        if now >= self.patience.deadline { Next::DeadlinePassed } else { Next::Wait(pause) }
    }

    /// A look without an answer.
    pub fn was_unreachable(&mut self, now: Timestamp) -> Next {
        self.failures += 1;
        let since = *self.failing_since.get_or_insert(now);
        if passed(since, now, UNREACHABLE_PATIENCE) { Next::Unreachable } else { Next::Wait(self.back_off()) }
    }

    /// Whether the last look had no answer.
    pub fn is_failing(&self) -> bool {
        self.failing_since.is_some()
    }

    fn answered(&mut self, changes: &[Change], now: Timestamp) {
        self.failures = 0;
        self.failing_since = None;
        if !changes.is_empty() {
            self.last_change = now;
        }
    }

    fn back_off(&self) -> Duration {
        let doubled = self.patience.floor.max(Duration::from_millis(100)) * 2u32.saturating_pow(self.failures.min(8));
        doubled.min(LONGEST_PAUSE)
    }

    fn after(&mut self, snapshot: &Snapshot, now: Timestamp) -> Next {
        if !snapshot.deployment.status.is_terminal() {
            if self.unknown_since.is_some_and(|since| passed(since, now, UNKNOWN_PATIENCE)) {
                return Next::DeadlinePassed;
            }
            return self.wait(snapshot, now);
        }
        let ended = *self.ended_at.get_or_insert(now);
        self.waits_for_target = snapshot.target.is_none() && !passed(ended, now, TARGET_PATIENCE);
        if self.waits_for_target {
            self.next = Ask::BOTH;
            return Next::Wait(self.patience.floor);
        }
        self.next = Ask::DEPLOYMENT;
        if snapshot.deployment.rolled_back_by.is_some() {
            return Next::Wait(Duration::ZERO);
        }
        let expected = cause(snapshot).is_some_and(|cause| match self.rollback_asked {
            Some(asked) if cause == Cause::Stop => asked,
            Some(_) | None => rollback_expected(&snapshot.deployment, cause),
        });
        if expected && !passed(ended, now, ROLLBACK_PATIENCE.div_f64(self.patience.pace)) {
            return Next::Wait(self.patience.floor);
        }
        Next::Ended
    }

    fn wait(&mut self, snapshot: &Snapshot, now: Timestamp) -> Next {
        if now >= self.patience.deadline {
            return Next::DeadlinePassed;
        }
        let turn = poll::turn(&self.patience, &self.spending, snapshot, self.last_change, now);
        self.next = turn.ask;
        Next::Wait(turn.after)
    }

    /// A rollback is over within seconds (aws-facts §2).
    fn wait_for_rollback(&self, now: Timestamp) -> Next {
        if now >= self.patience.deadline {
            return Next::DeadlinePassed;
        }
        let most = PEER.div_f64(self.patience.pace).max(self.patience.floor);
        Next::Wait((since(self.last_change, now) / 3).clamp(self.patience.floor, most))
    }
}

fn passed(since: Timestamp, now: Timestamp, limit: Duration) -> bool {
    SignedDuration::try_from(limit).is_ok_and(|limit| now.duration_since(since) >= limit)
}

/// The replacement's share of production traffic.
pub fn replacement_weight(snapshot: &Snapshot) -> f64 {
    let set = snapshot.target.as_ref().and_then(|target| target.task_set(TaskSetLabel::Replacement));
    set.map_or(0.0, |set| set.weight)
}

fn changes(before: Option<&Snapshot>, after: &Snapshot) -> Vec<Change> {
    let mut changes = Vec::new();
    if before.map(|before| &before.deployment.status) != Some(&after.deployment.status) {
        let status = after.deployment.status.clone();
        changes.push(Change::Status { deployment_id: after.deployment.id.clone(), status });
    }
    let Some(target) = &after.target else { return changes };
    let old = before.and_then(|before| before.target.as_ref());
    let tasks = target.task_set(TaskSetLabel::Replacement);
    let old_tasks = old.and_then(|old| old.task_set(TaskSetLabel::Replacement));
    if let Some(set) =
        tasks.filter(|set| old_tasks.map(|old| (old.running, old.desired)) != Some((set.running, set.desired)))
    {
        changes.push(Change::Tasks { running: set.running, desired: set.desired });
    }
    for event in &target.events {
        let old_status = old.and_then(|old| old.event(&event.name)).map(|event| &event.status);
        if event.status != EventStatus::Pending && old_status != Some(&event.status) {
            changes.push(Change::Event(event.clone()));
        }
    }
    let weight = replacement_weight(after);
    let old_weight = before.map_or(0.0, replacement_weight);
    if (weight - old_weight).abs() > f64::EPSILON {
        changes.push(Change::Traffic { replacement: weight });
    }
    changes
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
