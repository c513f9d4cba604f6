//! Why a deployment did not succeed, in one place: what CodeDeploy, the hook, ECS, the load balancer and CloudWatch say, and in which
//! order it is told. It asks nothing; what could not be asked is a value here and is told as such.
//!
//! The order is from what decided to what may explain it: the event and its diagnostics, the hook's evidence, CodeDeploy's own error,
//! the ends of the replacement's tasks, the health of its targets, what ECS says of the service, the alarms that watched it.
#![deny(clippy::wildcard_enum_match_arm)]

use std::collections::BTreeMap;

use greenlight_checks::cloudwatch::{Alarm, AlarmState};
use jiff::Timestamp;

use super::report::HookLog;
use super::view::Heading;
use super::watch::Watch;
use crate::snapshot::{Deployment, DeploymentStatus, Diagnostics, ErrorInformation, Snapshot, TaskSet, TaskSetLabel};

/// Different ends of tasks, states of targets, and words of ECS that are told: enough to see what is wrong, few enough to read.
pub const MOST_TOLD: usize = 3;

/// What was asked of a service.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Gathered<T> {
    /// There was no reason to ask, or nothing to ask about.
    #[default]
    NotAsked,
    /// The answer.
    Known(T),
    /// There was none, and why.
    Unreadable(String),
}

/// What was gathered outside CodeDeploy once a deployment had failed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// The service's stopped tasks, as ECS remembers them.
    pub tasks: Gathered<Vec<StoppedTask>>,
    /// The targets of the replacement's target group.
    pub targets: Gathered<Vec<TargetState>>,
    /// What ECS says of the service.
    pub service_events: Gathered<Vec<ServiceEvent>>,
    /// The alarms that watched the deployment: its own, or else its group's.
    pub alarms: Gathered<Vec<Alarm>>,
}

/// A task that has stopped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoppedTask {
    /// Its id.
    pub id: String,
    /// Its task set's id, as far as ECS says so (aws-facts §6).
    pub started_by: Option<String>,
    /// `stopCode`, as it came.
    pub stop_code: Option<String>,
    /// `stoppedReason`.
    pub reason: Option<String>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// When it began to stop.
    pub stopping: Option<Timestamp>,
    /// How its containers ended.
    pub containers: Vec<ContainerEnd>,
}

/// How a container ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerEnd {
    /// Its name.
    pub name: String,
    /// Its exit code, where it ran.
    pub exit_code: Option<i32>,
    /// What ECS says of it.
    pub reason: Option<String>,
}

/// A target of a target group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetState {
    /// `10.0.0.7:80`.
    pub target: String,
    /// `unhealthy`, …, as it came.
    pub state: String,
    /// `Target.ResponseCodeMismatch`, ….
    pub reason: Option<String>,
    /// For people.
    pub description: Option<String>,
}

/// A line of the service's event list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceEvent {
    /// When.
    pub at: Option<Timestamp>,
    /// The text.
    pub message: String,
}

/// Why it did not succeed.
#[derive(Clone, Debug, PartialEq)]
pub struct Why {
    /// The deployment's status.
    pub status: DeploymentStatus,
    /// The lifecycle event that failed.
    pub event: Option<String>,
    /// Its function.
    pub function: Option<String>,
    /// What CodeDeploy says of the event.
    pub diagnostics: Option<Diagnostics>,
    /// What the function left.
    pub log: Option<HookLog>,
    /// What CodeDeploy says of the deployment.
    pub error: Option<ErrorInformation>,
    /// What the guard of the shift found, which stopped it.
    pub guard: Option<String>,
    /// How tasks of the replacement ended before it failed, the most frequent end first.
    pub task_ends: Gathered<Vec<Counted>>,
    /// The replacement's targets that are not healthy.
    pub targets: Gathered<Vec<Counted>>,
    /// What ECS said of the replacement, each thing once, the newest first.
    pub service_events: Gathered<Vec<Counted>>,
    /// The alarms that watched it and are not OK; all of them when one of them stopped it and is OK again by now.
    pub alarms: Gathered<Vec<Alarm>>,
    /// The largest share of production traffic that the replacement was seen with.
    pub highest_weight: f64,
    /// Whether the shift of production traffic had begun.
    pub shift_began: bool,
}

