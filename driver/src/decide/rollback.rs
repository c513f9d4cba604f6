//! Which revision to go back to, and whether there is anything to do. It asks nothing and creates nothing.
//!
//! A deployment that CodeDeploy made to roll another one back says nothing about a revision: after the first deployment of a
//! group it may name the very revision that failed. So only deployments that somebody asked for are gone back to.
#![deny(clippy::wildcard_enum_match_arm)]

use std::cmp::Reverse;

use super::history::Past;
use super::task_definition::revision_name;
use crate::appspec::AppSpec;
use crate::snapshot::DeploymentStatus;

/// What serves production now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Serving {
    /// The deployment that made the PRIMARY task set; absent for the one that the service was created with.
    pub deployment: Option<String>,
    /// What tells that deployment's revision from others.
    pub fingerprint: Option<String>,
    /// The PRIMARY task set's task definition.
    pub task_definition: Option<String>,
    /// The production listener's shares by target group, in percent; empty when they could not be read.
    pub shares: Vec<(String, f64)>,
}

/// A revision with its text.
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    /// The deployment that succeeded with it.
    pub past: Past,
    /// The AppSpec as it was sent.
    pub content: String,
    /// The same, read.
    pub appspec: AppSpec,
}

/// Why there is no going back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoWayBack {
    /// The group never had a success.
    #[error(
        "deployment group {0:?} has had no deployment that succeeded, so there is no revision to go back to; deploy one: greenlight deploy"
    )]
    NeverSucceeded(String),
    /// What was named did not succeed.
    #[error(
        "deployment {id} is {status}, and only a revision that has succeeded is gone back to; see which have: greenlight history"
    )]
    NotSucceeded {
        /// Which.
        id: String,
        /// Its status.
        status: String,
    },
    /// What was named is a rollback.
    #[error(
        "deployment {id} is itself the rollback of {of}; name the deployment whose revision is meant: greenlight history"
    )]
    ItselfARollback {
        /// Which.
        id: String,
        /// What it rolled back.
        of: String,
    },
    /// The revision is another group's.
    #[error("deployment {id} is one of group {group:?} of application {application:?}, not of {wanted:?}")]
    AnotherGroup {
        /// Which.
        id: String,
        /// Its application.
        application: String,
        /// Its group.
        group: String,
        /// The configured group.
        wanted: String,
    },
    /// Its task definition is gone, or going.
    #[error(
        "task definition {definition} of deployment {id} is {status}: ECS starts no task of it; register it again with \
         `aws ecs describe-task-definition --task-definition {definition}` and `greenlight deploy`, or go further back: \
         greenlight rollback --to DEPLOYMENT_ID"
    )]
    Definition {
        /// The deployment.
        id: String,
        /// `family:revision`.
        definition: String,
        /// `INACTIVE`, `DELETE_IN_PROGRESS`, or that there is none.
        status: String,
    },
    /// CodeDeploy would refuse any deployment.
    #[error(
        "the revision of {id} serves already, but the production listener sends {elsewhere} elsewhere too, and CodeDeploy begins no \
         deployment while it does; give its default action back to the target group of the PRIMARY task set alone \
         (aws elbv2 modify-listener), which is the rollback"
    )]
    Split {
        /// The deployment.
        id: String,
        /// The listener's shares.
        elsewhere: String,
    },
}

/// The deployments that may be gone back to, the newest first.
pub fn candidates(mut past: Vec<Past>) -> Vec<Past> {
    past.retain(|past| past.deployment.status == DeploymentStatus::Succeeded && past.deployment.rolls_back.is_none());
    past.sort_by_key(|past| Reverse(past.deployment.created));
    past
}

/// Whether a deployment that was named may be gone back to.
pub fn named(past: &Past, application: &str, group: &str) -> Result<(), NoWayBack> {
    let deployment = &past.deployment;
    let id = deployment.id.clone();
    if deployment.application != application || deployment.group != group {
        let (application, of) = (deployment.application.clone(), deployment.group.clone());
        return Err(NoWayBack::AnotherGroup { id, application, group: of, wanted: group.to_owned() });
    }
    if let Some(of) = &deployment.rolls_back {
        return Err(NoWayBack::ItselfARollback { id, of: of.clone() });
    }
    match &deployment.status {
        DeploymentStatus::Succeeded => Ok(()),
        DeploymentStatus::Created
        | DeploymentStatus::Queued
        | DeploymentStatus::InProgress
        | DeploymentStatus::Baking
        | DeploymentStatus::Ready
        | DeploymentStatus::Failed
        | DeploymentStatus::Stopped
        | DeploymentStatus::Other(_) => {
            Err(NoWayBack::NotSucceeded { id, status: deployment.status.as_str().to_owned() })
        }
    }
}

impl Serving {
    /// Whether the PRIMARY task set is one of this revision. Where no deployment made it, the task definition tells.
    pub fn is(&self, past: &Past, task_definition: &str) -> bool {
        match (&self.deployment, &self.fingerprint) {
            (Some(id), _) if *id == past.deployment.id => true,
            (Some(_), Some(_)) => past.deployment.fingerprint() == self.fingerprint,
            (Some(_) | None, _) => self.task_definition.as_deref() == Some(task_definition),
        }
    }

    /// Whether one target group has all of production's traffic; taken for granted where the listener could not be read.
    fn is_whole(&self) -> bool {
        self.shares.iter().filter(|(_, share)| *share > 0.0).count() <= 1
    }
}

/// What to do about a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// It serves.
    Nothing,
    /// Deploy it.
    Deploy,
}

/// Whether to deploy this revision; `status` is its task definition's, `None` when there is none.
pub fn course(revision: &Revision, serving: &Serving, status: Option<&str>) -> Result<Course, NoWayBack> {
    let id = revision.past.deployment.id.clone();
    if serving.is(&revision.past, &revision.appspec.task_definition) {
        if serving.is_whole() {
            return Ok(Course::Nothing);
        }
        let shown = serving.shares.iter().filter(|(_, share)| *share > 0.0);
        let shown: Vec<_> = shown.map(|(name, share)| format!("{share:.0} % to {name}")).collect();
        return Err(NoWayBack::Split { id, elsewhere: shown.join(" and ") });
    }
    match status {
        Some("ACTIVE") => Ok(Course::Deploy),
        other => Err(NoWayBack::Definition {
            id,
            definition: revision_name(&revision.appspec.task_definition).to_owned(),
            status: other.unwrap_or("not there any more").to_owned(),
        }),
    }
}

/// What the new deployment is described with, within CodeDeploy's 256 characters; why hooks are skipped goes first.
pub fn description(revision: &Revision, serving: &Serving, reason: Option<&str>) -> String {
    let from =
        serving.task_definition.as_deref().map(revision_name).map(|from| format!("{from} -> ")).unwrap_or_default();
    let to = revision_name(&revision.appspec.task_definition);
    let skipped = reason.map(|reason| format!("; hooks skipped: {reason}")).unwrap_or_default();
    let id = &revision.past.deployment.id;
    format!("greenlight rollback to {id}{skipped}; {from}{to}").chars().take(256).collect()
}

#[cfg(test)]
#[path = "rollback_tests.rs"]
mod tests;
