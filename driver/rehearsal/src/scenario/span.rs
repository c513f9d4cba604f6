//! Durations as a scenario writes them: `500ms`, `60s`, `5m`, `1h 30m`. A bare number is refused, because it says no unit.

use std::time::Duration;

use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// A duration with a unit: 500ms, 60s, 5m, 1h 30m.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
pub(super) struct Span(#[schemars(with = "String", extend("pattern" = r"[a-z]"))] pub(super) Duration);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let refuse = || D::Error::custom(format!("{text:?} is no duration; write it like 500ms, 60s, 5m or 1h"));
        if text.chars().all(|character| character.is_ascii_digit()) {
            return Err(refuse());
        }
        let signed: jiff::SignedDuration = text.parse().map_err(|_| refuse())?;
        Duration::try_from(signed).map(Span).map_err(|_| refuse())
    }
}
