//! One `metric` check while it runs: the periods that were over when it began, asked for again while a value is missing. A
//! value that contradicts the plan ends it.

use std::time::Duration;

use tokio::time::{sleep_until, timeout_at};

use super::cloudwatch::{not_started, to_be_asked, unreadable};
use super::ended;
use crate::clock;
use crate::cloudwatch::{CloudWatch, Datapoint};
use crate::evidence::{CheckEvidence, Outcome};
use crate::judge::metric::{self as judge, Window};
use crate::message::{Message, codes};
use crate::plan::{Check, MetricCheck};
use crate::surroundings::Surroundings;

/// Between two questions: values come once a minute, and each question costs a little.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);

/// What was answered so far.
#[derive(Debug)]
struct Answers {
    questions: u32,
    last: (Outcome, Vec<Message>),
    /// What the last answer has.
    values: Option<Vec<Datapoint>>,
}

pub(super) async fn execute(check: &Check, metric: &MetricCheck, surroundings: &Surroundings) -> CheckEvidence {
    let cloudwatch = match to_be_asked(check, surroundings) {
        Ok(cloudwatch) => cloudwatch,
        Err(evidence) => return *evidence,
    };
    let started = clock::now();
    let deadline = surroundings.limits.deadline;
    if let Some(evidence) = not_started(check, "wait_for", metric.wait_for, deadline.duration_since(started)) {
        return evidence;
    }
    let window = Window::before(clock::timestamp(), metric);
    let mut answers = Answers { questions: 0, last: (Outcome::Errored, Vec::new()), values: None };
    let in_time = timeout_at(deadline, answers.collect(check, metric, window, cloudwatch)).await.is_ok();
    let (mut outcome, mut messages) = answers.last;
    if !in_time {
        outcome = Outcome::Errored;
        let text = "not finished when the time for checks was over; lower wait_for, or raise budget.total and the function's timeout";
        messages.insert(0, Message::new(codes::OUT_OF_TIME, &check.id, text).at(&*check.place));
    }
    let values = answers.values.as_deref();
    let mut numbers = judge::numbers(metric, window, values.unwrap_or_default());
    numbers.insert("questions".to_owned(), answers.questions.into());
    CheckEvidence {
        attempts: 1,
        took_ms: u64::try_from((clock::now() - started).as_millis()).unwrap_or(u64::MAX),
        numbers,
        expectations: judge::expectations(metric, values.map(|values| (window, values))),
        messages,
        ..ended(check, outcome, Message::new(codes::SKIPPED, "", ""))
    }
}

impl Answers {
    async fn collect(&mut self, check: &Check, metric: &MetricCheck, window: Window, cloudwatch: &dyn CloudWatch) {
        let until = clock::now() + metric.wait_for;
        let pause = (metric.wait_for / 6).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
        loop {
            let last_question = clock::now() >= until;
            let answer = cloudwatch.metric(&metric.query, window.from, window.to).await;
            self.questions += 1;
            let goes_on = match answer {
                Ok(values) => {
                    self.last = judge::judge(check, metric, window, &values);
                    if last_question && self.last.0 == Outcome::Inconclusive {
                        self.last = judge::judge(check, metric, window, &judge::settled(metric, window, &values));
                    }
                    self.values = Some(values);
                    self.last.0 == Outcome::Inconclusive
                }
                Err(unanswered) => {
                    self.last = (Outcome::Errored, vec![unreadable(check, &unanswered)]);
                    unanswered.may_pass
                }
            };
            if last_question || !goes_on {
                return;
            }
            sleep_until((clock::now() + pause).min(until)).await;
        }
    }
}
