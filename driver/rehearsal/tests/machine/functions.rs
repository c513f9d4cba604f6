//! Claims about functions: the Runtime API, deadlines, retries, logs.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use greenlight_rehearsal::clock;
use greenlight_rehearsal::effect::{Effect, FunctionSpec, InvocationOutcome, Observation};

use crate::bench::{BLUE, Bench, spec};
use crate::player;

const LONG: Duration = Duration::from_secs(60);

/// A function that plays a part, and has its name.
pub fn function(part: &str, timeout: Duration) -> FunctionSpec {
    FunctionSpec {
        name: part.to_owned(),
        arn: format!("arn:aws:lambda:eu-west-1:123456789012:function:{part}"),
        line: player::command("player::plays_a_function"),
        environment: BTreeMap::from([
            ("PLAY".to_owned(), part.to_owned()),
            ("OWN".to_owned(), "its own".to_owned()),
            ("TZ".to_owned(), "reserved".to_owned()),
        ]),
        task_root: std::env::temp_dir(),
        timeout,
        memory: 128,
    }
}

fn log(part: &str) -> String {
    format!("/aws/lambda/{part}")
}

async fn bench(part: &str, timeout: Duration) -> Bench {
    Bench::start(spec(&[(BLUE, 1)], vec![function(part, timeout)])).await
}

impl Bench {
    fn invoke(&self, part: &str, id: &str, payload: &str, asynchronous: bool) {
        let payload = Bytes::from(payload.to_owned());
        self.machine.carry_out(Effect::Invoke {
            invocation: id.to_owned(),
            function: part.to_owned(),
            payload,
            asynchronous,
        });
    }

    /// Attempt, outcome, and whether it was the last.
    async fn invoked(&mut self, id: &str) -> (u32, InvocationOutcome, bool) {
        self.until("the attempt's end", |observation| match observation {
            Observation::Invoked { invocation, attempt, outcome, last, .. } if invocation == id => {
                Some((*attempt, outcome.clone(), *last))
            }
            _ => None,
        })
        .await
    }
}

fn returned(body: &str) -> InvocationOutcome {
    InvocationOutcome::Returned(Bytes::from(body.to_owned()))
}

/// aws-facts.md §9: START, END and REPORT around what the function writes.
#[tokio::test]
async fn a_function_returns_and_its_lines_stand_between_start_and_end() {
    let mut bench = bench("returns", LONG).await;
    bench.invoke("returns", "id-1", "{\"n\":1}", true);
    assert_eq!(bench.invoked("id-1").await, (1, returned("{\"n\":1}"), true));
    let lines = bench.lines(&log("returns"));
    let start = lines.iter().position(|line| line == "START RequestId: id-1 Version: $LATEST").unwrap();
    let said = lines.iter().position(|line| line == "about to answer").unwrap();
    let end = lines.iter().position(|line| line == "END RequestId: id-1").unwrap();
    assert!(start < said && said < end && end + 2 == lines.len(), "{lines:#?}");
    let report = lines.last().unwrap();
    assert!(report.starts_with("REPORT RequestId: id-1\tDuration: "), "{report}");
    assert!(report.contains("\tMemory Size: 128 MB\t") && report.contains("\tInit Duration: "), "{report}");
    bench.machine.shutdown().await;
}

#[tokio::test]
async fn a_sandbox_stays_warm() {
    let mut bench = bench("returns", LONG).await;
    for id in ["id-1", "id-2", "id-3"] {
        bench.invoke("returns", id, "{}", false);
        bench.invoked(id).await;
    }
    let lines = bench.lines(&log("returns"));
    let processes: Vec<&str> =
        lines.iter().filter_map(|line| line.strip_prefix("process ")?.split(' ').next()).collect();
    assert_eq!(processes.len(), 3);
    assert!(processes.iter().all(|process| *process == processes[0]), "{processes:?}");
    let inits = lines.iter().filter(|line| line.contains("Init Duration")).count();
    assert_eq!(inits, 1, "only the first invocation initialises");
    bench.machine.shutdown().await;
}

