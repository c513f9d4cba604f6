//! The fault table of AWS: every call that a hook makes, met by every accident. What passes costs nothing; what stays is
//! exactly one `Failed` that names the call and the cause, or, where it is the report that cannot be delivered, an error.

#[path = "support/hook/mod.rs"]
mod bench;

use std::collections::BTreeSet;
use std::time::Duration;

use bench::outage::Accident;
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
        Accident::Silence | Accident::AnswerWithheld | Accident::SilenceInTheBody => {
            &["operation attempt timeout (single attempt) occurred after 5s"]
        }
        Accident::Closed | Accident::AnswerLost => &["connection closed before message completed"],
        Accident::Malformed => &["the answer (HTTP 200) cannot be read: ", "the answer (HTTP 400) cannot be read: "],
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
    let named: BTreeSet<String> = reads().map(|(service, operation)| format!("{service}:{operation}")).collect();
    assert_eq!(written, named);
}
