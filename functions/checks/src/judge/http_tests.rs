//! Predicates and messages, as tables over answers.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode};

use super::*;
use crate::event::HookEvent;
use crate::plan::{self, Kind};

const BODY: &str = r#"{"id":42,"price":"9.50","name":"Green tea","tags":["tea","green"],"nested":[["a","b"]],"none":null,"empty":[],"weight":1.0,"stock":{"n":3}}"#;

fn answer(status: u16, body: &[u8]) -> Answer {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("content-length", HeaderValue::from_static("120"));
    headers.append("vary", HeaderValue::from_static("accept"));
    headers.append("vary", HeaderValue::from_static("origin"));
    Answer {
        version: http::Version::HTTP_11,
        status: StatusCode::from_u16(status).unwrap(),
        headers,
        body: body.to_vec(),
        took: Duration::from_millis(43),
    }
}

fn judged(expect: &str, answer: &Answer) -> Vec<String> {
    let text = format!(
        "version: 1\nhooks: {{ AfterAllowTestTraffic: [product] }}\nchecks:\n  - id: product\n    http: {{ get: / }}\n    expect: {expect}\n"
    );
    let plan = plan::read(&text, "checks.yaml", &plan::Givens::at(jiff::Timestamp::UNIX_EPOCH))
        .unwrap_or_else(|errors| panic!("{errors}"));
    let event = plan.for_event(HookEvent::AfterAllowTestTraffic).unwrap();
    let Kind::Http(http) = &event.checks[0].kind else { panic!("it is an http check") };
    contradictions(&event.checks[0], http, answer, "GET /").into_iter().map(|message| message.text).collect()
}

/// A predicate for a JSONPath, and what is said of [`BODY`]; nothing where it holds.
const PREDICATES: &[(&str, &str, &str)] = &[
    ("$.id", "equals: 42", ""),
    ("$.id", "equals: 42.0", ""),
    ("$.id", "equals: 41", "$.id expected 41, got 42"),
    ("$.id", "equals: '42'", "$.id expected \"42\", got 42"),
    ("$.weight", "equals: 1", ""),
    ("$.stock", "equals: { n: 3.0 }", ""),
    ("$.none", "equals: null", ""),
    ("$.missing", "equals: null", "$.missing expected null, got nothing"),
    ("$.id", "not: 41", ""),
    ("$.id", "not: 42", "$.id expected not 42, got 42"),
    ("$.missing", "not: 42", "$.missing expected not 42, got nothing"),
    ("$.name", "not: { contains: tea }", "$.name expected not to contain \"tea\", got \"Green tea\" (string)"),
    ("$.name", "not: { contains: coffee }", ""),
    ("$.name", "contains: tea", ""),
    ("$.tags", "contains: tea", ""),
    ("$.tags", "contains: te", "$.tags expected to contain \"te\", got [\"tea\",\"green\"]"),
    ("$.stock", "contains: n", ""),
    ("$.id", "contains: 4", "$.id expected to contain 4, got 42"),
    ("$.name", "matches: '^Green'", ""),
    ("$.name", "matches: '^tea'", "$.name expected to match /^tea/, got \"Green tea\" (string)"),
    ("$.name", "starts_with: Green", ""),
    ("$.id", "starts_with: '4'", "$.id expected to start with \"4\", got 42"),
    ("$.id", "in: [41, 42]", ""),
    ("$.id", "in: [1, 2]", "$.id expected one of [1,2], got 42"),
    ("$.price", "greater_than: 0", "$.price expected > 0, got \"9.50\" (string)"),
    ("$.id", "greater_than: 42", "$.id expected > 42, got 42"),
    ("$.id", "at_least: 42", ""),
    ("$.id", "at_least: 42.5", "$.id expected >= 42.5, got 42"),
    ("$.id", "less_than: 42", "$.id expected < 42, got 42"),
    ("$.id", "at_most: 42", ""),
    ("$.id", "at_most: 41", "$.id expected <= 41, got 42"),
    ("$.missing", "greater_than: 0", "$.missing expected > 0, got nothing"),
    ("$.none", "exists: true", ""),
    ("$.missing", "exists: true", "$.missing expected to exist, got nothing"),
    ("$.missing", "exists: false", ""),
    ("$.id", "exists: false", "$.id expected not to exist, got 42"),
    ("$.empty", "empty: true", ""),
    ("$.empty[*]", "empty: true", ""),
    ("$.tags[*]", "empty: true", "$.tags[*] expected to be empty, got 2 values, first \"tea\" (string)"),
    ("$.tags", "empty: false", ""),
    ("$.id", "empty: false", "$.id expected not to be empty, got 42"),
    ("$.price", "type: string", ""),
    ("$.price", "type: number", "$.price expected type number, got \"9.50\" (string)"),
    ("$.weight", "type: integer", ""),
    ("$.tags", "type: array", ""),
    ("$.tags[*]", "type: string", ""),
    ("$.tags[*]", "equals: tea", "$.tags[*] expected \"tea\", got 2 values, first \"tea\" (string)"),
    ("$.tags", "count: 2", ""),
    ("$.tags[*]", "count: { at_least: 2, less_than: 3 }", ""),
    ("$.nested[*]", "count: 1", ""),
    ("$.missing", "count: 0", ""),
    ("$.missing", "count: { at_least: 1 }", "$.missing expected count >= 1, got nothing"),
    ("$.name", "count: 1", "$.name expected count 1, got \"Green tea\" (string)"),
    ("$.tags", "count: 3", "$.tags expected count 3, got [\"tea\",\"green\"]"),
];

