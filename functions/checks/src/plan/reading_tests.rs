//! What a plan may say, and what every mistake in it is told: code, path, place, and the nearest known name.

use std::time::Duration;

use super::*;
use crate::event::HookEvent;
use crate::plan::Kind;

fn variables(name: &str) -> Option<String> {
    match name {
        "HOST" => Some("shop.example.com".to_owned()),
        "STATUS" => Some("204".to_owned()),
        "YAML" => Some("200\nexpect: {}".to_owned()),
        _ => None,
    }
}

fn givens() -> Givens<'static> {
    Givens::at(jiff::Timestamp::UNIX_EPOCH).with_variables(&variables).with_files(&beside)
}

fn beside(file: &str) -> Result<Vec<u8>, String> {
    match file {
        "certs/text.pem" => Ok(b"no certificate".to_vec()),
        "schemas/empty.json" => Ok(b"{}".to_vec()),
        "schemas/wrong.json" => Ok(br#"{"type":"strin"}"#.to_vec()),
        "schemas/format.json" => Ok(br#"{"format":"date-tim"}"#.to_vec()),
        "schemas/away.json" => Ok(br#"{"$ref":"https://example.com/away.json"}"#.to_vec()),
        "schemas/beside.json" => Ok(br#"{"properties":{"a":{"$ref":"product.json"}}}"#.to_vec()),
        "schemas/file.json" => Ok(br#"{"$ref":"file:///etc/passwd"}"#.to_vec()),
        "schemas/nowhere.json" => Ok(br##"{"$ref":"#/$defs/none"}"##.to_vec()),
        "large.pem" => Ok(vec![b' '; 1024 * 1024 + 1]),
        _ => Err("no such file".to_owned()),
    }
}

fn problems(text: &str) -> Vec<String> {
    match read(text, "checks.yaml", &givens()) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.messages().iter().map(ToString::to_string).collect(),
    }
}

/// A plan with one check; `check` stands from line 4, column 5 on.
fn with(check: &str) -> String {
    format!("version: 1\nhooks: {{ AfterAllowTestTraffic: [a] }}\nchecks:\n  - {}\n", check.replace('\n', "\n    "))
}

/// A plan whose check `a` expects this; the mapping stands at line 6, column 13.
fn expecting(expect: &str) -> String {
    with(&format!("id: a\nhttp: {{ get: / }}\nexpect: {expect}"))
}

/// A plan whose check `a` asks this; the mapping stands at line 5, column 11.
fn asking(http: &str) -> String {
    with(&format!("id: a\nhttp: {http}\nexpect: {{ status: 200 }}"))
}

/// A plan whose check `a` loads like this; the mapping stands at line 5, column 11.
fn loading(load: &str) -> String {
    with(&format!("id: a\nload: {load}\nexpect: [ 'errors <= 1%' ]"))
}

/// A plan whose check `a` loads and expects this; the list stands at line 6, column 13.
fn limiting(expect: &str) -> String {
    with(&format!("id: a\nload: {{ get: /, rate: 20/s, for: 5s }}\nexpect: {expect}"))
}

/// A plan whose check `a` shakes hands and expects this; the mapping stands at line 6, column 13.
fn trusting(expect: &str) -> String {
    with(&format!("id: a\ntls: {{}}\nexpect: {expect}"))
}

/// A plan whose check `a` compares this; the mapping stands at line 5, column 14.
fn comparing(compare: &str) -> String {
    with(&format!("id: a\ncompare: {compare}"))
}

/// A plan with this line 2.
fn and(line: &str) -> String {
    format!(
        "version: 1\n{line}\nhooks: {{ AfterAllowTestTraffic: [a] }}\nchecks: [{{ id: a, http: {{ get: / }}, expect: {{ status: 200 }} }}]\n"
    )
}

const GOOD: &str = r#"
version: 1
budget: { total: 8m, report_reserve: 30s, stabilise: 90s }
endpoints:
  green: { via: test_listener, host: "${HOST}" }
  blue: { url: "https://127.0.0.1:8443/" }
attest: { routing: off, targets_healthy: { at_least: 2 }, image: { container: web, digest: "shop@sha256:7173b809ca12ec5dee4506cd86be934c4596dd234ee82c0662eac04a8c2c71dc" }, identity: { header: X-Task-Arn } }
hooks:
  AfterAllowTestTraffic: [product, health]
  BeforeAllowTraffic: [health]
checks:
  - id: health
    http: { get: /healthz }
    expect: { status: "${STATUS}", within: 500ms }
    timeout: 2s
    on_inconclusive: warn
  - id: product
    after: [health]
    severity: warn
    side_effects: accepted
    http: { post: "/api/products?q=tea%20green", headers: { accept: application/json }, body: '{"a":1}', follow: 2 }
    expect:
      status: [200, 203]
      headers: { content-type: { contains: json }, x-version: "2" }
      json:
        - { at: $.id, equals: 42 }
        - { at: $.price, greater_than: 0, type: number }
        - { at: "$.tags[*]", count: { at_least: 1 } }
      body: { not: { contains: error } }
    retry: { until: 20s, every: 1s, pass_after: 3 }
"#;

#[test]
fn a_good_plan_is_read_as_it_is_meant() {
    let plan = read(GOOD, "checks.yaml", &givens()).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(plan.budget.total, Some(Duration::from_secs(480)));
    assert_eq!(
        plan.endpoints.green,
        EndpointSpec { via: Via::TestListener, host: Some("shop.example.com".into()), ca: None }
    );
    assert_eq!(plan.endpoints.blue.via, Via::Url("https://127.0.0.1:8443".into()));
    assert_eq!(plan.attest.routing, Requirement::Off);
    assert_eq!(plan.attest.targets_healthy, TargetsHealthy::AtLeast(2));
    let image = plan.attest.image.as_ref().unwrap();
    assert_eq!(image.container, "web");
    assert_eq!(image.digest, "sha256:7173b809ca12ec5dee4506cd86be934c4596dd234ee82c0662eac04a8c2c71dc");
    assert_eq!(plan.attest.identity.as_ref().unwrap().header, "x-task-arn");
    assert_eq!(plan.identity().sha256.len(), 64);
    let event = plan.for_event(HookEvent::AfterAllowTestTraffic).unwrap();
    assert_eq!(event.ids().collect::<Vec<_>>(), ["health", "product"]);
    assert!(event.checks[0].inconclusive_excused);
    assert_eq!(event.checks[0].timeout, Duration::from_secs(2));
    assert_eq!(event.checks[1].retry.unwrap().pass_after, 3);
    let Kind::Http(product) = &event.checks[1].kind else { panic!("it is an http check") };
    assert_eq!(product.assertions.len(), 7);
}

#[test]
fn json_is_a_plan_too() {
    let text = r#"{"version":1,"hooks":{"BeforeAllowTraffic":["a"]},"checks":[{"id":"a","http":{"get":"/"},"expect":{"status":200}}]}"#;
    assert_eq!(problems(text), [""; 0]);
}

#[test]
fn defaults_are_those_of_the_documentation() {
    let plan = read(&expecting("{ status: 200 }"), "checks.yaml", &givens()).unwrap();
    assert_eq!((plan.budget.report_reserve.as_secs(), plan.budget.stabilise.as_secs()), (30, 60));
    assert_eq!(plan.endpoints.green.via, Via::TestListener);
    assert_eq!(plan.endpoints.blue.via, Via::ProductionListener);
    assert_eq!((plan.attest.routing, plan.attest.targets_healthy), (Requirement::Required, TargetsHealthy::All));
    let check = &plan.for_event(HookEvent::AfterAllowTestTraffic).unwrap().checks[0];
    let Kind::Http(http) = &check.kind else { panic!("it is an http check") };
    assert_eq!((check.timeout.as_secs(), check.retry, http.request.follow), (5, None, 0));
}

#[test]
fn an_event_without_checks_is_told_and_never_empty() {
    let plan = read(&expecting("{ status: 200 }"), "checks.yaml", &givens()).unwrap();
    let message = plan.for_event(HookEvent::BeforeAllowTraffic).unwrap_err();
    assert_eq!(message.code, "GL1002");
    assert!(message.text.contains("BeforeAllowTraffic"), "{message}");
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let table: Vec<(String, &str)> = BAD.iter().map(|(shape, text, told)| (shape(text), *told)).collect();
    assert!(table.len() >= 30);
    let mut wrong = String::new();
    for (text, told) in &table {
        let found = problems(text);
        let told: Vec<String> = told.lines().map(|line| format!("GL1001 plan: {line}")).collect();
        if found != told {
            wrong.push_str(&format!("--- expected\n{}\n+++ got\n{}\n", told.join("\n"), found.join("\n")));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

type Shape = fn(&str) -> String;

const WHOLE: Shape = |text| text.to_owned();
const EXPECTING: Shape = expecting;
const ASKING: Shape = asking;
const LOADING: Shape = loading;
const LIMITING: Shape = limiting;
const TRUSTING: Shape = trusting;
const COMPARING: Shape = comparing;
const WITH: Shape = with;
const AND: Shape = and;

#[rustfmt::skip]
const BAD: &[(Shape, &str, &str)] = &[
    (EXPECTING, "{ staus: 200 }", "checks[0].expect: unknown field \"staus\" (checks.yaml:6:15); did you mean \"status\"?"),
    (EXPECTING, "{ status: 200, status: 201 }", "checks[0].expect: \"status\" stands twice; it is already on line 6 (checks.yaml:6:28)"),
    (EXPECTING, "{}", "checks[0].expect: expects nothing; say at least a status (checks.yaml:6:13)"),
    (EXPECTING, "[]", "checks[0].expect: expected a mapping, got a list (checks.yaml:6:13)"),
    (EXPECTING, "{ status: 700 }", "checks[0].expect.status: expected a whole number from 100 to 599, got 700 (checks.yaml:6:23)"),
    (EXPECTING, "{ status: ok }", "checks[0].expect.status: expected a whole number from 100 to 599, got \"ok\" (checks.yaml:6:23)"),
    (EXPECTING, "{ status: [] }", "checks[0].expect.status: lists no status; nothing could pass (checks.yaml:6:23)"),
    (EXPECTING, "{ within: 5 }", "checks[0].expect.within: expected a duration such as 500ms, 90s or 8m, got \"5\" (checks.yaml:6:23)"),
    (EXPECTING, "{ within: 0s }", "checks[0].expect.within: expected more than 0 (checks.yaml:6:23)"),
    (EXPECTING, "{ within: 1sec }", "checks[0].expect.within: expected a duration such as 500ms, 90s or 8m, got \"1sec\" (checks.yaml:6:23)"),
    (EXPECTING, "{ body: {} }", "checks[0].expect.body: says nothing to match; add one of equals, not, contains, matches, starts_with, in, greater_than, at_least, less_than, at_most, exists, empty, type, count (checks.yaml:6:21)"),
    (EXPECTING, "{ body: { contain: x } }", "checks[0].expect.body: unknown field \"contain\" (checks.yaml:6:23); did you mean \"contains\"?"),
    (EXPECTING, "{ body: { contains: '' } }", "checks[0].expect.body.contains: must not be empty; it would hold for everything (checks.yaml:6:33)"),
    (EXPECTING, "{ body: { matches: '(' } }", "checks[0].expect.body.matches: \"(\" is no regular expression: unclosed group (checks.yaml:6:32)"),
    (EXPECTING, "{ body: { not: { contain: x } } }", "checks[0].expect.body.not: unknown field \"contain\" (checks.yaml:6:30); did you mean \"contains\"?"),
    (EXPECTING, "{ headers: {} }", "checks[0].expect.headers: names no header; nothing would be checked (checks.yaml:6:24)"),
    (EXPECTING, "{ headers: { 'a b': x } }", "checks[0].expect.headers: \"a b\" is no HTTP header name (checks.yaml:6:26)"),
    (EXPECTING, "{ json: [] }", "checks[0].expect.json: lists no assertion; nothing would be checked (checks.yaml:6:21)"),
    (EXPECTING, "{ json: [ { at: price, equals: 1 } ] }", "checks[0].expect.json[0].at: \"price\" is no JSONPath (RFC 9535): at position 0, parser error (checks.yaml:6:29)"),
    (EXPECTING, "{ json: [ { at: $.a } ] }", "checks[0].expect.json[0]: says nothing to match; add one of equals, not, contains, matches, starts_with, in, greater_than, at_least, less_than, at_most, exists, empty, type, count (checks.yaml:6:23)"),
    (EXPECTING, "{ json: [ { equals: 1 } ] }", "checks[0].expect.json[0]: \"at\" is missing (checks.yaml:6:23)"),
    (EXPECTING, "{ json: [ { at: $.a, type: strin } ] }", "checks[0].expect.json[0].type: unknown type \"strin\" (checks.yaml:6:40); did you mean \"string\"?"),
    (EXPECTING, "{ json: [ { at: $.a, count: { contains: 1 } } ] }", "checks[0].expect.json[0].count: unknown field \"contains\" (checks.yaml:6:43); expected one of equals, not, in, greater_than, at_least, less_than, at_most"),
    (EXPECTING, "{ json: [ { at: $.a, equals: { b: 1, b: 2 } } ] }", "checks[0].expect.json[0].equals: \"b\" stands twice; it is already on line 6 (checks.yaml:6:50)"),
    (EXPECTING, "{ json: [ { at: $.a, greater_than: '0' } ] }", "checks[0].expect.json[0].greater_than: expected a number, got a text (checks.yaml:6:48)"),
    (EXPECTING, "{ json: [ { at: $.a, exists: yes } ] }", "checks[0].expect.json[0].exists: expected true or false, got a text (checks.yaml:6:42)"),
    (EXPECTING, "{ json: [ { at: $.a, in: [] } ] }", "checks[0].expect.json[0].in: lists no value; nothing could pass (checks.yaml:6:38)"),
    (EXPECTING, "{ schema: none.json }", "checks[0].expect.schema: none.json cannot be read: no such file (checks.yaml:6:23)"),
    (EXPECTING, "{ schema: ../product.json }", "checks[0].expect.schema: expected the path of a file beside the plan, such as schemas/product.json, got \"../product.json\" (checks.yaml:6:23)"),
    (EXPECTING, "{ schema: certs/text.pem }", "checks[0].expect.schema: certs/text.pem is no JSON: expected ident at line 1 column 2 (checks.yaml:6:23)"),
    (EXPECTING, "{ schema: schemas/empty.json }", "checks[0].expect.schema: schemas/empty.json says nothing about the body; expected a mapping with keywords such as type (checks.yaml:6:23)"),
    (EXPECTING, "{ schema: schemas/wrong.json }", "checks[0].expect.schema: schemas/wrong.json is no JSON Schema at /type: \"strin\" is not valid under any of the schemas listed in the 'anyOf' keyword (checks.yaml:6:23)"),
    (EXPECTING, "{ schema: schemas/format.json }", "checks[0].expect.schema: schemas/format.json is no JSON Schema at /format: Unknown format: 'date-tim' (checks.yaml:6:23)"),
    (EXPECTING, "{ schema: schemas/away.json }", "checks[0].expect.schema: schemas/away.json refers to \"https://example.com/away.json\", which is not in it; nothing is fetched, so put it into the file under $defs (checks.yaml:6:23)"),
    (EXPECTING, "{ schema: schemas/beside.json }", "checks[0].expect.schema: schemas/beside.json refers to \"product.json\", which is not in it; nothing is fetched, so put it into the file under $defs (checks.yaml:6:23)"),
    (EXPECTING, "{ schema: schemas/file.json }", "checks[0].expect.schema: schemas/file.json refers to \"file:///etc/passwd\", which is not in it; nothing is fetched, so put it into the file under $defs (checks.yaml:6:23)"),
    (EXPECTING, "{ schema: schemas/nowhere.json }", "checks[0].expect.schema: schemas/nowhere.json is no JSON Schema: Pointer '/$defs/none' does not exist (checks.yaml:6:23)"),
    (EXPECTING, "{ body_sha256: abc }", "checks[0].expect.body_sha256: expected a SHA-256 of 64 hex digits, got \"abc\" (checks.yaml:6:28)"),
    (EXPECTING, "{ http_version: 3 }", "checks[0].expect.http_version: expected a version of HTTP, 1.0 or 1.1 or 2, got 3 (checks.yaml:6:29)"),
    (EXPECTING, "{ http_version: 2 }", "checks[0].expect.http_version: the request asks in HTTP/1.1; add `version: 2` to http (checks.yaml:6:29)"),
    (WITH, "id: a\nhttp: { get: /, version: 2 }\nexpect: { http_version: 1.1 }", "checks[0].expect.http_version: the request asks in HTTP/2 and nothing else; take `version: 2` from http (checks.yaml:6:29)"),
    (ASKING, "{ get: /, version: 3 }", "checks[0].http.version: expected a version of HTTP, 1.1 or 2, got 3 (checks.yaml:5:30)"),
    (EXPECTING, "{ status: \"${UNSET}\" }", "checks[0].expect.status: variable \"UNSET\" is not defined (checks.yaml:6:23)"),
    (EXPECTING, "{ body: \"${secret:TOKEN}\" }", "checks[0].expect.body: secret \"TOKEN\" is not defined (checks.yaml:6:21)"),
    (EXPECTING, "{ body: \"${\" }", "checks[0].expect.body: \"${\" without \"}\"; write \"$${\" for a literal one (checks.yaml:6:21)"),
    (EXPECTING, "{ status: \"${YAML}\" }", "checks[0].expect.status: expected a whole number from 100 to 599, got \"200\\nexpect: {}\" (checks.yaml:6:23)"),
    (ASKING, "{ gett: / }", "checks[0].http: unknown field \"gett\" (checks.yaml:5:13); did you mean \"get\"?"),
    (ASKING, "{ get: /, head: / }", "checks[0].http: expected one method, got 2; write `get: /path` (checks.yaml:5:11)"),
    (ASKING, "{ get: healthz }", "checks[0].http.get: expected a path that begins with / and is percent-encoded, got \"healthz\" (checks.yaml:5:18)"),
    (ASKING, "{ get: //other.example.com/ }", "checks[0].http.get: expected a path that begins with / and is percent-encoded, got \"//other.example.com/\" (checks.yaml:5:18)"),
    (ASKING, "{ get: http://other.example.com/ }", "checks[0].http.get: expected a path that begins with / and is percent-encoded, got \"http://other.example.com/\" (checks.yaml:5:18)"),
    (ASKING, "{ post: / }", "checks[0].http: POST may change something; add `side_effects: accepted` to the check if that is meant (checks.yaml:5:11)"),
    (ASKING, "{ get: /, body: x }", "checks[0].http.body: GET takes no body (checks.yaml:5:27)"),
    (ASKING, "{ get: /, headers: { Host: other } }", "checks[0].http.headers.Host: cannot be set here; use endpoints.green.host (checks.yaml:5:32)"),
    (ASKING, "{ get: /, headers: { 'x y': other } }", "checks[0].http.headers.x y: \"x y\" is no HTTP header name (checks.yaml:5:32)"),
    (ASKING, "{ get: /, follow: 21 }", "checks[0].http.follow: expected a whole number from 0 to 20, got 21 (checks.yaml:5:29)"),
    (WITH, "id: a\nexpect: { status: 200 }", "checks[0]: expected one kind of check, got 0; add one of http, load, tls, grpc_health, websocket, compare, alarm, metric, approval (checks.yaml:4:5)"),
    (WITH, "id: a\nhttp: { get: / }", "checks[0]: \"expect\" is missing (checks.yaml:4:5)"),
    (WITH, "id: a\ngrpc_health: { servise: shop.Cart }", "checks[0].grpc_health: unknown field \"servise\" (checks.yaml:5:20); did you mean \"service\"?"),
    (WITH, "id: a\ngrpc_health: { service: '' }", "checks[0].grpc_health.service: must not be empty; leave it out to ask for the server as a whole (checks.yaml:5:29)"),
    (WITH, "id: a\ngrpc_health: { service: [shop.Cart] }", "checks[0].grpc_health.service: expected a text, got a list (checks.yaml:5:29)"),
    (WITH, "id: a\ngrpc_health: shop.Cart", "checks[0].grpc_health: expected a mapping, got a text (checks.yaml:5:18)"),
    (WITH, "id: a\ngrpc_health: { service: shop.Cart }\nexpect: { status: 200 }", "checks[0].expect: is not for grpc_health checks: SERVING passes, within timeout (checks.yaml:6:13)"),
    (WITH, "id: a\nhttp: { get: / }\nexpect: { status: 200 }\nretry: { every: 1s }", "checks[0].retry: \"until\" is missing (checks.yaml:7:12)"),
    (WITH, "id: a\nhttp: { get: / }\nexpect: { status: 200 }\nretry: { until: 2s, pass_after: 9 }", "checks[0].retry.pass_after: 9 attempts do not fit into until (checks.yaml:7:37)"),
    (WITH, "id: a\nhttp: { get: / }\nexpect: { status: 200 }\nafter: [a]", "checks[0].after: \"a\" waits for itself; it could never run (checks.yaml:7:13)"),
    (WITH, "id: a\nhttp: { get: / }\nexpect: { status: 200 }\nafter: [b]", "checks[0].after: unknown check \"b\" (checks.yaml:7:13); expected one of a"),
    (WITH, "id: a\nhttp: { get: / }\nexpect: { status: 200 }\nseverity: blocks", "checks[0].severity: unknown value \"blocks\" (checks.yaml:7:15); did you mean \"block\"?"),
    (WITH, "id: a\nhttp: { get: / }\nexpect: { status: 200 }\ntimeout: 0s", "checks[0].timeout: expected more than 0 (checks.yaml:7:14)"),
    (LOADING, "{ get: /, for: 5s }", "checks[0].load: \"rate\" is missing (checks.yaml:5:11)"),
    (LOADING, "{ get: /, rate: 20/s }", "checks[0].load: \"for\" is missing (checks.yaml:5:11)"),
    (LOADING, "{ get: /, rate: 20, for: 5s }", "checks[0].load.rate: expected a rate from 0.1/s to 150000/s such as 20/s, got \"20\" (checks.yaml:5:27)"),
    (LOADING, "{ get: /, rate: 900000/s, for: 5s }", "checks[0].load.rate: expected a rate from 0.1/s to 150000/s such as 20/s, got \"900000/s\" (checks.yaml:5:27)"),
    (LOADING, "{ get: /, rate: 20/s, for: 0s }", "checks[0].load.for: expected more than 0 and at most 30m (checks.yaml:5:38)"),
    (LOADING, "{ get: /, rate: 20/s, for: 5s, max_in_flight: 0 }", "checks[0].load.max_in_flight: expected a whole number from 1 to 1000, got 0 (checks.yaml:5:57)"),
    (LOADING, "{ get: /, rate: 20/s, for: 5s, warm_up: 5 }", "checks[0].load.warm_up: expected a duration such as 500ms, 90s or 8m, got \"5\" (checks.yaml:5:51)"),
    (LOADING, "{ get: /, rate: 20/s, for: 5s, warm_up: { request: 5 } }", "checks[0].load.warm_up: \"requests\" is missing (checks.yaml:5:51)\nchecks[0].load.warm_up: unknown field \"request\" (checks.yaml:5:53); did you mean \"requests\"?"),
    (LOADING, "{ get: /, rate: 20/s, for: 5s, follow: 1 }", "checks[0].load: unknown field \"follow\" (checks.yaml:5:42); expected one of get, head, options, post, put, patch, delete, headers, body, rate, for, max_in_flight, warm_up"),
    (LOADING, "{ post: /, rate: 20/s, for: 5s }", "checks[0].load: POST may change something; add `side_effects: accepted` to the check if that is meant (checks.yaml:5:11)"),
    (LIMITING, "[]", "checks[0].expect: expects nothing; say at least \"errors <= 1%\" (checks.yaml:6:13)"),
    (LIMITING, "{ status: 200 }", "checks[0].expect: expected a list, got a mapping (checks.yaml:6:13)"),
    (LIMITING, "[ p95 ]", "checks[0].expect[0]: expected a limit such as \"p95 <= 250ms\", got \"p95\" (checks.yaml:6:15)"),
    (LIMITING, "[ 'p59 <= 250ms' ]", "checks[0].expect[0]: unknown measure \"p59\" (checks.yaml:6:15); did you mean \"p50\"?"),
    (LIMITING, "[ 'p95 >= 250ms' ]", "checks[0].expect[0]: p95 is limited by <= or <, got \">=\" (checks.yaml:6:15)"),
    (LIMITING, "[ 'p95 <= 250' ]", "checks[0].expect[0]: expected a duration such as 250ms after p95 <=, got \"250\" (checks.yaml:6:15)"),
    (LIMITING, "[ 'errors <= 3' ]", "checks[0].expect[0]: expected a percentage below 100 such as 0.5% after errors <=, got \"3\" (checks.yaml:6:15)"),
    (LIMITING, "[ 'achieved_rate <= 19/s' ]", "checks[0].expect[0]: achieved_rate is limited by >= or >, got \"<=\" (checks.yaml:6:15)"),
    (WITH, "id: a\nload: { get: /, rate: 20/s, for: 5s }\nexpect: [ 'p95 <= 1s' ]\nretry: { until: 2s }", "checks[0].retry: a load check is judged once and not repeated (checks.yaml:7:12)"),
    (WITH, "id: a\nload: { get: /, rate: 20/s, for: 5s }\nhttp: { get: / }\nexpect: { status: 200 }", "checks[0]: expected one kind of check, got 2; add one of http, load, tls, grpc_health, websocket, compare, alarm, metric, approval (checks.yaml:4:5)"),
    (COMPARING, "{}", "checks[0].compare: \"requests\" is missing (checks.yaml:5:14)"),
    (COMPARING, "{ requests: [] }", "checks[0].compare.requests: lists no request; nothing would be compared (checks.yaml:5:26)"),
    (COMPARING, "{ requests: [ { get: / }, { gets: / } ] }", "checks[0].compare.requests[1]: unknown field \"gets\" (checks.yaml:5:42); did you mean \"get\"?"),
    (COMPARING, "{ requests: [ { post: / } ] }", "checks[0].compare.requests[0]: POST may change something; add `side_effects: accepted` to the check if that is meant (checks.yaml:5:28)"),
    (COMPARING, "{ requests: [ { get: / } ], pairs: 0 }", "checks[0].compare.pairs: expected a whole number from 1 to 1000, got 0 (checks.yaml:5:49)"),
    (COMPARING, "{ requests: [ { get: / } ], pairs: 49 }", "checks[0].compare.pairs: 49 pairs say nothing about latency; at least 50 are needed, or `latency: off` (checks.yaml:5:49)"),
    (COMPARING, "{ requests: [ { get: / } ], latency: none }", "checks[0].compare.latency: unknown value \"none\" (checks.yaml:5:51); expected one of off"),
    (COMPARING, "{ requests: [ { get: / } ], latency: { slower_by_at_most: 1.25 } }", "checks[0].compare.latency.slower_by_at_most: expected a percentage from 0% to 1000%, got \"1.25\" (checks.yaml:5:72)"),
    (COMPARING, "{ requests: [ { get: / } ], latency: { confidence: 100% } }", "checks[0].compare.latency.confidence: expected a percentage from 50% to 99.999%, got \"100%\" (checks.yaml:5:65)"),
    (COMPARING, "{ requests: [ { get: / } ], response: { ignored: [ $.a ] } }", "checks[0].compare.response: unknown field \"ignored\" (checks.yaml:5:54); did you mean \"ignore\"?"),
    (COMPARING, "{ requests: [ { get: / } ], response: { ignore: [ 'a b' ] } }", "checks[0].compare.response.ignore[0]: \"a b\" is no JSONPath (RFC 9535): at position 0, parser error (checks.yaml:5:64)"),
    (COMPARING, "{ requests: [ { get: / } ], response: { headers: [ 'a b' ] } }", "checks[0].compare.response.headers: \"a b\" is no HTTP header name (checks.yaml:5:65)"),
    (WITH, "id: a\ncompare: { requests: [ { get: / } ] }\nexpect: { status: 200 }", "checks[0].expect: compare has none: blue is what is expected; its limits are compare.response and compare.latency (checks.yaml:6:13)"),
    (WITH, "id: a\ncompare: { requests: [ { get: / } ] }\nretry: { until: 2s }", "checks[0].retry: a compare check is judged once and not repeated (checks.yaml:6:12)"),
    (TRUSTING, "{}", "checks[0].expect: expects nothing; say at least `valid_for_at_least: 21d` (checks.yaml:6:13)"),
    (TRUSTING, "{ valid_for_atleast: 21d }", "checks[0].expect: unknown field \"valid_for_atleast\" (checks.yaml:6:15); did you mean \"valid_for_at_least\"?"),
    (TRUSTING, "{ valid_for_at_least: 21 }", "checks[0].expect.valid_for_at_least: expected a duration such as 500ms, 90s or 8m, got \"21\" (checks.yaml:6:35)"),
    (TRUSTING, "{ names_include: [] }", "checks[0].expect.names_include: lists no name; nothing would be checked (checks.yaml:6:30)"),
    (TRUSTING, "{ names_include: 'https://a' }", "checks[0].expect.names_include: expected a host name without a port, got \"https://a\" (checks.yaml:6:30)"),
    (TRUSTING, "{ issuer: { contain: R3 } }", "checks[0].expect.issuer: unknown field \"contain\" (checks.yaml:6:25); did you mean \"contains\"?"),
    (WITH, "id: a\ntls: { ca: ca.pem }\nexpect: { valid_for_at_least: 1d }", "checks[0].tls: unknown field \"ca\" (checks.yaml:5:12)"),
    (WITH, "id: a\ntls: {}", "checks[0]: \"expect\" is missing (checks.yaml:4:5)"),
    (WHOLE, "version: 1
hooks: { AfterAllowTestTraffic: [a, a] }
checks:
  - { id: a, http: { get: / }, expect: { status: 200 } }
  - { id: a, http: { get: / }, expect: { status: 200 } }", "hooks.AfterAllowTestTraffic: lists \"a\" twice (checks.yaml:2:37)\nchecks[1].id: \"a\" is the id of an earlier check (checks.yaml:5:11)"),
    (WHOLE, "version: 1
hooks: { AfterAllowTestTraffic: [a, b], BeforeAllowTraffic: [b] }
checks:
  - { id: a, http: { get: / }, expect: { status: 200 } }
  - { id: b, after: [a], http: { get: / }, expect: { status: 200 } }", "hooks.BeforeAllowTraffic: \"b\" runs after \"a\", which this event does not run (checks.yaml:2:61)"),
    (WHOLE, "version: 1
hooks: { AfterAllowTestTraffic: [a, b] }
checks:
  - { id: a, after: [b], http: { get: / }, expect: { status: 200 } }
  - { id: b, after: [a], http: { get: / }, expect: { status: 200 } }", "checks[0].after: \"a\" waits for itself; it could never run (checks.yaml:4:22)\nchecks[1].after: \"b\" waits for itself; it could never run (checks.yaml:5:22)"),
    (WHOLE, "version: 1
hooks: { AfterAllowTestTraffic: [] }
checks:
  - { id: 'a b', http: { get: / }, expect: { status: 200 } }", "hooks.AfterAllowTestTraffic: lists no checks; nothing would be validated (checks.yaml:2:33)\nchecks[0].id: \"a b\" is no id; it has at most 64 letters, digits, -, _ and . (checks.yaml:4:11)"),
    (AND, "budjet: { total: 1m }", "unknown field \"budjet\" (checks.yaml:2:1); did you mean \"budget\"?"),
    (AND, "budget: { report_reserve: 9s }", "budget.report_reserve: 9s is too short; at least 10s are needed to report (checks.yaml:2:27)"),
    (AND, "budget: { total: 1m, stabilise: 1m }", "budget.stabilise: is not shorter than budget.total; nothing would be left to judge in (checks.yaml:2:33)"),
    (AND, "attest: { image: { container: web } }", "attest.image: \"digest\" is missing (checks.yaml:2:18)"),
    (AND, "attest: { image: { container: web, digest: shop:1.5.0 } }", "attest.image.digest: expected sha256:… with 64 hexadecimal digits, or repository@sha256:…, got \"shop:1.5.0\"; a tag can be moved and proves nothing (checks.yaml:2:44)"),
    (AND, "attest: { identity: {} }", "attest.identity: \"header\" is missing (checks.yaml:2:21)"),
    (AND, "attest: { identity: { header: x task } }", "attest.identity.header: expected a header's name, got \"x task\" (checks.yaml:2:31)"),
    (AND, "attest: { routing: requird }", "attest.routing: unknown value \"requird\" (checks.yaml:2:20); did you mean \"required\"?"),
    (AND, "attest: { targets_healthy: { at_least: 0 } }", "attest.targets_healthy.at_least: expected a whole number from 1 to 10000, got 0 (checks.yaml:2:40)"),
    (AND, "endpoints: { green: { via: test_listner } }", "endpoints.green.via: unknown value \"test_listner\" (checks.yaml:2:28); did you mean \"test_listener\"?"),
    (AND, "endpoints: { green: { via: url } }", "endpoints.green: says via: url and gives no url (checks.yaml:2:21)"),
    (AND, "endpoints: { green: { via: test_listener, url: 'http://a' } }", "endpoints.green: says both via and url; one of them is the way (checks.yaml:2:21)"),
    (AND, "endpoints: { green: { url: 'http://user@a/b' } }", "endpoints.green.url: expected http://host:port or https://host:port and nothing behind it, got \"http://user@a/b\" (checks.yaml:2:28)"),
    (AND, "endpoints: { green: { host: 'http://a' } }", "endpoints.green.host: expected a host name, got \"http://a\" (checks.yaml:2:29)"),
    (AND, "endpoints: { green: { ca: ../ca.pem } }", "endpoints.green.ca: expected the path of a file beside the plan, such as schemas/product.json, got \"../ca.pem\" (checks.yaml:2:27)"),
    (AND, "endpoints: { green: { ca: /etc/ca.pem } }", "endpoints.green.ca: expected the path of a file beside the plan, such as schemas/product.json, got \"/etc/ca.pem\" (checks.yaml:2:27)"),
    (AND, "endpoints: { green: { ca: certs/none.pem } }", "endpoints.green.ca: certs/none.pem cannot be read: no such file (checks.yaml:2:27)"),
    (AND, "endpoints: { green: { ca: certs/text.pem } }", "endpoints.green.ca: certs/text.pem cannot be used: it holds no certificate; expected PEM, `-----BEGIN CERTIFICATE-----` (checks.yaml:2:27)"),
    (AND, "endpoints: { green: { ca: large.pem } }", "endpoints.green.ca: large.pem has 1048577 bytes; at most 1048576 are read (checks.yaml:2:27)"),
    (WHOLE, "", "expected a mapping, got nothing (checks.yaml:1:1)"),
    (WHOLE, "a: [", "neither YAML nor JSON: unclosed bracket '[' at line 1, column 4 (checks.yaml:1:4)"),
    (WHOLE, "- a", "expected a mapping, got a list (checks.yaml:1:1)"),
    (WHOLE, "version: 1\nversion: 1\nhooks: {}\nchecks: []", "\"version\" stands twice; it is already on line 1 (checks.yaml:2:1)\nhooks: names no event; nothing would be validated (checks.yaml:3:8)\nchecks: lists no checks; nothing would be validated (checks.yaml:4:9)"),
    (WHOLE, "version: 2\nhooks: { AfterAllowTestTrafic: [a] }\nchecks: [{ id: a, http: { get: / }, expect: { status: 200 } }]", "version: expected 1, the only version there is (checks.yaml:1:10)\nhooks: unknown event \"AfterAllowTestTrafic\" (checks.yaml:2:10); did you mean \"AfterAllowTestTraffic\"?"),
];

#[test]
fn no_problem_shows_a_secret() {
    let secret = |name: &str| (name == "T").then(|| "t0p\"secret".to_owned());
    let givens = Givens::at(jiff::Timestamp::UNIX_EPOCH).with_secrets(&secret);
    let text = with("id: a\nhttp: { get: '${secret:T}' }\nexpect: { status: '${secret:T}' }\nafter: ['${secret:T}']");
    let errors = read(&text, "checks.yaml", &givens).unwrap_err().to_string();
    assert_eq!(
        errors,
        "GL1001 plan: checks[0].http.get: expected a path that begins with / and is percent-encoded, got \"[redacted]\" (checks.yaml:5:18)\n\
         GL1001 plan: checks[0].expect.status: expected a whole number from 100 to 599, got \"[redacted]\" (checks.yaml:6:23)\n\
         GL1001 plan: checks[0].after: unknown check \"[redacted]\" (checks.yaml:7:13); expected one of a"
    );
}

#[test]
fn a_plan_has_a_size() {
    let large = format!("{}# {}", expecting("{ status: 200 }"), "x".repeat(256 * 1024));
    assert_eq!(
        problems(&large),
        [format!("GL1001 plan: {} bytes; a plan has at most 262144 (checks.yaml:1:1)", large.len())]
    );
    let check = |index: usize| format!("  - {{ id: c{index}, http: {{ get: / }}, expect: {{ status: 200 }} }}\n");
    let many = |count: usize| {
        let checks: String = (0..count).map(check).collect();
        format!("version: 1\nhooks: {{ AfterAllowTestTraffic: [c0] }}\nchecks:\n{checks}")
    };
    assert_eq!(problems(&many(200)), [""; 0]);
    assert_eq!(
        problems(&many(201))[0],
        "GL1001 plan: checks: lists 201 checks; at most 200 are allowed (checks.yaml:4:3)"
    );
}
