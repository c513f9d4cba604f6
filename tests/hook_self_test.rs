//! The self-test: a function looks at its own wiring, says what it found, and reports to nobody.

#[path = "support/hook/mod.rs"]
mod bench;

use bench::aws::Fault;
use bench::bucket::{Bucket, Mood};
use bench::cloudwatch::Alarm;
use bench::{Bench, Function, PLAN, PLENTY};
use serde_json::Value;

const ASKED: &str = r#"{"greenlight": "self-test"}"#;
const OF_THE_GROUP: &str = r#"{"greenlight": "self-test", "application": "shop", "deployment_group": "shop-dg"}"#;

/// A bench whose AWS answers what a self-test asks about, as AWS does: there is no such thing.
async fn bench() -> Bench {
    let bench = Bench::of(Function::AfterAllowTestTraffic).await;
    bench.aws.state().always.insert("GetDeployment", Fault(400, "DeploymentDoesNotExistException"));
    bench.aws.state().always.insert("DescribeServices", Fault(400, "ClusterNotFoundException"));
    bench.aws.state().always.insert("DescribeTargetGroups", Fault(400, "TargetGroupNotFound"));
    bench.aws.state().always.insert("DescribeTargetHealth", Fault(400, "TargetGroupNotFound"));
    bench
}

/// Runs it, proves that nothing was reported, and gives the answer.
async fn answer(mut bench: Bench, payload: &str) -> Value {
    let answer = bench.invoke_with(payload, PLENTY).await.response();
    let requests = bench.green.requests();
    let story = bench.story().await;
    assert!(story.reports.is_empty() && story.report_lines.is_empty() && story.evidence.is_empty());
    assert_eq!(requests, 0, "no check is run");
    assert_eq!((&answer["greenlight"], &answer["schema"]), (&"self-test".into(), &1.into()));
    answer
}

/// `id ok: text; advice` of each finding.
fn finding(answer: &Value, id: &str) -> (Value, String) {
    let findings = answer["findings"].as_array().expect("a self-test answers with findings");
    let found = findings.iter().find(|finding| finding["id"] == id).unwrap_or_else(|| panic!("no {id} in {answer:#}"));
    assert!(found["took_ms"].is_u64());
    let advice = found["advice"].as_str().unwrap_or_default();
    (found["ok"].clone(), format!("{}; {advice}", found["text"].as_str().expect("a finding has a text")))
}

#[tokio::test]
async fn a_function_that_is_wired_well_finds_nothing_wrong_and_says_what_it_did_not_look_at() {
    let answer = answer(bench().await, ASKED).await;
    assert_eq!(answer["ok"], true, "{answer:#}");
    assert_eq!(
        (&answer["function"], &answer["event"]),
        (&"CodeDeployHook_test".into(), &"AfterAllowTestTraffic".into())
    );
    assert_eq!(answer["not_checked"], serde_json::json!(["evidence-bucket", "listeners"]));
    for (id, said) in [
        ("plan", "checks.yaml is valid and has 2 checks for AfterAllowTestTraffic"),
        ("codedeploy", "reached; codedeploy:GetDeployment: DeploymentDoesNotExistException (HTTP 400)"),
        ("ecs", "reached; ecs:DescribeServices: ClusterNotFoundException (HTTP 400)"),
        ("elasticloadbalancing", "reached; elasticloadbalancing:DescribeTargetGroups: TargetGroupNotFound (HTTP 400)"),
        ("target-health", "reached; elasticloadbalancing:DescribeTargetHealth: TargetGroupNotFound (HTTP 400)"),
        ("ecs-list-tasks", "reached; ecs:ListTasks: ClusterNotFoundException (HTTP 400)"),
        ("ecs-describe-tasks", "reached; ecs:DescribeTasks: ClusterNotFoundException (HTTP 400)"),
        ("memory", "128 MB, with 7 % of a processor"),
        ("timeout", "are needed (no budget.total and a reserve of 10s)"),
    ] {
        let (ok, text) = finding(&answer, id);
        assert!(ok == true && text.contains(said), "{id}: {ok} {text}");
    }
    let (ok, text) = finding(&answer, "listeners");
    assert!(
        ok.is_null() && text.contains("no deployment group is named") && text.contains("set GREENLIGHT_APPLICATION"),
        "{text}"
    );
}

