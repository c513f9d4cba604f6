//! The world at its beginning: everything a scenario names exists, CodeDeploy's group has been created (and has already
//! rewritten the production listener), and the service's first task set is about to start.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::World;
use crate::announcement::AnnouncedTaskDefinitions;
use crate::autoscaling::AutoScaling;
use crate::clock::Pace;
use crate::cloudwatch::CloudWatch;
use crate::codedeploy::CodeDeploy;
use crate::codedeploy::group::{AutoRollback, Group};
use crate::codedeploy::traffic;
use crate::ecs::Ecs;
use crate::ecs::definitions::Definitions;
use crate::ecs::service::{Service, TaskSet, TaskSetStatus};
use crate::effect::{FunctionSpec, ListenerSpec, TargetGroupSpec};
use crate::elbv2::{Listener, LoadBalancing};
use crate::identifiers::Identifiers;
use crate::journal::Journal;
use crate::logs::Logs;
use crate::names::{Names, function_arn};
use crate::s3::Buckets;
use crate::scenario::{Function, Program, Scenario};

impl World {
    /// A world in which nothing runs yet.
    pub(crate) fn new(scenario: &Scenario, pace: Pace, journal: Journal, now: Timestamp) -> Result<World, String> {
        let names = Names::of(scenario);
        let mut identifiers = Identifiers::default();
        let configurations = traffic::predefined();
        if !configurations.contains_key(&scenario.deployment_config) {
            let known = configurations.keys().cloned().collect::<Vec<_>>().join(", ");
            return Err(format!("deployment_config {} is none of {known}", scenario.deployment_config));
        }
        let groups = names.target_groups();
        let group = Group {
            id: identifiers.uuid("deployment group"),
            configuration: scenario.deployment_config.clone(),
            auto_rollback: AutoRollback {
                enabled: !scenario.rollback_on.is_empty(),
                events: scenario.rollback_on.clone(),
            },
            ready_wait: scenario.ready_wait.filter(|wait| !wait.is_zero()),
            termination_wait: scenario.termination_wait,
            target_groups: groups.clone(),
            production_listener: names.production_listener(),
            test_listener: names.test_listener(),
            alarms: scenario.group_alarms.clone(),
        };
        Ok(World {
            elb: load_balancing(&names, scenario),
            pace,
            switches: scenario.switches,
            ailments: scenario.ailments.clone(),
            journal,
            ecs: Ecs {
                definitions: Definitions::default(),
                service: Service { desired_count: scenario.desired_count, created_at: now, events: VecDeque::new() },
                task_sets: Vec::new(),
                tasks: Vec::new(),
            },
            codedeploy: CodeDeploy {
                deleted: Default::default(),
                application_id: identifiers.uuid("application"),
                group,
                configurations,
                deployments: Vec::new(),
            },
            autoscaling: AutoScaling::default(),
            cloudwatch: CloudWatch::seeded(&scenario.alarms, pace, now),
            functions: scenario.functions.clone(),
            images: scenario.images.clone(),
            logs: Logs::default(),
            buckets: Buckets::with(scenario.buckets.iter().cloned()),
            effects: Vec::new(),
            inputs: VecDeque::new(),
            identifiers,
            names,
        })
    }

    /// Register the task definitions and start the first task set.
    pub(crate) fn begin(
        &mut self,
        scenario: &Scenario,
        register_green: bool,
        now: Timestamp,
    ) -> Result<AnnouncedTaskDefinitions, String> {
        let mut register = |document: &Value| {
            let registered = self.ecs.definitions.register(document.clone(), now);
            registered.map(|registered| registered.arn().to_owned()).map_err(|refusal| refusal.message)
        };
        let blue = register(&scenario.task_definitions.blue)?;
        let green = register_green.then(|| register(&scenario.task_definitions.green)).transpose()?;
        let registered = self.ecs.definitions.find(&blue).map_err(|refusal| refusal.message)?;
        registered.container(&scenario.container, scenario.port)?;
        let set = TaskSet {
            id: self.identifiers.task_set(),
            external_id: None,
            status: TaskSetStatus::Primary,
            task_definition: blue.clone(),
            target_group: self.elb.groups[0].clone(),
            container: scenario.container.clone(),
            port: scenario.port,
            platform_version: "1.4.0".into(),
            network_configuration: Some(serde_json::json!({"awsvpcConfiguration": {
                "subnets": ["subnet-0a1b2c3d4e5f60718"], "securityGroups": ["sg-0a1b2c3d4e5f60718"], "assignPublicIp": "DISABLED"}})),
            capacity_provider_strategy: None,
            created_at: now,
            updated_at: now,
            steady: false,
            stability_at: now,
            failures: 0,
            not_before: now,
        };
        self.note(now, "rehearsal", "begins", format!("{} in {}", self.names.service, self.names.cluster));
        self.ecs.task_sets.push(set);
        self.settle(now);
        Ok(AnnouncedTaskDefinitions { blue, green })
    }