/// Something that was seen so many times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// How often.
    pub count: usize,
    /// What.
    pub what: String,
}

/// Joins everything.
pub fn why(heading: &Heading, watch: &Watch, snapshot: &Snapshot, log: Option<HookLog>, facts: Facts) -> Why {
    let target = snapshot.target.as_ref();
    let failed = target.and_then(|target| target.failed_event());
    let replacement = target.and_then(|target| target.task_set(TaskSetLabel::Replacement));
    let ended = failed.and_then(|event| event.ended).or(snapshot.deployment.completed);
    let span = Span { from: snapshot.deployment.created, to: ended };
    Why {
        status: snapshot.deployment.status.clone(),
        event: failed.map(|event| event.name.clone()),
        function: failed.and_then(|event| heading.hooks.get(&event.name)).cloned(),
        diagnostics: failed.and_then(|event| event.diagnostics.clone()),
        log,
        error: snapshot.deployment.error.clone(),
        guard: watch.stopped_by_guard.clone(),
        task_ends: facts.tasks.map(|tasks| task_ends(&tasks, replacement, span)),
        targets: facts.targets.map(|targets| unhealthy(&targets)),
        service_events: facts.service_events.map(|events| said_of(&events, replacement, span)),
        alarms: facts.alarms.map(|alarms| telling_alarms(alarms, stopped_by_alarm(&snapshot.deployment))),
        highest_weight: watch.highest_weight,
        shift_began: target
            .and_then(|target| target.event("AllowTraffic"))
            .is_some_and(|event| event.started.is_some()),
    }
}

impl<T> Gathered<T> {
    /// The same about something else.
    fn map<U>(self, change: impl FnOnce(T) -> U) -> Gathered<U> {
        match self {
            Self::NotAsked => Gathered::NotAsked,
            Self::Known(value) => Gathered::Known(change(value)),
            Self::Unreadable(error) => Gathered::Unreadable(error),
        }
    }

    /// What is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::NotAsked | Self::Unreadable(_) => None,
        }
    }
}

/// Whether a deployment that has ended like this is worth asking ECS, the load balancer and CloudWatch about: a rollback creates
/// no task, so there is nothing to ask about it.
pub fn worth_asking(deployment: &Deployment) -> bool {
    match &deployment.status {
        DeploymentStatus::Failed | DeploymentStatus::Stopped => deployment.rolls_back.is_none(),
        DeploymentStatus::Created
        | DeploymentStatus::Queued
        | DeploymentStatus::InProgress
        | DeploymentStatus::Baking
        | DeploymentStatus::Ready
        | DeploymentStatus::Succeeded
        | DeploymentStatus::Other(_) => false,
    }
}

/// The alarms that the deployment was created with, which take the place of its group's; none where it has none of its own.
pub fn own_alarms(deployment: &Deployment) -> Option<&[String]> {
    let own = deployment.override_alarms.as_deref()?;
    // What an alarm has stopped was not without alarms: whatever an empty list means there, the group's are worth a look.
    (!own.is_empty() || !stopped_by_alarm(deployment)).then_some(own)
}

fn stopped_by_alarm(deployment: &Deployment) -> bool {
    deployment.error.as_ref().is_some_and(|error| error.code == "ALARM_ACTIVE")
}

/// Those that are not OK. One that stopped the deployment may have calmed down since then, and has a reason all the same.
fn telling_alarms(alarms: Vec<Alarm>, one_of_them_stopped_it: bool) -> Vec<Alarm> {
    let (calm, telling): (Vec<_>, Vec<_>) = alarms.into_iter().partition(|alarm| alarm.state == AlarmState::Ok);
    if telling.is_empty() && one_of_them_stopped_it { calm } else { telling }
}

