//! The `websocket` check: connect, send, and expect a message.

use std::time::Duration;

use http::{HeaderName, HeaderValue};

use super::check::DEFAULT_TIMEOUT;
use super::expectation::predicate;
use super::fields::{Fields, Problems, duration};
use super::http::{headers, is_path, secret_values};
use super::predicate::Predicate;
use super::tree::Node;

/// A conversation, and the message that is expected in it.
#[derive(Clone, Debug)]
pub(crate) struct WebsocketCheck {
    pub(crate) path: String,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// What the server must agree to speak.
    pub(crate) subprotocol: Option<String>,
    /// What is said first; without it, the server begins.
    pub(crate) send: Option<String>,
    pub(crate) message: Predicate,
    /// `checks.yaml:38`, of the message.
    pub(crate) place: String,
    /// How long the message may take once the connection stands; only `timeout` ends the attempt otherwise.
    pub(crate) within: Option<Duration>,
}

impl WebsocketCheck {
    pub(crate) fn secrets(&self) -> Vec<&str> {
        secret_values(&self.headers)
    }
}

/// Headers that the engine sets, and what to do instead.
const SET_HERE: [(&str, &str); 7] = [
    ("host", "use endpoints.green.host"),
    ("connection", "it asks for the upgrade"),
    ("upgrade", "it asks for the upgrade"),
    ("sec-websocket-key", "it asks for the upgrade"),
    ("sec-websocket-version", "it asks for the upgrade"),
    ("sec-websocket-extensions", "none is spoken"),
    ("sec-websocket-protocol", "use subprotocol"),
];

/// Reads `websocket` and its `expect`.
pub(crate) fn read(node: &Node, check: &Fields<'_>, problems: &mut Problems) -> Option<WebsocketCheck> {
    let known = ["path", "send", "subprotocol", "headers"];
    let fields = Fields::read(node, &check.path_of("websocket"), &known, problems);
    let expect = check.required("expect", problems);
    let expect = expect.and_then(|node| Fields::read(node, &check.path_of("expect"), &["message", "within"], problems));
    let message = expect.as_ref().and_then(|expect| {
        let node = expect.required("message", problems)?;
        Some((predicate(node, &expect.path_of("message"), problems)?, problems.place(node.at)))
    });
    let within = expect.as_ref().and_then(|expect| within(expect, check, problems));
    let fields = fields?;
    let path = fields.required("path", problems).and(fields.text("path", problems));
    if let (Some(path), Some(node)) = (&path, fields.get("path"))
        && !is_path(path)
    {
        let text = format_args!("expected a path that begins with / and is percent-encoded, got {path:?}");
        problems.add(node.at, &fields.path_of("path"), text);
    }
    let subprotocol = fields.text("subprotocol", problems);
    if let (Some(name), Some(node)) = (&subprotocol, fields.get("subprotocol"))
        && HeaderName::try_from(name.as_str()).is_err()
    {
        problems.add(node.at, &fields.path_of("subprotocol"), format_args!("expected one name, got {name:?}"));
    }
    let headers = headers(&fields, &SET_HERE, problems);
    let send = fields.text("send", problems);
    let (message, place) = message?;
    Some(WebsocketCheck { path: path?, headers, subprotocol, send, message, place, within })
}

fn within(expect: &Fields<'_>, check: &Fields<'_>, problems: &mut Problems) -> Option<Duration> {
    let node = expect.get("within")?;
    let path = expect.path_of("within");
    let within = duration(node, &path, problems)?;
    // What is wrong with the timeout itself is told where the check is read.
    let timeout = match check.get("timeout") {
        Some(node) => duration(node, "", &mut Problems::new(""))?,
        None => DEFAULT_TIMEOUT,
    };
    if within.is_zero() {
        problems.add(node.at, &path, "expected more than 0");
    } else if within > timeout {
        let text =
            format_args!("is longer than timeout ({} ms), which ends the attempt; raise it", timeout.as_millis());
        problems.add(node.at, &path, text);
    }
    Some(within)
}
