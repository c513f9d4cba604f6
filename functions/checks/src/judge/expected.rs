//! What a check expects in short, and what was seen of it: for whoever wants to know what a check that passed has proven.
//! Each kind says its own; here is what they share. It judges nothing, and a check that never ran still says what it
//! expected.

use super::http::clipped;
use super::{alarm, compare, grpc_health, http, load, metric, tls, websocket};
use crate::evidence::Expectation;
use crate::plan::predicate::{Condition, Predicate};
use crate::plan::{Check, Kind};

/// No check lists more of them; a person reads no further, and a plan may have thousands.
const MOST: usize = 40;
/// Neither text is longer than this, in characters.
const LONGEST: usize = 240;

/// What a check expects of which nothing was seen.
pub(crate) fn unseen(check: &Check) -> Vec<Expectation> {
    match &check.kind {
        Kind::Alarm(alarm) => alarm::expectations(alarm, None, None),
        Kind::Approval(approval) => {
            vec![expectation(format!("approval by {}", approval.from.join(", ")), None)]
        }
        Kind::Compare(compare) => compare::expectations(compare, None),
        Kind::GrpcHealth(health) => grpc_health::expectations(health, None),
        Kind::Http(http) => http::expectations(http, None),
        Kind::Load(load) => load::expectations(load, None),
        Kind::Metric(metric) => metric::expectations(metric, None),
        Kind::Tls(tls) => tls::expectations(tls, None),
        Kind::Websocket(websocket) => websocket::expectations(websocket, None),
    }
}

/// One of them, its texts cut.
pub(super) fn expectation(expected: String, seen: Option<String>) -> Expectation {
    Expectation { expected: cut(expected), seen: seen.map(cut) }
}

/// No more of them than a person reads, and how many there are besides.
pub(super) fn bounded(expectations: impl IntoIterator<Item = Expectation>) -> Vec<Expectation> {
    let mut all: Vec<Expectation> = expectations.into_iter().collect();
    if all.len() > MOST {
        let further = all.len() - (MOST - 1);
        all.truncate(MOST - 1);
        all.push(expectation(format!("{further} further expectations"), Some("not listed".to_owned())));
    }
    all
}

/// `$.price > 0`, `header server = "shop"`, `body to contain "ok"`; and `status 200`, as everybody says.
pub(super) fn phrase(what: &str, predicate: &Predicate) -> String {
    let conditions: Vec<String> = predicate
        .0
        .iter()
        .map(|condition| {
            let equals = if what != "status" && matches!(condition, Condition::Equals(_)) { "= " } else { "" };
            format!("{equals}{}", clipped(&condition.to_string()))
        })
        .collect();
    format!("{what} {}", conditions.join(" and "))
}

fn cut(text: String) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
#[path = "expected_tests.rs"]
mod tests;
