//! The seam between what the stand-in decides and what it does: effects go down to the machine (processes, listeners,
//! functions), observations come back up. Neither side knows more of the other than these two enums.
//!
//! Deciding code (`codedeploy`, `ecs`, …) returns effects and reads observations; it starts no process and opens no
//! socket. The machine (`processes`, `traffic`) carries effects out and reports what it sees; it knows no deployment.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

/// What a task runs: a program of this machine instead of a container image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Program and arguments. `${PORT}` stands for the port that the task must listen on.
    pub line: Vec<String>,
    /// The whole environment of the child, without `PORT`, which the machine adds. `PATH` and `HOME` are inherited.
    pub environment: BTreeMap<String, String>,
    /// The working directory.
    pub directory: Option<PathBuf>,
}

/// What to do. `task`, `group`, `listener` are full ARNs; `invocation` is a request id.
#[expect(missing_docs, reason = "each variant's documentation speaks of its fields")]
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Start a child process on a free port of 127.0.0.1.
    StartTask { task: String, command: Command },
    /// SIGTERM to the task's process group, SIGKILL after `grace` (ordinary time).
    StopTask { task: String, grace: Duration },
    /// Add a target and begin to health-check it.
    RegisterTarget { group: String, target: SocketAddr },
    /// Send it nothing new; [`Observation::TargetDrained`] follows when the last request has ended, at the latest after `drain`.
    DeregisterTarget { group: String, target: SocketAddr, drain: Duration },
    /// Split a listener's traffic by weight from now on. [`Observation::Routed`] follows.
    Route { listener: String, weights: Vec<(String, u32)> },
    /// Run a function. An asynchronous one is retried as Lambda does.
    Invoke { invocation: String, function: String, payload: Bytes, asynchronous: bool },
}

/// What was seen.
#[expect(missing_docs, reason = "each variant's documentation speaks of its fields")]
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    /// The child runs and has this address; it may not answer yet.
    TaskStarted { task: String, address: SocketAddr },
    /// The child has ended, or could not be started.
    TaskStopped { task: String, exit_code: Option<i32>, reason: String },
    /// A target's health changed (the states and reasons of `DescribeTargetHealth`).
    TargetHealth { group: String, target: SocketAddr, health: TargetHealth },
    /// A deregistered target serves no request any more.
    TargetDrained { group: String, target: SocketAddr },
    /// A listener splits by its new weights.
    Routed { listener: String },
    /// An attempt of an invocation has ended; `last` when no retry follows.
    Invoked { invocation: String, function: String, attempt: u32, outcome: InvocationOutcome, last: bool },
    /// A line for a log group: a function's `/aws/lambda/<name>`, or a task's `/ecs/<family>`-like group.
    Logged { group: String, stream: String, at: Timestamp, message: String },
}

/// A target's health, in the words of ELBv2.
#[expect(missing_docs, reason = "each variant's documentation speaks of its fields")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetHealth {
    /// `initial`, with `Elb.RegistrationInProgress` or `Elb.InitialHealthChecking`.
    Initial { reason: &'static str },
    /// `healthy`.
    Healthy,
    /// `unhealthy`, with reason and description: `Target.ResponseCodeMismatch`, `Target.Timeout`, `Target.FailedHealthChecks`.
    Unhealthy { reason: &'static str, description: String },
    /// `unused` with `Target.NotInUse`: the group is behind no listener.
    Unused,
    /// `draining`.
    Draining,
}

/// How one attempt of a function ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvocationOutcome {
    /// It posted a response.
    Returned(Bytes),
    /// It posted an error: the body with `errorMessage` and `errorType`.
    Failed(Bytes),
    /// It was killed at its deadline.
    TimedOut,
    /// The process ended without an answer, or never asked for work.
    Crashed(String),
}

/// A listener to open at the start. `port` 0 takes a free one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerSpec {
    /// Full ARN.
    pub arn: String,
    /// Port on 127.0.0.1.
    pub port: u16,
    /// Target group ARNs with weights.
    pub weights: Vec<(String, u32)>,
}

/// A target group and its health check. Times are AWS times; the machine divides them by the pace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetGroupSpec {
    /// Full ARN.
    pub arn: String,
    /// `HealthCheckPath`.
    pub path: String,
    /// `HealthCheckIntervalSeconds`.
    pub interval: Duration,
    /// `HealthCheckTimeoutSeconds`; ordinary time, because the code under test answers in ordinary time.
    pub timeout: Duration,
    /// `HealthyThresholdCount`.
    pub healthy: u32,
    /// `UnhealthyThresholdCount`.
    pub unhealthy: u32,
}

/// A Lambda function: a binary of this machine behind its own Runtime API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionSpec {
    /// Its name.
    pub name: String,
    /// Its full ARN.
    pub arn: String,
    /// Program and arguments.
    pub line: Vec<String>,
    /// What the function's configuration sets; the machine adds Lambda's reserved variables.
    pub environment: BTreeMap<String, String>,
    /// `LAMBDA_TASK_ROOT`, and the working directory.
    pub task_root: PathBuf,
    /// The function's timeout, in ordinary time.
    pub timeout: Duration,
    /// `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`, in MB.
    pub memory: u32,
}
