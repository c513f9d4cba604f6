//! What was expected and seen, in the evidence of whole runs.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::tests::{SECOND, endpoints, event, limits};
use super::*;
use crate::event::HookEvent;
use crate::plan;
use crate::surroundings::Endpoints;
use crate::test_server::{address, answer};

fn told(evidence: &CheckEvidence) -> Vec<(&str, Option<&str>)> {
    evidence.expectations.iter().map(|each| (each.expected.as_str(), each.seen.as_deref())).collect()
}

#[tokio::test]
async fn every_check_says_what_it_expected_and_saw_whatever_became_of_it() {
    let address = address();
    let base = address.base.clone();
    address.serve(|_, text| if text.contains("/bad") { answer(500, "no") } else { answer(200, "{}") });
    let plan = event(
        "  - { id: good, http: { get: / }, expect: { status: 200 } }
  - { id: bad, severity: warn, http: { get: /bad }, expect: { status: 200, body: { contains: yes } } }
  - { id: thin, severity: warn, load: { get: /, rate: 20/s, for: 100ms, warm_up: { requests: 0 } }, expect: [ 'p99 <= 9s' ] }
  - { id: nobody, severity: warn, alarm: { names: [shop-5xx] } }
  - { id: later, http: { get: / }, expect: { status: 201 }, after: [bad] }
",
        "good, bad, thin, nobody, later",
    );
    let evidence = run(&plan, &Surroundings::new(endpoints(&base), limits(Duration::ZERO, 20 * SECOND))).await;
    let outcomes: Vec<_> = evidence.iter().map(|each| each.outcome).collect();
    use Outcome::{Errored, Failed, Inconclusive, Passed, Skipped};
    assert_eq!(outcomes, [Passed, Failed, Inconclusive, Errored, Skipped]);
    assert_eq!(told(&evidence[0]), [("status 200", Some("200"))]);
    assert_eq!(told(&evidence[1]), [("status 200", Some("500")), ("body to contain \"yes\"", Some("\"no\""))]);
    assert_eq!(told(&evidence[2])[0], ("no errors", Some("0 of 2 requests")));
    let thin = told(&evidence[2])[1];
    assert!(
        thin.0 == "p99 <= 9000 ms" && thin.1.is_some_and(|seen| seen.ends_with("of 2 samples, 500 needed")),
        "{thin:?}"
    );
    assert_eq!(told(&evidence[3]), [("shop-5xx OK", None)]);
    assert_eq!(told(&evidence[4]), [("status 201", None)]);

    // Nobody answers; then there is no endpoint at all.
    let refused = endpoints("http://127.0.0.1:1");
    for endpoints in [refused, Endpoints::default()] {
        let evidence = run(&plan, &Surroundings::new(endpoints, limits(Duration::ZERO, 20 * SECOND))).await;
        assert_eq!((evidence[0].outcome, told(&evidence[0])), (Errored, vec![("status 200", None)]));
    }
}

#[tokio::test]
async fn the_last_attempt_is_what_was_seen() {
    let address = address();
    let base = address.base.clone();
    address.serve(|number, _| answer(if number == 0 { 404 } else { 200 }, ""));
    let plan =
        event("  - { id: a, http: { get: / }, expect: { status: 200 }, retry: { until: 10s, every: 10ms } }\n", "a");
    let evidence = run(&plan, &Surroundings::new(endpoints(&base), limits(Duration::ZERO, 20 * SECOND))).await;
    assert_eq!((evidence[0].attempts, told(&evidence[0])), (2, vec![("status 200", Some("200"))]));
}

#[tokio::test]
async fn a_secret_is_in_nothing_that_was_expected_or_seen_nor_in_what_is_told_as_a_check_ends() {
    const SECRET: &str = "t0p\"secret!";
    let address = address();
    let base = address.base.clone();
    address
        .serve(|_, _| answer(200, &serde_json::json!({"key": SECRET, "long": "x".repeat(112) + SECRET}).to_string()));
    let text = "version: 1\nhooks: { AfterAllowTestTraffic: [a] }\nchecks:
  - id: a
    http: { get: / }
    expect:
      body: { matches: 't0p..?secret!', not: '${secret:key}' }
      json:
        - { at: $.key, equals: '${secret:key}', starts_with: '${secret:key}', in: ['${secret:key}'] }
        - { at: '$[?@.x == \"${secret:plain}\"]', exists: false }
        - { at: $.long, contains: '${secret:key}' }
";
    let secret = |name: &str| Some(if name == "key" { SECRET } else { "t0p-plain" }.to_owned());
    let givens = plan::Givens::at(jiff::Timestamp::UNIX_EPOCH).with_secrets(&secret);
    let plan = plan::read(text, "checks.yaml", &givens).unwrap_or_else(|errors| panic!("{errors}"));
    let event = plan.for_event(HookEvent::AfterAllowTestTraffic).unwrap();
    let mut surroundings = Surroundings::new(endpoints(&base), limits(Duration::ZERO, 20 * SECOND));
    let ended = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&ended);
    surroundings.on_end = Some(Arc::new(move |check: &CheckEvidence| keep.lock().unwrap().push(check.clone())));
    let evidence = run(&event, &surroundings).await;
    assert_eq!(evidence[0].outcome, Outcome::Passed, "{evidence:?}");
    assert_eq!(told(&evidence[0])[2].1, Some("\"[redacted]\" (string)"), "{evidence:?}");
    assert_eq!(*ended.lock().unwrap(), evidence, "what is told is what is kept");
    let json = serde_json::to_string(&evidence).unwrap();
    // The plan's own text, which is no `${secret:…}`, stands; its beginning does too.
    let json = json.replace("/t0p..?secret!/", "");
    assert!(!json.contains("t0p") && json.contains("[redacted]"), "{json}");
}
