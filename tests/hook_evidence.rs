//! Evidence in a bucket: written before the report, believed only if it is this execution's, and never in the report's way.

#[path = "support/hook/mod.rs"]
mod bench;

use bench::aws::DEPLOYMENT;
use bench::bucket::{Bucket, Mood};
use bench::{Bench, EXECUTION, Function, Story};
use serde_json::Value;
use sha2::{Digest, Sha256};

async fn bench() -> (Bench, Bucket) {
    let (mut bench, bucket) = (Bench::of(Function::AfterAllowTestTraffic).await, Bucket::open().await);
    bench.set("AWS_ENDPOINT_URL_S3", Some(&bucket.url()));
    bench.set("GREENLIGHT_EVIDENCE_BUCKET", Some("evidence"));
    bench.set("GREENLIGHT_EVIDENCE_PREFIX", Some("teams/shop/"));
    (bench, bucket)
}

fn path() -> String {
    let hash: String = Sha256::digest(EXECUTION.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("/evidence/teams/shop/{DEPLOYMENT}/AfterAllowTestTraffic/{hash}.json")
}

/// Lets the function validate, store its evidence, and die before it reports.
async fn die_before_the_report(bench: &mut Bench, bucket: &Bucket) {
    bucket.state().puts = Mood::Silent;
    tokio::select! {
        end = bench.invoke() => panic!("the report waits for the evidence: {end:?}"),
        () = bucket.stored() => {}
    }
    bench.kill().await;
    bucket.state().puts = Mood::Well;
}

fn timeline(evidence: &Value) -> String {
    let moments = evidence["timeline"].as_array().expect("evidence has a timeline");
    moments
        .iter()
        .map(|moment| moment["what"].as_str().expect("a moment says what happened"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[tokio::test]
async fn the_bucket_has_the_evidence_of_the_log_under_deployment_event_and_execution() {
    let (mut bench, bucket) = bench().await;
    bench.invoke().await.response();
    let story = bench.story().await;
    let evidence = story.one_report("Succeeded");
    assert_eq!(&bucket.json(&path()), evidence);
    assert_eq!(bucket.state().requests, [format!("GET {}", path()), format!("PUT {}", path())]);
    assert_eq!(story.report_lines[0]["evidence"], format!("s3:/{}", path()));
    assert_eq!(story.report_lines[0]["evidence_error"], Value::Null);
    assert!(timeline(evidence).contains("no verdict of an earlier attempt is stored"), "{evidence:#}");
}

#[tokio::test]
async fn a_function_that_died_before_its_report_reports_the_stored_verdict_and_runs_no_check_again() {
    let (mut bench, bucket) = bench().await;
    die_before_the_report(&mut bench, &bucket).await;
    let (requests, reads) = (bench.green.requests(), bench.aws.calls("GetDeployment"));
    assert!(requests > 0 && bench.aws.state().reports.is_empty());
    // What would now fail is not looked at.
    bench.aws.state().test = [1, 0];
    assert_eq!(bench.invoke().await.response()["status"], "Succeeded");
    assert_eq!((bench.green.requests(), bench.aws.calls("GetDeployment")), (requests, reads));
    let story = bench.story().await;
    let statuses: Vec<&str> = story.reports.iter().map(|report| report.status.as_str()).collect();
    assert_eq!(statuses, ["Succeeded"]);
    assert_eq!(metrics(&story)["Repeated"], 1);
    assert_eq!(story.evidence.last().unwrap()["evidence"], bucket.json(&path()), "the same document, told again");
}

#[tokio::test]
async fn a_failed_verdict_is_reported_again_too() {
    let (mut bench, bucket) = bench().await;
    bench.aws.state().test = [1, 0];
    die_before_the_report(&mut bench, &bucket).await;
    bench.aws.state().test = [0, 1];
    assert_eq!(bench.invoke().await.response()["status"], "Failed");
    assert_eq!(bench.green.requests(), 0);
    assert_eq!(bench.story().await.reports[0].status, "Failed");
}

#[tokio::test]
async fn without_a_bucket_a_new_process_runs_the_checks_again_and_says_so() {
    let mut bench = Bench::of(Function::AfterAllowTestTraffic).await;
    bench.invoke().await.response();
    let requests = bench.green.requests();
    bench.kill().await;
    assert_eq!(bench.invoke().await.response()["report"], "already_completed");
    assert!(bench.green.requests() > requests, "nothing is known of the first attempt");
    let story = bench.story().await;
    let said = timeline(&story.evidence[1]["evidence"]);
    assert!(
        said.contains("nothing is known of an earlier attempt: no evidence bucket, and new to this process"),
        "{said}"
    );
}

#[tokio::test]
async fn a_document_that_is_not_this_executions_evidence_is_not_trusted() {
    let (mut bench, bucket) = bench().await;
    bench.invoke().await.response();
    let mut stored = bucket.json(&path());
    bench.story().await.one_report("Succeeded");
    stored["verdict"] = serde_json::json!({"decision": "Succeeded", "because": []});
    for (change, said) in [
        (
            ("execution", Value::from("0".repeat(64))),
            "it belongs to another execution (AfterAllowTestTraffic of d-GREEN0001, execution 000000000000)",
        ),
        (("deployment_id", Value::from("d-OTHER0001")), "it belongs to another execution"),
        (("event", Value::from("AfterAllowTraffic")), "it belongs to another execution"),
        (("schema", Value::from(2)), "its schema is 2, and this version reads 1"),
        (("verdict", Value::from("fine")), "no evidence document: "),
    ] {
        let (mut bench, bucket) = self::bench().await;
        let mut foreign = stored.clone();
        foreign[change.0] = change.1;
        bucket.store(&path(), foreign.to_string());
        // The stored verdict would be a success.
        bench.aws.state().test = [1, 0];
        assert_eq!(bench.invoke().await.response()["status"], "Failed", "{said}");
        let story = bench.story().await;
        let timeline = timeline(story.one_report("Failed"));
        assert!(timeline.contains(said) && timeline.contains("is not trusted"), "{timeline}");
    }
}

#[tokio::test]
async fn a_bucket_that_is_denied_failing_or_slow_does_not_keep_the_report_away() {
    for (mood, said) in [
        (
            Mood::Failing(403, "AccessDenied"),
            "s3:PutObject s3://evidence/teams/shop/d-GREEN0001/AfterAllowTestTraffic/",
        ),
        (Mood::Failing(403, "AccessDenied"), "AccessDenied (HTTP 403): switched on; allow s3:PutObject on it"),
        (Mood::Failing(404, "NoSuchBucket"), "NoSuchBucket (HTTP 404)"),
        (Mood::Failing(500, "InternalError"), "InternalError (HTTP 500)"),
        (Mood::Silent, "no answer within 5s"),
    ] {
        let (mut bench, bucket) = bench().await;
        {
            let mut state = bucket.state();
            (state.gets, state.puts) = (mood, mood);
        }
        bench.invoke().await.response();
        let story = bench.story().await;
        let timeline = timeline(story.one_report("Succeeded"));
        assert!(timeline.contains("no verdict of an earlier attempt could be read (s3:GetObject"), "{timeline}");
        let report = &story.report_lines[0];
        assert_eq!(report["evidence"], Value::Null);
        let error = report["evidence_error"].as_str().unwrap();
        assert!(error.contains(said), "{mood:?}: {error}");
        let warned = story.lines.iter().any(|line| {
            line["level"] == "WARN"
                && line["message"]
                    .as_str()
                    .unwrap_or_default()
                    .starts_with("the evidence is in this log only: s3:PutObject")
        });
        assert!(warned, "{mood:?}");
    }
}

fn metrics(story: &Story) -> &Value {
    story.lines.iter().rfind(|line| line["greenlight"] == "metrics").expect("an execution writes its metrics")
}
