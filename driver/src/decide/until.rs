//! How far a deployment is followed: to its end, or to a place on its way. A place that cannot be reached any more is told as such,
//! as soon as that can be seen.
#![deny(clippy::wildcard_enum_match_arm)]

use std::str::FromStr;
use std::time::Duration;

use super::watch::replacement_weight;
use crate::document::hint;
use crate::snapshot::{DeploymentStatus, EventStatus, LifecycleEvent, Snapshot};

/// The lifecycle of a group with a test listener, in its order; the gate and the shift have their places in it.
pub(super) const EVENTS: [&str; 8] = [
    "BeforeInstall",
    "Install",
    "AfterInstall",
    "AllowTestTraffic",
    "AfterAllowTestTraffic",
    "BeforeAllowTraffic",
    "AllowTraffic",
    "AfterAllowTraffic",
];
/// What only a test listener has.
const OF_TEST_TRAFFIC: [&str; 2] = ["AllowTestTraffic", "AfterAllowTestTraffic"];
/// The first event behind the gate.
const BEHIND_THE_GATE: &str = "BeforeAllowTraffic";

/// A place on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// This event has succeeded.
    Event(&'static str),
    /// All production traffic is with the replacement.
    TrafficShifted,
    /// It waits for a person: before production traffic shifts, or for an approval that a hook asks for.
    Gate,
}

/// Whether a hook may wait for a person's approval, as far as that can be known before the deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approval {
    /// Its plan asks somebody, or is not known here.
    Possible,
    /// No hook has a function.
    NoHook,
    /// The check plan asks nobody where a hook has a function.
    NotInThePlan,
}

impl FromStr for Until {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "traffic-shifted" => Ok(Self::TrafficShifted),
            "gate" => Ok(Self::Gate),
            _ => EVENTS.into_iter().find(|event| *event == text).map(Self::Event).ok_or_else(|| {
                let names = EVENTS.into_iter().chain(["traffic-shifted", "gate"]);
                format!("no such place{}", hint(text, names))
            }),
        }
    }
}

impl Until {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Event(event) => event,
            Self::TrafficShifted => "traffic-shifted",
            Self::Gate => "gate",
        }
    }

    /// Whether a deployment of this group passes it at all.
    pub fn is_on_the_way(
        self,
        has_test_listener: bool,
        ready_wait: Duration,
        approval: Approval,
    ) -> Result<(), String> {
        let never = |why: &str| {
            Err(format!(
                "--until gate would never be reached: the deployment group shifts production traffic without waiting for a person (deploymentReadyOption CONTINUE_DEPLOYMENT), and no hook waits for an approval: {why}"
            ))
        };
        match self {
            Self::Event(event) if OF_TEST_TRAFFIC.contains(&event) && !has_test_listener => Err(format!(
                "--until {event} would never be reached: the deployment group has no test listener, so its deployments have no such event"
            )),
            Self::Gate if ready_wait.is_zero() => match approval {
                Approval::Possible => Ok(()),
                Approval::NoHook => never("none has a function"),
                Approval::NotInThePlan => never("the check plan asks nobody at an event with a function"),
            },
            Self::Event(_) | Self::TrafficShifted | Self::Gate => Ok(()),
        }
    }
}

/// How the place stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It may be reached.
    Ahead,
    /// It is reached, or passed.
    Reached,
    /// It will not be reached.
    OutOfReach,
}

/// How it stands in this snapshot; `was_asked` when a hook was seen to ask for a person's approval, answered since or not.
pub fn standing(until: Until, snapshot: &Snapshot, was_asked: bool) -> Standing {
    if is_reached(until, snapshot) || (until == Until::Gate && was_asked) {
        return Standing::Reached;
    }
    let events = snapshot.target.as_ref().map(|target| target.events.as_slice()).unwrap_or_default();
    let failed = events.iter().any(|event| matches!(event.status, EventStatus::Failed | EventStatus::Skipped));
    let is_over = |event: &LifecycleEvent| event.status == EventStatus::Succeeded;
    let no_hook_is_left = until == Until::Gate && events.last().is_some_and(is_over);
    if failed || no_hook_is_left || is_absent(until, snapshot) || snapshot.deployment.status.is_terminal() {
        Standing::OutOfReach
    } else {
        Standing::Ahead
    }
}

fn is_reached(until: Until, snapshot: &Snapshot) -> bool {
    let status = |name: &str| snapshot.target.as_ref().and_then(|target| target.event(name)).map(|event| &event.status);
    let succeeded = |name: &str| status(name) == Some(&EventStatus::Succeeded);
    match until {
        Until::Event(name) => succeeded(name),
        // The weight is moved within the event; only its end says that no step is left.
        Until::TrafficShifted => succeeded("AllowTraffic") && replacement_weight(snapshot) >= 100.0,
        Until::Gate => {
            let passed = matches!(status(BEHIND_THE_GATE), Some(EventStatus::InProgress | EventStatus::Succeeded));
            // Where the group does not wait, only an approval is a gate, and it may come as late as the last hook.
            let waits = !snapshot.deployment.ready_wait.is_zero();
            snapshot.deployment.status == DeploymentStatus::Ready || (waits && passed)
        }
    }
}

/// Whether the deployment does not have this event, though its group was thought to.
pub fn is_absent(until: Until, snapshot: &Snapshot) -> bool {
    let events = snapshot.target.as_ref().map(|target| target.events.as_slice()).unwrap_or_default();
    match until {
        Until::Event(name) => !events.is_empty() && events.iter().all(|event| event.name != name),
        Until::TrafficShifted | Until::Gate => false,
    }
}

