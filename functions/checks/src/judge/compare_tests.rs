//! Verdicts and messages over pairs that were never sent.

use http::{HeaderMap, StatusCode};

use super::*;
use crate::event::HookEvent;
use crate::plan::{self, EventPlan, Kind};

const WAYS: &str = "green via test listener, blue via production listener";

fn event(compare: &str) -> EventPlan {
    let text = format!(
        "version: 1\nhooks: {{ AfterAllowTestTraffic: [a] }}\nchecks:\n  - id: a\n    compare:\n      requests: [ {{ get: /x }} ]\n{compare}"
    );
    let plan = plan::read(&text, "checks.yaml", &plan::Givens::at(jiff::Timestamp::UNIX_EPOCH))
        .unwrap_or_else(|errors| panic!("{errors}"));
    plan.for_event(HookEvent::AfterAllowTestTraffic).unwrap()
}

pub(crate) fn answer(status: u16, body: &str, microseconds: u64) -> End {
    let status = StatusCode::from_u16(status).unwrap();
    Ok(Answer {
        version: http::Version::HTTP_11,
        status,
        headers: HeaderMap::new(),
        body: body.into(),
        took: Duration::from_micros(microseconds),
    })
}

pub(crate) fn refused() -> End {
    Err((ProbeError::Refused, Duration::from_micros(10)))
}

/// What a plan makes of these pairs, after good control pairs.
pub(crate) fn judged(
    plan: &str,
    count: u64,
    pair: impl Fn(u64) -> (End, End),
) -> (Outcome, Vec<String>, BTreeMap<String, f64>) {
    let controls = (0..20).map(|_| (answer(200, "{}", 1), answer(200, "{}", 1))).collect();
    judged_after(plan, controls, count, pair)
}

fn judged_after(
    plan: &str,
    controls: Vec<(End, End)>,
    count: u64,
    pair: impl Fn(u64) -> (End, End),
) -> (Outcome, Vec<String>, BTreeMap<String, f64>) {
    let plan = event(plan);
    let check = &plan.checks[0];
    let Kind::Compare(compare) = &check.kind else { panic!("it is a compare check") };
    let mut tally = Tally::of(compare);
    controls.iter().for_each(|(first, second)| tally.control(compare, 0, first, second));
    for index in 0..count {
        let (blue, green) = pair(index);
        tally.pair(compare, 0, &blue, &green);
    }
    let (outcome, messages) = judge(check, compare, &tally, WAYS);
    (outcome, messages.iter().map(ToString::to_string).collect(), numbers(compare, &tally))
}

/// A latency around so many microseconds, spread by half of it in both directions.
pub(crate) fn around(microseconds: u64, index: u64) -> u64 {
    microseconds / 2 + (index * 7919 % 100) * microseconds / 100
}

#[test]
fn a_slower_version_fails_with_its_figures() {
    let (outcome, said, numbers) = judged("", 100, |index| {
        (answer(200, "{}", around(41_000, index)), answer(200, "{}", around(74_000, index * 3 + 1)))
    });
    assert_eq!(outcome, Outcome::Failed);
    assert_eq!(
        said,
        [
            "GL1302 a: green is slower: median 1.8x (blue 40.8 ms, green 73.63 ms), 100 pairs, p < 0.0001, limit 1.25x; GET /x, green via test listener, blue via production listener [checks.yaml:6]"
        ]
    );
    assert!((numbers["requests[0].latency_ratio"] - 1.8).abs() < 0.05, "{numbers:?}");
    assert!(numbers["requests[0].latency_p"] < 0.0001 && numbers["requests[0].samples"] == 100.0, "{numbers:?}");
}

#[test]
fn slower_within_the_limit_and_slower_by_accident_are_no_failures() {
    let within = |index| (answer(200, "{}", around(40_000, index)), answer(200, "{}", around(46_000, index * 3 + 1)));
    assert_eq!(judged("", 100, within).0, Outcome::Passed);
    // The same, certain enough, with a limit that it does not keep.
    let strict = "      latency: { slower_by_at_most: 5%, confidence: 90% }\n";
    let (outcome, said, _) = judged(strict, 100, within);
    assert_eq!(outcome, Outcome::Failed);
    assert!(said[0].contains(", limit 1.05x; ") && said[0].ends_with("[checks.yaml:7]"), "{said:?}");
    assert_eq!(judged("      latency: off\n", 100, within).0, Outcome::Passed);
}

