//! `load` and `compare`: how much is asked, what of it is left out, and how much it takes to judge.

use std::time::Duration;

use super::{check, refused};
use crate::evidence::Outcome;
use crate::judge::compare::tests::{answer as reply, around, judged};
use crate::plan::{CompareCheck, Kind, LoadCheck, Measure, WarmUp};
use crate::probe::compare::{Turn, schedule};
use crate::probe::load::Schedule;

fn load(fields: &str) -> LoadCheck {
    let plan = check(&format!("load: {{ get: /, {fields} }}, expect: [ 'errors <= 1%' ]"));
    let Kind::Load(load) = &plan.checks[0].kind else { panic!("it is a load check") };
    load.clone()
}

fn compare(fields: &str) -> CompareCheck {
    let plan = check(&format!("compare: {{ requests: [ {{ get: /x }}, {{ get: /y }} ]{fields} }}"));
    let Kind::Compare(compare) = &plan.checks[0].kind else { panic!("it is a compare check") };
    compare.clone()
}

#[test]
fn a_load_needs_a_rate_and_a_length() {
    let load = load("rate: 20/s, for: 30s");
    assert_eq!((load.rate, load.duration, load.max_in_flight), (20.0, Duration::from_secs(30), 40));
    assert_eq!(
        refused("load: { get: / }, expect: [ 'errors <= 1%' ]"),
        [
            "GL1001 plan: checks[0].load: \"rate\" is missing (checks.yaml:4:20)",
            "GL1001 plan: checks[0].load: \"for\" is missing (checks.yaml:4:20)"
        ]
    );
}

#[test]
fn a_load_is_warmed_up_for_five_seconds_or_twenty_requests_whichever_is_more() {
    for (fields, warm_up) in [
        ("rate: 20/s, for: 30s", 100),
        ("rate: 4/s, for: 30s", 20),
        ("rate: 1/s, for: 30s", 20),
        ("rate: 20/s, for: 30s, warm_up: 2s", 40),
        ("rate: 20/s, for: 30s, warm_up: 0s", 0),
        ("rate: 20/s, for: 30s, warm_up: { requests: 7 }", 7),
    ] {
        let load = load(fields);
        assert_eq!(load.warm_up == WarmUp::Default, !fields.contains("warm_up"), "{fields}");
        let schedule = Schedule::of(&load);
        assert_eq!(schedule.warm_up, warm_up, "{fields}");
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the rates are small and whole")]
        let judged = load.rate as u64 * 30;
        assert_eq!(schedule.judged, judged, "{fields}: what is judged comes after it");
    }
}

#[test]
fn p95_needs_a_hundred_samples_p99_five_hundred_and_an_error_rate_a_hundred() {
    let needed: Vec<_> = Measure::ALL.into_iter().map(|(name, measure)| (name, measure.samples_needed())).collect();
    assert_eq!(
        needed,
        [
            ("p50", 10),
            ("p90", 50),
            ("p95", 100),
            ("p99", 500),
            ("p99.9", 5_000),
            ("max", 10),
            ("mean", 10),
            ("errors", 100),
            ("achieved_rate", 10),
        ]
    );
}

#[test]
fn a_comparison_has_a_hundred_pairs_for_each_request_and_twenty_of_blue_with_itself() {
    let turns = |compare: &CompareCheck, turn: Turn, request: usize| {
        schedule(compare).filter(|step| (step.turn, step.request) == (turn, request)).count()
    };
    for request in [0, 1] {
        let default = compare("");
        assert_eq!(turns(&default, Turn::Judged, request), 100);
        assert_eq!(turns(&default, Turn::Control, request), 20);
        assert_eq!(turns(&default, Turn::WarmUp, request), 10);
        assert_eq!(turns(&compare(", pairs: 250"), Turn::Judged, request), 250);
    }
    let default = compare("");
    let requests: Vec<usize> = schedule(&default).map(|step| step.request).collect();
    assert!(requests.iter().enumerate().all(|(index, request)| *request == index % 2), "{requests:?}");
    assert_eq!(
        refused("compare: { requests: [ { get: / } ], pairs: 1001 }"),
        ["GL1001 plan: checks[0].compare.pairs: expected a whole number from 1 to 1000, got 1001 (checks.yaml:4:58)"]
    );
}

#[test]
fn green_may_be_a_quarter_slower_and_fails_only_where_ratio_and_test_both_say_so() {
    let limit = compare("").latency.unwrap();
    assert_eq!((limit.ratio, limit.confidence), (1.25, 0.99));
    assert_eq!(compare(", latency: off").latency, None);

    let slower_by = |green: u64| {
        move |index| (reply(200, "{}", around(40_000, index)), reply(200, "{}", around(green, index * 3 + 1)))
    };
    // Certain, and within the limit: the ratio does not say so.
    let sure = "      latency: { slower_by_at_most: 25%, confidence: 50% }\n";
    assert_eq!(judged(sure, 100, slower_by(47_000)).0, Outcome::Passed);
    // Past the limit, and not certain enough: the test does not say so.
    let unsure = "      latency: { slower_by_at_most: 25%, confidence: 99.999% }\n";
    assert_eq!(judged(unsure, 50, slower_by(53_000)).0, Outcome::Passed);
    // Both.
    let (outcome, told, _) = judged("", 50, slower_by(53_000));
    assert_eq!(outcome, Outcome::Failed);
    assert!(told[0].starts_with("GL1302 a: green is slower: median 1.3"), "{told:?}");
    assert!(told[0].contains(", 50 pairs, p = 0.0001") && told[0].contains(", limit 1.25x; "), "{told:?}");
}
