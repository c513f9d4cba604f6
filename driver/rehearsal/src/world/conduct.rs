//! Carries out what deployments decide, on the state of the other services: CodeDeploy's own calls to ECS, ELBv2 and Lambda.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::json;

use super::World;
use crate::codedeploy::appspec::AppSpec;
use crate::codedeploy::deployment::{Deployment, Direction, Phase, Plan, Status};
use crate::codedeploy::event::Event;
use crate::codedeploy::failure::Failure;
use crate::codedeploy::group::AutoRollback;
use crate::codedeploy::rules::{self, Action, Input};
use crate::codedeploy::traffic::{ALL_AT_ONCE, Traffic};
use crate::ecs::service::{TaskSet, TaskSetStatus};
use crate::effect::Effect;
use crate::names::{short, target_group_name};

/// How long CodeDeploy waits for a hook's report.
const HOOK: Duration = Duration::from_secs(60 * 60);
/// A service has room for this many task sets.
const TASK_SETS: usize = 5;

impl World {
    /// Tell the deployments what they wait for, and do what they want, until they want nothing more now.
    pub(super) fn conduct(&mut self, now: Timestamp) {
        loop {
            let next = self.inputs.pop_front().or_else(|| self.due_input(now));
            let Some((id, input)) = next else { return };
            self.tell(&id, input, now);
        }
    }

    /// What the deployments could learn from the state or the time, one thing at a time.
    fn due_input(&self, now: Timestamp) -> Option<(String, Input)> {
        let running = self.codedeploy.deployments.iter().filter(|deployment| deployment.phase != Phase::Over);
        for deployment in running {
            let red = self.red_alarms(deployment);
            let input = if !red.is_empty() {
                Some(Input::Alarmed { names: red })
            } else if rules::wake(deployment, self.pace).is_some_and(|wake| wake <= now) {
                Some(Input::Tick)
            } else {
                match deployment.phase {
                    Phase::Installing { .. } => self.replacement_is_steady(deployment).then_some(Input::Steady),
                    Phase::Returning | Phase::TestTraffic { .. } | Phase::Shifting { routed: false, .. } => {
                        self.elb.listeners.iter().all(|listener| listener.unconfirmed == 0).then_some(Input::Routed)
                    }
                    Phase::Created { .. }
                    | Phase::Between { .. }
                    | Phase::Passing { .. }
                    | Phase::Hook { .. }
                    | Phase::Shifting { .. }
                    | Phase::Ready { .. }
                    | Phase::Termination { .. }
                    | Phase::Over => None,
                }
            };
            if let Some(input) = input {
                return Some((deployment.id.clone(), input));
            }
        }
        None
    }

    /// The alarms that watch the deployment and are red: those that it was created with, be they none, and otherwise those of
    /// its group. Nothing watches a rollback.
    fn red_alarms(&self, deployment: &Deployment) -> Vec<String> {
        let names: Vec<&str> = match &deployment.override_alarms {
            _ if deployment.is_rollback() => Vec::new(),
            Some(given) if given["enabled"] == true => {
                given["alarms"].as_array().into_iter().flatten().filter_map(|alarm| alarm["name"].as_str()).collect()
            }
            Some(_) => Vec::new(),
            None => self.codedeploy.group.alarms.iter().map(String::as_str).collect(),
        };
        let is_red = |name: &&str| {
            self.cloudwatch.alarms.get(*name).is_some_and(|alarm| alarm.state == crate::cloudwatch::AlarmState::Alarm)
        };
        names.into_iter().filter(is_red).map(str::to_owned).collect()
    }

    fn replacement_is_steady(&self, deployment: &Deployment) -> bool {
        deployment.replacement.as_deref().and_then(|id| self.ecs.task_set(id)).is_some_and(|set| set.steady)
    }

