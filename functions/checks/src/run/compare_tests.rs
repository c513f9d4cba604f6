//! The comparison against two real servers, on the live clock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, Uri};

use super::tests::{SECOND, codes, endpoints, event, limits};
use super::*;
use crate::surroundings::Endpoints;
use crate::test_server::{Address, address, answer};

/// Where a server is, and the requests that it gets, shared with the other one so that their order is known.
struct Server {
    base: String,
}

type Arrivals = Arc<Mutex<Vec<String>>>;

/// A server called `name` that gives this answer to the request of this number, from 0, after this long.
async fn served(
    name: &'static str,
    arrivals: &Arrivals,
    reply: impl Fn(u64, &str) -> (u16, String, Duration) + Clone + Send + Sync + 'static,
) -> Server {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (arrivals, count) = (Arc::clone(arrivals), Arc::new(AtomicU64::new(0)));
    let handler = move |uri: Uri| {
        arrivals.lock().unwrap().push(format!("{name} {uri}"));
        let (status, body, after) = reply(count.fetch_add(1, Ordering::Relaxed), uri.path());
        async move {
            tokio::time::sleep(after).await;
            (StatusCode::from_u16(status).unwrap(), body)
        }
    };
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handler)).await });
    Server { base }
}

fn both(blue: &str, green: &str) -> Endpoints {
    let blue = Endpoint { via: "production listener".to_owned(), ..endpoints(blue).green.unwrap() };
    Endpoints { blue: Some(blue), ..endpoints(green) }
}

fn comparing(fields: &str) -> EventPlan {
    event(&format!("  - {{ id: a, compare: {{ requests: [ {{ get: /x }}, {{ get: /y }} ], {fields} }} }}\n"), "a")
}

async fn compared(plan: &EventPlan, blue: &str, green: &str) -> CheckEvidence {
    run(plan, &Surroundings::new(both(blue, green), limits(Duration::ZERO, 60 * SECOND))).await.remove(0)
}