#[tokio::test]
async fn the_listeners_of_a_named_group_are_resolved_and_reached() {
    let answer = answer(bench().await, OF_THE_GROUP).await;
    assert_eq!(answer["ok"], true, "{answer:#}");
    let (_, text) = finding(&answer, "deployment-group");
    assert!(text.contains("shop/shop-dg has 1 production and 1 test listener(s)"), "{text}");
    for id in ["listener-production", "listener-test"] {
        let (ok, text) = finding(&answer, id);
        assert!(ok == true && text.contains("127.0.0.1:") && text.contains("accepts connections"), "{id}: {text}");
    }
}

#[tokio::test]
async fn a_listener_that_cannot_be_reached_and_one_that_is_missing_are_found() {
    let bench_ = bench().await;
    bench_.aws.state().test_port = 1;
    let answer_ = answer(bench_, OF_THE_GROUP).await;
    assert_eq!(answer_["ok"], false);
    let (ok, text) = finding(&answer_, "listener-test");
    assert!(ok == false && text.contains("127.0.0.1:1 (127.0.0.1:1) cannot be reached"), "{text}");
    assert!(text.contains("let the function's subnets and security group reach it"), "{text}");

    let mut bench = bench().await;
    bench.set("GREENLIGHT_APPLICATION", Some("shop"));
    bench.set("GREENLIGHT_DEPLOYMENT_GROUP", Some("shop-dg"));
    bench.aws.state().test_listener = false;
    let answer = answer(bench, ASKED).await;
    let (ok, text) = finding(&answer, "listener-test");
    assert!(
        ok == false && text.contains("shop-dg has no test listener") && text.contains("add a test listener"),
        "{text}"
    );
}

#[tokio::test]
async fn a_denied_call_proves_the_way_but_not_the_permission_for_the_group() {
    let bench = bench().await;
    bench.aws.state().always.insert("GetDeployment", Fault(400, "AccessDeniedException"));
    bench.aws.state().always.insert("GetDeploymentGroup", Fault(400, "AccessDeniedException"));
    let answer = answer(bench, OF_THE_GROUP).await;
    assert_eq!(finding(&answer, "codedeploy").0, true);
    let (ok, text) = finding(&answer, "deployment-group");
    assert!(ok == false && text.contains("allow codedeploy:GetDeploymentGroup in the function's role"), "{text}");
}

/// A plan that asks CloudWatch and attests no routing.
const WATCHING: &str = r#"
version: 1
budget: { report_reserve: 10s, stabilise: 1s }
attest: { routing: off }
hooks: { AfterAllowTestTraffic: [alarms, errors] }
checks:
  - id: alarms
    alarm: { names: [shop-5xx, shop-latency] }
  - id: errors
    metric: { namespace: Shop, name: Errors, statistic: Sum }
    expect: { at_most: 5 }
"#;

#[tokio::test]
async fn what_the_plan_asks_cloudwatch_is_asked_and_what_it_does_not_need_is_not() {
    let idle = bench().await;
    let aws = idle.aws.clone();
    let answer_ = answer(idle, ASKED).await;
    let ids: Vec<&str> =
        answer_["findings"].as_array().unwrap().iter().map(|each| each["id"].as_str().unwrap()).collect();
    assert!(!ids.iter().any(|id| id.starts_with("cloudwatch")), "{ids:?}");
    assert_eq!(aws.calls("DescribeAlarms") + aws.calls("GetMetricData"), 0);

    let bench = bench().await;
    bench.plan(WATCHING);
    bench.aws.state().cloudwatch.alarms =
        vec![Alarm::new("shop-5xx", "ALARM", 0.0), Alarm::new("shop-latency", "OK", 0.0)];
    bench.aws.state().cloudwatch.newest = vec![1.0];
    let aws = bench.aws.clone();
    let answer = answer(bench, ASKED).await;
    assert_eq!(answer["ok"], true, "{answer:#}");
    let (ok, text) = finding(&answer, "cloudwatch-alarms");
    assert!(ok == true && text.starts_with("shop-5xx is ALARM, shop-latency is OK"), "{text}");
    let (ok, text) = finding(&answer, "cloudwatch-metrics");
    assert!(ok == true && text.starts_with("reached; 1 of 1 metric(s) have a value in their last period"), "{text}");
    assert_eq!(aws.calls("ListTasks") + aws.calls("DescribeTasks"), 0, "nothing is attested of tasks");
}

