//! What a deployment came to, from its last snapshot and that of its rollback. It asks nothing and waits for nothing.
#![deny(clippy::wildcard_enum_match_arm)]

use crate::exit::Exit;
use crate::snapshot::{Deployment, DeploymentStatus, RollbackEvent, Snapshot};

/// Why a deployment did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// An alarm stopped it.
    Alarm,
    /// A hook reported Failed, did not report, or could not be called.
    Hook,
    /// A person stopped it, or did not come.
    Stop,
    /// Anything else.
    Failure,
}

/// What became of the rollback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rollback {
    /// Its deployment succeeded.
    Done,
    /// Its deployment did not succeed, or its end was not seen.
    NotDone,
    /// There is none.
    None,
}

/// The five events at which functions run. An event that is not one of these is CodeDeploy's own work.
pub const HOOK_EVENTS: [&str; 5] =
    ["BeforeInstall", "AfterInstall", "AfterAllowTestTraffic", "BeforeAllowTraffic", "AfterAllowTraffic"];

/// Why it did not succeed; `None` when it did, or has not ended.
///
/// The status alone does not tell: an alarm ends in `Stopped`, not in `Failed` (aws-facts §14).
pub fn cause(snapshot: &Snapshot) -> Option<Cause> {
    match &snapshot.deployment.status {
        DeploymentStatus::Failed | DeploymentStatus::Stopped => {}
        DeploymentStatus::Succeeded
        | DeploymentStatus::Created
        | DeploymentStatus::Queued
        | DeploymentStatus::InProgress
        | DeploymentStatus::Baking
        | DeploymentStatus::Ready
        | DeploymentStatus::Other(_) => return None,
    }
    let failed_hook = snapshot
        .target
        .as_ref()
        .and_then(|target| target.failed_event())
        .is_some_and(|event| HOOK_EVENTS.contains(&event.name.as_str()));
    let code = snapshot.deployment.error.as_ref().map_or("", |error| error.code.as_str());
    let stopped = snapshot.deployment.status == DeploymentStatus::Stopped;
    Some(match code {
        "ALARM_ACTIVE" => Cause::Alarm,
        "HOOK_EXECUTION_FAILURE" => Cause::Hook,
        "MANUAL_STOP" => Cause::Stop,
        // Stopped without an alarm: by a person, or because nobody came in the ready wait. A hook that was running
        // meanwhile did not fail it.
        _ if stopped => Cause::Stop,
        _ if failed_hook => Cause::Hook,
        _ => Cause::Failure,
    })
}

/// Whether CodeDeploy will roll back because of this.
pub fn rollback_expected(deployment: &Deployment, cause: Cause) -> bool {
    let event = match cause {
        Cause::Alarm => RollbackEvent::Alarm,
        Cause::Stop => RollbackEvent::Stop,
        Cause::Hook | Cause::Failure => RollbackEvent::Failure,
    };
    deployment.rollback_on.contains(&event)
}

/// What became of the rollback.
pub fn rollback(deployment: &Deployment, rollback: Option<&Snapshot>) -> Rollback {
    match (&deployment.rolled_back_by, rollback.map(|snapshot| &snapshot.deployment.status)) {
        (None, _) => Rollback::None,
        (Some(_), Some(DeploymentStatus::Succeeded)) => Rollback::Done,
        (Some(_), _) => Rollback::NotDone,
    }
}

/// How the command ends for a deployment that has ended.
pub fn exit(snapshot: &Snapshot, rolled_back: Rollback) -> Exit {
    let Some(cause) = cause(snapshot) else {
        return if snapshot.deployment.status == DeploymentStatus::Succeeded {
            Exit::Succeeded
        } else {
            Exit::Unexpected
        };
    };
    match (cause, rolled_back) {
        // A stop without rollback is what was asked for; a rollback that was asked for and failed is not.
        (Cause::Stop, Rollback::Done | Rollback::None) => Exit::Stopped,
        (Cause::Alarm, Rollback::Done) => Exit::AlarmRolledBack,
        (Cause::Hook, Rollback::Done) => Exit::HookRolledBack,
        (Cause::Failure, Rollback::Done) => Exit::RolledBack,
        (Cause::Stop, Rollback::NotDone)
        | (Cause::Alarm | Cause::Hook | Cause::Failure, Rollback::NotDone | Rollback::None) => Exit::NotRolledBack,
    }
}

