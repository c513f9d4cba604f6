//! A scenario: the service that a rehearsal deploys, its two versions, its hooks, its deployment group. Plain values;
//! reading a file is in `file`, the built-in demo in `demo`.

mod demo;
mod document;
mod file;
mod span;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

pub use demo::{Demo, GreenFails, UnknownGreenFails};
pub use file::{ScenarioError, schema};

/// What to rehearse. Durations are AWS's; the pace shortens them when the scenario runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// ECS cluster name.
    pub cluster: String,
    /// ECS service name; also the load balancer's, and the stem of the target groups' names.
    pub service: String,
    /// CodeDeploy application name.
    pub application: String,
    /// CodeDeploy deployment group name.
    pub deployment_group: String,
    /// The group's deployment configuration, one of the predefined ones.
    pub deployment_config: String,
    /// Tasks of the service.
    pub desired_count: u32,
    /// The container that the load balancer reaches.
    pub container: String,
    /// Its port.
    pub port: u16,
    /// How long the original task set is kept after the traffic has moved.
    pub termination_wait: Duration,
    /// How long CodeDeploy waits for `ContinueDeployment` before production traffic moves; without it it does not wait.
    pub ready_wait: Option<Duration>,
    /// When CodeDeploy rolls back by itself; empty is never.
    pub rollback_on: BTreeSet<RollbackOn>,
    /// Whether the group has a test listener.
    pub test_listener: bool,
    /// The `RegisterTaskDefinition` documents of both versions.
    pub task_definitions: TaskDefinitions,
    /// Image name to the program that stands for it.
    pub images: BTreeMap<String, Image>,
    /// The target groups' health check.
    pub health_check: HealthCheck,
    /// Lambda functions by name.
    pub functions: BTreeMap<String, Function>,
    /// CloudWatch alarms by name.
    pub alarms: BTreeMap<String, SeededAlarm>,
    /// S3 buckets that there are, empty.
    pub buckets: BTreeSet<String>,
    /// The driver's configuration to rehearse.
    pub deploy: Option<PathBuf>,
    /// Alarms of the deployment group: one that is red stops a deployment that brings none of its own.
    pub group_alarms: Vec<String>,
    /// Where AWS's behaviour is not known, which answer to give.
    pub switches: Switches,
    /// What is not as it should be.
    pub ailments: Ailments,
}

/// Both versions, as `RegisterTaskDefinition` takes them.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskDefinitions {
    /// What runs at the start.
    pub blue: Value,
    /// What is to be deployed.
    pub green: Value,
}

/// A reason for an automatic rollback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RollbackOn {
    /// `DEPLOYMENT_FAILURE`.
    Failure,
    /// `DEPLOYMENT_STOP_ON_ALARM`.
    Alarm,
    /// `DEPLOYMENT_STOP_ON_REQUEST`.
    Stop,
}

impl RollbackOn {
    /// As the wire spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Failure => "DEPLOYMENT_FAILURE",
            Self::Alarm => "DEPLOYMENT_STOP_ON_ALARM",
            Self::Stop => "DEPLOYMENT_STOP_ON_REQUEST",
        }
    }
}

/// The program that stands for a container image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Program and arguments; `${PORT}` is the port to listen on.
    pub run: Vec<String>,
    /// Added to what the task definition sets.
    pub environment: BTreeMap<String, String>,
    /// Working directory.
    pub directory: Option<PathBuf>,
}

/// A target group's health check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// Path of the request.
    pub path: String,
    /// Between two checks.
    pub interval: Duration,
    /// Of one check; ordinary time.
    pub timeout: Duration,
    /// Successes in a row to become healthy.
    pub healthy: u32,
    /// Failures in a row to become unhealthy.
    pub unhealthy: u32,
}

impl Default for HealthCheck {
    /// ELBv2's defaults for an HTTP target group, but two successes: a rehearsal has no reason to wait for five.
    fn default() -> Self {
        Self {
            path: "/".into(),
            interval: Duration::from_secs(30),
            timeout: Duration::from_secs(5),
            healthy: 2,
            unhealthy: 2,
        }
    }
}

