//! Alarms and metrics while checks run: against a CloudWatch in this process that has
//! state. It answers by the number of the question, so that nothing depends on how busy the machine is.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;

use super::tests::{SECOND, codes, endpoints, event, limits};
use super::*;
use crate::cloudwatch::{Alarm, AlarmState, Answer, CloudWatch, Datapoint, MetricQuery, Unanswered};

/// What is so, and what becomes so later.
#[derive(Default)]
struct State {
    alarms: Vec<Alarm>,
    values: Vec<Datapoint>,
    /// Failing answers to the next questions.
    failing: Vec<Unanswered>,
    /// So many questions from now on, the alarm changes to this state.
    later: Option<(u32, &'static str, AlarmState)>,
    /// So many questions from now on, every period has this value.
    filled_later: Option<(u32, f64)>,
    questions: u32,
    hangs: bool,
}

#[derive(Default)]
struct Fake(Mutex<State>);

impl Fake {
    fn with(change: impl FnOnce(&mut State)) -> Arc<Self> {
        let mut state = State::default();
        change(&mut state);
        Arc::new(Self(Mutex::new(state)))
    }

    /// One question, and whatever is due by then.
    fn asked(&self) -> Result<(), Unanswered> {
        let mut state = self.0.lock().unwrap();
        state.questions += 1;
        if let Some((questions, name, becomes)) = state.later.clone()
            && state.questions >= questions
        {
            state.alarms.iter_mut().filter(|alarm| alarm.name == name).for_each(|alarm| alarm.state = becomes.clone());
        }
        if state.failing.is_empty() { Ok(()) } else { Err(state.failing.remove(0)) }
    }

    fn questions(&self) -> u32 {
        self.0.lock().unwrap().questions
    }
}

impl CloudWatch for Fake {
    fn alarms<'a>(&'a self, names: &'a [String]) -> Answer<'a, Vec<Alarm>> {
        Box::pin(async move {
            self.asked()?;
            if self.0.lock().unwrap().hangs {
                std::future::pending::<()>().await;
            }
            let state = self.0.lock().unwrap();
            Ok(state.alarms.iter().filter(|alarm| names.contains(&alarm.name)).cloned().collect())
        })
    }

