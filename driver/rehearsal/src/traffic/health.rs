//! When a target is healthy: counts passes and failures against the thresholds. Pure: no socket, no clock.
//!
//! States, reasons and descriptions are those of `DescribeTargetHealth` (aws-facts.md §7).
#![deny(clippy::wildcard_enum_match_arm)]

use std::time::Duration;

use crate::effect::TargetHealth;

/// How long a new target may refuse connections without that counting, in ordinary time. The check interval is divided
/// by the pace, but a program starts as slowly as ever: on AWS it has `unhealthy × interval`, at least ten seconds.
pub(super) const START: Duration = Duration::from_secs(5);

/// What one check saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Check {
    Passed,
    /// An answer with another status than 200.
    Mismatch(u16),
    /// No answer within the timeout.
    TimedOut,
    /// No connection, or one that ended before the answer.
    NoAnswer,
}

/// A target's record.
#[derive(Debug)]
pub(super) struct Record {
    health: TargetHealth,
    passes: u32,
    failures: u32,
}

impl Record {
    /// The record of a target that was registered just now.
    pub(super) fn registered(in_use: bool) -> Record {
        let health = match in_use {
            true => TargetHealth::Initial { reason: "Elb.RegistrationInProgress" },
            false => TargetHealth::Unused,
        };
        Record { health, passes: 0, failures: 0 }
    }

    /// The health now.
    pub(super) fn health(&self) -> &TargetHealth {
        &self.health
    }

    /// The group came behind a listener, or is behind none any more. Returns the health if it changed.
    pub(super) fn used(&mut self, in_use: bool) -> Option<TargetHealth> {
        match (&self.health, in_use) {
            (TargetHealth::Unused, true) => {
                (self.passes, self.failures) = (0, 0);
                self.become_(TargetHealth::Initial { reason: "Elb.InitialHealthChecking" })
            }
            (TargetHealth::Initial { .. } | TargetHealth::Healthy | TargetHealth::Unhealthy { .. }, false) => {
                self.become_(TargetHealth::Unused)
            }
            (TargetHealth::Draining | TargetHealth::Unused, false)
            | (
                TargetHealth::Initial { .. }
                | TargetHealth::Healthy
                | TargetHealth::Unhealthy { .. }
                | TargetHealth::Draining,
                true,
            ) => None,
        }
    }

    /// The first check is under way. Returns the health if it changed.
    pub(super) fn checking(&mut self) -> Option<TargetHealth> {
        match &self.health {
            TargetHealth::Initial { .. } => self.become_(TargetHealth::Initial { reason: "Elb.InitialHealthChecking" }),
            TargetHealth::Healthy | TargetHealth::Unhealthy { .. } | TargetHealth::Unused | TargetHealth::Draining => {
                None
            }
        }
    }

    /// A check has ended, `age` after the target was registered. Returns the health if it changed.
    ///
    /// A new target is healthy after one pass; `healthy` passes in a row are asked of an unhealthy one.
    pub(super) fn checked(
        &mut self,
        check: &Check,
        age: Duration,
        healthy: u32,
        unhealthy: u32,
    ) -> Option<TargetHealth> {
        let passes_needed = match &self.health {
            TargetHealth::Initial { .. } => 1,
            TargetHealth::Unhealthy { .. } | TargetHealth::Healthy => healthy,
            TargetHealth::Unused | TargetHealth::Draining => return None,
        };
        let starting = matches!(self.health, TargetHealth::Initial { .. }) && age < START;
        let Some(finding) = finding(check) else {
            self.failures = 0;
            self.passes = self.passes.saturating_add(1);
            return if self.passes >= passes_needed { self.become_(TargetHealth::Healthy) } else { None };
        };
        self.passes = 0;
        if starting && *check == Check::NoAnswer {
            return None;
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures >= unhealthy || matches!(self.health, TargetHealth::Unhealthy { .. }) {
            return self.become_(finding);
        }
        None
    }

    fn become_(&mut self, health: TargetHealth) -> Option<TargetHealth> {
        if self.health == health {
            return None;
        }
        self.health = health;
        Some(self.health.clone())
    }
}

fn finding(check: &Check) -> Option<TargetHealth> {
    let (reason, description) = match check {
        Check::Passed => return None,
        Check::Mismatch(status) => {
            ("Target.ResponseCodeMismatch", format!("Health checks failed with these codes: [{status}]"))
        }
        Check::TimedOut => ("Target.Timeout", "Request timed out".to_owned()),
        Check::NoAnswer => ("Target.FailedHealthChecks", "Health checks failed".to_owned()),
    };
    Some(TargetHealth::Unhealthy { reason, description })
}

#[cfg(test)]
mod tests {
    use super::*;

