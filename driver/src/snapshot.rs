//! What one look at a deployment shows, in our own words. AWS types end before this file; unknown values are kept as
//! they came and are never taken for something else.

use std::time::Duration;

use jiff::Timestamp;

/// One look: the deployment, and its target once there is one.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// `GetDeployment`.
    pub deployment: Deployment,
    /// `BatchGetDeploymentTargets`; absent until the deployment has started.
    pub target: Option<Target>,
}

/// `GetDeployment.deploymentInfo`, as far as it is used.
#[derive(Clone, Debug, PartialEq)]
pub struct Deployment {
    /// `d-…`.
    pub id: String,
    /// Application name.
    pub application: String,
    /// Deployment group name.
    pub group: String,
    /// Deployment configuration name.
    pub config: Option<String>,
    /// Where it stands.
    pub status: DeploymentStatus,
    /// `createTime`.
    pub created: Option<Timestamp>,
    /// `completeTime`; it includes the termination wait (aws-facts §1).
    pub completed: Option<Timestamp>,
    /// `errorInformation`.
    pub error: Option<ErrorInformation>,
    /// `rollbackInfo.rollbackDeploymentId`: the deployment that rolls this one back.
    pub rolled_back_by: Option<String>,
    /// `rollbackInfo.rollbackTriggeringDeploymentId`: the deployment that this one rolls back.
    pub rolls_back: Option<String>,
    /// The automatic rollback events in force.
    pub rollback_on: Vec<RollbackEvent>,
    /// `overrideAlarmConfiguration`: the alarms that it was created with, none where it switched them off. Absent, its group's
    /// watch it.
    pub override_alarms: Option<Vec<String>>,
    /// SHA-256 of the AppSpec, to ask for its text.
    pub appspec_sha256: Option<String>,
    /// Where the AppSpec is, when it came from S3.
    pub appspec_object: Option<Object>,
    /// How long it may wait for a person before production traffic shifts; zero when it does not.
    pub ready_wait: Duration,
    /// How long the original task set is kept after the shift.
    pub termination_wait: Duration,
    /// Listener ARNs that carry production traffic.
    pub production_listeners: Vec<String>,
    /// Listener ARNs that carry test traffic.
    pub test_listeners: Vec<String>,
    /// Whether it is an ECS deployment.
    pub is_ecs: bool,
}

/// What tells one revision from another: the bytes of its AppSpec, never its name or its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revision {
    /// The AppSpec went with the call.
    Content {
        /// SHA-256 (hex) over exactly its bytes.
        sha256: String,
    },
    /// The AppSpec is an object, whose key carries the SHA-256.
    Object {
        /// Its bucket.
        bucket: String,
        /// Its key.
        key: String,
    },
}

/// An AppSpec in S3, as `s3Location` names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object {
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// `JSON`, `YAML`, `zip`, …, as it came; absent where it was not said.
    pub bundle: Option<String>,
    /// Its version, in a bucket that keeps them.
    pub version: Option<String>,
    /// Its `ETag`: CodeDeploy refuses the object when it has changed.
    pub etag: Option<String>,
}

impl std::fmt::Display for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)?;
        self.version.as_ref().map_or(Ok(()), |version| write!(f, " (version {version})"))
    }
}

impl Object {
    /// The SHA-256 that its key is named after, as `greenlight deploy` names it.
    pub fn named_sha256(&self) -> Option<&str> {
        let name = self.key.rsplit('/').next()?;
        let stem = name.split('.').next()?;
        let is_one = stem.len() == 64 && stem.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_one.then_some(stem)
    }
}

impl Deployment {
    /// SHA-256 of its AppSpec, where CodeDeploy or the object's key says it.
    pub fn revision_sha256(&self) -> Option<&str> {
        self.appspec_sha256.as_deref().or_else(|| self.appspec_object.as_ref()?.named_sha256())
    }

    /// What tells its revision from others: the SHA-256 of its AppSpec, or else the object that it is.
    pub fn fingerprint(&self) -> Option<String> {
        let object = || self.appspec_object.as_ref().map(ToString::to_string);
        self.revision_sha256().map(str::to_ascii_lowercase).or_else(object)
    }

    /// Whether it deploys this revision. One that rolls back never does: it deploys what was there before.
    pub fn deploys(&self, revision: &Revision) -> bool {
        let same = match revision {
            // An object that is named after its bytes is the same revision as these bytes.
            Revision::Content { sha256 } => {
                self.revision_sha256().is_some_and(|given| given.eq_ignore_ascii_case(sha256))
            }
            Revision::Object { bucket, key } => {
                self.appspec_object.as_ref().is_some_and(|object| (&object.bucket, &object.key) == (bucket, key))
            }
        };
        same && self.rolls_back.is_none()
    }
}

/// `errorInformation`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorInformation {
    /// One of 34 codes; kept as it came.
    pub code: String,
    /// The text.
    pub message: String,
}

/// `autoRollbackConfiguration.events`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RollbackEvent {
    /// `DEPLOYMENT_FAILURE`.
    Failure,
    /// `DEPLOYMENT_STOP_ON_ALARM`.
    Alarm,
    /// `DEPLOYMENT_STOP_ON_REQUEST`.
    Stop,
}

