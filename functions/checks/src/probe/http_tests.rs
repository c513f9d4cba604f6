//! The probe against real sockets: every way in which a server can disappoint has its own name.

use std::time::Duration;

use super::error::{BODY_LIMIT, ProbeError};
use super::http::{Answer, Prober};
use crate::event::HookEvent;
use crate::plan::{self, HttpRequest, Kind};
use crate::surroundings::Endpoint;
use crate::test_server::{Reply, address, answer};

pub(super) fn request(http: &str) -> HttpRequest {
    let text = format!(
        "version: 1\nhooks: {{ AfterAllowTestTraffic: [a] }}\nchecks: [ {{ id: a, http: {http}, expect: {{ status: 200 }}, side_effects: accepted }} ]\n"
    );
    let plan = plan::read(&text, "checks.yaml", &plan::Givens::at(jiff::Timestamp::UNIX_EPOCH))
        .unwrap_or_else(|errors| panic!("{errors}"));
    let event = plan.for_event(HookEvent::AfterAllowTestTraffic).unwrap();
    let Kind::Http(http) = &event.checks[0].kind else { panic!("it is an http check") };
    http.request.clone()
}

async fn ask_as(base: &str, host: Option<&str>, http: &str) -> Result<Answer, ProbeError> {
    ask_within(Duration::from_secs(20), base, host, http).await
}

async fn ask_within(timeout: Duration, base: &str, host: Option<&str>, http: &str) -> Result<Answer, ProbeError> {
    let endpoint =
        Endpoint { base: base.to_owned(), host: host.map(str::to_owned), ca: None, via: "test listener".to_owned() };
    let prober = Prober::new(endpoint, "execution".to_owned());
    prober.ask("a", &request(http), timeout).await.map_err(|(error, _)| error)
}

async fn ask(base: &str, http: &str) -> Result<Answer, ProbeError> {
    ask_as(base, None, http).await
}

/// What becomes of a request to a server that does this.
async fn asked_of(reply: Reply) -> Result<Answer, ProbeError> {
    let address = address();
    let base = address.base.clone();
    address.serve(move |_, _| reply.clone());
    ask(&base, "{ get: / }").await
}

#[tokio::test]
async fn an_answer_has_status_headers_body_and_time() {
    let answer = asked_of(Reply::Answer(404, "x-shop-version: 2\r\n", b"{}".to_vec())).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.body.as_slice()), (404, b"{}".as_slice()));
    assert_eq!(answer.headers["x-shop-version"], "2");
    assert!(answer.took > Duration::ZERO && answer.took < Duration::from_secs(20));
}

#[tokio::test]
async fn a_refused_connection_is_not_ready() {
    let error = ask(&address().base, "{ get: / }").await.unwrap_err();
    assert_eq!(error, ProbeError::Refused);
    assert!(error.is_not_ready());
}

#[tokio::test]
async fn a_reset_in_the_middle_of_the_body_is_no_answer() {
    let address = address();
    let base = address.base.clone();
    address.serve(|_, _| answer(200, ""));
    assert_eq!(ask(&base, "{ get: /reset }").await.unwrap_err(), ProbeError::Reset);
}

