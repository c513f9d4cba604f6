//! Bodies, digests and versions of HTTP that are not what the plan wants, as tables.

use std::time::Duration;

use http::{HeaderMap, StatusCode, Version};

use super::http::contradictions;
use crate::event::HookEvent;
use crate::plan::{self, Givens, Kind};
use crate::probe::http::Answer;

const SCHEMA: &str = r##"{
  "type": "object",
  "required": ["id", "price"],
  "additionalProperties": false,
  "properties": {
    "id": { "type": "integer" },
    "price": { "$ref": "#/$defs/amount" },
    "tags": { "type": "array", "items": { "type": "string", "minLength": 2 } },
    "state": { "enum": ["new", "used"] },
    "at": { "type": "string", "format": "date-time" }
  },
  "$defs": { "amount": { "type": "number", "exclusiveMinimum": 0 } }
}"##;

fn judged(http: &str, expect: &str, version: Version, body: &str) -> Vec<String> {
    let text = format!(
        "version: 1\nhooks: {{ AfterAllowTestTraffic: [a] }}\nchecks:\n  - id: a\n    http: {http}\n    expect: {expect}\n"
    );
    let file = |name: &str| match name {
        "schemas/product.json" => Ok(SCHEMA.as_bytes().to_vec()),
        _ => Err("no such file".to_owned()),
    };
    let givens = Givens::at(jiff::Timestamp::UNIX_EPOCH).with_files(&file);
    let plan = plan::read(&text, "checks.yaml", &givens).unwrap_or_else(|errors| panic!("{errors}"));
    let event = plan.for_event(HookEvent::AfterAllowTestTraffic).unwrap();
    let Kind::Http(http) = &event.checks[0].kind else { panic!("it is an http check") };
    let (status, headers, body) = (StatusCode::OK, HeaderMap::new(), body.as_bytes().to_vec());
    let answer = Answer { version, status, headers, body, took: Duration::from_millis(43) };
    contradictions(&event.checks[0], http, &answer, "GET /").into_iter().map(|message| message.text).collect()
}

#[test]
fn a_body_that_contradicts_its_schema_says_where_what_was_expected_and_what_was_seen() {
    let table: &[(&str, &[&str])] = &[
        (r#"{"id":1,"price":9.5,"tags":["tea"],"state":"new","at":"2026-01-01T00:00:00Z"}"#, &[]),
        (
            r#"{"id":1,"price":"9.50"}"#,
            &[r#"body /price expected type "number", got "9.50" (string) (schemas/product.json, /$defs/amount/type)"#],
        ),
        (
            r#"{"id":1,"price":0}"#,
            &["body /price expected exclusiveMinimum 0, got 0 (schemas/product.json, /$defs/amount/exclusiveMinimum)"],
        ),
        (r#"{"id":1}"#, &[r#"body expected to have "price", got {"id":1} (schemas/product.json, /required)"#]),
        (
            r#"{"id":1,"price":1,"tags":["tea","x"]}"#,
            &[
                r#"body /tags/1 expected minLength 2, got "x" (string) (schemas/product.json, /properties/tags/items/minLength)"#,
            ],
        ),
        (
            r#"{"id":1,"price":1,"state":"lost","at":"today"}"#,
            &[
                r#"body /state expected enum ["new","used"], got "lost" (string) (schemas/product.json, /properties/state/enum)"#,
                r#"body /at expected format "date-time", got "today" (string) (schemas/product.json, /properties/at/format)"#,
            ],
        ),
        (
            r#"{"id":1,"price":1,"prize":2}"#,
            &[
                r#"body expected nothing further, such as prize, got {"id":1,"price":1,"prize":2} (schemas/product.json, /additionalProperties)"#,
            ],
        ),
        ("[]", &[r#"body expected type "object", got [] (schemas/product.json, /type)"#]),
        (
            "",
            &[
                "body expected to be JSON, got 0 bytes of no declared type: EOF while parsing a value at line 1 column 0",
            ],
        ),
    ];
    for (body, told) in table {
        let mut found = judged("{ get: / }", "{ schema: schemas/product.json }", Version::HTTP_11, body);
        let mut told: Vec<String> = told.iter().map(|text| (*text).to_owned()).collect();
        found.sort();
        told.sort();
        assert_eq!(found, told, "{body}");
    }
}

#[test]
fn a_body_that_contradicts_everywhere_is_told_of_a_few_times() {
    let tags = vec!["x"; 40];
    let body = serde_json::json!({ "id": 1, "price": 1, "tags": tags }).to_string();
    let found = judged("{ get: / }", "{ schema: schemas/product.json }", Version::HTTP_11, &body);
    assert_eq!(found.len(), 6, "{found:?}");
    assert_eq!(found[5], "body contradicts schemas/product.json in 35 further ways");
}

#[test]
fn a_digest_holds_or_says_what_the_bytes_have() {
    let tea = "4ae41b0a1fb4df29e6ef65d5fd82f9b12a3e6a7ae5d4e8f9ab4b6e9a0f8f1c11";
    let found = judged("{ get: / }", &format!("{{ body_sha256: {tea} }}"), Version::HTTP_11, "tea");
    let seen = found[0].split("got ").nth(1).unwrap().split(' ').next().unwrap();
    assert_eq!(found, [format!("body expected SHA-256 {tea}, got {seen} (3 bytes)")]);
    let expect = format!("{{ body_sha256: {} }}", seen.to_uppercase());
    assert_eq!(judged("{ get: / }", &expect, Version::HTTP_11, "tea"), [""; 0]);
}

#[test]
fn another_version_of_http_is_a_contradiction() {
    let judged = |http, expect, version| judged(http, expect, version, "");
    assert_eq!(
        judged("{ get: / }", "{ http_version: 1.1 }", Version::HTTP_10),
        ["http_version expected HTTP/1.1, got HTTP/1.0"]
    );
    assert_eq!(judged("{ get: / }", "{ http_version: '1.0' }", Version::HTTP_10), [""; 0]);
    assert_eq!(judged("{ get: /, version: 2 }", "{ http_version: 2 }", Version::HTTP_2), [""; 0]);
}
