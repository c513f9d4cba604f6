//! The evidence document: what one hook execution saw, decided and why. Written by the hooks, read by the driver.
//!
//! A change of shape is a change of [`SCHEMA`]. Nothing secret and no body longer than 2 KiB gets in.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::HookEvent;
use crate::message::Message;

/// The version of the document.
pub const SCHEMA: u32 = 1;

/// One hook execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Evidence {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Name and version of what wrote it.
    pub tool: String,
    /// The CodeDeploy deployment.
    pub deployment_id: String,
    /// SHA-256 (hex) of the lifecycle event hook execution id; the id itself is a credential for the report, and only in an open gate.
    pub execution: String,
    /// The event that the function serves.
    pub event: HookEvent,
    /// The Lambda function's name, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// The plan, once it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanIdentity>,
    /// When the function received the event.
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "date-time")))]
    pub started_at: Timestamp,
    /// When the verdict was reached.
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "date-time")))]
    pub finished_at: Timestamp,
    /// The decision.
    pub verdict: Verdict,
    /// Where the plan only observes (`mode: observe`): what it would have been.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<Observed>,
    /// Where the verdict is Waiting: the person who is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<Gate>,
    /// What was established about routing and targets.
    pub attestation: Attestation,
    /// Every check of the event, in the plan's order.
    pub checks: Vec<CheckEvidence>,
    /// What happened when.
    pub timeline: Vec<Moment>,
}

/// Which plan it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlanIdentity {
    /// Where it was read from.
    pub source: String,
    /// SHA-256 (hex) of its bytes.
    pub sha256: String,
}

/// What a plan with `mode: observe` came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Observed {
    /// The last day (UTC) on which it only observes, as `2026-12-31`.
    pub until: String,
    /// Whether the verdict without `mode: observe` is Failed.
    pub would_have_failed: bool,
}

/// What is reported to CodeDeploy, and the reasons, the deciding one first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Verdict {
    /// Succeeded needs positive evidence; everything else is Failed, or waits for a person's approval.
    pub decision: Decision,
    /// Empty only for Succeeded. A plan that only observes has Succeeded with reasons: what would have failed.
    pub because: Vec<Message>,
}

/// The two statuses that `PutLifecycleEventHookExecutionStatus` takes from a hook, or neither yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Decision {
    /// Go on with the deployment.
    Succeeded,
    /// Fail it.
    Failed,
    /// Nothing is reported: everything passed, and a person is asked. It is never a pass.
    Waiting,
}

/// A person's approval that is waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Gate {
    /// The approval's id in the plan.
    pub check: String,
    /// Who is asked, for people.
    pub from: Vec<String>,
    /// When the hook ended without a report.
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "date-time")))]
    pub opened_at: Timestamp,
    /// From when on no answer counts as no.
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "date-time")))]
    pub until: Timestamp,
    /// The lifecycle event hook execution id, which the answer is reported with. It is good for one report, by whoever may
    /// call `PutLifecycleEventHookExecutionStatus`; evidence without a gate has its SHA-256 only.
    pub execution_id: String,
}

/// What is known about where the tested traffic went.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Attestation {
    /// Whether the tested listener sends everything to the replacement task set.
    pub routing: Standing,
    /// Whether the replacement task set's targets are healthy.
    pub targets: Standing,
    /// Whether those targets are tasks of the task set that they should belong to.
    #[serde(default)]
    pub tasks: Standing,
    /// Whether every task runs the image that the plan demands.
    #[serde(default)]
    pub image: Standing,
    /// Whether every answer came from a task of the task set under test.
    #[serde(default)]
    pub identity: Standing,
    /// One fragment for people: `test listener (port 8080) -> shop-b, 2 of 2 targets healthy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// Every listener and rule that was read, and what it forwards to.
    pub routes: Vec<Route>,
    /// The running tasks of the task set, as ECS describes them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub running: Vec<RunningTask>,
    /// What is worth knowing and decides nothing: a listener that is sticky, a rule that leads elsewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What contradicts or is missing.
    pub messages: Vec<Message>,
}

impl Attestation {
    /// Nothing is attested, because nothing that could be was asked for: checks without a deployment.
    pub fn not_required() -> Self {
        let off = Standing::NotRequired;
        Self { routing: off, targets: off, tasks: off, image: off, identity: off, ..Self::default() }
    }
}

/// How an attested fact stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Not looked at yet.
    #[default]
    Unknown,
    /// The plan does not ask for it, or nothing depends on it.
    NotRequired,
    /// Established, before and after the checks.
    Proven,
    /// The facts say the opposite.
    Contradicted,
    /// The facts could not be read, or do not settle it.
    NotAttestable,
}

