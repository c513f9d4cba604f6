//! `budget`, `timeout` and `retry`.

use std::time::Duration;

use super::{LONG, check, plan_with, refused, run_at, run_within, said};
use crate::evidence::Outcome;
use crate::probe::error::ProbeError;
use crate::test_server::{Reply, address, answer};

const STATUS: &str = "http: { get: / }, expect: { status: 200 }";

#[test]
fn a_budget_without_a_total_bounds_nothing_by_itself_and_one_with_it_leaves_time_to_judge() {
    assert_eq!(plan_with("").unwrap().budget.total, None);
    assert_eq!(plan_with("budget: { total: 8m }").unwrap().budget.total, Some(Duration::from_secs(480)));
    assert_eq!(
        plan_with("budget: { total: 90s, stabilise: 2m }").unwrap_err(),
        [
            "GL1001 plan: budget.stabilise: is not shorter than budget.total; nothing would be left to judge in (checks.yaml:2:34)"
        ]
    );
}

#[test]
fn the_reports_reserve_is_thirty_seconds_and_never_under_ten() {
    assert_eq!(plan_with("").unwrap().budget.report_reserve, Duration::from_secs(30));
    let least = plan_with("budget: { report_reserve: 10s }").unwrap();
    assert_eq!(least.budget.report_reserve, Duration::from_secs(10));
    assert_eq!(
        plan_with("budget: { report_reserve: 9s }").unwrap_err(),
        ["GL1001 plan: budget.report_reserve: 9s is too short; at least 10s are needed to report (checks.yaml:2:27)"]
    );
}

#[test]
fn the_stabilise_window_is_a_minute() {
    assert_eq!(plan_with("").unwrap().budget.stabilise, Duration::from_secs(60));
    assert_eq!(plan_with("budget: { total: 8m }").unwrap().budget.stabilise, Duration::from_secs(60));
    assert_eq!(plan_with("budget: { stabilise: 90s }").unwrap().budget.stabilise, Duration::from_secs(90));
}

#[tokio::test]
async fn only_while_stabilising_is_a_refused_connection_not_ready_yet() {
    let nobody = address();
    let waited = run_within(Duration::from_millis(300), &check(STATUS), &nobody.base).await.remove(0);
    assert_eq!(waited.outcome, Outcome::Errored);
    assert_eq!(
        said(&waited),
        [
            "GL1203 a: not ready when the stabilise window was over: connection refused; raise budget.stabilise if it starts slowly"
        ]
    );
    let at_once = run_at(&check(STATUS), &nobody.base).await.remove(0);
    assert_eq!(at_once.outcome, Outcome::Errored);
    assert_eq!(said(&at_once), ["GL1202 a: expected an answer, got none: connection refused"]);
}

#[tokio::test]
async fn only_while_stabilising_are_502_503_and_504_not_ready_yet_and_no_other_status_ever_is() {
    for status in [500, 501, 502, 503, 504, 429] {
        let starting = address();
        let base = starting.base.clone();
        let requests = starting.serve(move |number, _| answer(if number == 0 { status } else { 200 }, ""));
        let seen = run_within(LONG, &check(STATUS), &base).await.remove(0);
        if (502..=504).contains(&status) {
            assert_eq!((seen.outcome, seen.attempts, requests.lock().unwrap().len()), (Outcome::Passed, 1, 2));
        } else {
            assert_eq!((seen.outcome, requests.lock().unwrap().len()), (Outcome::Failed, 1));
            assert_eq!(said(&seen), [format!("GL1201 a: status expected 200, got {status}")]);
        }
        let broken = address();
        let base = broken.base.clone();
        broken.serve(move |_, _| answer(status, ""));
        let seen = run_at(&check(STATUS), &base).await.remove(0);
        assert_eq!(seen.outcome, Outcome::Failed);
        assert!(said(&seen).contains(&format!("GL1201 a: status expected 200, got {status}")), "{seen:?}");
    }
}

#[tokio::test]
async fn a_check_has_five_seconds_and_two_to_connect() {
    for kind in [STATUS, "tls: {}, expect: { valid_for_at_least: 21d }", "grpc_health: {}"] {
        assert_eq!(check(kind).checks[0].timeout, Duration::from_secs(5), "{kind}");
    }
    assert_eq!(ProbeError::ConnectTimeout.to_string(), "no connection within 2000 ms");
    assert_eq!(
        refused(&format!("{STATUS}, timeout: 0s")),
        ["GL1001 plan: checks[0].timeout: expected more than 0 (checks.yaml:4:66)"]
    );

    let silent = address();
    let base = silent.base.clone();
    silent.serve(|_, _| Reply::Stall(Vec::new()));
    let cut = run_at(&check(&format!("{STATUS}, timeout: 200ms")), &base).await.remove(0);
    assert_eq!(cut.outcome, Outcome::Errored);
    assert_eq!(said(&cut), ["GL1202 a: expected an answer, got none: no complete answer within 200 ms"]);
}

#[tokio::test]
async fn an_address_that_lets_nobody_in_is_given_up_before_the_checks_own_timeout() {
    // It has room for one connection that nobody takes, and says nothing to the next.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(0).unwrap();
    let full = listener.local_addr().unwrap();
    let _waiting = tokio::net::TcpStream::connect(full).await.unwrap();
    let seen = run_at(&check(&format!("{STATUS}, timeout: 60s")), &format!("http://{full}")).await.remove(0);
    assert_eq!(seen.outcome, Outcome::Errored);
    assert_eq!(said(&seen), ["GL1202 a: expected an answer, got none: no connection within 2000 ms"]);
}

#[tokio::test]
async fn a_check_is_tried_once_unless_it_says_until_when() {
    assert_eq!(check(STATUS).checks[0].retry, None);
    let failing = address();
    let base = failing.base.clone();
    let requests = failing.serve(|_, _| answer(500, ""));
    let seen = run_at(&check(STATUS), &base).await.remove(0);
    assert_eq!((seen.outcome, seen.attempts, requests.lock().unwrap().len()), (Outcome::Failed, 1, 1));
    assert!(seen.messages[0].to_string().ends_with(", attempt 1 of 1 [checks.yaml:4]"), "{seen:?}");

    let retry = check(&format!("{STATUS}, retry: {{ until: 20s }}")).checks[0].retry.unwrap();
    assert_eq!((retry.until, retry.every, retry.pass_after), (Duration::from_secs(20), Duration::from_secs(1), 1));
    assert_eq!(
        refused(&format!("{STATUS}, retry: {{ every: 1s }}")),
        ["GL1001 plan: checks[0].retry: \"until\" is missing (checks.yaml:4:64)"]
    );
}

#[tokio::test]
async fn a_retry_that_has_passed_too_seldom_when_its_time_is_over_has_failed() {
    let good = address();
    let base = good.base.clone();
    good.serve(|_, _| answer(200, ""));
    let plan = check(&format!("{STATUS}, retry: {{ until: 10ms, every: 10ms, pass_after: 2 }}"));
    let seen = run_at(&plan, &base).await.remove(0);
    assert_eq!((seen.outcome, seen.attempts), (Outcome::Failed, 1));
    assert_eq!(said(&seen), ["GL1201 a: only 1 of 2 consecutive attempts passed before retry.until"]);
}
