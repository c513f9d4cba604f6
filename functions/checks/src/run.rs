//! The one loop that waits: runs the checks of an event within limits and keeps what they saw. What an answer means is
//! decided in `judge`, and what the checks together mean in `verdict`.
//!
//! Checks without an order run side by side. A check that waits for others runs when they have passed and is skipped when
//! they have not. Within the stabilise window a refused connection and 502, 503 and 504 are "not ready yet" and count as
//! no attempt. The first blocking check that fails ends the run: nothing starts any more, what is on its way has a moment
//! left, and everything that was not run says so; a plan that only observes is run whole. Nothing is compared while a load
//! runs. The deadline ends everything: what did not pass by then is not passed.

mod alarm;
mod attempts;
mod cloudwatch;
mod compare;
mod grpc_health;
mod http;
mod load;
mod metric;
mod tls;
mod websocket;

use std::collections::BTreeMap;
use std::time::Duration;

use ::http::StatusCode;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::{RwLock, Semaphore, watch};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::clock;
use crate::evidence::{CheckEvidence, Outcome, Severity, clip};
use crate::judge::expected::unseen;
use crate::message::{Message, codes};
use crate::plan::{Check, EventPlan, HttpRequest, Kind};
use crate::probe::http::Prober;
use crate::surroundings::{Endpoint, Limits, Surroundings};

/// More would be a load test.
const AT_ONCE: usize = 8;
/// Between two looks at a service that is not ready.
const NOT_READY_EVERY: Duration = Duration::from_millis(250);
/// What a check that is on its way has left once the run has failed: enough for an answer that is about to come, so that
/// quick checks that began together are all told of, and too little to wait out a load.
const FAREWELL: Duration = Duration::from_secs(1);

/// Runs the checks of an event and hands over what they saw, in the plan's order.
pub async fn run(plan: &EventPlan, surroundings: &Surroundings) -> Vec<CheckEvidence> {
    if let Some(witness) = &surroundings.witness {
        witness.hide(&plan.secrets);
    }
    let Some(green) = &surroundings.endpoints.green else {
        return plan
            .checks
            .iter()
            .map(|check| errored(check, "there is no endpoint for the version under test"))
            .map(|evidence| released(evidence, plan, surroundings))
            .collect();
    };
    let execution = &surroundings.limits.execution;
    let compares = plan.checks.iter().any(|check| matches!(check.kind, Kind::Compare(_)));
    let bench = Bench {
        surroundings,
        green,
        prober: Prober::new(green.clone(), execution.clone()).before(surroundings.witness.clone()),
        blue: surroundings.endpoints.blue.clone().filter(|_| compares).map(|blue| Prober::new(blue, execution.clone())),
        measuring: RwLock::new(()),
        slots: Semaphore::new(AT_ONCE),
        ends_early: !plan.observed,
        ends: plan.checks.iter().map(|check| (check.id.as_str(), watch::Sender::new(None))).collect(),
        failed: watch::Sender::new(None),
    };
    let running: FuturesUnordered<_> =
        plan.checks.iter().enumerate().map(|(index, check)| bench.outcome_of(index, check)).collect();
    let results = until_ended(running, &bench.failed, plan, surroundings).await;
    let stopped = bench.failed.borrow().clone();
    let ended = |(index, check): (usize, &Check)| match (results.get(&index), &stopped) {
        (Some(evidence), _) => evidence.clone(),
        (None, stopped) => {
            let by = stopped.as_deref().unwrap_or("another check");
            released(skipped(check, format!("not run to its end, because {by} failed")), plan, surroundings)
        }
    };
    plan.checks.iter().enumerate().map(ended).collect()
}

/// Whatever a check has put into a text passes here on its way out, whoever is told of it first.
fn released(mut evidence: CheckEvidence, plan: &EventPlan, surroundings: &Surroundings) -> CheckEvidence {
    plan.secrets.redact(&mut evidence);
    clip(&mut evidence);
    surroundings.tell(&evidence);
    evidence
}

/// Waits for every check; once a blocking one has failed, only a little longer.
async fn until_ended(
    mut running: FuturesUnordered<impl Future<Output = (usize, CheckEvidence)>>,
    failed: &watch::Sender<Option<String>>,
    plan: &EventPlan,
    surroundings: &Surroundings,
) -> BTreeMap<usize, CheckEvidence> {
    let mut results = BTreeMap::new();
    let mut until: Option<Instant> = None;
    loop {
        let next = match until {
            Some(until) => timeout_at(until, running.next()).await.unwrap_or(None),
            None => running.next().await,
        };
        let Some((index, evidence)) = next else { return results };
        results.insert(index, released(evidence, plan, surroundings));
        if until.is_none() && failed.borrow().is_some() {
            until = Some(clock::now() + FAREWELL);
        }
    }
}

/// What the checks of one run have in common.
struct Bench<'a> {
    surroundings: &'a Surroundings,
    green: &'a Endpoint,
    prober: Prober,
    /// The version that serves, where a check compares with it.
    blue: Option<Prober>,
    /// Held alone by a check that compares, and together by those that load: load on one version alone makes it look slow.
    measuring: RwLock<()>,
    slots: Semaphore,
    /// Whether the first blocking failure ends the run; what is only observed is observed whole.
    ends_early: bool,
    /// How each check ended.
    ends: BTreeMap<&'a str, watch::Sender<Option<Outcome>>>,
    /// The first check that ended the run.
    failed: watch::Sender<Option<String>>,
}