    fn tell(&mut self, id: &str, input: Input, now: Timestamp) {
        let pace = self.pace;
        let Some(deployment) = self.codedeploy.deployment_mut(id) else { return };
        let before = deployment.clone();
        let actions = rules::advance(deployment, input, now, pace);
        let after = deployment.clone();
        self.note_changes(&before, &after, now);
        for action in actions {
            self.act(id, action, now);
        }
        if after.status.is_over() && !before.status.is_over() {
            let last_seen = crate::codedeploy::serve::task_sets(self, &before);
            if let Some(deployment) = self.codedeploy.deployment_mut(id) {
                deployment.last_seen = last_seen;
            }
        }
    }

    fn act(&mut self, id: &str, action: Action, now: Timestamp) {
        let Some(deployment) = self.codedeploy.deployment(id).cloned() else { return };
        let answer = match action {
            Action::CheckListeners => Some(Input::Checked(self.check_listeners(&deployment))),
            Action::CreateTaskSet => Some(Input::TaskSetCreated(self.create_task_set(&deployment, now))),
            Action::Invoke { function, execution, .. } => {
                Some(Input::Invoked(self.invoke_hook(&deployment, &function, &execution, now)))
            }
            Action::RouteTest => {
                let test = self.codedeploy.group.test_listener.clone();
                self.route(test.as_deref(), deployment.replacement.as_deref(), 100, now);
                None
            }
            Action::RouteProduction(percent) => {
                let production = self.codedeploy.group.production_listener.clone();
                self.route(Some(&production), deployment.replacement.as_deref(), percent, now);
                None
            }
            Action::RouteBack => {
                let group = &self.codedeploy.group;
                let listeners = [Some(group.production_listener.clone()), group.test_listener.clone()];
                for listener in listeners.into_iter().flatten() {
                    self.route(Some(&listener), Some(&deployment.original), 100, now);
                }
                None
            }
            Action::MakePrimary => {
                let set =
                    if deployment.is_rollback() { Some(&deployment.original) } else { deployment.replacement.as_ref() };
                self.make_primary(set.map(String::as_str), now);
                None
            }
            Action::DeleteTaskSet => {
                let set =
                    if deployment.is_rollback() { deployment.replacement.as_ref() } else { Some(&deployment.original) };
                self.delete_task_set(set.map(String::as_str), now);
                None
            }
            Action::RollBack => {
                self.roll_back(&deployment, now);
                None
            }
        };
        if let Some(input) = answer {
            self.inputs.push_back((id.to_owned(), input));
        }
    }

    /// The pre-check: is the primary task set's target group the only live one on the production listener? The test listener
    /// is not checked: a run was seen to begin with it on the idle group.
    fn check_listeners(&self, _: &Deployment) -> Result<(), Failure> {
        let listener = self.elb.listener(&self.codedeploy.group.production_listener);
        let (Some(primary), Some(listener)) = (self.ecs.primary(), listener) else { return Ok(()) };
        if !self.elb.groups.contains(&primary.target_group) {
            return Err(Failure::foreign_target_group());
        }
        if let Some((_, weight)) = listener.forwards.iter().find(|(arn, _)| *arn == primary.target_group)
            && *weight > 0
        {
            let idle = self.elb.other(&primary.target_group);
            if listener.forwards.iter().any(|(arn, weight)| arn == idle && *weight > 0) {
                return Err(Failure::load_balancer(
                    "Green taskset target group cannot have non-zero weight prior to traffic shifting",
                ));
            }
            return Ok(());
        }
        let problem = format!("Primary taskset target group must be behind listener {}", listener.arn);
        Err(Failure::load_balancer(&problem))
    }

