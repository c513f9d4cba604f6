//! Connections that serve again, against real sockets.

use std::time::Duration;

use super::error::ProbeError;
use super::http::{Answer, Prober};
use super::http_tests::request;
use crate::surroundings::Endpoint;
use crate::test_server::{Reply, address, answer};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const LONG: Duration = Duration::from_secs(20);

fn keeping(base: &str, host: Option<&str>, most: usize) -> Prober {
    let endpoint =
        Endpoint { base: base.to_owned(), host: host.map(str::to_owned), ca: None, via: "test listener".to_owned() };
    Prober::new(endpoint, "execution".to_owned()).keeping_connections(most)
}

async fn ask(prober: &Prober, http: &str) -> Result<Answer, ProbeError> {
    prober.ask("a", &request(http), LONG).await.map_err(|(error, _)| error)
}

#[tokio::test]
async fn a_request_that_follows_at_once_finds_the_connection_of_the_one_before() {
    for (answer, http) in [
        (OK, "{ get: / }"),
        ("HTTP/1.1 204 No Content\r\n\r\n", "{ get: / }"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", "{ head: / }"),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "{ get: / }"),
    ] {
        let address = address();
        let prober = keeping(&address.base, None, 1);
        let traffic = address.serve_again(answer, usize::MAX);
        for _ in 0..50 {
            ask(&prober, http).await.unwrap();
        }
        let seen = *traffic.borrow();
        assert_eq!((seen.requests, seen.accepted), (50, 1), "{answer}");
    }
}

#[tokio::test]
async fn no_more_connections_are_kept_than_may_be_and_none_without_the_prober() {
    let address = address();
    let prober = keeping(&address.base, None, 2);
    let mut traffic = address.serve_again(OK, usize::MAX);
    let five = || futures_util::future::join_all((0..5).map(|_| ask(&prober, "{ get: / }")));
    assert!(five().await.iter().all(Result::is_ok));
    let kept = traffic.wait_for(|traffic| traffic.open == 2);
    assert_eq!(tokio::time::timeout(LONG, kept).await.unwrap().unwrap().accepted, 5);
    drop(prober);
    let closed = traffic.wait_for(|traffic| traffic.open == 0);
    assert_eq!(tokio::time::timeout(LONG, closed).await.unwrap().unwrap().requests, 5);
}

#[tokio::test]
async fn a_connection_that_was_closed_while_it_was_idle_is_replaced_and_nothing_is_sent_twice() {
    let address = address();
    let prober = keeping(&address.base, None, 1);
    let mut traffic = address.serve_again(OK, 1);
    for number in 1..=5 {
        ask(&prober, "{ get: / }").await.unwrap();
        let closed = traffic.wait_for(|traffic| traffic.open == 0);
        let seen = *tokio::time::timeout(LONG, closed).await.unwrap().unwrap();
        assert_eq!((seen.requests, seen.accepted), (number, number));
    }
}

#[tokio::test]
async fn a_connection_whose_answer_was_not_read_to_its_end_does_not_serve_again() {
    let address = address();
    let prober = keeping(&address.base, None, 1);
    let traffic = address.serve_again("HTTP/1.1 302 Found\r\nlocation: /b\r\ncontent-length: 2\r\n\r\nok", usize::MAX);
    assert_eq!(ask(&prober, "{ get: /, follow: 2 }").await.unwrap_err(), ProbeError::Redirects(2));
    let seen = *traffic.borrow();
    assert_eq!((seen.requests, seen.accepted), (3, 3));
}

#[tokio::test]
async fn what_is_sent_is_what_a_connection_of_its_own_would_carry() {
    let address = address();
    let base = address.base.clone();
    let requests = address.serve(|_, _| answer(200, "ok"));
    let http = "{ post: '/a?b=%20c', headers: { x-a: one, accept: text/plain }, body: hello }";
    let kept = keeping(&base, Some("shop.test"), 1);
    let endpoint = Endpoint { base, host: Some("shop.test".to_owned()), ca: None, via: "test listener".to_owned() };
    let own = Prober::new(endpoint, "execution".to_owned());
    for prober in [&kept, &own] {
        assert_eq!(ask(prober, http).await.unwrap().body, b"ok");
    }
    let seen: Vec<Vec<String>> = requests
        .lock()
        .unwrap()
        .iter()
        .map(|text| {
            let mut lines: Vec<String> = text.lines().map(str::to_lowercase).collect();
            lines[1..].sort();
            lines
        })
        .collect();
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0][0], "post /a?b=%20c http/1.1");
    assert!(seen[0].contains(&"host: shop.test".to_owned()), "{seen:?}");
}

#[tokio::test]
async fn why_there_is_no_answer_is_told_as_over_a_connection_of_its_own() {
    let part = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc".to_vec();
    for (path, reply, told) in [
        ("/reset", answer(200, ""), "the connection was reset"),
        (
            "/",
            Reply::Raw(b"SSH-2.0-x\r\n".to_vec()),
            "the answer ended early or was not HTTP: invalid HTTP version parsed",
        ),
        (
            "/",
            Reply::Raw(Vec::new()),
            "the answer ended early or was not HTTP: connection closed before message completed",
        ),
        ("/", Reply::Raw(part), "the answer ended early or was not HTTP: end of file before message length reached"),
    ] {
        let address = address();
        let base = address.base.clone();
        address.serve(move |_, _| reply.clone());
        let endpoint = Endpoint { base: base.clone(), host: None, ca: None, via: "test listener".to_owned() };
        for prober in [keeping(&base, None, 1), Prober::new(endpoint, "execution".to_owned())] {
            assert_eq!(ask(&prober, &format!("{{ get: {path} }}")).await.unwrap_err().to_string(), told);
        }
    }
    let refused = keeping(&address().base, None, 1);
    assert_eq!(ask(&refused, "{ get: / }").await.unwrap_err(), ProbeError::Refused);
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_a_timeout_and_its_connection_is_closed() {
    let address = address();
    let prober = keeping(&address.base, None, 1);
    let mut traffic = address.serve_again("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nok", usize::MAX);
    let timeout = Duration::from_millis(50);
    let (error, _) = prober.ask("a", &request("{ get: / }"), timeout).await.unwrap_err();
    assert_eq!(error, ProbeError::Timeout(timeout));
    let closed = traffic.wait_for(|traffic| traffic.accepted == 1 && traffic.open == 0);
    tokio::time::timeout(LONG, closed).await.unwrap().unwrap();
}
