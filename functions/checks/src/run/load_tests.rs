//! The load against real sockets, on the live clock.

use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;

use super::tests::{SECOND, codes, endpoints, event, limits};
use super::*;
use crate::test_server::{Reply, address, answer};

fn load(fields: &str, expect: &str) -> EventPlan {
    event(&format!("  - {{ id: a, load: {{ get: /, {fields} }}, expect: {expect}, timeout: 3s }}\n"), "a")
}

/// A server that answers after this long, by the time since it began.
async fn served(delay: impl Fn(Duration) -> Duration + Clone + Send + Sync + 'static, status: u16) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let began = clock::now();
    let handler = move || {
        let delay = delay(clock::now() - began);
        async move {
            tokio::time::sleep(delay).await;
            (StatusCode::from_u16(status).unwrap(), "ok")
        }
    };
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handler)).await });
    base
}

async fn loaded(plan: EventPlan, base: &str) -> CheckEvidence {
    run(&plan, &Surroundings::new(endpoints(base), limits(Duration::ZERO, 30 * SECOND))).await.remove(0)
}

#[tokio::test]
async fn a_server_that_stalls_for_a_second_shows_it_in_p99_and_not_in_fewer_requests() {
    let stall = Duration::from_secs(1)..Duration::from_secs(2);
    let base = served(move |at| if stall.contains(&at) { stall.end - at } else { Duration::ZERO }, 200).await;
    let plan = load(
        "rate: 100/s, for: 5s, max_in_flight: 10, warm_up: { requests: 0 }",
        "[ 'errors <= 50%', 'p99 <= 500ms' ]",
    );
    let evidence = loaded(plan, &base).await;
    let numbers = &evidence.numbers;
    assert_eq!((evidence.outcome, codes(&evidence)), (Outcome::Failed, vec!["GL1201"]), "{evidence:?}");
    assert!(numbers["p99_ms"] > 900.0, "{numbers:?}");
    assert_eq!((numbers["requests"], numbers["samples"]), (500.0, 500.0));
    // Ten in flight, and all that came while they stalled.
    assert!(numbers["late"] > 50.0, "{numbers:?}");
    // In the second that stalled only ten were sent, and the next one made up for it.
    let by_second = &evidence.series["achieved_rate"].values;
    assert_eq!(by_second.iter().sum::<f64>(), 500.0 - numbers["unsent"]);
    assert!(numbers["achieved_rate_lowest_second"] < 60.0, "{by_second:?}");
    let text = evidence.messages[0].to_string();
    assert!(text.starts_with("GL1201 a: p99 expected <= 500 ms, got "), "{text}");
    assert!(text.contains(" sent late, because 10 were in flight"), "{text}");
}

#[tokio::test]
async fn the_warm_up_is_discarded() {
    let base = served(|at| if at < SECOND / 2 { SECOND } else { Duration::ZERO }, 200).await;
    let plan = load(
        "rate: 100/s, for: 1s, max_in_flight: 200, warm_up: 1s",
        "[ 'errors <= 0%', 'max <= 800ms', 'achieved_rate >= 80/s' ]",
    );
    let evidence = loaded(plan, &base).await;
    assert_eq!(evidence.outcome, Outcome::Passed, "{evidence:?}");
    assert_eq!((evidence.kind.as_str(), evidence.numbers["requests"]), ("load", 100.0));
    assert_eq!(evidence.samples[0].status, Some(200));
}

#[tokio::test]
async fn what_waits_longer_than_its_timeout_is_an_error_sent_or_not() {
    let base = served(|_| 60 * SECOND, 200).await;
    let plan = event(
        "  - { id: a, load: { get: /, rate: 100/s, for: 1s, max_in_flight: 5, warm_up: { requests: 0 } }, expect: [ 'errors <= 1%' ], timeout: 500ms }\n",
        "a",
    );
    let evidence = loaded(plan, &base).await;
    assert_eq!((evidence.outcome, codes(&evidence)), (Outcome::Failed, vec!["GL1201"]));
    let numbers = &evidence.numbers;
    assert_eq!((numbers["requests"], numbers["errors"]), (100.0, 100.0), "{numbers:?}");
    assert!(numbers["late"] + numbers["unsent"] >= 50.0 && numbers["p50_ms"] >= 500.0, "{numbers:?}");
    assert!(evidence.took_ms < 5_000, "{evidence:?}");
}

#[tokio::test]
async fn an_error_page_is_no_good_answer_and_few_samples_are_no_verdict() {
    let base = served(|_| Duration::ZERO, 500).await;
    let evidence = loaded(load("rate: 50/s, for: 1s, warm_up: 0s", "[ 'p50 <= 1s' ]"), &base).await;
    assert_eq!((evidence.outcome, codes(&evidence)), (Outcome::Failed, vec!["GL1201"]), "{evidence:?}");
    assert!(evidence.messages[0].to_string().contains("first error: status 500"), "{evidence:?}");

    let base = served(|_| Duration::ZERO, 200).await;
    let evidence = loaded(load("rate: 50/s, for: 1s, warm_up: 0s", "[ 'p95 <= 1s' ]"), &base).await;
    assert_eq!((evidence.outcome, codes(&evidence)), (Outcome::Inconclusive, vec!["GL1301"]));
}

