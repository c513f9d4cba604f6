//! The guard of a shift that takes its time: when it watches, and what a round of its checks says. No hook of CodeDeploy can run
//! during a canary or a linear shift; the guard runs from the driver, as long as the driver follows.
#![deny(clippy::wildcard_enum_match_arm)]

use greenlight_checks::evidence::{CheckEvidence, Outcome, Severity};

use super::watch::replacement_weight;
use crate::snapshot::{EventStatus, Snapshot};

/// What a round of checks came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Round {
    /// Every check passed, or only warned.
    Passed,
    /// A check that may decide was contradicted: the deployment is stopped.
    Failed(String),
    /// Nothing was contradicted, and not everything could be measured. That stops nothing and is told.
    Unmeasured(String),
}

/// Judges a round. A deployment is stopped for what was measured and is bad, never for what could not be measured: the way from
/// here to the service may be what is broken.
pub fn round(checks: &[CheckEvidence]) -> Round {
    let deciding = || checks.iter().filter(|check| check.severity == Severity::Block);
    if let Some(failed) = deciding().find(|check| check.outcome == Outcome::Failed) {
        return Round::Failed(told(failed));
    }
    match deciding().find(|check| !is_passed(check)) {
        Some(check) => Round::Unmeasured(told(check)),
        None => Round::Passed,
    }
}

fn is_passed(check: &CheckEvidence) -> bool {
    match check.outcome {
        Outcome::Passed => true,
        Outcome::Inconclusive => check.inconclusive_excused,
        Outcome::Failed | Outcome::Errored | Outcome::Skipped => false,
    }
}

fn told(check: &CheckEvidence) -> String {
    match check.messages.first() {
        Some(message) => message.to_string(),
        None => format!("check {:?} did not pass", check.id),
    }
}

/// Whether production traffic is on its way: some of it with the replacement, not all.
pub fn is_shifting(snapshot: &Snapshot) -> bool {
    let event = snapshot.target.as_ref().and_then(|target| target.event("AllowTraffic"));
    let weight = replacement_weight(snapshot);
    !snapshot.deployment.status.is_terminal()
        && event.is_some_and(|event| event.status == EventStatus::InProgress)
        && weight > 0.0
        && weight < 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::testing::{set_event, set_weight, snapshot};

    fn check(severity: Severity, outcome: Outcome) -> CheckEvidence {
        CheckEvidence {
            id: "product".to_owned(),
            kind: "http".to_owned(),
            severity,
            inconclusive_excused: false,
            outcome,
            attempts: 1,
            took_ms: 1,
            numbers: Default::default(),
            series: Default::default(),
            expectations: Vec::new(),
            messages: Vec::new(),
            samples: Vec::new(),
        }
    }

    #[test]
    fn measured_and_bad_stops_and_not_measured_is_told() {
        let passed = check(Severity::Block, Outcome::Passed);
        let told = || "check \"product\" did not pass".to_owned();
        for (severity, outcome, expected) in [
            (Severity::Block, Outcome::Passed, Round::Passed),
            (Severity::Block, Outcome::Failed, Round::Failed(told())),
            (Severity::Warn, Outcome::Failed, Round::Passed),
            (Severity::Block, Outcome::Errored, Round::Unmeasured(told())),
            (Severity::Block, Outcome::Inconclusive, Round::Unmeasured(told())),
            (Severity::Block, Outcome::Skipped, Round::Unmeasured(told())),
        ] {
            assert_eq!(round(&[passed.clone(), check(severity, outcome)]), expected, "{severity:?} {outcome:?}");
        }
        let excused = CheckEvidence { inconclusive_excused: true, ..check(Severity::Block, Outcome::Inconclusive) };
        assert_eq!(round(&[excused]), Round::Passed);
    }

    #[test]
    fn it_watches_between_the_first_share_and_the_last() {
        let mut seen = snapshot("InProgress");
        assert!(!is_shifting(&seen));
        set_event(&mut seen, "AllowTraffic", EventStatus::InProgress);
        assert!(!is_shifting(&seen), "nothing has moved");
        set_weight(&mut seen, 10.0);
        assert!(is_shifting(&seen));
        set_weight(&mut seen, 100.0);
        assert!(!is_shifting(&seen));
        let mut stopped = snapshot("Stopped");
        set_event(&mut stopped, "AllowTraffic", EventStatus::InProgress);
        set_weight(&mut stopped, 10.0);
        assert!(!is_shifting(&stopped));
    }
}
