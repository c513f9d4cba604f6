//! A machine on a test's bench: drives it by effects and waits for what it reports.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use greenlight_rehearsal::clock::Pace;
use greenlight_rehearsal::effect::{
    Command, Effect, FunctionSpec, ListenerSpec, Observation, TargetGroupSpec, TargetHealth,
};
use greenlight_rehearsal::machine::{Machine, MachineSpec};
use tokio::sync::mpsc::{self, UnboundedReceiver};

/// Far beyond what any wait here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

pub const PRODUCTION: &str = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/demo/1/production";
pub const BLUE: &str = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/blue/1";
pub const GREEN: &str = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/green/2";

pub struct Bench {
    pub machine: Machine,
    pub seen: Vec<Observation>,
    observations: UnboundedReceiver<Observation>,
}

pub fn task_arn(id: &str) -> String {
    format!("arn:aws:ecs:eu-west-1:123456789012:task/greenlight-demo/{id}")
}

pub fn shell(script: &str) -> Command {
    let line = ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
    Command { line, environment: BTreeMap::new(), directory: None }
}

pub fn shop(version: &str) -> Command {
    let environment = BTreeMap::from([("SHOP_VERSION".to_owned(), version.to_owned())]);
    Command { line: vec![env!("CARGO_BIN_EXE_demo-shop").to_owned()], environment, directory: None }
}

pub fn group(arn: &str) -> TargetGroupSpec {
    TargetGroupSpec {
        arn: arn.to_owned(),
        path: "/healthz".to_owned(),
        interval: Duration::from_secs(10),
        timeout: Duration::from_secs(5),
        healthy: 3,
        unhealthy: 2,
    }
}

pub fn weights(weights: &[(&str, u32)]) -> Vec<(String, u32)> {
    weights.iter().map(|(group, weight)| ((*group).to_owned(), *weight)).collect()
}

/// A production listener over blue and green at a pace of 1000.
pub fn spec(split: &[(&str, u32)], functions: Vec<FunctionSpec>) -> MachineSpec {
    MachineSpec {
        listeners: vec![ListenerSpec { arn: PRODUCTION.to_owned(), port: 0, weights: weights(split) }],
        target_groups: vec![group(BLUE), group(GREEN)],
        functions,
        pace: Pace::new(1000.0).unwrap(),
        function_environment: BTreeMap::from([("SHARED".to_owned(), "by all".to_owned())]),
    }
}

impl Bench {
    pub async fn start(spec: MachineSpec) -> Bench {
        let (sender, observations) = mpsc::unbounded_channel();
        Bench { machine: Machine::start(spec, sender).await.unwrap(), seen: Vec::new(), observations }
    }

    pub fn production(&self) -> SocketAddr {
        self.machine.listener_address(PRODUCTION).unwrap()
    }

    /// The first observation from now on that `find` accepts.
    pub async fn until<T>(&mut self, what: &str, find: impl Fn(&Observation) -> Option<T>) -> T {
        let search = async {
            loop {
                let observation = self.observations.recv().await.expect("the machine observes as long as it lives");
                let found = find(&observation);
                self.seen.push(observation);
                if let Some(found) = found {
                    return found;
                }
            }
        };
        match tokio::time::timeout(PATIENCE, search).await {
            Ok(found) => found,
            Err(_) => panic!("{what} was not observed; seen: {:#?}", self.seen),
        }
    }

    pub async fn start_task(&mut self, id: &str, command: Command) -> SocketAddr {
        self.machine.carry_out(Effect::StartTask { task: task_arn(id), command });
        self.until("the task's start", |observation| match observation {
            Observation::TaskStarted { task, address } if *task == task_arn(id) => Some(*address),
            _ => None,
        })
        .await
    }

    pub fn stop_task(&self, id: &str, grace: Duration) {
        self.machine.carry_out(Effect::StopTask { task: task_arn(id), grace });
    }

    pub async fn stopped(&mut self, id: &str) -> (Option<i32>, String) {
        self.until("the task's end", |observation| match observation {
            Observation::TaskStopped { task, exit_code, reason } if *task == task_arn(id) => {
                Some((*exit_code, reason.clone()))
            }
            _ => None,
        })
        .await
    }

    /// Register a target and wait until it is healthy.
    pub async fn serve(&mut self, group: &str, target: SocketAddr) {
        self.register(group, target);
        self.until_health(group, target, |health| *health == TargetHealth::Healthy).await;
    }

    pub fn register(&self, group: &str, target: SocketAddr) {
        self.machine.carry_out(Effect::RegisterTarget { group: group.to_owned(), target });
    }

    pub fn deregister(&self, group: &str, target: SocketAddr, drain: Duration) {
        self.machine.carry_out(Effect::DeregisterTarget { group: group.to_owned(), target, drain });
    }

    pub async fn drained(&mut self, drained: SocketAddr) {
        self.until("the target's last request", |observation| match observation {
            Observation::TargetDrained { target, .. } if *target == drained => Some(()),
            _ => None,
        })
        .await;
    }

    pub async fn until_health(
        &mut self,
        of_group: &str,
        of_target: SocketAddr,
        accept: impl Fn(&TargetHealth) -> bool,
    ) -> TargetHealth {
        self.until("the target's health", |observation| match observation {
            Observation::TargetHealth { group, target, health }
                if group == of_group && *target == of_target && accept(health) =>
            {
                Some(health.clone())
            }
            _ => None,
        })
        .await
    }

    pub async fn route(&mut self, split: &[(&str, u32)]) {
        self.machine.carry_out(Effect::Route { listener: PRODUCTION.to_owned(), weights: weights(split) });
        self.until("the new split", |observation| matches!(observation, Observation::Routed { .. }).then_some(()))
            .await;
    }

    /// A line of a stream in a log group.
    pub async fn logged(&mut self, in_group: &str, accept: impl Fn(&str) -> bool) -> String {
        self.until("the log line", |observation| match observation {
            Observation::Logged { group, message, .. } if group == in_group && accept(message) => Some(message.clone()),
            _ => None,
        })
        .await
    }

    /// Everything logged in a group until now, in order.
    pub fn lines(&mut self, in_group: &str) -> Vec<String> {
        while let Ok(observation) = self.observations.try_recv() {
            self.seen.push(observation);
        }
        let line = |observation: &Observation| match observation {
            Observation::Logged { group, message, .. } if group == in_group => Some(message.clone()),
            _ => None,
        };
        self.seen.iter().filter_map(line).collect()
    }
}
