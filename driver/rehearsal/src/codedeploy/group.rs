//! The deployment group: what every deployment takes over unless it overrides it. Data only.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::scenario::RollbackOn;

/// `autoRollbackConfiguration`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AutoRollback {
    pub(crate) enabled: bool,
    pub(crate) events: BTreeSet<RollbackOn>,
}

impl AutoRollback {
    pub(crate) fn applies(&self, event: RollbackOn) -> bool {
        self.enabled && self.events.contains(&event)
    }
}

/// The one deployment group.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) id: String,
    pub(crate) configuration: String,
    pub(crate) auto_rollback: AutoRollback,
    pub(crate) ready_wait: Option<Duration>,
    pub(crate) termination_wait: Duration,
    /// Names of the pair of target groups.
    pub(crate) target_groups: [String; 2],
    pub(crate) production_listener: String,
    pub(crate) test_listener: Option<String>,
    /// Alarms that stop each of its deployments that brings none of its own.
    pub(crate) alarms: Vec<String>,
}
