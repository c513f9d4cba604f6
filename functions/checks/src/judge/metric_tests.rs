//! Values and messages, as a table.

use super::*;
use crate::event::HookEvent;
use crate::plan::{self, EventPlan, Kind};

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn event(metric: &str, expect: &str) -> EventPlan {
    let text = format!(
        "version: 1\nhooks: {{ AfterAllowTraffic: [errors] }}\nchecks:\n  - id: errors\n    metric: {{ namespace: Shop, name: Errors, statistic: Sum, {metric} }}\n    expect: {expect}\n"
    );
    let plan = plan::read(&text, "checks.yaml", &plan::Givens::at(Timestamp::UNIX_EPOCH))
        .unwrap_or_else(|errors| panic!("{errors}"));
    plan.for_event(HookEvent::AfterAllowTraffic).unwrap()
}

/// The check over three minutes, and values by the second that each of their periods begins after 12:00.
pub(crate) fn judged(expect: &str, values: &[(i64, f64)]) -> (Outcome, Vec<String>) {
    let event = event("dimensions: { Stage: live }, period: 60s, over: 3m", expect);
    let Kind::Metric(metric) = &event.checks[0].kind else { panic!("it is a metric check") };
    let window = Window::before(time("2026-02-08T12:03:59.9Z"), metric);
    let datapoint = |(second, value): &(i64, f64)| Datapoint {
        at: Timestamp::from_second(window.from.as_second() + second).unwrap(),
        value: *value,
    };
    let values: Vec<_> = values.iter().map(datapoint).collect();
    let (outcome, messages) = judge(&event.checks[0], metric, window, &values);
    (outcome, messages.iter().map(ToString::to_string).collect())
}

const CONTEXT: &str = "Sum of Shop Errors (Stage=live), 3 periods of 60s from 2026-02-08T12:00:00Z to 2026-02-08T12:03:00Z [checks.yaml:6]";

