//! Whole runs against real sockets, on the live clock.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;
use crate::event::HookEvent;
use crate::plan;
use crate::surroundings::{Endpoints, Limits};
use crate::test_server::{Reply, address, answer};

pub(super) const SECOND: Duration = Duration::from_secs(1);

pub(super) fn event(checks: &str, ids: &str) -> EventPlan {
    let text = format!("version: 1\nhooks: {{ AfterAllowTestTraffic: [{ids}] }}\nchecks:\n{checks}");
    let plan = plan::read(&text, "checks.yaml", &plan::Givens::at(jiff::Timestamp::UNIX_EPOCH))
        .unwrap_or_else(|errors| panic!("{errors}"));
    plan.for_event(HookEvent::AfterAllowTestTraffic).unwrap()
}

/// One check `a` for `/` with these further fields.
fn one(fields: &str) -> EventPlan {
    event(&format!("  - {{ id: a, http: {{ get: / }}, {fields} }}\n"), "a")
}

pub(super) fn limits(stabilise: Duration, deadline: Duration) -> Limits {
    let now = clock::now();
    Limits { stabilise_until: now + stabilise, deadline: now + deadline, execution: "execution".to_owned() }
}

pub(super) fn endpoints(base: &str) -> Endpoints {
    let green = Endpoint { base: base.to_owned(), host: None, ca: None, via: "test listener".to_owned() };
    Endpoints { green: Some(green), blue: None }
}

pub(super) fn codes(evidence: &CheckEvidence) -> Vec<&str> {
    evidence.messages.iter().map(|message| message.code.as_str()).collect()
}

/// Runs against a server whose answers have these statuses, the last one for ever. Gives the evidence and how many
/// requests came.
async fn statuses(plan: EventPlan, statuses: &'static [u16], limits: Limits) -> (CheckEvidence, usize) {
    let address = address();
    let base = address.base.clone();
    let requests = address.serve(move |number, _| answer(statuses[number.min(statuses.len() - 1)], "{}"));
    let evidence = run(&plan, &Surroundings::new(endpoints(&base), limits)).await.remove(0);
    let count = requests.lock().unwrap().len();
    (evidence, count)
}

#[tokio::test]
async fn not_ready_in_the_window_is_tolerated_and_is_no_attempt() {
    let (evidence, requests) =
        statuses(one("expect: { status: 200 }"), &[502, 503, 504, 200], limits(10 * SECOND, 20 * SECOND)).await;
    assert_eq!((evidence.outcome, evidence.attempts, requests), (Outcome::Passed, 1, 4));
    assert_eq!(codes(&evidence), [""; 0]);
}

#[tokio::test]
async fn a_connection_refused_in_the_window_is_tolerated() {
    let address = address();
    let plan = one("expect: { status: 200 }");
    let surroundings = Surroundings::new(endpoints(&address.base), limits(10 * SECOND, 20 * SECOND));
    let running = run(&plan, &surroundings);
    let starting = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        address.serve(|_, _| answer(200, ""))
    };
    let (evidence, _) = tokio::join!(running, starting);
    assert_eq!((evidence[0].outcome, evidence[0].attempts), (Outcome::Passed, 1));
}

#[tokio::test]
async fn not_ready_after_the_window_counts() {
    let window = Duration::from_millis(300);
    let (evidence, requests) = statuses(one("expect: { status: 200 }"), &[503], limits(window, 20 * SECOND)).await;
    assert_eq!((evidence.outcome, evidence.attempts), (Outcome::Failed, 1));
    assert_eq!(codes(&evidence), ["GL1203", "GL1201"]);
    assert!(requests >= 2, "{evidence:?}");

    let refusing = address();
    let plan = one("expect: { status: 200 }");
    let evidence =
        run(&plan, &Surroundings::new(endpoints(&refusing.base), limits(window, 20 * SECOND))).await.remove(0);
    assert_eq!((evidence.outcome, codes(&evidence)), (Outcome::Errored, vec!["GL1203"]));
    assert_eq!(evidence.samples[0].error.as_deref(), Some("connection refused"));
}

#[tokio::test]
async fn without_a_window_nothing_is_tolerated() {
    let refusing = address();
    let plan = one("expect: { status: 200 }");
    let evidence =
        run(&plan, &Surroundings::new(endpoints(&refusing.base), limits(Duration::ZERO, 20 * SECOND))).await.remove(0);
    assert_eq!((evidence.outcome, codes(&evidence)), (Outcome::Errored, vec!["GL1202"]));
    let text = evidence.messages[0].to_string();
    assert!(
        text.starts_with(
            "GL1202 a: expected an answer, got none: connection refused; GET / via test listener, no answer in "
        ),
        "{text}"
    );
}

