//! The catalogue of what the engine says: every code that arises in this crate, brought about by the code that says it, and
//! whole. The hooks' own codes are in a catalogue beside theirs, which also sees to it that no code is in neither.

use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use ::http::HeaderName;
use jiff::Timestamp;
use regex::Regex;

use super::tests::{SECOND, endpoints, event, limits};
use super::*;
use crate::cloudwatch::{Alarm, Answer, CloudWatch, Datapoint, MetricQuery, Unanswered};
use crate::event::HookEvent;
use crate::evidence::{Attestation, Decision, Verdict};
use crate::identity::Witness;
use crate::judge::{alarm as alarms, compare as comparison, metric as metrics};
use crate::plan::{self, Approval, Givens, Plan, Requirement};
use crate::surroundings::Endpoints;
use crate::test_server::{Reply, address, answer};
use crate::verdict::{Case, decide};
use crate::{gate, observation};

const PRODUCT: &str = r#"{"id":42,"price":"9.50","name":"tea","tags":["hot","green"],"stock":0,"notes":null}"#;

/// Each of the conditions, contradicted.
const PREDICATES: &str = r"
  - id: product
    http: { get: /api/products/42 }
    expect:
      status: 201
      headers: { content-type: { contains: json }, x-version: '2' }
      json:
        - { at: $.id, equals: 43 }
        - { at: $.id, not: 42 }
        - { at: $.name, contains: coffee }
        - { at: $.name, matches: '^[A-Z]' }
        - { at: $.name, starts_with: co }
        - { at: $.name, in: [coffee, milk] }
        - { at: $.price, greater_than: 0 }
        - { at: $.stock, at_least: 1 }
        - { at: $.id, less_than: 42 }
        - { at: $.id, at_most: 41 }
        - { at: $.colour, exists: true }
        - { at: $.tags, empty: true }
        - { at: $.price, type: number }
        - { at: '$.tags[*]', count: { at_least: 3 } }
";

/// What a load says of itself on a machine that is busy with something else; its own tests know it.
static BEHIND: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r", this side up to \d+ ms behind; give it more CPU \(a function: more memory\) or lower rate").unwrap()
});

/// What differs from run to run: ports and times.
static CHANGING: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"127\.0\.0\.1:\d+|\bin \d+ ms\b|\bin \d+ s\b|\b\d+ s are left").unwrap());

fn settled(text: &str) -> String {
    let replaced = |found: &regex::Captures<'_>| match &found[0] {
        address if address.starts_with("127") => "<address>".to_owned(),
        left if left.ends_with("left") => "<n> s are left".to_owned(),
        took if took.ends_with("ms") => "in <n> ms".to_owned(),
        _ => "in <n> s".to_owned(),
    };
    CHANGING.replace_all(&BEHIND.replace_all(text, ""), replaced).into_owned()
}

/// A service that has its moods by the path.
fn service(_: usize, request: &str) -> Reply {
    let path = request.split(' ').nth(1).unwrap_or_default();
    match path {
        "/api/products/42" => Reply::Answer(200, "content-type: text/plain\r\n", PRODUCT.into()),
        "/starting" => answer(503, "starting"),
        "/failing" => answer(500, "oh"),
        "/stalling" => Reply::Stall(Vec::new()),
        "/garbage" => Reply::Raw(b"nonsense\r\n\r\n".to_vec()),
        "/named" => Reply::Answer(200, "x-task-arn: arn:aws:ecs:r:1:task/main/old\r\n", b"{}".to_vec()),
        _ => answer(200, "{}"),
    }
}

/// A CloudWatch that says no.
struct Denying;

impl CloudWatch for Denying {
    fn alarms<'a>(&'a self, _: &'a [String]) -> Answer<'a, Vec<Alarm>> {
        let text = "cloudwatch:DescribeAlarms: AccessDenied (HTTP 403); allow cloudwatch:DescribeAlarms in the function's role";
        Box::pin(async move { Err(Unanswered { text: text.to_owned(), may_pass: false }) })
    }

    fn metric<'a>(&'a self, _: &'a MetricQuery, _: Timestamp, _: Timestamp) -> Answer<'a, Vec<Datapoint>> {
        Box::pin(async move { Ok(Vec::new()) })
    }
}

#[derive(Default)]
struct Catalogue(String);

impl Catalogue {
    fn says(&mut self, what: &str, messages: impl IntoIterator<Item = impl ToString>) {
        writeln!(self.0, "=== {what}").unwrap();
        let mut any = false;
        for message in messages {
            any = true;
            writeln!(self.0, "{}", settled(&message.to_string())).unwrap();
        }
        assert!(any, "{what}: nothing was said");
    }

    async fn runs(&mut self, what: &str, checks: &str, ids: &str, surroundings: &Surroundings) {
        let results = run(&event(checks, ids), surroundings).await;
        self.says(what, results.iter().flat_map(|check| check.messages.clone()));
    }
}

fn read(text: &str) -> Plan {
    plan::read(text, "checks.yaml", &Givens::at(Timestamp::UNIX_EPOCH)).unwrap_or_else(|errors| panic!("{errors}"))
}

