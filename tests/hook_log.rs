//! What a hook writes: every line says which invocation it belongs to, and one line is figures in CloudWatch's own format.

#[path = "support/hook/mod.rs"]
mod bench;

use bench::aws::{DEPLOYMENT, Fault};
use bench::{Bench, Function, Story};
use serde_json::Value;

async fn bench() -> Bench {
    Bench::of(Function::AfterAllowTestTraffic).await
}

fn metrics(story: &Story) -> Vec<&Value> {
    story.lines.iter().filter(|line| line.get("_aws").is_some()).collect()
}

#[tokio::test]
async fn every_line_of_an_invocation_names_request_deployment_and_event() {
    for (drill, last) in [(None, "request-2"), (Some("panic"), "request-2")] {
        let mut bench = bench().await;
        bench.set("GREENLIGHT_DRILL", drill);
        bench.invoke().await.response();
        bench.invoke().await.response();
        let story = bench.story().await;
        assert!(story.lines.len() > 10, "{} lines", story.lines.len());
        for line in &story.lines {
            let labels = line.get("span").unwrap_or(line);
            let request = labels["request_id"].as_str().unwrap_or_else(|| panic!("whose line is this: {line}"));
            assert!(["request-1", last].contains(&request), "{line}");
            assert_eq!(labels["deployment_id"], DEPLOYMENT, "{line}");
            assert_eq!(labels["event"], "AfterAllowTestTraffic", "{line}");
        }
        assert_eq!(story.lines.last().unwrap()["request_id"], last);
    }
}

#[tokio::test]
async fn one_line_per_execution_is_figures_in_the_embedded_metric_format() {
    let mut bench = bench().await;
    bench.aws.state().next.insert("PutLifecycleEventHookExecutionStatus", [Fault(400, "ThrottlingException")].into());
    bench.invoke().await.response();
    let story = bench.story().await;
    let [line] = metrics(&story)[..] else { panic!("one line: {:?}", metrics(&story)) };
    let directive = &line["_aws"]["CloudWatchMetrics"];
    assert_eq!(directive.as_array().map(Vec::len), Some(1));
    assert_eq!(directive[0]["Namespace"], "Greenlight");
    assert_eq!(directive[0]["Dimensions"], serde_json::json!([["Event", "Function"]]));
    assert_eq!((&line["Event"], &line["Function"]), (&"AfterAllowTestTraffic".into(), &"CodeDeployHook_test".into()));
    assert!(line["_aws"]["Timestamp"].as_u64().unwrap() > 1_500_000_000_000, "milliseconds since the epoch");
    let mut names = Vec::new();
    for metric in directive[0]["Metrics"].as_array().unwrap() {
        let name = metric["Name"].as_str().unwrap();
        assert!(line[name].is_u64(), "{name} is {}", line[name]);
        let unit = if name.ends_with("Duration") { "Milliseconds" } else { "Count" };
        assert_eq!(metric["Unit"], unit, "{name}");
        names.push(name);
    }
    assert_eq!(
        names,
        [
            "Duration",
            "ValidationDuration",
            "EvidenceDuration",
            "ReportDuration",
            "ChecksPassed",
            "ChecksFailed",
            "ChecksInconclusive",
            "ChecksErrored",
            "ChecksSkipped",
            "Succeeded",
            "Repeated",
            "Reported",
            "ReportAttempts"
        ]
    );
    for (name, value) in [
        ("ChecksPassed", 2),
        ("ChecksFailed", 0),
        ("Succeeded", 1),
        ("Repeated", 0),
        ("Reported", 1),
        ("ReportAttempts", 2),
    ] {
        assert_eq!(line[name], value, "{name}");
    }
    assert!(line["Duration"].as_u64() >= line["ReportDuration"].as_u64());
    // The pause before the second attempt is part of it.
    assert!(line["ReportDuration"].as_u64().unwrap() >= 200, "{line}");
}

#[tokio::test]
async fn a_failed_check_and_a_refused_report_are_counted() {
    let mut bench = Bench::with_green(Function::AfterAllowTestTraffic, "wrong").await;
    bench.aws.state().always.insert("PutLifecycleEventHookExecutionStatus", Fault(400, "InvalidDeploymentIdException"));
    bench.invoke().await.error();
    let story = bench.story().await;
    let line = metrics(&story)[0];
    for (name, value) in
        [("ChecksPassed", 1), ("ChecksFailed", 1), ("Succeeded", 0), ("Reported", 0), ("ReportAttempts", 1)]
    {
        assert_eq!(line[name], value, "{name}");
    }
}
