//! The one file of the driver that reads a clock. Everything else takes `now` as an argument.

use jiff::Timestamp;

/// The wall clock, in UTC.
#[expect(clippy::disallowed_methods, reason = "the crate's one reading of the wall clock")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// A bound on a wait, on the monotonic clock.
#[expect(clippy::disallowed_methods, reason = "the crate's one reading of the monotonic clock")]
pub fn within(limit: std::time::Duration) -> tokio::time::Instant {
    tokio::time::Instant::now() + limit
}
