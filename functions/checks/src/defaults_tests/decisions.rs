//! `severity`, `on_inconclusive` and `after`, and the rules of the verdict in their order.

use super::{checks, plan_with, read, run_at, said, verdict_of};
use crate::event::HookEvent;
use crate::evidence::{Attestation, Decision, Outcome, Severity, Standing};
use crate::message::{Message, codes};
use crate::observation;
use crate::plan::{Mode, Requirement};
use crate::test_server::{address, answer};
use crate::verdict::{Case, decide};

const GOOD: &str = "http: { get: /good }, expect: { status: 200 }";
const BAD: &str = "http: { get: /bad }, expect: { status: 200 }";
/// Ten requests, which say nothing about p95.
const FEW: &str = "load: { get: /good, rate: 100/s, for: 100ms, warm_up: 0s }, expect: [ 'errors <= 1%', 'p95 <= 60s' ], timeout: 60s";

/// A service that answers `/bad` with 500 and everything else with 200.
fn service() -> String {
    let server = address();
    let base = server.base.clone();
    server.serve(|_, text| answer(if text.starts_with("GET /bad ") { 500 } else { 200 }, ""));
    base
}

fn warning(fields: &str) -> String {
    format!("{fields}, severity: warn")
}

#[tokio::test]
async fn a_check_blocks_and_one_that_only_warns_is_recorded_and_never_decides() {
    let blocking = checks(&[GOOD, BAD]).unwrap();
    assert!(blocking.checks.iter().all(|check| check.severity == Severity::Block));
    let verdict = verdict_of(&run_at(&blocking, &service()).await);
    assert_eq!(verdict.decision, Decision::Failed);
    assert_eq!((verdict.because.len(), verdict.because[0].text.as_str()), (1, "status expected 200, got 500"));

    let seen = run_at(&checks(&[GOOD, &warning(BAD)]).unwrap(), &service()).await;
    assert_eq!((seen[1].outcome, seen[1].severity), (Outcome::Failed, Severity::Warn));
    assert_eq!(said(&seen[1]), ["GL1201 b: status expected 200, got 500"]);
    let verdict = verdict_of(&seen);
    assert_eq!((verdict.decision, verdict.because), (Decision::Succeeded, Vec::new()));
}

#[tokio::test]
async fn what_is_inconclusive_fails_unless_it_is_excused_and_is_a_pass_in_no_case() {
    let told = [
        "GL1301 b: errors not judged: 10 samples, 100 needed; raise rate or duration, or accept with on_inconclusive: warn",
        "GL1301 b: p95 not judged: 10 samples, 100 needed; raise rate or duration, or accept with on_inconclusive: warn",
    ];
    let seen = run_at(&checks(&[GOOD, FEW]).unwrap(), &service()).await;
    assert_eq!((seen[1].outcome, seen[1].inconclusive_excused), (Outcome::Inconclusive, false));
    assert_eq!(said(&seen[1]), told);
    let verdict = verdict_of(&seen);
    assert_eq!((verdict.decision, verdict.because), (Decision::Failed, seen[1].messages.clone()));

    let excused = format!("{FEW}, on_inconclusive: warn");
    let seen = run_at(&checks(&[GOOD, &excused]).unwrap(), &service()).await;
    assert_eq!(seen[1].outcome, Outcome::Inconclusive);
    assert_eq!(said(&seen[1]), told);
    assert_eq!(verdict_of(&seen).decision, Decision::Succeeded);
    // Alone it has validated nothing.
    let verdict = verdict_of(&seen[1..]);
    assert_eq!(verdict.because[0].code, codes::NOTHING_VALIDATED);
}

#[tokio::test]
async fn a_check_after_one_that_did_not_pass_is_skipped_and_counts_as_not_passed() {
    assert_eq!(checks(&[GOOD]).unwrap().checks[0].after, [""; 0]);
    let after = format!("{GOOD}, after: [b]");
    let seen = run_at(&checks(&[GOOD, &warning(BAD), &after]).unwrap(), &service()).await;
    assert_eq!(seen[2].outcome, Outcome::Skipped);
    assert_eq!(seen[2].messages[0].to_string(), "GL1204 c: not run, because b did not pass [checks.yaml:6]");
    let verdict = verdict_of(&seen);
    assert_eq!((verdict.decision, verdict.because), (Decision::Failed, seen[2].messages.clone()));
}

