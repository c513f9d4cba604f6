//! A world without a machine: effects come back as observations after fixed times, and the clock jumps from one to the next.
//! A deployment of sixteen minutes takes no time, and two runs are equal to the last character.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::World;
use crate::call::{Answer, Call};
use crate::clock::Pace;
use crate::effect::{Effect, InvocationOutcome, Observation, TargetHealth};
use crate::journal::Journal;
use crate::refusal::Refusal;
use crate::scenario::{Demo, GreenFails, Scenario};

/// What a hook function does when it is invoked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Hook {
    /// Reports after two seconds.
    Reports(&'static str),
    /// Ends without a report.
    Silent,
}

#[derive(Clone, Debug)]
enum Happening {
    Seen(Observation),
    Reported { deployment: String, execution: String, status: &'static str },
}

/// A world with its simulated machine and clock.
#[derive(Debug)]
pub(crate) struct Simulation {
    pub(crate) world: World,
    pub(crate) now: Timestamp,
    pub(crate) began: Timestamp,
    /// Journal entries of the beginning.
    before: usize,
    pub(crate) scenario: Scenario,
    pub(crate) hooks: BTreeMap<String, Hook>,
    /// Payloads of invocations, in order.
    pub(crate) invoked: Vec<(String, Value)>,
    happenings: BTreeMap<(Timestamp, u64), Happening>,
    drawn: u64,
    ports: u16,
    sick: BTreeSet<SocketAddr>,
}

impl Simulation {
    /// The demo at ordinary pace, with the blue task set steady.
    pub(crate) fn demo(hooks: &[(&str, Hook)]) -> Self {
        Self::of(None, hooks, |_| {})
    }

    pub(crate) fn of(
        green_fails: Option<GreenFails>,
        hooks: &[(&str, Hook)],
        change: impl FnOnce(&mut Scenario),
    ) -> Self {
        let mut scenario = Scenario::demo(Demo {
            shop: vec!["shop".into()],
            hooks: hooks.iter().map(|(event, _)| ((*event).to_owned(), PathBuf::from("/hook"))).collect(),
            green_fails,
            plan_directory: PathBuf::from("/plan"),
        });
        change(&mut scenario);
        // 2026-08-09T19:51:20Z, near the run that most facts were seen in.
        let began = Timestamp::from_second(1_786_305_080).unwrap();
        let world = World::new(&scenario, Pace::ORDINARY, Journal::default(), began).unwrap();
        let hooks = hooks.iter().map(|(event, hook)| (format!("CodeDeployHook_{event}"), *hook)).collect();
        let mut simulation = Self {
            world,
            now: began,
            began,
            before: 0,
            scenario,
            hooks,
            invoked: Vec::new(),
            happenings: BTreeMap::new(),
            drawn: 0,
            ports: 40_000,
            sick: BTreeSet::new(),
        };
        simulation.world.begin(&simulation.scenario, true, began).unwrap();
        simulation.run_while(|world| !world.blue_is_steady());
        simulation.began = simulation.now;
        simulation.before = simulation.world.journal.entries().len();
        simulation
    }

    /// Make one call now.
    pub(crate) fn call(&mut self, call: Call) -> Result<Answer, Refusal> {
        let answer = self.world.answer(call, "request", self.now);
        self.carry_out();
        answer
    }

    pub(crate) fn codedeploy(&mut self, operation: &str, body: Value) -> Result<Value, Refusal> {
        match self.call(Call::CodeDeploy { operation: operation.into(), body })? {
            Answer::Json(value) => Ok(value),
            Answer::Empty => Ok(Value::Null),
            other => panic!("{operation} answered {other:?}"),
        }
    }

    pub(crate) fn ecs(&mut self, operation: &str, body: Value) -> Result<Value, Refusal> {
        match self.call(Call::Ecs { operation: operation.into(), body })? {
            Answer::Json(value) => Ok(value),
            other => panic!("{operation} answered {other:?}"),
        }
    }

    pub(crate) fn elbv2(&mut self, operation: &str, parameters: &[(&str, &str)]) -> Result<String, Refusal> {
        let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        match self.call(Call::Elbv2 { operation: operation.into(), parameters })? {
            Answer::Xml(text) => Ok(text),
            other => panic!("{operation} answered {other:?}"),
        }
    }

