//! A hook that waits for a person's answer: when to look for one, whether it may still be answered, and when nobody came. It
//! asks nothing and reports nothing.
#![deny(clippy::wildcard_enum_match_arm)]

use std::collections::BTreeMap;
use std::time::Duration;

use greenlight_checks::evidence::{Decision, Evidence, Gate};
use jiff::{SignedDuration, Timestamp};

use super::outcome::HOOK_EVENTS;
use crate::snapshot::{EventStatus, Snapshot};

/// The first look into a running hook's log for a gate: a hook without one has usually ended by then.
const FIRST_LOOK: Duration = Duration::from_secs(5);
/// Between two later ones at most. A person has minutes, and a log is no place to poll.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// CodeDeploy fails a hook that has not reported for an hour (aws-facts §3); what nobody answered is reported this long before.
const HOUR: Duration = Duration::from_secs(3600);
const BEFORE_THE_HOUR: Duration = Duration::from_secs(180);

/// A hook that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningHook {
    /// Its lifecycle event.
    pub event: String,
    /// Its function.
    pub function: String,
    /// When it began.
    pub started: Timestamp,
}

/// What a person says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Go on.
    Approved,
    /// Fail it.
    Rejected,
}

impl Answer {
    /// In a sentence, and in the record.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
        }
    }
}

/// Why nothing can be answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoGate {
    /// No hook runs.
    #[error("deployment {id} ({status}) waits for nobody's approval: no hook is at work; see greenlight status {id}")]
    NoHook {
        /// Which.
        id: String,
        /// Its status.
        status: String,
    },
    /// Which hook runs is not to be seen.
    #[error("which hook of deployment {id} ({status}) is at work is not to be seen yet; try again in a moment")]
    Unseen {
        /// Which.
        id: String,
        /// Its status.
        status: String,
    },
    /// It runs, and has asked nobody.
    #[error(
        "the hook of {event} waits for nobody's approval: it still runs its checks, its plan asks nobody, or its log does not \
         show it yet; see the log of {function}"
    )]
    NotOpen {
        /// The event.
        event: String,
        /// Its function.
        function: String,
    },
    /// Too late for a yes.
    #[error(
        "the time to approve {check} at {event} was over at {until} UTC: it counts as not given, and the deployment fails there; \
         deploy again"
    )]
    Over {
        /// The approval.
        check: String,
        /// The event.
        event: String,
        /// Until when it could be given.
        until: String,
    },
}

/// The hook that is at work; a rollback's are CodeDeploy's own bookkeeping.
pub fn running(snapshot: &Snapshot, hooks: &BTreeMap<String, String>) -> Option<RunningHook> {
    if snapshot.deployment.status.is_terminal() || snapshot.deployment.rolls_back.is_some() {
        return None;
    }
    let events = snapshot.target.iter().flat_map(|target| &target.events);
    let at_work = events.filter(|event| event.status == EventStatus::InProgress);
    at_work.filter(|event| HOOK_EVENTS.contains(&event.name.as_str())).find_map(|event| {
        let function = hooks.get(&event.name)?.clone();
        Some(RunningHook { event: event.name.clone(), function, started: event.started? })
    })
}

/// Why no hook is to be answered.
pub fn nobody_asks(snapshot: &Snapshot) -> NoGate {
    let (id, status) = (snapshot.deployment.id.clone(), snapshot.deployment.status.as_str().to_owned());
    match snapshot.target {
        None if !snapshot.deployment.status.is_terminal() => NoGate::Unseen { id, status },
        Some(_) | None => NoGate::NoHook { id, status },
    }
}

/// Whether the event ended as this answer would have it: then it was given, by a call of ours whose answer was lost or by
/// somebody else, and is not to be given again.
pub fn holds(snapshot: &Snapshot, event: &str, answer: Answer) -> bool {
    let status = snapshot.target.as_ref().and_then(|target| target.event(event)).map(|event| &event.status);
    match answer {
        Answer::Approved => status == Some(&EventStatus::Succeeded),
        Answer::Rejected => status == Some(&EventStatus::Failed),
    }
}

/// Whether to look for a gate now, after so many looks, the last one then.
pub fn look_is_due(hook: &RunningHook, looks: u32, last: Option<Timestamp>, now: Timestamp) -> bool {
    let pause = FIRST_LOOK.saturating_mul(1 << looks.min(8)).min(LONGEST_PAUSE);
    reached(last.unwrap_or(hook.started), pause, now)
}

/// The gate of an evidence that waits.
pub fn of(evidence: &Evidence) -> Option<&Gate> {
    evidence.gate.as_ref().filter(|_| evidence.verdict.decision == Decision::Waiting)
}

/// Whether nobody came: its own time is over, or CodeDeploy's nearly is.
pub fn is_over(gate: &Gate, started: Timestamp, pace: f64, now: Timestamp) -> bool {
    now >= gate.until || reached(started, (HOUR - BEFORE_THE_HOUR).div_f64(pace), now)
}

