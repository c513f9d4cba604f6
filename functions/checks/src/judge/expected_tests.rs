//! What each kind says that it expects, before and after anything was seen.

use std::time::Duration;

use ::http::{HeaderMap, HeaderValue, StatusCode, Version};
use jiff::Timestamp;

use super::*;
use crate::cloudwatch::Datapoint;
use crate::event::HookEvent;
use crate::judge::compare::Tally;
use crate::judge::metric::Window;
use crate::judge::websocket::Outline;
use crate::plan::{self, EventPlan};
use crate::probe::error::ProbeError;
use crate::probe::grpc_health::Answered;
use crate::probe::http::Answer;
use crate::probe::load::Measured;
use crate::probe::tls::{Presented, Trust};

fn read(check: &str) -> EventPlan {
    let text = format!("version: 1\nhooks: {{ AfterAllowTestTraffic: [a] }}\nchecks:\n  - {{ id: a, {check} }}\n");
    let plan = plan::read(&text, "checks.yaml", &plan::Givens::at(Timestamp::UNIX_EPOCH))
        .unwrap_or_else(|errors| panic!("{errors}"));
    plan.for_event(HookEvent::AfterAllowTestTraffic).unwrap()
}

fn told(expectations: &[Expectation]) -> Vec<String> {
    let seen = |each: &Expectation| each.seen.clone().unwrap_or_else(|| "(nothing)".to_owned());
    expectations.iter().map(|each| format!("{} -> {}", each.expected, seen(each))).collect()
}

/// The check before anything was seen, and after.
fn both(check: &str, seen: impl Fn(&Kind) -> Vec<Expectation>) -> (Vec<String>, Vec<String>) {
    let plan = read(check);
    let (before, after) = (unseen(&plan.checks[0]), seen(&plan.checks[0].kind));
    let expected = |all: &[Expectation]| all.iter().map(|each| each.expected.clone()).collect::<Vec<_>>();
    assert_eq!(expected(&before), expected(&after), "what is expected does not depend on what is seen");
    (told(&before), told(&after))
}

fn answer(status: u16, body: &str) -> Answer {
    let headers = HeaderMap::from_iter([(::http::header::CONTENT_TYPE, HeaderValue::from_static("text/json"))]);
    let status = StatusCode::from_u16(status).unwrap();
    Answer { version: Version::HTTP_11, status, headers, body: body.into(), took: Duration::from_millis(43) }
}

const HTTP: &str = "http: { get: / }, expect: { status: [200, 204], within: 500ms, headers: { content-type: { contains: json }, \
                    x-version: '2' }, body: { not: '' }, json: [ { at: $.price, greater_than: 0 }, { at: '$.tags[*]', count: 2 }, \
                    { at: $.name, equals: tea } ], http_version: '1.1' }";

#[test]
fn an_answer_has_something_for_each_assertion() {
    let body = r#"{"price":9.5,"tags":["a","b"]}"#;
    let of = |answer: Answer| {
        both(HTTP, move |kind| {
            let Kind::Http(http) = kind else { panic!("it is an http check") };
            http::expectations(http, Some(&answer))
        })
    };
    let (before, after) = of(answer(200, body));
    assert_eq!(before[0], "status one of [200,204] -> (nothing)");
    assert_eq!(
        after,
        [
            "status one of [200,204] -> 200",
            "within 500 ms -> 43 ms",
            "header content-type to contain \"json\" -> \"text/json\"",
            "header x-version = \"2\" -> nothing",
            "body not \"\" -> \"{\\\"price\\\":9.5,\\\"tags\\\":[\\\"a\\\",\\\"b\\\"]}\"",
            "$.price > 0 -> 9.5",
            "$.tags[*] count 2 -> 2 values, first \"a\" (string)",
            "$.name = \"tea\" -> nothing",
            "HTTP/1.1 -> HTTP/1.1",
        ]
    );
    assert_eq!(of(answer(502, "<html>")).1[5], "$.price > 0 -> no JSON but 6 bytes of text/json");
}

#[test]
fn what_holds_without_being_written_is_told_as_well() {
    let (before, after) = both("http: { get: / }, expect: { within: 1s }", |kind| {
        let Kind::Http(http) = kind else { panic!("it is an http check") };
        http::expectations(http, Some(&answer(500, "")))
    });
    assert_eq!(before, ["status 2xx -> (nothing)", "within 1000 ms -> (nothing)"]);
    assert_eq!(after, ["status 2xx -> 500", "within 1000 ms -> 43 ms"]);
}