fn told(judged: (Outcome, Vec<String>, BTreeMap<String, f64>)) -> Vec<String> {
    judged.1
}

#[tokio::test]
async fn every_code_of_the_engine_is_said_in_whole_sentences() {
    let mut catalogue = Catalogue::default();
    about_the_plan(&mut catalogue);
    let service_ = address();
    let base = service_.base.clone();
    service_.serve(service);
    about_answers(&mut catalogue, &base).await;
    about_identity(&mut catalogue, &base).await;
    about_the_verdict(&mut catalogue);
    about_statistics(&mut catalogue, &base).await;
    about_cloudwatch(&mut catalogue, &base).await;
    about_time(&mut catalogue, &base).await;
    insta::assert_snapshot!(catalogue.0);
}

fn about_the_plan(catalogue: &mut Catalogue) {
    let wrong = "version: 1\nhooks: { AfterAllowTestTraffic: [a] }\nchecks: [ { id: a, http: { get: / }, expect: { staus: 200 } } ]\n";
    let errors = plan::read(wrong, "checks.yaml", &Givens::at(Timestamp::UNIX_EPOCH)).unwrap_err();
    catalogue.says("a plan with a misspelt field", errors.messages());
    let other = read(&wrong.replace("staus", "status"));
    catalogue.says("a plan without checks for the event", other.for_event(HookEvent::AfterAllowTraffic).err());
}

async fn about_answers(catalogue: &mut Catalogue, base: &str) {
    let at_once = || Surroundings::new(endpoints(base), limits(Duration::ZERO, 60 * SECOND));
    catalogue.runs("each condition contradicted", PREDICATES, "product", &at_once()).await;
    for (what, fields) in [
        ("a body that is not as expected", "http: { get: /named }, expect: { body: ok }"),
        (
            "answers that pass too seldom",
            "http: { get: /failing }, expect: { status: 200 }, retry: { until: 1s, every: 1s, pass_after: 2 }",
        ),
        ("no answer in time", "http: { get: /stalling }, timeout: 300ms, expect: { status: 200 }"),
        ("an answer that is none", "http: { get: /garbage }, expect: { status: 200 }"),
        ("a handshake with what speaks no TLS", "tls: {}, expect: { valid_for_at_least: 21d }"),
        ("a socket that is refused", "websocket: { path: /ws, send: ping }, expect: { message: { contains: pong } }"),
    ] {
        catalogue.runs(what, &format!("  - {{ id: a, {fields} }}\n"), "a", &at_once()).await;
    }
    let refusing = address();
    let nobody = Surroundings::new(endpoints(&refusing.base), limits(Duration::ZERO, 60 * SECOND));
    let health = "  - { id: health, http: { get: / }, expect: { status: 200 } }\n";
    catalogue.runs("nobody listens", health, "health", &nobody).await;
    let window = Surroundings::new(endpoints(base), limits(Duration::from_millis(300), 60 * SECOND));
    let starting = "  - { id: a, http: { get: /starting }, expect: { status: 200 } }\n";
    catalogue.runs("not ready when the window was over", starting, "a", &window).await;
    let after = "  - { id: a, http: { get: /failing }, expect: { status: 200 }, severity: warn }\n  - { id: b, http: { get: / }, expect: { status: 200 }, after: [a] }\n";
    catalogue.runs("a check after one that did not pass", after, "a, b", &at_once()).await;
    let nowhere = Surroundings::new(Endpoints::default(), limits(Duration::ZERO, 60 * SECOND));
    catalogue.runs("no endpoint", health, "health", &nowhere).await;
}

async fn about_identity(catalogue: &mut Catalogue, base: &str) {
    let tasks = ["arn:aws:ecs:r:1:task/main/new".to_owned()];
    for (what, path) in [("an answer of a stranger", "/named"), ("no answer with the header", "/")] {
        let witness = Arc::new(Witness::of(HeaderName::from_static("x-task-arn")));
        let mut surroundings = Surroundings::new(endpoints(base), limits(Duration::ZERO, 60 * SECOND));
        surroundings.witness = Some(Arc::clone(&witness));
        let check = format!("  - {{ id: a, http: {{ get: {path} }}, expect: {{ status: 200 }} }}\n");
        let results = run(&event(&check, "a"), &surroundings).await;
        catalogue.says(what, witness.judge(&tasks, "replacement task set ecs-svc/2", true, &results).messages);
    }
}

