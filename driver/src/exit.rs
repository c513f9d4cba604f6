//! How the command ends: one table from outcome to exit code and name. It decides nothing; see [`crate::decide::outcome`].

/// Every way in which the command can end. The codes are a stable surface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The deployment succeeded.
    Succeeded,
    /// `deploy --detach`, `--until`: it got as far as was asked, and the deployment goes on without us.
    AsFarAsAsked,
    /// Something that is no outcome of a deployment.
    Unexpected,
    /// `check`: a check did not pass; `invoke`: the hook did not find for Succeeded and report it.
    NotPassed,
    /// The command line or a file is wrong; nothing was changed.
    Usage,
    /// `plan`: deploying would change something.
    Changes,
    /// Failed, and the original task set serves again.
    RolledBack,
    /// Failed by a hook, and the original task set serves again.
    HookRolledBack,
    /// Stopped by an alarm, and the original task set serves again.
    AlarmRolledBack,
    /// Stopped by a person, or for want of one.
    Stopped,
    /// Failed, and the original task set does not serve everything for certain.
    NotRolledBack,
    /// The deadline passed and the deployment still runs.
    DeadlinePassed,
    /// Another deployment of the group is active.
    Conflict,
    /// `--no-wait-at-gate`: the deployment waits for a person.
    WaitsForPerson,
    /// Something would fail the deployment, and nothing was registered.
    Preflight,
    /// SIGINT: the deployment goes on without us.
    Interrupted,
    /// SIGTERM: the deployment goes on without us.
    Terminated,
}

impl Exit {
    /// All of them, in the order of the codes.
    pub const ALL: [Self; 17] = [
        Self::Succeeded,
        Self::AsFarAsAsked,
        Self::Unexpected,
        Self::NotPassed,
        Self::Usage,
        Self::Changes,
        Self::RolledBack,
        Self::HookRolledBack,
        Self::AlarmRolledBack,
        Self::Stopped,
        Self::NotRolledBack,
        Self::DeadlinePassed,
        Self::Conflict,
        Self::WaitsForPerson,
        Self::Preflight,
        Self::Interrupted,
        Self::Terminated,
    ];

    /// The process's exit code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Succeeded | Self::AsFarAsAsked => 0,
            Self::Unexpected | Self::NotPassed => 1,
            Self::Usage => 2,
            Self::Changes => 3,
            Self::RolledBack => 10,
            Self::HookRolledBack => 11,
            Self::AlarmRolledBack => 12,
            Self::Stopped => 13,
            Self::NotRolledBack => 14,
            Self::DeadlinePassed => 15,
            Self::Conflict => 16,
            Self::WaitsForPerson => 17,
            Self::Preflight => 18,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    /// The `outcome` of the last line of `--output json`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::AsFarAsAsked => "as_far_as_asked",
            Self::Unexpected => "unexpected",
            Self::NotPassed => "not_passed",
            Self::Usage => "configuration",
            Self::Changes => "changes",
            Self::RolledBack => "failed_rolled_back",
            Self::HookRolledBack => "failed_by_hook_rolled_back",
            Self::AlarmRolledBack => "failed_by_alarm_rolled_back",
            Self::Stopped => "stopped",
            Self::NotRolledBack => "failed_not_rolled_back",
            Self::DeadlinePassed => "deadline_passed",
            Self::Conflict => "conflict",
            Self::WaitsForPerson => "waits_for_person",
            Self::Preflight => "preflight_failed",
            Self::Interrupted => "interrupted",
            Self::Terminated => "terminated",
        }
    }

    /// What the table in `--help` says.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::AsFarAsAsked => "deploy --detach, --until: as far as was asked",
            Self::Unexpected => "unexpected",
            Self::NotPassed => "check, invoke: not passed",
            Self::Usage => "usage or configuration",
            Self::Changes => "plan: there are changes",
            Self::RolledBack => "failed, rolled back",
            Self::HookRolledBack => "failed by a hook, rolled back",
            Self::AlarmRolledBack => "stopped by an alarm, rolled back",
            Self::Stopped => "stopped",
            Self::NotRolledBack => "failed and not (fully) rolled back",
            Self::DeadlinePassed => "the deadline passed and it still runs",
            Self::Conflict => "another deployment is active",
            Self::WaitsForPerson => "waiting for a person (--no-wait-at-gate)",
            Self::Preflight => "doctor, deploy: something blocks; nothing was registered",
            Self::Interrupted => "interrupted (SIGINT); the deployment goes on",
            Self::Terminated => "terminated (SIGTERM); the deployment goes on",
        }
    }

    /// The table of `--help`.
    pub fn table() -> String {
        use std::fmt::Write as _;
        Self::ALL.into_iter().fold("Exit codes:\n".to_owned(), |mut table, exit| {
            let _ = writeln!(table, "  {:>3}  {}", exit.code(), exit.meaning());
            table
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_used_once_the_codes_rise_and_only_what_is_no_outcome_shares_one() {
        let shared = [Exit::NotPassed, Exit::AsFarAsAsked];
        let codes: Vec<_> = Exit::ALL.into_iter().filter(|exit| !shared.contains(exit)).map(Exit::code).collect();
        assert!(codes.is_sorted_by(|a, b| a < b), "{codes:?}");
        assert!(Exit::ALL.map(Exit::code).is_sorted());
        let mut names: Vec<_> = Exit::ALL.map(Exit::name).into();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Exit::ALL.len());
    }
}