/// Whether this answer still counts. A no always does.
pub fn admits(gate: &Gate, event: &str, answer: Answer, now: Timestamp) -> Result<(), NoGate> {
    match answer {
        Answer::Approved if now >= gate.until => Err(NoGate::Over {
            check: gate.check.clone(),
            event: event.to_owned(),
            until: gate.until.strftime("%H:%M").to_string(),
        }),
        Answer::Approved | Answer::Rejected => Ok(()),
    }
}

fn reached(from: Timestamp, wait: Duration, now: Timestamp) -> bool {
    SignedDuration::try_from(wait).is_ok_and(|wait| now.duration_since(from) >= wait)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::testing::{at, set_event, snapshot};

    fn gate(until: i64) -> Gate {
        Gate {
            check: "go".to_owned(),
            from: vec!["ana".to_owned()],
            opened_at: at(60),
            until: at(until),
            execution_id: "token".to_owned(),
        }
    }

    fn hooks() -> BTreeMap<String, String> {
        BTreeMap::from([("AfterAllowTestTraffic".to_owned(), "Hook_A".to_owned())])
    }

    #[test]
    fn only_a_hook_that_runs_in_a_deployment_that_goes_forward_can_ask() {
        let mut seen = snapshot("InProgress");
        assert_eq!(running(&seen, &hooks()), None);
        set_event(&mut seen, "AfterAllowTestTraffic", EventStatus::InProgress);
        assert_eq!(running(&seen, &hooks()).map(|hook| hook.function), Some("Hook_A".to_owned()));
        assert_eq!(running(&seen, &BTreeMap::new()), None, "its function is not known");
        seen.deployment.rolls_back = Some("d-0".to_owned());
        assert_eq!(running(&seen, &hooks()), None);
    }

    #[test]
    fn looks_become_rarer_and_never_stop() {
        let hook = RunningHook { event: String::new(), function: String::new(), started: at(0) };
        assert!(!look_is_due(&hook, 0, None, at(4)) && look_is_due(&hook, 0, None, at(5)));
        assert!(!look_is_due(&hook, 1, Some(at(5)), at(14)) && look_is_due(&hook, 1, Some(at(5)), at(15)));
        assert!(!look_is_due(&hook, 90, Some(at(900)), at(929)) && look_is_due(&hook, 90, Some(at(900)), at(930)));
    }

    #[test]
    fn nobody_came_when_the_gates_time_is_over_or_codedeploys_nearly_is() {
        assert!(!is_over(&gate(1800), at(0), 1.0, at(1799)));
        assert!(is_over(&gate(1800), at(0), 1.0, at(1800)));
        assert!(!is_over(&gate(9000), at(0), 1.0, at(3419)));
        assert!(is_over(&gate(9000), at(0), 1.0, at(3420)), "before CodeDeploy's hour ends");
    }

    #[test]
    fn an_answer_holds_where_the_event_ended_as_it_says() {
        let mut seen = snapshot("InProgress");
        let holds =
            |seen: &Snapshot| [Answer::Approved, Answer::Rejected].map(|answer| holds(seen, "AfterInstall", answer));
        for (status, expected) in [
            (EventStatus::InProgress, [false, false]),
            (EventStatus::Succeeded, [true, false]),
            (EventStatus::Failed, [false, true]),
            (EventStatus::Skipped, [false, false]),
            (EventStatus::Other("Dozing".to_owned()), [false, false]),
        ] {
            set_event(&mut seen, "AfterInstall", status);
            assert_eq!(holds(&seen), expected);
        }
        seen.target = None;
        assert_eq!(holds(&seen), [false, false], "what is not seen is no answer");
    }

    #[test]
    fn a_target_that_is_not_seen_is_no_target_without_a_hook() {
        let mut seen = snapshot("InProgress");
        assert!(matches!(nobody_asks(&seen), NoGate::NoHook { .. }));
        seen.target = None;
        assert!(matches!(nobody_asks(&seen), NoGate::Unseen { .. }));
        seen.deployment.status = crate::snapshot::DeploymentStatus::Failed;
        assert!(matches!(nobody_asks(&seen), NoGate::NoHook { .. }), "it has ended without one");
    }

    #[test]
    fn a_yes_has_its_time_and_a_no_always_counts() {
        assert_eq!(admits(&gate(100), "E", Answer::Approved, at(99)), Ok(()));
        assert_eq!(admits(&gate(100), "E", Answer::Rejected, at(500)), Ok(()));
        let told = admits(&gate(100), "E", Answer::Approved, at(100)).unwrap_err().to_string();
        assert_eq!(
            told,
            "the time to approve go at E was over at 08:01 UTC: it counts as not given, and the deployment fails there; deploy again"
        );
    }
}