/// One listener or rule, as it was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Route {
    /// `test` or `production`.
    pub role: String,
    /// ARN of the listener, or of the rule.
    pub arn: String,
    /// The listener's port.
    pub port: Option<u16>,
    /// Target group names with their summed weight in percent.
    pub forwards: Vec<(String, f64)>,
    /// What else it does with a request, `redirect`, `authenticate-oidc`, …, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
    /// One client may keep being sent to the same target group.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sticky: bool,
}

/// A running task, as far as a verdict depends on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RunningTask {
    /// Its ARN.
    pub arn: String,
    /// `family:revision`, as an ARN.
    pub task_definition: String,
    /// The healthy targets that it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
    /// Its containers' image digests, where ECS reports them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub digests: BTreeMap<String, String>,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CheckEvidence {
    /// The check's id in the plan.
    pub id: String,
    /// Its kind: `http`, ….
    pub kind: String,
    /// Whether it may decide.
    pub severity: Severity,
    /// Whether an inconclusive outcome is excused (`on_inconclusive: warn`).
    #[serde(default)]
    pub inconclusive_excused: bool,
    /// How it ended.
    pub outcome: Outcome,
    /// How often it was tried.
    pub attempts: u32,
    /// From the first attempt to the end, in milliseconds.
    pub took_ms: u64,
    /// Figures by name, unit included: `p95_ms`, `errors_percent`, `achieved_rate`, `samples`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub numbers: BTreeMap<String, f64>,
    /// Figures over time, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub series: BTreeMap<String, Series>,
    /// What it expects, in the plan's order, and what was seen of it. Evidence that is older than this member has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expectations: Vec<Expectation>,
    /// Why it did not pass, in the order of the plan's assertions.
    pub messages: Vec<Message>,
    /// The last answer, and the first that contradicted an assertion.
    pub samples: Vec<Sample>,
}

/// One thing that a check expects, and what was seen of it; both in short, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Expectation {
    /// `status 200`, `$.price > 0`, `p95 <= 250 ms`.
    pub expected: String,
    /// `200`, `12.5`, `41 ms of 600 samples`; null where nothing was seen.
    pub seen: Option<String>,
}

/// A figure over time, from the first moment that is judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Series {
    /// How many seconds each value stands for.
    pub seconds_each: u32,
    /// In their order; the last may stand for less.
    pub values: Vec<f64>,
}

/// Whether a check may decide the verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It decides.
    #[default]
    Block,
    /// It is recorded.
    Warn,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every assertion held.
    Passed,
    /// An assertion was contradicted.
    Failed,
    /// Too little evidence either way.
    Inconclusive,
    /// It could not be run.
    Errored,
    /// It was not run.
    Skipped,
}

/// One request and its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Sample {
    /// `GET /api/products/42`.
    pub request: String,
    /// `test listener`, or the URL.
    pub via: String,
    /// The status, where there was an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// From the first byte sent to the last byte read, in milliseconds.
    pub took_ms: u64,
    /// The attempt, from 1.
    pub attempt: u32,
    /// The first 2 KiB of the body, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// What went wrong on the way, where there was no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// One line of the timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Moment {
    /// When.
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "date-time")))]
    pub at: Timestamp,
    /// What, as a fragment: `plan read`, `routing proven`, `checks started`.
    pub what: String,
}

/// No body in the evidence is longer, in bytes.
pub const KEPT_BODY: usize = 2 * 1024;

/// What of a body is kept: text, without secrets, at most [`KEPT_BODY`] bytes of it.
pub(crate) fn kept_body(body: &[u8], secrets: &[&str]) -> Option<String> {
    if body.is_empty() {
        return None;
    }
    // Redacted before it is cut, or half a secret would stay at the end.
    let mut text = redacted(&String::from_utf8_lossy(body), secrets);
    text.truncate(text.floor_char_boundary(KEPT_BODY));
    Some(text)
}

/// Cuts what a service can make as long as it likes: a header, a place to redirect to. It was redacted before.
pub(crate) fn clip(check: &mut CheckEvidence) {
    let messages = check.messages.iter_mut().map(|message| &mut message.text);
    let errors = check.samples.iter_mut().filter_map(|sample| sample.error.as_mut());
    for text in messages.chain(errors).filter(|text| text.len() > KEPT_BODY) {
        text.truncate(text.floor_char_boundary(KEPT_BODY));
        text.push('…');
    }
}

/// The text with every secret replaced.
pub(crate) fn redacted(text: &str, secrets: &[&str]) -> String {
    secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "[redacted]"))
}

#[cfg(test)]
#[path = "evidence_tests.rs"]
mod tests;