    fn metric<'a>(&'a self, query: &'a MetricQuery, from: Timestamp, to: Timestamp) -> Answer<'a, Vec<Datapoint>> {
        Box::pin(async move {
            self.asked()?;
            let mut state = self.0.lock().unwrap();
            if let Some((questions, value)) = state.filled_later
                && state.questions >= questions
            {
                let step = i64::from(query.period_seconds);
                let periods = (from.as_second()..to.as_second()).step_by(usize::try_from(step).unwrap());
                state.values = periods.map(|at| Datapoint { at: Timestamp::from_second(at).unwrap(), value }).collect();
            }
            Ok(state.values.iter().filter(|value| value.at >= from && value.at < to).copied().collect())
        })
    }
}

fn alarm(name: &str, state: AlarmState) -> Alarm {
    Alarm { name: name.to_owned(), state, since: Some(Timestamp::UNIX_EPOCH), reason: None }
}

const ALARM: &str = "  - { id: a, alarm: { names: [shop-5xx], watch_for: 2s, every: 1s } }\n";
const METRIC: &str = "  - { id: a, metric: { namespace: Shop, name: Errors, statistic: Sum, over: 5m, wait_for: 2s }, expect: { at_most: 5 } }\n";

const LONG: &str = "  - { id: a, alarm: { names: [shop-5xx], watch_for: 60s } }\n";

async fn outcome(checks: &str, fake: &Arc<Fake>, deadline: Duration) -> CheckEvidence {
    let mut surroundings = Surroundings::new(endpoints("http://127.0.0.1:1"), limits(Duration::ZERO, deadline));
    surroundings.cloudwatch = Some(Arc::clone(fake) as Arc<dyn CloudWatch>);
    run(&event(checks, "a"), &surroundings).await.remove(0)
}

fn said(evidence: &CheckEvidence) -> String {
    evidence.messages[0].to_string()
}

#[tokio::test]
async fn an_alarm_that_stays_ok_is_watched_to_the_end_and_passes() {
    let fake = Fake::with(|state| state.alarms = vec![alarm("shop-5xx", AlarmState::Ok)]);
    let evidence = outcome(ALARM, &fake, 300 * SECOND).await;
    assert_eq!((evidence.outcome, codes(&evidence)), (Outcome::Passed, vec![]));
    // Three looks, or fewer on a machine that stood still meanwhile.
    assert!(evidence.took_ms >= 2_000 && (2..=3).contains(&fake.questions()), "{evidence:?}");
    assert_eq!((evidence.numbers["ok"], evidence.attempts), (1.0, 1));
    assert_eq!(evidence.numbers["looks"], f64::from(fake.questions()));
    assert_eq!(evidence.kind, "alarm");
}

#[tokio::test]
async fn without_watch_for_one_look_decides() {
    let fake = Fake::with(|state| state.alarms = vec![alarm("shop-5xx", AlarmState::Ok)]);
    let evidence = outcome("  - { id: a, alarm: { names: [shop-5xx] } }\n", &fake, 300 * SECOND).await;
    assert_eq!((evidence.outcome, fake.questions()), (Outcome::Passed, 1));
}

#[tokio::test]
async fn the_first_red_look_ends_the_watch() {
    let fake = Fake::with(|state| {
        state.alarms = vec![alarm("shop-5xx", AlarmState::Ok)];
        state.later = Some((2, "shop-5xx", AlarmState::Alarm));
    });
    let evidence = outcome(ALARM, &fake, 300 * SECOND).await;
    assert_eq!((evidence.outcome, fake.questions()), (Outcome::Failed, 2));
    let text = said(&evidence);
    assert!(
        text.starts_with(
            "GL1311 a: shop-5xx expected OK, got ALARM since 1970-01-01T00:00:00Z; 2 looks at CloudWatch in "
        ) && text.ends_with(" s [checks.yaml:4]"),
        "{text}"
    );
}

#[tokio::test]
async fn an_alarm_without_data_may_still_become_ok_and_the_last_look_decides() {
    let fake = Fake::with(|state| {
        state.alarms = vec![alarm("shop-5xx", AlarmState::InsufficientData)];
        state.later = Some((2, "shop-5xx", AlarmState::Ok));
    });
    assert_eq!(outcome(ALARM, &fake, 300 * SECOND).await.outcome, Outcome::Passed);
    let fake = Fake::with(|state| {
        state.alarms = vec![alarm("shop-5xx", AlarmState::Ok)];
        state.later = Some((2, "shop-5xx", AlarmState::InsufficientData));
    });
    let evidence = outcome(ALARM, &fake, 300 * SECOND).await;
    assert_eq!((evidence.outcome, codes(&evidence)), (Outcome::Inconclusive, vec!["GL1312"]));
}

#[tokio::test]
async fn a_missing_alarm_ends_the_watch_at_once() {
    let evidence = outcome(ALARM, &Fake::with(|_| ()), 300 * SECOND).await;
    assert_eq!((evidence.outcome, evidence.numbers["looks"]), (Outcome::Errored, 1.0));
    assert!(
        said(&evidence).starts_with("GL1313 a: shop-5xx does not exist in this account and region"),
        "{evidence:?}"
    );
}

fn unanswered(may_pass: bool) -> Unanswered {
    Unanswered { text: "cloudwatch:DescribeAlarms: Throttling".to_owned(), may_pass }
}

#[tokio::test]
async fn a_question_without_an_answer_is_asked_again_only_where_that_may_help() {
    let fake = Fake::with(|state| {
        state.alarms = vec![alarm("shop-5xx", AlarmState::Ok)];
        state.failing = vec![unanswered(true)];
    });
    assert_eq!(outcome(ALARM, &fake, 300 * SECOND).await.outcome, Outcome::Passed);
    let fake = Fake::with(|state| {
        state.alarms = vec![alarm("shop-5xx", AlarmState::Ok)];
        state.failing = vec![unanswered(false)];
    });
    let evidence = outcome(ALARM, &fake, 300 * SECOND).await;
    assert_eq!((evidence.outcome, fake.questions()), (Outcome::Errored, 1));
    assert_eq!(
        said(&evidence),
        "GL1315 a: CloudWatch could not be asked: cloudwatch:DescribeAlarms: Throttling; 1 look at CloudWatch in 0 s [checks.yaml:4]"
    );
}

#[tokio::test]
async fn a_watch_whose_last_look_got_no_answer_is_no_pass() {
    let fake = Fake::with(|state| {
        state.alarms = vec![alarm("shop-5xx", AlarmState::Ok)];
        state.failing = vec![unanswered(true); 3];
    });
    let evidence = outcome(ALARM, &fake, 300 * SECOND).await;
    let questions = fake.questions();
    assert!((2..=3).contains(&questions), "{questions}");
    assert_eq!((evidence.outcome, codes(&evidence)), (Outcome::Errored, vec!["GL1315"]));
}

#[tokio::test]
async fn without_a_cloudwatch_the_check_says_what_to_do() {
    for checks in [ALARM, METRIC] {
        let surroundings = Surroundings::new(endpoints("http://127.0.0.1:1"), limits(Duration::ZERO, 300 * SECOND));
        let evidence = run(&event(checks, "a"), &surroundings).await.remove(0);
        assert_eq!(evidence.outcome, Outcome::Errored);
        assert_eq!(
            said(&evidence),
            "GL1315 a: there is no CloudWatch to ask from here; run the check where AWS can be reached with credentials and a region, or leave it out of this event [checks.yaml:4]"
        );
    }
}

#[tokio::test]
async fn a_watch_that_does_not_fit_is_not_begun_and_one_that_hangs_ends_with_the_deadline() {
    let fake = Fake::with(|state| state.alarms = vec![alarm("shop-5xx", AlarmState::Ok)]);
    let evidence = outcome(LONG, &fake, 59 * SECOND).await;
    assert_eq!((evidence.outcome, fake.questions()), (Outcome::Errored, 0));
    let text = said(&evidence);
    assert!(
        text.starts_with("GL1903 a: not started: it takes up to 60 s (watch_for), and 5")
            && text.ends_with(" s are left for checks; shorten it or raise budget.total [checks.yaml:4]"),
        "{text}"
    );
    let fake = Fake::with(|state| state.hangs = true);
    let evidence = outcome(ALARM, &fake, 3 * SECOND).await;
    assert_eq!((evidence.outcome, codes(&evidence)), (Outcome::Errored, vec!["GL1903"]));
}

#[tokio::test]
async fn a_metric_waits_for_its_values_and_is_judged_when_they_are_there() {
    let fake = Fake::with(|state| state.filled_later = Some((2, 5.0)));
    let evidence = outcome(METRIC, &fake, 300 * SECOND).await;
    assert_eq!((evidence.outcome, fake.questions()), (Outcome::Passed, 2));
    assert_eq!((evidence.numbers["values"], evidence.numbers["max"], evidence.kind.as_str()), (5.0, 5.0, "metric"));
    let fake = Fake::with(|state| state.filled_later = Some((1, 5.5)));
    let evidence = outcome(METRIC, &fake, 300 * SECOND).await;
    assert_eq!((evidence.outcome, codes(&evidence), fake.questions()), (Outcome::Failed, vec!["GL1201"], 1));
}

#[tokio::test]
async fn a_metric_without_data_is_inconclusive_when_the_wait_is_over_and_never_a_pass() {
    let fake = Fake::with(|_| ());
    let evidence = outcome(METRIC, &fake, 300 * SECOND).await;
    assert_eq!((evidence.outcome, codes(&evidence)), (Outcome::Inconclusive, vec!["GL1314"]));
    assert!(evidence.took_ms >= 2_000 && fake.questions() >= 2, "{evidence:?}");
    let fake = Fake::with(|state| state.failing = vec![unanswered(false)]);
    let evidence = outcome(METRIC, &fake, 300 * SECOND).await;
    assert_eq!((evidence.outcome, codes(&evidence), fake.questions()), (Outcome::Errored, vec!["GL1315"], 1));
}

#[tokio::test]
async fn what_is_missing_counts_as_zero_only_after_it_was_waited_for_and_the_evidence_counts_no_value() {
    let quiet = METRIC.replace("wait_for: 2s", "wait_for: 2s, missing: zero");
    let fake = Fake::with(|_| ());
    let evidence = outcome(&quiet, &fake, 300 * SECOND).await;
    assert_eq!((evidence.outcome, codes(&evidence)), (Outcome::Passed, vec![]));
    assert!(evidence.took_ms >= 2_000 && fake.questions() >= 2, "{evidence:?}");
    assert_eq!((evidence.numbers["periods"], evidence.numbers["values"]), (5.0, 0.0));
    let fake = Fake::with(|state| state.filled_later = Some((2, 7.0)));
    let evidence = outcome(&quiet, &fake, 300 * SECOND).await;
    assert_eq!((evidence.outcome, codes(&evidence)), (Outcome::Failed, vec!["GL1201"]), "what comes late counts");
    let fake = Fake::with(|state| state.failing = vec![unanswered(false)]);
    let evidence = outcome(&quiet, &fake, 300 * SECOND).await;
    assert_eq!((evidence.outcome, codes(&evidence)), (Outcome::Errored, vec!["GL1315"]), "no answer is no zero");
}