#[tokio::test]
async fn a_load_that_does_not_fit_before_the_deadline_is_not_started() {
    let address = address();
    let base = address.base.clone();
    let requests = address.serve(|_, _| answer(200, ""));
    let plan = load("rate: 20/s, for: 30s", "[ 'p95 <= 1s' ]");
    let evidence = run(&plan, &Surroundings::new(endpoints(&base), limits(Duration::ZERO, 5 * SECOND))).await.remove(0);
    assert_eq!((evidence.outcome, codes(&evidence)), (Outcome::Errored, vec!["GL1903"]));
    assert!(evidence.messages[0].text.starts_with("not started: it takes 35 s"), "{evidence:?}");
    assert_eq!(requests.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn the_deadline_ends_a_load_and_what_was_seen_is_kept() {
    // The schedule fits, the last answers do not.
    let base = served(|_| 60 * SECOND, 200).await;
    let plan = load("rate: 20/s, for: 1s, warm_up: { requests: 0 }", "[ 'max <= 1s' ]");
    let started = clock::now();
    let evidence =
        run(&plan, &Surroundings::new(endpoints(&base), limits(Duration::ZERO, SECOND * 3 / 2))).await.remove(0);
    assert!(clock::now() - started < 3 * SECOND);
    assert_eq!((evidence.outcome, codes(&evidence)), (Outcome::Errored, vec!["GL1903"]));
    assert!(evidence.numbers.contains_key("requests"), "{evidence:?}");
}

#[tokio::test]
async fn a_service_that_still_starts_is_not_loaded() {
    let address = address();
    let base = address.base.clone();
    address.serve(|number, _| answer(if number < 2 { 503 } else { 200 }, ""));
    let plan = load("rate: 100/s, for: 1s, warm_up: 0s", "[ 'errors <= 0%' ]");
    let evidence = run(&plan, &Surroundings::new(endpoints(&base), limits(10 * SECOND, 20 * SECOND))).await.remove(0);
    assert_eq!(evidence.outcome, Outcome::Passed, "{evidence:?}");
}

#[tokio::test]
async fn there_are_no_more_connections_than_may_be_in_flight() {
    let address = address();
    let base = address.base.clone();
    let traffic = address.serve_again("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", usize::MAX);
    let plan = load("rate: 500/s, for: 1s, max_in_flight: 2, warm_up: { requests: 10 }", "[ 'errors <= 0%' ]");
    let evidence = loaded(plan, &base).await;
    assert_eq!(evidence.outcome, Outcome::Passed, "{evidence:?}");
    let seen = *traffic.borrow();
    assert_eq!(seen.requests, 510);
    assert!(seen.accepted <= 2, "{seen:?}");
}

/// A runtime waits for its threads when it is dropped, so this would take as long as the load does if its thread were left.
#[test]
fn a_run_that_is_given_up_stops_sending_at_once_and_leaves_neither_thread_nor_connection() {
    let servers = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (base, mut traffic) = servers.block_on(async {
        let address = address();
        (address.base.clone(), address.serve_again("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", usize::MAX))
    });
    let began = clock::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let plan = load("rate: 100/s, for: 600s, warm_up: { requests: 0 }", "[ 'max <= 1s' ]");
        let surroundings = Surroundings::new(endpoints(&base), limits(Duration::ZERO, 900 * SECOND));
        tokio::select! {
            evidence = run(&plan, &surroundings) => panic!("it ended by itself: {evidence:?}"),
            seen = traffic.wait_for(|traffic| traffic.requests >= 20) => assert!(seen.is_ok()),
        }
    });
    drop(runtime);
    servers.block_on(async {
        let closed = traffic.wait_for(|traffic| traffic.open == 0);
        tokio::time::timeout(60 * SECOND, closed).await.unwrap().unwrap();
    });
    assert!(clock::now() - began < 300 * SECOND);
}

#[tokio::test]
async fn a_secret_that_the_service_shows_is_in_nothing_that_a_load_leaves() {
    let address = address();
    let base = address.base.clone();
    address.serve(|_, text| Reply::Answer(500, "", text.as_bytes().to_vec()));
    let plan = load(
        "headers: { authorization: Bearer s3cr3t-value }, rate: 50/s, for: 200ms, warm_up: { requests: 1 }",
        "[ 'achieved_rate >= 1/s' ]",
    );
    let evidence = loaded(plan, &base).await;
    assert_eq!(evidence.outcome, Outcome::Failed, "{evidence:?}");
    let json = serde_json::to_string(&evidence).unwrap();
    assert!(!json.contains("s3cr3t"), "{json}");
    let body = evidence.samples[0].body.as_deref().unwrap_or_default();
    assert!(body.contains("authorization: [redacted]"), "{body}");
    assert!(evidence.messages[0].to_string().contains("first error: status 500"), "{json}");
}