#[test]
fn every_predicate_holds_or_says_what_was_seen() {
    for (at, predicate, said) in PREDICATES {
        let expect = format!("{{ json: [ {{ at: \"{at}\", {predicate} }} ] }}");
        let said: Vec<&str> = Some(*said).filter(|said| !said.is_empty()).into_iter().collect();
        assert_eq!(judged(&expect, &answer(200, BODY.as_bytes())), said, "{at} {predicate}");
    }
}

#[test]
fn no_predicate_is_without_a_text_for_its_failure() {
    for name in plan::CONDITIONS {
        let fails =
            |(_, predicate, said): &(_, &str, &str)| predicate.starts_with(&format!("{name}:")) && !said.is_empty();
        assert!(PREDICATES.iter().any(fails), "{name}");
    }
}

#[test]
fn headers_and_bodies_are_text_and_numbers_in_them_are_compared_as_numbers() {
    let table = [
        ("{ headers: { content-type: { contains: json } } }", ""),
        ("{ headers: { content-length: 120 } }", ""),
        ("{ headers: { content-length: '120' } }", ""),
        (
            "{ headers: { content-length: { at_most: 100 } } }",
            "header content-length expected <= 100, got \"120\" (string)",
        ),
        (
            "{ headers: { content-type: { greater_than: 0 } } }",
            "header content-type expected > 0, got \"application/json\" (string)",
        ),
        ("{ headers: { vary: 'accept, origin' } }", ""),
        ("{ headers: { x-none: { exists: false } } }", ""),
        ("{ headers: { x-none: { not: a } } }", "header x-none expected not \"a\", got nothing"),
        ("{ body: { contains: Green } }", ""),
        ("{ body: { empty: true } }", "body expected to be empty, got "),
        ("{ within: 42ms }", "expected an answer within 42 ms, got one after 43 ms"),
        ("{ within: 43ms }", ""),
    ];
    for (expect, said) in table {
        let found = judged(expect, &answer(200, BODY.as_bytes()));
        assert_eq!(found.is_empty(), said.is_empty(), "{expect}: {found:?}");
        assert!(found.concat().starts_with(said), "{expect}: {found:?}");
    }
}

#[test]
fn a_check_that_names_no_status_does_not_pass_an_error_page() {
    assert_eq!(
        judged("{ within: 1s }", &answer(500, b"{}")),
        ["status expected 2xx, because expect names none, got 500"]
    );
    assert_eq!(judged("{ within: 1s, status: 500 }", &answer(500, b"{}")), [""; 0]);
    assert_eq!(judged("{ status: [200, 204] }", &answer(302, b"")), ["status expected one of [200,204], got 302"]);
    assert_eq!(judged("{ status: { less_than: 300 } }", &answer(404, b"")), ["status expected < 300, got 404"]);
}

#[test]
fn a_body_that_is_no_json_or_no_text_is_a_contradiction() {
    let expect = "{ json: [ { at: $.a, exists: false }, { at: $.b, exists: false } ] }";
    let found = judged(expect, &answer(200, b"<html>"));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("body expected to be JSON, got 6 bytes of application/json: "), "{found:?}");
    assert_eq!(
        judged("{ body: { exists: true } }", &answer(200, b"ok\xff")),
        ["body expected to be text, got bytes that are no UTF-8 from byte 2 on"]
    );
}

#[test]
fn every_contradicted_assertion_is_told_in_the_plans_order_with_its_line() {
    let text = "version: 1\nhooks: { AfterAllowTestTraffic: [product] }\nchecks:\n  - id: product\n    http: { get: / }\n    expect:\n      status: 201\n      json:\n        - { at: $.id, equals: 41 }\n        - { at: $.price, greater_than: 0 }\n";
    let plan = plan::read(text, "checks.yaml", &plan::Givens::at(jiff::Timestamp::UNIX_EPOCH)).unwrap();
    let event = plan.for_event(HookEvent::AfterAllowTestTraffic).unwrap();
    let context = "GET /api/products/42 via test listener, 200 in 43 ms, attempt 1 of 1";
    let Kind::Http(http) = &event.checks[0].kind else { panic!("it is an http check") };
    let messages = contradictions(&event.checks[0], http, &answer(200, BODY.as_bytes()), context);
    let messages: Vec<String> = messages.iter().map(ToString::to_string).collect();
    assert_eq!(
        messages,
        [
            format!("GL1201 product: status expected 201, got 200; {context} [checks.yaml:7]"),
            format!("GL1201 product: $.id expected 41, got 42; {context} [checks.yaml:9]"),
            format!("GL1201 product: $.price expected > 0, got \"9.50\" (string); {context} [checks.yaml:10]"),
        ]
    );
}
