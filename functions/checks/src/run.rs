//! The one loop that waits: runs the checks of an event within limits and keeps what they saw. What an answer means is
//! decided in `judge`, and what the checks together mean in `verdict`.
//!
//! Checks without an order run side by side. A check that waits for others runs when they have passed and is skipped when
//! they have not. Within the stabilise window a refused connection and 502, 503 and 504 are "not ready yet" and count as
//! no attempt. The deadline ends everything: what did not pass by then is not passed.

mod http;
mod load;
mod tls;

use std::collections::BTreeMap;
use std::time::Duration;

use ::http::StatusCode;
use futures_util::stream::{FuturesUnordered, StreamExt};
use rustls::RootCertStore;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use crate::clock;
use crate::evidence::{CheckEvidence, Outcome};
use crate::message::{Message, codes};
use crate::plan::{Check, EventPlan, Kind};
use crate::probe::http::Prober;
use crate::probe::tls::system_roots;

/// More would be a load test.
const AT_ONCE: usize = 8;
/// Between two looks at a service that is not ready.
const NOT_READY_EVERY: Duration = Duration::from_millis(250);

/// Where a version is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// `http://127.0.0.1:8081`, without a path.
    pub base: String,
    /// `Host` (and SNI), apart from the address.
    pub host: Option<String>,
    /// What messages call it: `test listener`.
    pub via: String,
}

/// Both versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// The version under test.
    pub green: Option<Endpoint>,
    /// The version that serves.
    pub blue: Option<Endpoint>,
}

/// Until when.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Until then, "not ready yet" is tolerated.
    pub stabilise_until: Instant,
    /// Then, everything ends.
    pub deadline: Instant,
    /// Names this execution in the `Idempotency-Key` of unsafe requests; not a secret.
    pub execution: String,
}

/// Runs the checks of an event and hands over what they saw, in the plan's order.
pub async fn run(plan: &EventPlan, endpoints: &Endpoints, limits: Limits) -> Vec<CheckEvidence> {
    // Reading the roots takes files and time, which only handshakes of our own need.
    let needed = plan.checks.iter().any(|check| matches!(check.kind, Kind::Tls(_)));
    let roots = if needed { system_roots() } else { RootCertStore::empty() };
    run_trusting(plan, endpoints, limits, roots).await
}

/// The same, with the roots that `tls` checks trust.
async fn run_trusting(
    plan: &EventPlan,
    endpoints: &Endpoints,
    limits: Limits,
    roots: RootCertStore,
) -> Vec<CheckEvidence> {
    let Some(endpoint) = &endpoints.green else {
        return plan
            .checks
            .iter()
            .map(|check| errored(check, "there is no endpoint for the version under test"))
            .collect();
    };
    let prober = Prober::new(endpoint.clone(), limits.execution.clone());
    let slots = Semaphore::new(AT_ONCE);
    let ends: BTreeMap<&str, watch::Sender<Option<Outcome>>> =
        plan.checks.iter().map(|check| (check.id.as_str(), watch::Sender::new(None))).collect();

    let mut running: FuturesUnordered<_> = plan
        .checks
        .iter()
        .enumerate()
        .map(|(index, check)| {
            let (prober, roots, slots, ends, limits) = (&prober, &roots, &slots, &ends, &limits);
            async move {
                let evidence = match waited_for(check, ends).await {
                    Ok(()) => {
                        let _slot = slots.acquire().await.expect("the semaphore is never closed");
                        if clock::now() < limits.deadline {
                            execute(check, prober, endpoint, roots, limits).await
                        } else {
                            let text = "not run, because the time for checks was over";
                            let message = Message::new(codes::SKIPPED, &check.id, text).at(check.place.clone());
                            ended(check, Outcome::Skipped, message)
                        }
                    }
                    Err(message) => ended(check, Outcome::Skipped, message),
                };
                ends[check.id.as_str()].send_replace(Some(evidence.outcome));
                (index, evidence)
            }
        })
        .collect();

    let mut results: BTreeMap<usize, CheckEvidence> = BTreeMap::new();
    while let Some((index, evidence)) = running.next().await {
        results.insert(index, evidence);
    }
    results.into_values().collect()
}

async fn execute(
    check: &Check,
    prober: &Prober,
    endpoint: &Endpoint,
    roots: &RootCertStore,
    limits: &Limits,
) -> CheckEvidence {
    match &check.kind {
        Kind::Http(http) => http::execute(check, http, prober, limits).await,
        Kind::Load(load) => load::execute(check, load, prober, limits).await,
        Kind::Tls(tls) => tls::execute(check, tls, endpoint, roots, limits).await,
    }
}

/// Waits for the checks that must pass first.
async fn waited_for(check: &Check, ends: &BTreeMap<&str, watch::Sender<Option<Outcome>>>) -> Result<(), Message> {
    for id in &check.after {
        let Some(end) = ends.get(id.as_str()) else {
            let text = format!("waits for {id}, which is not among the checks of this event");
            return Err(Message::new(codes::SKIPPED, &check.id, text).at(check.place.clone()));
        };
        let outcome = *end.subscribe().wait_for(Option::is_some).await.expect("the sender outlives the run");
        if outcome != Some(Outcome::Passed) {
            let text = format!("not run, because {id} did not pass");
            return Err(Message::new(codes::SKIPPED, &check.id, text).at(check.place.clone()));
        }
    }
    Ok(())
}

fn ended(check: &Check, outcome: Outcome, message: Message) -> CheckEvidence {
    CheckEvidence {
        id: check.id.clone(),
        kind: check.kind.name().to_owned(),
        severity: check.severity,
        inconclusive_excused: check.inconclusive_excused,
        outcome,
        attempts: 0,
        took_ms: 0,
        numbers: BTreeMap::new(),
        messages: vec![message],
        samples: Vec::new(),
    }
}

fn errored(check: &Check, text: &str) -> CheckEvidence {
    let message = Message::new(codes::REQUEST_FAILED, &check.id, text).at(check.place.clone());
    ended(check, Outcome::Errored, message)
}

/// What a load balancer says while its targets start.
fn is_not_ready(status: StatusCode) -> bool {
    [StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE, StatusCode::GATEWAY_TIMEOUT].contains(&status)
}

#[cfg(test)]
mod load_tests;
#[cfg(test)]
#[path = "run/run_tests.rs"]
mod tests;
#[cfg(test)]
mod tls_tests;
