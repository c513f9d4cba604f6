//! One `http` check while it runs: attempts, their retries, and what they saw.

use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};

use super::{NOT_READY_EVERY, ended, is_not_ready};
use crate::clock;
use crate::evidence::{self, CheckEvidence, Outcome, Sample, redacted};
use crate::judge::http as judge;
use crate::message::{Message, codes};
use crate::plan::{Check, HttpCheck};
use crate::probe::http::{Answer, ProbeError, Prober};
use crate::surroundings::Limits;

pub(super) async fn execute(check: &Check, http: &HttpCheck, prober: &Prober, limits: &Limits) -> CheckEvidence {
    let execution =
        Execution { check, http, prober, limits, attempts: 0, not_ready: None, first_contradicting: None, last: None };
    execution.run().await
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
    http: &'a HttpCheck,
    prober: &'a Prober,
    limits: &'a Limits,
    attempts: u32,
    /// What a service that was not ready said last.
    not_ready: Option<String>,
    first_contradicting: Option<Sample>,
    last: Option<Sample>,
}

impl Execution<'_> {
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
        let request = &self.http.request;
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
                let not_ready = is_not_ready(answer.status) && !judge::status_is_expected(self.http, &answer);
                if not_ready && clock::now() < self.limits.stabilise_until {
                    self.last = Some(sample);
                    self.not_ready = Some(answer.status.as_u16().to_string());
                    return Attempt::NotReady;
                }
                self.attempts = number;
                let mut messages = judge::contradictions(self.check, self.http, &answer, &context);
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
