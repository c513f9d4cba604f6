//! Conversations with real servers, and with some that do not converse.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

use super::tests::{SECOND, codes, event, limits};
use super::*;
use crate::authorities::Authorities;
use crate::probe::connection::Duplex;
use crate::surroundings::Endpoints;
use crate::test_authority::{Authority, FAR};
use crate::test_server::{Reply, address};

/// Answers by the request's path; gives the address.
async fn serving(acceptor: Option<TlsAcceptor>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let scheme = if acceptor.is_some() { "https" } else { "http" };
    let base = format!("{scheme}://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(acceptor.clone(), stream));
        }
    });
    base
}

async fn converse(acceptor: Option<TlsAcceptor>, stream: TcpStream) -> Option<()> {
    let stream: Box<dyn Duplex> = match acceptor {
        Some(acceptor) => Box::new(acceptor.accept(stream).await.ok()?),
        None => Box::new(stream),
    };
    let (mut path, mut head) = (String::new(), String::new());
    #[expect(clippy::result_large_err, reason = "the callback's type is the library's")]
    let look = |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
        path = request.uri().path().to_owned();
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("none");
        head = format!("{} {} {}", header("host"), header("x-any"), header("sec-websocket-protocol"));
        if path == "/agreed" {
            response.headers_mut().insert("sec-websocket-protocol", "shop.v1".parse().unwrap());
        }
        Ok(response)
    };
    let mut stream: WebSocketStream<_> = accept_hdr_async(stream, look).await.ok()?;
    if path == "/greeting" || path == "/agreed" {
        stream.send(Frame::text(format!("hello {head}"))).await.ok()?;
    }
    while let Some(Ok(frame)) = stream.next().await {
        let Frame::Text(text) = frame else { continue };
        match path.as_str() {
            "/silent" => {}
            "/close" => {
                let frame = CloseFrame { code: 1008.into(), reason: "policy".into() };
                stream.close(Some(frame)).await.ok()?;
            }
            "/binary" => stream.send(Frame::binary(vec![0xff, 0xfe])).await.ok()?,
            "/hang-up" => return None,
            _ => stream.send(Frame::text(format!("pong to {text}"))).await.ok()?,
        }
    }
    Some(())
}

async fn asked_of(base: &str, ca: Option<Authorities>, check: &str, window: Duration) -> CheckEvidence {
    let (host, via) = (Some("shop.test".to_owned()), "test listener".to_owned());
    let green = Endpoint { base: base.to_owned(), host, ca, via };
    let plan = event(&format!("  - {{ id: ws, {check} }}\n"), "ws");
    let endpoints = Endpoints { green: Some(green), blue: None };
    run(&plan, &Surroundings::new(endpoints, limits(window, 60 * SECOND))).await.remove(0)
}

fn at(path: &str, expect: &str) -> String {
    format!("websocket: {{ path: {path}, send: ping }}, expect: {expect}, timeout: 20s")
}

#[tokio::test]
async fn the_expected_message_passes_in_plaintext_and_over_tls_whatever_came_before_it() {
    let base = serving(None).await;
    let evidence = asked_of(&base, None, &at("/", "{ message: pong to ping }"), Duration::ZERO).await;
    assert_eq!((evidence.outcome, evidence.kind.as_str()), (Outcome::Passed, "websocket"), "{evidence:?}");
    assert_eq!((evidence.samples[0].status, evidence.samples[0].body.as_deref()), (Some(101), Some("pong to ping")));
    assert_eq!(evidence.numbers.keys().collect::<Vec<_>>(), ["connected_ms", "message_ms", "messages"]);
    let greeted = asked_of(&base, None, &at("/greeting", "{ message: { starts_with: pong } }"), Duration::ZERO).await;
    assert_eq!((greeted.outcome, greeted.numbers["messages"]), (Outcome::Passed, 2.0), "{greeted:?}");

    let authority = Authority::new("Test CA");
    let base = serving(Some(authority.acceptor("shop.test", FAR, &["http/1.1"]))).await;
    let secure = |ca| {
        asked_of(&base, Some(ca), "websocket: { path: /, send: a }, expect: { message: pong to a }", Duration::ZERO)
    };
    assert_eq!(secure(authority.trusted()).await.outcome, Outcome::Passed);
    let other = Authority::new("Other CA").trusted();
    let other = asked_of(&base, Some(other), &at("/", "{ message: x }"), Duration::ZERO).await;
    assert_eq!(
        other.messages[0].text,
        "expected a conversation, got none: no trusted TLS connection: invalid peer certificate: UnknownIssuer"
    );
}