#[tokio::test]
async fn a_body_that_ends_early_is_no_answer() {
    let error = asked_of(Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc".to_vec())).await.unwrap_err();
    assert!(matches!(error, ProbeError::Broken(_)), "{error:?}");
    let error = asked_of(Reply::Raw(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec())).await.unwrap_err();
    assert!(matches!(error, ProbeError::Broken(_)), "{error:?}");
    let error = asked_of(Reply::Raw(Vec::new())).await.unwrap_err();
    assert!(matches!(error, ProbeError::Broken(_)), "{error:?}");
}

#[tokio::test]
async fn slow_headers_and_a_slow_body_end_at_the_timeout() {
    for said in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc"] {
        let address = address();
        let base = address.base.clone();
        address.serve(move |_, _| Reply::Stall(said.as_bytes().to_vec()));
        let limit = Duration::from_millis(200);
        assert_eq!(
            ask_within(limit, &base, None, "{ get: / }").await.unwrap_err(),
            ProbeError::Timeout(limit),
            "{said:?}"
        );
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_an_error_and_one_at_the_limit_is_none() {
    let at_the_limit = asked_of(Reply::Answer(200, "", vec![b'x'; BODY_LIMIT])).await.unwrap();
    assert_eq!(at_the_limit.body.len(), BODY_LIMIT);
    assert_eq!(asked_of(Reply::Answer(200, "", vec![b'x'; BODY_LIMIT + 1])).await.unwrap_err(), ProbeError::TooLarge);
    // Without a declared length, and without an end.
    let endless = [b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), &vec![b'x'; BODY_LIMIT + 1]].concat();
    assert_eq!(asked_of(Reply::Stall(endless)).await.unwrap_err(), ProbeError::TooLarge);
}

#[tokio::test]
async fn bytes_that_are_no_text_arrive_as_they_are() {
    assert_eq!(asked_of(Reply::Answer(200, "", vec![0xff, 0xfe])).await.unwrap().body, [0xff, 0xfe]);
}

#[tokio::test]
async fn a_server_without_tls_is_no_trusted_connection() {
    let greeting = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://{}", greeting.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = greeting.accept().await?;
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").await?;
        tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 4096]).await
    });
    let error = ask_as(&base, Some("shop.example.com"), "{ get: / }").await.unwrap_err();
    assert!(matches!(error, ProbeError::Tls(_)), "{error:?}");
}

#[tokio::test]
async fn an_address_that_is_none_is_told() {
    for base in ["nowhere", "ftp://127.0.0.1"] {
        assert!(matches!(ask(base, "{ get: / }").await.unwrap_err(), ProbeError::Address(..)), "{base}");
    }
}

#[tokio::test]
async fn the_request_is_what_the_plan_says() {
    let address = address();
    let base = address.base.clone();
    let requests = address.serve(|_, _| answer(200, ""));
    ask_as(&base, Some("shop.example.com"), "{ post: '/cart?a=b%20c', headers: { accept: text/html }, body: tea }")
        .await
        .unwrap();
    ask(&base, "{ get: / }").await.unwrap();
    let requests = requests.lock().unwrap();
    assert!(requests[0].starts_with("POST /cart?a=b%20c HTTP/1.1\r\n"), "{}", requests[0]);
    assert!(requests[0].ends_with("\r\n\r\ntea"), "{}", requests[0]);
    for line in [
        "host: shop.example.com\r\n",
        "accept: text/html\r\n",
        "idempotency-key: execution-a\r\n",
        "user-agent: greenlight/",
    ] {
        assert_eq!(requests[0].to_lowercase().matches(line).count(), 1, "{line}: {}", requests[0]);
    }
    assert!(!requests[1].contains("idempotency-key"), "{}", requests[1]);
}

/// Answers `/a` with a redirect to this, and everything else with 200.
async fn redirected(location: &'static str, host: Option<&str>, follow: u32) -> Result<u16, ProbeError> {
    let address = address();
    let base = address.base.clone();
    address.serve(move |_, text| {
        if text.starts_with("GET /a ") { Reply::Answer(302, location, Vec::new()) } else { answer(200, "there") }
    });
    let http = format!("{{ get: /a, follow: {follow} }}");
    ask_as(&base, host, &http).await.map(|answer| answer.status.as_u16())
}

#[tokio::test]
async fn a_redirect_is_followed_only_as_often_as_said_and_only_on_the_endpoint() {
    let host = Some("shop.example.com");
    assert_eq!(redirected("location: /b\r\n", None, 0).await, Ok(302));
    assert_eq!(redirected("location: /b\r\n", None, 1).await, Ok(200));
    assert_eq!(redirected("location: http://shop.example.com/b\r\n", host, 1).await, Ok(200));
    assert_eq!(redirected("location: /a\r\n", None, 3).await, Err(ProbeError::Redirects(3)));
    for (location, place) in [
        ("location: https://shop.example.com/b\r\n", "https://shop.example.com"),
        ("location: http://other.example.com/b\r\n", "http://other.example.com"),
    ] {
        assert_eq!(redirected(location, host, 3).await, Err(ProbeError::RedirectAway(place.to_owned())));
    }
    // Another port of the same machine is another listener.
    assert!(matches!(
        redirected("location: http://127.0.0.1:1/b\r\n", None, 3).await,
        Err(ProbeError::RedirectAway(_))
    ));
}
