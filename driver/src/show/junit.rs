//! What the checks of a plan came to, as JUnit XML for CI servers: a test case for each check, and one for the verdict. It
//! decides nothing.
//!
//! JUnit knows no warning and no "too little evidence". What did not pass is never a plain success here, and what does not
//! decide the verdict is never a failure: that is shown as skipped, with what it is. A reader that counts only failures still sees
//! a verdict that is Failed, because it is a case of its own.

#![deny(clippy::wildcard_enum_match_arm)]

use std::time::Duration;

use greenlight_checks::evidence::{CheckEvidence, Decision, Observed, Outcome, Severity, Verdict};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::checked::Checked;

/// The document.
pub fn document(checked: &Checked) -> String {
    let subject = &checked.subject;
    let name = subject.event.map_or_else(|| subject.plan.source.clone(), |event| event.to_string());
    let mut suite = TestSuite::new(name);
    let blue = subject.blue.as_ref().map(|blue| ("blue", blue.as_str()));
    let properties =
        [("plan", subject.plan.source.as_str()), ("plan.sha256", &subject.plan.sha256), ("green", &subject.green)];
    for property in properties.into_iter().chain(blue).chain([("routing", "not attested")]) {
        suite.add_property(property);
    }
    // While a plan only observes, nothing decides.
    let observes = checked.observed.is_some();
    suite.add_test_cases(checked.checks.iter().map(|check| case(check, observes)));
    suite.add_test_case(verdict(&checked.verdict, checked.observed.as_ref(), &checked.counted()));
    let mut report = Report::new("greenlight check");
    report.add_test_suite(suite);
    report.to_string().expect("the document is written into memory, which takes everything")
}

pub(super) fn case(check: &CheckEvidence, observes: bool) -> TestCase {
    let mut case = TestCase::new(check.id.as_str(), status(check, observes));
    case.set_classname(check.kind.as_str()).set_time(Duration::from_millis(check.took_ms));
    let numbers = check.numbers.iter().map(|(name, value)| format!("{name}: {value}\n"));
    let told = check.messages.iter().map(|message| format!("{message}\n"));
    let expected = check.expectations.iter().map(|each| {
        let seen = each.seen.as_deref().unwrap_or("nothing");
        format!("expected {}, seen {seen}\n", each.expected)
    });
    let output: String = expected.chain(numbers).chain(told).collect();
    if !output.is_empty() {
        case.set_system_out(output);
    }
    case
}

fn status(check: &CheckEvidence, observes: bool) -> TestCaseStatus {
    let (decides, why_not) = match check.severity {
        Severity::Block if observes => (false, " (mode: observe)"),
        Severity::Block => (true, ""),
        Severity::Warn => (false, " (severity: warn)"),
    };
    let (kind, word) = match check.outcome {
        Outcome::Passed => return TestCaseStatus::success(),
        Outcome::Failed => (Some(NonSuccessKind::Failure), "failed"),
        Outcome::Errored => (Some(NonSuccessKind::Error), "could not be run"),
        Outcome::Inconclusive if check.inconclusive_excused => (None, "inconclusive, excused by on_inconclusive: warn"),
        Outcome::Inconclusive => (Some(NonSuccessKind::Failure), "inconclusive"),
        Outcome::Skipped => (None, "not run"),
    };
    let first = check.messages.first();
    let said = first.map(|message| format!(": {message}")).unwrap_or_default();
    let kind = kind.filter(|_| decides);
    let mut status = kind.map_or_else(TestCaseStatus::skipped, TestCaseStatus::non_success);
    status.set_message(format!("{word}{why_not}{said}"));
    if let Some(message) = first {
        status.set_type(message.code.as_str());
    }
    status
}

