//! When the hook must stop working and start to report. Pure: it is given the times and reads no clock.
//!
//! Two limits end a hook: Lambda's own timeout, after which nothing runs any more, and CodeDeploy's hour, after which
//! nobody listens. The watchdog takes the earlier one and keeps the plan's reserve for evidence and report.

use std::time::Duration;

use tokio::time::Instant;

/// CodeDeploy waits one hour for a hook's report (user guide, limits); five minutes of it are left for the way there.
const CODEDEPLOY_PATIENCE: Duration = Duration::from_secs(55 * 60);

/// The work of a plan that names no total. One that does may use what CodeDeploy's patience leaves beyond.
const LONGEST_WORK: Duration = Duration::from_secs(50 * 60);

/// The reserve where no plan could be read that says another.
pub(crate) const DEFAULT_RESERVE: Duration = Duration::from_secs(30);

/// No plan can go below this.
pub(crate) const LEAST_RESERVE: Duration = Duration::from_secs(10);

/// What is left to answer the Runtime API after the last attempt to report.
const FAREWELL: Duration = Duration::from_millis(500);

/// When the function must answer Lambda at the latest, with half of the farewell for the way there.
pub(crate) fn answers_by(started: Instant, left: Duration) -> Instant {
    started + left.saturating_sub(FAREWELL / 2)
}

/// The times of one invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Watchdog {
    /// When the invocation arrived.
    pub(crate) started: Instant,
    /// When the work ends, whatever it is doing.
    pub(crate) bark: Instant,
    /// When the last attempt to report must be over.
    pub(crate) end: Instant,
    /// Kept for evidence and report.
    pub(crate) reserve: Duration,
}

/// There is no time to do anything but report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoTime {
    /// What was left at the start.
    pub(crate) left: Duration,
    /// What should be kept.
    pub(crate) reserve: Duration,
}

impl Watchdog {
    /// Sets the watchdog: `left` is what Lambda grants from `started` on.
    pub(crate) fn set(started: Instant, left: Duration, reserve: Option<Duration>) -> Self {
        let reserve = reserve.unwrap_or(DEFAULT_RESERVE).max(LEAST_RESERVE);
        let limit = left.min(CODEDEPLOY_PATIENCE);
        Self {
            started,
            bark: started + limit.saturating_sub(reserve),
            end: started + limit.saturating_sub(FAREWELL),
            reserve,
        }
    }

    /// Refuses to start work with less than twice the reserve: half a validation is none.
    pub(crate) fn admits_work(&self, left: Duration) -> Result<(), NoTime> {
        if left < self.reserve * 2 { Err(NoTime { left, reserve: self.reserve }) } else { Ok(()) }
    }

    /// When the work must be over: the plan's total, or fifty minutes without one, where that is earlier than the watchdog.
    pub(crate) fn work_ends(&self, total: Option<Duration>) -> Instant {
        self.bark.min(self.started + total.unwrap_or(LONGEST_WORK))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[expect(clippy::disallowed_methods, reason = "any instant will do as the origin")]
    fn origin() -> Instant {
        Instant::now()
    }

    #[test]
    fn the_earlier_of_lambda_and_codedeploy_less_the_reserve_ends_the_work() {
        let start = origin();
        for (left, reserve, bark) in [
            (seconds(300), Some(seconds(20)), 280),
            (seconds(300), None, 270),
            (seconds(900), Some(seconds(1)), 890),
            (seconds(2 * 3600), Some(seconds(30)), 55 * 60 - 30),
        ] {
            assert_eq!(Watchdog::set(start, left, reserve).bark, start + seconds(bark), "{left:?} {reserve:?}");
        }
    }

    #[test]
    fn less_than_twice_the_reserve_is_no_time() {
        let start = origin();
        for (left, reserve, admitted) in
            [(59, 30, false), (60, 30, true), (19, 10, false), (20, 10, true), (0, 10, false), (5, 1, false)]
        {
            let watchdog = Watchdog::set(start, seconds(left), Some(seconds(reserve)));
            assert_eq!(watchdog.admits_work(seconds(left)).is_ok(), admitted, "{left} {reserve}");
        }
    }

    #[test]
    fn the_plans_total_only_shortens() {
        let start = origin();
        let watchdog = Watchdog::set(start, seconds(300), Some(seconds(30)));
        assert_eq!(watchdog.work_ends(Some(seconds(60))), start + seconds(60));
        assert_eq!(watchdog.work_ends(Some(seconds(3600))), watchdog.bark);
        assert_eq!(watchdog.work_ends(None), watchdog.bark);
    }

    #[test]
    fn without_a_total_the_work_has_what_is_left_less_the_reserve_and_fifty_minutes_at_most() {
        let start = origin();
        let reserve = Some(seconds(30));
        for (left, ends) in [(60, 30), (900, 870), (50 * 60 + 29, 50 * 60 - 1), (2 * 3600, 50 * 60)] {
            let watchdog = Watchdog::set(start, seconds(left), reserve);
            assert_eq!(watchdog.work_ends(None), start + seconds(ends), "{left}");
        }
        // A total may say more, up to what CodeDeploy waits less the reserve.
        let long = Watchdog::set(start, seconds(2 * 3600), reserve);
        assert_eq!(long.work_ends(Some(seconds(54 * 60))), start + seconds(54 * 60));
        assert_eq!(long.work_ends(Some(seconds(3600))), start + seconds(55 * 60 - 30));
    }

    #[test]
    fn the_report_ends_before_lambda_does() {
        let start = origin();
        assert!(Watchdog::set(start, seconds(60), None).end < start + seconds(60));
        assert!(Watchdog::set(start, seconds(60), None).end < answers_by(start, seconds(60)));
        assert!(answers_by(start, seconds(60)) < start + seconds(60));
        assert_eq!(Watchdog::set(start, Duration::ZERO, None).end, start);
        assert_eq!(answers_by(start, Duration::ZERO), start);
    }
}