#[tokio::test]
async fn a_status_that_the_plan_wants_is_never_not_ready() {
    let (evidence, requests) = statuses(one("expect: { status: 503 }"), &[503], limits(10 * SECOND, 20 * SECOND)).await;
    assert_eq!((evidence.outcome, requests), (Outcome::Passed, 1));
}

#[tokio::test]
async fn an_ordinary_error_is_not_tolerated_even_in_the_window() {
    let (evidence, requests) = statuses(one("expect: { status: 200 }"), &[500], limits(10 * SECOND, 20 * SECOND)).await;
    assert_eq!((evidence.outcome, requests, codes(&evidence)), (Outcome::Failed, 1, vec!["GL1201"]));
}

const RETRY: &str = "expect: { status: 200 }, retry: { until: 5s, every: 10ms, pass_after: 3 }";

#[tokio::test]
async fn pass_after_wants_consecutive_passes() {
    let (evidence, requests) = statuses(one(RETRY), &[200, 200, 500, 200], limits(Duration::ZERO, 20 * SECOND)).await;
    assert_eq!((evidence.outcome, evidence.attempts, requests), (Outcome::Passed, 6, 6));
    assert_eq!(evidence.samples.iter().map(|sample| sample.attempt).collect::<Vec<_>>(), [3, 6]);
}

#[tokio::test]
async fn a_retry_ends_with_its_time_and_with_the_last_reason() {
    let retry = "expect: { status: 200 }, retry: { until: 100ms, every: 10ms }";
    let (evidence, requests) = statuses(one(retry), &[500], limits(Duration::ZERO, 20 * SECOND)).await;
    assert_eq!((evidence.outcome, codes(&evidence)), (Outcome::Failed, vec!["GL1201"]));
    assert!(requests > 1 && evidence.attempts as usize == requests, "{evidence:?}");
}

#[tokio::test]
async fn a_retry_goes_on_after_the_stabilise_window() {
    let (evidence, _) =
        statuses(one(RETRY), &[503, 503, 503, 503, 200], limits(Duration::from_millis(300), 20 * SECOND)).await;
    assert_eq!(evidence.outcome, Outcome::Passed, "{evidence:?}");
    assert!(evidence.attempts > 3, "{evidence:?}");
}

#[tokio::test]
async fn the_deadline_ends_everything_and_nothing_passes_by_it() {
    let address = address();
    let base = address.base.clone();
    address.serve(|_, _| Reply::Stall(Vec::new()));
    let plan = event(
        "  - { id: a, http: { get: / }, expect: { status: 200 }, timeout: 30s }\n  - { id: b, after: [a], http: { get: / }, expect: { status: 200 } }\n",
        "a, b",
    );
    let started = clock::now();
    let evidence =
        run(&plan, &Surroundings::new(endpoints(&base), limits(Duration::ZERO, Duration::from_millis(300)))).await;
    assert!(clock::now() - started < 5 * SECOND);
    assert_eq!((evidence[0].outcome, codes(&evidence[0])), (Outcome::Errored, vec!["GL1903"]));
    assert_eq!((evidence[1].outcome, codes(&evidence[1])), (Outcome::Skipped, vec!["GL1204"]));
}

#[tokio::test]
async fn a_deadline_that_is_over_sends_nothing() {
    let (evidence, requests) =
        statuses(one("expect: { status: 200 }"), &[200], limits(Duration::ZERO, Duration::ZERO)).await;
    assert_eq!((evidence.outcome, codes(&evidence), requests), (Outcome::Skipped, vec!["GL1204"], 0));
}

#[tokio::test]
async fn stabilising_past_the_deadline_says_what_was_waited_for() {
    let (evidence, _) =
        statuses(one("expect: { status: 200 }"), &[503], limits(20 * SECOND, Duration::from_millis(400))).await;
    assert_eq!((evidence.outcome, evidence.attempts), (Outcome::Errored, 0));
    assert_eq!(
        evidence.messages[0].to_string(),
        "GL1903 a: not finished when the time for checks was over, after 0 attempts; it was not ready: 503; lower its timeout or retry.until, or raise budget.total and the function's timeout [checks.yaml:4]"
    );
}