#[test]
fn a_load_has_its_figures_and_how_many_samples_they_are_of() {
    let measured = |good: u32, refused: u32| {
        let mut measured = Measured::new();
        measured.sending = Duration::from_secs(10);
        (0..good).for_each(|_| measured.keep(Ok(answer(200, "")), Duration::from_millis(8)));
        (0..refused).for_each(|_| measured.keep(Err(ProbeError::Refused), Duration::from_millis(1)));
        measured
    };
    let of = |expect: &str, measured: Measured| {
        both(&format!("load: {{ get: /, rate: 20/s, for: 10s }}, expect: {expect}"), move |kind| {
            let Kind::Load(load) = kind else { panic!("it is a load check") };
            load::expectations(load, Some(&measured))
        })
    };
    let (before, after) = of("[ 'max <= 250ms', 'errors < 1%' ]", measured(200, 0));
    assert_eq!(before, ["max <= 250 ms -> (nothing)", "errors < 1% -> (nothing)"]);
    assert_eq!(after, ["max <= 250 ms -> 8 ms of 200 samples", "errors < 1% -> 0% of 200 requests"]);
    assert_eq!(
        of("[ 'p99 <= 250ms' ]", measured(30, 2)).1,
        ["no errors -> 2 of 32 requests", "p99 <= 250 ms -> 8 ms of 30 samples, 500 needed"]
    );
    let refused = of("[ 'max <= 250ms' ]", measured(0, 2)).1;
    assert_eq!(refused, ["no errors -> 2 of 2 requests", "max <= 250 ms -> no samples, 10 needed"]);
    assert_eq!(of("[ 'max <= 250ms' ]", measured(0, 0)).1[1], "max <= 250 ms -> (nothing)", "nothing was sent");
}

#[test]
fn two_versions_have_differences_latencies_and_errors() {
    use crate::judge::compare::tests::{answer, around, refused};
    let check = "compare: { requests: [ { get: /x } ], pairs: 60, response: { headers: [etag] } }";
    let (before, after) = both(check, |kind| {
        let Kind::Compare(compare) = kind else { panic!("it is a compare check") };
        let mut tally = Tally::of(compare);
        for index in 0..60 {
            let took = around(10_000, index);
            let green = if index < 2 { refused() } else { answer(200, "{}", took) };
            tally.pair(compare, 0, &answer(200, "{}", took), &green);
        }
        compare::expectations(compare, Some(&tally))
    });
    assert_eq!(
        before,
        [
            "GET /x: no difference from blue in status, body, headers etag -> (nothing)",
            "GET /x: median latency <= 1.25x blue's, 99% certain -> (nothing)",
            "no more errors than blue -> (nothing)",
        ]
    );
    assert!(after[0].ends_with("headers etag -> 0 in 58 pairs"), "{after:?}");
    assert!(after[1].contains("certain -> 1") && after[1].contains(", 58 pairs, p = "), "{after:?}");
    assert_eq!(after[2], "no more errors than blue -> 2 of 60 requests, blue 0");
}

#[test]
fn a_certificate_a_health_and_a_message_are_told_as_they_are() {
    let time = |text: &str| text.parse::<Timestamp>().unwrap();
    let seen = |trust: Trust| Presented {
        host: "shop.example.com".to_owned(),
        trust,
        names: vec!["shop.example.com".to_owned(), "*.api.example.com".to_owned()],
        issuer: "O=Example".to_owned(),
        not_before: time("2026-01-01T00:00:00Z"),
        not_after: time("2026-03-01T00:00:00Z"),
        now: time("2026-02-08T12:00:00Z"),
    };
    let check =
        "tls: {}, expect: { valid_for_at_least: 20d, names_include: shop.example.com, issuer: { contains: Ex } }";
    let of = |trust: Trust| {
        both(check, move |kind| {
            let Kind::Tls(tls) = kind else { panic!("it is a tls check") };
            tls::expectations(tls, Some(&seen(trust.clone())))
        })
    };
    assert_eq!(
        of(Trust::Trusted).1,
        [
            "a trusted certificate -> one, for shop.example.com",
            "valid for at least 20 d -> 20.5 d (until 2026-03-01T00:00:00Z)",
            "names include shop.example.com -> shop.example.com, *.api.example.com",
            "issuer to contain \"Ex\" -> \"O=Example\"",
        ]
    );
    assert_eq!(of(Trust::Other("a riddle".to_owned())).1[0], "a trusted certificate -> a riddle");

    let (before, after) = both("grpc_health: { service: shop.Cart }", |kind| {
        let Kind::GrpcHealth(health) = kind else { panic!("it is a grpc_health check") };
        grpc_health::expectations(health, Some(&Answered::State(2)))
    });
    assert_eq!(
        (before[0].as_str(), after[0].as_str()),
        ("shop.Cart SERVING -> (nothing)", "shop.Cart SERVING -> NOT_SERVING")
    );

    let check = "websocket: { path: /ws, subprotocol: chat }, expect: { message: pong, within: 2s }";
    let of = |outline: Outline<'static>| {
        both(check, move |kind| {
            let Kind::Websocket(websocket) = kind else { panic!("it is a websocket check") };
            websocket::expectations(websocket, Some(outline))
        })
    };
    let stood = Outline { status: Some(101), connected: true, ..Outline::default() };
    assert_eq!(
        of(Outline { message: Some("pong"), took_ms: Some(12.4), ..stood }).1,
        [
            "an upgrade to WebSocket -> status 101",
            "subprotocol chat -> agreed",
            "message = \"pong\" -> \"pong\"",
            "message within 2000 ms -> 12 ms",
        ]
    );
    assert_eq!(of(stood).1[2..], ["message = \"pong\" -> none", "message within 2000 ms -> not in that time"]);
    let refused = of(Outline { status: Some(503), ..Outline::default() }).1;
    assert_eq!(refused[0], "an upgrade to WebSocket -> status 503");
    assert!(refused[1..].iter().all(|line| line.ends_with(" -> (nothing)")), "{refused:?}");
    assert_eq!(of(Outline { disagreed: true, ..Outline::default() }).1[1], "subprotocol chat -> not agreed");
}

