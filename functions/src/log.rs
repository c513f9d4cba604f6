//! Standard output: one JSON object a line. Two kinds of line have a fixed shape that other programs read (evidence and
//! report); the rest is tracing's JSON. Nothing here decides what is said.

use std::time::Duration;

use greenlight_checks::event::HookEvent;
use greenlight_checks::evidence::{Decision, Evidence, SCHEMA};
use serde_json::{Value, json};
use tracing_subscriber::EnvFilter;

use crate::invocation::DeploymentId;
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

/// The evidence line. Whoever reads the log may be slow, and the report must not wait for that.
pub(crate) async fn evidence(evidence: Evidence) {
    let written = tokio::task::spawn_blocking(move || {
        let bounded = bounded(&evidence, LARGEST_EVIDENCE);
        line(&json!({"greenlight": "evidence", "schema": evidence.schema, "evidence": bounded}));
    });
    let written = async {
        let _ = written.await;
        output::written(EVIDENCE_WITHIN).await;
    };
    // Where the time is over there is no log left to say so in; the line goes on by itself.
    let _ = tokio::time::timeout(EVIDENCE_WITHIN, written).await;
}

/// The report line.
pub(crate) fn report(deployment: &DeploymentId, event: HookEvent, decision: Decision, delivery: &Delivery) {
    let error = match &delivery.result {
        Delivered::Accepted | Delivered::AlreadyCompleted => Value::Null,
        Delivered::Failed(message) => Value::String(message.to_string()),
    };
    line(&json!({
        "greenlight": "report",
        "schema": SCHEMA,
        "deployment_id": deployment.0,
        "event": event.name(),
        "status": decision,
        "result": delivery.result.name(),
        "attempts": delivery.attempts,
        "error": error,
    }));
}

/// One write a line, so that nothing can come between.
fn line(value: &Value) {
    output::line(format!("{value}\n").into_bytes());
}

/// The evidence as JSON of a limited size: bodies go first, then samples, then all messages but the first of each check.
fn bounded(evidence: &Evidence, limit: usize) -> Value {
    let fits = |evidence: &Evidence| {
        let value = serde_json::to_value(evidence).unwrap_or_default();
        (value.to_string().len() <= limit).then_some(value)
    };
    if let Some(value) = fits(evidence) {
        return value;
    }
    let mut smaller = evidence.clone();
    let steps: [fn(&mut Evidence); 4] = [
        |evidence| {
            for sample in evidence.checks.iter_mut().flat_map(|check| &mut check.samples) {
                sample.body = None;
            }
        },
        |evidence| evidence.checks.iter_mut().for_each(|check| check.samples.clear()),
        |evidence| evidence.checks.iter_mut().for_each(|check| check.messages.truncate(1)),
        |evidence| {
            evidence.verdict.because.truncate(20);
            evidence.checks.truncate(100);
            evidence.attestation.routes.truncate(100);
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
