//! The README's cookbook, run: each of its plans against a service that satisfies it, and against one that breaks it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::tests::{SECOND, limits};
use super::*;
use crate::cloudwatch::{Alarm, AlarmState, Answer, CloudWatch, Datapoint, MetricQuery};
use crate::evidence::{Attestation, Decision};
use crate::observation;
use crate::plan::{self, Givens, Plan, Requirement};
use crate::surroundings::Endpoints;
use crate::test_authority::{Authority, FAR};
use crate::test_server::{Reply, address, answer};
use crate::verdict::{self, Case};

const README: &str = include_str!("../../../../README.md");

/// Title and plan of every recipe, in order.
fn recipes() -> Vec<(String, String)> {
    let (_, rest) = README.split_once("\n## Cookbook\n").unwrap();
    let (cookbook, _) = rest.split_once("\n## ").unwrap();
    let recipe = |part: &str| {
        let (title, rest) = part.split_once("**").unwrap();
        let plan = rest.split_once("```yaml\n").unwrap().1.split("```").next().unwrap();
        (title.to_owned(), plan.to_owned())
    };
    cookbook.split("\n**").skip(1).map(recipe).collect()
}

fn planned(text: &str) -> Plan {
    let secret = |name: &str| (name == "TOKEN").then(|| "s3cr3t-token".to_owned());
    let file = |name: &str| match name {
        "schemas/product.json" => {
            Ok(br#"{"type":"object","required":["id"],"properties":{"id":{"type":"integer"}}}"#.to_vec())
        }
        other => Err(format!("there is no {other}")),
    };
    let givens = Givens::at(Timestamp::UNIX_EPOCH).with_secrets(&secret).with_files(&file);
    plan::read(text, "README.md", &givens).unwrap_or_else(|errors| panic!("{errors}\n{text}"))
}

/// What the plan comes to where nothing but its checks is in question.
async fn decided(plan: &Plan, surroundings: &Surroundings) -> (Decision, Vec<String>, Vec<CheckEvidence>) {
    let checks = run(&plan.for_every_event(), surroundings).await;
    let attestation = Attestation::not_required();
    let verdict = verdict::decide(&Case { attestation: &attestation, routing: Requirement::Off, checks: &checks });
    let (verdict, _) = observation::under(plan.mode, verdict);
    (verdict.decision, verdict.because.iter().map(|message| message.code.clone()).collect(), checks)
}

/// A service: what it answers to a request, by the request's number and its text.
type Service = fn(usize, &str) -> Reply;

fn json(body: &str) -> Reply {
    Reply::Answer(200, "content-type: application/json\r\n", body.as_bytes().to_vec())
}

fn endpoint(service: Service) -> Endpoint {
    let address = address();
    let base = address.base.clone();
    address.serve(service);
    Endpoint { base, host: None, ca: None, via: "test listener".to_owned() }
}

/// Whatever a recipe asks, as it should be.
fn good(number: usize, text: &str) -> Reply {
    let path = text.split(' ').nth(1).unwrap_or_default();
    match path {
        "/api/products" => json(r#"{"items":[{"price":9.5},{"price":1}]}"#),
        "/api/products/42" => json(r#"{"id":42}"#),
        "/orders" if text.to_lowercase().contains("idempotency-key: ") => answer(201, r#"{"id":"o-1"}"#),
        // The cache fills with the first answers.
        "/search?q=tea" => answer(200, if number < 2 { "degraded" } else { "Darjeeling" }),
        "/admin" => answer(403, ""),
        "/old" => Reply::Answer(301, "location: /new/home\r\n", Vec::new()),
        "/account" if text.contains("Bearer s3cr3t-token") => json(r#"{"name":"Ada"}"#),
        "/healthz" | "/cart" => answer(200, "ok"),
        "/" => json(r#"{"at":1,"version":"any"}"#),
        _ => answer(404, ""),
    }
}

/// The same service, broken for every recipe.
fn bad(_: usize, text: &str) -> Reply {
    let path = text.split(' ').nth(1).unwrap_or_default();
    match path {
        "/api/products" => json(r#"{"items":[{"price":9.5},{"price":"1"}]}"#),
        "/api/products/42" => json(r#"{"id":"42"}"#),
        "/cart" => answer(200, "ok"),
        "/orders" => answer(202, ""),
        "/search?q=tea" => answer(200, "Darjeeling, degraded"),
        "/admin" => answer(200, "welcome"),
        "/account" => json(r#"{"name":""}"#),
        _ => answer(500, ""),
    }
}

struct Watching {
    red: bool,
}

impl CloudWatch for Watching {
    fn alarms<'a>(&'a self, names: &'a [String]) -> Answer<'a, Vec<Alarm>> {
        let state = if self.red { AlarmState::Alarm } else { AlarmState::Ok };
        let alarm = move |name: &String| Alarm { name: name.clone(), state: state.clone(), since: None, reason: None };
        Box::pin(async move { Ok(names.iter().map(alarm).collect()) })
    }

    fn metric<'a>(&'a self, query: &'a MetricQuery, from: Timestamp, to: Timestamp) -> Answer<'a, Vec<Datapoint>> {
        let value = if self.red { 6.0 } else { 0.0 };
        let step = usize::try_from(query.period_seconds).unwrap();
        let at = move |second| Datapoint { at: Timestamp::from_second(second).unwrap(), value };
        Box::pin(async move { Ok((from.as_second()..to.as_second()).step_by(step).map(at).collect()) })
    }
}

fn surroundings(green: Endpoint, red: bool) -> Surroundings {
    let endpoints = Endpoints { green: Some(green), blue: Some(endpoint(good)) };
    let mut surroundings = Surroundings::new(endpoints, limits(Duration::ZERO, 300 * SECOND));
    surroundings.cloudwatch = Some(Arc::new(Watching { red }));
    surroundings
}

/// An endpoint that shakes hands with a certificate for this name.
async fn secure(name: &str) -> Endpoint {
    let authority = Authority::new("Test CA");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    let acceptor = authority.acceptor(name, FAR, &[]);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = acceptor.accept(stream).await;
        }
    });
    Endpoint {
        base,
        host: Some("shop.example.com".to_owned()),
        ca: Some(authority.trusted()),
        via: "test listener".to_owned(),
    }
}

#[tokio::test]
async fn every_plan_of_the_cookbook_passes_a_service_that_satisfies_it_and_fails_one_that_breaks_it() {
    let recipes = recipes();
    assert_eq!(recipes.len(), 10, "{recipes:?}");
    for (title, text) in recipes {
        // The same plan, less patient with a service that is near, and more with a busy machine.
        let text = text
            .replace("for: 30s, warm_up: 2s", "for: 6s, warm_up: { requests: 2 }")
            .replace("p95 <= 250ms", "p95 <= 20s")
            .replace("watch_for: 60s", "watch_for: 1s, every: 1s")
            .replace("until: 20s", "until: 10s")
            .replace("within: 2s", "within: 20s");
        let plan = planned(&text);
        let (green, broken) = if text.contains("tls:") {
            (secure("shop.example.com").await, secure("other.example.com").await)
        } else {
            (endpoint(good), endpoint(bad))
        };
        let (decision, because, checks) = decided(&plan, &surroundings(green, false)).await;
        assert_eq!((decision, because), (Decision::Succeeded, Vec::new()), "{title}: {checks:#?}");
        // A comparison only warns here; on a busy machine two equal servers may be of different speed.
        let blocking = checks.iter().filter(|check| check.severity == Severity::Block);
        assert!(
            blocking.clone().count() > 0 && blocking.clone().all(|check| check.outcome == Outcome::Passed),
            "{title}"
        );

        let (decision, because, checks) = decided(&plan, &surroundings(broken, true)).await;
        let (expected, first) =
            if text.contains("mode: observe") { (Decision::Succeeded, "GL1206") } else { (Decision::Failed, "GL1201") };
        assert_eq!((decision, because.first().map(String::as_str)), (expected, Some(first)), "{title}: {checks:#?}");
        if first == "GL1206" {
            assert!(because.contains(&"GL1311".to_owned()) && because.contains(&"GL1201".to_owned()), "{because:?}");
        }
        let shown = serde_json::to_string(&checks).unwrap();
        assert!(!shown.contains("s3cr3t-token"), "{title}: {shown}");
    }
}
