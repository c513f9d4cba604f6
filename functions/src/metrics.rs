//! The figures of one execution as a line in CloudWatch's embedded metric format: CloudWatch makes metrics of it without a
//! call. Pure; the format is AWS's ("Specification: Embedded metric format", CloudWatch user guide).

use std::time::Duration;

use greenlight_checks::evidence::{Decision, Evidence, Outcome};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::report::{Delivered, Delivery};

const NAMESPACE: &str = "Greenlight";

/// What is not in the evidence.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures<'a> {
    /// From the event to the end of the report.
    pub(crate) total: Duration,
    /// Writing the evidence.
    pub(crate) evidence: Duration,
    /// Reporting, every attempt included.
    pub(crate) report: Duration,
    /// Whether the verdict is an earlier attempt's.
    pub(crate) repeated: bool,
    pub(crate) delivery: &'a Delivery,
}

/// The line, without what every line has.
pub(crate) fn line(evidence: &Evidence, function: &str, figures: &Figures<'_>, now: Timestamp) -> Map<String, Value> {
    let milliseconds = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let decided = evidence.finished_at.duration_since(evidence.started_at);
    let decided = Duration::try_from(decided).unwrap_or_default();
    let count = |outcome: Outcome| evidence.checks.iter().filter(|check| check.outcome == outcome).count() as u64;
    let delivered = matches!(figures.delivery.result, Delivered::Accepted | Delivered::AlreadyCompleted);
    let succeeded = evidence.verdict.decision == Decision::Succeeded;
    let metrics = [
        ("Duration", "Milliseconds", milliseconds(figures.total)),
        ("ValidationDuration", "Milliseconds", milliseconds(decided)),
        ("EvidenceDuration", "Milliseconds", milliseconds(figures.evidence)),
        ("ReportDuration", "Milliseconds", milliseconds(figures.report)),
        ("ChecksPassed", "Count", count(Outcome::Passed)),
        ("ChecksFailed", "Count", count(Outcome::Failed)),
        ("ChecksInconclusive", "Count", count(Outcome::Inconclusive)),
        ("ChecksErrored", "Count", count(Outcome::Errored)),
        ("ChecksSkipped", "Count", count(Outcome::Skipped)),
        ("Succeeded", "Count", u64::from(succeeded)),
        ("Repeated", "Count", u64::from(figures.repeated)),
        ("Reported", "Count", u64::from(delivered)),
        ("ReportAttempts", "Count", u64::from(figures.delivery.attempts)),
    ];
    let names: Vec<Value> = metrics.iter().map(|(name, unit, _)| json!({"Name": name, "Unit": unit})).collect();
    let mut line = Map::new();
    line.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [
                {"Namespace": NAMESPACE, "Dimensions": [["Event", "Function"]], "Metrics": names}
            ],
        }),
    );
    line.insert("Event".to_owned(), json!(evidence.event));
    line.insert("Function".to_owned(), json!(function));
    line.extend(metrics.map(|(name, _, value)| (name.to_owned(), json!(value))));
    line
}