/// Of two looks at the targets the one that tells more: after a failure they drain, whatever was wrong with them before.
pub fn telling(last: Gathered<Vec<TargetState>>, earlier: Gathered<Vec<TargetState>>) -> Gathered<Vec<TargetState>> {
    let ill = |look: &Gathered<Vec<TargetState>>| {
        look.known().is_some_and(|targets| targets.iter().any(|target| target.state == "unhealthy"))
    };
    if ill(&earlier) && !ill(&last) { earlier } else { last }
}

/// The time in which something may have been a reason: what comes after the failure is its consequence.
#[derive(Clone, Copy)]
struct Span {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

impl Span {
    fn holds(self, at: Option<Timestamp>) -> bool {
        let Some(at) = at else { return false };
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at < to)
    }
}

/// Ends of the replacement's tasks. A task is known by its task set; where ECS names none for any task, by the time of its creation.
fn task_ends(tasks: &[StoppedTask], replacement: Option<&TaskSet>, span: Span) -> Vec<Counted> {
    let id = replacement.map(|set| set.id.as_str());
    let named = tasks.iter().any(|task| task.started_by.as_deref().is_some_and(|by| Some(by) == id));
    let ours = |task: &&StoppedTask| {
        if named { task.started_by.as_deref() == id } else { id.is_none() && span.holds(task.created) }
    };
    let ends = tasks.iter().filter(ours).filter(|task| span.holds(task.stopping)).map(end);
    counted(ends)
}

/// `Essential container in task exited (EssentialContainerExited); web exited with 1`.
fn end(task: &StoppedTask) -> String {
    let reason = match (&task.reason, &task.stop_code) {
        (Some(reason), Some(code)) => format!("{reason} ({code})"),
        (Some(one), None) | (None, Some(one)) => one.clone(),
        (None, None) => "ECS gives no reason".to_owned(),
    };
    let containers = task.containers.iter().filter_map(|container| {
        let exit = container.exit_code.map(|code| format!("{} exited with {code}", container.name));
        // Said once: the container's reason often is the task's.
        let said = container.reason.as_ref().filter(|said| task.reason.as_ref() != Some(said));
        match (exit, said) {
            (Some(exit), Some(said)) => Some(format!("{exit} ({said})")),
            (Some(exit), None) => Some(exit),
            (None, Some(said)) => Some(format!("{}: {said}", container.name)),
            (None, None) => None,
        }
    });
    std::iter::once(reason).chain(containers).collect::<Vec<_>>().join("; ")
}

fn unhealthy(targets: &[TargetState]) -> Vec<Counted> {
    let bad = targets.iter().filter(|target| target.state != "healthy");
    counted(bad.map(|target| {
        let parts = [Some(target.state.as_str()), target.reason.as_deref(), target.description.as_deref()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(": ")
    }))
}

/// Of the service's events those with a reason in them: the others tell that it is at work.
fn said_of(events: &[ServiceEvent], replacement: Option<&TaskSet>, span: Span) -> Vec<Counted> {
    let Some(set) = replacement else { return Vec::new() };
    let names = [Some(set.id.as_str()), set.target_group.as_deref()];
    let about = |message: &str| names.iter().flatten().any(|name| message.contains(*name));
    let telling = |event: &&ServiceEvent| {
        let text = event.message.to_ascii_lowercase();
        span.holds(event.at) && about(&event.message) && text.contains("reason")
    };
    let reason = |event: &ServiceEvent| match event.message.rfind("(reason ") {
        // The rest of it names another target each time.
        Some(at) => event.message[at + "(reason ".len()..].trim_end_matches([')', '.']).to_owned(),
        None => event.message.clone(),
    };
    counted(events.iter().filter(telling).map(reason))
}

/// Equal things together, the most frequent first, equally frequent ones in the order in which they came.
fn counted(things: impl Iterator<Item = String>) -> Vec<Counted> {
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for (place, thing) in things.enumerate() {
        counts.entry(thing).or_insert((0, place)).0 += 1;
    }
    let mut counted: Vec<_> = counts.into_iter().collect();
    counted.sort_by_key(|(_, (count, place))| (std::cmp::Reverse(*count), *place));
    counted.into_iter().map(|(what, (count, _))| Counted { count, what }).collect()
}

#[cfg(test)]
#[path = "why_tests.rs"]
mod tests;
