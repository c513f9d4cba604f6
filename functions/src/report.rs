//! The one report, and when to try it again. The policy is pure; one loop carries it out.
//!
//! A hook that does not report costs an hour, so everything that time may cure is tried again: no network, throttling, a
//! failing service, and a role whose new permission has not arrived everywhere (up to a minute). An answer that will not
//! change is not asked for twice.

#![deny(clippy::wildcard_enum_match_arm)]

use std::time::Duration;

use greenlight_checks::evidence::Decision;
use greenlight_checks::message::{Message, codes};
use tokio::time::{Instant, sleep, timeout};

use crate::aws::{Aws, Fault, Refusal, put_status};
use crate::clock;
use crate::invocation::Invocation;

/// How long a missing permission is taken for one that is on its way (IAM is eventually consistent).
const NEW_PERMISSION: Duration = Duration::from_secs(60);

/// Attempts go on at least this long where there is time, even with a smaller reserve.
const PATIENCE: Duration = Duration::from_secs(60);

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What can be reported; a verdict that waits for a person is neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Report {
    Succeeded,
    Failed,
}

impl Report {
    /// The report that a verdict calls for, if it does.
    pub(crate) const fn of(decision: Decision) -> Option<Self> {
        match decision {
            Decision::Succeeded => Some(Self::Succeeded),
            Decision::Failed => Some(Self::Failed),
            Decision::Waiting => None,
        }
    }
}

/// How the report ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub(crate) result: Delivered,
    /// Calls that were made.
    pub(crate) attempts: u32,
}

/// The ends of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Delivered {
    /// CodeDeploy took it.
    Accepted,
    /// An earlier attempt had reported.
    AlreadyCompleted,
    /// There was none to make: a person answers.
    Held,
    /// It could not be delivered.
    Failed(Message),
}

impl Delivered {
    /// The word in the log line.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::AlreadyCompleted => "already_completed",
            Self::Held => "held",
            Self::Failed(_) => "failed",
        }
    }
}

/// What follows a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    RetryAfter(Duration),
    GiveUp,
}

/// Decides after a failed attempt. `elapsed` counts from the first attempt, `denied` from the first denial, and `left` is
/// what remains until the function must answer Lambda.
fn next(fault: Fault, attempt: u32, elapsed: Duration, denied: Duration, left: Duration, reserve: Duration) -> Next {
    let exhausted = match fault {
        Fault::Final => true,
        Fault::Denied => denied >= NEW_PERMISSION,
        Fault::Network | Fault::Throttled | Fault::Server => elapsed >= PATIENCE.max(reserve),
    };
    let pause = FIRST_PAUSE.saturating_mul(1 << attempt.saturating_sub(1).min(10)).min(LONGEST_PAUSE);
    if exhausted || pause >= left { Next::GiveUp } else { Next::RetryAfter(pause) }
}

/// Reports until it is accepted, known to be done, refused for good, or the time is over.
pub(crate) async fn deliver(
    aws: &Aws,
    invocation: &Invocation,
    report: Report,
    end: Instant,
    reserve: Duration,
) -> Delivery {
    let started = clock::now();
    let mut first_denial = None;
    let mut attempts = 0;
    loop {
        attempts += 1;
        let left = end.saturating_duration_since(clock::now());
        let answer = timeout(left, put_status(aws, invocation, report)).await;
        let (fault, told) = match answer {
            Ok(Ok(())) => return Delivery { result: Delivered::Accepted, attempts },
            Ok(Err(Refusal::AlreadyCompleted)) => return Delivery { result: Delivered::AlreadyCompleted, attempts },
            Ok(Err(Refusal::Fault { fault, told })) => (fault, told),
            Err(_) => (Fault::Network, "no answer before the function's own time was over".to_owned()),
        };
        let now = clock::now();
        if fault == Fault::Denied {
            first_denial.get_or_insert(now);
        }
        let denied = first_denial.map_or(Duration::ZERO, |first| now.duration_since(first));
        let left = end.saturating_duration_since(now);
        match next(fault, attempts, now.duration_since(started), denied, left, reserve) {
            Next::RetryAfter(pause) => {
                tracing::warn!(attempt = attempts, pause_s = pause.as_secs_f64(), error = told, "report not accepted");
                sleep(pause).await;
            }
            Next::GiveUp => {
                let message = undelivered(fault, &told, attempts, now.duration_since(started));
                return Delivery { result: Delivered::Failed(message), attempts };
            }
        }
    }
}

