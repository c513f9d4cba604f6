//! The task set scheduler: keeps as many tasks as are wanted, registers and deregisters them, and says when a set is steady.
//! It decides from the state and `now`; what must happen in the world it returns as effects.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::service::{ServiceEvent, Task, TaskPhase, TaskSetStatus};
use crate::effect::{Command, Effect, TargetHealth};
use crate::names::{short, target_group_name};
use crate::world::World;

/// ECS's `stopTimeout`.
const GRACE: Duration = Duration::from_secs(30);
/// How long a deregistered target may finish its requests.
const DRAIN: Duration = Duration::from_secs(30);
/// The delay before a task that keeps failing is replaced doubles from here …
const BACK_OFF: Duration = Duration::from_secs(10);
/// … to here. AWS's own numbers are not public.
const BACK_OFF_LIMIT: Duration = Duration::from_secs(300);
/// Real processes are started here: at a high pace a crash loop must not eat the machine.
const BACK_OFF_FLOOR: Duration = Duration::from_millis(200);
/// Stopped tasks that are remembered.
const STOPPED_KEPT: usize = 50;
/// ECS keeps this many service events.
const EVENTS_KEPT: usize = 100;

impl World {
    /// Start and stop what is missing or too much, and find out which sets are steady.
    pub(crate) fn schedule(&mut self, now: Timestamp) {
        for id in self.ecs.task_sets.iter().map(|set| set.id.clone()).collect::<Vec<_>>() {
            self.scale(&id, now);
            self.judge_stability(&id, now);
        }
        let busy = |world: &World, id: &str| world.ecs.tasks_of(id).any(|task| task.phase != TaskPhase::Stopped);
        let draining = self.ecs.task_sets.iter().filter(|set| set.status == TaskSetStatus::Draining);
        let gone: Vec<_> = draining.filter(|set| !busy(self, &set.id)).map(|set| set.id.clone()).collect();
        for id in gone {
            self.ecs.task_sets.retain(|set| set.id != id);
            self.note(now, "ecs", "task set gone", id);
        }
    }

    /// When the scheduler wants to be asked again: the next delayed replacement.
    pub(crate) fn schedule_wake(&self) -> Option<Timestamp> {
        let waiting = self.ecs.task_sets.iter().filter(|set| {
            let wanted = self.ecs.tasks_of(&set.id).filter(|task| task.phase.is_wanted()).count();
            wanted < set.desired(self.ecs.service.desired_count) as usize
        });
        waiting.map(|set| set.not_before).min()
    }

    fn scale(&mut self, id: &str, now: Timestamp) {
        let Some(set) = self.ecs.task_set(id) else { return };
        let desired = set.desired(self.ecs.service.desired_count) as usize;
        let may_start = set.not_before <= now;
        let wanted: Vec<_> =
            self.ecs.tasks_of(id).filter(|task| task.phase.is_wanted()).map(|task| task.arn.clone()).collect();
        if wanted.len() > desired {
            for arn in &wanted[desired..] {
                self.retire(arn, "Scaling activity initiated by deployment", "ServiceSchedulerInitiated", now);
            }
        } else if may_start {
            for _ in wanted.len()..desired {
                self.start_task(id, now);
            }
        }
    }

    fn start_task(&mut self, set: &str, now: Timestamp) {
        let id = self.identifiers.task();
        let arn = self.names.task_arn(&id);
        let Some(set) = self.ecs.task_set(set).cloned() else { return };
        let command = self.command(&set.task_definition, &set.container);
        self.ecs.tasks.push(Task {
            id: id.clone(),
            arn: arn.clone(),
            task_set: set.id.clone(),
            definition: set.task_definition.clone(),
            phase: TaskPhase::Pending,
            address: None,
            created_at: now,
            started_at: None,
            stopping_at: None,
            stopped_at: None,
            stopped_reason: None,
            stop_code: "EssentialContainerExited",
            exit_code: None,
            reason: None,
        });
        let message = format!("(service {}, taskSet {}) has started 1 tasks: (task {id}).", self.names.service, set.id);
        self.service_event(message, now);
        match command {
            Ok(command) => {
                self.note(now, "ecs", "task starts", format!("{} of {}", short(&set.task_definition), set.id));
                self.effects.push(Effect::StartTask { task: arn, command });
            }
            Err(reason) => self.task_stopped(&arn, None, reason, now),
        }
    }