#[test]
fn alarms_stand_as_they_were_seen_last_and_a_metric_has_its_values() {
    use crate::judge::alarm::tests::alarm;
    let seen = [
        alarm("shop-5xx", "OK", Some("2026-02-08T11:00:00Z")),
        alarm("shop-p99", "ALARM", Some("2026-02-08T11:30:00Z")),
    ];
    let began = "2026-02-08T12:00:00Z".parse().ok();
    let check = "alarm: { names: [shop-5xx, shop-p99, gone], watch_for: 1m, already_red: ignore }";
    let (before, after) = both(check, |kind| {
        let Kind::Alarm(alarm) = kind else { panic!("it is an alarm check") };
        alarm::expectations(alarm, Some(&seen), began)
    });
    assert_eq!(before[0], "shop-5xx OK for 60s -> (nothing)");
    assert_eq!(
        after,
        [
            "shop-5xx OK for 60s -> OK since 2026-02-08T11:00:00Z",
            "shop-p99 OK for 60s -> ALARM since 2026-02-08T11:30:00Z, left out (already_red: ignore)",
            "gone OK for 60s -> no such alarm",
        ]
    );

    let check =
        "metric: { namespace: Shop, name: Errors, statistic: Sum, over: 3m, missing: zero }, expect: { at_most: 5 }";
    let of = |values: &'static [(i64, f64)]| {
        both(check, move |kind| {
            let Kind::Metric(metric) = kind else { panic!("it is a metric check") };
            let window = Window::before("2026-02-08T12:03:10Z".parse().unwrap(), metric);
            let at = |second: i64| Timestamp::from_second(window.from.as_second() + second).unwrap();
            let values: Vec<_> =
                values.iter().map(|(second, value)| Datapoint { at: at(*second), value: *value }).collect();
            metric::expectations(metric, Some((window, &values)))
        })
    };
    let what = "every value of Sum of Shop Errors over 3 periods of 60s, a missing one counting as 0, <= 5";
    assert_eq!(of(&[(0, 1.0), (60, 4.5)]).0, [format!("{what} -> (nothing)")]);
    assert_eq!(of(&[(0, 1.0), (60, 4.5)]).1, [format!("{what} -> 2 of 3 values, from 1 to 4.5")]);
    assert_eq!(of(&[(0, 1.0)]).1, [format!("{what} -> 1 of 3 values, 1")]);
    assert_eq!(of(&[]).1, [format!("{what} -> no value")]);
}

#[test]
fn texts_and_their_number_are_bounded() {
    let each = expectation("x".repeat(LONGEST), Some("é".repeat(LONGEST + 1)));
    assert_eq!((each.expected.len(), each.seen), (LONGEST, Some("é".repeat(LONGEST) + "…")));
    let all = bounded((0..100).map(|number| expectation(number.to_string(), None)));
    assert_eq!((all.len(), all[MOST - 2].expected.as_str()), (MOST, "38"));
    assert_eq!(told(&all[MOST - 1..]), ["61 further expectations -> not listed"]);
}