#[tokio::test]
async fn host_headers_and_subprotocol_are_the_plans_and_a_server_may_begin() {
    let base = serving(None).await;
    let check = "websocket: { path: /agreed, subprotocol: shop.v1, headers: { x-any: tea } }, expect: { message: hello shop.test tea shop.v1 }";
    let evidence = asked_of(&base, None, check, Duration::ZERO).await;
    assert_eq!(evidence.outcome, Outcome::Passed, "{evidence:?}");
    let check = "websocket: { path: /greeting, subprotocol: shop.v2 }, expect: { message: { exists: true } }";
    let evidence = asked_of(&base, None, check, Duration::ZERO).await;
    assert_eq!((evidence.outcome, codes(&evidence)), (Outcome::Failed, vec!["GL1201"]), "{evidence:?}");
    assert_eq!(evidence.messages[0].text, "subprotocol expected \"shop.v2\", but the server does not agree to it");
}

#[tokio::test]
async fn a_message_that_does_not_come_is_a_failure_that_says_what_came_instead() {
    let base = serving(None).await;
    for (path, expect, told) in [
        ("/silent", "{ message: pong, within: 200ms }", "message expected \"pong\", got none within 200 ms"),
        (
            "/",
            "{ message: pong, within: 200ms }",
            "message expected \"pong\", got \"pong to ping\" (string); nothing else came within 200 ms",
        ),
        (
            "/close",
            "{ message: pong }",
            "message expected \"pong\", got none before the server closed the connection (1008 policy)",
        ),
        (
            "/binary",
            "{ message: pong, within: 200ms }",
            "message expected to be text, got 2 bytes that are none; nothing else came within 200 ms",
        ),
    ] {
        let evidence = asked_of(&base, None, &at(path, expect), Duration::ZERO).await;
        assert_eq!((evidence.outcome, codes(&evidence)), (Outcome::Failed, vec!["GL1201"]), "{evidence:?}");
        let text = evidence.messages[0].to_string();
        let context = format!("GL1201 ws: {told}; WebSocket {path} via test listener in ");
        assert!(text.starts_with(&context) && text.ends_with(" ms, attempt 1 of 1 [checks.yaml:4]"), "{text}");
    }
    let silent = "websocket: { path: /silent }, expect: { message: pong }, timeout: 300ms";
    let evidence = asked_of(&base, None, silent, Duration::ZERO).await;
    assert_eq!(evidence.messages[0].text, "message expected \"pong\", got none within 300 ms");
    let evidence = asked_of(&base, None, &at("/hang-up", "{ message: pong }"), Duration::ZERO).await;
    assert_eq!((evidence.outcome, codes(&evidence)), (Outcome::Errored, vec!["GL1202"]), "{evidence:?}");
    assert_eq!(evidence.messages[0].text, "expected a conversation, got none: the connection was reset");
}

#[tokio::test]
async fn a_refused_upgrade_shows_its_status_and_a_load_balancer_without_a_target_is_not_ready() {
    let refusing = |status: u16| {
        let address = address();
        let base = address.base.clone();
        address.serve(move |_, _| Reply::Answer(status, "", b"go away".to_vec()));
        base
    };
    let evidence = asked_of(&refusing(403), None, &at("/ws", "{ message: pong }"), 10 * SECOND).await;
    assert_eq!((evidence.outcome, codes(&evidence)), (Outcome::Failed, vec!["GL1201"]), "{evidence:?}");
    assert_eq!(evidence.messages[0].text, "expected an upgrade to WebSocket, got status 403");
    assert_eq!(evidence.samples[0].status, Some(403));
    let evidence = asked_of(&refusing(503), None, &at("/ws", "{ message: pong }"), Duration::from_millis(300)).await;
    assert_eq!((evidence.outcome, codes(&evidence)), (Outcome::Failed, vec!["GL1203", "GL1201"]), "{evidence:?}");
    assert_eq!(
        evidence.messages[0].text,
        "not ready when the stabilise window was over: 503; raise budget.stabilise if it starts slowly"
    );
    let evidence = asked_of(&address().base, None, &at("/ws", "{ message: pong }"), Duration::ZERO).await;
    assert_eq!(evidence.messages[0].text, "expected a conversation, got none: connection refused");
}

#[tokio::test]
async fn retry_converses_again_until_enough_have_passed_in_a_row() {
    let base = serving(None).await;
    let check =
        format!("{}, retry: {{ until: 20s, every: 10ms, pass_after: 3 }}", at("/", "{ message: { contains: ping } }"));
    let evidence = asked_of(&base, None, &check, Duration::ZERO).await;
    assert_eq!((evidence.outcome, evidence.attempts), (Outcome::Passed, 3), "{evidence:?}");
}
