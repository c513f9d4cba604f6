//! Which tasks are there, whose are they, and are the targets among them? Pure: facts in, findings out.
//!
//! A listener leads to a target group and a target group to targets; that those are tasks of the right task set is the last
//! link, and weighs as the routing does: contradicted it fails the deployment unless the plan's `attest.routing` is `off`,
//! not known it does so while that is `required`.
//!
//! ECS does not document which tasks are a task set's. Where `startedBy` names a task set, it is believed; otherwise a task
//! belongs to the set whose task definition it runs, and where two sets run the same one, nobody knows.

#![deny(clippy::wildcard_enum_match_arm)]

use std::collections::BTreeMap;
use std::net::IpAddr;

use greenlight_checks::evidence::{RunningTask, Standing};
use greenlight_checks::message::{Message, codes};
use greenlight_checks::plan::{Attest, Requirement};

use crate::demands::{Demands, Version};
use crate::facts::{Facts, Target, TargetState, Task, TaskStatus};
use crate::image;
use crate::sides::{Side, Sides};

/// What was read, at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Present {
    /// Every task of the service that should run.
    pub(crate) tasks: Vec<Task>,
    /// Ids of EC2 instances by the ARNs of container instances, where targets are instances.
    pub(crate) instances: BTreeMap<String, String>,
}

/// How one fact stands, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) standing: Standing,
    pub(crate) messages: Vec<Message>,
}

impl Finding {
    pub(crate) fn of(standing: Standing, messages: Vec<Message>) -> Self {
        Self { standing, messages }
    }

    fn not_required() -> Self {
        Self::of(Standing::NotRequired, Vec::new())
    }

    fn not_known(code: &str, subject: &str, reason: &str) -> Self {
        Self::of(Standing::NotAttestable, vec![Message::new(code, subject, reason)])
    }
}

/// What is known of the tasks at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RollCall {
    /// Whether the healthy targets are tasks of their task set.
    pub(crate) tasks: Finding,
    /// Whether each of those tasks runs the image that the plan demands.
    pub(crate) image: Finding,
    /// Whether it is known which tasks may answer the checks.
    pub(crate) identity: Finding,
    /// Those that may, by their ARNs.
    pub(crate) answering: Vec<String>,
    /// What they are called.
    pub(crate) whose: String,
    pub(crate) running: Vec<RunningTask>,
    /// For the timeline.
    pub(crate) told: Option<String>,
}

/// How the tasks of a set were told from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FoundBy {
    StartedBy,
    TaskDefinition,
}

impl FoundBy {
    const fn name(self) -> &'static str {
        match self {
            Self::StartedBy => "startedBy",
            Self::TaskDefinition => "their task definition, because no startedBy names a task set",
        }
    }
}

impl RollCall {
    /// Judges what was read.
    pub(crate) fn take(
        facts: &Facts,
        sides: &Sides,
        demands: &Demands,
        attest: &Attest,
        targets: &[Target],
        present: &Present,
    ) -> Self {
        let mut call = Self::unread(attest, demands, "");
        let side = match sides.of(demands.targets) {
            Ok(side) => side,
            Err(message) => return Self::unread(attest, demands, &message.text),
        };
        let whose = called(demands.targets, side);
        match members(facts, side, &present.tasks) {
            Ok((tasks, found_by)) => {
                let (finding, running) = membership(facts, side, &whose, &tasks, targets, present);
                if finding.standing == Standing::Proven {
                    let found_by = found_by.name();
                    call.told =
                        Some(format!("the healthy targets are tasks of {} (found by {found_by})", side.task_set));
                }
                call.running = running;
                if attest.routing != Requirement::Off {
                    call.tasks = finding;
                }
                if let Some(spec) = &attest.image {
                    call.image = image::judge(spec, &whose, &tasks);
                }
            }
            Err(reason) => {
                let unread = Self::unread(attest, demands, &reason);
                (call.tasks, call.image) = (unread.tasks, unread.image);
            }
        }
        if attest.identity.is_some() {
            let tested = sides.of(demands.tested).map_err(|message| message.text);
            let answering = tested.and_then(|side| {
                call.whose = called(demands.tested, side);
                Ok(members(facts, side, &present.tasks)?.0)
            });
            match answering {
                Ok(tasks) => {
                    call.answering = tasks.iter().map(|task| task.arn.clone()).collect();
                    call.identity = Finding::of(Standing::Unknown, Vec::new());
                }
                Err(reason) => call.identity = Self::unread(attest, demands, &reason).identity,
            }
        }
        call
    }

