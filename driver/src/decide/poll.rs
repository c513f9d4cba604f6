//! When to look at a deployment again, and at what. It asks nothing and reads no clock.
//!
//! Two goals pull against each other: no more calls than `aws ecs deploy` makes for the same deployment (one every 15 s, and one at
//! the start), and an end that is seen within two seconds in the mean (its own mean is 7.5 s). Both hold where a deployment has waits of
//! known length, because nothing has to be asked while they last: what is saved there is spent where something is about to happen. They
//! cannot both hold where the end comes by surprise after minutes of the same (a hook that fails in its fifth minute, an alarm in
//! the middle of a wait): with one call in 15 s no order of looks has a mean below 7.5 s there. The calls win then, but for
//! [`AHEAD`]. How both come out is counted in the tests of this file.
#![deny(clippy::wildcard_enum_match_arm)]

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::view::since;
use super::watch::{Patience, replacement_weight};
use crate::snapshot::{DeploymentStatus, EventStatus, LifecycleEvent, Snapshot, Target};

/// The shortest time between two looks that the figures of this file are meant for.
const FLOOR: Duration = Duration::from_secs(1);
/// The peer's pace.
pub const PEER: Duration = Duration::from_secs(15);
/// Calls that may be spent before the peer would have made them: a start, two hooks and the events between them. A deployment that
/// is over sooner than in some three minutes has no wait in which they are saved again.
pub const AHEAD: u32 = 12;
/// Events of unknown length are looked at whenever they are half as old again: twelve seconds cost five calls.
const EVENT: Duration = Duration::from_secs(2);
/// Install takes a minute or two wherever it was seen (aws-facts §2): it is left alone at first …
const INSTALL_LEAST: Duration = Duration::from_secs(5);
/// … and then looked at often enough to see the hooks that follow it.
const INSTALL: Duration = Duration::from_secs(14);
/// A replacement that takes longer than this is in trouble, and may be for an hour.
const INSTALL_LONG: Duration = Duration::from_secs(150);
/// How often a wait of known length is looked at while calls are left, because an alarm or a person may end it …
const WAIT: Duration = Duration::from_secs(16);
/// … while hardly any are left …
const WAIT_LONGER: Duration = Duration::from_secs(30);
/// … and while more were spent than the peer would have.
const WAIT_TO_SAVE: Duration = Duration::from_secs(100);
/// Less often than the peer, because nothing of it ends the deployment soon.
const SLOWEST: Duration = Duration::from_secs(20);
/// Calls that the end of a wait, and the hook after it, will take.
const RESERVE: i64 = 6;
/// Where a replacement is steady within seconds, it is no AWS, and waits may pass faster than they say: no wait is left alone for
/// longer than Install took, but for this.
const LEAST_WAIT: Duration = Duration::from_secs(2);
/// The target does not tell everything: the deployment's own status is asked for at least this often.
const STATUS: Duration = Duration::from_secs(120);

/// What to ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    /// `GetDeployment`.
    pub deployment: bool,
    /// `BatchGetDeploymentTargets`.
    pub target: bool,
}

impl Ask {
    /// Both.
    pub const BOTH: Self = Self { deployment: true, target: true };
    /// The deployment alone.
    pub const DEPLOYMENT: Self = Self { deployment: true, target: false };
    /// The target alone.
    pub const TARGET: Self = Self { deployment: false, target: true };
    /// Nothing more.
    pub const NOTHING: Self = Self { deployment: false, target: false };
}

/// The next look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// After this time.
    pub after: Duration,
    /// At this.
    pub ask: Ask,
}

/// What was spent, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Spending {
    began: Timestamp,
    calls: u32,
    status_asked: Timestamp,
}

impl Spending {
    /// Nothing spent.
    pub fn new(now: Timestamp) -> Self {
        Self { began: now, calls: 0, status_asked: now }
    }

    /// This was asked for.
    pub fn spend(&mut self, ask: Ask, now: Timestamp) {
        self.calls += u32::from(ask.deployment) + u32::from(ask.target);
        if ask.deployment {
            self.status_asked = now;
        }
    }

    /// Calls so far.
    pub fn calls(&self) -> u32 {
        self.calls
    }

