//! `endpoints`.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{LONG, check, plan_with};
use crate::clock;
use crate::evidence::Outcome;
use crate::plan::Via;
use crate::run::run;
use crate::surroundings::{Endpoint, Endpoints, Limits, Surroundings};
use crate::test_authority::{Authority, FAR};

#[test]
fn green_is_behind_the_test_listener_and_blue_behind_production_unless_an_address_is_given() {
    let plan = plan_with("").unwrap();
    assert_eq!((&plan.endpoints.green.via, &plan.endpoints.blue.via), (&Via::TestListener, &Via::ProductionListener));
    assert_eq!((&plan.endpoints.green.host, &plan.endpoints.blue.host), (&None, &None));
    // A host alone changes no way.
    let plan = plan_with("endpoints: { green: { host: shop.example.com }, blue: { host: shop.example.com } }").unwrap();
    assert_eq!((plan.endpoints.green.via, plan.endpoints.blue.via), (Via::TestListener, Via::ProductionListener));
    let plan = plan_with("endpoints: { green: { url: 'http://10.0.0.1:8080/' } }").unwrap();
    assert_eq!(plan.endpoints.green.via, Via::Url("http://10.0.0.1:8080".to_owned()));
    assert_eq!(
        plan_with("endpoints: { blue: { via: production_listener, url: 'http://a' } }").unwrap_err(),
        ["GL1001 plan: endpoints.blue: says both via and url; one of them is the way (checks.yaml:2:20)"]
    );
}

#[tokio::test]
async fn a_host_is_what_the_server_is_called_and_the_connection_goes_to_the_address() {
    let authority = Authority::new("Test CA");
    let acceptor = authority.acceptor("shop.example.com", FAR, &["http/1.1"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let called: Arc<Mutex<Vec<String>>> = Arc::default();
    let hearing = Arc::clone(&called);
    tokio::spawn(async move {
        let mut stream = acceptor.accept(listener.accept().await.unwrap().0).await.unwrap();
        let name = stream.get_ref().1.server_name().unwrap_or_default().to_owned();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        hearing.lock().unwrap().extend([name, String::from_utf8(head).unwrap().to_lowercase()]);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await.unwrap();
        let _ = stream.shutdown().await;
    });
    let green = Endpoint {
        base: format!("https://{address}"),
        host: Some("shop.example.com".to_owned()),
        ca: Some(authority.trusted()),
        via: "test listener".to_owned(),
    };
    let now = clock::now();
    let limits = Limits { stabilise_until: now, deadline: now + LONG, execution: "execution".to_owned() };
    let plan = check("http: { get: / }, expect: { status: 200 }, timeout: 60s");
    let endpoints = Endpoints { green: Some(green), blue: None };
    let seen = run(&plan, &Surroundings::new(endpoints, limits)).await.remove(0);
    assert_eq!(seen.outcome, Outcome::Passed, "{seen:?}");
    let called = called.lock().unwrap();
    assert_eq!(called[0], "shop.example.com", "the name in the handshake");
    // Behind a port that is not the scheme's own the name may carry it.
    assert!(called[1].contains("\r\nhost: shop.example.com"), "{}", called[1]);
}