fn about_the_verdict(catalogue: &mut Catalogue) {
    let nothing = |routing: &Attestation| -> Verdict {
        decide(&Case { attestation: routing, routing: Requirement::Required, checks: &[] })
    };
    catalogue.says("a fact that nobody established", nothing(&Attestation::default()).because);
    let off = Attestation::not_required();
    let verdict = decide(&Case { attestation: &off, routing: Requirement::Off, checks: &[] });
    catalogue.says("no blocking check passed", verdict.because.clone());
    let observing = read(
        "version: 1\nmode: observe\nuntil: 2099-12-31\nhooks: { AfterAllowTestTraffic: [a] }\nchecks: [ { id: a, http: { get: / }, expect: { status: 200 } } ]\n",
    );
    let good = Verdict { decision: Decision::Succeeded, because: Vec::new() };
    let approval = Approval { id: "go".to_owned(), from: vec!["ana".to_owned()], within: 1800 * SECOND };
    let at = Timestamp::UNIX_EPOCH;
    catalogue.says("an approval that is waited for", gate::opened(good, Some(&approval), at, at, "token").0.because);
    catalogue.says("an observed failure", observation::under(observing.mode, verdict).0.because);
}

async fn about_statistics(catalogue: &mut Catalogue, base: &str) {
    let surroundings = Surroundings::new(endpoints(base), limits(Duration::ZERO, 60 * SECOND));
    let few = "  - { id: a, load: { get: /, rate: 20/s, for: 1s, warm_up: { requests: 0 } }, expect: [ 'p95 <= 10s', 'p99 <= 10s', 'errors <= 1%' ] }\n";
    catalogue.runs("a load with too few samples", few, "a", &surroundings).await;
    use comparison::tests::{around, judged, refused};
    let good = || comparison::tests::answer(200, r#"{"price":9.5}"#, 1_000);
    let latency = |micros| comparison::tests::answer(200, "{}", micros);
    let slower = |index| (latency(around(41_000, index)), latency(around(74_000, index * 3 + 1)));
    catalogue.says("a slower version", told(judged("", 100, slower)));
    let failing = |index| if index < 60 { (good(), refused()) } else { (good(), good()) };
    catalogue.says("more errors than blue, and too few latencies", told(judged("", 100, failing)));
    let off = "      latency: off\n";
    for (what, body) in [
        ("another type", r#"{"price":"9.5"}"#),
        ("another value", r#"{"price":8}"#),
        ("a missing and an extra member", r#"{"cost":9.5}"#),
    ] {
        let differing = |_| (good(), comparison::tests::answer(200, body, 1_000));
        catalogue.says(what, told(judged(off, 100, differing)));
    }
    let wrong = |_| (comparison::tests::answer(404, "", 1), comparison::tests::answer(404, "", 1));
    catalogue.says("a baseline that never answers well", told(judged("", 100, wrong)));
    let alone = "  - { id: a, compare: { requests: [ { get: / } ] } }\n";
    catalogue.runs("no way to blue", alone, "a", &surroundings).await;
}

async fn about_cloudwatch(catalogue: &mut Catalogue, base: &str) {
    use alarms::tests::{alarm as one, judged};
    let began = Some("2026-02-08T12:00:00Z");
    let ok = || one("shop-p99", "OK", None);
    for (what, fields, first) in [
        ("a red alarm", "", one("shop-5xx", "ALARM", Some("2026-02-08T12:01:00Z"))),
        ("an alarm that was red before", "", one("shop-5xx", "ALARM", Some("2026-02-08T11:00:00Z"))),
        ("an alarm without data", "", one("shop-5xx", "INSUFFICIENT_DATA", None)),
        ("an alarm in a state of tomorrow", "", one("shop-5xx", "PAUSED", None)),
        ("an alarm that does not exist", "", one("another", "OK", None)),
    ] {
        catalogue.says(what, judged(fields, &[first, ok()], began).1);
    }
    let before = |name| one(name, "ALARM", Some("2026-02-08T11:00:00Z"));
    let excused = judged(", already_red: ignore", &[before("shop-5xx"), before("shop-p99")], began);
    catalogue.says("nothing but alarms that are left out", excused.1);
    catalogue.says("a value that is too high", metrics::tests::judged("{ at_most: 5 }", &[(0, 5.0), (60, 7.5)]).1);
    catalogue.says("a metric without a value", metrics::tests::judged("{ at_most: 5 }", &[]).1);
    let mut surroundings = Surroundings::new(endpoints(base), limits(Duration::ZERO, 60 * SECOND));
    let asking = "  - { id: a, alarm: { names: [shop-5xx] } }\n";
    catalogue.runs("no CloudWatch to ask", asking, "a", &surroundings).await;
    surroundings.cloudwatch = Some(Arc::new(Denying));
    // How long it took is not the point.
    catalogue.runs("a CloudWatch that says no", asking, "a", &surroundings).await;
}

async fn about_time(catalogue: &mut Catalogue, base: &str) {
    let mut short = Surroundings::new(endpoints(base), limits(Duration::ZERO, 60 * SECOND));
    short.cloudwatch = Some(Arc::new(Denying));
    let long = "  - { id: a, alarm: { names: [shop-5xx], watch_for: 40m } }\n";
    catalogue.runs("a watch that does not fit", long, "a", &short).await;
    let soon = Surroundings::new(endpoints(base), limits(Duration::ZERO, SECOND));
    let stalling = "  - { id: a, http: { get: /stalling }, timeout: 30s, expect: { status: 200 } }\n";
    catalogue.runs("a check that the end of time cuts off", stalling, "a", &soon).await;
}
