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

/// How much time an invocation has by the deadline that the Runtime API gave it, in milliseconds.
#[expect(clippy::disallowed_methods, reason = "this file is the crate's clock")]
pub(crate) fn until(deadline: u64) -> Duration {
    granted(deadline, SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// Lambda's deadline is a moment, in milliseconds since the epoch; one that has passed leaves nothing. The Runtime API of
/// `cargo lambda watch` gives a span instead, ten minutes: as a moment it would lie in the first hour of 1970.
fn granted(deadline: u64, now: Duration) -> Duration {
    let deadline = Duration::from_millis(deadline);
    if deadline < Duration::from_secs(3600) { deadline } else { deadline.saturating_sub(now) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_a_moment_and_an_emulators_is_a_span() {
        let now = Duration::from_secs(1_800_000_000);
        for (deadline, left) in [
            (1_800_000_060_000, Duration::from_secs(60)),
            (1_799_999_999_000, Duration::ZERO),
            (3_600_000, Duration::ZERO),
            (600_000, Duration::from_secs(600)),
            (0, Duration::ZERO),
        ] {
            assert_eq!(granted(deadline, now), left, "{deadline}");
        }
    }
}
