//! `websocket` and its `expect`, as a document.

use std::collections::BTreeMap;

use schemars::JsonSchema;

use super::predicate::Predicate;
use super::scalars::{Duration, Path};

/// A conversation.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
pub(super) struct Websocket {
    /// Where it is held.
    path: Path,
    /// What is said first. Default: nothing; the server begins.
    send: Option<String>,
    /// What the server must agree to speak. Default: none is asked for.
    subprotocol: Option<String>,
    /// Headers of the upgrade by name. Values may have `${secret:NAME}`, which is never shown.
    headers: Option<BTreeMap<String, String>>,
}

/// What is expected of the conversation.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
pub(super) struct WebsocketExpect {
    /// What one of the server's messages must be, as text.
    message: Predicate,
    /// How long the message may take once the connection stands; not longer than `timeout`. Default: only `timeout` ends
    /// the attempt.
    within: Option<Duration>,
}