    /// The program that stands for a task's image, or why there is none.
    fn command(&self, definition: &str, container: &str) -> Result<Command, String> {
        let registered = self.ecs.definitions.find(definition).map_err(|refusal| refusal.message)?;
        let containers = registered.document["containerDefinitions"].as_array().into_iter().flatten();
        let container = containers.into_iter().find(|candidate| candidate["name"] == container);
        let container = container.ok_or("the task definition has lost its container")?;
        let name = container["image"].as_str().unwrap_or_default();
        let image = self.images.get(name).ok_or_else(|| {
            format!("CannotPullContainerError: image {name} is not in the scenario; add it under images")
        })?;
        let variables = container["environment"].as_array().into_iter().flatten();
        let mut environment: BTreeMap<String, String> = variables
            .filter_map(|pair| Some((pair["name"].as_str()?.to_owned(), pair["value"].as_str()?.to_owned())))
            .collect();
        environment.extend(image.environment.clone());
        Ok(Command { line: image.run.clone(), environment, directory: image.directory.clone() })
    }

    /// A child runs: it is a target from now on, unless it was given up meanwhile.
    pub(crate) fn task_started(&mut self, arn: &str, address: std::net::SocketAddr, now: Timestamp) {
        let Some(task) = self.ecs.task_mut(arn) else { return };
        task.address = Some(address);
        task.started_at = Some(now);
        if task.phase != TaskPhase::Pending {
            return;
        }
        task.phase = TaskPhase::Running;
        let set = task.task_set.clone();
        let Some(group) = self.ecs.task_set(&set).map(|set| set.target_group.clone()) else { return };
        self.note(now, "ecs", "task runs", format!("of {set}, target of {}", target_group_name(&group)));
        self.elb.register(&group, address);
        self.effects.push(Effect::RegisterTarget { group: group.clone(), target: address });
        let service = &self.names.service;
        let message = format!("(service {service}, taskSet {set}) registered 1 targets in (target-group {group})");
        self.service_event(message, now);
    }

    /// A child has ended, or never began.
    pub(crate) fn task_stopped(&mut self, arn: &str, exit_code: Option<i32>, reason: String, now: Timestamp) {
        let Some(task) = self.ecs.task_mut(arn) else { return };
        let unexpected = task.phase.is_wanted();
        let (set, address, ran) = (task.task_set.clone(), task.address, task.started_at.is_some());
        task.phase = TaskPhase::Stopped;
        task.exit_code = exit_code;
        task.stopped_at = Some(now);
        task.stopping_at.get_or_insert(now);
        if unexpected {
            if !ran {
                task.stop_code = "TaskFailedToStart";
            }
            let default = if ran { "Essential container in task exited" } else { reason.as_str() };
            task.stopped_reason = Some(default.to_owned());
        }
        let exit = exit_code.map_or_else(|| "no exit code".to_owned(), |code| format!("exit code {code}"));
        let why = if unexpected { format!("unexpectedly, {exit}: {reason}") } else { "as told".to_owned() };
        task.reason = unexpected.then_some(reason);
        self.note(now, "ecs", "task stopped", format!("of {set}, {why}"));
        if let (Some(address), Some(group)) = (address, self.ecs.task_set(&set).map(|set| set.target_group.clone())) {
            // No request can end there any more, so the draining is over at once; the machine still has to forget it.
            if unexpected {
                self.elb.begin_draining(&group, address);
                self.effects.push(Effect::DeregisterTarget { group, target: address, drain: Duration::ZERO });
            }
        }
        if unexpected {
            self.back_off(&set, now);
        }
        let stopped = self.ecs.tasks.iter().filter(|task| task.phase == TaskPhase::Stopped).count();
        if stopped > STOPPED_KEPT
            && let Some(oldest) = self.ecs.tasks.iter().position(|task| task.phase == TaskPhase::Stopped)
        {
            self.ecs.tasks.remove(oldest);
        }
    }

    fn back_off(&mut self, set: &str, now: Timestamp) {
        let pace = self.pace;
        let Some(set) = self.ecs.task_set_mut(set) else { return };
        let wait = BACK_OFF.saturating_mul(1 << set.failures.min(10)).min(BACK_OFF_LIMIT);
        set.failures += 1;
        set.not_before = now.checked_add(pace.compress(wait).max(BACK_OFF_FLOOR)).unwrap_or(Timestamp::MAX);
    }

