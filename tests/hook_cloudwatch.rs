//! Checks of alarms and metrics, in the real binary against a CloudWatch that speaks the SDK's protocol: what passes, what
//! fails with which words, and that nothing which is not known is a pass.

mod support {
    pub(crate) mod hook;
}

use support::hook::aws::Fault;
use support::hook::cloudwatch::Alarm;
use support::hook::{Bench, Function, Story};

/// The deployment of the bench was created at this second.
const CREATED: f64 = 1_786_239_453.9;

const PLAN: &str = r#"
version: 1
budget: { report_reserve: 10s, stabilise: 1s }
hooks: { BeforeAllowTraffic: [alarms] }
checks:
  - id: alarms
    alarm: { names: [shop-5xx, shop-health] }
"#;

const METRIC: &str = r#"
version: 1
budget: { report_reserve: 10s, stabilise: 1s }
hooks: { BeforeAllowTraffic: [errors] }
checks:
  - id: errors
    metric: { namespace: Shop, name: Errors, statistic: Sum, dimensions: { Version: "2" }, over: 3m, wait_for: 0s }
    expect: { at_most: 5 }
"#;

/// A deployment before its traffic shifts; the second alarm is a composite one and is OK.
async fn bench(plan: &str, state: &'static str, since: f64) -> Bench {
    let bench = Bench::of(Function::BeforeAllowTraffic).await;
    bench.plan(plan);
    let health = Alarm { composite: true, ..Alarm::new("shop-health", "OK", CREATED - 86_400.0) };
    bench.aws.state().cloudwatch.alarms = vec![Alarm::new("shop-5xx", state, since), health];
    bench
}

async fn story(mut bench: Bench) -> Story {
    bench.invoke().await.response();
    bench.story().await
}

#[tokio::test]
async fn alarms_that_are_ok_pass_metric_and_composite_ones() {
    let story = story(bench(PLAN, "OK", CREATED - 60.0).await).await;
    let evidence = story.one_report("Succeeded");
    let check = &evidence["checks"][0];
    assert_eq!((&check["kind"], &check["outcome"]), (&"alarm".into(), &"passed".into()), "{evidence:#}");
    assert_eq!((&check["numbers"]["alarms"], &check["numbers"]["ok"]), (&2.0.into(), &2.0.into()), "{evidence:#}");
}

#[tokio::test]
async fn a_red_alarm_fails_with_its_reason() {
    let story = story(bench(PLAN, "ALARM", CREATED + 60.0).await).await;
    assert_eq!(
        story.failed_with("GL1311"),
        "alarms: shop-5xx expected OK, got ALARM since 2026-08-09T01:38:33Z (Threshold Crossed: 1 datapoint [7.0] was greater than the threshold (5.0).)"
    );
}

#[tokio::test]
async fn an_alarm_that_was_red_before_the_deployment_says_so_and_is_left_out_on_request() {
    let told = story(bench(PLAN, "ALARM", CREATED - 600.0).await).await;
    let text = told.failed_with("GL1311");
    assert!(
        text.ends_with("; it was red before the deployment began (2026-08-09T01:37:33Z), so this version is not its cause: put it right first, or leave it out with already_red: ignore"),
        "{text}"
    );
    let ignoring = PLAN.replace("shop-health]", "shop-health], already_red: ignore");
    story(bench(&ignoring, "ALARM", CREATED - 600.0).await).await.one_report("Succeeded");
    let during = story(bench(&ignoring, "ALARM", CREATED + 1.0).await).await;
    assert!(during.failed_with("GL1311").starts_with("alarms: shop-5xx expected OK, got ALARM since "));
}

#[tokio::test]
async fn insufficient_data_and_an_unknown_state_prove_nothing() {
    for (state, told) in [
        (
            "INSUFFICIENT_DATA",
            "it has no data to judge by: watch it for longer (watch_for), or accept with on_inconclusive: warn",
        ),
        ("PAUSED", "got PAUSED since 2026-08-09T01:36:33Z"),
    ] {
        let story = story(bench(PLAN, state, CREATED - 60.0).await).await;
        let text = story.failed_with("GL1312");
        assert!(text.starts_with("alarms: shop-5xx expected OK, got ") && text.contains(told), "{text}");
        assert_eq!(story.one_report("Failed")["checks"][0]["outcome"], "inconclusive");
    }
    // Excused, it still is no evidence: nothing was validated.
    let excused = format!("{PLAN}    on_inconclusive: warn\n");
    let story = story(bench(&excused, "INSUFFICIENT_DATA", CREATED).await).await;
    assert_eq!(
        story.failed_with("GL1205"),
        "hook: nothing was validated: none of 1 checks is blocking and passed; let at least one that can pass block (without \
         severity: warn)"
    );
}

#[tokio::test]
async fn an_alarm_that_does_not_exist_could_not_be_checked() {
    let misspelt = PLAN.replace("shop-5xx", "shop-5XX");
    let story = story(bench(&misspelt, "OK", CREATED).await).await;
    assert_eq!(
        story.failed_with("GL1313"),
        "alarms: shop-5XX does not exist in this account and region; correct the name in the plan (upper and lower case count), or create the alarm"
    );
    assert_eq!(story.one_report("Failed")["checks"][0]["outcome"], "errored");
}