    /// Whether the first task set serves.
    pub(crate) fn blue_is_steady(&self) -> bool {
        self.ecs.primary().is_some_and(|set| set.steady)
    }

    /// Why the first task set does not come up, once that is clear: its tasks keep stopping.
    pub(crate) fn blue_trouble(&self) -> Option<String> {
        const GIVE_UP_AFTER: u32 = 3;
        let set = self.ecs.primary().filter(|set| !set.steady && set.failures >= GIVE_UP_AFTER)?;
        let stopped = self.ecs.tasks_of(&set.id).filter(|task| task.stopped_reason.is_some()).last()?;
        let reason = stopped.stopped_reason.clone().unwrap_or_default();
        let detail = stopped.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let exit = stopped.exit_code.map(|code| format!(" (exit code {code})")).unwrap_or_default();
        Some(format!("{reason}{detail}{exit}"))
    }

    /// The machine's target groups.
    pub(crate) fn target_group_specs(&self) -> Vec<TargetGroupSpec> {
        let check = &self.elb.health_check;
        let spec = |arn: &String| TargetGroupSpec {
            arn: arn.clone(),
            path: check.path.clone(),
            interval: check.interval,
            timeout: check.timeout,
            healthy: check.healthy,
            unhealthy: check.unhealthy,
        };
        self.elb.groups.iter().map(spec).collect()
    }

    /// The machine's listeners.
    pub(crate) fn listener_specs(&self) -> Vec<ListenerSpec> {
        let spec = |listener: &Listener| ListenerSpec {
            arn: listener.arn.clone(),
            port: 0,
            weights: listener.forwards.clone(),
        };
        self.elb.listeners.iter().map(spec).collect()
    }

    /// The machine's functions.
    pub(crate) fn function_specs(&self) -> Result<Vec<FunctionSpec>, String> {
        self.functions.iter().map(|(name, function)| function_spec(name, function)).collect()
    }
}

fn load_balancing(names: &Names, scenario: &Scenario) -> LoadBalancing {
    let [first, second] = names.target_groups().map(|name| Names::target_group_arn(&name));
    // What CreateDeploymentGroup leaves behind: production weighted with the idle group first, the test listener as it was,
    // a single forward. It leads to the group that serves, as after a first deployment, so that nobody is refused there.
    let (to_second, to_first) = if scenario.ailments.misrouted { (100, 0) } else { (0, 100) };
    let production = (names.production_listener(), vec![(second.clone(), to_second), (first.clone(), to_first)]);
    let test = names.test_listener().map(|arn| (arn, vec![(first.clone(), 1)]));
    let listener = |(arn, forwards)| Listener { arn, port: 0, forwards, unconfirmed: 0 };
    LoadBalancing {
        listeners: [Some(production), test].into_iter().flatten().map(listener).collect(),
        groups: [first, second],
        health_check: scenario.health_check.clone(),
        targets: BTreeMap::new(),
    }
}

fn function_spec(name: &str, function: &Function) -> Result<FunctionSpec, String> {
    let Program::Run(line) = &function.program else {
        return Err(format!("nobody has said where the binary of function {name} is"));
    };
    let mut environment = function.environment.clone();
    let mut task_root = function.directory.clone();
    if let Some(plan) = &function.plan {
        let file = plan.file_name().map(|file| file.to_string_lossy().into_owned()).unwrap_or_default();
        environment.entry("GREENLIGHT_PLAN".into()).or_insert(file);
        task_root = plan.parent().map_or_else(|| PathBuf::from("."), PathBuf::from);
    }
    Ok(FunctionSpec {
        name: name.to_owned(),
        arn: function_arn(name),
        line: line.clone(),
        environment,
        task_root: std::path::absolute(&task_root).unwrap_or(task_root),
        timeout: function.timeout.max(Duration::from_millis(1)),
        memory: function.memory,
    })
}
