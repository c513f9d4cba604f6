//! Application Auto Scaling, as far as somebody looks at the service's scalable target, suspends it and marks it. It scales
//! nothing: the service's desired count changes through ECS only.

pub(crate) mod serve;

use std::collections::BTreeMap;

use jiff::Timestamp;

/// The service's registration; there is one service, and one dimension of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct AutoScaling {
    pub(crate) target: Option<ScalableTarget>,
}

/// A scalable target.
#[derive(Clone, Debug)]
pub(crate) struct ScalableTarget {
    pub(crate) arn: String,
    pub(crate) least: u32,
    pub(crate) most: u32,
    pub(crate) suspended: Suspended,
    pub(crate) created: Timestamp,
    pub(crate) tags: BTreeMap<String, String>,
}

/// What is suspended of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Suspended {
    pub(crate) scaling_in: bool,
    pub(crate) scaling_out: bool,
    pub(crate) scheduled: bool,
}

impl Suspended {
    /// For the journal.
    pub(crate) fn described(self) -> &'static str {
        match (self.scaling_in, self.scaling_out, self.scheduled) {
            (false, false, false) => "nothing suspended",
            (true, true, true) => "everything suspended",
            (false | true, false | true, false | true) => "suspended in part",
        }
    }
}
