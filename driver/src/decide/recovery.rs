//! What to do when a call that creates something did not answer: it may have happened, and doing it again would do it twice.
//! So the answer is looked for before the call is made again. It makes no call and waits for nothing.
//!
//! A deployment has no token that would make its creation idempotent. What tells it is what it deploys: the SHA-256 over the
//! exact bytes of its AppSpec, or the object in S3 whose key carries that SHA-256. A group has one active deployment at a time, so
//! asking again while ours is active is refused and makes no second one.
#![deny(clippy::wildcard_enum_match_arm)]

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::aws::error::ErrorKind;

/// How long a call is tried that creates something.
const PATIENCE: Duration = Duration::from_secs(5 * 60);
/// How long a deployment that exists may be missing from the lists.
const LAG: Duration = Duration::from_secs(20);
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// The tries of one call that creates something.
#[derive(Clone, Debug, PartialEq)]
pub struct Tries {
    begun: Timestamp,
    floor: Duration,
    /// How much faster than AWS its waits pass.
    pace: f64,
    made: u32,
    /// Since when it is possible that the call did what it was asked for.
    doubtful_since: Option<Timestamp>,
    looked: bool,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Next {
    /// Look whether it has happened; when it is not to be seen, ask [`Tries::not_found`].
    Look,
    /// Make the call after this time.
    Try(Duration),
    /// Look again after this time.
    LookAgain(Duration),
    /// It did not happen, and will not.
    Refused,
    /// Something else is in the way.
    InTheWay,
    /// Whether it happened is not known.
    Unknown,
}

impl Tries {
    /// Before the first.
    pub fn new(floor: Duration, pace: f64, now: Timestamp) -> Self {
        let floor = floor.max(Duration::from_millis(100));
        Self { begun: now, floor, pace, made: 0, doubtful_since: None, looked: false }
    }

    /// Whether it may have happened.
    pub fn is_doubtful(&self) -> bool {
        self.doubtful_since.is_some()
    }

    /// The call did not succeed.
    pub fn failed(&mut self, kind: ErrorKind, now: Timestamp) -> Next {
        self.made += 1;
        self.looked = false;
        match kind {
            ErrorKind::Throttled if self.is_over(now) => self.end(),
            ErrorKind::Throttled => Next::Try(self.pause()),
            ErrorKind::Unavailable => {
                self.doubtful_since.get_or_insert(now);
                Next::Look
            }
            // The one in the way may be our own, of a call that was not answered or of a run that was cut short.
            ErrorKind::Conflict => {
                self.looked = true;
                Next::Look
            }
            ErrorKind::NotAllowed
            | ErrorKind::NotFound
            | ErrorKind::NotStarted
            | ErrorKind::Refused
            | ErrorKind::NotSent => self.end_of_this_try(),
        }
    }

    /// It was looked for, and is not to be seen.
    pub fn not_found(&mut self, now: Timestamp) -> Next {
        match self.doubtful_since {
            // Something is in the way, and no call of ours can have made it.
            None => Next::InTheWay,
            Some(since) if !passed(since, now, LAG.div_f64(self.pace)) => Next::LookAgain(self.floor * 2),
            Some(_) if self.looked => Next::InTheWay,
            Some(_) if self.is_over(now) => Next::Unknown,
            Some(_) => Next::Try(self.pause()),
        }
    }

    fn end_of_this_try(&self) -> Next {
        // An earlier try may have done what this one is refused for.
        if self.is_doubtful() { Next::Look } else { Next::Refused }
    }

    fn end(&self) -> Next {
        if self.is_doubtful() { Next::Unknown } else { Next::Refused }
    }

    fn is_over(&self, now: Timestamp) -> bool {
        passed(self.begun, now, PATIENCE)
    }

    fn pause(&self) -> Duration {
        (self.floor * 2u32.saturating_pow(self.made.min(8))).min(LONGEST_PAUSE)
    }
}

fn passed(since: Timestamp, now: Timestamp, limit: Duration) -> bool {
    SignedDuration::try_from(limit).is_ok_and(|limit| now.duration_since(since) >= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn tries() -> Tries {
        Tries::new(Duration::from_secs(1), 1.0, at(0))
    }

    #[test]
    fn a_call_that_was_not_answered_is_looked_for_before_it_is_made_again() {
        let mut tries = tries();
        assert_eq!(tries.failed(ErrorKind::Unavailable, at(0)), Next::Look);
        assert_eq!(tries.not_found(at(1)), Next::LookAgain(Duration::from_secs(2)), "lists may lag");
        assert_eq!(tries.not_found(at(21)), Next::Try(Duration::from_secs(2)));
        assert!(tries.is_doubtful());
    }

    #[test]
    fn a_conflict_is_looked_through_for_our_own_and_is_else_somebody_elses() {
        let mut without_doubt = tries();
        assert_eq!(without_doubt.failed(ErrorKind::Conflict, at(0)), Next::Look);
        assert_eq!(without_doubt.not_found(at(0)), Next::InTheWay);

        let mut doubtful = tries();
        assert_eq!(doubtful.failed(ErrorKind::Unavailable, at(0)), Next::Look);
        assert_eq!(doubtful.not_found(at(20)), Next::Try(Duration::from_secs(2)));
        assert_eq!(doubtful.failed(ErrorKind::Conflict, at(22)), Next::Look);
        assert_eq!(doubtful.not_found(at(23)), Next::InTheWay);
    }

    #[test]
    fn throttling_is_a_later_try_and_no_doubt() {
        let mut tries = tries();
        assert_eq!(tries.failed(ErrorKind::Throttled, at(0)), Next::Try(Duration::from_secs(2)));
        assert_eq!(tries.failed(ErrorKind::Throttled, at(2)), Next::Try(Duration::from_secs(4)));
        assert!(!tries.is_doubtful());
        assert_eq!(tries.failed(ErrorKind::Throttled, at(300)), Next::Refused);
    }

    #[test]
    fn a_refusal_after_a_try_without_an_answer_does_not_mean_that_nothing_happened() {
        let mut tries = tries();
        assert_eq!(tries.failed(ErrorKind::Refused, at(0)), Next::Refused);
        assert_eq!(tries.failed(ErrorKind::Unavailable, at(1)), Next::Look);
        assert_eq!(tries.failed(ErrorKind::Refused, at(30)), Next::Look);
    }

    #[test]
    fn an_aws_that_never_answers_leaves_it_unknown_and_is_not_asked_for_ever() {
        let mut tries = tries();
        assert_eq!(tries.failed(ErrorKind::Unavailable, at(0)), Next::Look);
        assert_eq!(tries.not_found(at(301)), Next::Unknown);
    }
}
