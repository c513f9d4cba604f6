//! The end as a person reads it, word for word.

use std::collections::BTreeMap;
use std::time::Duration;

use greenlight_checks::evidence::{Attestation, SCHEMA, Verdict};
use greenlight_checks::message::codes;
use jiff::Timestamp;

use super::*;
use crate::decide::report::Split;
use crate::decide::schedule::Shift;
use crate::decide::view::Heading;
use crate::decide::why::{Counted, Gathered};
use crate::snapshot::{Diagnostics, ErrorInformation};

const SENTENCE: &str = "The deployment failed because one or more of the lifecycle event validation functions failed.";

fn check(id: &str, outcome: Outcome, messages: Vec<Message>) -> CheckEvidence {
    CheckEvidence {
        id: id.to_owned(),
        kind: "http".to_owned(),
        severity: Severity::Block,
        inconclusive_excused: false,
        outcome,
        attempts: 1,
        took_ms: 43,
        numbers: std::collections::BTreeMap::new(),
        series: std::collections::BTreeMap::new(),
        expectations: Vec::new(),
        messages,
        samples: Vec::new(),
    }
}

pub(in crate::show) fn evidence() -> Evidence {
    let message = Message::new(codes::ASSERTION_FAILED, "product", "$.price expected > 0, got \"9.50\" (string)")
        .with_context("GET /api/products/42 via test listener, 200 in 43 ms, attempt 1 of 1")
        .at("checks.yaml:38");
    Evidence {
        schema: SCHEMA,
        tool: "greenlight-hooks".to_owned(),
        deployment_id: "d-1".to_owned(),
        execution: String::new(),
        event: greenlight_checks::event::HookEvent::AfterAllowTestTraffic,
        function: None,
        plan: None,
        started_at: Timestamp::UNIX_EPOCH,
        finished_at: Timestamp::UNIX_EPOCH,
        verdict: Verdict { decision: Decision::Failed, because: vec![message.clone()] },
        observed: None,
        gate: None,
        attestation: Attestation {
            routing: Standing::Proven,
            summary: Some("test listener -> shop-b, 3 of 3 targets healthy".to_owned()),
            ..Attestation::default()
        },
        checks: vec![
            check("product", Outcome::Failed, vec![message]),
            check("health", Outcome::Passed, Vec::new()),
            check("cert", Outcome::Passed, Vec::new()),
        ],
        timeline: Vec::new(),
    }
}

fn failed() -> Report {
    let everything = Some(Split { original: 100.0, replacement: 0.0 });
    let error = ErrorInformation { code: "HOOK_EXECUTION_FAILURE".to_owned(), message: SENTENCE.to_owned() };
    Report {
        heading: Heading {
            service: "shop".to_owned(),
            deployment_id: "d-1".to_owned(),
            group: "dg".to_owned(),
            versions: None,
            shift: Shift::AllAtOnce,
            deadline: None,
            hooks: BTreeMap::new(),
            evidence: None,
        },
        exit: Exit::HookRolledBack,
        status: Some(DeploymentStatus::Failed),
        rolls_back: None,
        took: None,
        why: Some(Why {
            status: DeploymentStatus::Failed,
            event: Some("AfterAllowTestTraffic".to_owned()),
            function: Some("CodeDeployHook_A".to_owned()),
            diagnostics: Some(Diagnostics {
                code: Some("ScriptFailed".to_owned()),
                script: Some("CodeDeployHook_A".to_owned()),
                message: Some(SENTENCE.to_owned()),
                log_tail: None,
            }),
            log: Some(HookLog::Evidence(Box::new(evidence()))),
            error: Some(error),
            guard: None,
            task_ends: Gathered::NotAsked,
            targets: Gathered::NotAsked,
            service_events: Gathered::NotAsked,
            alarms: Gathered::NotAsked,
            highest_weight: 0.0,
            shift_began: false,
        }),
        rollback: Some(RolledBack {
            deployment_id: Some("d-2".to_owned()),
            standing: Rollback::Done,
            took: Some(Duration::from_secs(4)),
            error: None,
        }),
        serving: Serving { production: everything, test: everything },
    }
}

fn lines(report: &Report) -> Vec<String> {
    super::report(report, Paint::off())
}

#[test]
fn a_failed_hook_is_told_by_its_check_with_request_and_place() {
    assert_eq!(
        lines(&failed()),
        [
            "FAILED at AfterAllowTestTraffic, by CodeDeployHook_A; no production request reached the new version",
            "  GL1201 product: $.price expected > 0, got \"9.50\" (string)",
            "         GET /api/products/42 via test listener, 200 in 43 ms, attempt 1 of 1   checks.yaml:38",
            "  2 other checks passed; routing was proven (test listener -> shop-b, 3 of 3 targets healthy)",
            &format!("  CodeDeploy says: HOOK_EXECUTION_FAILURE: {SENTENCE}"),
            "rolled back by d-2 in 4.0s: the original task set has 100 % of production and test traffic",
            "exit 11",
        ]
    );
}

