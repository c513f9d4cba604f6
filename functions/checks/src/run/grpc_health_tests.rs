//! Questions to real servers: tonic-health's, and some that only look like one from afar.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic_health::ServingStatus;

use super::tests::{SECOND, codes, event, limits};
use super::*;
use crate::authorities::Authorities;
use crate::surroundings::Endpoints;
use crate::test_authority::{Authority, FAR};
use crate::test_server::{address, answer};

/// What answers the question with this number, from 0, in place of the health service.
type Instead = Arc<dyn Fn(usize) -> Option<Response<Body>> + Send + Sync>;

/// A health server that knows three services; gives its address and the URIs that it was asked for.
async fn serving(acceptor: Option<TlsAcceptor>, instead: Instead) -> (String, Arc<Mutex<Vec<String>>>) {
    let (reporter, server) = tonic_health::server::health_reporter();
    reporter.set_service_status("shop.Cart", ServingStatus::Serving).await;
    reporter.set_service_status("shop.Till", ServingStatus::NotServing).await;
    reporter.set_service_status("shop.Door", ServingStatus::Unknown).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let scheme = if acceptor.is_some() { "https" } else { "http" };
    let base = format!("{scheme}://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (seen, number) = (Arc::clone(&asked), Arc::new(AtomicUsize::new(0)));
    let service = service_fn(move |request: Request<Incoming>| {
        seen.lock().unwrap().push(request.uri().to_string());
        let instead = instead(number.fetch_add(1, Ordering::SeqCst));
        let mut server = server.clone();
        async move {
            match instead {
                Some(response) => Ok::<_, Infallible>(response),
                None => server.call(request).await,
            }
        }
    });
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let http2 = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            match &acceptor {
                Some(acceptor) => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        tokio::spawn(http2.serve_connection(TokioIo::new(stream), service.clone()));
                    }
                }
                None => {
                    tokio::spawn(http2.serve_connection(TokioIo::new(stream), service.clone()));
                }
            }
        }
    });
    (base, asked)
}

fn never() -> Instead {
    Arc::new(|_| None)
}

/// An answer of a gRPC server that says only this.
fn status(code: &'static str) -> Response<Body> {
    let response = Response::builder().header("content-type", "application/grpc");
    response.header("grpc-status", code).header("grpc-message", "so%20it%20is").body(Body::empty()).unwrap()
}

async fn asked_of(base: &str, ca: Option<Authorities>, check: &str, window: Duration) -> CheckEvidence {
    let green =
        Endpoint { base: base.to_owned(), host: Some("shop.test".to_owned()), ca, via: "test listener".to_owned() };
    let plan = event(&format!("  - {{ id: rpc, {check} }}\n"), "rpc");
    let endpoints = Endpoints { green: Some(green), blue: None };
    run(&plan, &Surroundings::new(endpoints, limits(window, 20 * SECOND))).await.remove(0)
}

const CART: &str = "grpc_health: { service: shop.Cart }";

#[tokio::test]
async fn a_serving_service_passes_in_plaintext_and_over_tls_in_the_name_of_the_host() {
    let (base, asked) = serving(None, never()).await;
    let evidence = asked_of(&base, None, CART, Duration::ZERO).await;
    assert_eq!((evidence.outcome, evidence.kind.as_str(), evidence.attempts), (Outcome::Passed, "grpc_health", 1));
    assert_eq!(evidence.samples[0].body.as_deref(), Some("SERVING"));
    assert!(evidence.numbers.contains_key("answered_ms"), "{evidence:?}");
    assert_eq!(*asked.lock().unwrap(), ["http://shop.test/grpc.health.v1.Health/Check"]);

    let authority = Authority::new("Test CA");
    let (base, asked) = serving(Some(authority.acceptor("shop.test", FAR, &["h2"])), never()).await;
    let evidence = asked_of(&base, Some(authority.trusted()), "grpc_health: {}", Duration::ZERO).await;
    assert_eq!(evidence.outcome, Outcome::Passed, "{evidence:?}");
    assert_eq!(evidence.samples[0].request, "grpc.health.v1.Health/Check");
    assert_eq!(*asked.lock().unwrap(), ["https://shop.test/grpc.health.v1.Health/Check"]);
    let other = asked_of(&base, Some(Authority::new("Other CA").trusted()), CART, Duration::ZERO).await;
    assert_eq!((other.outcome, codes(&other)), (Outcome::Errored, vec!["GL1202"]));
    let text = &other.messages[0].text;
    assert_eq!(
        text,
        "expected an answer, got none: no trusted TLS connection: invalid peer certificate: UnknownIssuer"
    );
}