    /// Nothing is known, for this reason.
    pub(crate) fn unread(attest: &Attest, demands: &Demands, reason: &str) -> Self {
        let tasks = match attest.routing {
            Requirement::Off => Finding::not_required(),
            Requirement::Required | Requirement::Warn => {
                Finding::not_known(codes::TASKS_NOT_ATTESTABLE, "tasks", reason)
            }
        };
        let image = match &attest.image {
            None => Finding::not_required(),
            Some(_) => Finding::not_known(codes::IMAGE_NOT_ATTESTABLE, "image", reason),
        };
        let identity = match &attest.identity {
            None => Finding::not_required(),
            Some(_) => Finding::not_known(codes::IDENTITY_NOT_ATTESTABLE, "identity", reason),
        };
        let whose = format!("{} task set", demands.tested.name());
        Self { tasks, image, identity, answering: Vec::new(), whose, running: Vec::new(), told: None }
    }

    /// Whether anything of it is asked for at all.
    pub(crate) fn is_wanted(attest: &Attest) -> bool {
        attest.routing != Requirement::Off || attest.image.is_some() || attest.identity.is_some()
    }

    /// Why the checks need not be run.
    pub(crate) fn refusals(&self, attest: &Attest) -> Vec<Message> {
        let holds = |finding: &Finding| match finding.standing {
            Standing::Proven | Standing::NotRequired | Standing::Unknown => true,
            Standing::Contradicted | Standing::NotAttestable => false,
        };
        let refusing = [
            (&self.tasks, attest.routing.refuses(self.tasks.standing)),
            (&self.image, !holds(&self.image)),
            (&self.identity, !holds(&self.identity)),
        ];
        let refusing = refusing.into_iter().filter(|(_, refuses)| *refuses);
        refusing.flat_map(|(finding, _)| finding.messages.clone()).collect()
    }

    /// Compares with a later look: what does not hold any more, or who is gone, leaves open what answered in between. A
    /// task that has come since is welcome, because it was looked at like the others.
    pub(crate) fn unchanged(&self, after: &Self) -> Result<(), Message> {
        let worse = |before: &Finding, after: &Finding| {
            let changed = before.standing == Standing::Proven && after.standing != Standing::Proven;
            changed.then(|| after.messages.first().map_or_else(String::new, |message| message.text.clone()))
        };
        let lost = || {
            let there = |task: &&RunningTask| !after.running.iter().any(|later| later.arn == task.arn);
            self.running.iter().find(there).map(|task| format!("task {} is gone", task.arn))
        };
        let silenced = || {
            let gone = self.answering.iter().find(|task| !after.answering.contains(task));
            gone.map(|task| format!("task {task} is gone"))
        };
        let seen = worse(&self.tasks, &after.tasks)
            .or_else(|| worse(&self.image, &after.image))
            .or_else(lost)
            .or_else(silenced);
        match seen {
            None => Ok(()),
            Some(seen) => Err(Message::new(
                codes::TASKS_CHANGED,
                "tasks",
                format!(
                    "changed while the checks ran, so what answered them is not known: {seen}; the service's events say \
                     why tasks stop and start (a crash, a health check, scaling), so deploy again once they stay"
                ),
            )),
        }
    }
}

fn called(version: Version, side: &Side) -> String {
    format!("{} task set {}", version.name(), side.task_set)
}

/// The running tasks of one side, or why nobody knows them.
fn members<'a>(facts: &Facts, side: &Side, tasks: &'a [Task]) -> Result<(Vec<&'a Task>, FoundBy), String> {
    let service = format!("service:{}", facts.target.service);
    let running: Vec<&Task> = tasks
        .iter()
        .filter(|task| task.status == TaskStatus::Running)
        .filter(|task| task.group.as_ref().is_none_or(|group| *group == service))
        .collect();
    let named: Vec<&Task> = running.iter().copied().filter(|task| is_named(task, &side.task_set)).collect();
    if !named.is_empty() {
        return Ok((named, FoundBy::StartedBy));
    }
    let of_no_set = |task: &&Task| !facts.task_sets.iter().any(|set| is_named(task, &set.id));
    let alike: Vec<&Task> = running
        .into_iter()
        .filter(of_no_set)
        .filter(|task| task.task_definition == side.task_definition && !side.task_definition.is_empty())
        .collect();
    if alike.is_empty() {
        return Err(format!("ECS lists no running task of {} in service {}", side.task_set, facts.target.service));
    }
    let twin =
        facts.task_sets.iter().find(|set| set.id != side.task_set && set.task_definition == side.task_definition);
    match twin {
        None => Ok((alike, FoundBy::TaskDefinition)),
        Some(twin) => Err(format!(
            "which tasks are {}'s cannot be told: no task's startedBy names a task set, and {} runs the same task \
             definition {}",
            side.task_set, twin.id, side.task_definition
        )),
    }
}

