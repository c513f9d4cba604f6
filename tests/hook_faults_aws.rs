//! The fault table of AWS: every call that a hook makes, met by every accident. What passes costs nothing; what stays is
//! exactly one `Failed` that names the call and the cause, or, where it is the report that cannot be delivered, an error.

#![allow(clippy::unwrap_used, reason = "this is test code, although it lies outside a test function")]

#[path = "support/hook/mod.rs"]
mod bench;

use std::collections::BTreeSet;
use std::time::Duration;

use bench::bucket::Bucket;
use bench::cloudwatch::Alarm;
use bench::outage::{Accident, Outages};
use bench::rows::side_by_side;
use bench::{Bench, Function, PLAN};

const PUT: &str = "PutLifecycleEventHookExecutionStatus";

/// Every read, by the service's name in IAM.
const READS: [(&str, &[&str]); 3] = [
    ("codedeploy", &["GetDeployment", "ListDeploymentTargets", "BatchGetDeploymentTargets", "GetDeploymentGroup"]),
    ("ecs", &["DescribeServices", "ListTasks", "DescribeTasks", "DescribeContainerInstances"]),
    (
        "elasticloadbalancing",
        &[
            "DescribeListeners",
            "DescribeRules",
            "DescribeLoadBalancers",
            "DescribeTargetGroups",
            "DescribeTargetHealth",
        ],
    ),
];

/// Every accident that befalls a call that only reads.
const ACCIDENTS: [Accident; 8] = [
    Accident::Throttled,
    Accident::ServerError,
    Accident::Denied,
    Accident::Silence,
    Accident::SilenceInTheBody,
    Accident::Closed,
    Accident::Malformed,
    Accident::EmptyBody,
];

fn reads() -> impl Iterator<Item = (&'static str, &'static str)> {
    READS.into_iter().flat_map(|(service, operations)| operations.iter().map(move |operation| (service, *operation)))
}

/// What a message says of an accident that does not pass, one of these.
fn told(accident: Accident) -> &'static [&'static str] {
    match accident {
        Accident::Throttled => &["Throttling"],
        Accident::ServerError => &["InternalFailure (HTTP 500): "],
        Accident::Denied => &["AccessDenied"],
        Accident::LongRefusal => &["Validation"],
        Accident::Silence | Accident::AnswerWithheld | Accident::SilenceInTheBody => {
            &["operation attempt timeout (single attempt) occurred after 5s"]
        }
        Accident::Closed | Accident::AnswerLost => &["connection closed before message completed"],
        Accident::Malformed => &["the answer (HTTP 200) cannot be read: ", "the answer (HTTP 400) cannot be read: "],
        Accident::NothingInIt => &["the answer has no "],
        // What CodeDeploy says of a report that it has already is emptied too.
        Accident::EmptyBody => {
            &["the answer (HTTP 200) cannot be read: it is empty", "the answer (HTTP 400) cannot be read: "]
        }
    }
}

/// A hook that gives a new permission this long to arrive, and tasks on instances, which takes every call there is.
async fn bench(stabilise: &str) -> Bench {
    let bench = Bench::of(Function::AfterAllowTestTraffic).await;
    bench.aws.state().on_instances();
    bench.plan(&PLAN.replace("stabilise: 1s", &format!("stabilise: {stabilise}")));
    bench
}

async fn passes(operation: &'static str, accident: Accident) {
    let mut bench = bench("60s").await;
    let outages = bench.outages().await;
    outages.strike(operation, accident, 1);
    assert_eq!(bench.invoke().await.response()["status"], "Succeeded");
    assert!(outages.calls()[operation] >= 2, "{:?}", outages.calls());
    bench.story().await.one_report("Succeeded");
}

async fn stays(service: &'static str, operation: &'static str, accident: Accident) {
    let mut bench = bench("2s").await;
    bench.outages().await.strike(operation, accident, usize::MAX);
    assert_eq!(bench.invoke().await.response()["status"], "Failed");
    let story = bench.story().await;
    let of_tasks = ["ListTasks", "DescribeTasks", "DescribeContainerInstances"].contains(&operation);
    let code = if of_tasks { "GL1111" } else { "GL1102" };
    let reason = story.failed_with(code);
    assert!(reason.contains(&format!("cannot be established: {service}:{operation}: ")), "{reason}");
    assert!(told(accident).iter().any(|told| reason.contains(told)), "{reason}");
    let advised = reason.contains(&format!("; allow {service}:{operation} in the function's role"));
    assert_eq!(advised, accident == Accident::Denied, "{reason}");
    let attestation = &story.evidence[0]["evidence"]["attestation"];
    let unread = attestation["messages"][0]["text"].as_str().unwrap();
    assert!(reason.ends_with(unread), "the attestation says what could not be read: {attestation:#}");
}