/// The verdict as a case of its own; `counted` says what it is made of.
pub(super) fn verdict(verdict: &Verdict, observed: Option<&Observed>, counted: &str) -> TestCase {
    let would_have_failed = observed.filter(|observed| observed.would_have_failed);
    let status = match verdict.decision {
        Decision::Succeeded if would_have_failed.is_some() => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(format!("would have failed (mode: observe): {counted}"));
            status
        }
        Decision::Succeeded => TestCaseStatus::success(),
        Decision::Failed | Decision::Waiting => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(format!("not passed: {counted}")).set_type("verdict");
            let because: Vec<_> = verdict.because.iter().map(ToString::to_string).collect();
            status.set_description(because.join("\n"));
            status
        }
    };
    let mut case = TestCase::new("verdict", status);
    case.set_classname("greenlight");
    case
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use greenlight_checks::event::HookEvent;
    use greenlight_checks::evidence::PlanIdentity;
    use greenlight_checks::message::Message;

    use super::super::checked::Subject;
    use super::*;

    fn check(id: &str, outcome: Outcome, severity: Severity, inconclusive_excused: bool) -> CheckEvidence {
        let message = Message::new("GL1201", id, "expected <1> & got \"2\"").at("checks.yaml:7");
        CheckEvidence {
            id: id.to_owned(),
            kind: "http".to_owned(),
            severity,
            inconclusive_excused,
            outcome,
            attempts: 1,
            took_ms: 1250,
            numbers: BTreeMap::from([("p95_ms".to_owned(), 12.5)]),
            series: BTreeMap::new(),
            expectations: Vec::new(),
            messages: if outcome == Outcome::Passed { Vec::new() } else { vec![message] },
            samples: Vec::new(),
        }
    }

    fn told(checks: Vec<CheckEvidence>, decision: Decision, observed: Option<Observed>) -> String {
        let because = checks.iter().flat_map(|check| check.messages.clone()).collect();
        document(&Checked {
            subject: Subject {
                plan: PlanIdentity { source: "checks.yaml".to_owned(), sha256: "5a".to_owned() },
                event: Some(HookEvent::AfterAllowTestTraffic),
                green: "http://green".to_owned(),
                blue: Some("http://blue".to_owned()),
            },
            checks,
            verdict: Verdict { decision, because },
            observed,
        })
    }

    #[test]
    fn every_outcome_has_its_own_form_and_the_verdict_is_a_case() {
        use Outcome::{Errored, Failed, Inconclusive, Passed, Skipped};
        use Severity::{Block, Warn};
        let checks = [
            ("good", Passed, Block, false),
            ("bad", Failed, Block, false),
            ("broken", Errored, Block, false),
            ("thin", Inconclusive, Block, false),
            ("thin-excused", Inconclusive, Block, true),
            ("left-out", Skipped, Block, false),
            ("bad-warns", Failed, Warn, false),
        ]
        .map(|(id, outcome, severity, excused)| check(id, outcome, severity, excused));
        insta::assert_snapshot!(told(checks.into(), Decision::Failed, None));
    }

    #[test]
    fn a_run_of_which_nothing_failed_and_which_has_not_passed_still_holds_a_failure() {
        let text = told(vec![check("late", Outcome::Skipped, Severity::Block, false)], Decision::Failed, None);
        assert!(
            text.contains(r#"<testsuites name="greenlight check" tests="2" skipped="1" failures="1" errors="0""#),
            "{text}"
        );
        assert!(text.contains(r#"<failure message="not passed: 0 of 1 check passed" type="verdict">"#), "{text}");
    }

    #[test]
    fn a_warning_beside_a_pass_is_neither_a_success_nor_a_failure() {
        let checks = vec![
            check("good", Outcome::Passed, Severity::Block, false),
            check("slow", Outcome::Failed, Severity::Warn, false),
        ];
        let text = told(checks, Decision::Succeeded, None);
        assert!(text.contains(r#"tests="3" skipped="1" failures="0" errors="0""#), "{text}");
        assert!(text.contains(r#"<skipped message="failed (severity: warn): GL1201 slow: "#), "{text}");
    }

    #[test]
    fn what_is_only_observed_fails_nothing_and_is_no_success() {
        let observed = Observed { until: "2026-12-31".to_owned(), would_have_failed: true };
        let checks = vec![check("bad", Outcome::Failed, Severity::Block, false)];
        let text = told(checks, Decision::Succeeded, Some(observed));
        assert!(text.contains(r#"tests="2" skipped="2" failures="0" errors="0""#), "{text}");
        assert!(text.contains(r#"<skipped message="failed (mode: observe): GL1201 bad: "#), "{text}");
        let verdict = r#"<skipped message="would have failed (mode: observe): 0 of 1 check passed"/>"#;
        assert!(text.contains(verdict), "{text}");
    }
}
