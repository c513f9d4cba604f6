//! Standard output: one JSON object a line. Three kinds of line have a fixed shape that other programs read (evidence, report
//! and metrics); the rest is tracing's JSON. Each says which request, deployment and event it belongs to. Nothing here decides what is said.

use std::sync::Arc;
use std::time::Duration;

use greenlight_checks::event::HookEvent;
use greenlight_checks::evidence::{Decision, Evidence, SCHEMA};
use serde_json::{Map, Value, json};
use tracing_subscriber::EnvFilter;

use crate::evidence_store::Kept;
use crate::output;
use crate::report::{Delivered, Delivery};

/// A log event of CloudWatch holds 256 KB; the evidence stays below, whatever was seen.
const LARGEST_EVIDENCE: usize = 200 * 1024;

/// How long the report waits for the evidence.
const EVIDENCE_WITHIN: Duration = Duration::from_secs(5);

/// Below these levels the Runtime API's client and the SDK print request bodies, and with them the report's token. What
/// the runtime's panic layer says was said before, by the hook or by the panic itself.
const QUIET: [&str; 5] = [
    "lambda_runtime=info",
    "lambda_runtime::layers::panic=off",
    "lambda_runtime_api_client=info",
    "aws_smithy_runtime=info",
    "aws_runtime=info",
];

/// Starts the log with a filter as `tracing-subscriber` reads it; one that cannot be read becomes `info`, and is told of.
pub(crate) fn start(filter: &str) {
    let (filter, problem) = match EnvFilter::try_new(filter) {
        Ok(read) => (read, None),
        Err(problem) => (EnvFilter::new("info"), Some(problem)),
    };
    let filter = QUIET
        .into_iter()
        .fold(filter, |filter, quiet| filter.add_directive(quiet.parse().expect("a literal directive is well formed")));
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_env_filter(filter)
        .with_writer(output::Lines)
        .init();
    if let Some(problem) = problem {
        tracing::warn!(%problem, "GREENLIGHT_LOG cannot be read; using info");
    }
    std::panic::set_hook(Box::new(|panic| tracing::error!(%panic, "panic")));
}

/// What every line of an invocation says of it; tracing's lines have the same in their `span`.
#[derive(Clone, Debug)]
pub(crate) struct Labels {
    pub(crate) request: String,
    pub(crate) deployment: String,
    pub(crate) event: HookEvent,
}

impl Labels {
    fn on(&self, kind: &str) -> Map<String, Value> {
        let labels = [
            ("greenlight", Value::from(kind)),
            ("schema", Value::from(SCHEMA)),
            ("request_id", Value::from(self.request.as_str())),
            ("deployment_id", Value::from(self.deployment.as_str())),
            ("event", Value::from(self.event.name())),
        ];
        labels.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
    }
}

/// The evidence line. Whoever reads the log may be slow, and the report must not wait for that.
pub(crate) async fn evidence(labels: &Labels, evidence: Arc<Evidence>) {
    let mut document = labels.on("evidence");
    let written = tokio::task::spawn_blocking(move || {
        document.insert("evidence".to_owned(), bounded(&evidence, LARGEST_EVIDENCE));
        line(&Value::Object(document));
    });
    let written = async {
        let _ = written.await;
        output::written(EVIDENCE_WITHIN).await;
    };
    // Where the time is over there is no log left to say so in; the line goes on by itself.
    let _ = tokio::time::timeout(EVIDENCE_WITHIN, written).await;
}

/// The report line.
pub(crate) fn report(labels: &Labels, decision: Decision, delivery: &Delivery, kept: &Kept) {
    let error = match &delivery.result {
        Delivered::Accepted | Delivered::AlreadyCompleted | Delivered::Held => Value::Null,
        Delivered::Failed(message) => Value::String(message.to_string()),
    };
    let (object, unkept) = match kept {
        Kept::Nowhere => (Value::Null, Value::Null),
        Kept::At(object) => (Value::String(object.to_string()), Value::Null),
        Kept::Failed(reason) => (Value::Null, Value::String(reason.clone())),
    };
    let mut document = labels.on("report");
    let fields = [
        ("status", json!(decision)),
        ("result", Value::from(delivery.result.name())),
        ("attempts", Value::from(delivery.attempts)),
        ("error", error),
        ("evidence", object),
        ("evidence_error", unkept),
    ];
    document.extend(fields.map(|(name, value)| (name.to_owned(), value)));
    line(&Value::Object(document));
}