    const YOUNG: Duration = Duration::from_millis(10);
    const OLD: Duration = Duration::from_secs(60);

    fn reason(health: Option<TargetHealth>) -> Option<&'static str> {
        health.map(|health| match health {
            TargetHealth::Initial { reason } | TargetHealth::Unhealthy { reason, .. } => reason,
            TargetHealth::Healthy => "healthy",
            TargetHealth::Unused => "unused",
            TargetHealth::Draining => "draining",
        })
    }

    #[test]
    fn a_new_target_is_initial_and_healthy_after_one_pass() {
        let mut record = Record::registered(true);
        assert_eq!(reason(Some(record.health().clone())), Some("Elb.RegistrationInProgress"));
        assert_eq!(reason(record.checking()), Some("Elb.InitialHealthChecking"));
        assert_eq!(record.checking(), None);
        assert_eq!(record.checked(&Check::Passed, YOUNG, 5, 2), Some(TargetHealth::Healthy));
        assert_eq!(record.checked(&Check::Passed, YOUNG, 5, 2), None);
    }

    #[test]
    fn an_unhealthy_target_must_pass_as_often_as_the_threshold_says() {
        let mut record = Record::registered(true);
        record.checked(&Check::Passed, OLD, 3, 2);
        assert_eq!(record.checked(&Check::Mismatch(503), OLD, 3, 2), None);
        assert_eq!(
            record.checked(&Check::Mismatch(503), OLD, 3, 2),
            Some(TargetHealth::Unhealthy {
                reason: "Target.ResponseCodeMismatch",
                description: "Health checks failed with these codes: [503]".into()
            })
        );
        assert_eq!(record.checked(&Check::Passed, OLD, 3, 2), None);
        assert_eq!(record.checked(&Check::Passed, OLD, 3, 2), None);
        assert_eq!(record.checked(&Check::NoAnswer, OLD, 3, 2).map(|_| ()), Some(()), "the reason has changed");
        for _ in 0..2 {
            assert_eq!(record.checked(&Check::Passed, OLD, 3, 2), None);
        }
        assert_eq!(record.checked(&Check::Passed, OLD, 3, 2), Some(TargetHealth::Healthy));
    }

    #[test]
    fn each_failure_has_elbv2s_reason() {
        for (check, expected) in [
            (Check::Mismatch(500), "Target.ResponseCodeMismatch"),
            (Check::TimedOut, "Target.Timeout"),
            (Check::NoAnswer, "Target.FailedHealthChecks"),
        ] {
            assert_eq!(reason(Record::registered(true).checked(&check, OLD, 2, 1)), Some(expected));
        }
    }

    #[test]
    fn a_pass_between_failures_starts_the_count_again() {
        let mut record = Record::registered(true);
        for _ in 0..10 {
            record.checked(&Check::Passed, OLD, 2, 2);
            assert_eq!(record.checked(&Check::TimedOut, OLD, 2, 2), None);
        }
        assert_eq!(record.health(), &TargetHealth::Healthy);
    }

    #[test]
    fn a_program_may_take_its_time_to_listen_but_not_to_answer_rightly() {
        let mut record = Record::registered(true);
        for _ in 0..100 {
            assert_eq!(record.checked(&Check::NoAnswer, YOUNG, 2, 2), None);
        }
        assert_eq!(record.checked(&Check::Mismatch(503), YOUNG, 2, 2), None);
        assert_eq!(reason(record.checked(&Check::Mismatch(503), YOUNG, 2, 2)), Some("Target.ResponseCodeMismatch"));
    }

    #[test]
    fn a_group_behind_no_listener_is_unused_and_starts_again_when_used() {
        let mut record = Record::registered(false);
        assert_eq!(record.checked(&Check::Passed, OLD, 1, 1), None, "unused targets are not checked");
        assert_eq!(reason(record.used(true)), Some("Elb.InitialHealthChecking"));
        record.checked(&Check::Passed, OLD, 5, 2);
        assert_eq!(record.used(false), Some(TargetHealth::Unused));
        assert_eq!(record.used(false), None);
    }
}
