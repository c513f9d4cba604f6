//! Handshakes on loopback, with certificates made for the test.

use std::time::Duration;

use rustls::pki_types::UnixTime;

use super::tests::{SECOND, codes, event, limits};
use super::*;
use crate::authorities::Authorities;
use crate::surroundings::Endpoints;
use crate::test_authority::{Authority, FAR, PAST};

/// Serves handshakes; gives the address.
async fn served(authority: &Authority, name: &str, until: u64) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    let acceptor = authority.acceptor(name, until, &[]);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = acceptor.accept(stream).await;
        }
    });
    base
}

async fn looked(base: &str, ca: &Authorities, expect: &str) -> CheckEvidence {
    let (host, via) = (Some("shop.test".to_owned()), "test listener".to_owned());
    let green = Endpoint { base: base.to_owned(), host, ca: Some(ca.clone()), via };
    let plan = event(&format!("  - {{ id: a, tls: {{}}, expect: {expect} }}\n"), "a");
    let endpoints = Endpoints { green: Some(green), blue: None };
    run(&plan, &Surroundings::new(endpoints, limits(Duration::ZERO, 20 * SECOND))).await.remove(0)
}

#[tokio::test]
async fn a_trusted_certificate_for_the_host_passes_with_its_days() {
    let authority = Authority::new("Test CA");
    let base = served(&authority, "shop.test", FAR).await;
    let expect = "{ valid_for_at_least: 21d, names_include: shop.test, issuer: { contains: Test CA } }";
    let evidence = looked(&base, &authority.trusted(), expect).await;
    assert_eq!((evidence.outcome, evidence.kind.as_str()), (Outcome::Passed, "tls"), "{evidence:?}");
    assert!(evidence.numbers["valid_for_days"] > 365.0, "{evidence:?}");
}

#[tokio::test]
async fn an_expired_certificate_a_wrong_name_and_an_unknown_root_are_each_told() {
    let trusted = Authority::new("Test CA");
    let expect = "{ issuer: { contains: Test CA } }";
    let table = [
        (served(&trusted, "shop.test", PAST).await, trusted.trusted(), "got one that expired at 2001-01-01T00:00:00Z"),
        (served(&trusted, "other.test", FAR).await, trusted.trusted(), "got one for other.test"),
        (
            served(&trusted, "shop.test", FAR).await,
            Authority::new("Other CA").trusted(),
            "got one whose chain leads to no root that this machine trusts",
        ),
    ];
    for (base, roots, said) in table {
        let evidence = looked(&base, &roots, expect).await;
        assert_eq!((evidence.outcome, codes(&evidence)), (Outcome::Failed, vec!["GL1201"]), "{evidence:?}");
        assert!(evidence.messages[0].text.contains(said), "{evidence:?}");
    }
}

#[tokio::test]
async fn a_certificate_that_ends_too_soon_is_a_contradiction() {
    let authority = Authority::new("Test CA");
    let soon = UnixTime::now().as_secs() + 10 * 24 * 3_600;
    let base = served(&authority, "shop.test", soon).await;
    let evidence = looked(&base, &authority.trusted(), "{ valid_for_at_least: 21d }").await;
    assert_eq!((evidence.outcome, codes(&evidence)), (Outcome::Failed, vec!["GL1201"]), "{evidence:?}");
    assert!(evidence.messages[0].text.starts_with("valid_for_at_least expected 21 d, got "), "{evidence:?}");
    assert!((9.9..=10.0).contains(&evidence.numbers["valid_for_days"]), "{evidence:?}");
    let evidence = looked(&base, &authority.trusted(), "{ valid_for_at_least: 7d }").await;
    assert_eq!(evidence.outcome, Outcome::Passed, "{evidence:?}");
}

#[tokio::test]
async fn an_endpoint_without_tls_or_roots_is_errored() {
    let plain = looked("http://127.0.0.1:1", &Authorities::default(), "{ valid_for_at_least: 1d }").await;
    assert_eq!((plain.outcome, codes(&plain)), (Outcome::Errored, vec!["GL1202"]));
    assert!(plain.messages[0].text.contains("it does not speak TLS; a tls check needs https"), "{plain:?}");
    let rootless = looked("https://127.0.0.1:1", &Authorities::default(), "{ valid_for_at_least: 1d }").await;
    assert!(rootless.messages[0].text.contains("this machine has no usable roots"), "{rootless:?}");
}

#[tokio::test]
async fn a_handshake_is_repeated_as_retry_says() {
    let authority = Authority::new("Test CA");
    let base = served(&authority, "shop.test", FAR).await;
    let retry = "{ valid_for_at_least: 1d }, retry: { until: 20s, every: 10ms, pass_after: 3 }";
    let evidence = looked(&base, &authority.trusted(), retry).await;
    assert_eq!((evidence.outcome, evidence.attempts), (Outcome::Passed, 3), "{evidence:?}");
}

#[tokio::test]
async fn a_refused_handshake_is_not_ready_within_the_window_only() {
    let refusing = crate::test_server::address().base.replace("http:", "https:");
    let plan = event("  - { id: a, tls: {}, expect: { valid_for_at_least: 1d } }\n", "a");
    let looked = async |window, deadline| {
        let green = Endpoint {
            base: refusing.clone(),
            host: Some("shop.test".to_owned()),
            ca: Some(Authority::new("Test CA").trusted()),
            via: "test listener".to_owned(),
        };
        let endpoints = Endpoints { green: Some(green), blue: None };
        run(&plan, &Surroundings::new(endpoints, limits(window, deadline))).await.remove(0)
    };
    let never = looked(Duration::from_millis(300), 20 * SECOND).await;
    assert_eq!((never.outcome, codes(&never), never.attempts), (Outcome::Errored, vec!["GL1203"], 1));
    let text = never.messages[0].to_string();
    let told = "GL1203 a: not ready when the stabilise window was over: connection refused; raise budget.stabilise if it starts slowly; TLS handshake via test listener in ";
    assert!(text.starts_with(told), "{text}");
    let late = looked(20 * SECOND, Duration::from_millis(300)).await;
    assert_eq!((late.outcome, codes(&late)), (Outcome::Errored, vec!["GL1903"]));
    assert!(late.messages[0].text.contains("; it was not ready: connection refused; lower its timeout"), "{late:?}");
}
