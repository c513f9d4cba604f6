//! A hook that panics, hangs, dies, runs out of time, is called twice or called wrongly.

#[path = "support/hook/mod.rs"]
mod bench;

use std::time::{Duration, Instant};

use bench::aws::DEPLOYMENT;
use bench::lambda::End;
use bench::{Bench, EXECUTION, Function, PLAN, PLENTY};

fn bench() -> impl Future<Output = Bench> {
    Bench::of(Function::AfterAllowTestTraffic)
}

#[tokio::test]
async fn a_panic_in_the_middle_of_the_checks_becomes_a_failed_report() {
    let mut bench = bench().await;
    bench.set("GREENLIGHT_DRILL", Some("panic"));
    assert_eq!(bench.invoke().await.response()["status"], "Failed");
    let story = bench.story().await;
    assert_eq!(
        story.failed_with("GL1904"),
        "hook: panicked while running the checks: fire drill: GREENLIGHT_DRILL=panic; the function's log says where"
    );
    assert_eq!(story.evidence[0]["evidence"]["attestation"]["routing"], "proven", "what was known is kept");
}

#[tokio::test]
async fn a_hook_that_hangs_is_cut_off_by_the_plans_total() {
    let mut bench = bench().await;
    bench.set("GREENLIGHT_DRILL", Some("hang"));
    bench.plan(&PLAN.replace("stabilise: 1s", "stabilise: 1s, total: 2s"));
    bench.invoke().await.response();
    let story = bench.story().await;
    let reason = story.failed_with("GL1903");
    assert!(reason.contains("budget.total") && reason.contains("while running the checks"), "{reason}");
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the time it takes is what is tested")]
async fn a_hook_that_hangs_is_cut_off_a_reserve_before_lambdas_deadline() {
    let mut bench = bench().await;
    bench.set("GREENLIGHT_DRILL", Some("hang"));
    let started = Instant::now();
    // The least that a reserve of 10 s admits, and what the start of the process takes.
    bench.invoke_within(Duration::from_secs(23)).await.response();
    assert!(started.elapsed() < Duration::from_secs(16), "the reserve is kept: {:?}", started.elapsed());
    let story = bench.story().await;
    assert!(story.failed_with("GL1903").contains("timeout less the report's reserve"));
}

#[tokio::test]
async fn a_process_that_ends_never_reported_success() {
    let mut bench = bench().await;
    bench.set("GREENLIGHT_DRILL", Some("exit"));
    match bench.invoke().await {
        End::Exited(status) => assert_eq!(status.code(), Some(86)),
        other => panic!("{other:?}"),
    }
    let story = bench.story().await;
    assert!(story.reports.is_empty() && story.report_lines.is_empty());
}

#[tokio::test]
async fn an_unknown_drill_is_refused() {
    let mut bench = bench().await;
    bench.set("GREENLIGHT_DRILL", Some("explode"));
    bench.invoke().await.response();
    assert_eq!(
        bench.story().await.failed_with("GL1905"),
        "hook: GREENLIGHT_DRILL is \"explode\"; it is one of panic, hang, exit, or not set"
    );
}

#[tokio::test]
async fn with_less_than_twice_the_reserve_there_is_no_time() {
    let mut bench = bench().await;
    bench.invoke_within(Duration::from_secs(15)).await.response();
    assert_eq!(bench.green.requests(), 0);
    let story = bench.story().await;
    assert!(story.failed_with("GL1903").contains("no time: "));
}

#[tokio::test]
async fn without_the_two_ids_there_is_nobody_to_report_to() {
    let mut bench = bench().await;
    for (payload, said) in [
        ("{}".to_owned(), "no \"DeploymentId\""),
        (format!("{{\"DeploymentId\":\"{DEPLOYMENT}\"}}"), "no \"LifecycleEventHookExecutionId\""),
        (format!("{{\"deploymentId\":\"{DEPLOYMENT}\",\"executionId\":\"{EXECUTION}\"}}"), "no \"DeploymentId\""),
        ("[1]".to_owned(), "a list"),
    ] {
        let error = bench.invoke_with(&payload, PLENTY).await.error();
        assert!(error.contains(said), "{payload}: {error}");
    }
    assert!(bench.aws.state().calls.is_empty(), "nothing is asked for nobody");
    let story = bench.story().await;
    assert!(story.reports.is_empty());
}

#[tokio::test]
async fn every_invalid_sample_event_is_refused_and_every_valid_one_is_answered() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../events");
    let mut seen = [0, 0];
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let payload = std::fs::read_to_string(&path).unwrap();
        let valid = !name.starts_with("invalid.");
        // A self-test is about no deployment, and is answered with findings alone.
        let owed = usize::from(name != "self-test.json");
        seen[usize::from(valid)] += 1;
        let mut bench = bench().await;
        let end = bench.invoke_with(&payload, PLENTY).await;
        let reports = bench.story().await.reports.len();
        match end {
            End::Response(_) => assert!(valid && reports == owed, "{name}: {reports} reports"),
            End::Error(error) => assert!(!valid && reports == 0, "{name}: {error}"),
            End::Exited(status) => panic!("{name}: {status}"),
        }
    }
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
}

#[tokio::test]
async fn a_second_invocation_reports_the_same_verdict_without_running_a_check() {
    let mut bench = bench().await;
    bench.invoke().await.response();
    let (requests, reads) = (bench.green.requests(), bench.aws.calls("GetDeployment"));
    assert_eq!(bench.invoke().await.response()["report"], "already_completed");
    assert_eq!((bench.green.requests(), bench.aws.calls("GetDeployment")), (requests, reads));
    let story = bench.story().await;
    let results: Vec<&str> = story.report_lines.iter().map(|line| line["result"].as_str().unwrap()).collect();
    assert_eq!(results, ["accepted", "already_completed"]);
    assert_eq!(story.evidence[0]["evidence"], story.evidence[1]["evidence"]);
}

#[tokio::test]
async fn an_invocation_after_a_failure_is_a_matter_of_its_own() {
    let mut bench = bench().await;
    bench.aws.state().test = [1, 0];
    bench.invoke().await.response();
    {
        let mut state = bench.aws.state();
        (state.test, state.completed) = ([0, 1], false);
    }
    let payload = format!("{{\"DeploymentId\":\"{DEPLOYMENT}\",\"LifecycleEventHookExecutionId\":\"another\"}}");
    assert_eq!(bench.invoke_with(&payload, PLENTY).await.response()["status"], "Succeeded");
    let story = bench.story().await;
    let statuses: Vec<&str> = story.reports.iter().map(|report| report.status.as_str()).collect();
    assert_eq!(statuses, ["Failed", "Succeeded"]);
}

#[tokio::test]
async fn the_reports_token_is_not_logged_at_any_level() {
    let mut bench = bench().await;
    bench.set("GREENLIGHT_LOG", Some("trace"));
    bench.invoke().await.response();
    // The story proves that no line has it.
    bench.story().await.one_report("Succeeded");
}

#[tokio::test]
async fn a_log_filter_that_cannot_be_read_does_not_keep_the_report_away() {
    let mut bench = bench().await;
    bench.set("GREENLIGHT_LOG", Some("=nonsense=,,["));
    bench.invoke().await.response();
    bench.story().await.one_report("Succeeded");
}
