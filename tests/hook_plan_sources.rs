//! Where a hook's plan can come from, and what it says where the plan does not come.

#[path = "support/hook/mod.rs"]
mod bench;

use bench::bucket::{Bucket, Mood};
use bench::extension::Extension;
use bench::{Bench, Function, PLAN};

const CONFIGURATION: &str = "/applications/shop/environments/prod/configurations/checks";

async fn bench(plan: &str) -> Bench {
    let mut bench = Bench::of(Function::AfterAllowTestTraffic).await;
    bench.set("GREENLIGHT_PLAN", Some(plan));
    bench
}

async fn with_bucket(plan: &str) -> (Bench, Bucket) {
    let (mut bench, bucket) = (bench(plan).await, Bucket::open().await);
    bench.set("AWS_ENDPOINT_URL_S3", Some(&bucket.url()));
    (bench, bucket)
}

async fn with_app_config(plan: &str) -> (Bench, Extension) {
    let (mut bench, extension) = (bench(plan).await, Extension::open().await);
    bench.set("AWS_APPCONFIG_EXTENSION_HTTP_PORT", Some(&extension.port));
    (bench, extension)
}

/// The plan with a header that only a secret can fill in.
fn with_secret() -> String {
    PLAN.replace("{ get: /healthz }", "{ get: /healthz, headers: { authorization: \"Bearer ${secret:TOKEN}\" } }")
}

/// Proves that it failed before anything was tested, and gives the reason.
async fn refused(mut bench: Bench) -> String {
    bench.invoke().await.response();
    assert_eq!(bench.green.requests(), 0);
    bench.story().await.failed_with("GL1003")
}

#[tokio::test]
async fn a_plan_in_s3_is_read_and_named_in_the_evidence() {
    let (mut bench, bucket) = with_bucket("s3://plans/shop prod/checks.yaml").await;
    bucket.store("/plans/shop%20prod/checks.yaml", PLAN);
    bench.invoke().await.response();
    let story = bench.story().await;
    assert_eq!(story.one_report("Succeeded")["plan"]["source"], "s3://plans/shop prod/checks.yaml");
}

#[tokio::test]
async fn a_plan_in_s3_that_cannot_be_read_says_which_call_failed_and_what_to_do() {
    for (mood, said) in [
        (
            Mood::Well,
            "s3://plans/checks.yaml cannot be read: s3:GetObject s3://plans/checks.yaml: NoSuchKey (HTTP 404)",
        ),
        (Mood::Failing(404, "NoSuchBucket"), "NoSuchBucket (HTTP 404): switched on; GREENLIGHT_PLAN names it"),
        (
            Mood::Failing(403, "AccessDenied"),
            "AccessDenied (HTTP 403): switched on; allow s3:GetObject on it in the function's role",
        ),
        (Mood::Failing(503, "SlowDown"), "SlowDown (HTTP 503)"),
        (Mood::Endless, "larger than 256 KiB, which is the most that is read"),
    ] {
        let (bench, bucket) = with_bucket("s3://plans/checks.yaml").await;
        bucket.state().gets = mood;
        let reason = refused(bench).await;
        assert!(reason.contains(said), "{mood:?}: {reason}");
        let asked = bucket.state().requests.len();
        assert_eq!(asked, if mood == Mood::Failing(503, "SlowDown") { 3 } else { 1 }, "{mood:?}");
    }
}

#[tokio::test]
async fn a_bucket_that_is_not_there_or_does_not_answer_fails_in_a_bounded_time() {
    let mut nobody = bench("s3://plans/checks.yaml").await;
    nobody.set("AWS_ENDPOINT_URL_S3", Some("http://127.0.0.1:1"));
    let reason = refused(nobody).await;
    assert!(reason.contains("the function has no way to S3: add a gateway endpoint or a NAT route"), "{reason}");

    let (silent, bucket) = with_bucket("s3://plans/checks.yaml").await;
    bucket.state().gets = Mood::Silent;
    let reason = refused(silent).await;
    assert!(reason.contains("no answer in time") || reason.contains("not read within 20s"), "{reason}");
}

#[tokio::test]
async fn a_plan_that_is_not_text_is_refused() {
    let (bench, bucket) = with_bucket("s3://plans/checks.yaml").await;
    bucket.store("/plans/checks.yaml", [0xff, 0xfe]);
    let reason = refused(bench).await;
    assert!(reason.contains("it is not UTF-8"), "{reason}");
}

#[tokio::test]
async fn a_plan_comes_from_the_app_config_extension() {
    let (mut bench, extension) = with_app_config("appconfig://shop/prod/checks").await;
    extension.answers(CONFIGURATION, 200, PLAN);
    bench.invoke().await.response();
    let story = bench.story().await;
    assert_eq!(story.one_report("Succeeded")["plan"]["source"], "appconfig://shop/prod/checks");
}

