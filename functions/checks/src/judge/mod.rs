//! What was seen held against what the plan expects, one file a kind. Pure: no clock, no network.

pub(crate) mod alarm;
pub(crate) mod compare;
mod difference;
mod document;
pub(crate) mod expected;
pub(crate) mod grpc_health;
pub(crate) mod http;
pub(crate) mod load;
pub(crate) mod metric;
mod noise;
mod schema;
#[cfg(test)]
mod schema_tests;
mod statistics;
pub(crate) mod tls;
pub(crate) mod websocket;

use crate::evidence::Outcome;
use crate::message::Message;

/// What limits come to together: one contradiction outweighs everything that could not be judged, and is told first.
fn weighed(mut contradicted: Vec<Message>, mut not_judged: Vec<Message>) -> (Outcome, Vec<Message>) {
    let outcome = match (contradicted.is_empty(), not_judged.is_empty()) {
        (false, _) => Outcome::Failed,
        (true, false) => Outcome::Inconclusive,
        (true, true) => Outcome::Passed,
    };
    contradicted.append(&mut not_judged);
    (outcome, contradicted)
}