/// What is expected, the values, the outcome, and what is said.
type Row = (&'static str, &'static [(i64, f64)], Outcome, &'static str);

#[test]
fn every_value_is_held_against_what_is_expected() {
    use Outcome::{Failed, Inconclusive, Passed};
    let table: [Row; 9] = [
        ("{ at_most: 5 }", &[(0, 5.0), (60, 0.0), (120, 4.5)], Passed, ""),
        ("0", &[(0, 0.0), (60, 0.0), (120, 0.0)], Passed, ""),
        ("{ at_least: 1, less_than: 9 }", &[(0, 1.0), (60, 8.0), (120, 4.5)], Passed, ""),
        (
            "{ at_most: 5 }",
            &[(0, 5.0), (60, 7.5), (120, 6.0)],
            Failed,
            "GL1201 errors: every value expected <= 5, got 7.5 in the period that began at 2026-02-08T12:01:00Z, in 2 of 3 periods",
        ),
        (
            "{ at_most: 5 }",
            &[(120, 6.0)],
            Failed,
            "GL1201 errors: every value expected <= 5, got 6 in the period that began at 2026-02-08T12:02:00Z, in 1 of 3 periods",
        ),
        (
            "{ at_most: 5 }",
            &[(0, 5.0), (120, 1.0)],
            Inconclusive,
            "GL1314 errors: not judged: no value for 1 of 3 periods, the first of them began at 2026-02-08T12:01:00Z; missing data is no zero: check namespace, name and dimensions, wait longer (wait_for), say missing: zero where the metric is published only when it is not 0, or accept with on_inconclusive: warn",
        ),
        (
            "{ at_most: 5 }",
            &[],
            Inconclusive,
            "GL1314 errors: not judged: no value for 3 of 3 periods, the first of them began at 2026-02-08T12:00:00Z; missing data is no zero: check namespace, name and dimensions, wait longer (wait_for), say missing: zero where the metric is published only when it is not 0, or accept with on_inconclusive: warn",
        ),
        // What was not asked for fills no gap, and neither does what is no number.
        (
            "{ at_most: 5 }",
            &[(-60, 1.0), (0, 1.0), (0, 1.0), (60, 1.0), (180, 1.0)],
            Inconclusive,
            "GL1314 errors: not judged: no value for 1 of 3 periods, the first of them began at 2026-02-08T12:02:00Z; missing data is no zero: check namespace, name and dimensions, wait longer (wait_for), say missing: zero where the metric is published only when it is not 0, or accept with on_inconclusive: warn",
        ),
        (
            "{ not: 7 }",
            &[(0, f64::NAN), (60, 1.0), (120, 1.0)],
            Inconclusive,
            "GL1314 errors: not judged: no value for 1 of 3 periods, the first of them began at 2026-02-08T12:00:00Z; missing data is no zero: check namespace, name and dimensions, wait longer (wait_for), say missing: zero where the metric is published only when it is not 0, or accept with on_inconclusive: warn",
        ),
    ];
    for (expect, values, outcome, said) in table {
        let said: Vec<String> =
            Some(said).filter(|said| !said.is_empty()).map(|said| format!("{said}; {CONTEXT}")).into_iter().collect();
        assert_eq!(judged(expect, values), (outcome, said), "{expect} {values:?}");
    }
}

#[test]
fn what_is_missing_is_zero_only_where_the_plan_says_so_and_every_zero_is_judged() {
    for (missing, expect, outcome) in [
        ("inconclusive", "0", Outcome::Inconclusive),
        ("zero", "0", Outcome::Passed),
        ("zero", "{ at_least: 1 }", Outcome::Failed),
    ] {
        let event = event(&format!("period: 60s, over: 3m, missing: {missing}"), expect);
        let Kind::Metric(metric) = &event.checks[0].kind else { panic!("it is a metric check") };
        let window = Window::before(time("2026-02-08T12:03:00Z"), metric);
        let values = settled(metric, window, &[Datapoint { at: window.from, value: 0.0 }]);
        assert_eq!(judge(&event.checks[0], metric, window, &values).0, outcome, "{missing} {expect}");
        assert_eq!(numbers(metric, window, &[])["values"], 0.0, "an assumed value is no measured one");
    }
    let event = event("over: 3m, missing: zero", "0");
    let Kind::Metric(metric) = &event.checks[0].kind else { panic!("it is a metric check") };
    let window = Window::before(time("2026-02-08T12:03:00Z"), metric);
    let text = judge(&event.checks[0], metric, window, &[]).1[0].to_string();
    assert!(!text.contains("say missing: zero") && text.contains("wait longer (wait_for), or accept"), "{text}");
}

#[test]
fn both_ends_of_a_range_are_told_in_their_order() {
    let (outcome, said) = judged("{ at_least: 2, at_most: 5 }", &[(0, 9.0), (60, 1.0), (120, 3.0)]);
    assert_eq!((outcome, said.len()), (Outcome::Failed, 2));
    assert!(said[0].contains("<= 5, got 9") && said[1].contains(">= 2, got 1"), "{said:?}");
}

#[test]
fn the_window_is_made_of_whole_periods_that_are_over() {
    for (metric, now, from, to) in [
        ("period: 60s, over: 3m", "2026-02-08T12:03:59.9Z", "2026-02-08T12:00:00Z", "2026-02-08T12:03:00Z"),
        ("period: 60s, over: 3m", "2026-02-08T12:04:00Z", "2026-02-08T12:01:00Z", "2026-02-08T12:04:00Z"),
        ("period: 10s, over: 10s", "2026-02-08T12:03:59Z", "2026-02-08T12:03:40Z", "2026-02-08T12:03:50Z"),
        ("period: 1h, over: 2h", "2026-02-08T12:59:59Z", "2026-02-08T10:00:00Z", "2026-02-08T12:00:00Z"),
    ] {
        let event = event(metric, "0");
        let Kind::Metric(metric) = &event.checks[0].kind else { panic!("it is a metric check") };
        assert_eq!(Window::before(time(now), metric), Window { from: time(from), to: time(to) }, "{now}");
    }
}

#[test]
fn figures_are_of_values_that_are_there() {
    let event = event("over: 3m", "0");
    let Kind::Metric(metric) = &event.checks[0].kind else { panic!("it is a metric check") };
    let window = Window::before(time("2026-02-08T12:03:00Z"), metric);
    let values = [Datapoint { at: window.from, value: 2.0 }];
    assert_eq!(numbers(metric, window, &values)["max"], 2.0);
    let none = numbers(metric, window, &[]);
    assert!(none["values"] == 0.0 && !none.contains_key("min"), "{none:?}");
}
