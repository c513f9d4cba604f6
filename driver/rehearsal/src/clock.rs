//! The crate's clock: the only file that reads the time, and the pace by which the stand-in shortens its own waits.
//!
//! Deciding code takes `now` as an argument. Nothing here sleeps.

use std::time::{Duration, Instant};

use jiff::Timestamp;

/// How many times faster than AWS the stand-in's own waits pass: event gaps, canary intervals, health-check intervals,
/// Lambda's retry delays. What bounds the code under test (a function's timeout, a task's stop grace) is never divided.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Pace(f64);

/// A pace that is not a positive, finite number.
#[derive(Debug, thiserror::Error, PartialEq)]
#[error("pace {0} is not a positive number")]
pub struct PaceError(f64);

impl Pace {
    /// Waits as long as AWS does.
    pub const ORDINARY: Pace = Pace(1.0);

    /// A pace of `factor`; 200 makes five minutes 1.5 seconds.
    ///
    /// # Errors
    /// When the factor is not a positive, finite number.
    pub fn new(factor: f64) -> Result<Pace, PaceError> {
        if factor.is_finite() && factor > 0.0 { Ok(Pace(factor)) } else { Err(PaceError(factor)) }
    }

    /// What is left of a wait of AWS's at this pace.
    #[must_use]
    pub fn compress(self, wait: Duration) -> Duration {
        Duration::try_from_secs_f64(wait.as_secs_f64() / self.0).unwrap_or(Duration::MAX)
    }

    /// The factor.
    #[must_use]
    pub fn factor(self) -> f64 {
        self.0
    }
}

/// The wall clock, for timestamps on the wire.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the crate's only reading of the wall clock")]
pub fn timestamp() -> Timestamp {
    Timestamp::now()
}

/// The monotonic clock, for deadlines and durations.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the crate's only reading of the monotonic clock")]
pub fn instant() -> Instant {
    Instant::now()
}

/// The time of one stand-in: wall-clock time at its start, and from there on only forwards.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    began: Timestamp,
    started: Instant,
}

impl Clock {
    /// Begins now.
    pub(crate) fn start() -> Self {
        Self { began: timestamp(), started: instant() }
    }

    /// Now.
    pub(crate) fn now(&self) -> Timestamp {
        let elapsed = instant().duration_since(self.started);
        self.began.checked_add(elapsed).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_divides_waits() {
        let pace = Pace::new(200.0).unwrap();
        assert_eq!(pace.compress(Duration::from_secs(300)), Duration::from_millis(1500));
        assert_eq!(Pace::ORDINARY.compress(Duration::from_secs(7)), Duration::from_secs(7));
    }

    #[test]
    fn a_pace_is_a_positive_number() {
        for factor in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Pace::new(factor).is_err(), "{factor}");
        }
    }

    #[test]
    fn a_tiny_pace_does_not_overflow() {
        assert_eq!(Pace::new(1e-300).unwrap().compress(Duration::from_secs(1)), Duration::MAX);
    }
}
