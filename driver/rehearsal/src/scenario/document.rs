//! The scenario file as it is written: its fields, their defaults, and nothing of what they mean together.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::span::Span;
use super::{AlarmState, RollbackOn, SeededAlarm};

/// A scenario of `greenlight rehearse`: a service, its two versions and its hooks, on this machine.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Greenlight rehearsal scenario")]
pub(super) struct Document {
    /// The version of the model. There is one: 1.
    #[schemars(extend("const" = 1))]
    pub(super) version: u32,
    /// The ECS cluster's name.
    pub(super) cluster: String,
    /// The ECS service's name.
    pub(super) service: String,
    /// The CodeDeploy application's name.
    pub(super) application: String,
    /// The CodeDeploy deployment group's name.
    pub(super) deployment_group: String,
    /// The group's deployment configuration.
    #[serde(default = "default_config")]
    pub(super) deployment_config: String,
    /// How many tasks a task set has; at least 1.
    #[serde(default = "default_count")]
    pub(super) desired_count: u32,
    /// The container that the load balancer reaches.
    pub(super) container: String,
    /// Its port; tasks find theirs in PORT.
    pub(super) port: u16,
    /// How long blue goes on after the shift.
    #[serde(default = "default_termination_wait")]
    #[schemars(extend("default" = "300s"))]
    pub(super) termination_wait: Span,
    /// How long the deployment waits for a person before the shift. Default: not at all.
    pub(super) ready_wait: Option<Span>,
    /// When CodeDeploy rolls back by itself.
    #[serde(default = "default_rollback_on")]
    #[schemars(extend("default" = ["failure"]))]
    pub(super) rollback_on: Vec<RollbackWord>,
    /// Whether the group has a test listener.
    #[serde(default = "yes")]
    pub(super) test_listener: bool,
    /// The task definitions of both versions.
    pub(super) task_definitions: TaskDefinitionFiles,
    /// What runs for an image, by its name in the task definitions.
    pub(super) images: BTreeMap<String, ImageDocument>,
    /// How the target groups look at targets. Default: as Elastic Load Balancing does.
    pub(super) health_check: Option<HealthCheckDocument>,
    /// The Lambda functions, by name. Default: none.
    #[serde(default)]
    pub(super) functions: BTreeMap<String, FunctionDocument>,
    /// CloudWatch alarms, by name. Default: none.
    #[serde(default)]
    pub(super) alarms: BTreeMap<String, AlarmDocument>,
    /// S3 buckets that there are, empty. Default: none.
    #[serde(default)]
    pub(super) buckets: BTreeSet<String>,
    /// The greenlight.yaml that is rehearsed. Default: one made of this scenario.
    pub(super) deploy: Option<PathBuf>,
    /// Alarms of the deployment group: one that is red stops a deployment that brings none of its own. Default: none.
    #[serde(default)]
    pub(super) group_alarms: Vec<String>,
    /// What is not as it should be, for greenlight doctor to find. Default: nothing.
    #[serde(default)]
    pub(super) ailments: AilmentsDocument,
    /// Behaviour of AWS that is seldom seen. Default: none of it.
    #[serde(default)]
    pub(super) switches: SwitchesDocument,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RollbackWord {
    /// The deployment fails.
    Failure,
    /// An alarm is red.
    Alarm,
    /// It is stopped.
    Stop,
}

/// Files with a task definition each, as JSON.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TaskDefinitionFiles {
    /// Of the version that serves.
    pub(super) blue: PathBuf,
    /// Of the version that replaces it.
    pub(super) green: PathBuf,
}

/// A task's process.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ImageDocument {
    /// The program and its arguments.
    #[schemars(extend("minItems" = 1))]
    pub(super) run: Vec<String>,
    /// Its environment, besides what the task definition says. Default: none.
    #[serde(default)]
    pub(super) environment: BTreeMap<String, String>,
    /// Where it runs. Default: the scenario's folder.
    pub(super) directory: Option<PathBuf>,
}

