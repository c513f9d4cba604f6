//! What ends a hook before it is done: a panic, the time, a kill, a second invocation beside the first. Whatever it is,
//! CodeDeploy takes one report, and what was known is in the evidence of each process that got that far.

#![allow(clippy::unwrap_used, reason = "this is test code, although it lies outside a test function")]

#[path = "support/hook/mod.rs"]
mod bench;

use std::sync::Arc;
use std::time::Duration;

use bench::bad_day::{BadDay, Day};
use bench::outage::Accident;
use bench::rows::side_by_side;
use bench::{Bench, Function, PLAN, PLENTY, Story};
use serde_json::Value;
use tokio::sync::Notify;

const PUT: &str = "PutLifecycleEventHookExecutionStatus";

/// The least that a reserve of ten seconds admits, and a little: the work has half of it.
const SHORT: Duration = Duration::from_secs(24);

fn bench() -> impl Future<Output = Bench> {
    Bench::of(Function::AfterAllowTestTraffic)
}

/// The result of every report line, in order.
fn results(story: &Story) -> Vec<&str> {
    story.report_lines.iter().map(|line| line["result"].as_str().unwrap()).collect()
}

/// The decision of every evidence line, in order.
fn decisions(story: &Story) -> Vec<&str> {
    story.evidence.iter().map(|line| line["evidence"]["verdict"]["decision"].as_str().unwrap()).collect()
}

/// The status that CodeDeploy took.
fn taken(story: &Story) -> &str {
    assert_eq!(story.accepted.len(), 1, "{:?}", story.reports);
    &story.accepted[0].status
}

#[tokio::test]
async fn a_panic_is_one_failed_report_at_every_event() {
    let rows = Function::ALL.map(|function| {
        let row = async move {
            let mut bench = Bench::of(function).await;
            if [Function::BeforeInstall, Function::AfterInstall].contains(&function) {
                bench.test_through_production();
            }
            bench.set("GREENLIGHT_DRILL", Some("panic"));
            bench.invoke().await.response();
            let story = bench.story().await;
            assert!(story.failed_with("GL1904").contains("panicked while running the checks: fire drill"));
            assert_eq!(story.evidence[0]["evidence"]["event"], function.event());
        };
        (function.event().to_owned(), row)
    });
    side_by_side(rows).await;
}

/// In each phase something hangs; the function's time is short.
#[tokio::test]
async fn the_time_runs_out_in_each_phase_and_the_report_says_in_which() {
    let phases = [
        ("reading the deployment", "GetDeployment", 0),
        ("reading the routing", "DescribeServices", 0),
        ("waiting for healthy targets", "DescribeTargetHealth", 0),
        ("reading the routing again", "GetDeployment", 1),
        ("reading the routing again", "DescribeRules", 2),
    ];
    let rows = phases.map(|(phase, operation, spared)| {
        let row = async move {
            let mut bench = bench().await;
            bench.outages().await.strike_after(spared, operation, Accident::Silence, usize::MAX);
            bench.invoke_within(SHORT).await.response();
            let story = bench.story().await;
            let reason = story.failed_with("GL1903");
            assert!(reason.starts_with("hook: out of time after 14s "), "{reason}");
            assert!(
                reason.ends_with(&format!(
                    "(the function's timeout less the report's reserve) while {phase}; raise the function's timeout, or let \
                     the plan do less at this event"
                )),
                "{reason}"
            );
        };
        (format!("{phase}, {operation}"), row)
    });
    side_by_side(rows).await;
}

/// A pipe that nobody writes to is a file whose reading never ends.
#[tokio::test]
async fn the_time_runs_out_while_the_plan_is_read() {
    let mut bench = bench().await;
    std::fs::remove_file(bench.package()).unwrap();
    let made = std::process::Command::new("mkfifo").arg(bench.package().as_ref()).status().unwrap();
    assert!(made.success());
    bench.invoke_within(SHORT).await.response();
    let story = bench.story().await;
    let reason = story.failed_with("GL1903");
    let said = "while reading the plan; raise the function's timeout, or let the plan do less at this event";
    assert!(reason.ends_with(said), "{reason}");
}