    /// An AppSpec for the second version with every hook that the simulation has.
    pub(crate) fn appspec(&self) -> Value {
        let hooks: Vec<_> =
            self.scenario.hooks().into_iter().map(|(event, function)| json!({event: function})).collect();
        json!({"version": 0.0, "Resources": [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": {
            "TaskDefinition": "arn:aws:ecs:us-east-1:123456789012:task-definition/shop:2",
            "LoadBalancerInfo": {"ContainerName": "web", "ContainerPort": 80}}}}], "Hooks": hooks})
    }

    /// Create a deployment of that AppSpec; `more` goes into the request.
    pub(crate) fn create(&mut self, more: Value) -> Result<String, Refusal> {
        let mut body = json!({"applicationName": "ecs-demo-codedeploy-app", "deploymentGroupName": "ecs-demo-dg",
            "revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": self.appspec().to_string()}}});
        for (key, value) in more.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        let created = self.codedeploy("CreateDeployment", body)?;
        Ok(created["deploymentId"].as_str().unwrap().to_owned())
    }

    pub(crate) fn info(&mut self, id: &str) -> Value {
        self.codedeploy("GetDeployment", json!({"deploymentId": id})).unwrap()["deploymentInfo"].clone()
    }

    pub(crate) fn target(&mut self, id: &str) -> Value {
        let body = json!({"deploymentId": id, "targetIds": ["greenlight-demo:shop"]});
        self.codedeploy("BatchGetDeploymentTargets", body).unwrap()["deploymentTargets"][0].clone()
    }

    /// Name and status of each lifecycle event.
    pub(crate) fn rows(&mut self, id: &str) -> Vec<(String, String)> {
        let target = self.target(id);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let events = target["ecsTarget"]["lifecycleEvents"].as_array().unwrap();
        events.iter().map(|event| (text(&event["lifecycleEventName"]), text(&event["status"]))).collect()
    }

    /// Until nothing will happen any more.
    pub(crate) fn run_to_the_end(&mut self) {
        self.run_while(|_| true);
    }

    pub(crate) fn run_for(&mut self, wait: Duration) {
        let until = self.now + wait;
        while self.step(Some(until)) {}
        self.now = until;
    }

    /// Until the condition is false, or nothing will happen any more.
    pub(crate) fn run_while(&mut self, condition: impl Fn(&World) -> bool) {
        const MOST: u32 = 100_000;
        for _ in 0..MOST {
            if !condition(&self.world) || !self.step(None) {
                return;
            }
        }
        panic!("the world does not come to rest");
    }

    fn step(&mut self, until: Option<Timestamp>) -> bool {
        self.carry_out();
        let happening = self.happenings.keys().next().copied();
        let wake = self.world.next_wake();
        let next = happening.map(|(at, _)| at).into_iter().chain(wake).min();
        let Some(next) = next.filter(|next| until.is_none_or(|until| *next <= until)) else { return false };
        self.now = next.max(self.now);
        match happening.filter(|(at, _)| *at <= self.now).and_then(|key| self.happenings.remove(&key)) {
            Some(Happening::Seen(observation)) => self.world.observe(observation, self.now),
            Some(Happening::Reported { deployment, execution, status }) => {
                let body =
                    json!({"deploymentId": deployment, "lifecycleEventHookExecutionId": execution, "status": status});
                self.codedeploy("PutLifecycleEventHookExecutionStatus", body).unwrap();
            }
            None => self.world.tick(self.now),
        }
        self.carry_out();
        true
    }

    fn carry_out(&mut self) {
        for effect in self.world.take_effects() {
            match effect {
                Effect::StartTask { task, command } => {
                    self.ports += 1;
                    let address = SocketAddr::from(([127, 0, 0, 1], self.ports));
                    if command.environment.get("SHOP_FAILS").is_some_and(|mode| mode == "never-ready") {
                        self.sick.insert(address);
                    }
                    self.later(1_000, Observation::TaskStarted { task, address });
                }
                Effect::StopTask { task, .. } => {
                    self.later(1_000, Observation::TaskStopped { task, exit_code: Some(0), reason: "SIGTERM".into() });
                }
                Effect::RegisterTarget { group, target } => {
                    let health = if self.sick.contains(&target) {
                        let description = "Health checks failed with these codes: [503]".into();
                        TargetHealth::Unhealthy { reason: "Target.ResponseCodeMismatch", description }
                    } else {
                        TargetHealth::Healthy
                    };
                    self.later(20_000, Observation::TargetHealth { group, target, health });
                }
                Effect::DeregisterTarget { group, target, .. } => {
                    self.later(500, Observation::TargetDrained { group, target });
                }
                Effect::Route { listener, .. } => self.later(200, Observation::Routed { listener }),
                Effect::Invoke { invocation, function, payload, .. } => self.invoke(invocation, function, &payload),
            }
        }
    }

    fn invoke(&mut self, invocation: String, function: String, payload: &[u8]) {
        let payload: Value = serde_json::from_slice(payload).unwrap();
        if let Some(Hook::Reports(status)) = self.hooks.get(&function).copied() {
            let text = |key: &str| payload[key].as_str().unwrap().to_owned();
            let (deployment, execution) = (text("DeploymentId"), text("LifecycleEventHookExecutionId"));
            self.schedule(2_000, Happening::Reported { deployment, execution, status });
        }
        self.invoked.push((function.clone(), payload));
        let outcome = InvocationOutcome::Returned("null".into());
        self.later(2_100, Observation::Invoked { invocation, function, attempt: 1, outcome, last: true });
    }

    fn later(&mut self, milliseconds: u64, observation: Observation) {
        self.schedule(milliseconds, Happening::Seen(observation));
    }

    fn schedule(&mut self, milliseconds: u64, happening: Happening) {
        self.drawn += 1;
        self.happenings.insert((self.now + Duration::from_millis(milliseconds), self.drawn), happening);
    }

    /// The journal since the blue task set was steady, with seconds since then: time is simulated, so it is part of the claim.
    pub(crate) fn transcript(&self, proves: &str) -> String {
        let mut text = format!("{proves}\n\n");
        for entry in self.world.journal.entries().into_iter().skip(self.before) {
            let seconds = entry.at.duration_since(self.began).as_secs_f64();
            text.push_str(&format!("{seconds:>8.1}  {entry}\n"));
        }
        text
    }
}