    fn create_task_set(&mut self, deployment: &Deployment, now: Timestamp) -> Result<String, Failure> {
        let request = self.identifiers.uuid("refused task set");
        let appspec = deployment.plan.appspec.as_ref().map_err(|problem| Failure::appspec(problem))?;
        let definition = self.replacement_definition(appspec).map_err(|problem| Failure::ecs(&problem, &request))?;
        let original = self.ecs.primary().cloned();
        let group = original.as_ref().map_or(&self.elb.groups[1], |set| &set.target_group);
        let group = if original.is_some() { self.elb.other(group).to_owned() } else { group.clone() };
        let network = appspec.network_configuration.clone().map(lower_camel);
        let set = TaskSet {
            id: self.identifiers.task_set(),
            external_id: Some(deployment.id.clone()),
            status: TaskSetStatus::Active,
            task_definition: definition,
            target_group: group.clone(),
            container: appspec.container.clone(),
            port: appspec.port,
            platform_version: appspec.platform_version.clone().unwrap_or_else(|| "1.4.0".into()),
            network_configuration: network.or_else(|| original.and_then(|set| set.network_configuration)),
            capacity_provider_strategy: appspec.capacity_provider_strategy.clone().map(lower_camel),
            created_at: now,
            updated_at: now,
            steady: false,
            stability_at: now,
            failures: 0,
            not_before: now,
        };
        let id = set.id.clone();
        let detail = format!("{id}, {} behind {}", short(&set.task_definition), target_group_name(&group));
        self.note(now, "ecs", "task set created", detail);
        self.ecs.task_sets.push(set);
        self.schedule(now);
        Ok(id)
    }

    fn replacement_definition(&self, appspec: &AppSpec) -> Result<String, String> {
        if self.ecs.task_sets.len() >= TASK_SETS {
            return Err("5 deployments exist on the service. Unable to create new TaskSet since this exceeds the maximum limit.".into());
        }
        let registered = self.ecs.definitions.find(&appspec.task_definition).map_err(|refusal| refusal.message)?;
        if registered.document["status"] != "ACTIVE" {
            return Err("TaskDefinition is inactive".into());
        }
        registered.container(&appspec.container, appspec.port)?;
        Ok(registered.arn().to_owned())
    }

    fn invoke_hook(
        &mut self,
        deployment: &Deployment,
        function: &str,
        execution: &str,
        now: Timestamp,
    ) -> Result<Timestamp, Failure> {
        let name = crate::lambda::function_name(function);
        let Some(known) = self.functions.get(name) else { return Err(Failure::hook_missing(function)) };
        // The function's own timeout is ordinary time, so a compressed hour must not cut it short.
        let wait = self.pace.compress(HOOK).max(known.timeout + Duration::from_secs(1));
        let payload = json!({"DeploymentId": deployment.id, "LifecycleEventHookExecutionId": execution});
        let invocation = self.identifiers.uuid("invocation");
        self.note(now, "lambda", "function invoked", format!("{name} by {}", deployment.id));
        self.effects.push(Effect::Invoke {
            invocation,
            function: name.to_owned(),
            payload: Bytes::from(payload.to_string()),
            asynchronous: true,
        });
        Ok(now.checked_add(wait).unwrap_or(Timestamp::MAX))
    }

    fn route(&mut self, listener: Option<&str>, set: Option<&str>, percent: u32, now: Timestamp) {
        let Some(group) = set.and_then(|id| self.ecs.task_set(id)).map(|set| set.target_group.clone()) else { return };
        let [first, second] = self.elb.groups.clone();
        let Some(listener) = listener.and_then(|arn| self.elb.listener_mut(arn)) else { return };
        let shown = listener.forwards.clone();
        let effect = listener.shift([&first, &second], &group, percent);
        if listener.forwards == shown {
            listener.unconfirmed -= 1;
            return;
        }
        let summary = listener.summary();
        let which = if listener.arn == self.codedeploy.group.production_listener { "production" } else { "test" };
        self.note(now, "elbv2", "listener shifts", format!("{which}: {summary}"));
        self.effects.push(effect);
    }

    fn make_primary(&mut self, set: Option<&str>, now: Timestamp) {
        let Some(id) = set.filter(|id| self.ecs.primary().is_none_or(|primary| primary.id != *id)) else { return };
        for set in &mut self.ecs.task_sets {
            set.status = match set.status {
                _ if set.id == id => TaskSetStatus::Primary,
                TaskSetStatus::Primary => TaskSetStatus::Active,
                TaskSetStatus::Active => TaskSetStatus::Active,
                TaskSetStatus::Draining => TaskSetStatus::Draining,
            };
        }
        self.note(now, "ecs", "primary task set", id);
    }