#[tokio::test]
async fn an_app_config_that_has_no_plan_says_what_the_extension_answered() {
    let (mut bench, extension) = with_app_config("appconfig://shop/prod/checks").await;
    extension.answers(CONFIGURATION, 400, "{\"Message\":\"BadRequestException\"}");
    let answered = "the AppConfig extension at http://localhost:";
    bench.invoke().await.response();
    let reason = bench.story().await.failed_with("GL1003");
    assert!(
        reason.contains(answered) && reason.contains("HTTP 400: {\"Message\":\"BadRequestException\"}"),
        "{reason}"
    );

    let (bench, extension) = with_app_config("appconfig://shop/prod/checks").await;
    extension.answers(CONFIGURATION, 200, "#".repeat(256 * 1024 + 1));
    let reason = refused(bench).await;
    assert!(reason.contains("larger than 256 KiB"), "{reason}");

    let mut bench = self::bench("appconfig://shop/prod/checks").await;
    bench.set("AWS_APPCONFIG_EXTENSION_HTTP_PORT", Some("1"));
    let reason = refused(bench).await;
    assert!(reason.contains("is not there") && reason.contains("add its layer to the function"), "{reason}");
}

#[tokio::test]
async fn the_variable_can_be_the_plan_itself() {
    let mut bench = bench(PLAN).await;
    bench.invoke().await.response();
    let story = bench.story().await;
    assert_eq!(story.one_report("Succeeded")["plan"]["source"], "GREENLIGHT_PLAN");

    let broken = PLAN.replace("status: 200 }", "staus: 200 }");
    let mut bench = self::bench(&broken).await;
    bench.invoke().await.response();
    let reason = bench.story().await.failed_with("GL1001");
    assert!(reason.contains("staus"), "{reason}");
}

#[tokio::test]
async fn an_unknown_kind_of_source_is_refused() {
    let reason = refused(bench("https://example.com/checks.yaml").await).await;
    assert!(reason.contains("unknown kind \"https\""), "{reason}");
    let reason = refused(bench("s3://plans").await).await;
    assert!(reason.contains("expected s3://bucket/key"), "{reason}");
}

#[tokio::test]
async fn a_secret_comes_from_the_functions_variable_or_from_the_extension() {
    let mut variable = bench(&with_secret()).await;
    variable.set("TOKEN", Some("hunter2"));
    variable.invoke().await.response();
    variable.story().await.one_report("Succeeded");

    for (store, path, body) in [
        ("secretsmanager", "/secretsmanager/get?secretId=TOKEN", "{\"SecretString\":\"hunter2\"}"),
        (
            "parameterstore",
            "/systemsmanager/parameters/get?name=TOKEN&withDecryption=true",
            "{\"Parameter\":{\"Value\":\"hunter2\"}}",
        ),
    ] {
        let (mut stored, extension) = (bench(&with_secret()).await, Extension::open().await);
        extension.answers(path, 200, body);
        stored.set("GREENLIGHT_SECRETS", Some(store));
        stored.set("AWS_SESSION_TOKEN", Some("session"));
        stored.set("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", Some(&extension.port));
        stored.invoke().await.response();
        let story = stored.story().await;
        let evidence = story.one_report("Succeeded");
        assert!(!evidence.to_string().contains("hunter2"), "{evidence:#}");
    }
}

#[tokio::test]
async fn a_secret_that_is_nowhere_fails_with_what_the_extension_said() {
    let (mut bench, extension) = (bench(&with_secret()).await, Extension::open().await);
    extension.answers("/secretsmanager/get?secretId=TOKEN", 400, "ResourceNotFoundException");
    bench.set("GREENLIGHT_SECRETS", Some("secretsmanager"));
    bench.set("AWS_SESSION_TOKEN", Some("session"));
    bench.set("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", Some(&extension.port));
    bench.invoke().await.response();
    assert_eq!(bench.green.requests(), 0);
    let story = bench.story().await;
    story.failed_with("GL1001");
    let because = story.evidence[0]["evidence"]["verdict"]["because"].to_string();
    assert!(because.contains("TOKEN") && because.contains("GL1003"), "{because}");
    assert!(because.contains("HTTP 400: ResourceNotFoundException"), "{because}");
}

#[tokio::test]
async fn an_unknown_secret_store_is_refused() {
    let mut bench = bench(&with_secret()).await;
    bench.set("GREENLIGHT_SECRETS", Some("vault"));
    bench.invoke().await.response();
    let story = bench.story().await;
    story.failed_with("GL1001");
    let because = story.evidence[0]["evidence"]["verdict"]["because"].to_string();
    assert!(because.contains("GREENLIGHT_SECRETS is \\\"vault\\\"; it is secretsmanager, parameterstore"), "{because}");
}
