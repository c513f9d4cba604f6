//! Handshakes on loopback, with certificates made for the test.

use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use tokio_rustls::TlsAcceptor;

use super::tests::{SECOND, codes, event, limits};
use super::*;
use crate::surroundings::Endpoints;

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap().der().clone();
    Authority { issuer: Issuer::new(params, key), certificate }
}

/// Serves handshakes with a certificate for `name` that is valid until this time, in seconds of Unix
/// time; gives the address.
async fn served(authority: &Authority, name: &str, until: u64) -> String {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = date_time_ymd(2000, 1, 1);
    params.not_after = date_time_ymd(1970, 1, 1) + Duration::from_secs(until);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &authority.issuer).unwrap().der().clone();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = acceptor.accept(stream).await;
        }
    });
    base
}

async fn looked(base: &str, roots: RootCertStore, expect: &str) -> CheckEvidence {
    let green = Endpoint { base: base.to_owned(), host: Some("shop.test".to_owned()), via: "test listener".to_owned() };
    let plan = event(&format!("  - {{ id: a, tls: {{}}, expect: {expect} }}\n"), "a");
    let endpoints = Endpoints { green: Some(green), blue: None };
    run_trusting(&plan, &Surroundings::new(endpoints, limits(Duration::ZERO, 20 * SECOND)), roots).await.remove(0)
}

fn trusting(authority: &Authority) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate.clone()).unwrap();
    roots
}

/// 2090-01-01 and 2001-01-01.
const FAR: u64 = 3_786_912_000;
const PAST: u64 = 978_307_200;

#[tokio::test]
async fn a_trusted_certificate_for_the_host_passes_with_its_days() {
    let authority = authority("Test CA");
    let base = served(&authority, "shop.test", FAR).await;
    let expect = "{ valid_for_at_least: 21d, names_include: shop.test, issuer: { contains: Test CA } }";
    let evidence = looked(&base, trusting(&authority), expect).await;
    assert_eq!((evidence.outcome, evidence.kind.as_str()), (Outcome::Passed, "tls"), "{evidence:?}");
    assert!(evidence.numbers["valid_for_days"] > 365.0, "{evidence:?}");
}

#[tokio::test]
async fn an_expired_certificate_a_wrong_name_and_an_unknown_root_are_each_told() {
    let trusted = authority("Test CA");
    let expect = "{ issuer: { contains: Test CA } }";
    let table = [
        (served(&trusted, "shop.test", PAST).await, trusting(&trusted), "got one that expired at 2001-01-01T00:00:00Z"),
        (served(&trusted, "other.test", FAR).await, trusting(&trusted), "got one for other.test"),
        (
            served(&trusted, "shop.test", FAR).await,
            trusting(&authority("Other CA")),
            "got one whose chain leads to no root that this machine trusts",
        ),
    ];
    for (base, roots, said) in table {
        let evidence = looked(&base, roots, expect).await;
        assert_eq!((evidence.outcome, codes(&evidence)), (Outcome::Failed, vec!["GL1201"]), "{evidence:?}");
        assert!(evidence.messages[0].text.contains(said), "{evidence:?}");
    }
}

#[tokio::test]
async fn a_certificate_that_ends_too_soon_is_a_contradiction() {
    let authority = authority("Test CA");
    let soon = UnixTime::now().as_secs() + 10 * 24 * 3_600;
    let base = served(&authority, "shop.test", soon).await;
    let evidence = looked(&base, trusting(&authority), "{ valid_for_at_least: 21d }").await;
    assert_eq!((evidence.outcome, codes(&evidence)), (Outcome::Failed, vec!["GL1201"]), "{evidence:?}");
    assert!(evidence.messages[0].text.starts_with("valid_for_at_least expected 21 d, got "), "{evidence:?}");
    assert!((9.9..=10.0).contains(&evidence.numbers["valid_for_days"]), "{evidence:?}");
    let evidence = looked(&base, trusting(&authority), "{ valid_for_at_least: 7d }").await;
    assert_eq!(evidence.outcome, Outcome::Passed, "{evidence:?}");
}

#[tokio::test]
async fn an_endpoint_without_tls_or_roots_is_errored() {
    let plain = looked("http://127.0.0.1:1", RootCertStore::empty(), "{ valid_for_at_least: 1d }").await;
    assert_eq!((plain.outcome, codes(&plain)), (Outcome::Errored, vec!["GL1202"]));
    assert!(plain.messages[0].text.contains("it does not speak TLS; a tls check needs https"), "{plain:?}");
    let rootless = looked("https://127.0.0.1:1", RootCertStore::empty(), "{ valid_for_at_least: 1d }").await;
    assert!(rootless.messages[0].text.contains("this machine has no usable roots"), "{rootless:?}");
}
