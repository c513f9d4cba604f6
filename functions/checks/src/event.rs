//! The five lifecycle events of an ECS deployment at which CodeDeploy calls a function, and nothing else of CodeDeploy.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A lifecycle event that can carry a hook function (CodeDeploy user guide, "AppSpec 'hooks' section", ECS).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum HookEvent {
    /// Before the replacement task set is created.
    BeforeInstall,
    /// After the replacement task set is created and steady.
    AfterInstall,
    /// After the test listener serves the replacement task set.
    AfterAllowTestTraffic,
    /// Before production traffic shifts.
    BeforeAllowTraffic,
    /// After production traffic has shifted.
    AfterAllowTraffic,
}

impl HookEvent {
    /// All of them, in the order in which CodeDeploy runs them.
    pub const ALL: [Self; 5] = [
        Self::BeforeInstall,
        Self::AfterInstall,
        Self::AfterAllowTestTraffic,
        Self::BeforeAllowTraffic,
        Self::AfterAllowTraffic,
    ];

    /// The name as CodeDeploy, the AppSpec and the check plan spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BeforeInstall => "BeforeInstall",
            Self::AfterInstall => "AfterInstall",
            Self::AfterAllowTestTraffic => "AfterAllowTestTraffic",
            Self::BeforeAllowTraffic => "BeforeAllowTraffic",
            Self::AfterAllowTraffic => "AfterAllowTraffic",
        }
    }
}

impl fmt::Display for HookEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is none of the five.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown hook event {0:?}; expected one of BeforeInstall, AfterInstall, AfterAllowTestTraffic, BeforeAllowTraffic, AfterAllowTraffic"
)]
pub struct UnknownHookEvent(pub String);

impl FromStr for HookEvent {
    type Err = UnknownHookEvent;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|event| event.name() == name).ok_or_else(|| UnknownHookEvent(name.to_owned()))
    }
}