    /// How many calls more than the peer.
    fn ahead(&self, now: Timestamp, pace: f64) -> i64 {
        let peer = since(self.began, now).as_secs_f64() * pace / PEER.as_secs_f64();
        #[expect(clippy::cast_possible_truncation, reason = "no deployment takes 2^63 looks")]
        let peer = peer.floor() as i64 + 1;
        i64::from(self.calls) - peer
    }
}

/// What of a running deployment is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// It has not begun.
    Starting,
    /// It has no target yet, or a status that nobody knows, or is about to wait for a person or to go on from there.
    Unclear,
    /// An event runs, and nobody knows how long; or one has ended and the next one has not begun.
    Event { since: Option<Timestamp> },
    /// The replacement starts.
    Install { since: Option<Timestamp> },
    /// Traffic stays as it is until then.
    Step { until: Timestamp },
    /// The original task set is kept until then.
    Termination { until: Timestamp },
    /// A person is waited for.
    Gate,
    /// The target shows that it has ended, and the deployment does not yet.
    Ending { since: Option<Timestamp> },
}

/// The next look at a deployment that has not ended; `quiet_since` is when something last changed.
pub fn turn(patience: &Patience, spending: &Spending, seen: &Snapshot, quiet_since: Timestamp, now: Timestamp) -> Turn {
    // Who asks for looks in less than a second wants all of them sooner, not the shortest only.
    let haste = (patience.floor.as_secs_f64() / FLOOR.as_secs_f64()).min(1.0);
    let paced = |duration: Duration| duration.div_f64(patience.pace).mul_f64(haste).max(patience.floor);
    let aged = |begun: Option<Timestamp>, divisor: u32, least: Duration, most: Duration| {
        let age = since(begun.unwrap_or(quiet_since).max(spending.began), now);
        (age / divisor).clamp(paced(least), paced(most))
    };
    let ahead = spending.ahead(now, patience.pace);
    let until = |due: Timestamp| match Duration::try_from(due.duration_since(now)) {
        Ok(left) if !left.is_zero() => {
            let most = match ahead {
                1.. => WAIT_TO_SAVE,
                _ if ahead > -RESERVE => WAIT_LONGER,
                _ => WAIT,
            };
            let most = paced(most.min(trusted_wait(seen, patience.pace)));
            // Just after it is due, so that it is seen when it happens and not one look later.
            if left < most + most / 2 { left + patience.floor / 2 } else { most }
        }
        // Overdue.
        _ => (since(due, now) / 5).clamp(patience.floor, paced(PEER)),
    };
    let phase = phase(patience, seen, now);
    let (after, ask) = match phase {
        Phase::Starting => (aged(None, 3, EVENT, PEER), Ask::DEPLOYMENT),
        Phase::Unclear => (aged(None, 3, EVENT, PEER), Ask::BOTH),
        Phase::Event { since } => (aged(since, 2, EVENT, PEER), Ask::TARGET),
        Phase::Install { since: begun } => {
            let long = begun.is_some_and(|begun| since(begun, now) >= paced(INSTALL_LONG));
            let most = if long { SLOWEST } else { INSTALL };
            (aged(begun, 2, INSTALL_LEAST, most), Ask::TARGET)
        }
        Phase::Step { until: due } => (until(due), Ask::TARGET),
        Phase::Termination { until: due } => (until(due), Ask::DEPLOYMENT),
        Phase::Gate => (aged(None, 3, EVENT, PEER), Ask::DEPLOYMENT),
        Phase::Ending { since } => (aged(since, 3, patience.floor, PEER), Ask::DEPLOYMENT),
    };
    let stale = since(spending.status_asked, now) + after > paced(STATUS);
    let ask = if stale { Ask { deployment: true, ..ask } } else { ask };
    let known = matches!(phase, Phase::Step { .. } | Phase::Termination { .. });
    let after = if ahead > i64::from(AHEAD) && !known { after.max(paced(PEER)) } else { after };
    Turn { after, ask }
}

