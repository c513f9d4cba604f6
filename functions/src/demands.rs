//! What can be attested at which lifecycle event: one table, pure. Nothing is read or compared here.
//!
//! The order of events is the user guide's ("What happens during an Amazon ECS deployment"): a replacement task set is
//! created in Install, the test listener leads to it from AllowTestTraffic on, production from AllowTraffic on. Before
//! AllowTestTraffic no listener leads to the replacement, so that whatever answers a check is the original.
//!
//! | | BeforeInstall | AfterInstall | AfterAllowTestTraffic | BeforeAllowTraffic | AfterAllowTraffic |
//! |---|---|---|---|---|---|
//! | task set of this deployment | must not exist | exists | exists | exists | exists |
//! | production leads to | original | original | original | original | replacement |
//! | test listener leads to | not promised | not promised | replacement | replacement | replacement |
//! | checks test | original | original | replacement | replacement | replacement |
//! | healthy targets, and tasks that they are, of | original | replacement | replacement | replacement | replacement |
//! | image of every task (`attest.image`) of | not attestable | replacement | replacement | replacement | replacement |
//! | answers come from tasks (`attest.identity`) of | original | original | replacement | replacement | replacement |
//!
//! One cell depends on more than the event: where the replacement's target group is behind no listener, not even with weight
//! 0 (an all-at-once configuration, until traffic moves or a test listener leads there), its targets are not checked by the
//! load balancer, and their health is not attestable whatever the table says. `targets` tells that from what it reads.

#![deny(clippy::wildcard_enum_match_arm)]

use greenlight_checks::event::HookEvent;
use greenlight_checks::message::{Message, codes};
use greenlight_checks::plan::Attest;

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
    /// Whose targets must be healthy, and tasks of it.
    pub(crate) targets: Version,
    /// Whose image can be attested: the replacement's, once there is one.
    pub(crate) image: Option<Version>,
}

impl Demands {
    /// The table.
    pub(crate) const fn at(event: HookEvent) -> Self {
        use Version::{Original, Replacement};
        let image = Some(Replacement);
        match event {
            // CreateTaskSet comes with Install: all that there is to attest is the original.
            HookEvent::BeforeInstall => {
                Self { event, created: false, production: Original, tested: Original, targets: Original, image: None }
            }
            // The replacement is steady and no listener leads to it: its targets are all that can be seen of it, and the
            // checks see the original. With an all-at-once configuration not even the targets' health is known, because a
            // target group behind no listener is not checked (troubleshooting guide).
            HookEvent::AfterInstall => {
                Self { image, event, created: true, production: Original, tested: Original, targets: Replacement }
            }
            // Between the switch of the test listener and the shift of production, both are known.
            HookEvent::AfterAllowTestTraffic | HookEvent::BeforeAllowTraffic => {
                Self { image, event, created: true, production: Original, tested: Replacement, targets: Replacement }
            }
            // Production has shifted to its end; the original still runs, until the termination wait is over.
            HookEvent::AfterAllowTraffic => {
                Self { image, event, created: true, production: Replacement, tested: Replacement, targets: Replacement }
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

    /// Refuses what the plan wants attested and this event cannot show: left out in silence, it would pass for proven.
    pub(crate) fn admit(&self, attest: &Attest) -> Result<(), Message> {
        if attest.image.is_none() || self.image.is_some() {
            return Ok(());
        }
        let text = format!(
            "attest.image is not attestable at {event}: there is no replacement task set before Install; leave it out of a \
             plan of {event}'s own, and attest the image at AfterInstall or later",
            event = self.event
        );
        Err(Message::new(codes::IMAGE_NOT_ATTESTABLE, "image", text))
    }
}

#[cfg(test)]
mod tests {
    use HookEvent::{AfterAllowTestTraffic, AfterAllowTraffic, AfterInstall, BeforeAllowTraffic, BeforeInstall};
    use Version::{Original, Replacement};

    use super::*;

    /// Every cell of the table in the module's documentation.
    #[test]
    fn each_fact_is_attestable_at_each_event_of_the_version_that_the_table_says() {
        let events = [BeforeInstall, AfterInstall, AfterAllowTestTraffic, BeforeAllowTraffic, AfterAllowTraffic];
        let (original, replacement) = (Some(Original), Some(Replacement));
        type Fact = fn(&Demands) -> Option<Version>;
        let table: [(&str, Fact, [Option<Version>; 5]); 7] = [
            (
                "its task set",
                |at| at.created.then_some(Replacement),
                [None, replacement, replacement, replacement, replacement],
            ),
            ("production", |at| at.leads_to(Role::Production), [original, original, original, original, replacement]),
            ("test listener", |at| at.leads_to(Role::Test), [None, None, replacement, replacement, replacement]),
            ("checks", |at| Some(at.tested), [original, original, replacement, replacement, replacement]),
            ("targets", |at| Some(at.targets), [original, replacement, replacement, replacement, replacement]),
            ("image", |at| at.image, [None, replacement, replacement, replacement, replacement]),
            ("identity", |at| Some(at.tested), [original, original, replacement, replacement, replacement]),
        ];
        assert_eq!(events, HookEvent::ALL);
        for (fact, attestable, row) in table {
            for (event, expected) in events.into_iter().zip(row) {
                assert_eq!(attestable(&Demands::at(event)), expected, "{fact} at {event}");
            }
        }
    }

    #[test]
    fn nothing_is_demanded_of_a_replacement_that_does_not_exist() {
        for demands in HookEvent::ALL.map(Demands::at) {
            let versions = [Some(demands.production), Some(demands.tested), Some(demands.targets), demands.image];
            assert!(demands.created || !versions.contains(&Some(Replacement)), "{demands:?}");
        }
    }

    #[test]
    fn some_listener_leads_to_the_tested_version_at_every_event() {
        for demands in HookEvent::ALL.map(Demands::at) {
            let reached = [Role::Production, Role::Test].map(|role| demands.leads_to(role));
            assert!(reached.contains(&Some(demands.tested)), "{demands:?}");
        }
    }
}
