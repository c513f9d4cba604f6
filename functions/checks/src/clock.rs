//! The one place that reads a clock. Nothing here decides.

use tokio::time::Instant;

/// Now.
#[expect(clippy::disallowed_methods, reason = "this is the crate's clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