#[tokio::test]
async fn more_than_a_hundred_names_are_asked_for_in_several_calls_and_every_page_is_read() {
    let names: Vec<String> = (0..120).map(|number| format!("a{number}")).collect();
    let plan = PLAN.replace("shop-5xx, shop-health", &names.join(", "));
    let bench = bench(&plan, "OK", CREATED).await;
    bench.aws.state().cloudwatch.alarms = names.iter().map(|name| Alarm::new(name, "OK", CREATED)).collect();
    let calls = bench.aws.clone();
    let story = story(bench).await;
    assert_eq!(story.one_report("Succeeded")["checks"][0]["numbers"]["ok"], 120.0);
    assert_eq!(calls.calls("DescribeAlarms"), 3, "two pages of a hundred, and one of twenty");
}

#[tokio::test]
async fn a_permission_that_is_new_is_waited_for_and_one_that_is_missing_is_named() {
    let plan = PLAN.replace("stabilise: 1s", "stabilise: 20s");
    let new = bench(&plan, "OK", CREATED).await;
    new.aws.state().next.insert("DescribeAlarms", [Fault(403, "AccessDenied")].into());
    story(new).await.one_report("Succeeded");

    let missing = bench(PLAN, "OK", CREATED).await;
    missing.aws.state().always.insert("DescribeAlarms", Fault(403, "AccessDenied"));
    let story = story(missing).await;
    assert_eq!(
        story.failed_with("GL1315"),
        "alarms: CloudWatch could not be asked: cloudwatch:DescribeAlarms: AccessDenied (HTTP 403): switched on for DescribeAlarms; allow cloudwatch:DescribeAlarms in the function's role"
    );
}

#[tokio::test]
async fn throttling_is_tried_again_and_told_where_it_lasts() {
    let short = bench(PLAN, "OK", CREATED).await;
    short.aws.state().next.insert("DescribeAlarms", [Fault(400, "Throttling")].into());
    story(short).await.one_report("Succeeded");

    let lasting = bench(PLAN, "OK", CREATED).await;
    lasting.aws.state().always.insert("DescribeAlarms", Fault(400, "Throttling"));
    let calls = lasting.aws.clone();
    let story = story(lasting).await;
    assert_eq!(
        story.failed_with("GL1315"),
        "alarms: CloudWatch could not be asked: cloudwatch:DescribeAlarms: Throttling (HTTP 400): switched on for DescribeAlarms; asking again did not help: try again when the service is well"
    );
    assert_eq!(calls.calls("DescribeAlarms"), 3);
}

#[tokio::test]
async fn a_metric_whose_every_value_is_as_expected_passes_over_all_its_pages() {
    let bench = bench(METRIC, "OK", CREATED).await;
    bench.aws.state().cloudwatch.newest = vec![5.0, 0.0, 2.0];
    let calls = bench.aws.clone();
    let story = story(bench).await;
    let numbers = &story.one_report("Succeeded")["checks"][0]["numbers"];
    assert_eq!((&numbers["values"], &numbers["max"]), (&3.0.into(), &5.0.into()), "{numbers}");
    assert_eq!(calls.calls("GetMetricData"), 3);
}

#[tokio::test]
async fn one_value_past_the_limit_fails() {
    let bench = bench(METRIC, "OK", CREATED).await;
    bench.aws.state().cloudwatch.newest = vec![0.0, 7.0, 2.0];
    let text = story(bench).await.failed_with("GL1201");
    assert!(
        text.starts_with("errors: every value expected <= 5, got 7 in the period that began at ")
            && text.ends_with(", in 1 of 3 periods"),
        "{text}"
    );
}

#[tokio::test]
async fn a_metric_without_data_or_with_too_little_of_it_is_never_a_pass() {
    for (newest, missing) in [(vec![], 3), (vec![1.0, 1.0], 1)] {
        let bench = bench(METRIC, "OK", CREATED).await;
        bench.aws.state().cloudwatch.newest = newest;
        let story = story(bench).await;
        let text = story.failed_with("GL1314");
        let told = format!("errors: not judged: no value for {missing} of 3 periods, the first of them began at ");
        assert!(text.starts_with(&told) && text.contains("; missing data is no zero: check namespace"), "{text}");
        assert_eq!(story.one_report("Failed")["checks"][0]["outcome"], "inconclusive");
    }
}

#[tokio::test]
async fn data_that_is_not_complete_is_an_error_and_no_data() {
    for status in ["InternalError", "PartialData", "Forbidden"] {
        let bench = bench(&METRIC.replace("over: 3m", "over: 1m"), "OK", CREATED).await;
        {
            let mut state = bench.aws.state();
            state.cloudwatch.newest = vec![1.0];
            state.cloudwatch.status = Some(status);
        }
        let text = story(bench).await.failed_with("GL1315");
        let told = format!("errors: CloudWatch could not be asked: cloudwatch:GetMetricData: its status is {status}");
        assert!(text.starts_with(&told), "{text}");
    }
}

#[tokio::test]
async fn a_plan_without_alarms_and_metrics_asks_cloudwatch_nothing() {
    let bench = Bench::of(Function::BeforeAllowTraffic).await;
    let calls = bench.aws.clone();
    story(bench).await.one_report("Succeeded");
    assert_eq!(calls.calls("DescribeAlarms") + calls.calls("GetMetricData"), 0);
}