/// Whether the deployment waits for a person.
pub fn is_at_the_gate(snapshot: &Snapshot) -> bool {
    snapshot.deployment.status == DeploymentStatus::Ready
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::testing::{set_event, set_weight, snapshot};

    #[test]
    fn a_place_is_known_by_its_name_and_a_misspelt_one_is_told_the_nearest() {
        assert_eq!("Install".parse(), Ok(Until::Event("Install")));
        assert_eq!("traffic-shifted".parse(), Ok(Until::TrafficShifted));
        assert_eq!("gate".parse(), Ok(Until::Gate));
        assert_eq!("Instal".parse::<Until>(), Err("no such place; did you mean \"Install\"?".to_owned()));
    }

    #[test]
    fn an_event_is_reached_when_it_has_succeeded_and_out_of_reach_when_one_fails() {
        let until = Until::Event("AfterInstall");
        let mut seen = snapshot("InProgress");
        set_event(&mut seen, "AfterInstall", EventStatus::InProgress);
        assert_eq!(standing(until, &seen, false), Standing::Ahead);
        let mut failed = seen.clone();
        set_event(&mut failed, "Install", EventStatus::Failed);
        assert_eq!(standing(until, &failed, false), Standing::OutOfReach, "before the deployment has ended");
        set_event(&mut seen, "AfterInstall", EventStatus::Succeeded);
        assert_eq!(standing(until, &seen, false), Standing::Reached);
        set_event(&mut seen, "BeforeAllowTraffic", EventStatus::Failed);
        assert_eq!(standing(until, &seen, false), Standing::Reached, "it was reached, whatever comes later");
    }

    #[test]
    fn an_event_that_the_deployment_does_not_have_is_out_of_reach() {
        let mut seen = snapshot("InProgress");
        seen.target.as_mut().unwrap().events.retain(|event| event.name != "AllowTestTraffic");
        assert_eq!(standing(Until::Event("AllowTestTraffic"), &seen, false), Standing::OutOfReach);
        seen.target.as_mut().unwrap().events.clear();
        assert_eq!(standing(Until::Event("AllowTestTraffic"), &seen, false), Standing::Ahead, "nothing is known yet");
    }

    #[test]
    fn traffic_has_shifted_when_the_event_has_ended_and_the_weight_says_so() {
        let mut seen = snapshot("InProgress");
        set_weight(&mut seen, 100.0);
        set_event(&mut seen, "AllowTraffic", EventStatus::InProgress);
        assert_eq!(standing(Until::TrafficShifted, &seen, false), Standing::Ahead);
        set_event(&mut seen, "AllowTraffic", EventStatus::Succeeded);
        assert_eq!(standing(Until::TrafficShifted, &seen, false), Standing::Reached);
        set_weight(&mut seen, 90.0);
        assert_eq!(standing(Until::TrafficShifted, &seen, false), Standing::Ahead, "an event alone is no evidence");
        assert_eq!(standing(Until::TrafficShifted, &snapshot("Stopped"), false), Standing::OutOfReach);
    }

    #[test]
    fn a_gate_that_somebody_opened_between_two_looks_was_reached() {
        assert_eq!(standing(Until::Gate, &snapshot("Ready"), false), Standing::Reached);
        let mut seen = snapshot("InProgress");
        seen.deployment.ready_wait = Duration::from_secs(60);
        assert_eq!(standing(Until::Gate, &seen, false), Standing::Ahead);
        set_event(&mut seen, "BeforeAllowTraffic", EventStatus::InProgress);
        assert_eq!(standing(Until::Gate, &seen, false), Standing::Reached);
    }

    #[test]
    fn an_approval_that_was_asked_for_is_the_gate_and_none_is_left_after_the_last_hook() {
        let mut seen = snapshot("InProgress");
        set_event(&mut seen, "AfterAllowTestTraffic", EventStatus::InProgress);
        assert_eq!(standing(Until::Gate, &seen, false), Standing::Ahead);
        assert_eq!(standing(Until::Gate, &seen, true), Standing::Reached);
        assert_eq!(standing(Until::TrafficShifted, &seen, true), Standing::Ahead, "it is no other place");
        set_event(&mut seen, "BeforeAllowTraffic", EventStatus::InProgress);
        assert_eq!(
            standing(Until::Gate, &seen, false),
            Standing::Ahead,
            "the group does not wait; a later hook may ask"
        );
        set_event(&mut seen, "AfterAllowTraffic", EventStatus::Succeeded);
        assert_eq!(standing(Until::Gate, &seen, false), Standing::OutOfReach);
    }

    #[test]
    fn a_place_that_the_group_has_not_is_refused_before_anything_is_created() {
        let minute = Duration::from_secs(60);
        assert_eq!(Until::Event("AllowTestTraffic").is_on_the_way(true, Duration::ZERO, Approval::NoHook), Ok(()));
        let refused = Until::Event("AllowTestTraffic").is_on_the_way(false, minute, Approval::NoHook).unwrap_err();
        assert!(refused.contains("has no test listener"), "{refused}");
        assert_eq!(Until::Gate.is_on_the_way(true, minute, Approval::NoHook), Ok(()));
        assert_eq!(Until::Gate.is_on_the_way(true, Duration::ZERO, Approval::Possible), Ok(()));
        for (approval, why) in
            [(Approval::NoHook, "none has a function"), (Approval::NotInThePlan, "the check plan asks nobody")]
        {
            let refused = Until::Gate.is_on_the_way(true, Duration::ZERO, approval).unwrap_err();
            assert!(refused.contains("without waiting for a person") && refused.contains(why), "{refused}");
        }
    }
}