#[tokio::test]
async fn a_service_that_is_not_serving_fails_at_once_even_in_the_window() {
    let (base, asked) = serving(None, never()).await;
    for (service, told) in [
        ("shop.Till", "expected SERVING, got NOT_SERVING; the service itself says that it cannot serve; "),
        ("shop.Door", "expected SERVING, got UNKNOWN; the server has not said yet how the service is; "),
        ("shop.None", "expected SERVING, got NOT_FOUND: "),
    ] {
        let evidence = asked_of(&base, None, &format!("grpc_health: {{ service: {service} }}"), 10 * SECOND).await;
        assert_eq!((evidence.outcome, codes(&evidence)), (Outcome::Failed, vec!["GL1201"]), "{evidence:?}");
        let text = evidence.messages[0].to_string();
        assert!(text.starts_with(&format!("GL1201 rpc: {told}")), "{text}");
        let context = format!("; grpc.health.v1.Health/Check {service} via test listener, answered in ");
        assert!(text.contains(&context) && text.ends_with(" ms, attempt 1 of 1 [checks.yaml:4]"), "{text}");
    }
    assert_eq!(asked.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn unavailable_in_the_window_is_not_ready_and_after_it_a_failure() {
    let (base, _) = serving(None, Arc::new(|number| (number < 2).then(|| status("14")))).await;
    let evidence = asked_of(&base, None, CART, 10 * SECOND).await;
    assert_eq!((evidence.outcome, evidence.attempts), (Outcome::Passed, 1), "{evidence:?}");

    let (base, _) = serving(None, Arc::new(|_| Some(status("14")))).await;
    let evidence = asked_of(&base, None, CART, Duration::from_millis(300)).await;
    assert_eq!((evidence.outcome, codes(&evidence)), (Outcome::Failed, vec!["GL1203", "GL1201"]), "{evidence:?}");
    assert_eq!(
        evidence.messages[0].text,
        "not ready when the stabilise window was over: UNAVAILABLE: so it is; raise budget.stabilise if it starts slowly"
    );
    assert!(evidence.messages[1].text.starts_with("expected SERVING, got UNAVAILABLE: so it is; "), "{evidence:?}");
}

#[tokio::test]
async fn a_load_balancer_without_a_target_is_not_ready() {
    let page = || Response::builder().status(503).header("content-type", "text/html").body(Body::empty()).unwrap();
    let (base, _) = serving(None, Arc::new(move |number| (number < 2).then(page))).await;
    let evidence = asked_of(&base, None, CART, 10 * SECOND).await;
    assert_eq!((evidence.outcome, evidence.attempts), (Outcome::Passed, 1), "{evidence:?}");
}

#[tokio::test]
async fn what_is_no_health_service_is_told_apart() {
    let (base, _) = serving(None, Arc::new(|_| Some(status("12")))).await;
    let unimplemented = asked_of(&base, None, CART, Duration::ZERO).await;
    assert_eq!(
        unimplemented.messages[0].text,
        "expected SERVING, got UNIMPLEMENTED: so it is; the server does not offer grpc.health.v1.Health; add the health service to it"
    );
    let page = |status: u16| Response::builder().status(status).header("content-type", "text/html").body(Body::empty());
    for (status, told) in [(404, "got HTTP status 404; "), (200, "got an answer of content type text/html; ")] {
        let (base, _) = serving(None, Arc::new(move |_| Some(page(status).unwrap()))).await;
        let web = asked_of(&base, None, CART, Duration::ZERO).await;
        assert!(web.messages[0].text.starts_with(&format!("expected SERVING, {told}")), "{web:?}");
    }
    let old = address();
    let base = old.base.clone();
    old.serve(|_, _| answer(200, ""));
    let old = asked_of(&base, None, CART, Duration::ZERO).await;
    assert_eq!((old.outcome, codes(&old)), (Outcome::Errored, vec!["GL1202"]));
    let text = &old.messages[0].text;
    assert!(text.starts_with("expected an answer, got none: the server does not speak HTTP/2: "), "{text}");
}

#[tokio::test]
async fn an_answer_that_does_not_come_ends_at_the_timeout_and_retry_asks_again() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", silent.local_addr().unwrap());
    let evidence = asked_of(&base, None, &format!("{CART}, timeout: 200ms"), Duration::ZERO).await;
    assert_eq!(evidence.messages[0].text, "expected an answer, got none: no complete answer within 200 ms");

    let (base, asked) = serving(None, Arc::new(|number| (number == 1).then(|| status("13")))).await;
    let check = format!("{CART}, retry: {{ until: 20s, every: 10ms, pass_after: 2 }}");
    let evidence = asked_of(&base, None, &check, Duration::ZERO).await;
    assert_eq!((evidence.outcome, evidence.attempts), (Outcome::Passed, 4), "{evidence:?}");
    assert_eq!(asked.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn who_answered_is_seen_and_no_secret_of_the_plan_is_told_of_it() {
    let named = || {
        let response = Response::builder().header("content-type", "application/grpc").header("grpc-status", "14");
        response.header("x-task", "task-s3cr3t-value").body(Body::empty()).unwrap()
    };
    let (base, _) = serving(None, Arc::new(move |_| Some(named()))).await;
    let secret = |_: &str| Some("s3cr3t-value".to_owned());
    let givens = crate::plan::Givens::at(jiff::Timestamp::UNIX_EPOCH).with_secrets(&secret);
    let text = "version: 1\nhooks: { AfterAllowTestTraffic: [rpc] }\nchecks: [{ id: rpc, grpc_health: { service: '${secret:NAME}' } }]";
    let plan = crate::plan::read(text, "checks.yaml", &givens).unwrap();
    let event = plan.for_event(crate::event::HookEvent::AfterAllowTestTraffic).unwrap();
    let witness = Arc::new(crate::identity::Witness::of(::http::HeaderName::from_static("x-task")));
    let mut surroundings = Surroundings::new(super::tests::endpoints(&base), limits(Duration::ZERO, 20 * SECOND));
    surroundings.witness = Some(Arc::clone(&witness));
    let seen = run(&event, &surroundings).await;
    let identified = witness.judge(&["arn:aws:ecs:task/1".to_owned()], "replacement set", true, &seen);
    let told = identified.messages[0].to_string();
    assert!(
        told.contains("rpc was answered by \"task-[redacted]\", which is no task of the replacement set"),
        "{told}"
    );
    assert!(told.ends_with("; grpc.health.v1.Health/Check [redacted], 200"), "{told}");
}
