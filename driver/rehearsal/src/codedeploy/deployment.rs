//! One deployment: what was asked for, its lifecycle events, where it is, how it ended. Data only; `rules` moves it.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::appspec::AppSpec;
use super::event::Event;
use super::failure::Failure;
use super::group::AutoRollback;
use super::traffic::Traffic;
use crate::identifiers::hexadecimal;

/// `deploymentInfo.status`, as far as the stand-in shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Created,
    InProgress,
    Baking,
    Ready,
    Succeeded,
    Failed,
    Stopped,
}

impl Status {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Created => "Created",
            Self::InProgress => "InProgress",
            Self::Baking => "Baking",
            Self::Ready => "Ready",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Stopped => "Stopped",
        }
    }

    pub(crate) const fn is_over(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Stopped)
    }
}

/// The state of a lifecycle event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowStatus {
    Pending,
    InProgress,
    Succeeded,
    Failed,
    Skipped,
}

impl RowStatus {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::InProgress => "InProgress",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Skipped => "Skipped",
        }
    }
}

/// A lifecycle event of one deployment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) event: Event,
    pub(crate) status: RowStatus,
    pub(crate) start: Option<Timestamp>,
    pub(crate) end: Option<Timestamp>,
    /// Why it failed.
    pub(crate) failure: Option<Failure>,
    /// The id under which its function reports; set when the function was to be invoked.
    pub(crate) execution: Option<String>,
}

/// What is deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Revision {
    pub(crate) form: RevisionForm,
    pub(crate) content: String,
    pub(crate) sha256: String,
}

impl Revision {
    pub(crate) fn new(form: RevisionForm, content: String) -> Self {
        use sha2::Digest;
        let sha256 = hexadecimal(&sha2::Sha256::digest(content.as_bytes()));
        Self { form, content, sha256 }
    }
}

/// Under which member a revision came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RevisionForm {
    /// `revisionType: AppSpecContent`.
    AppSpecContent,
    /// `revisionType: String`.
    Text,
    /// `revisionType: S3`, with its location as it was sent.
    Object(Value),
}

/// Which way a deployment goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Towards a new task set.
    Forward,
    /// Back to the original of another deployment.
    Back {
        /// The deployment that is rolled back.
        of: String,
    },
}

/// What the rules need to know; settled when the deployment is created.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    pub(crate) direction: Direction,
    /// What the AppSpec says, or why it says nothing.
    pub(crate) appspec: Result<AppSpec, String>,
    /// Functions to call.
    pub(crate) hooks: BTreeMap<Event, String>,
    pub(crate) traffic: Traffic,
    pub(crate) auto_rollback: AutoRollback,
    pub(crate) ready_wait: Option<Duration>,
    pub(crate) termination_wait: Duration,
    /// What the termination wait shows.
    pub(crate) waiting_status: Status,
}

/// Where a deployment is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Accepted; begins at `until`.
    Created { until: Timestamp },
    /// A rollback waits for listeners to be back on the original.
    Returning,
    /// Between two events; `next` begins at `until`.
    Between { next: usize, until: Timestamp },
    /// An event with nothing to do, until `until`.
    Passing { row: usize, until: Timestamp },
    /// A function was invoked; without a report by `until` it failed.
    Hook { row: usize, until: Option<Timestamp> },
    /// The replacement comes up.
    Installing { row: usize, until: Timestamp },
    /// The test listener moves.
    TestTraffic { row: usize },
    /// `ordered` increments of production traffic were ordered; `routed` when the last one is in effect.
    Shifting { row: usize, start: Timestamp, ordered: usize, routed: bool },
    /// Waits for `ContinueDeployment`; then `next` begins.
    Ready { next: usize, until: Timestamp },
    /// Keeps the original task set.
    Termination { until: Timestamp },
    /// Over.
    Over,
}

/// A deployment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Deployment {
    pub(crate) id: String,
    pub(crate) configuration: String,
    pub(crate) description: Option<String>,
    pub(crate) revision: Revision,
    pub(crate) previous_revision: Option<Revision>,
    /// As the caller sent it.
    pub(crate) override_alarms: Option<Value>,
    pub(crate) plan: Plan,
    pub(crate) status: Status,
    pub(crate) phase: Phase,
    pub(crate) rows: Vec<Row>,
    pub(crate) create_time: Timestamp,
    pub(crate) start_time: Option<Timestamp>,
    pub(crate) complete_time: Option<Timestamp>,
    pub(crate) updated: Timestamp,
    pub(crate) failure: Option<Failure>,
    /// The termination wait has begun.
    pub(crate) terminating: bool,
    /// The deployment that rolls this one back.
    pub(crate) rollback: Option<String>,
    /// The task set that served at the start.
    pub(crate) original: String,
    /// The one that this deployment made.
    pub(crate) replacement: Option<String>,
    /// The target's task sets at the end, to be named still when they are gone.
    pub(crate) last_seen: Vec<Value>,
}

impl Deployment {
    /// A deployment at its beginning.
    pub(crate) fn new(
        id: String,
        configuration: String,
        revision: Revision,
        plan: Plan,
        phase: Phase,
        rows: &[Event],
        now: Timestamp,
    ) -> Self {
        let pending = |event: &Event| Row {
            event: *event,
            status: RowStatus::Pending,
            start: None,
            end: None,
            failure: None,
            execution: None,
        };
        Self {
            id,
            configuration,
            description: None,
            revision,
            previous_revision: None,
            override_alarms: None,
            plan,
            status: Status::Created,
            phase,
            rows: rows.iter().map(pending).collect(),
            create_time: now,
            start_time: None,
            complete_time: None,
            updated: now,
            failure: None,
            terminating: false,
            rollback: None,
            original: String::new(),
            replacement: None,
            last_seen: Vec::new(),
        }
    }
    pub(crate) fn row(&self, event: Event) -> Option<&Row> {
        self.rows.iter().find(|row| row.event == event)
    }

    pub(crate) fn is_rollback(&self) -> bool {
        matches!(self.plan.direction, Direction::Back { .. })
    }

    /// The target's status; for a deployment that ended early AWS's answer is not known.
    pub(crate) fn target_status(&self) -> &'static str {
        let all = |status: RowStatus| self.rows.iter().all(|row| row.status == status);
        if all(RowStatus::Succeeded) {
            "Succeeded"
        } else if self.status.is_over() {
            "Failed"
        } else if self.status == Status::Ready {
            "Ready"
        } else if all(RowStatus::Pending) {
            "Pending"
        } else {
            "InProgress"
        }
    }
}
