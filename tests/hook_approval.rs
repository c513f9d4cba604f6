//! A plan with an approval: once everything else has passed, the hook ends without a report and leaves what a person needs to
//! report for it. It is never asked twice, and never passed by the hook.

#[path = "support/hook/mod.rs"]
mod bench;

use bench::bucket::Bucket;
use bench::{Bench, EXECUTION, Function, PLAN};
use serde_json::{Value, json};

/// The checks of [`PLAN`], and a person after them.
fn gated() -> String {
    let plan = PLAN.replace("AfterAllowTestTraffic: [health, product]", "AfterAllowTestTraffic: [health, go, product]");
    format!("{plan}  - id: go\n    approval: {{ from: [ana, the on-call engineer], within: 20m }}\n")
}

async fn bench(green: &'static str) -> Bench {
    let bench = Bench::with_green(Function::AfterAllowTestTraffic, green).await;
    bench.plan(&gated());
    bench
}

fn seconds(from: &Value, to: &Value) -> i64 {
    let time =
        |value: &Value| value.as_str().expect("a time is text").parse::<jiff::Timestamp>().expect("it is RFC 3339");
    time(to).duration_since(time(from)).as_secs()
}

#[tokio::test]
async fn everything_else_passed_and_nothing_is_reported() {
    let mut bench = bench("2").await;
    assert_eq!(bench.invoke().await.response(), json!({"status": "Waiting", "report": "held"}));
    let story = bench.story().await;
    assert!(story.reports.is_empty(), "{:?}", story.reports);
    assert_eq!(
        (&story.report_lines[0]["status"], &story.report_lines[0]["result"]),
        (&json!("Waiting"), &json!("held"))
    );
    assert_eq!(story.report_lines[0]["attempts"], 0);
    let evidence = &story.evidence[0]["evidence"];
    assert_eq!(evidence["verdict"]["decision"], "Waiting");
    let because = &evidence["verdict"]["because"][0];
    assert_eq!((&because["code"], &because["subject"]), (&json!("GL1906"), &json!("go")));
    let text = because["text"].as_str().expect("a reason has a text");
    assert!(
        text.starts_with("every other check passed; waits for approval by ana or the on-call engineer until "),
        "{text}"
    );
    let gate = &evidence["gate"];
    assert_eq!((&gate["check"], &gate["from"]), (&json!("go"), &json!(["ana", "the on-call engineer"])));
    assert_eq!(gate["execution_id"], EXECUTION, "the answer is reported with it");
    assert_eq!(seconds(&gate["opened_at"], &gate["until"]), 20 * 60);
    let ids: Vec<_> =
        evidence["checks"].as_array().expect("checks are a list").iter().map(|check| &check["id"]).collect();
    assert_eq!(ids, ["health", "product"], "a person is no check that was run");
}

#[tokio::test]
async fn what_fails_is_reported_at_once_and_nobody_is_asked() {
    for (green, routed, code) in [("wrong", [0, 1], "GL1201"), ("2", [1, 0], "GL1101")] {
        let mut bench = bench(green).await;
        bench.aws.state().test = routed;
        assert_eq!(bench.invoke().await.response()["status"], "Failed");
        let story = bench.story().await;
        story.failed_with(code);
        assert_eq!(story.evidence[0]["evidence"].get("gate"), None, "{green}");
    }
}

#[tokio::test]
async fn a_second_delivery_runs_no_check_and_reports_nothing_in_this_process_and_in_a_new_one() {
    let (mut bench, bucket) = (bench("2").await, Bucket::open().await);
    bench.set("AWS_ENDPOINT_URL_S3", Some(&bucket.url()));
    bench.set("GREENLIGHT_EVIDENCE_BUCKET", Some("evidence"));
    bench.invoke().await.response();
    let requests = bench.green.requests();
    // What would now fail is not looked at: the person is asked about what was seen.
    bench.aws.state().test = [1, 0];
    for again in ["in this process", "in a new one"] {
        assert_eq!(bench.invoke().await.response(), json!({"status": "Waiting", "report": "held"}), "{again}");
        assert_eq!(bench.green.requests(), requests, "{again}");
        bench.kill().await;
    }
    let story = bench.story().await;
    assert!(story.reports.is_empty(), "{:?}", story.reports);
    let gates: Vec<_> = story.evidence.iter().map(|line| &line["evidence"]["gate"]).collect();
    assert_eq!(gates.len(), 3);
    assert!(gates.iter().all(|gate| *gate == gates[0]), "the same gate with the same end: {gates:#?}");
}

#[tokio::test]
async fn a_plan_that_only_observes_asks_nobody() {
    let mut bench = bench("2").await;
    bench.plan(&gated().replacen("version: 1\n", "version: 1\nmode: observe\nuntil: 9999-12-31\n", 1));
    assert_eq!(bench.invoke().await.response()["status"], "Succeeded");
    let story = bench.story().await;
    assert_eq!(story.one_report("Succeeded").get("gate"), None);
}
