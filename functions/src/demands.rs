//! What can be attested at which lifecycle event: one table, pure. Nothing is read or compared here.
//!
//! The order of events is the user guide's ("What happens during an Amazon ECS deployment"): a replacement task set is
//! created in Install, the test listener leads to it from AllowTestTraffic on, production from AllowTraffic on. Before
//! AllowTestTraffic no listener leads to the replacement, so that whatever answers a check is the original.

#![deny(clippy::wildcard_enum_match_arm)]

use greenlight_checks::event::HookEvent;

use crate::facts::Role;

/// One of the two task sets of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// The one that served before this deployment.
    Original,
    /// The one that this deployment creates.
    Replacement,
}

impl Version {
    /// The word for it in messages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Replacement => "replacement",
        }
    }
}

/// What must be so at one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Demands {
    /// The event.
    pub(crate) event: HookEvent,
    /// Whether the deployment has created its task set: the one whose external id is the deployment's.
    pub(crate) created: bool,
    /// Where production must lead.
    pub(crate) production: Version,
    /// Whom the checks test, and where their listener must lead.
    pub(crate) tested: Version,
    /// Whose targets must be healthy.
    pub(crate) targets: Version,
}

impl Demands {
    /// The table.
    pub(crate) const fn at(event: HookEvent) -> Self {
        use Version::{Original, Replacement};
        match event {
            // CreateTaskSet comes with Install: all that there is to attest is the original.
            HookEvent::BeforeInstall => {
                Self { event, created: false, production: Original, tested: Original, targets: Original }
            }
            // The replacement is steady and no listener leads to it: its targets are all that can be seen of it, and the
            // checks see the original. With an all-at-once configuration not even the targets' health is known, because a
            // target group behind no listener is not checked (troubleshooting guide).
            HookEvent::AfterInstall => {
                Self { event, created: true, production: Original, tested: Original, targets: Replacement }
            }
            // Between the switch of the test listener and the shift of production, both are known.
            HookEvent::AfterAllowTestTraffic | HookEvent::BeforeAllowTraffic => {
                Self { event, created: true, production: Original, tested: Replacement, targets: Replacement }
            }
            // Production has shifted to its end; the original still runs, until the termination wait is over.
            HookEvent::AfterAllowTraffic => {
                Self { event, created: true, production: Replacement, tested: Replacement, targets: Replacement }
            }
        }
    }

    /// Where a listener leads at this event. Of a test listener that does not lead to the replacement yet nothing is
    /// promised: it may still be where the last deployment left it.
    pub(crate) const fn leads_to(&self, role: Role) -> Option<Version> {
        match (role, self.tested) {
            (Role::Production, _) => Some(self.production),
            (Role::Test, Version::Replacement) => Some(Version::Replacement),
            (Role::Test, Version::Original) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_demanded_of_a_replacement_that_does_not_exist() {
        for demands in HookEvent::ALL.map(Demands::at) {
            let versions = [demands.production, demands.tested, demands.targets];
            assert!(demands.created || !versions.contains(&Version::Replacement), "{demands:?}");
        }
    }

    #[test]
    fn some_listener_leads_to_the_tested_version_at_every_event() {
        for demands in HookEvent::ALL.map(Demands::at) {
            let reached = [Role::Production, Role::Test].map(|role| demands.leads_to(role));
            assert!(reached.contains(&Some(demands.tested)), "{demands:?}");
        }
    }

    #[test]
    fn the_test_listener_is_promised_from_allow_test_traffic_on_and_production_shifts_last() {
        let leads = |role| HookEvent::ALL.map(|event| Demands::at(event).leads_to(role));
        let (original, replacement) = (Some(Version::Original), Some(Version::Replacement));
        assert_eq!(leads(Role::Test), [None, None, replacement, replacement, replacement]);
        assert_eq!(leads(Role::Production), [original, original, original, original, replacement]);
    }
}
