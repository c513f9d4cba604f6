//! Certificates and messages, as a table.

use super::*;
use crate::event::HookEvent;
use crate::plan::{self, Kind};

fn presented(trust: Trust) -> Presented {
    let time = |text: &str| text.parse::<Timestamp>().unwrap();
    Presented {
        host: "shop.example.com".to_owned(),
        trust,
        names: vec!["shop.example.com".to_owned(), "*.api.example.com".to_owned()],
        issuer: "C=US, O=Example, CN=Example CA".to_owned(),
        not_before: time("2026-01-01T00:00:00Z"),
        not_after: time("2026-03-01T00:00:00Z"),
        now: time("2026-02-08T12:00:00Z"),
    }
}

fn judged(expect: &str, seen: &Presented) -> Vec<String> {
    let text = format!(
        "version: 1\nhooks: {{ AfterAllowTestTraffic: [cert] }}\nchecks:\n  - id: cert\n    tls: {{}}\n    expect: {expect}\n"
    );
    let plan = plan::read(&text, "checks.yaml", &plan::Givens::at(jiff::Timestamp::UNIX_EPOCH))
        .unwrap_or_else(|errors| panic!("{errors}"));
    let event = plan.for_event(HookEvent::AfterAllowTestTraffic).unwrap();
    let Kind::Tls(tls) = &event.checks[0].kind else { panic!("it is a tls check") };
    contradictions(&event.checks[0], tls, seen, "TLS").iter().map(ToString::to_string).collect()
}

#[test]
fn every_expectation_holds_or_says_what_was_seen() {
    let table = [
        ("{ valid_for_at_least: 20d }", ""),
        ("{ valid_for_at_least: 21d }", "valid_for_at_least expected 21 d, got 20.5 d (until 2026-03-01T00:00:00Z)"),
        ("{ names_include: SHOP.example.com }", ""),
        ("{ names_include: [shop.example.com, v2.api.example.com] }", ""),
        (
            "{ names_include: a.b.api.example.com }",
            "names expected to include a.b.api.example.com, got shop.example.com, *.api.example.com",
        ),
        (
            "{ names_include: api.example.com }",
            "names expected to include api.example.com, got shop.example.com, *.api.example.com",
        ),
        ("{ issuer: { contains: Example CA } }", ""),
        (
            "{ issuer: { contains: Other } }",
            "issuer expected to contain \"Other\", got \"C=US, O=Example, CN=Example CA\"",
        ),
    ];
    for (expect, said) in table {
        let said: Vec<String> = Some(said)
            .filter(|said| !said.is_empty())
            .map(|said| format!("GL1201 cert: {said}; TLS [checks.yaml:6]"))
            .into_iter()
            .collect();
        assert_eq!(judged(expect, &presented(Trust::Trusted)), said, "{expect}");
    }
}

#[test]
fn an_untrusted_certificate_never_passes_and_says_why() {
    let table = [
        (Trust::Expired, "a chain with an expired certificate"),
        (Trust::NotYetValid, "a chain with a certificate that is not valid yet"),
        (Trust::WrongName, "one for shop.example.com, *.api.example.com"),
        (
            Trust::UnknownIssuer,
            "one whose chain leads to no root that this machine trusts (issuer C=US, O=Example, CN=Example CA)",
        ),
        (Trust::Other("it was revoked".to_owned()), "it was revoked"),
    ];
    for (trust, got) in table {
        assert_eq!(
            judged("{ valid_for_at_least: 1d }", &presented(trust)),
            [format!(
                "GL1201 cert: expected a trusted certificate for shop.example.com, got {got}; TLS [checks.yaml:4]"
            )]
        );
    }
}

#[test]
fn an_expired_certificate_has_no_days_left() {
    let seen = Presented { now: "2026-03-02T00:00:00Z".parse().unwrap(), ..presented(Trust::Expired) };
    let said = judged("{ valid_for_at_least: 1d }", &seen);
    assert!(said[0].contains("got one that expired at 2026-03-01T00:00:00Z"), "{said:?}");
    assert!(said[1].contains("expected 1 d, got -1 d"), "{said:?}");
    assert_eq!(numbers(&seen)["valid_for_days"], -1.0);
}