#[tokio::test]
async fn a_check_waits_for_those_it_comes_after_and_is_skipped_without_them() {
    let address = address();
    let base = address.base.clone();
    let requests = address.serve(|_, text| answer(if text.starts_with("GET /bad ") { 500 } else { 200 }, ""));
    let plan = event(
        "  - { id: last, after: [good], http: { get: /last }, expect: { status: 200 } }\n  - { id: good, http: { get: /good }, expect: { status: 200 } }\n  - { id: bad, severity: warn, http: { get: /bad }, expect: { status: 200 } }\n  - { id: never, after: [good, bad], http: { get: /never }, expect: { status: 200 } }\n  - { id: nor, after: [never], http: { get: /nor }, expect: { status: 200 } }\n",
        "last, good, bad, never, nor",
    );
    let evidence = run(&plan, &Surroundings::new(endpoints(&base), limits(Duration::ZERO, 20 * SECOND))).await;
    let outcomes: Vec<_> = evidence.iter().map(|check| (check.id.as_str(), check.outcome)).collect();
    assert_eq!(
        outcomes,
        [
            ("last", Outcome::Passed),
            ("good", Outcome::Passed),
            ("bad", Outcome::Failed),
            ("never", Outcome::Skipped),
            ("nor", Outcome::Skipped),
        ]
    );
    let requests = requests.lock().unwrap();
    let place = |path: &str| requests.iter().position(|text| text.starts_with(&format!("GET {path} ")));
    assert!(place("/good") < place("/last") && place("/never").is_none(), "{requests:?}");
}

#[tokio::test]
async fn the_first_blocking_failure_ends_the_run_and_the_rest_is_listed() {
    let address = address();
    let base = address.base.clone();
    let requests = address.serve(|_, text| match text.split(' ').nth(1) {
        Some("/bad") => answer(500, ""),
        Some("/long") => Reply::Stall(Vec::new()),
        _ => answer(200, ""),
    });
    let checks = "  - { id: bad, http: { get: /bad }, expect: { status: 200 } }\n  - { id: good, http: { get: /good }, expect: { status: 200 } }\n  - { id: long, http: { get: /long }, expect: { status: 200 }, timeout: 60s }\n  - { id: next, after: [good, long], http: { get: /next }, expect: { status: 200 } }\n";
    let plan = event(checks, "bad, good, long, next");
    let started = clock::now();
    let mut surroundings = Surroundings::new(endpoints(&base), limits(Duration::ZERO, 120 * SECOND));
    let heard: Arc<Mutex<Vec<CheckEvidence>>> = Arc::default();
    let hearing = Arc::clone(&heard);
    surroundings.on_end = Some(Arc::new(move |check| hearing.lock().unwrap().push(check.clone())));
    let evidence = run(&plan, &surroundings).await;
    assert!(clock::now() - started < 20 * SECOND);
    let told: Vec<_> = evidence.iter().map(|check| (check.id.as_str(), check.outcome)).collect();
    assert_eq!(
        told,
        [("bad", Outcome::Failed), ("good", Outcome::Passed), ("long", Outcome::Skipped), ("next", Outcome::Skipped),]
    );
    assert_eq!(
        evidence[2].messages[0].to_string(),
        "GL1204 long: not run to its end, because bad failed [checks.yaml:6]"
    );
    assert!(requests.lock().unwrap().iter().all(|text| !text.starts_with("GET /next")));
    let mut heard = heard.lock().unwrap().clone();
    heard.sort_by_key(|check| evidence.iter().position(|other| other.id == check.id));
    assert_eq!(heard, evidence, "each check is told of once, as it ended");
}

#[tokio::test]
async fn a_plan_that_only_observes_is_run_whole() {
    let address = address();
    let base = address.base.clone();
    address.serve(|_, text| answer(if text.starts_with("GET /bad ") { 500 } else { 200 }, ""));
    let checks = concat!(
        "  - { id: bad, http: { get: /bad }, expect: { status: 200 } }\n",
        "  - { id: good, http: { get: / }, expect: { status: 200 }, retry: { until: 10s, every: 2s, pass_after: 2 } }\n"
    );
    let mut plan = event(checks, "bad, good");
    for (observed, outcomes) in
        [(false, [Outcome::Failed, Outcome::Skipped]), (true, [Outcome::Failed, Outcome::Passed])]
    {
        plan.observed = observed;
        let seen = run(&plan, &Surroundings::new(endpoints(&base), limits(Duration::ZERO, 60 * SECOND))).await;
        assert_eq!(seen.iter().map(|evidence| evidence.outcome).collect::<Vec<_>>(), outcomes, "{seen:?}");
    }
}

#[tokio::test]
async fn a_failure_that_only_warns_ends_nothing() {
    let address = address();
    let base = address.base.clone();
    address.serve(|_, text| answer(if text.starts_with("GET /bad ") { 500 } else { 200 }, ""));
    let checks = "  - { id: bad, severity: warn, http: { get: /bad }, expect: { status: 200 } }\n  - { id: late, http: { get: / }, expect: { status: 200 }, retry: { until: 5s, every: 1200ms, pass_after: 2 } }\n";
    let plan = event(checks, "bad, late");
    let evidence = run(&plan, &Surroundings::new(endpoints(&base), limits(Duration::ZERO, 20 * SECOND))).await;
    assert_eq!((evidence[0].outcome, evidence[1].outcome), (Outcome::Failed, Outcome::Passed));
}