impl std::str::FromStr for RollbackEvent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "failure" => Ok(Self::Failure),
            "alarm" => Ok(Self::Alarm),
            "stop" => Ok(Self::Stop),
            other => {
                let known = crate::document::hint(other, ["failure", "alarm", "stop"]);
                Err(format!("unknown reason {other:?}{known}"))
            }
        }
    }
}

/// `deploymentInfo.status`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeploymentStatus {
    /// Accepted.
    Created,
    /// Waiting for its turn.
    Queued,
    /// Running, termination wait included.
    InProgress,
    /// A name that CodeDeploy has for a bake time; running.
    Baking,
    /// Waiting for a person.
    Ready,
    /// Ended well.
    Succeeded,
    /// Ended badly.
    Failed,
    /// Ended by a stop or an alarm.
    Stopped,
    /// Unknown to this version.
    Other(String),
}

impl DeploymentStatus {
    /// Parses the wire string.
    pub fn parse(text: &str) -> Self {
        match text {
            "Created" => Self::Created,
            "Queued" => Self::Queued,
            "InProgress" => Self::InProgress,
            "Baking" => Self::Baking,
            "Ready" => Self::Ready,
            "Succeeded" => Self::Succeeded,
            "Failed" => Self::Failed,
            "Stopped" => Self::Stopped,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The wire string.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Created => "Created",
            Self::Queued => "Queued",
            Self::InProgress => "InProgress",
            Self::Baking => "Baking",
            Self::Ready => "Ready",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Stopped => "Stopped",
            Self::Other(text) => text,
        }
    }

    /// Whether the deployment has ended. An unknown status has not, as far as anyone can tell.
    pub fn is_terminal(&self) -> bool {
        match self {
            Self::Succeeded | Self::Failed | Self::Stopped => true,
            Self::Created | Self::Queued | Self::InProgress | Self::Baking | Self::Ready | Self::Other(_) => false,
        }
    }
}

/// The deployment target: the service.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Lifecycle events in order.
    pub events: Vec<LifecycleEvent>,
    /// Task sets in CodeDeploy's order.
    pub task_sets: Vec<TaskSet>,
}

/// One row of the lifecycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LifecycleEvent {
    /// `AfterAllowTestTraffic`, ….
    pub name: String,
    /// How it stands.
    pub status: EventStatus,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// What CodeDeploy says about it.
    pub diagnostics: Option<Diagnostics>,
}

/// `lifecycleEvents[].diagnostics`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics {
    /// `errorCode`, as it came.
    pub code: Option<String>,
    /// `scriptName`: for a hook, its function where CodeDeploy says so.
    pub script: Option<String>,
    /// `message`.
    pub message: Option<String>,
    /// `logTail`.
    pub log_tail: Option<String>,
}

/// `lifecycleEvents[].status`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventStatus {
    /// Not begun.
    Pending,
    /// Begun.
    InProgress,
    /// Ended well.
    Succeeded,
    /// Ended badly.
    Failed,
    /// Never reached.
    Skipped,
    /// CodeDeploy's own `Unknown`, or a value unknown to this version.
    Other(String),
}

impl EventStatus {
    /// Parses the wire string.
    pub fn parse(text: &str) -> Self {
        match text {
            "Pending" => Self::Pending,
            "InProgress" => Self::InProgress,
            "Succeeded" => Self::Succeeded,
            "Failed" => Self::Failed,
            "Skipped" => Self::Skipped,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The wire string.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Pending => "Pending",
            Self::InProgress => "InProgress",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Skipped => "Skipped",
            Self::Other(text) => text,
        }
    }
}

/// One of the two task sets.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskSet {
    /// `ecs-svc/…`.
    pub id: String,
    /// Which of the two it is, where CodeDeploy says so.
    pub label: TaskSetLabel,
    /// `PRIMARY`, `ACTIVE`, `DRAINING`, as it came.
    pub status: String,
    /// Wanted tasks.
    pub desired: i64,
    /// Running tasks.
    pub running: i64,
    /// Share of production traffic, 0 to 100.
    pub weight: f64,
    /// Its target group's name.
    pub target_group: Option<String>,
}

/// `taskSetLabel`: Blue is the original, whatever the target groups are called (aws-facts §1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskSetLabel {
    /// The original.
    Original,
    /// The replacement.
    Replacement,
    /// Not said.
    Unlabelled,
}

impl Target {
    /// The event of this name.
    pub fn event(&self, name: &str) -> Option<&LifecycleEvent> {
        self.events.iter().find(|event| event.name == name)
    }

    /// The task set with this label.
    pub fn task_set(&self, label: TaskSetLabel) -> Option<&TaskSet> {
        self.task_sets.iter().find(|set| set.label == label)
    }

    /// The first event that failed.
    pub fn failed_event(&self) -> Option<&LifecycleEvent> {
        self.events.iter().find(|event| event.status == EventStatus::Failed)
    }
}