pub(crate) fn undelivered(fault: Fault, told: &str, attempts: u32, elapsed: Duration) -> Message {
    let tries = format!("{attempts} attempts in {:.1}s", elapsed.as_secs_f64());
    let consequence = "CodeDeploy will otherwise wait up to one hour";
    match fault {
        Fault::Denied => Message::new(
            codes::REPORT_NOT_ALLOWED,
            "report",
            format!(
                "not allowed: codedeploy:PutLifecycleEventHookExecutionStatus ({told}; {tries}); allow it in the \
                 function's role; {consequence}"
            ),
        ),
        Fault::Network => Message::new(
            codes::REPORT_UNREACHABLE,
            "report",
            format!(
                "CodeDeploy could not be reached ({told}; {tries}); add an interface endpoint or a NAT route; \
                 {consequence}"
            ),
        ),
        Fault::Throttled | Fault::Server | Fault::Final => Message::new(
            codes::REPORT_UNREACHABLE,
            "report",
            format!(
                "CodeDeploy did not accept it ({told}; {tries}); stop the deployment if that is \
                 too long: {consequence}"
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESERVE: Duration = Duration::from_secs(30);
    const PLENTY: Duration = Duration::from_secs(300);

    fn after(fault: Fault, attempt: u32, seconds: u64) -> Next {
        let elapsed = Duration::from_secs(seconds);
        next(fault, attempt, elapsed, elapsed, PLENTY, RESERVE)
    }

    #[test]
    fn what_time_may_cure_is_tried_again() {
        for fault in [Fault::Network, Fault::Throttled, Fault::Server, Fault::Denied] {
            assert_eq!(after(fault, 1, 0), Next::RetryAfter(FIRST_PAUSE), "{fault:?}");
        }
        assert_eq!(after(Fault::Final, 1, 0), Next::GiveUp);
    }

    #[test]
    fn a_new_permission_gets_a_minute_to_arrive() {
        assert_eq!(after(Fault::Denied, 20, 59), Next::RetryAfter(LONGEST_PAUSE));
        assert_eq!(after(Fault::Denied, 20, 60), Next::GiveUp);
    }

    #[test]
    fn pauses_grow_and_stay_bounded() {
        let pauses: Vec<Next> = (1..=7).map(|attempt| after(Fault::Throttled, attempt, 1)).collect();
        let expected = [200, 400, 800, 1600, 3200, 5000, 5000].map(|ms| Next::RetryAfter(Duration::from_millis(ms)));
        assert_eq!(pauses, expected);
        assert_eq!(after(Fault::Throttled, u32::MAX, 1), Next::RetryAfter(LONGEST_PAUSE));
    }

    #[test]
    fn no_pause_reaches_beyond_the_functions_own_end() {
        let next = next(Fault::Network, 1, Duration::ZERO, Duration::ZERO, FIRST_PAUSE, RESERVE);
        assert_eq!(next, Next::GiveUp);
    }

    #[test]
    fn a_larger_reserve_is_used_up_before_giving_up() {
        let elapsed = Duration::from_secs(100);
        let at = |reserve| next(Fault::Network, 9, elapsed, Duration::ZERO, PLENTY, Duration::from_secs(reserve));
        assert_eq!(at(30), Next::GiveUp);
        assert_eq!(at(120), Next::RetryAfter(LONGEST_PAUSE));
    }
}
