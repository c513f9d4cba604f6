//! The one place that reads a clock. Nothing here decides.

use jiff::Timestamp;
use tokio::time::Instant;

/// Now.
#[expect(clippy::disallowed_methods, reason = "this is the crate's clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The wall clock, for questions about what was when.
#[expect(clippy::disallowed_methods, reason = "this is the crate's clock")]
pub(crate) fn timestamp() -> Timestamp {
    Timestamp::now()
}
