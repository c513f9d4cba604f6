//! The lifecycle events of an ECS deployment, in the order in which they happen. What happens at each is in `rules`.

/// A row of the deployment target's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Event {
    BeforeInstall,
    Install,
    AfterInstall,
    AllowTestTraffic,
    AfterAllowTestTraffic,
    BeforeAllowTraffic,
    AllowTraffic,
    AfterAllowTraffic,
}

impl Event {
    pub(crate) const ALL: [Self; 8] = [
        Self::BeforeInstall,
        Self::Install,
        Self::AfterInstall,
        Self::AllowTestTraffic,
        Self::AfterAllowTestTraffic,
        Self::BeforeAllowTraffic,
        Self::AllowTraffic,
        Self::AfterAllowTraffic,
    ];

    /// The rows of a deployment: six, or eight with a test listener.
    pub(crate) fn rows(test_listener: bool) -> Vec<Self> {
        let needs_test = |event: &Self| matches!(event, Self::AllowTestTraffic | Self::AfterAllowTestTraffic);
        Self::ALL.into_iter().filter(|event| test_listener || !needs_test(event)).collect()
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::BeforeInstall => "BeforeInstall",
            Self::Install => "Install",
            Self::AfterInstall => "AfterInstall",
            Self::AllowTestTraffic => "AllowTestTraffic",
            Self::AfterAllowTestTraffic => "AfterAllowTestTraffic",
            Self::BeforeAllowTraffic => "BeforeAllowTraffic",
            Self::AllowTraffic => "AllowTraffic",
            Self::AfterAllowTraffic => "AfterAllowTraffic",
        }
    }

    /// Whether a function can be called here.
    pub(crate) const fn is_hook(self) -> bool {
        !matches!(self, Self::Install | Self::AllowTestTraffic | Self::AllowTraffic)
    }
}
