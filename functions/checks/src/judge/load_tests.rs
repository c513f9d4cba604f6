//! Limits and messages, as a table over what was measured.

use std::time::Duration;

use http::{HeaderMap, StatusCode};

use super::*;
use crate::event::HookEvent;
use crate::plan::{self, Kind};
use crate::probe::error::ProbeError;
use crate::probe::http::Answer;

const MILLISECOND: Duration = Duration::from_millis(1);

fn answer(status: u16) -> Answer {
    let status = StatusCode::from_u16(status).unwrap();
    Answer { version: http::Version::HTTP_11, status, headers: HeaderMap::new(), body: Vec::new(), took: MILLISECOND }
}

/// `good` answers of 1 ms, 2 ms, …, and so many refused connections, within ten seconds.
fn measured(good: u32, refused: u32) -> Measured {
    let mut measured = Measured::new();
    measured.sending = Duration::from_secs(10);
    (1..=good).for_each(|index| measured.keep(Ok(answer(200)), MILLISECOND * index));
    (0..refused).for_each(|_| measured.keep(Err(ProbeError::Refused), MILLISECOND));
    measured
}

fn judged(expect: &str, measured: &Measured) -> (Outcome, Vec<String>) {
    let text = format!(
        "version: 1\nhooks: {{ AfterAllowTestTraffic: [load] }}\nchecks:\n  - id: load\n    load: {{ get: /, rate: 20/s, for: 30s }}\n    expect: {expect}\n"
    );
    let plan = plan::read(&text, "checks.yaml", &plan::Givens::at(jiff::Timestamp::UNIX_EPOCH))
        .unwrap_or_else(|errors| panic!("{errors}"));
    let event = plan.for_event(HookEvent::AfterAllowTestTraffic).unwrap();
    let Kind::Load(load) = &event.checks[0].kind else { panic!("it is a load check") };
    let (outcome, messages) = judge(&event.checks[0], load, measured, "GET /");
    (outcome, messages.iter().map(ToString::to_string).collect())
}

#[test]
fn every_limit_holds_or_says_what_was_measured() {
    use Outcome::{Failed, Inconclusive, Passed};
    let table = [
        ("[ 'p95 <= 96ms' ]", measured(100, 0), Passed, ""),
        ("[ 'p95 < 95ms' ]", measured(100, 0), Failed, "p95 expected < 95 ms, got 95.04 ms"),
        ("[ 'p50 <= 40ms' ]", measured(100, 0), Failed, "p50 expected <= 40 ms, got 50.02 ms"),
        ("[ 'p90 <= 100ms', 'max <= 1s', 'mean <= 51ms' ]", measured(100, 0), Passed, ""),
        ("[ 'max <= 99ms' ]", measured(100, 0), Failed, "max expected <= 99 ms, got 100.03 ms"),
        ("[ 'mean <= 10ms' ]", measured(100, 0), Failed, "mean expected <= 10 ms, got 50.5 ms"),
        ("[ 'errors <= 1%' ]", measured(99, 1), Passed, ""),
        ("[ 'errors < 1%' ]", measured(99, 1), Failed, "errors expected < 1%, got 1%"),
        ("[ 'errors <= 0%' ]", measured(199, 1), Failed, "errors expected <= 0%, got 0.5%"),
        (
            "[ 'p95 <= 1s' ]",
            measured(100, 100),
            Failed,
            "errors expected none, because expect names no limit for them, got 100 of 200 requests",
        ),
        ("[ 'achieved_rate >= 10/s' ]", measured(100, 0), Passed, ""),
        ("[ 'achieved_rate > 19.5/s' ]", measured(100, 0), Failed, "achieved_rate expected > 19.5/s, got 10/s"),
        (
            "[ 'p95 <= 1s' ]",
            measured(61, 0),
            Inconclusive,
            "p95 not judged: 61 samples, 100 needed; raise rate or duration, or accept with on_inconclusive: warn",
        ),
        ("[ 'p99 <= 1s' ]", measured(500, 0), Passed, ""),
        (
            "[ 'p99 <= 1s' ]",
            measured(499, 0),
            Inconclusive,
            "p99 not judged: 499 samples, 500 needed; raise rate or duration, or accept with on_inconclusive: warn",
        ),
        (
            "[ 'errors <= 50%' ]",
            measured(90, 9),
            Inconclusive,
            "errors not judged: 99 samples, 100 needed; raise rate or duration, or accept with on_inconclusive: warn",
        ),
        (
            "[ 'errors <= 50%', 'p95 <= 1s' ]",
            measured(60, 40),
            Inconclusive,
            "p95 not judged: 60 samples, 100 needed; raise rate or duration, or accept with on_inconclusive: warn",
        ),
    ];
    for (expect, measured, outcome, said) in table {
        let code = if outcome == Inconclusive { "GL1301" } else { "GL1201" };
        let line = if said.starts_with("errors expected none") { 4 } else { 6 };
        let said: Vec<String> = Some(said)
            .filter(|said| !said.is_empty())
            .map(|said| format!("{code} load: {said}; GET / [checks.yaml:{line}]"))
            .into_iter()
            .collect();
        assert_eq!(judged(expect, &measured), (outcome, said), "{expect}");
    }
}

#[test]
fn a_contradicted_limit_is_a_failure_also_where_another_was_not_judged() {
    let (outcome, messages) = judged("[ 'p95 <= 1s', 'mean <= 1ms' ]", &measured(50, 0));
    assert_eq!((outcome, messages.len()), (Outcome::Failed, 2));
    assert!(messages[0].starts_with("GL1201 load: mean"), "{messages:?}");
}

#[test]
fn no_samples_is_never_a_verdict() {
    let (outcome, _) = judged("[ 'max <= 1s' ]", &Measured::new());
    assert_eq!(outcome, Outcome::Inconclusive);
    let numbers = numbers(&Measured::new());
    assert!(numbers.values().all(|value| *value == 0.0) && !numbers.contains_key("p95_ms"), "{numbers:?}");
}

#[test]
fn a_wrong_status_has_a_latency_and_a_refused_connection_has_none() {
    let mut measured = measured(0, 1);
    measured.keep(Ok(answer(500)), 7 * MILLISECOND);
    measured.keep(Err(ProbeError::Timeout(9 * MILLISECOND)), 9 * MILLISECOND);
    assert_eq!((measured.errors, measured.ended, measured.latencies.len()), (3, 3, 2));
}

#[test]
fn the_rate_is_known_for_every_second_and_the_lowest_is_a_figure() {
    let mut measured = measured(100, 0);
    measured.sending = Duration::from_millis(3_400);
    measured.sent_by_second = vec![20, 7, 20, 8];
    assert_eq!(numbers(&measured)["achieved_rate_lowest_second"], 7.0);
    assert_eq!(series(&measured)["achieved_rate"], Series { seconds_each: 1, values: vec![20.0, 7.0, 20.0, 8.0] });
    // A second in which nothing was sent, also where it is the last.
    measured.sent_by_second = vec![20, 20];
    assert_eq!(numbers(&measured)["achieved_rate_lowest_second"], 0.0);
    measured.sending = Duration::from_millis(900);
    assert!(!numbers(&measured).contains_key("achieved_rate_lowest_second"));
    assert!(series(&Measured::new()).is_empty());
}

#[test]
fn a_long_series_is_kept_compactly() {
    let mut measured = measured(0, 0);
    measured.sent_by_second = (0..1_800).map(|second| second % 2 * 10).collect();
    let series = series(&measured).remove("achieved_rate").unwrap();
    assert_eq!((series.seconds_each, series.values.len(), series.values[0]), (15, 120, 4.67));
}