impl Bench<'_> {
    async fn outcome_of(&self, index: usize, check: &Check) -> (usize, CheckEvidence) {
        let evidence = match waited_for(check, &self.ends).await {
            Ok(()) => {
                let (_alone, _together) = match check.kind {
                    Kind::Compare(_) => (Some(self.measuring.write().await), None),
                    Kind::Load(_) => (None, Some(self.measuring.read().await)),
                    _ => (None, None),
                };
                let _slot = self.slots.acquire().await.expect("the semaphore is never closed");
                let failed = self.failed.borrow().clone();
                if let Some(failed) = failed {
                    skipped(check, format!("not run, because {failed} failed"))
                } else if clock::now() < self.surroundings.limits.deadline {
                    self.execute(check).await
                } else {
                    skipped(check, "not run, because the time for checks was over".to_owned())
                }
            }
            Err(message) => ended(check, Outcome::Skipped, message),
        };
        if self.ends_early && decides(check, evidence.outcome) {
            self.failed.send_if_modified(|failed| {
                let first = failed.is_none();
                failed.get_or_insert_with(|| check.id.clone());
                first
            });
        }
        self.ends[check.id.as_str()].send_replace(Some(evidence.outcome));
        (index, evidence)
    }

    async fn execute(&self, check: &Check) -> CheckEvidence {
        let limits = &self.surroundings.limits;
        match &check.kind {
            Kind::Alarm(alarm) => alarm::execute(check, alarm, self.surroundings).await,
            // A person is asked by the hook, after the run; whoever runs one all the same has nothing that passed.
            Kind::Approval(_) => skipped(check, "not run: a person is asked, in a deployment".to_owned()),
            Kind::Compare(compare) => compare::execute(check, compare, &self.prober, self.blue.as_ref(), limits).await,
            Kind::GrpcHealth(health) => grpc_health::execute(check, health, self.green, self.surroundings).await,
            Kind::Http(http) => http::execute(check, http, &self.prober, limits).await,
            Kind::Load(load) => load::execute(check, load, &self.prober, limits).await,
            Kind::Metric(metric) => metric::execute(check, metric, self.surroundings).await,
            Kind::Tls(tls) => tls::execute(check, tls, self.green, limits).await,
            Kind::Websocket(websocket) => websocket::execute(check, websocket, self.green, self.surroundings).await,
        }
    }
}

/// Whether the verdict is Failed by this outcome alone, whatever the other checks say.
fn decides(check: &Check, outcome: Outcome) -> bool {
    let decides = match outcome {
        Outcome::Failed | Outcome::Errored => true,
        Outcome::Inconclusive => !check.inconclusive_excused,
        Outcome::Passed | Outcome::Skipped => false,
    };
    decides && check.severity == Severity::Block
}

/// Waits for the checks that must pass first.
async fn waited_for(check: &Check, ends: &BTreeMap<&str, watch::Sender<Option<Outcome>>>) -> Result<(), Message> {
    for id in &check.after {
        let Some(end) = ends.get(id.as_str()) else {
            let text = format!("waits for {id}, which is not among the checks of this event");
            return Err(not_run(check, text));
        };
        let outcome = *end.subscribe().wait_for(Option::is_some).await.expect("the sender outlives the run");
        if outcome != Some(Outcome::Passed) {
            return Err(not_run(check, format!("not run, because {id} did not pass")));
        }
    }
    Ok(())
}

fn not_run(check: &Check, text: String) -> Message {
    Message::new(codes::SKIPPED, &check.id, text).at(check.place.clone())
}

fn skipped(check: &Check, text: String) -> CheckEvidence {
    ended(check, Outcome::Skipped, not_run(check, text))
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
        series: BTreeMap::new(),
        expectations: unseen(check),
        messages: vec![message],
        samples: Vec::new(),
    }
}

fn errored(check: &Check, text: &str) -> CheckEvidence {
    let message = Message::new(codes::REQUEST_FAILED, &check.id, text).at(check.place.clone());
    ended(check, Outcome::Errored, message)
}

/// What is measured of a service that is not ready says nothing; once the window is over, it is judged as it is.
async fn until_ready(check: &Check, request: &HttpRequest, prober: &Prober, limits: &Limits) {
    while clock::now() < limits.stabilise_until {
        let ready = match prober.ask(&check.id, request, check.timeout).await {
            Ok(answer) => !is_not_ready(answer.status),
            Err((error, _)) => !error.is_not_ready(),
        };
        if ready {
            return;
        }
        sleep_until((clock::now() + NOT_READY_EVERY).min(limits.stabilise_until)).await;
    }
}

/// What a load balancer says while its targets start.
fn is_not_ready(status: StatusCode) -> bool {
    [StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE, StatusCode::GATEWAY_TIMEOUT].contains(&status)
}

#[cfg(test)]
mod catalogue_tests;
#[cfg(test)]
mod cloudwatch_tests;
#[cfg(test)]
mod compare_tests;
#[cfg(test)]
mod cookbook_tests;
#[cfg(test)]
mod expectation_tests;
#[cfg(test)]
mod grpc_health_tests;
#[cfg(test)]
mod load_tests;
#[cfg(test)]
#[path = "run/run_tests.rs"]
mod tests;
#[cfg(test)]
mod tls_tests;
#[cfg(test)]
mod websocket_tests;