fn trusted_wait(seen: &Snapshot, pace: f64) -> Duration {
    let install = seen.target.as_ref().and_then(|target| target.event("Install"));
    let took = install.and_then(|event| Some(since(event.started?, event.ended?)));
    took.map_or(WAIT_TO_SAVE, |took| took.mul_f64(pace)).max(LEAST_WAIT)
}

/// What to ask for at once after this answer, because it shows that the other half has changed too.
pub fn also(before: Option<&Snapshot>, seen: &Snapshot, asked: Ask) -> Ask {
    let status = &seen.deployment.status;
    if asked.deployment && !asked.target {
        let has_begun = !matches!(status, DeploymentStatus::Created | DeploymentStatus::Queued);
        // The first look at its target, and the last.
        return if (has_begun && seen.target.is_none()) || status.is_terminal() { Ask::TARGET } else { Ask::NOTHING };
    }
    if asked.target && !asked.deployment {
        let marks = |snapshot: &Snapshot| {
            let target = snapshot.target.as_ref();
            (target.is_some_and(is_over), target.is_some_and(|target| waits_at_gate(snapshot, target)))
        };
        let (over, gate) = marks(seen);
        let (was_over, was_gate) = before.map(marks).unwrap_or_default();
        return if (over && !was_over) || (gate && !was_gate) { Ask::DEPLOYMENT } else { Ask::NOTHING };
    }
    Ask::NOTHING
}

fn phase(patience: &Patience, seen: &Snapshot, now: Timestamp) -> Phase {
    match &seen.deployment.status {
        DeploymentStatus::Ready => return Phase::Gate,
        DeploymentStatus::Created | DeploymentStatus::Queued => return Phase::Starting,
        DeploymentStatus::Other(_) => return Phase::Unclear,
        DeploymentStatus::InProgress
        | DeploymentStatus::Baking
        | DeploymentStatus::Succeeded
        | DeploymentStatus::Failed
        | DeploymentStatus::Stopped => {}
    }
    let Some(target) = seen.target.as_ref().filter(|target| !target.events.is_empty()) else { return Phase::Unclear };
    let ended = target.events.iter().filter_map(|event| event.ended).max();
    if is_over(target) {
        let all_well = target.events.iter().all(|event| event.status == EventStatus::Succeeded);
        let wait = seen.deployment.termination_wait.div_f64(patience.pace);
        let until = ended.filter(|_| all_well && !wait.is_zero()).and_then(|ended| ended.checked_add(wait).ok());
        return until.map_or(Phase::Ending { since: ended }, |until| Phase::Termination { until });
    }
    let Some(running) = target.events.iter().find(|event| event.status == EventStatus::InProgress) else {
        // Before the status says so, or behind it: which half shows first how it goes on is not known.
        return if waits_at_gate(seen, target) { Phase::Unclear } else { Phase::Event { since: ended } };
    };
    match running.name.as_str() {
        "Install" => Phase::Install { since: running.started },
        "AllowTraffic" => {
            let weight = replacement_weight(seen);
            let step = |event: &LifecycleEvent| {
                let (_, left) = patience.shift.next_step(weight, event.started?, now, patience.pace)?;
                now.checked_add(SignedDuration::try_from(left).ok()?).ok().filter(|_| !left.is_zero())
            };
            step(running).map_or(Phase::Event { since: None }, |until| Phase::Step { until })
        }
        _ => Phase::Event { since: running.started },
    }
}

/// Whether the target shows that no event is to come.
fn is_over(target: &Target) -> bool {
    let ended_badly = |event: &LifecycleEvent| matches!(event.status, EventStatus::Failed | EventStatus::Skipped);
    let all_well = target.events.iter().all(|event| event.status == EventStatus::Succeeded);
    !target.events.is_empty() && (all_well || target.events.iter().any(ended_badly))
}

/// The wait for a person comes before BeforeAllowTraffic, where one is configured.
fn waits_at_gate(seen: &Snapshot, target: &Target) -> bool {
    let next = target.events.iter().find(|event| event.status != EventStatus::Succeeded);
    let gate = next.is_some_and(|event| event.name == "BeforeAllowTraffic" && event.status == EventStatus::Pending);
    gate && !seen.deployment.ready_wait.is_zero()
}

#[cfg(test)]
#[path = "poll_tests.rs"]
mod tests;