#[tokio::test]
async fn a_function_knows_itself_its_deadline_and_nothing_of_ours() {
    let mut bench = bench("tells", LONG).await;
    bench.invoke("arn:aws:lambda:eu-west-1:123456789012:function:tells", "id-1", "{}", false);
    let before = clock::timestamp().as_millisecond();
    let (_, outcome, _) = bench.invoked("id-1").await;
    let InvocationOutcome::Returned(body) = outcome else { panic!("{outcome:?}") };
    let told: Vec<(String, String)> = serde_json::from_slice(&body).unwrap();
    let told: BTreeMap<&str, &str> = told.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    for (name, value) in [
        ("AWS_LAMBDA_FUNCTION_NAME", "tells"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/tells"),
        ("AWS_REGION", "eu-west-1"),
        ("TZ", ":UTC"),
        ("OWN", "its own"),
        ("SHARED", "by all"),
        ("lambda-runtime-aws-request-id", "id-1"),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-1:123456789012:function:tells"),
    ] {
        assert_eq!(told[name], value, "{name}");
    }
    assert!(told["lambda-runtime-trace-id"].starts_with("Root=1-"));
    let left = told["lambda-runtime-deadline-ms"].parse::<i64>().unwrap() - before;
    assert!((55_000..90_000).contains(&left), "the deadline is a true epoch time: {left} ms left");
    bench.machine.shutdown().await;
}

/// aws-facts.md §9: a function error is retried twice, with the same request id and payload.
#[tokio::test]
async fn an_asynchronous_invocation_that_fails_is_retried_twice() {
    let mut bench = bench("fails", LONG).await;
    bench.invoke("fails", "id-1", "{\"same\":true}", true);
    let error = InvocationOutcome::Failed(Bytes::from_static(br#"{"errorMessage":"no","errorType":"Shop.Closed"}"#));
    let began = clock::instant();
    assert_eq!(bench.invoked("id-1").await, (1, error.clone(), false));
    assert_eq!(bench.invoked("id-1").await, (2, error.clone(), false));
    assert_eq!(bench.invoked("id-1").await, (3, error, true));
    assert!(began.elapsed() >= Duration::from_millis(180), "one and two minutes at a pace of 1000");
    let lines = bench.lines(&log("fails"));
    assert_eq!(lines.iter().filter(|line| *line == "START RequestId: id-1 Version: $LATEST").count(), 3);
    let events: Vec<&String> = lines.iter().filter(|line| line.ends_with(": {\"same\":true}")).collect();
    assert_eq!(events.len(), 3, "{lines:#?}");
    assert!(events[2].contains("event 3"), "after a function error the sandbox stays");
    bench.machine.shutdown().await;
}

#[tokio::test]
async fn retries_end_with_the_first_success() {
    let mut bench = bench("fails twice", LONG).await;
    bench.invoke("fails twice", "id-1", "{}", true);
    assert!(!bench.invoked("id-1").await.2);
    assert!(!bench.invoked("id-1").await.2);
    assert_eq!(bench.invoked("id-1").await, (3, returned("third time lucky"), true));
    bench.machine.shutdown().await;
}

#[tokio::test]
async fn a_synchronous_invocation_is_not_retried() {
    let mut bench = bench("fails", LONG).await;
    bench.invoke("fails", "id-1", "{}", false);
    let (attempt, _, last) = bench.invoked("id-1").await;
    assert_eq!((attempt, last), (1, true));
    bench.machine.shutdown().await;
}

/// aws-facts.md §9: "Task timed out after N.NN seconds".
#[tokio::test]
async fn a_function_that_hangs_is_killed_at_its_deadline_and_started_anew() {
    let mut bench = bench("hangs", Duration::from_millis(250)).await;
    bench.invoke("hangs", "id-1", "{}", true);
    for attempt in 1..=3 {
        assert_eq!(bench.invoked("id-1").await, (attempt, InvocationOutcome::TimedOut, attempt == 3));
    }
    let lines = bench.lines(&log("hangs"));
    let told = lines.iter().filter(|line| line.ends_with("Z id-1 Task timed out after 0.25 seconds")).count();
    assert_eq!(told, 3, "{lines:#?}");
    let mut processes: Vec<&str> =
        lines.iter().filter_map(|line| line.strip_prefix("process ")?.split(' ').next()).collect();
    assert!(lines.iter().filter(|line| line.starts_with("process ")).all(|line| line.contains("event 1:")));
    processes.dedup();
    assert_eq!(processes.len(), 3, "each attempt has a process of its own");
    bench.machine.shutdown().await;
}

/// aws-facts.md §9: `Runtime.ExitError`.
#[tokio::test]
async fn a_function_that_exits_has_crashed() {
    let mut bench = bench("exits", LONG).await;
    bench.invoke("exits", "id-1", "{}", false);
    let text = "RequestId: id-1 Error: Runtime exited with error: exit status 3";
    assert_eq!(bench.invoked("id-1").await, (1, InvocationOutcome::Crashed(text.to_owned()), true));
    let lines = bench.lines(&log("exits"));
    let told = lines.iter().position(|line| line == text).unwrap();
    assert_eq!(lines[told + 1], "Runtime.ExitError");
    assert_eq!(lines[told + 2], "END RequestId: id-1");
    bench.machine.shutdown().await;
}

#[tokio::test]
async fn a_function_that_exits_before_it_asks_for_work_has_crashed() {
    let mut bench = bench("exits at once", LONG).await;
    bench.invoke("exits at once", "id-1", "{}", false);
    let text = "RequestId: id-1 Error: Runtime exited with error: exit status 7".to_owned();
    assert_eq!(bench.invoked("id-1").await.1, InvocationOutcome::Crashed(text));
    bench.machine.shutdown().await;
}

#[tokio::test]
async fn an_init_error_is_the_outcome() {
    let mut bench = bench("cannot initialise", LONG).await;
    bench.invoke("cannot initialise", "id-1", "{}", false);
    let error = InvocationOutcome::Failed(Bytes::from_static(br#"{"errorType":"Plan.Missing"}"#));
    assert_eq!(bench.invoked("id-1").await.1, error);
    bench.machine.shutdown().await;
}

#[tokio::test]
async fn an_answer_counts_even_when_the_process_ends_right_after_it() {
    let mut bench = bench("answers and exits", LONG).await;
    for id in ["id-1", "id-2"] {
        bench.invoke("answers and exits", id, "{}", true);
        assert_eq!(bench.invoked(id).await, (1, returned("bye"), true));
    }
    bench.machine.shutdown().await;
}

/// aws-facts.md §9: payload 6 MB.
#[tokio::test]
async fn an_answer_of_more_than_six_megabytes_is_an_error() {
    let mut bench = bench("answers too much", LONG).await;
    bench.invoke("answers too much", "id-1", "{}", false);
    let (_, outcome, _) = bench.invoked("id-1").await;
    let InvocationOutcome::Failed(body) = outcome else { panic!("{outcome:?}") };
    assert!(String::from_utf8_lossy(&body).contains("Function.ResponseSizeTooLarge"));
    bench.machine.shutdown().await;
}

#[tokio::test]
async fn an_answer_to_an_unknown_id_or_a_second_answer_is_refused() {
    let mut bench = bench("answers wrongly", LONG).await;
    bench.invoke("answers wrongly", "id-1", "{}", false);
    assert_eq!(bench.invoked("id-1").await.1, returned("right"));
    bench.machine.shutdown().await;
    let line = bench.seen.iter().find_map(|seen| match seen {
        Observation::Logged { message, .. } => message.strip_prefix("answered "),
        _ => None,
    });
    assert_eq!(line, Some("400 202 403"));
}

#[tokio::test]
async fn concurrent_invocations_have_a_sandbox_each() {
    let mut bench = bench("holds", LONG).await;
    let meeting = tempfile::tempdir().unwrap();
    let path = meeting.path().display().to_string();
    bench.invoke("holds", "id-1", &path, true);
    bench.invoke("holds", "id-2", &path, true);
    // Each answers only after both have arrived.
    let mut processes = Vec::new();
    while processes.len() < 2 {
        let outcome = bench
            .until("both answers", |observation| match observation {
                Observation::Invoked { outcome, .. } => Some(outcome.clone()),
                _ => None,
            })
            .await;
        processes.push(outcome);
    }
    assert_ne!(processes[0], processes[1]);
    bench.machine.shutdown().await;
}

#[tokio::test]
async fn a_function_can_be_replaced() {
    let mut bench = bench("returns", LONG).await;
    bench.invoke("returns", "id-1", "{}", false);
    assert_eq!(bench.invoked("id-1").await.1, returned("{}"));
    bench.machine.set_function(FunctionSpec { name: "returns".to_owned(), ..function("fails", LONG) });
    bench.invoke("returns", "id-2", "{}", false);
    assert!(matches!(bench.invoked("id-2").await.1, InvocationOutcome::Failed(_)));
    bench.machine.shutdown().await;
}

#[tokio::test]
async fn an_unknown_function_is_an_outcome_and_not_silence() {
    let mut bench = bench("returns", LONG).await;
    bench.invoke("nobody", "id-1", "{}", false);
    let crashed = InvocationOutcome::Crashed("there is no function nobody".to_owned());
    assert_eq!(bench.invoked("id-1").await, (1, crashed, true));
    bench.machine.shutdown().await;
}
