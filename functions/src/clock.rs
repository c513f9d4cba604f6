//! The only reader of the clocks. What decides takes `now` as an argument.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use tokio::time::Instant;

/// The monotonic clock, for deadlines and durations.
#[expect(clippy::disallowed_methods, reason = "this file is the crate's clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The wall clock, for evidence.
#[expect(clippy::disallowed_methods, reason = "this file is the crate's clock")]
pub(crate) fn timestamp() -> Timestamp {
    Timestamp::now()
}

/// The wall clock, for signatures.
#[expect(clippy::disallowed_methods, reason = "this file is the crate's clock")]
pub(crate) fn system_time() -> SystemTime {
    SystemTime::now()
}

/// How long it is until an instant that Lambda gives in milliseconds since the epoch; nothing for one that has passed.
#[expect(clippy::disallowed_methods, reason = "this file is the crate's clock")]
pub(crate) fn until_epoch_milliseconds(milliseconds: u64) -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Duration::from_millis(milliseconds).saturating_sub(now)
}
