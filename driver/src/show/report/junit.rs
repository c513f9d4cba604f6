//! A deployment as JUnit XML, for CI servers: a suite for the lifecycle, and one for each hook with a test case for each check. It
//! decides nothing. As for `greenlight check`, what is inconclusive or only warns is never a plain success.

use std::time::Duration;

use greenlight_checks::evidence::Evidence;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::super::{checked, junit};
use super::document::{Document, Event, Hook};

/// The document.
pub fn document(document: &Document) -> String {
    let mut report = Report::new(format!("greenlight deployment {}", document.deployment.id));
    report.add_test_suite(lifecycle(document));
    report.add_test_suites(document.hooks.iter().map(hook));
    report.to_string().expect("the document is written into memory, which takes everything")
}

fn lifecycle(document: &Document) -> TestSuite {
    let deployment = &document.deployment;
    let mut suite = TestSuite::new("lifecycle");
    for property in [("deployment", &deployment.id), ("service", &deployment.service), ("group", &deployment.group)] {
        suite.add_property((property.0, property.1.as_str()));
    }
    suite.add_test_cases(document.events.iter().map(event));
    let status = match document.outcome.exit_code {
        Some(0) => TestCaseStatus::success(),
        Some(_) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let told = document.failure.as_ref().map(|failure| failure.told.join("\n")).unwrap_or_default();
            status.set_message(document.outcome.reason.as_str()).set_type(document.outcome.name.as_str());
            status.set_description(told);
            status
        }
        None => skipped(&format!("it still runs ({})", deployment.status.as_deref().unwrap_or("unknown"))),
    };
    let mut outcome = TestCase::new("outcome", status);
    outcome.set_classname("deployment");
    if let Some(took) = deployment.took_ms {
        outcome.set_time(Duration::from_millis(took));
    }
    suite.add_test_case(outcome);
    suite
}

fn event(event: &Event) -> TestCase {
    let status = match event.status.as_str() {
        "Succeeded" => TestCaseStatus::success(),
        "Failed" => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message("CodeDeploy says Failed");
            status
        }
        // Skipped, under way, or a word that nobody knows: none of it is a success.
        other => skipped(&format!("CodeDeploy says {other}")),
    };
    let mut case = TestCase::new(event.name.as_str(), status);
    case.set_classname("lifecycle");
    if let (Some(started), Some(ended)) = (event.started_at, event.ended_at) {
        case.set_time(Duration::try_from(ended.duration_since(started)).unwrap_or(Duration::ZERO));
    }
    case
}

fn hook(hook: &Hook) -> TestSuite {
    match &hook.evidence {
        Some(evidence) => checks(&hook.event, evidence),
        None => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_message(match &hook.unreadable {
                Some(error) => format!("the function's log could not be read: {error}"),
                None => "the function left no evidence".to_owned(),
            });
            status.set_description(hook.log.join("\n"));
            let mut suite = TestSuite::new(hook.event.as_str());
            let mut case = TestCase::new("evidence", status);
            case.set_classname("greenlight");
            suite.add_test_case(case);
            suite
        }
    }
}

fn checks(event: &str, evidence: &Evidence) -> TestSuite {
    let mut suite = TestSuite::new(event);
    if let Some(plan) = &evidence.plan {
        suite.add_property(("plan", plan.source.as_str()));
        suite.add_property(("plan.sha256", plan.sha256.as_str()));
    }
    suite.add_property(("routing", format!("{:?}", evidence.attestation.routing).as_str()));
    let observed = evidence.observed.as_ref();
    suite.add_test_cases(evidence.checks.iter().map(|check| junit::case(check, observed.is_some())));
    suite.add_test_case(junit::verdict(&evidence.verdict, observed, &checked::counted(&evidence.checks)));
    suite
}

fn skipped(message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(message);
    status
}
