//! The fault table of the service under test: what a bad day of the new version does to the hook. Each is exactly one
//! `Failed` with the cause in its evidence, soon, and without more memory than a function has.

#![allow(clippy::unwrap_used, reason = "this is test code, although it lies outside a test function")]

#[path = "support/hook/mod.rs"]
mod bench;

use bench::bad_day::{Authority, BadDay, Day, self_signed};
use bench::rows::side_by_side;
use bench::{Bench, Function, PLAN};
use rustls::ServerConfig;

/// What the smallest Lambda function has.
const SMALLEST_FUNCTION: u64 = 128 * 1024 * 1024;

/// What a hook takes of an answer at the most, with what lies in the buffers on its way.
const MUCH: u64 = 64 * 1024 * 1024;

/// One fault and what must be said of it.
struct Row {
    name: &'static str,
    day: Day,
    /// The one check, beside its id.
    check: &'static str,
    outcome: &'static str,
    code: &'static str,
    told: &'static str,
}

const GET: &str = "{ id: shop, http: { get: / }, expect: { status: 200 } }";
const QUICK: &str = "{ id: shop, http: { get: / }, timeout: 1s, expect: { status: 200 } }";
/// Only the body's size ends it, however busy the machine is.
const PATIENT: &str = "{ id: shop, http: { get: / }, timeout: 60s, expect: { status: 200 } }";
const TEXT: &str = "{ id: shop, http: { get: / }, expect: { body: { contains: ok } } }";
const JSON: &str = "{ id: shop, http: { get: / }, expect: { json: [ { at: $.ok, equals: true } ] } }";
const FOLLOW: &str = "{ id: shop, http: { get: /, follow: 3 }, expect: { status: 200 } }";

const fn errored(name: &'static str, day: Day, check: &'static str, told: &'static str) -> Row {
    Row { name, day, check, outcome: "errored", code: "GL1202", told }
}

const fn failed(name: &'static str, day: Day, check: &'static str, told: &'static str) -> Row {
    Row { name, day, check, outcome: "failed", code: "GL1201", told }
}

const ENDED: &str = "expected an answer, got none: the answer ended early or was not HTTP";
const SLOW: &str = "expected an answer, got none: no complete answer within 1000 ms";
const LARGE: &str = "expected an answer, got none: the body is larger than 1048576 bytes";