#[tokio::test]
async fn every_read_that_fails_once_costs_nothing() {
    let rows = reads().flat_map(|(_, operation)| {
        ACCIDENTS.map(|accident| (format!("{operation} {accident:?}"), passes(operation, accident)))
    });
    side_by_side(rows).await;
}

#[tokio::test]
async fn every_read_that_fails_for_ever_is_one_failed_report_with_its_name_and_the_cause() {
    let rows = reads().flat_map(|(service, operation)| {
        ACCIDENTS.map(|accident| (format!("{operation} {accident:?}"), stays(service, operation, accident)))
    });
    side_by_side(rows).await;
}

/// The calls that are made as often after the checks as before.
const AGAIN: [&str; 9] = [
    "GetDeployment",
    "ListDeploymentTargets",
    "BatchGetDeploymentTargets",
    "DescribeServices",
    "DescribeListeners",
    "DescribeRules",
    "ListTasks",
    "DescribeTasks",
    "DescribeContainerInstances",
];

#[tokio::test]
async fn what_cannot_be_read_again_after_the_checks_is_not_proven_any_more() {
    let mut undisturbed = bench("2s").await;
    let outages = undisturbed.outages().await;
    undisturbed.invoke().await.response();
    let calls = outages.calls();
    let rows = AGAIN.map(|operation| {
        let spared = calls[operation] / 2;
        let row = async move {
            let mut bench = bench("2s").await;
            bench.outages().await.strike_after(spared, operation, Accident::LongRefusal, usize::MAX);
            assert_eq!(bench.invoke().await.response()["status"], "Failed");
            let story = bench.story().await;
            let evidence = story.one_report("Failed");
            let reason = evidence["verdict"]["because"][0].to_string();
            let code = if ["ListTasks", "DescribeTasks", "DescribeContainerInstances"].contains(&operation) {
                "GL1111"
            } else {
                "GL1102"
            };
            assert!(reason.contains(code) && !reason.contains("changed"), "{reason}");
            let told = "could not be read again after the checks, so whether it is still as it was is not known: ";
            assert!(reason.contains(told), "{reason}");
            assert!(reason.contains(&format!(":{operation}: Validation")), "{reason}");
            assert_eq!(evidence["checks"][0]["outcome"], "passed", "{evidence:#}");
            assert!(evidence.to_string().len() < 16 * 1024, "a refusal without end is cut: {evidence:#}");
        };
        (operation.to_owned(), row)
    });
    side_by_side(rows).await;
}

#[tokio::test]
async fn an_answer_in_good_order_that_says_nothing_proves_nothing() {
    let rows = reads().map(|(_, operation)| {
        let row = async move {
            let mut bench = bench("2s").await;
            bench.outages().await.strike(operation, Accident::NothingInIt, usize::MAX);
            assert_eq!(bench.invoke().await.response()["status"], "Failed");
            let story = bench.story().await;
            let (code, told) = match operation {
                "DescribeLoadBalancers" => ("GL1102", "the load balancer of the test listener has no DNS name"),
                "DescribeTargetGroups" => ("GL1102", "is behind neither target group of the deployment group"),
                "DescribeTargetHealth" => ("GL1103", "2 not registered"),
                "ListTasks" | "DescribeTasks" => ("GL1111", "ECS lists no running task of "),
                "DescribeContainerInstances" => ("GL1111", "ECS tells no address of "),
                _ => ("GL1102", "the answer has no "),
            };
            let reason = story.failed_with(code);
            assert!(reason.contains(told), "{reason}");
        };
        (operation.to_owned(), row)
    });
    side_by_side(rows).await;
}

