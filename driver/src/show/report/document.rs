//! What a deployment came to, as the document that programs read: `report.json`. The other forms of the report are made of it, so
//! that none of them knows more than another. A change of a member's meaning is a change of [`SCHEMA`].

use greenlight_checks::evidence::Evidence;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

/// The version of the document.
pub const SCHEMA: u32 = 1;

/// What a deployment came to: report.json.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(title = "Greenlight deployment report")]
pub struct Document {
    /// The version of the document.
    #[schemars(extend("const" = 1))]
    pub schema: u32,
    /// Name and version of what wrote it.
    pub tool: String,
    /// When it was written.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub written_at: Timestamp,
    /// What was deployed.
    pub deployment: Deployment,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it did not succeed; absent for one that did, or still runs.
    pub failure: Option<Failure>,
    /// The deployment that rolled it back.
    pub rollback: Option<Rollback>,
    /// Where the listeners send traffic now, as far as it could be read.
    pub serving: Serving,
    /// The lifecycle events that have begun or were skipped, in order.
    pub events: Vec<Event>,
    /// The replacement's share of production traffic over time, as it was seen.
    pub traffic: Vec<Traffic>,
    /// What the hooks' functions left.
    pub hooks: Vec<Hook>,
}

/// What was deployed.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Deployment {
    /// `d-…`.
    pub id: String,
    /// The service.
    pub service: String,
    /// The deployment group.
    pub group: String,
    /// The container whose image changes.
    pub container: Option<String>,
    /// Its version until now.
    pub from: Option<String>,
    /// Its version from now on.
    pub to: Option<String>,
    /// How traffic shifts, in words.
    pub shift: Option<String>,
    /// CodeDeploy's last status.
    pub status: Option<String>,
    /// From creation to completion, in milliseconds.
    pub took_ms: Option<u64>,
    /// The deployment that this one rolls back.
    pub rolls_back: Option<String>,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Outcome {
    /// `succeeded`, `failed_by_hook_rolled_back`, …, or `running`.
    pub name: String,
    /// The exit code that stands for it; absent while it runs.
    pub exit_code: Option<u8>,
    /// One sentence.
    pub reason: String,
}

/// Why it did not succeed.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Failure {
    /// The lifecycle event that failed.
    pub event: Option<String>,
    /// Its function.
    pub function: Option<String>,
    /// CodeDeploy's error code.
    pub code: Option<String>,
    /// CodeDeploy's text.
    pub message: Option<String>,
    /// The largest share of production traffic that the replacement was seen with, in percent.
    pub production_reached_percent: f64,
    /// Everything that is known, as a person is told it, in the order of its weight.
    pub told: Vec<String>,
}

/// The rollback.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Rollback {
    /// Its deployment, where there is one.
    pub deployment_id: Option<String>,
    /// Whether it succeeded.
    pub done: bool,
    /// How long it took, in milliseconds.
    pub took_ms: Option<u64>,
}

/// Where listeners send their traffic.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Serving {
    /// The production listener.
    pub production: Option<Split>,
    /// The test listener.
    pub test: Option<Split>,
}

/// Shares in percent.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Split {
    /// Of the original task set.
    pub original: f64,
    /// Of the replacement.
    pub replacement: f64,
}

/// A lifecycle event.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Event {
    /// `AfterAllowTestTraffic`, ….
    pub name: String,
    /// CodeDeploy's status.
    pub status: String,
    /// When it began.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub ended_at: Option<Timestamp>,
}

/// A share of production traffic.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Traffic {
    /// When it was seen.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: Timestamp,
    /// The replacement's share, in percent.
    pub replacement_percent: f64,
}

/// What a hook's function left.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Hook {
    /// The lifecycle event.
    pub event: String,
    /// Its evidence (`greenlight schema evidence`); absent where it left none.
    pub evidence: Option<Evidence>,
    /// The end of its log, where it left no evidence.
    pub log: Vec<String>,
    /// Why the log could not be read.
    pub unreadable: Option<String>,
    /// Where in S3 evidence was looked for, and why there is none from there.
    pub stored: Vec<String>,
}

/// The schema of the document.
pub fn schema() -> serde_json::Value {
    schemars::generate::SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Document>().to_value()
}
