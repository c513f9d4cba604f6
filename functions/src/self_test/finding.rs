//! One finding of the self-test, as other programs read it.

use std::time::Duration;

use serde::Serialize;

/// What was looked at, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// `plan`, `codedeploy`, `listener-test`, ….
    pub(crate) id: String,
    /// Whether it is as it should be; none where it was not looked at.
    pub(crate) ok: Option<bool>,
    /// How long it took to find out.
    pub(crate) took_ms: u64,
    /// What was seen.
    pub(crate) text: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) advice: Option<String>,
}

impl Finding {
    pub(crate) fn good(id: impl Into<String>, text: impl Into<String>) -> Self {
        Self { id: id.into(), ok: Some(true), took_ms: 0, text: text.into(), advice: None }
    }

    pub(crate) fn bad(id: impl Into<String>, text: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { id: id.into(), ok: Some(false), took_ms: 0, text: text.into(), advice: Some(advice.into()) }
    }

    pub(crate) fn unknown(id: impl Into<String>, text: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { ok: None, ..Self::bad(id, text, advice) }
    }

    pub(crate) fn took(mut self, took: Duration) -> Self {
        self.took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self
    }
}