/// The judge of a path that looks at every pair of half a million numbers never yields.
#[tokio::test]
async fn a_check_that_never_yields_is_cut_off_by_the_plans_total() {
    let day = BadDay::begins(Day::Numbers(500_000), None).await;
    let mut bench = bench().await;
    let (head, _) = PLAN.split_once("hooks:").unwrap();
    let head = head.replace("stabilise: 1s", "stabilise: 1s, total: 6s");
    bench.plan(&format!(
        "{head}hooks: {{ AfterAllowTestTraffic: [pairs] }}\nchecks:\n  - id: pairs\n    http: {{ get: / }}\n    \
         expect: {{ json: [ {{ at: '$[?count($..*) == 1]', exists: false }} ] }}\n"
    ));
    bench.aws.state().test_port = day.address.port();
    bench.invoke().await.response();
    let story = bench.story().await;
    let reason = story.failed_with("GL1903");
    let said = "(the plan's budget.total) while running the checks; raise it, or let the plan do less at this event";
    assert!(reason.ends_with(said), "{reason}");
}

#[tokio::test]
async fn checks_that_the_time_runs_out_on_are_told_of_one_by_one() {
    let day = BadDay::begins(Day::Drips(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n"), None).await;
    let mut bench = bench().await;
    bench.plan(&PLAN.replace("    http:", "    timeout: 10m\n    http:"));
    bench.aws.state().test_port = day.address.port();
    bench.invoke_within(SHORT).await.response();
    let story = bench.story().await;
    let reason = story.failed_with("GL1903");
    assert!(reason.starts_with("health: not finished when the time for checks was over"), "{reason}");
    let evidence = &story.evidence[0]["evidence"];
    for check in evidence["checks"].as_array().unwrap() {
        assert_eq!([&check["outcome"], &check["messages"][0]["code"]], ["errored", "GL1903"], "{check:#}");
    }
    assert_eq!(evidence["attestation"]["routing"], "proven", "there was time left to look at the routing again");
}

#[tokio::test]
async fn a_kill_in_the_middle_of_the_checks_is_made_up_for_by_the_next_invocation() {
    let mut bench = bench().await;
    let asked = Arc::new(Notify::new());
    let killed = Arc::clone(&asked);
    bench.green.on_request(move || killed.notify_one());
    bench.set("GREENLIGHT_DRILL", Some("hang"));
    {
        let lambda = bench.lambda().await;
        let payload = Bench::payload();
        tokio::select! {
            end = lambda.invoke(&payload, PLENTY) => panic!("it was to hang: {end:?}"),
            () = asked.notified() => {}
        }
    }
    bench.kill().await;
    assert_eq!(bench.aws.state().reports, []);
    bench.set("GREENLIGHT_DRILL", None);
    assert_eq!(bench.invoke().await.response()["report"], "accepted");
    // The killed process had no evidence to write yet.
    bench.story().await.one_report("Succeeded");
}

/// Invokes, and kills the process when the report meets with this accident.
async fn killed_at_the_report(bench: &mut Bench, accident: Accident) {
    let outages = bench.outages().await;
    outages.strike(PUT, accident, 1);
    let payload = Bench::payload();
    tokio::select! {
        end = bench.invoke_with(&payload, PLENTY) => panic!("the report was to hang: {end:?}"),
        () = outages.one_happened() => {}
    }
    bench.kill().await;
}

#[tokio::test]
async fn a_kill_between_the_evidence_and_the_report_is_made_up_for_by_the_next_invocation() {
    let mut bench = bench().await;
    killed_at_the_report(&mut bench, Accident::Silence).await;
    assert_eq!(bench.aws.state().reports, []);
    assert_eq!(bench.invoke().await.response()["report"], "accepted");
    let story = bench.story().await;
    assert_eq!(taken(&story), "Succeeded");
    assert_eq!(decisions(&story), ["Succeeded", "Succeeded"], "the evidence of both");
    assert_eq!(results(&story), ["accepted"]);
}

#[tokio::test]
async fn a_kill_after_the_report_is_no_second_report() {
    for (price, status) in [("2", "Succeeded"), ("wrong", "Failed")] {
        let mut bench = Bench::with_green(Function::AfterAllowTestTraffic, price).await;
        killed_at_the_report(&mut bench, Accident::AnswerWithheld).await;
        assert_eq!(bench.aws.state().accepted.len(), 1);
        let answer = bench.invoke().await.response();
        assert_eq!([&answer["status"], &answer["report"]], [status, "already_completed"]);
        let story = bench.story().await;
        assert_eq!(taken(&story), status);
        assert_eq!(decisions(&story), [status; 2]);
        assert_eq!(results(&story), ["already_completed"]);
    }
}

#[tokio::test]
async fn a_failure_that_was_taken_stays_one_whatever_the_next_invocation_finds() {
    let mut bench = bench().await;
    bench.aws.state().test = [1, 0];
    killed_at_the_report(&mut bench, Accident::AnswerWithheld).await;
    bench.aws.state().test = [0, 1];
    let answer = bench.invoke().await.response();
    let story = bench.story().await;
    assert_eq!(taken(&story), "Failed");
    assert_eq!(decisions(&story), ["Failed", "Succeeded"]);
    assert_eq!(answer["report"], "already_completed", "the log says that it is not this verdict that was taken");
    assert_eq!(results(&story), ["already_completed"]);
}

#[tokio::test]
async fn two_invocations_of_one_execution_at_a_time_are_one_report() {
    let mut bench = bench().await;
    let outages = bench.outages().await;
    let (mut one, mut other) = (bench.another().await, bench.another().await);
    let payload = Bench::payload();
    let (first, second) = tokio::join!(one.invoke(&payload, PLENTY), other.invoke(&payload, PLENTY));
    let answers = [first.response(), second.response()];
    assert!(answers.iter().all(|answer| answer["status"] == "Succeeded"), "{answers:?}");
    let mut reports: Vec<&Value> = answers.iter().map(|answer| &answer["report"]).collect();
    reports.sort_by_key(|report| report.to_string());
    assert_eq!(reports, ["accepted", "already_completed"]);
    assert_eq!(outages.calls()[PUT], 2);
    bench.keep(one).await;
    bench.keep(other).await;
    let story = bench.story().await;
    assert_eq!(taken(&story), "Succeeded");
    assert_eq!(decisions(&story), ["Succeeded", "Succeeded"]);
    let mut results = results(&story);
    results.sort_unstable();
    assert_eq!(results, ["accepted", "already_completed"]);
}

#[tokio::test]
async fn one_process_that_is_invoked_again_after_each_accident_reports_what_it_decided_first() {
    let mut bench = Bench::with_green(Function::AfterAllowTestTraffic, "wrong").await;
    let outages = bench.outages().await;
    outages.strike(PUT, Accident::Denied, usize::MAX);
    let refused = bench.invoke_within(SHORT).await.error();
    assert!(refused.starts_with("GL1902 report: "), "{refused}");
    let requests = bench.green.requests();
    outages.are_over();
    let answer = bench.invoke().await.response();
    assert_eq!([&answer["status"], &answer["report"]], ["Failed", "accepted"]);
    assert_eq!(bench.invoke().await.response()["report"], "already_completed");
    assert_eq!(bench.green.requests(), requests, "no check runs twice");
    let story = bench.story().await;
    assert_eq!(taken(&story), "Failed");
    assert_eq!(results(&story), ["failed", "accepted", "already_completed"]);
    let told: Vec<&Value> = story.evidence.iter().map(|line| &line["evidence"]).collect();
    assert_eq!(told, [told[0]; 3], "one verdict, three times");
}

/// Evidence that no pipe holds, and nobody who reads.
#[tokio::test]
async fn a_log_that_nobody_reads_does_not_keep_the_report_away() {
    let mut bench = bench().await;
    let body = "x".repeat(4000);
    let long = Box::leak(format!("HTTP/1.1 200 OK\r\ncontent-length: 4000\r\n\r\n{body}").into_boxed_str());
    let day = BadDay::begins(Day::Answers(long.as_bytes()), None).await;
    bench.aws.state().test_port = day.address.port();
    let ids: Vec<String> = (0..80).map(|number| format!("check-{number}")).collect();
    let checks: String =
        ids.iter().map(|id| format!("  - {{ id: {id}, http: {{ get: / }}, expect: {{ status: 200 }} }}\n")).collect();
    let (head, _) = PLAN.split_once("hooks:").unwrap();
    bench.plan(&format!("{head}hooks: {{ AfterAllowTestTraffic: [{}] }}\nchecks:\n{checks}", ids.join(", ")));
    let (let_it_be_read, read) = tokio::sync::oneshot::channel::<()>();
    bench.leave_unread(async move { read.await.unwrap() }).await;
    let answer = bench.invoke_within(Duration::from_secs(60)).await.response();
    assert_eq!([&answer["status"], &answer["report"]], ["Succeeded", "accepted"]);
    assert_eq!(bench.aws.state().accepted.len(), 1, "the report did not wait for a reader");
    let_it_be_read.send(()).unwrap();
    // With a reader, an answer comes after its lines and all that waited before them.
    assert_eq!(bench.invoke().await.response()["report"], "already_completed");
    let story = bench.story().await;
    assert_eq!(taken(&story), "Succeeded");
    assert_eq!(results(&story), ["accepted", "already_completed"], "no line is lost or cut");
    assert_eq!(story.evidence.len(), 2);
}