/// The metrics line.
pub(crate) fn metrics(labels: &Labels, metrics: Map<String, Value>) {
    let mut document = labels.on("metrics");
    document.extend(metrics);
    line(&Value::Object(document));
}

/// One write a line, so that nothing can come between.
fn line(value: &Value) {
    output::line(format!("{value}\n").into_bytes());
}

/// The evidence as JSON of a limited size: bodies go first, then samples, then what was
/// expected, then all messages but the first of each check.
fn bounded(evidence: &Evidence, limit: usize) -> Value {
    let fits = |evidence: &Evidence| {
        let value = serde_json::to_value(evidence).unwrap_or_default();
        (value.to_string().len() <= limit).then_some(value)
    };
    if let Some(value) = fits(evidence) {
        return value;
    }
    let mut smaller = evidence.clone();
    let steps: [fn(&mut Evidence); 5] = [
        |evidence| {
            for sample in evidence.checks.iter_mut().flat_map(|check| &mut check.samples) {
                sample.body = None;
            }
        },
        |evidence| evidence.checks.iter_mut().for_each(|check| check.samples.clear()),
        |evidence| evidence.checks.iter_mut().for_each(|check| check.expectations.clear()),
        |evidence| evidence.checks.iter_mut().for_each(|check| check.messages.truncate(1)),
        |evidence| {
            evidence.verdict.because.truncate(20);
            evidence.checks.truncate(100);
            evidence.attestation.routes.truncate(100);
            evidence.attestation.running.truncate(100);
            evidence.attestation.notes.truncate(20);
            evidence.attestation.messages.truncate(20);
        },
    ];
    for step in steps {
        step(&mut smaller);
        if let Some(value) = fits(&smaller) {
            return value;
        }
    }
    smaller.checks.clear();
    smaller.attestation.routes.clear();
    smaller.attestation.running.clear();
    smaller.attestation.notes.clear();
    smaller.verdict.because.iter_mut().for_each(|message| message.text = message.text.chars().take(1000).collect());
    serde_json::to_value(&smaller).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use greenlight_checks::evidence::{Attestation, CheckEvidence, Outcome, Sample, Severity, Verdict};
    use jiff::Timestamp;

    use super::*;

    fn evidence(checks: usize, body: usize) -> Evidence {
        let check = |index: usize| CheckEvidence {
            id: format!("check-{index}"),
            kind: "http".to_owned(),
            severity: Severity::Block,
            inconclusive_excused: false,
            outcome: Outcome::Passed,
            attempts: 1,
            took_ms: 3,
            numbers: std::collections::BTreeMap::new(),
            series: std::collections::BTreeMap::new(),
            expectations: Vec::new(),
            messages: Vec::new(),
            samples: vec![Sample {
                request: "GET /".to_owned(),
                via: "test listener".to_owned(),
                status: Some(200),
                took_ms: 3,
                attempt: 1,
                body: Some("x".repeat(body)),
                error: None,
            }],
        };
        Evidence {
            schema: SCHEMA,
            tool: "test".to_owned(),
            deployment_id: "d-1".to_owned(),
            execution: "0".repeat(64),
            event: HookEvent::AfterAllowTestTraffic,
            function: None,
            plan: None,
            started_at: Timestamp::UNIX_EPOCH,
            finished_at: Timestamp::UNIX_EPOCH,
            verdict: Verdict { decision: Decision::Succeeded, because: Vec::new() },
            observed: None,
            gate: None,
            attestation: Attestation::default(),
            checks: (0..checks).map(check).collect(),
            timeline: Vec::new(),
        }
    }

    #[test]
    fn evidence_that_fits_is_whole() {
        let evidence = evidence(3, 2048);
        assert_eq!(bounded(&evidence, LARGEST_EVIDENCE), serde_json::to_value(&evidence).unwrap());
    }

    #[test]
    fn evidence_stays_below_its_limit_and_keeps_the_verdict_and_the_checks_longest() {
        for (checks, body, kept) in [(200, 2048, 200), (5_000, 2048, 100), (200, 5, 200)] {
            let value = bounded(&evidence(checks, body), LARGEST_EVIDENCE);
            assert!(value.to_string().len() <= LARGEST_EVIDENCE, "{checks} checks");
            assert_eq!(value["checks"].as_array().unwrap().len(), kept);
            assert_eq!(value["verdict"]["decision"], "Succeeded");
            serde_json::from_value::<Evidence>(value).unwrap();
        }
    }
}