/// A Lambda function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// The lifecycle event that it is meant for: announced, and used by whoever renders the AppSpec.
    pub event: Option<String>,
    /// What runs.
    pub program: Program,
    /// Its check plan; becomes `GREENLIGHT_PLAN`, and its folder the task root.
    pub plan: Option<PathBuf>,
    /// The function's environment.
    pub environment: BTreeMap<String, String>,
    /// Lambda's timeout; ordinary time.
    pub timeout: Duration,
    /// MB.
    pub memory: u32,
    /// The scenario's folder: task root of a function without a plan.
    pub directory: PathBuf,
}

/// What a function runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Program {
    /// One of the shipped hook binaries by name; whoever starts the stand-in knows where it is. See [`Scenario::find_binaries`].
    Binary(String),
    /// Program and arguments, as they are.
    Run(Vec<String>),
}

/// An alarm that is there from the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeededAlarm {
    /// How it stands.
    pub state: AlarmState,
    /// How it stands so long after the beginning of the rehearsal; the pace shortens it.
    pub then: Option<(Duration, AlarmState)>,
}

/// How an alarm stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlarmState {
    /// `OK`.
    Ok,
    /// `ALARM`.
    Alarm,
    /// `INSUFFICIENT_DATA`.
    InsufficientData,
}

impl AlarmState {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Ok, Self::Alarm, Self::InsufficientData];

    /// As the wire spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }
}

/// Choices where AWS's behaviour was looked for and not found. The default is the stand-in's own choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Switches {
    /// Target calls answer `DeploymentNotStartedException` while a deployment is `Created`.
    pub targets_not_started: bool,
    /// The termination wait shows `Baking` instead of `InProgress`.
    pub baking: bool,
    /// A rollback deployment invokes the hook functions of the deployment that it rolls back.
    pub rollback_invokes_hooks: bool,
}

/// What is not as it should be around the service, for somebody to find before a deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ailments {
    /// Calls that the credentials in use may not make: `iam:SimulatePrincipalPolicy`.
    pub denied: BTreeSet<String>,
    /// What no role may do: `iam:PassRole`.
    pub roles_lack: BTreeSet<String>,
    /// The service's deployment controller, in place of `CODE_DEPLOY`.
    pub controller: Option<String>,
    /// The production listener leads to the target group in which nothing is.
    pub misrouted: bool,
    /// The load balancer calls itself a Network Load Balancer.
    pub network_load_balancer: bool,
    /// The test listener says that it is of another load balancer.
    pub listeners_apart: bool,
    /// A scaling activity is under way.
    pub scaling: bool,
}

impl Scenario {
    /// Replace each function's binary name by the path that `find` knows.
    ///
    /// # Errors
    /// When `find` does not know one.
    pub fn find_binaries(&mut self, find: &dyn Fn(&str) -> Option<PathBuf>) -> Result<(), ScenarioError> {
        for (name, function) in &mut self.functions {
            if let Program::Binary(binary) = &function.program {
                let path = find(binary)
                    .ok_or_else(|| ScenarioError::Binary { function: name.clone(), binary: binary.clone() })?;
                function.program = Program::Run(vec![path.to_string_lossy().into_owned()]);
            }
        }
        Ok(())
    }

    /// The binary names that [`Scenario::find_binaries`] will ask for.
    #[must_use]
    pub fn binaries(&self) -> BTreeSet<&str> {
        self.functions
            .values()
            .filter_map(|function| match &function.program {
                Program::Binary(name) => Some(name.as_str()),
                Program::Run(_) => None,
            })
            .collect()
    }

    /// Lifecycle event to function name.
    #[must_use]
    pub fn hooks(&self) -> BTreeMap<String, String> {
        self.functions.iter().filter_map(|(name, function)| Some((function.event.clone()?, name.clone()))).collect()
    }
}