#[tokio::test]
async fn an_alarm_that_does_not_exist_and_a_denied_metric_are_found() {
    let bench = bench().await;
    bench.plan(WATCHING);
    bench.aws.state().cloudwatch.alarms = vec![Alarm::new("shop-5xx", "OK", 0.0)];
    bench.aws.state().always.insert("GetMetricData", Fault(403, "AccessDenied"));
    let answer = answer(bench, ASKED).await;
    assert_eq!(answer["ok"], false);
    let (ok, text) = finding(&answer, "cloudwatch-alarms");
    assert_eq!(
        (ok, text.as_str()),
        (
            false.into(),
            "not in this account and region: shop-latency; correct the names in the plan (upper and lower case count), or \
             create the alarms; until then every deployment fails at this event"
        )
    );
    let (ok, text) = finding(&answer, "cloudwatch-metrics");
    assert!(ok == false && text.starts_with("cloudwatch:GetMetricData: AccessDenied (HTTP 403)"), "{text}");
    let advice = "allow cloudwatch:GetMetricData in the function's role; the plan has a check that needs it";
    assert!(text.ends_with(advice), "{text}");
}

#[tokio::test]
async fn an_endpoint_without_a_way_to_it_is_found() {
    let mut bench = bench().await;
    bench.set("AWS_ENDPOINT_URL_ECS", Some("http://127.0.0.1:1"));
    let answer = answer(bench, ASKED).await;
    assert_eq!(answer["ok"], false);
    assert_eq!(finding(&answer, "ecs-describe-tasks").0, false);
    let (ok, text) = finding(&answer, "ecs");
    assert!(ok == false && text.contains("add an interface endpoint or a NAT route"), "{text}");
    assert!(text.contains("CodeDeploy waits up to one hour for the report"), "{text}");
    assert_eq!(finding(&answer, "codedeploy").0, true);
}

#[tokio::test]
async fn a_plan_that_is_wrong_and_a_timeout_that_is_short_are_found() {
    let bench = bench().await;
    bench.plan(&PLAN.replace("stabilise: 1s", "stabilise: 1s, total: 10m").replace("status: 200 }", "staus: 200 }"));
    let answer_ = answer(bench, ASKED).await;
    let (ok, text) = finding(&answer_, "plan");
    assert!(ok == false && text.contains("GL1001") && text.contains("staus"), "{text}");

    let bench = self::bench().await;
    bench.plan(&PLAN.replace("stabilise: 1s", "stabilise: 1s, total: 10m"));
    let answer_ = answer(bench, ASKED).await;
    let (ok, text) = finding(&answer_, "timeout");
    assert!(ok == false && text.contains("610s are needed (a budget.total of 600s and a reserve of 10s)"), "{text}");
    assert!(text.contains("raise the function's timeout, or lower budget.total"), "{text}");
}

#[tokio::test]
async fn the_evidence_bucket_is_written_to() {
    for (mood, ok, said) in [
        (Mood::Well, true, "s3://evidence/greenlight/self-test/AfterAllowTestTraffic.json was written"),
        (Mood::Failing(403, "AccessDenied"), false, "allow s3:PutObject on it in the function's role"),
    ] {
        let (mut bench, bucket) = (bench().await, Bucket::open().await);
        bucket.state().puts = mood;
        bench.set("AWS_ENDPOINT_URL_S3", Some(&bucket.url()));
        bench.set("GREENLIGHT_EVIDENCE_BUCKET", Some("evidence"));
        let answer = answer(bench, ASKED).await;
        let (found, text) = finding(&answer, "evidence-bucket");
        assert!(found == ok && text.contains(said), "{text}");
    }
}

#[tokio::test]
async fn a_misspelt_field_of_the_event_is_found() {
    let answer = answer(bench().await, r#"{"greenlight": "self-test", "aplication": "shop"}"#).await;
    let (ok, text) = finding(&answer, "event");
    assert!(ok == false && text.contains("unknown fields: aplication"), "{text}");
}
