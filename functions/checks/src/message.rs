//! What the engine says to a person: a stable code, a subject, what was expected and seen, and where.
//!
//! Programs match on the code, never on the text.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One finding, in the form `GL1201 product: $.price expected > 0, got "9.50" (string); GET /… [checks.yaml:38]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Message {
    /// `GL` and four digits; the table is in [`crate::message::codes`].
    pub code: String,
    /// What it is about: a check's id, or `plan`, `routing`, `targets`, `report`, `hook`.
    pub subject: String,
    /// Expected, seen, and what to do about it.
    pub text: String,
    /// The request and the attempt, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// The place in the plan, as `file:line`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

impl Message {
    /// A message without context or place.
    pub fn new(code: &str, subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self { code: code.to_owned(), subject: subject.into(), text: text.into(), context: None, place: None }
    }

    /// Adds the request and the attempt.
    #[must_use]
    pub fn with_context(mut self, context: impl Into<String>) -> Self {
        self.context = Some(context.into());
        self
    }

    /// Adds the place in the plan.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.code, self.subject, self.text)?;
        if let Some(context) = &self.context {
            write!(f, "; {context}")?;
        }
        if let Some(place) = &self.place {
            write!(f, " [{place}]")?;
        }
        Ok(())
    }
}

/// The codes, grouped by hundred: 10 plan, 11 attestation, 12 assertions, 13 statistics, 19 reporting and the hook itself.
pub mod codes {
    /// The plan cannot be read or breaks a rule of its model.
    pub const PLAN_INVALID: &str = "GL1001";
    /// The plan lists no checks for this event.
    pub const PLAN_EMPTY_FOR_EVENT: &str = "GL1002";
    /// The plan file or its setting is missing.
    pub const PLAN_UNREADABLE: &str = "GL1003";
    /// A listener sends traffic somewhere else than the event demands.
    pub const ROUTING_CONTRADICTED: &str = "GL1101";
    /// The routing could not be established.
    pub const ROUTING_NOT_ATTESTABLE: &str = "GL1102";
    /// Targets of the replacement task set are missing or unhealthy.
    pub const TARGETS_UNHEALTHY: &str = "GL1103";
    /// The function is wired to another event, or the deployment is not in the state that the event needs.
    pub const WRONG_EVENT: &str = "GL1104";
    /// The routing changed while the checks ran.
    pub const ROUTING_CHANGED: &str = "GL1105";
    /// A task runs another image than the plan demands.
    pub const IMAGE_CONTRADICTED: &str = "GL1106";
    /// Which image the tasks run could not be established.
    pub const IMAGE_NOT_ATTESTABLE: &str = "GL1107";
    /// A check was answered by something that is no task of the task set under test.
    pub const IDENTITY_CONTRADICTED: &str = "GL1108";
    /// No answer says which task it comes from.
    pub const IDENTITY_NOT_ATTESTABLE: &str = "GL1109";
    /// A healthy target is no task of the task set.
    pub const TASKS_CONTRADICTED: &str = "GL1110";
    /// Whether the targets are tasks of the task set could not be established.
    pub const TASKS_NOT_ATTESTABLE: &str = "GL1111";
    /// Tasks, targets or images changed while the checks ran.
    pub const TASKS_CHANGED: &str = "GL1112";
    /// An assertion was contradicted.
    pub const ASSERTION_FAILED: &str = "GL1201";
    /// The request could not be made or its answer not read.
    pub const REQUEST_FAILED: &str = "GL1202";
    /// The service was not ready within the stabilise window.
    pub const NOT_READY: &str = "GL1203";
    /// The check was not run.
    pub const SKIPPED: &str = "GL1204";
    /// No blocking check passed.
    pub const NOTHING_VALIDATED: &str = "GL1205";
    /// The plan only observes, and would have failed.
    pub const OBSERVED: &str = "GL1206";
    /// Too few samples to judge by.
    pub const TOO_FEW_SAMPLES: &str = "GL1301";
    /// Green is slower than blue.
    pub const SLOWER: &str = "GL1302";
    /// Green answers otherwise than blue.
    pub const DIFFERS: &str = "GL1303";
    /// Green has more errors than blue.
    pub const MORE_ERRORS: &str = "GL1304";
    /// There is nothing to compare with.
    pub const NO_BASELINE: &str = "GL1305";
    /// A CloudWatch alarm is red.
    pub const ALARM_RED: &str = "GL1311";
    /// CloudWatch does not know how an alarm stands, or nothing is left to watch.
    pub const ALARM_UNSETTLED: &str = "GL1312";
    /// An alarm does not exist.
    pub const ALARM_MISSING: &str = "GL1313";
    /// A metric has no value for a period.
    pub const METRIC_WITHOUT_DATA: &str = "GL1314";
    /// CloudWatch could not be asked.
    pub const CLOUDWATCH_UNREADABLE: &str = "GL1315";
    /// The report could not be delivered.
    pub const REPORT_UNREACHABLE: &str = "GL1901";
    /// The report was refused for want of permission.
    pub const REPORT_NOT_ALLOWED: &str = "GL1902";
    /// The hook ran out of time.
    pub const OUT_OF_TIME: &str = "GL1903";
    /// The hook panicked.
    pub const PANICKED: &str = "GL1904";
    /// A fire drill is set on the function.
    pub const DRILL: &str = "GL1905";
    /// A person's approval is waited for.
    pub const WAITS_FOR_APPROVAL: &str = "GL1906";
}