#[tokio::test]
async fn the_first_rule_that_applies_gives_the_reasons_and_no_later_one_is_asked() {
    let seen = run_at(&checks(&[&warning(GOOD), FEW, &format!("{GOOD}, after: [b]")]).unwrap(), &service()).await;
    let [good, inconclusive, skipped] = seen.as_slice() else { panic!("{seen:?}") };
    let bad = run_at(&checks(&[BAD]).unwrap(), &service()).await.remove(0);
    let contradicted = Attestation {
        routing: Standing::Contradicted,
        messages: vec![Message::new(codes::ROUTING_CONTRADICTED, "routing", "leads to the ORIGINAL task set")],
        ..Attestation::not_required()
    };
    let unknown = Attestation { routing: Standing::NotAttestable, ..Attestation::not_required() };
    let proven = Attestation { routing: Standing::Proven, tasks: Standing::Proven, ..Attestation::not_required() };
    let everything = [good.clone(), inconclusive.clone(), skipped.clone(), bad.clone()];
    let told = |attestation: &Attestation, checks: &[_]| {
        let verdict = decide(&Case { attestation, routing: Requirement::Required, checks });
        assert_eq!(verdict.decision, Decision::Failed);
        verdict.because.iter().map(|message| format!("{} {}", message.code, message.subject)).collect::<Vec<_>>()
    };
    assert_eq!(told(&contradicted, &everything), ["GL1101 routing"]);
    assert_eq!(told(&unknown, &everything), ["GL1102 routing"]);
    assert_eq!(told(&proven, &everything), ["GL1204 c", "GL1201 a"]);
    assert_eq!(told(&proven, &everything[..2]), ["GL1301 b", "GL1301 b"]);
    assert_eq!(told(&proven, &everything[..1]), ["GL1205 hook"]);
    assert_eq!(
        verdict_of(&everything[..1]).because[0].to_string(),
        "GL1205 hook: nothing was validated: none of 1 checks is blocking and passed; let at least one that can pass block (without severity: warn)"
    );
}

#[test]
fn a_plan_without_checks_is_no_plan_and_one_without_any_for_the_event_validates_nothing() {
    assert_eq!(
        read("version: 1\nhooks: { AfterAllowTestTraffic: [] }\nchecks: []\n").unwrap_err(),
        [
            "GL1001 plan: hooks.AfterAllowTestTraffic: lists no checks; nothing would be validated (checks.yaml:2:33)",
            "GL1001 plan: checks: lists no checks; nothing would be validated (checks.yaml:3:9)",
        ]
    );
    assert_eq!(
        plan_with("").unwrap().for_event(HookEvent::AfterAllowTraffic).unwrap_err().to_string(),
        "GL1002 plan: this function runs as AfterAllowTraffic but the plan lists no checks for it; nothing would be validated [checks.yaml]"
    );
}

#[tokio::test]
async fn observing_runs_everything_and_reports_succeeded_with_what_would_have_failed() {
    let plan = read(
        "version: 1\nmode: observe\nuntil: 2026-12-31\nhooks: { AfterAllowTestTraffic: [a, b] }\nchecks:\n  - { id: a, http: { get: /bad }, expect: { status: 200 } }\n  - { id: b, http: { get: /bad }, expect: { status: 200 }, retry: { until: 3s, every: 2s } }\n",
    )
    .unwrap();
    assert_eq!(plan.mode, Mode::Observe { until: jiff::civil::date(2026, 12, 31) });
    let seen = run_at(&plan.for_event(HookEvent::AfterAllowTestTraffic).unwrap(), &service()).await;
    assert_eq!(seen.iter().map(|check| check.outcome).collect::<Vec<_>>(), [Outcome::Failed, Outcome::Failed]);
    let (reported, observed) = observation::under(plan.mode, verdict_of(&seen));
    assert_eq!(reported.decision, Decision::Succeeded);
    assert_eq!(
        reported.because.iter().map(|message| message.text.as_str()).collect::<Vec<_>>(),
        [
            "would have failed; mode: observe reports Succeeded until 2026-12-31",
            "status expected 200, got 500",
            "status expected 200, got 500"
        ]
    );
    assert!(observed.unwrap().would_have_failed);
}
