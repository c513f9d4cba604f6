//! The `tls` check: a handshake with the endpoint, and what is expected of the certificate besides that it is trusted.

use std::time::Duration;

use super::expectation::predicate;
use super::fields::{Fields, Problems, text, texts};
use super::predicate::Predicate;
use super::tree::{Node, Value};

/// What is expected of a certificate. That its chain leads to a trusted root, that it is valid now and that it is for the
/// endpoint's host is always expected.
#[derive(Clone, Debug)]
pub(crate) struct TlsCheck {
    pub(crate) assertions: Vec<TlsAssertion>,
}

/// One expectation.
#[derive(Clone, Debug)]
pub(crate) struct TlsAssertion {
    pub(crate) subject: TlsSubject,
    /// `checks.yaml:38`.
    pub(crate) place: String,
}

/// What is expected of what.
#[derive(Clone, Debug)]
pub(crate) enum TlsSubject {
    /// From now on, for at least this long.
    ValidFor(Duration),
    /// The certificate is for this name as well.
    Name(String),
    /// The issuer, as `C=US, O=Example, CN=Example CA`.
    Issuer(Predicate),
}

/// Reads `tls` and its `expect`.
pub(crate) fn read(node: &Node, check: &Fields<'_>, problems: &mut Problems) -> Option<TlsCheck> {
    let empty = Fields::read(node, &check.path_of("tls"), &[], problems);
    let expect = check.required("expect", problems)?;
    let known = ["valid_for_at_least", "names_include", "issuer"];
    let fields = Fields::read(expect, &check.path_of("expect"), &known, problems)?;
    if fields.entries().is_empty() {
        problems.add(expect.at, fields.path(), "expects nothing; say at least `valid_for_at_least: 21d`");
    }
    let mut assertions = Vec::new();
    if let Some(node) = fields.get("valid_for_at_least")
        && let Some(duration) = fields.duration("valid_for_at_least", problems)
    {
        assertions.push(at(node, TlsSubject::ValidFor(duration), problems));
    }
    if let Some(node) = fields.get("names_include") {
        for name in names(node, &fields.path_of("names_include"), problems) {
            assertions.push(at(node, TlsSubject::Name(name), problems));
        }
    }
    if let Some(node) = fields.get("issuer")
        && let Some(predicate) = predicate(node, &fields.path_of("issuer"), problems)
    {
        assertions.push(at(node, TlsSubject::Issuer(predicate), problems));
    }
    empty.map(|_| TlsCheck { assertions })
}

fn at(node: &Node, subject: TlsSubject, problems: &Problems) -> TlsAssertion {
    TlsAssertion { subject, place: problems.place(node.at) }
}

/// One name or several.
fn names(node: &Node, path: &str, problems: &mut Problems) -> Vec<String> {
    let named = match &node.value {
        Value::List(items) if items.is_empty() => {
            problems.add(node.at, path, "lists no name; nothing would be checked");
            Vec::new()
        }
        Value::List(_) => texts(node, path, problems),
        _ => text(node, path, problems).map(|name| (name.to_owned(), node.at)).into_iter().collect(),
    };
    for (name, at) in &named {
        if name.is_empty() || name.contains([':', '/', ' ']) {
            problems.add(*at, path, format_args!("expected a host name without a port, got {name:?}"));
        }
    }
    named.into_iter().map(|(name, _)| name).collect()
}
