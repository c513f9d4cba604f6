//! A conversation held against the message that is expected in it. Pure: no clock, no network.

#![deny(clippy::wildcard_enum_match_arm)]

use std::time::Duration;

use serde_json::Value;

use super::expected::{expectation, phrase};
use super::http::{clipped, quoted, values};
use crate::evidence::Expectation;
use crate::message::{Message, codes};
use crate::plan::predicate::Found;
use crate::plan::{Check, WebsocketCheck};
use crate::probe::websocket::Said;

/// How a conversation went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Conversed {
    /// How many messages came that are not the one that is expected.
    pub(crate) others: u32,
    /// The last of them.
    pub(crate) last: Option<Said>,
    pub(crate) end: Conclusion,
}

/// What ended the wait for the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Conclusion {
    /// It came.
    Came,
    /// It did not come within this time.
    Late(Duration),
    /// The server closed the connection, with this code and reason.
    Closed(String),
}

/// What was seen of a conversation that the server answered.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outline<'a> {
    /// The status of the answer to the upgrade.
    pub(crate) status: Option<u16>,
    /// Whether the connection stood.
    pub(crate) connected: bool,
    /// Whether the server wanted another subprotocol.
    pub(crate) disagreed: bool,
    /// The last message.
    pub(crate) message: Option<&'a str>,
    /// How long the expected one took, once the connection stood.
    pub(crate) took_ms: Option<f64>,
}

/// What the check expects, and what was seen of it.
pub(crate) fn expectations(websocket: &WebsocketCheck, seen: Option<Outline<'_>>) -> Vec<Expectation> {
    let upgraded = seen.filter(|seen| seen.connected);
    let upgrade = seen.and_then(|seen| seen.status).map(|status| format!("status {status}"));
    let mut expectations = vec![expectation("an upgrade to WebSocket".to_owned(), upgrade)];
    if let Some(name) = &websocket.subprotocol {
        let agreed = seen.filter(|seen| seen.connected || seen.disagreed);
        let agreed = agreed.map(|seen| if seen.connected { "agreed" } else { "not agreed" }.to_owned());
        expectations.push(expectation(format!("subprotocol {name}"), agreed));
    }
    let message = upgraded.map(|seen| seen.message.map_or_else(|| "none".to_owned(), |text| quoted(text.to_owned())));
    expectations.push(expectation(phrase("message", &websocket.message), message));
    if let Some(within) = websocket.within {
        let took = upgraded.map(|seen| {
            seen.took_ms.map_or_else(|| "not in that time".to_owned(), |took| format!("{} ms", took.round()))
        });
        expectations.push(expectation(format!("message within {} ms", within.as_millis()), took));
    }
    expectations
}

/// Whether this is the message.
pub(crate) fn is_expected(websocket: &WebsocketCheck, said: &Said) -> bool {
    match said {
        Said::Text(text) => told(websocket, text).is_empty(),
        Said::Binary(_) | Said::Closed(_) => false,
    }
}

fn told(websocket: &WebsocketCheck, text: &str) -> Vec<String> {
    let value = Value::from(text);
    values("message", &websocket.message, &Found { values: vec![&value], several: false, text: true })
}

/// The messages of a conversation in which it did not come.
pub(crate) fn contradictions(
    check: &Check,
    websocket: &WebsocketCheck,
    seen: &Conversed,
    context: &str,
) -> Vec<Message> {
    let end = match &seen.end {
        Conclusion::Came => return Vec::new(),
        Conclusion::Late(within) => format!("within {} ms", within.as_millis()),
        Conclusion::Closed(reason) if reason.is_empty() => "before the server closed the connection".to_owned(),
        Conclusion::Closed(reason) => format!("before the server closed the connection ({})", clipped(reason)),
    };
    let texts = match &seen.last {
        None => vec![format!("message expected {}, got none {end}", clipped(&websocket.message.to_string()))],
        Some(Said::Text(text)) => told(websocket, text),
        Some(Said::Binary(length)) => vec![format!("message expected to be text, got {length} bytes that are none")],
        Some(Said::Closed(reason)) => vec![format!("message expected, got a close ({reason})")],
    };
    let rest = match seen.others {
        0 => String::new(),
        1 => format!("; nothing else came {end}"),
        count => format!(", the last of {count} messages {end}"),
    };
    let message = |text: String| Message::new(codes::ASSERTION_FAILED, &check.id, text + &rest);
    texts.into_iter().map(|text| message(text).with_context(context).at(&*websocket.place)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::HookEvent;
    use crate::plan::{self, Kind};

    fn judged(message: &str, others: &[Said], end: Conclusion) -> Vec<String> {
        let text = format!(
            "version: 1\nhooks: {{ AfterAllowTestTraffic: [ws] }}\nchecks:\n  - id: ws\n    websocket: {{ path: /ws }}\n    expect:\n      message: {message}\n"
        );
        let plan = plan::read(&text, "checks.yaml", &plan::Givens::at(jiff::Timestamp::UNIX_EPOCH))
            .unwrap_or_else(|errors| panic!("{errors}"));
        let event = plan.for_event(HookEvent::AfterAllowTestTraffic).unwrap();
        let Kind::Websocket(websocket) = &event.checks[0].kind else { panic!("it is a websocket check") };
        let others_count = u32::try_from(others.len()).unwrap();
        let seen = Conversed { others: others_count, last: others.last().cloned(), end };
        contradictions(&event.checks[0], websocket, &seen, "/ws").iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_message_that_did_not_come_says_what_came_instead() {
        let text = |text: &str| Said::Text(text.to_owned());
        let late = || Conclusion::Late(Duration::from_secs(2));
        let table: Vec<(&str, Vec<Said>, Conclusion, &str)> = vec![
            ("pong", vec![], late(), "message expected \"pong\", got none within 2000 ms"),
            (
                "pong",
                vec![text("nope")],
                late(),
                "message expected \"pong\", got \"nope\" (string); nothing else came within 2000 ms",
            ),
            (
                "{ contains: pong }",
                vec![text("hello"), text("nope")],
                late(),
                "message expected to contain \"pong\", got \"nope\" (string), the last of 2 messages within 2000 ms",
            ),
            (
                "pong",
                vec![],
                Conclusion::Closed("1008 policy".to_owned()),
                "message expected \"pong\", got none before the server closed the connection (1008 policy)",
            ),
            (
                "pong",
                vec![text("hello")],
                Conclusion::Closed(String::new()),
                "message expected \"pong\", got \"hello\" (string); nothing else came before the server closed the connection",
            ),
            (
                "pong",
                vec![Said::Binary(3)],
                late(),
                "message expected to be text, got 3 bytes that are none; nothing else came within 2000 ms",
            ),
        ];
        for (message, others, end, said) in table {
            let said = format!("GL1201 ws: {said}; /ws [checks.yaml:7]");
            assert_eq!(judged(message, &others, end), [said], "{message} {others:?}");
        }
        assert_eq!(judged("pong", &[text("hello")], Conclusion::Came), [""; 0]);
    }
}
