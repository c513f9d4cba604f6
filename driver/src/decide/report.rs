//! What is said at the end: the outcome, why it failed, and which task set serves. Values only; the words are in `show::words`.

use std::time::Duration;

use greenlight_checks::evidence::Evidence;
use jiff::Timestamp;

use super::outcome::{self, Rollback};
use super::view::{Heading, since};
use super::watch::Watch;
use super::why::{self, Facts, Why};
use crate::exit::Exit;
use crate::snapshot::{DeploymentStatus, ErrorInformation, Snapshot, TaskSetLabel};

/// What a function left, in S3 or in its log. What has no evidence says where else it was looked for, and what came of that.
#[derive(Clone, Debug, PartialEq)]
pub enum HookLog {
    /// Its evidence for this deployment.
    Evidence(Box<Evidence>),
    /// No evidence.
    Tail {
        /// The last lines of the log, if any.
        lines: Vec<String>,
        /// Where in S3 it was looked for.
        stored: Vec<String>,
    },
    /// The log could not be read.
    Unreadable {
        /// Why not.
        error: String,
        /// Where in S3 it was looked for.
        stored: Vec<String>,
    },
}

impl HookLog {
    /// No evidence, and nowhere but in the log was it to be looked for.
    pub fn tail(lines: Vec<String>) -> Self {
        Self::Tail { lines, stored: Vec::new() }
    }
}

/// Which share of a listener's traffic goes where, in percent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Split {
    /// To the original task set's target group.
    pub original: f64,
    /// To the replacement's.
    pub replacement: f64,
}

/// What the listeners do at the end, as far as it could be read.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Serving {
    /// The production listener.
    pub production: Option<Split>,
    /// The test listener.
    pub test: Option<Split>,
}

/// What became of the rollback.
#[derive(Clone, Debug, PartialEq)]
pub struct RolledBack {
    /// Its deployment.
    pub deployment_id: Option<String>,
    /// How it stands.
    pub standing: Rollback,
    /// How long it took.
    pub took: Option<Duration>,
    /// What CodeDeploy says of it, when it failed.
    pub error: Option<ErrorInformation>,
}

/// The end of a followed deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// What it was.
    pub heading: Heading,
    /// How the command ends.
    pub exit: Exit,
    /// The last status.
    pub status: Option<DeploymentStatus>,
    /// The deployment that this one rolled back.
    pub rolls_back: Option<String>,
    /// From creation to completion.
    pub took: Option<Duration>,
    /// Why it did not succeed.
    pub why: Option<Why>,
    /// Its rollback; absent for a deployment that needed none.
    pub rollback: Option<RolledBack>,
    /// What serves now.
    pub serving: Serving,
}

/// Makes the report of a deployment that has ended; `log` is the failed hook's, `facts` are what was gathered about its failure.
pub fn report(
    heading: &Heading,
    watch: &Watch,
    log: Option<HookLog>,
    facts: Facts,
    serving: Serving,
    now: Timestamp,
) -> Report {
    let Some(snapshot) = &watch.deployment else {
        return Report {
            heading: heading.clone(),
            exit: Exit::Unexpected,
            status: None,
            rolls_back: None,
            took: None,
            why: None,
            rollback: None,
            serving,
        };
    };
    let standing = outcome::rollback(&snapshot.deployment, watch.rollback.as_ref());
    let cause = outcome::cause(snapshot);
    Report {
        heading: heading.clone(),
        exit: match watch.stopped_by_guard {
            Some(_) => outcome::exit_by_guard(snapshot, standing),
            None => outcome::exit(snapshot, standing),
        },
        status: Some(snapshot.deployment.status.clone()),
        rolls_back: snapshot.deployment.rolls_back.clone(),
        took: lasted(snapshot, now),
        why: cause.is_some().then(|| why::why(heading, watch, snapshot, log, facts)),
        rollback: cause.is_some().then(|| RolledBack {
            deployment_id: snapshot.deployment.rolled_back_by.clone(),
            standing,
            took: watch.rollback.as_ref().and_then(|rollback| lasted(rollback, now)),
            error: watch.rollback.as_ref().and_then(|rollback| rollback.deployment.error.clone()),
        }),
        serving,
    }
}

fn lasted(snapshot: &Snapshot, now: Timestamp) -> Option<Duration> {
    let created = snapshot.deployment.created?;
    Some(since(created, snapshot.deployment.completed.unwrap_or(now)))
}

/// Joins listener shares with the task sets' target groups.
pub fn split(snapshot: &Snapshot, shares: &[(String, f64)]) -> Option<Split> {
    let target = snapshot.target.as_ref()?;
    let share = |label| {
        let group = target.task_set(label)?.target_group.as_ref()?;
        // The sum of nothing would be -0.
        Some(shares.iter().filter(|(name, _)| name == group).fold(0.0, |sum, (_, share)| sum + share))
    };
    Some(Split {
        original: share(TaskSetLabel::Original)?,
        replacement: share(TaskSetLabel::Replacement).unwrap_or(0.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::testing::snapshot;

    #[test]
    fn a_split_is_told_by_target_groups_whatever_their_order() {
        let shares = [("shop-b".to_owned(), 10.0), ("shop-a".to_owned(), 90.0)];
        assert_eq!(split(&snapshot("Failed"), &shares), Some(Split { original: 90.0, replacement: 10.0 }));
    }

    #[test]
    fn without_a_target_nothing_is_claimed_about_traffic() {
        let mut seen = snapshot("Failed");
        seen.target = None;
        assert_eq!(split(&seen, &[("shop-a".to_owned(), 100.0)]), None);
    }
}