    /// Take a task out: first of its target group, then of the machine.
    pub(crate) fn retire(&mut self, arn: &str, reason: &str, code: &'static str, now: Timestamp) {
        let Some(task) = self.ecs.task_mut(arn) else { return };
        if !task.phase.is_wanted() {
            return;
        }
        task.stopped_reason = Some(reason.to_owned());
        task.stop_code = code;
        task.stopping_at = Some(now);
        let (running, set) = (task.address.filter(|_| task.phase == TaskPhase::Running), task.task_set.clone());
        match (running, self.ecs.task_set(&set).map(|set| set.target_group.clone())) {
            (Some(target), Some(group)) => {
                self.set_phase(arn, TaskPhase::Deactivating);
                self.elb.begin_draining(&group, target);
                self.effects.push(Effect::DeregisterTarget { group, target, drain: DRAIN });
            }
            (None, _) | (_, None) => {
                self.set_phase(arn, TaskPhase::Stopping);
                self.effects.push(Effect::StopTask { task: arn.to_owned(), grace: GRACE });
            }
        }
    }

    fn set_phase(&mut self, arn: &str, phase: TaskPhase) {
        if let Some(task) = self.ecs.task_mut(arn) {
            task.phase = phase;
        }
    }

    /// A target serves nobody any more: its task may stop.
    pub(crate) fn target_drained(&mut self, group: &str, target: std::net::SocketAddr) {
        self.elb.forget(group, target);
        let leaving = |task: &&mut Task| task.address == Some(target) && task.phase == TaskPhase::Deactivating;
        if let Some(task) = self.ecs.tasks.iter_mut().find(leaving) {
            task.phase = TaskPhase::Stopping;
            self.effects.push(Effect::StopTask { task: task.arn.clone(), grace: GRACE });
        }
    }

    /// ECS replaces a task whose target is unhealthy.
    pub(crate) fn target_unhealthy(&mut self, group: &str, target: std::net::SocketAddr, why: &str, now: Timestamp) {
        let task = self.ecs.tasks.iter().find(|task| task.address == Some(target) && task.phase == TaskPhase::Running);
        let Some((arn, set)) = task.map(|task| (task.arn.clone(), task.task_set.clone())) else { return };
        let message = format!(
            "(service {}, taskSet {set}) (port {}) is unhealthy in (target-group {group}) due to (reason {why})",
            self.names.service,
            target.port()
        );
        self.service_event(message, now);
        let reason = format!("Task failed ELB health checks in (target-group {group})");
        self.retire(&arn, &reason, "ServiceSchedulerInitiated", now);
        self.back_off(&set, now);
    }

    fn judge_stability(&mut self, id: &str, now: Timestamp) {
        let Some(set) = self.ecs.task_set(id) else { return };
        let healthy = |task: &Task| {
            let health = task.address.and_then(|address| self.elb.health(&set.target_group, address));
            // A group that is behind no listener is not checked, and ECS does not wait for it.
            matches!(health, Some(TargetHealth::Healthy | TargetHealth::Unused))
        };
        let desired = set.desired(self.ecs.service.desired_count) as usize;
        let live: Vec<_> = self.ecs.tasks_of(id).filter(|task| task.phase != TaskPhase::Stopped).collect();
        let running = live.iter().filter(|task| task.phase == TaskPhase::Running);
        let steady =
            live.len() == desired && running.clone().count() == desired && running.clone().all(|task| healthy(task));
        if steady == set.steady {
            return;
        }
        let set = self.ecs.task_set_mut(id).expect("it was just read");
        set.steady = steady;
        set.stability_at = now;
        set.updated_at = now;
        // That a deleted set has reached zero is said when it is gone.
        if steady && set.status != TaskSetStatus::Draining {
            set.failures = 0;
            let message = format!("(service {}, taskSet {id}) has reached a steady state.", self.names.service);
            self.note(now, "ecs", "task set steady", format!("{id}, {desired} tasks"));
            self.service_event(message, now);
        }
    }

    fn service_event(&mut self, message: String, now: Timestamp) {
        let service = &mut self.ecs.service;
        let id = self.identifiers.uuid("service event");
        service.events.push_front(ServiceEvent { id, at: now, message });
        service.events.truncate(EVENTS_KEPT);
    }
}