#[tokio::test]
async fn a_report_that_fails_once_is_made_again_and_taken_once() {
    let rows = [
        // What does not reach CodeDeploy is made again; what reached it is not taken twice.
        (Accident::Throttled, "accepted"),
        (Accident::ServerError, "accepted"),
        (Accident::Denied, "accepted"),
        (Accident::Silence, "accepted"),
        (Accident::Closed, "accepted"),
        (Accident::SilenceInTheBody, "already_completed"),
        (Accident::Malformed, "already_completed"),
        (Accident::EmptyBody, "already_completed"),
        (Accident::AnswerLost, "already_completed"),
        (Accident::AnswerWithheld, "already_completed"),
    ]
    .map(|(accident, result)| {
        let row = async move {
            let mut bench = bench("1s").await;
            let outages = bench.outages().await;
            outages.strike(PUT, accident, 1);
            let answer = bench.invoke().await.response();
            assert_eq!([&answer["status"], &answer["report"]], ["Succeeded", result]);
            assert_eq!(outages.calls()[PUT], 2);
            let story = bench.story().await;
            assert_eq!(story.accepted.len(), 1);
            assert_eq!(story.accepted[0].status, "Succeeded");
            assert_eq!(story.report_lines[0]["result"], result);
            assert_eq!(story.report_lines[0]["attempts"], 2);
        };
        (format!("{accident:?}"), row)
    });
    side_by_side(rows).await;
}

#[tokio::test]
async fn a_report_that_fails_for_ever_is_a_stated_error_before_the_functions_end() {
    let all = ACCIDENTS.into_iter().chain([Accident::AnswerLost, Accident::AnswerWithheld]);
    let rows = all.map(|accident| {
        let row = async move {
            let mut bench = bench("1s").await;
            bench.outages().await.strike(PUT, accident, usize::MAX);
            let error = bench.invoke_within(Duration::from_secs(24)).await.error();
            let code = if accident == Accident::Denied { "GL1902" } else { "GL1901" };
            assert!(error.starts_with(&format!("{code} report: ")), "{error}");
            assert!(
                told(accident).iter().any(|told| error.contains(told)) || error.contains("no answer before"),
                "{error}"
            );
            assert!(error.ends_with("CodeDeploy will otherwise wait up to one hour"), "{error}");
            let story = bench.story().await;
            assert_eq!(story.report_lines.len(), 1);
            assert_eq!(story.report_lines[0]["result"], "failed");
            assert_eq!(story.report_lines[0]["error"], error, "the log says it too");
            assert_eq!(
                story.evidence[0]["evidence"]["verdict"]["decision"], "Succeeded",
                "the verdict is not the report's"
            );
        };
        (format!("{accident:?}"), row)
    });
    side_by_side(rows).await;
}

/// The bucket of the evidence, with every accident on the way: none of them costs the report.
#[tokio::test]
async fn a_bucket_out_of_order_costs_no_report_and_the_log_says_what_it_was() {
    let all = ACCIDENTS.into_iter().chain([Accident::LongRefusal, Accident::AnswerLost, Accident::AnswerWithheld]);
    let rows = all.flat_map(|accident| ["GetObject", "PutObject"].map(|operation| (operation, accident)));
    let rows = rows.map(|(operation, accident)| {
        let row = async move {
            let (mut bench, bucket) = (bench("2s").await, Bucket::open().await);
            let outages = Outages::before(bucket.address).await;
            bench.set("AWS_ENDPOINT_URL_S3", Some(&format!("http://{}", outages.address)));
            bench.set("GREENLIGHT_EVIDENCE_BUCKET", Some("evidence"));
            outages.strike(operation, accident, usize::MAX);
            let answer = bench.invoke().await.response();
            assert_eq!([&answer["status"], &answer["report"]], ["Succeeded", "accepted"]);
            let story = bench.story().await;
            let evidence = story.one_report("Succeeded");
            // An acknowledgement says nothing, so an empty one is whole.
            let stored = matches!(accident, Accident::EmptyBody | Accident::Malformed | Accident::SilenceInTheBody);
            let said = match operation {
                "GetObject" => evidence["timeline"].to_string(),
                _ if stored => return assert_eq!(story.report_lines[0]["evidence_error"], serde_json::Value::Null),
                _ => story.report_lines[0]["evidence_error"].to_string(),
            };
            let told = match accident {
                Accident::Throttled => "SlowDown (HTTP 503)",
                Accident::ServerError => "InternalError (HTTP 500)",
                Accident::Denied => "AccessDenied (HTTP 403)",
                Accident::LongRefusal => "InvalidRequest (HTTP 400)",
                Accident::Closed | Accident::AnswerLost => "connection closed before message completed",
                Accident::EmptyBody => "no error code (HTTP 404)",
                // What breaks off is the text of an error, after its code.
                Accident::Malformed => "no verdict of an earlier attempt is stored",
                Accident::Silence | Accident::SilenceInTheBody | Accident::AnswerWithheld | Accident::NothingInIt => {
                    "no answer within 5s"
                }
            };
            assert!(said.contains(told), "{said}");
            assert!(said.len() < 4 * 1024, "{said}");
        };
        (format!("{operation} {accident:?}"), row)
    });
    side_by_side(rows).await;
}

