//! Are the targets of a task set healthy? Pure: target descriptions in, a standing and its reason out.
//!
//! A request that is answered proves nothing about this: with no healthy target at all, a load balancer sends requests to
//! every target ("fails open").

#![deny(clippy::wildcard_enum_match_arm)]

use std::time::Duration;

use greenlight_checks::evidence::Standing;
use greenlight_checks::message::{Message, codes};
use greenlight_checks::plan::TargetsHealthy;

use crate::demands::{Demands, Version};
use crate::facts::{Facts, Role, Target, TargetState};

/// How the targets stand at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Targets {
    /// Healthy ones.
    pub(crate) healthy: usize,
    /// How many there should be: the task set's desired count, or more where more are registered.
    pub(crate) expected: usize,
    /// `10.0.3.7:80: unhealthy (Target.Timeout)`, of those that are not healthy.
    pub(crate) others: Vec<String>,
    /// The target group is not behind any listener, so its targets are not checked.
    pub(crate) not_in_use: bool,
}

impl Targets {
    /// Counts targets. Those that drain are leaving: they belong to an earlier deployment, and are not counted.
    pub(crate) fn count(targets: &[Target], desired: usize) -> Self {
        let mut healthy = 0;
        let mut others = Vec::new();
        let mut unused = 0;
        for target in targets {
            match &target.state {
                TargetState::Healthy => healthy += 1,
                TargetState::Draining | TargetState::UnhealthyDraining => {}
                TargetState::Unused => {
                    unused += usize::from(target.reason.as_deref() == Some("Target.NotInUse"));
                    others.push(described(target));
                }
                TargetState::Initial | TargetState::Unhealthy | TargetState::Unavailable | TargetState::Other(_) => {
                    others.push(described(target))
                }
            }
        }
        let registered = healthy + others.len();
        Self {
            healthy,
            expected: desired.max(registered),
            not_in_use: unused > 0 && unused == others.len() && healthy == 0,
            others,
        }
    }

    /// Whether the plan is content with them. No target at all is never enough.
    pub(crate) fn suffice(&self, needed: &TargetsHealthy) -> bool {
        match needed {
            TargetsHealthy::All => self.healthy > 0 && self.healthy == self.expected,
            TargetsHealthy::AtLeast(count) => self.healthy >= usize::try_from(*count).unwrap_or(usize::MAX).max(1),
        }
    }

    /// `2 of 2 targets healthy`; says whose they are where the checks test another task set.
    pub(crate) fn summary(&self, demands: &Demands) -> String {
        let Self { healthy, expected, .. } = self;
        if demands.targets == demands.tested {
            format!("{healthy} of {expected} targets healthy")
        } else {
            format!("{healthy} of {expected} {} targets healthy", demands.targets.name())
        }
    }

    /// The standing and the reason of targets that did not suffice after a while.
    pub(crate) fn insufficient(
        &self,
        needed: &TargetsHealthy,
        after: Duration,
        demands: &Demands,
        facts: &Facts,
    ) -> (Standing, Message) {
        let seconds = after.as_secs();
        let whose = demands.targets.name();
        if self.not_in_use {
            let advice = match (demands.targets, demands.leads_to(Role::Test)) {
                (Version::Replacement, None) => {
                    "validate the replacement at AfterAllowTestTraffic, when the test listener leads to it"
                }
                (Version::Replacement, Some(_)) | (Version::Original, _) => "give the deployment group a test listener",
            };
            let configuration = facts.deployment.configuration.as_deref().unwrap_or("the deployment configuration");
            let text = format!(
                "the health of the {whose}'s targets cannot be known: their target group is behind no listener \
                 (Target.NotInUse), not even with weight 0, after {seconds}s; so it is with an all-at-once configuration until \
                 traffic moves (this is {configuration}); {advice}"
            );
            return (Standing::NotAttestable, Message::new(codes::TARGETS_UNHEALTHY, "targets", text));
        }
        let needed = match needed {
            TargetsHealthy::All => String::new(),
            TargetsHealthy::AtLeast(count) => format!(", {count} needed"),
        };
        let unregistered = self.expected.saturating_sub(self.healthy + self.others.len());
        let mut seen = self.others.clone();
        if unregistered > 0 {
            seen.push(format!("{unregistered} not registered"));
        }
        let text = format!(
            "{} of {} {whose} targets unhealthy after {seconds}s{needed} ({}); the load balancer still answers \
             because it fails open",
            self.expected - self.healthy,
            self.expected,
            if seen.is_empty() { "none is registered".to_owned() } else { seen.join(", ") }
        );
        (Standing::Contradicted, Message::new(codes::TARGETS_UNHEALTHY, "targets", text))
    }
}

