//! How far a deployment is followed: to its end, or to a place on its way. A place that cannot be reached any more is told as such,
//! as soon as that can be seen.
#![deny(clippy::wildcard_enum_match_arm)]

use std::str::FromStr;
use std::time::Duration;

use super::watch::replacement_weight;
use crate::document::hint;
use crate::snapshot::{DeploymentStatus, EventStatus, Snapshot};

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
    /// It waits for a person before production traffic shifts.
    Gate,
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
    pub fn is_on_the_way(self, has_test_listener: bool, ready_wait: Duration) -> Result<(), String> {
        match self {
            Self::Event(event) if OF_TEST_TRAFFIC.contains(&event) && !has_test_listener => Err(format!(
                "--until {event} would never be reached: the deployment group has no test listener, so its deployments have no such event"
            )),
            Self::Gate if ready_wait.is_zero() => Err(
                "--until gate would never be reached: the deployment group shifts production traffic without waiting for a person (deploymentReadyOption CONTINUE_DEPLOYMENT)".to_owned(),
            ),
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

/// How it stands in this snapshot.
pub fn standing(until: Until, snapshot: &Snapshot) -> Standing {
    if is_reached(until, snapshot) {
        return Standing::Reached;
    }
    let events = snapshot.target.as_ref().map(|target| target.events.as_slice()).unwrap_or_default();
    let failed = events.iter().any(|event| matches!(event.status, EventStatus::Failed | EventStatus::Skipped));
    if failed || is_absent(until, snapshot) || snapshot.deployment.status.is_terminal() {
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
            snapshot.deployment.status == DeploymentStatus::Ready || passed
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
        assert_eq!(standing(until, &seen), Standing::Ahead);
        let mut failed = seen.clone();
        set_event(&mut failed, "Install", EventStatus::Failed);
        assert_eq!(standing(until, &failed), Standing::OutOfReach, "before the deployment has ended");
        set_event(&mut seen, "AfterInstall", EventStatus::Succeeded);
        assert_eq!(standing(until, &seen), Standing::Reached);
        set_event(&mut seen, "BeforeAllowTraffic", EventStatus::Failed);
        assert_eq!(standing(until, &seen), Standing::Reached, "it was reached, whatever comes later");
    }

    #[test]
    fn an_event_that_the_deployment_does_not_have_is_out_of_reach() {
        let mut seen = snapshot("InProgress");
        seen.target.as_mut().unwrap().events.retain(|event| event.name != "AllowTestTraffic");
        assert_eq!(standing(Until::Event("AllowTestTraffic"), &seen), Standing::OutOfReach);
        seen.target.as_mut().unwrap().events.clear();
        assert_eq!(standing(Until::Event("AllowTestTraffic"), &seen), Standing::Ahead, "nothing is known yet");
    }

    #[test]
    fn traffic_has_shifted_when_the_event_has_ended_and_the_weight_says_so() {
        let mut seen = snapshot("InProgress");
        set_weight(&mut seen, 100.0);
        set_event(&mut seen, "AllowTraffic", EventStatus::InProgress);
        assert_eq!(standing(Until::TrafficShifted, &seen), Standing::Ahead);
        set_event(&mut seen, "AllowTraffic", EventStatus::Succeeded);
        assert_eq!(standing(Until::TrafficShifted, &seen), Standing::Reached);
        set_weight(&mut seen, 90.0);
        assert_eq!(standing(Until::TrafficShifted, &seen), Standing::Ahead, "an event alone is no evidence");
        assert_eq!(standing(Until::TrafficShifted, &snapshot("Stopped")), Standing::OutOfReach);
    }

    #[test]
    fn a_gate_that_somebody_opened_between_two_looks_was_reached() {
        assert_eq!(standing(Until::Gate, &snapshot("Ready")), Standing::Reached);
        let mut seen = snapshot("InProgress");
        assert_eq!(standing(Until::Gate, &seen), Standing::Ahead);
        set_event(&mut seen, "BeforeAllowTraffic", EventStatus::InProgress);
        assert_eq!(standing(Until::Gate, &seen), Standing::Reached);
    }

    #[test]
    fn a_place_that_the_group_has_not_is_refused_before_anything_is_created() {
        let minute = Duration::from_secs(60);
        assert_eq!(Until::Event("AllowTestTraffic").is_on_the_way(true, Duration::ZERO), Ok(()));
        let refused = Until::Event("AllowTestTraffic").is_on_the_way(false, minute).unwrap_err();
        assert!(refused.contains("has no test listener"), "{refused}");
        assert_eq!(Until::Gate.is_on_the_way(true, minute), Ok(()));
        let refused = Until::Gate.is_on_the_way(true, Duration::ZERO).unwrap_err();
        assert!(refused.contains("without waiting for a person"), "{refused}");
    }
}