#[test]
fn identical_samples_are_never_slower() {
    for latency in ["{ slower_by_at_most: 0%, confidence: 50% }", "{ confidence: 99% }"] {
        let plan = format!("      latency: {latency}\n");
        let same = |index| (answer(200, "{}", around(1_000, index)), answer(200, "{}", around(1_000, index)));
        assert_eq!(judged(&plan, 100, same).0, Outcome::Passed, "{latency}");
        let equal = |_| (answer(200, "{}", 1_000), answer(200, "{}", 1_000));
        assert_eq!(judged(&plan, 100, equal).0, Outcome::Passed, "{latency}");
    }
}

#[test]
fn too_few_samples_are_no_verdict() {
    let (outcome, said, _) = judged("", 100, |index| {
        let refuses = index >= 49;
        let end = |latency| if refuses { refused() } else { answer(200, "{}", latency) };
        (end(1_000), end(9_000))
    });
    assert_eq!(outcome, Outcome::Inconclusive);
    assert_eq!(
        said,
        [
            "GL1301 a: latency not judged: 49 samples a side, 50 needed; raise pairs, or accept with on_inconclusive: warn; GET /x, green via test listener, blue via production listener [checks.yaml:6]"
        ]
    );
}

#[test]
fn differences_are_told_with_how_often_they_were_seen() {
    let plan = "      latency: off\n      response: { ignore: [ $.at ] }\n";
    let (outcome, said, numbers) = judged(plan, 100, |index| {
        let green = if index % 4 == 0 {
            format!(r#"{{"at":{index},"price":"9.50","l":[1,2]}}"#)
        } else {
            String::from("{\"price\":9.5}")
        };
        (answer(200, "{\"price\":9.5}", 1_000), answer(200, &green, 1_000))
    });
    assert_eq!(outcome, Outcome::Failed);
    let ways = "GET /x, green via test listener, blue via production listener [checks.yaml:8]";
    assert_eq!(
        said,
        [
            format!(
                "GL1303 a: $.price differs in type: expected 9.5 (number) as in blue, got \"9.50\" (string), in 25 of 100 pairs; {ways}"
            ),
            format!("GL1303 a: $.l is extra: expected nothing as in blue, got [1,2], in 25 of 100 pairs; {ways}"),
        ]
    );
    assert_eq!(numbers["differences"], 2.0);
}

#[test]
fn many_differences_are_counted_and_the_first_are_told() {
    let (_, said, _) = judged("      latency: off\n", 100, |_| {
        let body = |value: u32| {
            format!("{{{}}}", (0..8).map(|key| format!("\"k{key}\":{value}")).collect::<Vec<_>>().join(","))
        };
        (answer(200, &body(1), 1_000), answer(200, &body(2), 1_000))
    });
    assert_eq!(said.len(), 6);
    assert!(said[5].starts_with("GL1303 a: 8 differences in all, of which the first 5 are told; GET /x"), "{said:?}");
}

#[test]
fn what_two_answers_of_blue_differ_in_is_ignored_and_recorded() {
    let body = |at: u64, id: u64| format!(r#"{{"at":{at},"l":[{{"id":{id}}}]}}"#);
    let controls =
        || (0..20).map(|index| (answer(200, &body(index, 1), 1), answer(200, &body(index + 1, 2), 1))).collect();
    let noisy = |index| (answer(200, &body(index, index), 1_000), answer(200, &body(9, 9), 1_000));
    let (outcome, said, numbers) = judged_after("", controls(), 100, noisy);
    assert_eq!((outcome, said), (Outcome::Passed, Vec::new()));
    assert_eq!(numbers["requests[0].noise: $.at (value)"], 20.0);
    assert_eq!(numbers["requests[0].noise: $.l[*].id (value)"], 20.0);
    assert_eq!(numbers["control_pairs"], 20.0);
    // The value is noise; that there is one is not.
    let (outcome, said, _) =
        judged_after("", controls(), 100, |_| (answer(200, &body(1, 1), 1_000), answer(200, "{\"l\":[]}", 1_000)));
    assert_eq!(outcome, Outcome::Failed);
    assert!(said[0].starts_with("GL1303 a: $.at is missing: "), "{said:?}");
}

#[test]
fn green_may_have_as_many_errors_as_blue_and_no_more() {
    let failing = |blue: u64, green: u64| {
        move |index: u64| {
            let blue = if index < blue { refused() } else { answer(200, "{}", 1_000) };
            let green = if index < green { answer(503, "oh", 1_000) } else { answer(200, "{}", 1_000) };
            (blue, green)
        }
    };
    let (outcome, said, numbers) = judged("", 100, failing(0, 5));
    assert_eq!(outcome, Outcome::Failed);
    assert_eq!(
        said,
        [
            "GL1304 a: green has more errors: expected at most 0 of 100 requests as in blue, got 5, p = 0.0297; first: status 503; green via test listener, blue via production listener [checks.yaml:4]"
        ]
    );
    assert_eq!((numbers["blue_errors"], numbers["green_errors"]), (0.0, 5.0));
    assert!((numbers["errors_p"] - 0.029_691_605_234).abs() < 1e-9, "{numbers:?}");
    assert_eq!(judged("", 100, failing(5, 5)).0, Outcome::Passed);
    assert_eq!(judged("", 100, failing(5, 4)).0, Outcome::Passed);
}

#[test]
fn without_a_good_answer_of_blue_nothing_is_proven() {
    let (outcome, said, _) = judged("", 100, |_| (answer(404, "no", 1_000), answer(404, "no", 1_000)));
    assert_eq!(outcome, Outcome::Inconclusive);
    assert_eq!(
        said,
        [
            "GL1305 a: blue gave no 2xx answer in 20 control pairs and 100 pairs, so there is nothing to compare with; see whether the request is right for the version that serves; GET /x, green via test listener, blue via production listener [checks.yaml:4]"
        ]
    );
    let controls = (0..20).map(|_| (refused(), refused())).collect();
    let (outcome, said, _) = judged_after("", controls, 0, |_| (refused(), refused()));
    assert_eq!(outcome, Outcome::Inconclusive);
    assert!(said[0].starts_with("GL1305 a: blue gave no 2xx answer in 20 control pairs and 0 pairs"), "{said:?}");
}

#[test]
fn no_pairs_are_never_a_verdict() {
    for plan in ["", "      latency: off\n", "      latency: off\n      response: off\n"] {
        let (outcome, _, numbers) = judged(plan, 0, |_| unreachable!("there are none"));
        assert_eq!(outcome, Outcome::Inconclusive, "{plan}");
        assert!(!numbers.contains_key("requests[0].latency_ratio"), "{numbers:?}");
    }
    // Both answer, and never in the same pair.
    let (outcome, said, _) = judged("      latency: off\n", 100, |index| {
        let end = |fails: bool| if fails { refused() } else { answer(200, "{}", 1_000) };
        (end(index % 2 == 0), end(index % 2 == 1))
    });
    assert_eq!(outcome, Outcome::Inconclusive);
    assert!(said[0].starts_with("GL1301 a: answers not compared: 0 pairs with two answers, 10 needed; "), "{said:?}");
}

#[test]
fn latencies_spread_is_told_as_far_as_there_are_samples_for_it() {
    let hundred: Vec<f64> = (1..=100).rev().map(f64::from).collect();
    assert_eq!(spread(&hundred), [(10, 10.0), (25, 25.0), (75, 75.0), (90, 90.0), (95, 95.0)]);
    assert_eq!(spread(&hundred[..10]), [(25, 93.0), (75, 98.0)]);
    assert_eq!(spread(&[]), []);
}