#[test]
fn a_function_without_evidence_is_told_by_the_tail_of_its_log() {
    let mut report = failed();
    let why = report.why.as_mut().unwrap();
    why.log = Some(HookLog::tail(vec!["Task timed out after 10.00 seconds".to_owned()]));
    let told = lines(&report);
    assert_eq!(
        told[1..3],
        ["  the function left no evidence; its log ends with", "    Task timed out after 10.00 seconds"]
    );
    report.why.as_mut().unwrap().log = Some(HookLog::tail(Vec::new()));
    assert_eq!(lines(&report)[1], "  the function left no evidence, and its log has nothing from this time");
}

#[test]
fn without_a_rollback_it_is_said_where_production_traffic_goes() {
    let mut report = failed();
    report.exit = Exit::NotRolledBack;
    let why = report.why.as_mut().unwrap();
    (why.highest_weight, why.shift_began) = (10.0, true);
    let rollback = report.rollback.as_mut().unwrap();
    (rollback.standing, rollback.deployment_id) = (Rollback::None, None);
    report.serving.production = Some(Split { original: 90.0, replacement: 10.0 });
    report.serving.test = Some(Split { original: 0.0, replacement: 100.0 });
    let told = lines(&report);
    assert!(told[0].ends_with("; the new version had up to 10 % of production traffic"), "{}", told[0]);
    assert_eq!(
        told[5],
        "NOT rolled back: there is no rollback deployment; production: 90 % to the original task set, 10 % to the replacement; test: 100 % to the replacement"
    );
}

#[test]
fn listeners_that_could_not_be_read_are_not_claimed() {
    let mut report = failed();
    report.serving = Serving::default();
    assert_eq!(
        lines(&report)[5],
        "rolled back by d-2 in 4.0s: the listeners could not be read, so look where production traffic goes"
    );
}

#[test]
fn an_alarm_stops_and_is_said_so() {
    let mut report = failed();
    let why = report.why.as_mut().unwrap();
    (why.status, why.event, why.function) = (DeploymentStatus::Stopped, Some("AllowTraffic".to_owned()), None);
    why.log = None;
    assert!(lines(&report)[0].starts_with("STOPPED at AllowTraffic; "));
}

#[test]
fn tasks_targets_and_alarms_follow_what_codedeploy_says_and_what_could_not_be_read_is_named() {
    let counted = |count, what: &str| Counted { count, what: what.to_owned() };
    let mut report = failed();
    let why = report.why.as_mut().unwrap();
    (why.event, why.function, why.log) = (Some("Install".to_owned()), None, None);
    why.diagnostics = None;
    why.task_ends = Gathered::Known(vec![
        counted(12, "Task failed ELB health checks (ServiceSchedulerInitiated); web exited with 143"),
        counted(2, "Essential container in task exited (EssentialContainerExited); web exited with 1"),
        counted(1, "a"),
        counted(1, "b"),
    ]);
    why.targets = Gathered::Unreadable("elasticloadbalancing:DescribeTargetHealth: AccessDenied".to_owned());
    why.alarms = Gathered::Known(vec![greenlight_checks::cloudwatch::Alarm {
        name: "shop-5xx".to_owned(),
        state: greenlight_checks::cloudwatch::AlarmState::Alarm,
        since: Some(Timestamp::from_second(1_800_000_000).unwrap()),
        reason: Some("Threshold Crossed".to_owned()),
    }]);
    assert_eq!(
        lines(&report)[1..9],
        [
            &format!("  CodeDeploy says: HOOK_EXECUTION_FAILURE: {SENTENCE}"),
            "  how the replacement's tasks ended before that",
            "    12 x Task failed ELB health checks (ServiceSchedulerInitiated); web exited with 143",
            "    2 x Essential container in task exited (EssentialContainerExited); web exited with 1",
            "    1 x a",
            "    and 1 in other ways",
            "  its targets that are not healthy could not be read: elasticloadbalancing:DescribeTargetHealth: AccessDenied",
            "  alarm shop-5xx is in ALARM since 08:00:00 UTC: Threshold Crossed",
        ]
    );
    let reason = super::reason(&report);
    assert!(
        reason.ends_with(
            ": 12 tasks ended: Task failed ELB health checks (ServiceSchedulerInitiated); web exited with 143"
        ),
        "{reason}"
    );
}