    fn delete_task_set(&mut self, set: Option<&str>, now: Timestamp) {
        let Some(set) = set.and_then(|id| self.ecs.task_set_mut(id)) else { return };
        set.status = TaskSetStatus::Draining;
        set.updated_at = now;
        let id = set.id.clone();
        self.note(now, "ecs", "task set drains", id);
        self.schedule(now);
    }

    fn roll_back(&mut self, failed: &Deployment, now: Timestamp) {
        let direction = Direction::Back { of: failed.id.clone() };
        let hooks = if self.switches.rollback_invokes_hooks { failed.plan.hooks.clone() } else { Default::default() };
        let plan = Plan {
            appspec: failed.plan.appspec.clone(),
            hooks,
            traffic: Traffic::AllAtOnce,
            auto_rollback: AutoRollback::default(),
            ready_wait: None,
            termination_wait: Duration::ZERO,
            waiting_status: Status::InProgress,
            direction,
        };
        let revision = failed.previous_revision.clone().unwrap_or_else(|| failed.revision.clone());
        let id = self.create_deployment(ALL_AT_ONCE.to_owned(), revision, plan, now);
        if let Some(rollback) = self.codedeploy.deployment_mut(&id) {
            rollback.original.clone_from(&failed.original);
            rollback.replacement.clone_from(&failed.replacement);
        }
        if let Some(failed) = self.codedeploy.deployment_mut(&failed.id) {
            failed.rollback = Some(id);
        }
    }

    /// Add a deployment; it begins with the next tick that is due.
    pub(crate) fn create_deployment(
        &mut self,
        configuration: String,
        revision: crate::codedeploy::deployment::Revision,
        plan: Plan,
        now: Timestamp,
    ) -> String {
        let id = self.identifiers.deployment();
        let rows = Event::rows(self.codedeploy.group.test_listener.is_some());
        let detail = match &plan.direction {
            Direction::Forward => format!("{id}, {configuration}"),
            Direction::Back { of } => format!("{id}, {configuration}, rolls back {of}"),
        };
        self.note(now, "codedeploy", "deployment created", detail);
        let previous_revision = self.codedeploy.last_successful().map(|deployment| deployment.revision.clone());
        let original = self.ecs.primary().map(|set| set.id.clone()).unwrap_or_default();
        let phase = Phase::Created { until: rules::created_until(&plan.direction, now, self.pace) };
        let deployment = Deployment::new(id.clone(), configuration, revision, plan, phase, &rows, now);
        self.codedeploy.deployments.push(Deployment { previous_revision, original, ..deployment });
        id
    }

    fn note_changes(&self, before: &Deployment, after: &Deployment, now: Timestamp) {
        let id = &after.id;
        for (before, after) in before.rows.iter().zip(&after.rows) {
            if before.status != after.status {
                let detail = format!("{id} {} {}", after.event.name(), after.status.name());
                self.note(now, "codedeploy", "event", detail);
            }
        }
        if before.status != after.status {
            let failure = after.failure.as_ref().filter(|_| after.status.is_over());
            let failure = failure.map(|failure| format!(", {}: {}", failure.code, failure.message)).unwrap_or_default();
            self.note(now, "codedeploy", "deployment", format!("{id} {}{failure}", after.status.name()));
        }
        if after.terminating && !before.terminating {
            self.note(now, "codedeploy", "termination wait", id.clone());
        }
    }
}

/// An AppSpec's Pascal keys as ECS's lower camel ones, at every depth.
fn lower_camel(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::Object(map) => Value::Object(
            map.into_iter()
                .map(|(key, value)| {
                    let mut letters = key.chars();
                    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
                    (first.into_iter().chain(letters).collect(), lower_camel(value))
                })
                .collect(),
        ),
        Value::Array(list) => Value::Array(list.into_iter().map(lower_camel).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}
