//! The service, its task sets and their tasks. Data only; `scheduler` moves them.

use std::collections::VecDeque;
use std::net::SocketAddr;

use jiff::Timestamp;
use serde_json::Value;

/// The one service.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) desired_count: u32,
    pub(crate) created_at: Timestamp,
    /// Newest first, at most a hundred, as ECS keeps them.
    pub(crate) events: VecDeque<ServiceEvent>,
}

/// A line of the service's event list.
#[derive(Clone, Debug)]
pub(crate) struct ServiceEvent {
    pub(crate) id: String,
    pub(crate) at: Timestamp,
    pub(crate) message: String,
}

/// `PRIMARY`, `ACTIVE` or `DRAINING`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaskSetStatus {
    Primary,
    Active,
    Draining,
}

impl TaskSetStatus {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Primary => "PRIMARY",
            Self::Active => "ACTIVE",
            Self::Draining => "DRAINING",
        }
    }
}

/// A task set.
#[derive(Clone, Debug)]
pub(crate) struct TaskSet {
    pub(crate) id: String,
    /// The deployment that made it; the first one was made with the service.
    pub(crate) external_id: Option<String>,
    pub(crate) status: TaskSetStatus,
    pub(crate) task_definition: String,
    /// ARN.
    pub(crate) target_group: String,
    pub(crate) container: String,
    pub(crate) port: u16,
    pub(crate) platform_version: String,
    pub(crate) network_configuration: Option<Value>,
    pub(crate) capacity_provider_strategy: Option<Value>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    /// `stabilityStatus` is `STEADY_STATE`.
    pub(crate) steady: bool,
    pub(crate) stability_at: Timestamp,
    /// Tasks in a row that stopped by themselves, and when the next may start.
    pub(crate) failures: u32,
    pub(crate) not_before: Timestamp,
}

impl TaskSet {
    /// `computedDesiredCount`: the scale is 100 % until the set is deleted.
    pub(crate) fn desired(&self, service: u32) -> u32 {
        if self.status == TaskSetStatus::Draining { 0 } else { service }
    }
}

/// Where a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaskPhase {
    /// Ordered; no address yet.
    Pending,
    Running,
    /// Being deregistered.
    Deactivating,
    /// Told to stop.
    Stopping,
    Stopped,
}

impl TaskPhase {
    /// `lastStatus`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Running => "RUNNING",
            Self::Deactivating => "DEACTIVATING",
            Self::Stopping => "STOPPING",
            Self::Stopped => "STOPPED",
        }
    }

    /// Whether it counts against the desired count.
    pub(crate) const fn is_wanted(self) -> bool {
        matches!(self, Self::Pending | Self::Running)
    }
}

/// A task.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) id: String,
    pub(crate) arn: String,
    /// Its task set's id.
    pub(crate) task_set: String,
    pub(crate) definition: String,
    pub(crate) phase: TaskPhase,
    pub(crate) address: Option<SocketAddr>,
    pub(crate) created_at: Timestamp,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) stopping_at: Option<Timestamp>,
    pub(crate) stopped_at: Option<Timestamp>,
    /// `stoppedReason`; set when stopping begins.
    pub(crate) stopped_reason: Option<String>,
    pub(crate) stop_code: &'static str,
    pub(crate) exit_code: Option<i32>,
    /// Of the container.
    pub(crate) reason: Option<String>,
}