/// Whether a task says that this task set started it, by its id or by its ARN.
fn is_named(task: &Task, set: &str) -> bool {
    task.started_by
        .as_deref()
        .is_some_and(|by| by == set || by.strip_suffix(set).is_some_and(|rest| rest.ends_with('/')))
}

/// Whether every healthy target is one of the tasks, and which task is which target.
fn membership(
    facts: &Facts,
    side: &Side,
    whose: &str,
    tasks: &[&Task],
    targets: &[Target],
    present: &Present,
) -> (Finding, Vec<RunningTask>) {
    let group = facts.target_group_name(&side.target_group);
    let mut running: Vec<RunningTask> = tasks
        .iter()
        .map(|task| RunningTask {
            arn: task.arn.clone(),
            task_definition: task.task_definition.clone(),
            targets: Vec::new(),
            digests: task
                .containers
                .iter()
                .filter_map(|container| Some((container.name.clone(), container.digest.clone()?)))
                .collect(),
        })
        .collect();
    let (mut foreign, mut unplaced) = (Vec::new(), Vec::new());
    for target in targets.iter().filter(|target| target.state == TargetState::Healthy) {
        let places: Vec<Option<bool>> = tasks.iter().map(|task| is_target(task, target, present)).collect();
        if let Some(index) = places.iter().position(|place| *place == Some(true)) {
            running[index].targets.push(target.address());
        } else if let Some(index) = places.iter().position(Option::is_none) {
            unplaced.push(Message::new(
                codes::TASKS_NOT_ATTESTABLE,
                "tasks",
                format!(
                    "whether target {} in target group {group} is a task of the {whose} cannot be known: ECS tells no \
                     address of {}",
                    target.address(),
                    tasks[index].arn
                ),
            ));
        } else {
            let owner = present.tasks.iter().find(|task| is_target(task, target, present) == Some(true));
            let owner = owner.map(|task| format!("; it is {} of {}", task.arn, task.task_definition));
            foreign.push(Message::new(
                codes::TASKS_CONTRADICTED,
                "tasks",
                format!(
                    "target {} in target group {group} is healthy, gets requests, and is no task of the {whose} (running: \
                     {}){}; deregister it, or find out who registers it",
                    target.address(),
                    tasks.iter().map(|task| task.arn.as_str()).collect::<Vec<_>>().join(", "),
                    owner.unwrap_or_default()
                ),
            ));
        }
    }
    if running.iter().all(|task| task.targets.is_empty()) && foreign.is_empty() && unplaced.is_empty() {
        let text = format!("target group {group} has no healthy target, so that nothing shows where its requests go");
        unplaced.push(Message::new(codes::TASKS_NOT_ATTESTABLE, "tasks", text));
    }
    let standing = match (foreign.is_empty(), unplaced.is_empty()) {
        (false, _) => Standing::Contradicted,
        (true, false) => Standing::NotAttestable,
        (true, true) => Standing::Proven,
    };
    foreign.extend(unplaced);
    (Finding::of(standing, foreign), running)
}

/// Whether a target is a task; nothing where ECS does not tell where the task is. A task with an address of its own is its
/// target by the address, and by the port where ECS names any; on an instance the port is what tells tasks apart.
fn is_target(task: &Task, target: &Target, present: &Present) -> Option<bool> {
    let ports: Vec<u16> = task.containers.iter().flat_map(|container| container.host_ports.iter().copied()).collect();
    let Ok(address) = target.id.parse::<IpAddr>() else {
        let instance = present.instances.get(task.container_instance.as_ref()?)?;
        let port = target.port.filter(|_| !ports.is_empty())?;
        return Some(*instance == target.id && ports.contains(&port));
    };
    if task.addresses.is_empty() {
        return None;
    }
    let same = task.addresses.iter().any(|own| own.parse() == Ok(address));
    let port = ports.is_empty() || target.port.is_none_or(|port| ports.contains(&port));
    Some(same && port)
}

#[cfg(test)]
#[path = "roll_call_tests.rs"]
pub(crate) mod tests;