#[tokio::test]
async fn checks_without_an_order_run_side_by_side() {
    // Nobody is answered before all four have asked.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let all = Arc::new(tokio::sync::Barrier::new(4));
    let handler = move || {
        let all = Arc::clone(&all);
        async move {
            all.wait().await;
            "ok"
        }
    };
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(handler)).await });
    let checks: String = (0..4)
        .map(|index| format!("  - {{ id: c{index}, http: {{ get: / }}, expect: {{ status: 200 }} }}\n"))
        .collect();
    let plan = event(&checks, "c0, c1, c2, c3");
    let evidence = run(&plan, &Surroundings::new(endpoints(&base), limits(Duration::ZERO, 20 * SECOND))).await;
    assert!(evidence.iter().all(|check| check.outcome == Outcome::Passed), "{evidence:?}");
}

#[tokio::test]
async fn without_an_endpoint_every_check_is_errored() {
    let plan = one("expect: { status: 200 }");
    let evidence = run(&plan, &Surroundings::new(Endpoints::default(), limits(Duration::ZERO, SECOND))).await;
    assert_eq!(evidence[0].outcome, Outcome::Errored);
}

#[tokio::test]
async fn a_secret_that_the_service_echoes_is_not_in_the_evidence_and_the_key_stays_the_same() {
    let address = address();
    let base = address.base.clone();
    let requests = address.serve(|_, text| answer(200, text));
    let plan = event(
        "  - { id: a, side_effects: accepted, http: { post: /, headers: { authorization: Bearer s3cr3t-value } }, expect: { status: 200, body: { contains: never } }, retry: { until: 50ms, every: 10ms } }\n",
        "a",
    );
    let evidence = run(&plan, &Surroundings::new(endpoints(&base), limits(Duration::ZERO, 20 * SECOND))).await;
    let json = serde_json::to_string(&evidence).unwrap();
    assert_eq!(evidence[0].outcome, Outcome::Failed);
    assert!(!json.contains("s3cr3t") && json.contains("[redacted]"), "{json}");
    let requests = requests.lock().unwrap();
    assert!(
        requests.len() > 1 && requests.iter().all(|text| text.contains("idempotency-key: execution-a\r\n")),
        "{requests:?}"
    );
}

#[tokio::test]
async fn a_secret_of_the_plan_is_in_no_message_sample_context_or_error_whatever_the_service_echoes() {
    let address = address();
    let base = address.base.clone();
    address.serve(|_, text| match text.split(['?', ' ']).nth(1) {
        Some("/away") => Reply::Answer(302, "location: http://elsewhere.test/t0p\"secret!\r\n", Vec::new()),
        _ => Reply::Answer(200, "x-echo: t0p\"secret!\r\n", [&[b' '; 2040], b"t0p\"secret!".as_slice()].concat()),
    });
    let text = "version: 1\nhooks: { AfterAllowTestTraffic: [echo, away, many] }\nchecks:
  - id: echo
    severity: warn
    http: { get: '/?key=t0p%22secret%21', headers: { x-any: '${secret:shop/key}' } }
    expect:
      headers: { x-echo: { not: '${secret:shop/key}' } }
      body: { contains: 'not ${secret:shop/key}' }
  - { id: away, severity: warn, http: { get: /away, follow: 3 }, expect: { status: 200 } }
  - id: many
    severity: warn
    load: { get: '/?key=t0p%22secret%21', rate: 100/s, for: 100ms, warm_up: { requests: 1 } }
    expect: [ 'max <= 1ms' ]
";
    let secret = |name: &str| (name == "shop/key").then(|| "t0p\"secret!".to_owned());
    let givens = plan::Givens::at(jiff::Timestamp::UNIX_EPOCH).with_secrets(&secret);
    let plan = plan::read(text, "checks.yaml", &givens).unwrap_or_else(|errors| panic!("{errors}"));
    let event = plan.for_event(HookEvent::AfterAllowTestTraffic).unwrap();
    let evidence = run(&event, &Surroundings::new(endpoints(&base), limits(Duration::ZERO, 20 * SECOND))).await;
    let json = serde_json::to_string(&evidence).unwrap();
    assert!(!json.contains("t0p"), "{json}");
    assert_eq!(evidence[0].messages[0].text, "header x-echo expected not \"[redacted]\", got \"[redacted]\" (string)");
    assert_eq!(evidence[0].samples[0].request, "GET /?key=[redacted]");
    assert!(evidence[0].samples[0].body.as_ref().is_some_and(|body| body.ends_with(" [redacte")), "{json}");
    assert!(evidence[1].messages[0].text.contains("a redirect to http://elsewhere.test"), "{json}");
}