/// A target group's health check.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HealthCheckDocument {
    /// The path that must answer 200.
    pub(super) path: Option<String>,
    /// Between two looks.
    pub(super) interval: Option<Span>,
    /// How long an answer may take.
    pub(super) timeout: Option<Span>,
    /// So many good looks make a target healthy.
    pub(super) healthy: Option<u32>,
    /// So many bad looks make it unhealthy.
    pub(super) unhealthy: Option<u32>,
}

/// A Lambda function: a hook's binary, or a program of your own.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FunctionDocument {
    /// The lifecycle event at which CodeDeploy calls it. Default: none calls it.
    pub(super) event: Option<String>,
    /// The hook's binary: after-allow-test-traffic. One of `binary` and `run`.
    pub(super) binary: Option<String>,
    /// The program and its arguments. One of `binary` and `run`.
    pub(super) run: Option<Vec<String>>,
    /// The check plan in its package.
    pub(super) plan: Option<PathBuf>,
    /// Its environment. Default: none besides Lambda's own.
    #[serde(default)]
    pub(super) environment: BTreeMap<String, String>,
    /// Its timeout. Default: 60s.
    pub(super) timeout: Option<Span>,
    /// Its memory in MB. Default: 128.
    pub(super) memory: Option<u32>,
}

/// A CloudWatch alarm.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AlarmDocument {
    /// How it stands at first.
    pub(super) state: AlarmWord,
    /// How it changes by itself. Default: not at all.
    pub(super) then: Option<AlarmChange>,
}

/// An alarm's change.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AlarmChange {
    /// Counted from the start of the stand-in.
    pub(super) after: Span,
    /// How it stands then.
    pub(super) state: AlarmWord,
}

/// How an alarm stands.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum AlarmWord {
    Ok,
    Alarm,
    InsufficientData,
}

/// What is not as it should be around the service.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AilmentsDocument {
    /// Calls that the credentials in use may not make: iam:SimulatePrincipalPolicy.
    pub(super) denied: BTreeSet<String>,
    /// What no role may do: iam:PassRole.
    pub(super) roles_lack: BTreeSet<String>,
    /// The service's deployment controller, in place of CODE_DEPLOY.
    pub(super) controller: Option<String>,
    /// The production listener leads to the target group in which nothing is.
    pub(super) misrouted: bool,
    /// The load balancer calls itself a Network Load Balancer.
    pub(super) network_load_balancer: bool,
    /// The test listener says that it is of another load balancer.
    pub(super) listeners_apart: bool,
    /// A scaling activity is under way.
    pub(super) scaling: bool,
}

/// Behaviour of AWS that is seldom seen.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SwitchesDocument {
    /// Target calls answer `DeploymentNotStartedException` while a deployment is `Created`.
    pub(super) targets_not_started: bool,
    /// The termination wait shows `Baking` instead of `InProgress`.
    pub(super) baking: bool,
    /// A rollback deployment invokes the functions of the deployment that it rolls back.
    pub(super) rollback_invokes_hooks: bool,
}

fn default_config() -> String {
    "CodeDeployDefault.ECSAllAtOnce".into()
}

fn default_count() -> u32 {
    1
}

fn default_termination_wait() -> Span {
    Span(Duration::from_secs(300))
}

fn default_rollback_on() -> Vec<RollbackWord> {
    vec![RollbackWord::Failure]
}

fn yes() -> bool {
    true
}

impl From<RollbackWord> for RollbackOn {
    fn from(word: RollbackWord) -> Self {
        match word {
            RollbackWord::Failure => Self::Failure,
            RollbackWord::Alarm => Self::Alarm,
            RollbackWord::Stop => Self::Stop,
        }
    }
}

impl From<AlarmDocument> for SeededAlarm {
    fn from(document: AlarmDocument) -> Self {
        let then = document.then.map(|change| (change.after.0, change.state.into()));
        Self { state: document.state.into(), then }
    }
}

impl From<AlarmWord> for AlarmState {
    fn from(word: AlarmWord) -> Self {
        match word {
            AlarmWord::Ok => Self::Ok,
            AlarmWord::Alarm => Self::Alarm,
            AlarmWord::InsufficientData => Self::InsufficientData,
        }
    }
}
