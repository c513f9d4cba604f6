//! A hook without a plan that it can follow validates nothing, and says why.

#[path = "support/hook/mod.rs"]
mod bench;

use bench::{Bench, Function, PLAN};

fn bench() -> impl Future<Output = Bench> {
    Bench::of(Function::AfterAllowTestTraffic)
}

#[tokio::test]
async fn an_invalid_plan_fails_with_its_place() {
    let mut bench = bench().await;
    bench.plan(&PLAN.replace("expect: { status: 200 }", "expect: { staus: 200 }"));
    bench.invoke().await.response();
    assert_eq!(bench.green.requests(), 0);
    let story = bench.story().await;
    assert!(story.failed_with("GL1001").contains("staus"));
}

#[tokio::test]
async fn a_plan_that_is_not_set_is_never_a_default() {
    let mut bench = bench().await;
    bench.set("GREENLIGHT_PLAN", None);
    bench.invoke().await.response();
    let story = bench.story().await;
    assert_eq!(
        story.failed_with("GL1003"),
        "plan: GREENLIGHT_PLAN is not set; set it to the check plan's path in the function's package, to s3://bucket/key, to \
         appconfig://application/environment/configuration, or to the plan itself"
    );
}

#[tokio::test]
async fn a_plan_that_is_not_there_is_named() {
    let mut bench = bench().await;
    bench.set("GREENLIGHT_PLAN", Some("elsewhere.yaml"));
    bench.invoke().await.response();
    let story = bench.story().await;
    assert!(story.failed_with("GL1003").contains("elsewhere.yaml"));
}

#[tokio::test]
async fn an_undefined_variable_is_a_plan_error_and_a_defined_one_is_the_functions() {
    let plan = PLAN.replace("/healthz", "\"${HEALTH_PATH}\"");
    let mut undefined = bench().await;
    undefined.plan(&plan);
    undefined.invoke().await.response();
    let story = undefined.story().await;
    story.failed_with("GL1001");
    let because = story.evidence[0]["evidence"]["verdict"]["because"].to_string();
    assert!(because.contains("HEALTH_PATH"), "{because}");

    let mut defined = bench().await;
    defined.plan(&plan);
    defined.set("HEALTH_PATH", Some("/healthz"));
    defined.invoke().await.response();
    defined.story().await.one_report("Succeeded");
}

#[tokio::test]
async fn a_plan_without_checks_for_the_event_validates_nothing() {
    let mut bench = Bench::of(Function::BeforeAllowTraffic).await;
    bench.plan(&PLAN.replace("  BeforeAllowTraffic: [health]\n", ""));
    bench.invoke().await.response();
    let story = bench.story().await;
    assert!(story.failed_with("GL1002").contains("BeforeAllowTraffic"));
}