#[tokio::test]
async fn the_same_version_twice_passes_and_pairs_take_turns() {
    let arrivals = Arrivals::default();
    let same = |number: u64, path: &str| (200, format!(r#"{{"n":{number},"path":"{path}"}}"#), Duration::ZERO);
    let (blue, green) = (served("blue", &arrivals, same).await, served("green", &arrivals, same).await);
    let plan = comparing("pairs: 10, latency: off");
    let evidence = compared(&plan, &blue.base, &green.base).await;
    assert_eq!((evidence.outcome, evidence.kind.as_str()), (Outcome::Passed, "compare"), "{evidence:?}");
    let numbers = &evidence.numbers;
    assert_eq!((numbers["pairs"], numbers["warm_up_pairs"], numbers["control_pairs"]), (20.0, 2.0, 40.0));
    assert_eq!(numbers["requests[1].noise: $.n (value)"], 20.0);
    assert_eq!(
        evidence.samples.iter().map(|sample| sample.via.as_str()).collect::<Vec<_>>(),
        ["production listener", "test listener"]
    );

    let arrivals = arrivals.lock().unwrap();
    assert_eq!(arrivals.len(), 80 + 2 * 2 + 2 * 20);
    let (controls, pairs) = arrivals.split_at(80);
    assert!(controls.iter().all(|arrival| arrival.starts_with("blue ")), "{controls:?}");
    assert_eq!(controls[..4], ["blue /x", "blue /x", "blue /y", "blue /y"]);
    assert_eq!(pairs[..4], ["blue /x", "green /x", "blue /y", "green /y"]);
    // The warm-up is one pair; then counting begins again.
    assert_eq!(pairs[4..8], ["blue /x", "green /x", "blue /y", "green /y"]);
    assert_eq!(pairs[8..12], ["green /x", "blue /x", "green /y", "blue /y"]);
}

#[tokio::test]
async fn a_slower_version_is_told_with_its_figures_and_a_cold_one_is_not() {
    let arrivals = Arrivals::default();
    // The spread is wider than what a busy machine adds.
    let spread = |number: u64| Duration::from_millis(10 + number * 7 % 14);
    let blue = served("blue", &arrivals, move |number, _| (200, "{}".to_owned(), spread(number))).await;
    let slow = served("green", &arrivals, move |number, _| (200, "{}".to_owned(), spread(number) * 6)).await;
    let one = "  - { id: same-as-blue, compare: { requests: [ { get: /x } ], pairs: 60 } }\n";
    let plan = event(one, "same-as-blue");
    let evidence = compared(&plan, &blue.base, &slow.base).await;
    assert_eq!((evidence.outcome, codes(&evidence)), (Outcome::Failed, vec!["GL1302"]), "{evidence:?}");
    let text = evidence.messages[0].to_string();
    assert!(text.starts_with("GL1302 same-as-blue: green is slower: median "), "{text}");
    assert!(text.contains(" ms), 60 pairs, p "), "{text}");
    assert!(
        text.ends_with(", limit 1.25x; GET /x, green via test listener, blue via production listener [checks.yaml:4]"),
        "{text}"
    );
    assert!(evidence.numbers["requests[0].latency_ratio"] > 1.5, "{:?}", evidence.numbers);

    // The warm-up is six pairs.
    let cold = served("green", &arrivals, move |number, _| {
        (200, "{}".to_owned(), if number < 6 { SECOND } else { Duration::from_millis(1) })
    });
    let evidence = compared(&plan, &blue.base, &cold.await.base).await;
    assert_eq!(evidence.outcome, Outcome::Passed, "{evidence:?}");
}

#[tokio::test]
async fn a_difference_is_told_and_both_answers_are_kept() {
    let arrivals = Arrivals::default();
    let blue = served("blue", &arrivals, |_, _| (200, r#"{"price":9.5}"#.to_owned(), Duration::ZERO)).await;
    let green = served("green", &arrivals, |_, path| {
        let price = if path == "/y" { r#""9.50""# } else { "9.5" };
        (200, format!(r#"{{"price":{price}}}"#), Duration::ZERO)
    });
    let evidence = compared(&comparing("pairs: 10, latency: off"), &blue.base, &green.await.base).await;
    assert_eq!(evidence.outcome, Outcome::Failed);
    let told: Vec<String> = evidence.messages.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "GL1303 a: $.price differs in type: expected 9.5 (number) as in blue, got \"9.50\" (string), in 10 of 10 pairs; GET /y, green via test listener, blue via production listener [checks.yaml:4]"
        ]
    );
    let bodies: Vec<_> = evidence.samples.iter().filter_map(|sample| sample.body.as_deref()).collect();
    assert_eq!(bodies, [r#"{"price":9.5}"#, r#"{"price":"9.50"}"#]);
}

#[tokio::test]
async fn more_errors_than_blue_are_a_failure() {
    let arrivals = Arrivals::default();
    let blue = served("blue", &arrivals, |_, _| (200, "{}".to_owned(), Duration::ZERO)).await;
    let green = served("green", &arrivals, |number, _| {
        (if number % 10 == 9 { 500 } else { 200 }, "{}".to_owned(), Duration::ZERO)
    });
    let evidence = compared(&comparing("pairs: 10, latency: off"), &blue.base, &green.await.base).await;
    assert_eq!((evidence.outcome, codes(&evidence)), (Outcome::Failed, vec!["GL1304"]), "{evidence:?}");
    assert_eq!(
        evidence.messages[0].to_string(),
        "GL1304 a: green has more errors: expected at most 0 of 20 requests as in blue, got 2, p = 0.2436; first: status 500; green via test listener, blue via production listener [checks.yaml:4]"
    );
}

#[tokio::test]
async fn without_blue_the_check_says_what_to_do() {
    let address = address();
    let base = address.base.clone();
    let requests = address.serve(|_, _| answer(200, ""));
    let plan = comparing("pairs: 10, latency: off");
    let evidence =
        run(&plan, &Surroundings::new(endpoints(&base), limits(Duration::ZERO, 10 * SECOND))).await.remove(0);
    assert_eq!(evidence.outcome, Outcome::Errored);
    assert_eq!(
        evidence.messages[0].to_string(),
        "GL1305 a: there is no way to the version that serves, so there is nothing to compare with: once production has moved, no listener leads to blue any more, so run this check at AfterAllowTestTraffic or BeforeAllowTraffic, or name an address in endpoints.blue.url; with `greenlight check` give --blue URL [checks.yaml:4]"
    );
    assert_eq!(requests.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn a_blue_that_does_not_answer_is_no_baseline() {
    let Address { base: nobody, .. } = address();
    let arrivals = Arrivals::default();
    let green = served("green", &arrivals, |_, _| (200, "{}".to_owned(), Duration::ZERO)).await;
    let evidence = compared(&comparing("pairs: 50"), &nobody, &green.base).await;
    assert_eq!((evidence.outcome, codes(&evidence)), (Outcome::Inconclusive, vec!["GL1305", "GL1305"]), "{evidence:?}");
    assert_eq!(arrivals.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn the_deadline_ends_a_comparison_and_what_was_seen_is_kept() {
    let arrivals = Arrivals::default();
    let blue = served("blue", &arrivals, |_, _| (200, "{}".to_owned(), Duration::ZERO)).await;
    let green = served("green", &arrivals, |number, _| {
        (200, "{}".to_owned(), if number < 10 { Duration::ZERO } else { 60 * SECOND })
    });
    let plan = event("  - { id: a, compare: { requests: [ { get: / } ] }, timeout: 60s }\n", "a");
    let surroundings = Surroundings::new(both(&blue.base, &green.await.base), limits(Duration::ZERO, 2 * SECOND));
    let evidence = run(&plan, &surroundings).await.remove(0);
    assert_eq!((evidence.outcome, codes(&evidence)), (Outcome::Errored, vec!["GL1903"]), "{evidence:?}");
    assert!(evidence.messages[0].text.starts_with("not finished when the time for checks was over, after "));
    assert!(evidence.numbers["control_pairs"] > 0.0, "{evidence:?}");
}

#[tokio::test]
async fn nothing_is_compared_beside_a_load() {
    let arrivals = Arrivals::default();
    let answers = |_: u64, _: &str| (200, "{}".to_owned(), Duration::ZERO);
    let (blue, green) = (served("blue", &arrivals, answers).await, served("green", &arrivals, answers).await);
    let plan = event(
        "  - { id: a, compare: { requests: [ { get: /compared } ], pairs: 10, latency: off } }\n  - { id: b, load: { get: /loaded, rate: 100/s, for: 500ms, warm_up: 0s }, expect: [ 'max <= 10s' ] }\n",
        "a, b",
    );
    let surroundings = Surroundings::new(both(&blue.base, &green.base), limits(Duration::ZERO, 60 * SECOND));
    let evidence = run(&plan, &surroundings).await;
    assert!(evidence.iter().all(|check| check.outcome == Outcome::Passed), "{evidence:?}");
    let arrivals = arrivals.lock().unwrap();
    let of =
        |path: &str| -> Vec<usize> { (0..arrivals.len()).filter(|index| arrivals[*index].ends_with(path)).collect() };
    let (compared, loaded) = (of("/compared"), of("/loaded"));
    assert_eq!((compared.len(), loaded.len()), (40 + 22, 50));
    assert!(compared.last() < loaded.first() || loaded.last() < compared.first(), "{arrivals:?}");
}

#[tokio::test]
async fn a_request_that_changes_something_carries_a_key_of_its_own_each_time() {
    let (blue, green) = (address(), address());
    let (blue_base, green_base) = (blue.base.clone(), green.base.clone());
    let blue = blue.serve(|_, _| answer(200, "{}"));
    let green = green.serve(|_, _| answer(200, "{}"));
    let plan = event(
        "  - { id: a, side_effects: accepted, compare: { requests: [ { post: /, body: x } ], pairs: 10, latency: off } }\n",
        "a",
    );
    let evidence = compared(&plan, &blue_base, &green_base).await;
    assert_eq!(evidence.outcome, Outcome::Passed, "{evidence:?}");
    let requests = [blue.lock().unwrap().clone(), green.lock().unwrap().clone()].concat();
    let mut keys: Vec<_> =
        requests.iter().filter_map(|text| text.lines().find(|line| line.starts_with("idempotency-key: "))).collect();
    assert_eq!(keys.len(), 40 + 2 * 11);
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 40 + 2 * 11);
}
