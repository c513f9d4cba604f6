//! The one loop that waits: runs the checks of an event within limits and keeps what they saw. What an answer means is
//! decided in `judge`, and what the checks together mean in `verdict`.
//!
//! Checks without an order run side by side. A check that waits for others runs when they have passed and is skipped when
//! they have not. Within the stabilise window a refused connection and 502, 503 and 504 are "not ready yet" and count as
//! no attempt. The deadline ends everything: what did not pass by then is not passed.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use http::StatusCode;
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::clock;
use crate::evidence::{self, CheckEvidence, Outcome, Sample, redacted};
use crate::judge;
use crate::message::{Message, codes};
use crate::plan::{Check, EventPlan};
use crate::probe::http::{Answer, ProbeError, Prober};

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
            let (prober, slots, ends, limits) = (&prober, &slots, &ends, &limits);
            async move {
                let evidence = match waited_for(check, ends).await {
                    Ok(()) => {
                        let _slot = slots.acquire().await.expect("the semaphore is never closed");
                        if clock::now() < limits.deadline {
                            Execution::new(check, prober, limits).run().await
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
        kind: "http".to_owned(),
        severity: check.severity,
        inconclusive_excused: check.inconclusive_excused,
        outcome,
        attempts: 0,
        took_ms: 0,
        messages: vec![message],
        samples: Vec::new(),
    }
}

fn errored(check: &Check, text: &str) -> CheckEvidence {
    let message = Message::new(codes::REQUEST_FAILED, &check.id, text).at(check.place.clone());
    ended(check, Outcome::Errored, message)
}

/// What one attempt came to.
enum Attempt {
    Passed,
    Contradicted(Vec<Message>),
    Failed(Message),
    NotReady,
}

/// One check while it runs.
struct Execution<'a> {
    check: &'a Check,
    prober: &'a Prober,
    limits: &'a Limits,
    attempts: u32,
    /// What a service that was not ready said last.
    not_ready: Option<String>,
    first_contradicting: Option<Sample>,
    last: Option<Sample>,
}

impl<'a> Execution<'a> {
    fn new(check: &'a Check, prober: &'a Prober, limits: &'a Limits) -> Self {
        Self { check, prober, limits, attempts: 0, not_ready: None, first_contradicting: None, last: None }
    }

    async fn run(mut self) -> CheckEvidence {
        let started = clock::now();
        let (outcome, messages) = match timeout_at(self.limits.deadline, self.attempts(started)).await {
            Ok(end) => end,
            Err(_) => {
                let seen = match &self.not_ready {
                    Some(seen) if self.attempts == 0 => format!("; it was not ready: {seen}"),
                    _ => String::new(),
                };
                let text =
                    format!("not finished when the time for checks was over, after {} attempts{seen}", self.attempts);
                let message = Message::new(codes::OUT_OF_TIME, &self.check.id, text).at(self.check.place.clone());
                (Outcome::Errored, vec![message])
            }
        };
        let took = clock::now() - started;
        CheckEvidence {
            attempts: self.attempts,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            messages,
            samples: self.first_contradicting.into_iter().chain(self.last).collect(),
            ..ended(self.check, outcome, Message::new(codes::SKIPPED, "", ""))
        }
    }

    /// Attempts until enough have passed in a row, or no further one is due.
    async fn attempts(&mut self, mut started: Instant) -> (Outcome, Vec<Message>) {
        let mut passed_in_a_row = 0;
        loop {
            let attempt = self.attempt().await;
            let (every, until) = match &self.check.retry {
                Some(retry) => (retry.every, started + retry.until),
                None => (Duration::ZERO, started),
            };
            let (wait, end) = match attempt {
                Attempt::NotReady => {
                    passed_in_a_row = 0;
                    sleep_until((clock::now() + NOT_READY_EVERY).min(self.limits.stabilise_until)).await;
                    // The time that `retry` gives begins when judging begins.
                    started = clock::now();
                    continue;
                }
                Attempt::Passed => {
                    passed_in_a_row += 1;
                    if passed_in_a_row >= self.check.retry.map_or(1, |retry| retry.pass_after) {
                        return (Outcome::Passed, Vec::new());
                    }
                    (every, (Outcome::Failed, vec![self.too_few(passed_in_a_row)]))
                }
                Attempt::Contradicted(messages) => {
                    passed_in_a_row = 0;
                    (every, (Outcome::Failed, messages))
                }
                Attempt::Failed(message) => {
                    passed_in_a_row = 0;
                    (every, (Outcome::Errored, vec![message]))
                }
            };
            if clock::now() + wait > until || self.check.retry.is_none() {
                return end;
            }
            sleep_until(clock::now() + wait).await;
        }
    }

    fn too_few(&self, passed: u32) -> Message {
        let wanted = self.check.retry.map_or(1, |retry| retry.pass_after);
        let text = format!("only {passed} of {wanted} consecutive attempts passed before retry.until");
        Message::new(codes::ASSERTION_FAILED, &self.check.id, text).at(self.check.place.clone())
    }

    async fn attempt(&mut self) -> Attempt {
        let request = &self.check.request;
        let number = self.attempts + 1;
        let line = format!("{} {}", request.method, request.path);
        let via = self.prober.via();
        let attempt =
            if self.check.retry.is_none() { "attempt 1 of 1".to_owned() } else { format!("attempt {number}") };
        match self.prober.ask(&self.check.id, request, self.check.timeout).await {
            Ok(answer) => {
                let took = answer.took.as_millis();
                let context = format!("{line} via {via}, {} in {took} ms, {attempt}", answer.status.as_u16());
                let sample = sample(&line, via, number, &answer, &request.secrets());
                let not_ready = is_not_ready(answer.status) && !judge::status_is_expected(self.check, &answer);
                if not_ready && clock::now() < self.limits.stabilise_until {
                    self.last = Some(sample);
                    self.not_ready = Some(answer.status.as_u16().to_string());
                    return Attempt::NotReady;
                }
                self.attempts = number;
                let mut messages = judge::contradictions(self.check, &answer, &context);
                if messages.is_empty() {
                    self.last = Some(sample);
                    return Attempt::Passed;
                }
                if not_ready {
                    messages.insert(0, self.never_ready(&context));
                }
                for message in &mut messages {
                    message.text = redacted(&message.text, &request.secrets());
                }
                if self.first_contradicting.is_none() {
                    self.first_contradicting = Some(sample);
                    // Otherwise an older attempt would stand behind this one.
                    self.last = None;
                } else {
                    self.last = Some(sample);
                }
                Attempt::Contradicted(messages)
            }
            Err((error, took)) => {
                let context = format!("{line} via {via}, no answer in {} ms, {attempt}", took.as_millis());
                self.last = Some(Sample {
                    request: line,
                    via: via.to_owned(),
                    status: None,
                    took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                    attempt: number,
                    body: None,
                    error: Some(error.to_string()),
                });
                if error.is_not_ready() && clock::now() < self.limits.stabilise_until {
                    self.not_ready = Some(error.to_string());
                    return Attempt::NotReady;
                }
                self.attempts = number;
                Attempt::Failed(if error.is_not_ready() && self.not_ready.is_some() {
                    self.never_ready(&context)
                } else {
                    self.no_answer(&error, &context)
                })
            }
        }
    }

    fn never_ready(&self, context: &str) -> Message {
        let seen = self.not_ready.as_deref().unwrap_or("no wait for it was due");
        let text =
            format!("not ready when the stabilise window was over: {seen}; raise budget.stabilise if it starts slowly");
        Message::new(codes::NOT_READY, &self.check.id, text).with_context(context).at(self.check.place.clone())
    }

    fn no_answer(&self, error: &ProbeError, context: &str) -> Message {
        Message::new(codes::REQUEST_FAILED, &self.check.id, format!("expected an answer, got none: {error}"))
            .with_context(context)
            .at(self.check.place.clone())
    }
}

/// What a load balancer says while its targets start.
fn is_not_ready(status: StatusCode) -> bool {
    [StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE, StatusCode::GATEWAY_TIMEOUT].contains(&status)
}

fn sample(request: &str, via: &str, attempt: u32, answer: &Answer, secrets: &[&str]) -> Sample {
    Sample {
        request: request.to_owned(),
        via: via.to_owned(),
        status: Some(answer.status.as_u16()),
        took_ms: u64::try_from(answer.took.as_millis()).unwrap_or(u64::MAX),
        attempt,
        body: evidence::kept_body(&answer.body, secrets),
        error: None,
    }
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