const WATCHES: [(&str, &str); 2] = [
    ("DescribeAlarms", "alarm: { names: [shop-5xx] }"),
    (
        "GetMetricData",
        "metric: { namespace: Shop, name: Errors, statistic: Sum, over: 3m, wait_for: 0s }, expect: { at_most: 5 }",
    ),
];

/// A hook whose one check asks CloudWatch, which has nothing to object to.
async fn watching(check: &str, stabilise: &str) -> Bench {
    let bench = bench(stabilise).await;
    let plan = PLAN.replace("stabilise: 1s", &format!("stabilise: {stabilise}"));
    let (head, _) = plan.split_once("hooks:").unwrap();
    bench.plan(&format!("{head}hooks: {{ AfterAllowTestTraffic: [watch] }}\nchecks:\n  - {{ id: watch, {check} }}\n"));
    {
        let mut state = bench.aws.state();
        state.cloudwatch.alarms = vec![Alarm::new("shop-5xx", "OK", 1_786_000_000.0)];
        state.cloudwatch.newest = vec![1.0, 2.0, 3.0];
    }
    bench
}

#[tokio::test]
async fn a_question_to_cloudwatch_that_fails_once_costs_nothing_and_for_ever_is_one_failed_report() {
    let all = WATCHES.into_iter().flat_map(|(operation, check)| ACCIDENTS.map(|accident| (operation, check, accident)));
    let rows =
        all.flat_map(|(operation, check, accident)| [1, usize::MAX].map(|times| (operation, check, accident, times)));
    let rows = rows.map(|(operation, check, accident, times)| {
        let row = async move {
            let mut bench = watching(check, if times == 1 { "60s" } else { "2s" }).await;
            let outages = bench.outages().await;
            outages.strike(operation, accident, times);
            bench.invoke().await.response();
            let calls = outages.calls()[operation];
            let story = bench.story().await;
            if times == 1 {
                assert!(calls >= 2, "{calls} calls");
                story.one_report("Succeeded");
                return;
            }
            let reason = story.failed_with("GL1315");
            let named = format!("watch: CloudWatch could not be asked: cloudwatch:{operation}: ");
            assert!(reason.starts_with(&named), "{reason}");
            assert!(told(accident).iter().any(|told| reason.contains(told)), "{reason}");
            assert_eq!(story.evidence[0]["evidence"]["checks"][0]["outcome"], "errored");
        };
        (format!("{operation} {accident:?} {times}"), row)
    });
    side_by_side(rows).await;
}

/// A hook at each event, with everything in the plan that makes a call.
#[tokio::test]
async fn the_table_names_every_call_that_a_hook_makes_and_no_other() {
    let mut seen = BTreeSet::new();
    for function in Function::ALL {
        let mut bench = Bench::of(function).await;
        bench.aws.state().on_instances();
        let outages = bench.outages().await;
        bench.invoke().await.response();
        seen.extend(outages.calls().into_keys());
    }
    let named: BTreeSet<String> = reads().map(|(_, operation)| operation.to_owned()).chain([PUT.to_owned()]).collect();
    assert_eq!(seen, named);
}

/// The adapters name each call as IAM does, so a call that no row of this table meets is found in their source.
#[test]
fn the_table_names_every_action_that_the_adapters_name() {
    let mut written = BTreeSet::new();
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/aws")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(path).unwrap();
            let constants = text.lines().filter(|line| line.starts_with("const ") && line.contains(": &str = \""));
            let values = constants.filter_map(|line| line.split('"').nth(1).map(str::to_owned));
            written.extend(values.filter(|value| value.contains(':')));
        }
    }
    let mut named: BTreeSet<String> = reads().map(|(service, operation)| format!("{service}:{operation}")).collect();
    named.extend(WATCHES.map(|(operation, _)| format!("cloudwatch:{operation}")));
    named.extend(["s3:GetObject", "s3:PutObject"].map(str::to_owned));
    assert_eq!(written, named);
}
