//! A plan that only observes: everything is run and recorded, Succeeded is reported, and the evidence says what it would
//! have been. What was not observed is Failed as ever.

#[path = "support/hook/mod.rs"]
mod bench;

use bench::{Bench, Function, PLAN};

/// In the far future, so that the test has no last day of its own.
const OBSERVING: &str = "version: 1\nmode: observe\nuntil: 9999-12-31\n";

fn observing(plan: &str) -> String {
    plan.replacen("version: 1\n", OBSERVING, 1)
}

#[tokio::test]
async fn what_would_have_failed_is_reported_as_succeeded_and_recorded() {
    let mut bench = Bench::with_green(Function::AfterAllowTestTraffic, "wrong").await;
    bench.plan(&observing(PLAN));
    assert_eq!(bench.invoke().await.response()["status"], "Succeeded");
    let story = bench.story().await;
    let evidence = story.one_report("Succeeded");
    assert_eq!(evidence["observed"]["would_have_failed"], true, "{evidence:#}");
    assert_eq!(evidence["observed"]["until"], "9999-12-31");
    let because = &evidence["verdict"]["because"];
    assert_eq!(because[0]["code"], "GL1206");
    assert_eq!(because[0]["text"], "would have failed; mode: observe reports Succeeded until 9999-12-31");
    assert_eq!(because[1]["code"], "GL1201");
    assert!(because[1]["text"].as_str().unwrap().contains("9.50"), "{because}");
    let outcomes: Vec<&str> =
        evidence["checks"].as_array().unwrap().iter().map(|check| check["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["passed", "failed"], "everything was run");
}

#[tokio::test]
async fn a_contradicted_attestation_is_observed_too() {
    let mut bench = Bench::of(Function::AfterAllowTestTraffic).await;
    bench.plan(&observing(PLAN));
    bench.aws.state().test = [1, 0];
    bench.invoke().await.response();
    assert_eq!(bench.green.requests(), 0, "what answers there is not the replacement");
    let story = bench.story().await;
    let evidence = story.one_report("Succeeded");
    assert_eq!(evidence["observed"]["would_have_failed"], true);
    assert_eq!(evidence["verdict"]["because"][1]["code"], "GL1101", "{evidence:#}");
    assert_eq!(evidence["attestation"]["routing"], "contradicted");
}

#[tokio::test]
async fn a_good_version_is_observed_without_a_reason() {
    let mut bench = Bench::of(Function::AfterAllowTestTraffic).await;
    bench.plan(&observing(PLAN));
    bench.invoke().await.response();
    let story = bench.story().await;
    let evidence = story.one_report("Succeeded");
    assert_eq!(evidence["observed"]["would_have_failed"], false);
    assert_eq!(evidence["verdict"]["because"].as_array().map(Vec::len), Some(0));
}

#[tokio::test]
async fn a_last_day_that_is_over_is_a_plan_error() {
    let mut bench = Bench::of(Function::AfterAllowTestTraffic).await;
    bench.plan(&observing(PLAN).replace("9999-12-31", "2020-02-29"));
    bench.invoke().await.response();
    assert_eq!(bench.green.requests(), 0);
    let story = bench.story().await;
    let reason = story.failed_with("GL1001");
    assert!(reason.starts_with("plan: until: 2020-02-29 is over (today is "), "{reason}");
    assert!(reason.ends_with("remove mode and until so that the checks decide (checks.yaml:4:8)"), "{reason}");
}

#[tokio::test]
async fn a_panic_and_a_plan_without_checks_for_the_event_were_not_observed() {
    let mut bench = Bench::of(Function::AfterAllowTestTraffic).await;
    bench.plan(&observing(PLAN));
    bench.set("GREENLIGHT_DRILL", Some("panic"));
    bench.invoke().await.response();
    bench.story().await.failed_with("GL1904");

    let mut bench = Bench::of(Function::AfterAllowTestTraffic).await;
    bench.plan(&observing(PLAN).replace("  AfterAllowTestTraffic: [health, product]\n", ""));
    bench.invoke().await.response();
    let reason = bench.story().await.failed_with("GL1002");
    assert!(reason.contains("the plan lists no checks for it; nothing would be validated"), "{reason}");
}
