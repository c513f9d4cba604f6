//! The attempts of one check: again while the service is not ready, and again as `retry` says. What one attempt does and
//! what its end means is the kind's own; nothing here knows of requests.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};

use super::{NOT_READY_EVERY, ended};
use crate::clock;
use crate::evidence::{CheckEvidence, Expectation, Outcome, Sample};
use crate::judge::expected::unseen;
use crate::message::{Message, codes};
use crate::plan::Check;
use crate::surroundings::Limits;

/// A check whose attempts can be repeated.
pub(super) trait Attempts: Sync {
    /// Makes one.
    fn attempt(&self, turn: Turn) -> impl Future<Output = Attempt> + Send;
}

/// Which attempt it is: `attempt 1 of 1`, or `attempt 3` where only time limits them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    pub(super) number: u32,
    only: bool,
}

impl fmt::Display for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "attempt {}{}", self.number, if self.only { " of 1" } else { "" })
    }
}

/// What one attempt came to.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) end: End,
    /// What was seen, where a service that is still starting looks like this.
    pub(super) not_ready: Option<String>,
    pub(super) sample: Option<Sample>,
    pub(super) numbers: BTreeMap<String, f64>,
    /// What was expected of it, and what it saw.
    pub(super) expectations: Vec<Expectation>,
}

/// How one attempt ended.
#[derive(Debug)]
pub(super) enum End {
    Passed,
    /// Expectations that do not hold.
    Contradicted(Vec<Message>),
    /// There was nothing to judge.
    Failed(Message),
}

impl End {
    /// Passed where nothing contradicts.
    pub(super) fn of(contradictions: Vec<Message>) -> Self {
        if contradictions.is_empty() { Self::Passed } else { Self::Contradicted(contradictions) }
    }
}

/// Attempts until enough have passed in a row or no further one is due, and what they saw.
pub(super) async fn run(check: &Check, limits: &Limits, attempts: &impl Attempts) -> CheckEvidence {
    let mut so_far = SoFar {
        check,
        limits,
        attempts: 0,
        not_ready: None,
        numbers: BTreeMap::new(),
        expectations: unseen(check),
        first_contradicting: None,
        last: None,
    };
    let started = clock::now();
    let end = timeout_at(limits.deadline, so_far.go_on(attempts, started)).await;
    let (outcome, messages) = end.unwrap_or_else(|_| (Outcome::Errored, vec![so_far.out_of_time()]));
    CheckEvidence {
        attempts: so_far.attempts,
        took_ms: u64::try_from((clock::now() - started).as_millis()).unwrap_or(u64::MAX),
        numbers: so_far.numbers,
        expectations: so_far.expectations,
        messages,
        samples: so_far.first_contradicting.into_iter().chain(so_far.last).collect(),
        ..ended(check, outcome, Message::new(codes::SKIPPED, "", ""))
    }
}

/// One check while it runs.
struct SoFar<'a> {
    check: &'a Check,
    limits: &'a Limits,
    attempts: u32,
    /// What a service that was not ready said last.
    not_ready: Option<String>,
    /// Of the last attempt.
    numbers: BTreeMap<String, f64>,
    /// Of the last attempt, ready or not.
    expectations: Vec<Expectation>,
    first_contradicting: Option<Sample>,
    last: Option<Sample>,
}

impl SoFar<'_> {
    async fn go_on(&mut self, attempts: &impl Attempts, mut started: Instant) -> (Outcome, Vec<Message>) {
        let mut passed_in_a_row = 0;
        loop {
            let turn = Turn { number: self.attempts + 1, only: self.check.retry.is_none() };
            let attempt = attempts.attempt(turn).await;
            if let Some(seen) = &attempt.not_ready
                && clock::now() < self.limits.stabilise_until
            {
                self.not_ready = Some(seen.clone());
                self.last = attempt.sample;
                self.expectations = attempt.expectations;
                passed_in_a_row = 0;
                sleep_until((clock::now() + NOT_READY_EVERY).min(self.limits.stabilise_until)).await;
                // The time that `retry` gives begins when judging begins.
                started = clock::now();
                continue;
            }
            let (every, until) = match &self.check.retry {
                Some(retry) => (retry.every, started + retry.until),
                None => (Duration::ZERO, started),
            };
            let end = match self.keep(turn, attempt) {
                End::Passed => {
                    passed_in_a_row += 1;
                    if passed_in_a_row >= self.check.retry.map_or(1, |retry| retry.pass_after) {
                        return (Outcome::Passed, Vec::new());
                    }
                    (Outcome::Failed, vec![self.too_few(passed_in_a_row)])
                }
                End::Contradicted(messages) => {
                    passed_in_a_row = 0;
                    (Outcome::Failed, messages)
                }
                End::Failed(message) => {
                    passed_in_a_row = 0;
                    (Outcome::Errored, vec![message])
                }
            };
            if clock::now() + every > until || self.check.retry.is_none() {
                return end;
            }
            sleep_until(clock::now() + every).await;
        }
    }

    /// Keeps what an attempt that counts has seen, and gives its end with what the wait before it has to say.
    fn keep(&mut self, turn: Turn, attempt: Attempt) -> End {
        self.attempts = turn.number;
        self.numbers = attempt.numbers;
        self.expectations = attempt.expectations;
        if matches!(attempt.end, End::Contradicted(_)) && self.first_contradicting.is_none() {
            self.first_contradicting = attempt.sample;
            // Otherwise an older attempt would stand behind this one.
            self.last = None;
        } else {
            self.last = attempt.sample;
        }
        match attempt.end {
            End::Contradicted(mut messages) if attempt.not_ready.is_some() => {
                messages.insert(0, self.never_ready(messages.first()));
                End::Contradicted(messages)
            }
            End::Failed(message) if attempt.not_ready.is_some() && self.not_ready.is_some() => {
                End::Failed(self.never_ready(Some(&message)))
            }
            end => end,
        }
    }

    fn too_few(&self, passed: u32) -> Message {
        let wanted = self.check.retry.map_or(1, |retry| retry.pass_after);
        let text = format!("only {passed} of {wanted} consecutive attempts passed before retry.until");
        Message::new(codes::ASSERTION_FAILED, &self.check.id, text).at(self.check.place.clone())
    }

    /// In the context of what was seen instead.
    fn never_ready(&self, instead: Option<&Message>) -> Message {
        let seen = self.not_ready.as_deref().unwrap_or("no wait for it was due");
        let text =
            format!("not ready when the stabilise window was over: {seen}; raise budget.stabilise if it starts slowly");
        let message = Message::new(codes::NOT_READY, &self.check.id, text).at(self.check.place.clone());
        Message { context: instead.and_then(|instead| instead.context.clone()), ..message }
    }

    fn out_of_time(&self) -> Message {
        let seen = match &self.not_ready {
            Some(seen) if self.attempts == 0 => format!("; it was not ready: {seen}"),
            _ => String::new(),
        };
        let text = format!(
            "not finished when the time for checks was over, after {} attempts{seen}; lower its timeout or retry.until, or \
             raise budget.total and the function's timeout",
            self.attempts
        );
        Message::new(codes::OUT_OF_TIME, &self.check.id, text).at(self.check.place.clone())
    }
}