fn described(target: &Target) -> String {
    let state = &target.state;
    match (&target.reason, &target.description) {
        (Some(reason), Some(description)) => format!("{}: {state} ({reason}, {description})", target.address()),
        (Some(reason), None) => format!("{}: {state} ({reason})", target.address()),
        (None, _) => format!("{}: {state}", target.address()),
    }
}

#[cfg(test)]
mod tests {
    use greenlight_checks::event::HookEvent;

    use super::*;
    use crate::attest::tests::facts;

    const DEMANDS: Demands = Demands::at(HookEvent::AfterAllowTestTraffic);

    fn target(state: &str, reason: Option<&str>) -> Target {
        Target {
            id: "10.0.3.7".to_owned(),
            port: Some(80),
            state: state.into(),
            reason: reason.map(str::to_owned),
            description: None,
        }
    }

    fn count(states: &[&str], desired: usize) -> Targets {
        let targets: Vec<Target> = states.iter().map(|state| target(state, None)).collect();
        Targets::count(&targets, desired)
    }

    #[test]
    fn all_means_as_many_as_the_task_set_should_run_and_every_one() {
        for (states, desired, sufficient) in [
            (&["healthy", "healthy"][..], 2, true),
            (&["healthy"], 2, false),
            (&["healthy", "unhealthy"], 1, false),
            (&["healthy", "initial"], 2, false),
            (&["healthy", "healthy", "draining", "unhealthy.draining"], 2, true),
            (&["healthy", "unavailable"], 2, false),
            (&["healthy", "no such state"], 2, false),
            (&[], 0, false),
            (&[], 2, false),
        ] {
            assert_eq!(count(states, desired).suffice(&TargetsHealthy::All), sufficient, "{states:?} of {desired}");
        }
    }

    #[test]
    fn at_least_counts_healthy_ones_and_never_accepts_none() {
        assert!(count(&["healthy", "unhealthy"], 2).suffice(&TargetsHealthy::AtLeast(1)));
        assert!(!count(&["healthy", "unhealthy"], 2).suffice(&TargetsHealthy::AtLeast(2)));
        assert!(!count(&["unhealthy"], 1).suffice(&TargetsHealthy::AtLeast(0)));
    }

    #[test]
    fn a_target_group_behind_no_listener_is_not_attestable_rather_than_unhealthy() {
        let unused = Targets::count(&[target("unused", Some("Target.NotInUse"))], 1);
        let (standing, message) =
            unused.insufficient(&TargetsHealthy::All, Duration::from_secs(60), &DEMANDS, &facts());
        assert_eq!(standing, Standing::NotAttestable);
        assert!(message.text.contains("behind no listener"), "{message}");
        let early = Demands::at(HookEvent::AfterInstall);
        let (standing, message) = unused.insufficient(&TargetsHealthy::All, Duration::from_secs(60), &early, &facts());
        assert_eq!(standing, Standing::NotAttestable);
        assert!(message.text.ends_with("AfterAllowTestTraffic, when the test listener leads to it"), "{message}");
    }

    #[test]
    fn the_message_names_each_target_and_what_is_missing() {
        let targets = [target("healthy", None), target("unhealthy", Some("Target.ResponseCodeMismatch"))];
        let (standing, message) =
            Targets::count(&targets, 3).insufficient(&TargetsHealthy::All, Duration::from_secs(90), &DEMANDS, &facts());
        assert_eq!(standing, Standing::Contradicted);
        assert_eq!(
            message.to_string(),
            "GL1103 targets: 2 of 3 replacement targets unhealthy after 90s (10.0.3.7:80: unhealthy \
             (Target.ResponseCodeMismatch), 1 not registered); the load balancer still answers because it fails open"
        );
    }

    #[test]
    fn the_summary_says_whose_targets_they_are_where_the_checks_test_the_other_task_set() {
        let targets = count(&["healthy", "healthy"], 2);
        let summary = |event| targets.summary(&Demands::at(event));
        assert_eq!(summary(HookEvent::BeforeInstall), "2 of 2 targets healthy");
        assert_eq!(summary(HookEvent::AfterInstall), "2 of 2 replacement targets healthy");
        assert_eq!(summary(HookEvent::AfterAllowTraffic), "2 of 2 targets healthy");
    }
}
