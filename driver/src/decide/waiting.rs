//! Which of its two waits a deployment is in, if any. Only these can be ended early.
#![deny(clippy::wildcard_enum_match_arm)]

use crate::snapshot::{DeploymentStatus, EventStatus, Snapshot};

/// A wait that a person can end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// For a person, before production traffic shifts.
    Ready,
    /// Before the original task set is ended.
    Termination,
}

/// The wait that this deployment is in.
pub fn wait(snapshot: &Snapshot) -> Option<Wait> {
    match &snapshot.deployment.status {
        DeploymentStatus::Ready => Some(Wait::Ready),
        // The status does not tell it; that all events have succeeded does (aws-facts §2).
        DeploymentStatus::InProgress | DeploymentStatus::Baking => {
            let events = snapshot.target.as_ref().map(|target| target.events.as_slice()).unwrap_or_default();
            let shifted = !events.is_empty() && events.iter().all(|event| event.status == EventStatus::Succeeded);
            shifted.then_some(Wait::Termination)
        }
        DeploymentStatus::Created
        | DeploymentStatus::Queued
        | DeploymentStatus::Succeeded
        | DeploymentStatus::Failed
        | DeploymentStatus::Stopped
        | DeploymentStatus::Other(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::testing::snapshot;

    #[test]
    fn a_wait_is_told_by_status_and_events_and_nothing_else_is_one() {
        assert_eq!(wait(&snapshot("Ready")), Some(Wait::Ready));
        for status in ["Created", "InProgress", "Baking", "Succeeded", "Stopped", "Paused"] {
            assert_eq!(wait(&snapshot(status)), None, "{status}");
        }
        let mut shifted = snapshot("InProgress");
        for event in &mut shifted.target.as_mut().unwrap().events {
            event.status = EventStatus::Succeeded;
        }
        assert_eq!(wait(&shifted), Some(Wait::Termination));
        shifted.target = None;
        assert_eq!(wait(&shifted), None);
    }
}