const PLAIN: &[Row] = &[
    Row {
        name: "nobody listens",
        day: Day::Refuses,
        check: GET,
        outcome: "errored",
        code: "GL1203",
        told: "not ready when the stabilise window was over: connection refused",
    },
    errored(
        "a reset in the middle of the body",
        Day::Resets(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nok"),
        GET,
        "expected an answer, got none: the connection was reset",
    ),
    errored("slow headers", Day::Drips(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n"), QUICK, SLOW),
    errored("a slow body", Day::Drips(b"HTTP/1.1 200 OK\r\ncontent-length: 9999999\r\n\r\n", b"."), QUICK, SLOW),
    errored(
        "a slow body in chunks",
        Day::Drips(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"1\r\n.\r\n"),
        QUICK,
        SLOW,
    ),
    errored(
        "a body of ten gigabytes",
        Day::Floods(b"HTTP/1.1 200 OK\r\ncontent-length: 10737418240\r\n\r\n", b"0123456789abcdef"),
        PATIENT,
        LARGE,
    ),
    errored(
        "a body of ten gigabytes in chunks",
        Day::Floods(
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            b"40\r\n0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\r\n",
        ),
        PATIENT,
        LARGE,
    ),
    errored("a body without an end", Day::Floods(b"HTTP/1.1 200 OK\r\n\r\n", b"0123456789abcdef"), PATIENT, LARGE),
    errored("headers without an end", Day::Floods(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n"), GET, ENDED),
    errored("a header without an end", Day::Floods(b"HTTP/1.1 200 OK\r\nx: ", b"0123456789abcdef"), GET, ENDED),
    errored(
        "a redirect without an end",
        Day::Answers(b"HTTP/1.1 302 Found\r\nlocation: /again\r\ncontent-length: 0\r\n\r\n"),
        FOLLOW,
        "expected an answer, got none: more than 3 redirects",
    ),
    errored(
        "a redirect to a place without end",
        Day::LongRedirect,
        FOLLOW,
        "expected an answer, got none: a redirect to http://[xxxx",
    ),
    failed("a type without end", Day::LongType, JSON, "body expected to be JSON, got 2 bytes of xxxx"),
    failed(
        "a redirect that nobody follows",
        Day::Answers(b"HTTP/1.1 302 Found\r\nlocation: /again\r\ncontent-length: 0\r\n\r\n"),
        GET,
        "status expected 200, got 302",
    ),
    failed(
        "a body that is no text",
        Day::Answers(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nok\xff\xfe"),
        TEXT,
        "body expected to be text, got bytes that are no UTF-8 from byte 2 on",
    ),
    failed(
        "a body that is no JSON",
        Day::Answers(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{\"ok\":tru"),
        JSON,
        "body expected to be JSON, got 9 bytes of application/json: ",
    ),
    failed(
        "JSON of brackets alone",
        Day::Brackets,
        JSON,
        "body expected to be JSON, got 1000000 bytes of no declared type: recursion limit exceeded",
    ),
    failed(
        "an answer without content",
        Day::Answers(b"HTTP/1.1 204 No Content\r\n\r\n"),
        JSON,
        "body expected to be JSON, got 0 bytes of no declared type: ",
    ),
    failed(
        "an empty body",
        Day::Answers(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
        TEXT,
        "body expected to contain \"ok\", got \"\" (string)",
    ),
    errored(
        "less than the content's length",
        Day::Answers(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nok"),
        GET,
        ENDED,
    ),
    failed(
        "more than the content's length",
        Day::Answers(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{\"ok\":true}"),
        JSON,
        "body expected to be JSON, got 3 bytes of no declared type: ",
    ),
    errored(
        "a content's length that is no number",
        Day::Answers(b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\nok"),
        GET,
        ENDED,
    ),
    errored(
        "two lengths of one content",
        Day::Answers(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 200\r\n\r\nok"),
        GET,
        ENDED,
    ),
    errored(
        "chunks that break off",
        Day::Answers(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nok"),
        GET,
        ENDED,
    ),
    errored("another protocol", Day::Greets(b"SSH-2.0-OpenSSH_9.7\r\n"), GET, ENDED),
    errored("nonsense", Day::Answers(b"\x00\x01\x02\xff nonsense\r\n\r\n"), GET, ENDED),
    errored("no answer at all", Day::Answers(b""), GET, ENDED),
];

/// A hook that tests this server.
async fn bench(day: &BadDay, check: &str) -> Bench {
    let bench = Bench::of(Function::AfterAllowTestTraffic).await;
    // Long enough that a first request falls into the window on a busy machine, too.
    let plan = PLAN.replace("stabilise: 1s", "stabilise: 6s");
    let (head, _) = plan.split_once("hooks:").unwrap();
    bench.plan(&format!("{head}hooks: {{ AfterAllowTestTraffic: [shop] }}\nchecks:\n  - {check}\n"));
    bench.aws.state().test_port = day.address.port();
    bench
}

async fn proves(row: &Row) {
    let day = BadDay::begins(row.day, None).await;
    let mut bench = bench(&day, row.check).await;
    assert_eq!(bench.invoke().await.response()["status"], "Failed");
    let peak = bench.lambda().await.peak_memory();
    assert!(peak < SMALLEST_FUNCTION, "{peak} bytes of memory");
    assert!(day.written() < MUCH, "{} bytes were taken", day.written());
    let story = bench.story().await;
    let reason = story.failed_with(row.code);
    assert!(reason.starts_with(&format!("shop: {}", row.told)), "{reason}");
    let evidence = &story.evidence[0]["evidence"];
    assert!(evidence.to_string().len() < 16 * 1024, "evidence holds no bodies: {evidence:#}");
    let check = &evidence["checks"][0];
    assert_eq!([&check["outcome"], &check["messages"][0]["code"]], [row.outcome, row.code], "{check:#}");
    if row.outcome == "errored" {
        let error = check["samples"][0]["error"].as_str().unwrap();
        assert!(reason.contains(&error[..error.len().min(1000)]), "the sample says what the reason says: {check:#}");
    } else {
        assert!(check["samples"][0]["status"].is_u64(), "{check:#}");
    }
}

#[tokio::test]
async fn a_service_on_a_bad_day_is_one_failed_report_with_the_cause() {
    side_by_side(PLAIN.iter().map(|row| (row.name.to_owned(), proves(row)))).await;
}

/// A server with this certificate, tested as `shop.test` by a hook that trusts this authority.
async fn handshake(day: Day, certificate: Option<ServerConfig>, trusted: &str) -> Bench {
    let day = BadDay::begins(day, certificate).await;
    let bench = bench(&day, TEXT).await;
    let plan = std::fs::read_to_string(bench.package()).unwrap();
    std::fs::write(bench.package().as_ref().with_file_name("ca.pem"), trusted).unwrap();
    bench.plan(&plan.replace("hooks:", "endpoints: { green: { host: shop.test, ca: ca.pem } }\nhooks:"));
    bench.aws.state().protocol = "HTTPS";
    bench
}

const FINE: Day = Day::Answers(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");

#[tokio::test]
async fn a_certificate_as_it_should_be_is_trusted() {
    let authority = Authority::new("Test CA");
    let mut bench = handshake(FINE, Some(authority.certifies("shop.test", 2090)), &authority.pem).await;
    assert_eq!(bench.invoke().await.response()["status"], "Succeeded");
    bench.story().await.one_report("Succeeded");
}

#[tokio::test]
async fn what_tls_objects_to_is_one_failed_report_with_the_objection() {
    let (authority, other) = (Authority::new("Test CA"), Authority::new("Another CA"));
    let plain = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
    let rows = [
        ("bytes that are no TLS", Day::Greets(b"\x00\x01\x02\x03nonsense"), None, "received corrupt message"),
        ("HTTP without TLS", Day::Greets(plain.as_bytes()), None, "received corrupt message"),
        (
            "a wrong name",
            FINE,
            Some(authority.certifies("other.test", 2090)),
            "certificate not valid for name \"shop.test\"",
        ),
        ("an expired certificate", FINE, Some(authority.certifies("shop.test", 2001)), "certificate expired"),
        ("an unknown authority", FINE, Some(other.certifies("shop.test", 2090)), "UnknownIssuer"),
        ("a certificate signed by itself", FINE, Some(self_signed("shop.test", 2090)), "UnknownIssuer"),
    ]
    .map(|(name, day, certificate, objection)| {
        let trusted = authority.pem.clone();
        let row = async move {
            let mut bench = handshake(day, certificate, &trusted).await;
            assert_eq!(bench.invoke().await.response()["status"], "Failed");
            let story = bench.story().await;
            let reason = story.failed_with("GL1202");
            assert!(reason.starts_with("shop: expected an answer, got none: no trusted TLS connection: "), "{reason}");
            assert!(reason.contains(objection), "{reason}");
            assert_eq!(story.evidence[0]["evidence"]["checks"][0]["outcome"], "errored");
        };
        (name.to_owned(), row)
    });
    side_by_side(rows).await;
}

#[tokio::test]
async fn a_load_balancer_whose_name_does_not_resolve_is_one_failed_report_with_the_name() {
    let day = BadDay::begins(FINE, None).await;
    let mut bench = bench(&day, GET).await;
    bench.aws.state().dns_name = "shop-green.invalid";
    assert_eq!(bench.invoke().await.response()["status"], "Failed");
    let story = bench.story().await;
    let reason = story.failed_with("GL1202");
    assert!(reason.starts_with("shop: expected an answer, got none: shop-green.invalid does not resolve"), "{reason}");
}

/// Every other kind of check that asks the service, beside its id.
const KINDS: [&str; 5] = [
    "{ id: shop, timeout: 1s, grpc_health: { service: shop.Cart } }",
    "{ id: shop, timeout: 1s, websocket: { path: /live }, expect: { message: { contains: ok } } }",
    "{ id: shop, timeout: 1s, load: { get: /, rate: 200/s, for: 1s, warm_up: { requests: 1 } }, expect: [ \"errors <= 0.5%\" ] }",
    "{ id: shop, timeout: 1s, compare: { requests: [ { get: / } ], pairs: 100 } }",
    "{ id: shop, timeout: 1s, tls: {}, expect: { valid_for_at_least: 1d } }",
];

#[tokio::test]
async fn no_kind_of_check_passes_on_a_bad_day() {
    let days = [
        ("nobody listens", Day::Refuses),
        ("no answer at all", Day::Answers(b"")),
        ("another protocol", Day::Greets(b"SSH-2.0-OpenSSH_9.7\r\n")),
        ("a slow body", Day::Drips(b"HTTP/1.1 200 OK\r\ncontent-length: 9999999\r\n\r\n", b".")),
        ("bytes without an end", Day::Floods(b"HTTP/1.1 200 OK\r\n\r\n", b"0123456789abcdef")),
    ];
    let rows = KINDS.into_iter().flat_map(|check| days.map(|(name, day)| (check, name, day)));
    let rows = rows.map(|(check, name, day)| {
        let row = async move {
            let day = BadDay::begins(day, None).await;
            let mut bench = bench(&day, check).await;
            assert_eq!(bench.invoke().await.response()["status"], "Failed");
            let peak = bench.lambda().await.peak_memory();
            assert!(peak < SMALLEST_FUNCTION, "{peak} bytes of memory");
            let story = bench.story().await;
            let evidence = story.one_report("Failed");
            let seen = &evidence["checks"][0];
            assert!(["errored", "failed", "inconclusive"].contains(&seen["outcome"].as_str().unwrap()), "{seen:#}");
            assert_eq!(seen["messages"][0], evidence["verdict"]["because"][0], "{evidence:#}");
        };
        (format!("{check} and {name}"), row)
    });
    side_by_side(rows).await;
}
