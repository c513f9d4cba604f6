//! The way of the report to CodeDeploy: tried again while that may help, and an error of the function where it does not.

#[path = "support/hook/mod.rs"]
mod bench;

use std::time::Duration;

use bench::aws::Fault;
use bench::{Bench, Function};

const PUT: &str = "PutLifecycleEventHookExecutionStatus";

fn bench() -> impl Future<Output = Bench> {
    Bench::of(Function::AfterAllowTestTraffic)
}

#[tokio::test]
async fn what_time_cures_is_tried_again_until_it_is_accepted() {
    for fault in [Fault(400, "ThrottlingException"), Fault(400, "AccessDeniedException"), Fault(500, "InternalFailure")]
    {
        let mut bench = bench().await;
        bench.aws.state().next.insert(PUT, [fault, fault].into());
        assert_eq!(bench.invoke().await.response()["report"], "accepted");
        assert_eq!(bench.aws.calls(PUT), 3);
        let story = bench.story().await;
        story.one_report("Succeeded");
        assert_eq!(story.report_lines[0]["attempts"], 3);
    }
}

#[tokio::test]
async fn an_execution_that_was_reported_before_is_done() {
    let mut bench = bench().await;
    bench.aws.state().completed = true;
    assert_eq!(bench.invoke().await.response()["report"], "already_completed");
    let story = bench.story().await;
    assert_eq!(story.report_lines[0]["result"], "already_completed");
    assert_eq!(story.reports.len(), 1);
}

#[tokio::test]
async fn a_report_that_is_refused_for_good_is_an_error_and_a_retry_reports_the_same_verdict() {
    let mut bench = bench().await;
    bench.aws.state().next.insert(PUT, [Fault(400, "InvalidLifecycleEventHookExecutionIdException")].into());
    let error = bench.invoke().await.error();
    assert!(error.contains("GL1901") && error.contains("InvalidLifecycleEventHookExecutionIdException"), "{error}");
    let requests = bench.green.requests();
    assert_eq!(bench.invoke().await.response()["status"], "Succeeded");
    assert_eq!(bench.green.requests(), requests, "the stored verdict is reported");
    let story = bench.story().await;
    let results: Vec<&str> = story.report_lines.iter().map(|line| line["result"].as_str().unwrap()).collect();
    assert_eq!(results, ["failed", "accepted"]);
    assert_eq!(story.reports.len(), 1);
}

#[tokio::test]
async fn a_report_without_a_way_ends_in_an_error_before_lambdas_deadline() {
    let mut bench = bench().await;
    bench.aws.state().always.insert(PUT, Fault(503, "ServiceUnavailable"));
    let error = bench.invoke_within(Duration::from_secs(3)).await.error();
    assert!(error.contains("GL1901") && error.contains("one hour"), "{error}");
    let story = bench.story().await;
    assert_eq!(story.report_lines[0]["result"], "failed");
    assert_eq!(story.evidence.len(), 1, "the evidence is written before the report");
}

#[tokio::test]
async fn a_permission_that_never_arrives_is_named() {
    let mut bench = bench().await;
    bench.aws.state().always.insert(PUT, Fault(400, "AccessDeniedException"));
    let error = bench.invoke_within(Duration::from_secs(3)).await.error();
    assert!(error.contains("GL1902") && error.contains("codedeploy:PutLifecycleEventHookExecutionStatus"), "{error}");
    bench.story().await;
}

#[tokio::test]
async fn codedeploy_out_of_reach_is_an_error_that_says_how_to_get_there() {
    let mut bench = bench().await;
    // Nothing listens on port 1 of the loopback interface.
    bench.set("AWS_ENDPOINT_URL", Some("http://127.0.0.1:1"));
    let error = bench.invoke_within(Duration::from_secs(3)).await.error();
    assert!(error.contains("GL1901 report: CodeDeploy could not be reached"), "{error}");
    assert!(error.contains("add an interface endpoint or a NAT route"), "{error}");
    let story = bench.story().await;
    assert!(story.report_lines[0]["attempts"].as_u64().unwrap() > 1, "it was tried again");
}