/// How the command ends for a deployment that the guard of its shift stopped: no person did, it failed.
pub fn exit_by_guard(snapshot: &Snapshot, rolled_back: Rollback) -> Exit {
    match (cause(snapshot), rolled_back) {
        (Some(Cause::Stop), Rollback::Done) => Exit::RolledBack,
        (Some(Cause::Stop), Rollback::NotDone | Rollback::None) => Exit::NotRolledBack,
        // Something else was quicker.
        (Some(Cause::Alarm | Cause::Hook | Cause::Failure) | None, _) => exit(snapshot, rolled_back),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::testing;
    use crate::snapshot::EventStatus;

    #[test]
    fn every_end_has_its_exit_code() {
        use Rollback::{Done, None, NotDone};
        for (status, code, failed_event, rollback, expected) in [
            ("Succeeded", "", "", None, 0),
            ("Failed", "ECS_UPDATE_ERROR", "Install", Done, 10),
            ("Failed", "TIMEOUT", "Install", Done, 10),
            ("Failed", "", "", Done, 10),
            ("Failed", "HOOK_EXECUTION_FAILURE", "AfterAllowTestTraffic", Done, 11),
            ("Failed", "INVALID_LAMBDA_FUNCTION", "AfterAllowTestTraffic", Done, 11),
            ("Failed", "TIMEOUT", "BeforeAllowTraffic", Done, 11),
            ("Stopped", "ALARM_ACTIVE", "AllowTraffic", Done, 12),
            ("Stopped", "ALARM_ACTIVE", "BeforeAllowTraffic", Done, 12),
            ("Stopped", "MANUAL_STOP", "AllowTraffic", Done, 13),
            ("Stopped", "MANUAL_STOP", "AllowTraffic", None, 13),
            ("Stopped", "", "AfterAllowTestTraffic", None, 13),
            ("Stopped", "TIMEOUT", "", Done, 13),
            ("Stopped", "MANUAL_STOP", "AllowTraffic", NotDone, 14),
            ("Stopped", "ALARM_ACTIVE", "AllowTraffic", None, 14),
            ("Stopped", "ALARM_ACTIVE", "AllowTraffic", NotDone, 14),
            ("Failed", "HOOK_EXECUTION_FAILURE", "AfterAllowTestTraffic", None, 14),
            ("Failed", "ECS_UPDATE_ERROR", "Install", NotDone, 14),
            ("InProgress", "", "", None, 1),
            ("Hibernating", "", "", None, 1),
        ] {
            let mut snapshot = testing::snapshot(status);
            if !code.is_empty() {
                snapshot.deployment.error = Some(testing::error(code));
            }
            if !failed_event.is_empty() {
                testing::set_event(&mut snapshot, failed_event, EventStatus::Failed);
            }
            assert_eq!(exit(&snapshot, rollback).code(), expected, "{status} {code} {failed_event} {rollback:?}");
        }
    }

    #[test]
    fn what_the_guard_stopped_has_failed_unless_something_else_was_quicker() {
        let mut snapshot = testing::snapshot("Stopped");
        snapshot.deployment.error = Some(testing::error("MANUAL_STOP"));
        assert_eq!(exit_by_guard(&snapshot, Rollback::Done), Exit::RolledBack);
        assert_eq!(exit_by_guard(&snapshot, Rollback::NotDone), Exit::NotRolledBack);
        assert_eq!(exit_by_guard(&snapshot, Rollback::None), Exit::NotRolledBack);
        snapshot.deployment.error = Some(testing::error("ALARM_ACTIVE"));
        assert_eq!(exit_by_guard(&snapshot, Rollback::Done), Exit::AlarmRolledBack);
        assert_eq!(exit_by_guard(&testing::snapshot("Succeeded"), Rollback::None), Exit::Succeeded);
    }

    #[test]
    fn a_rollback_that_was_named_but_not_seen_to_succeed_is_not_done() {
        let mut snapshot = testing::snapshot("Failed");
        assert_eq!(rollback(&snapshot.deployment, Option::None), Rollback::None);
        snapshot.deployment.rolled_back_by = Some("d-2".to_owned());
        assert_eq!(rollback(&snapshot.deployment, Option::None), Rollback::NotDone);
        for (status, expected) in
            [("Succeeded", Rollback::Done), ("Failed", Rollback::NotDone), ("InProgress", Rollback::NotDone)]
        {
            assert_eq!(rollback(&snapshot.deployment, Some(&testing::snapshot(status))), expected);
        }
    }
}
