//! A certificate held against what the plan expects of it. Pure: no clock, no network.

#![deny(clippy::wildcard_enum_match_arm)]

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::expected::{bounded, expectation, phrase};
use super::http::quoted;
use crate::evidence::Expectation;
use crate::message::{Message, codes};
use crate::plan::predicate::Found;
use crate::plan::{Check, TlsCheck, TlsSubject};
use crate::probe::tls::{Presented, Trust};

const SECONDS_A_DAY: f64 = 86_400.0;

/// The messages of everything that is not as expected; none means that all of it is.
pub(crate) fn contradictions(check: &Check, tls: &TlsCheck, seen: &Presented, context: &str) -> Vec<Message> {
    let message = |text: String, place: &str| {
        Message::new(codes::ASSERTION_FAILED, &check.id, text).with_context(context).at(place)
    };
    let mut messages: Vec<Message> = distrust(seen).map(|text| message(text, &check.place)).into_iter().collect();
    for assertion in &tls.assertions {
        let texts = match &assertion.subject {
            TlsSubject::ValidFor(wanted) if days(seen) * SECONDS_A_DAY < wanted.as_secs_f64() => {
                let wanted = wanted.as_secs_f64() / SECONDS_A_DAY;
                vec![format!(
                    "valid_for_at_least expected {}, got {} (until {})",
                    shown(wanted),
                    shown(days(seen)),
                    seen.not_after
                )]
            }
            TlsSubject::ValidFor(_) => Vec::new(),
            TlsSubject::Name(name) if !seen.names.iter().any(|pattern| covers(pattern, name)) => {
                vec![format!("names expected to include {name}, got {}", listed(&seen.names))]
            }
            TlsSubject::Name(_) => Vec::new(),
            TlsSubject::Issuer(predicate) => {
                let issuer = Value::from(seen.issuer.as_str());
                let found = Found { values: vec![&issuer], several: false, text: true };
                let contradicted = predicate.contradicted(&found);
                contradicted.iter().map(|condition| format!("issuer expected {condition}, got {issuer}")).collect()
            }
        };
        messages.extend(texts.into_iter().map(|text| message(text, &assertion.place)));
    }
    messages
}

/// What the check expects, in the plan's order, and what the certificate has of it.
pub(crate) fn expectations(tls: &TlsCheck, seen: Option<&Presented>) -> Vec<Expectation> {
    let trust = seen.map(|seen| untrusted(seen).unwrap_or_else(|| format!("one, for {}", seen.host)));
    let told = tls.assertions.iter().map(|assertion| match &assertion.subject {
        TlsSubject::ValidFor(wanted) => expectation(
            format!("valid for at least {}", shown(wanted.as_secs_f64() / SECONDS_A_DAY)),
            seen.map(|seen| format!("{} (until {})", shown(days(seen)), seen.not_after)),
        ),
        TlsSubject::Name(name) => expectation(format!("names include {name}"), seen.map(|seen| listed(&seen.names))),
        TlsSubject::Issuer(predicate) => {
            expectation(phrase("issuer", predicate), seen.map(|seen| quoted(seen.issuer.clone())))
        }
    });
    bounded(std::iter::once(expectation("a trusted certificate".to_owned(), trust)).chain(told))
}

/// The figures for the evidence.
pub(crate) fn numbers(seen: &Presented) -> BTreeMap<String, f64> {
    BTreeMap::from([("valid_for_days".to_owned(), (days(seen) * 10.0).floor() / 10.0)])
}

/// Why the certificate is not good for the host.
fn distrust(seen: &Presented) -> Option<String> {
    untrusted(seen).map(|got| format!("expected a trusted certificate for {}, got {got}", seen.host))
}

fn untrusted(seen: &Presented) -> Option<String> {
    Some(match &seen.trust {
        Trust::Trusted => return None,
        Trust::Expired if seen.not_after <= seen.now => format!("one that expired at {}", seen.not_after),
        Trust::Expired => "a chain with an expired certificate".to_owned(),
        Trust::NotYetValid if seen.not_before > seen.now => format!("one that is valid from {} on", seen.not_before),
        Trust::NotYetValid => "a chain with a certificate that is not valid yet".to_owned(),
        Trust::WrongName => format!("one for {}", listed(&seen.names)),
        Trust::UnknownIssuer => {
            format!("one whose chain leads to no root that this machine trusts (issuer {})", seen.issuer)
        }
        Trust::Other(reason) => reason.clone(),
    })
}

/// Negative once it has expired.
#[expect(clippy::cast_precision_loss, reason = "seconds of a timestamp are below 2^52")]
fn days(seen: &Presented) -> f64 {
    let seconds = |time: Timestamp| time.as_second() as f64;
    (seconds(seen.not_after) - seconds(seen.now)) / SECONDS_A_DAY
}

/// `6.9 d`: cut, never rounded up to what is wanted.
fn shown(days: f64) -> String {
    format!("{} d", (days * 10.0).floor() / 10.0)
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "no name".to_owned() } else { names.join(", ") }
}

/// A wildcard stands for one label (RFC 6125, 6.4.3).
fn covers(pattern: &str, name: &str) -> bool {
    let below = |rest: &str| {
        name.split_once('.').is_some_and(|(label, parent)| !label.is_empty() && parent.eq_ignore_ascii_case(rest))
    };
    pattern.eq_ignore_ascii_case(name) || pattern.strip_prefix("*.").is_some_and(below)
}

#[cfg(test)]
#[path = "tls_tests.rs"]
mod tests;
