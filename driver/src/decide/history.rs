//! What the deployments of a group came to, each judged as if it had been followed: with its rollback, where that is among
//! them. It asks nothing.
#![deny(clippy::wildcard_enum_match_arm)]

use std::time::Duration;

use jiff::Timestamp;

use super::outcome;
use super::view::since;
use crate::exit::Exit;
use crate::snapshot::{Deployment, Snapshot};

/// A deployment that a group has had.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// What following one shows.
    pub deployment: Deployment,
    /// `user`, `codeDeployRollback`, …, as it came.
    pub creator: Option<String>,
    /// For people.
    pub description: Option<String>,
}

/// A line of the history.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The deployment.
    pub past: Past,
    /// What it came to.
    pub ending: Ending,
    /// From its creation to its completion, or until now.
    pub took: Option<Duration>,
}

/// What a deployment came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It has not ended, as far as its status tells.
    Runs,
    /// It has ended, and so has its rollback, where there is one.
    Ended(Exit),
    /// It has ended; its rollback has not, or is not among those read.
    RollbackOpen,
}

/// The newest first.
pub fn history(mut past: Vec<Past>, now: Timestamp) -> Vec<Entry> {
    past.sort_by_key(|past| std::cmp::Reverse(past.deployment.created));
    let endings: Vec<_> = past.iter().map(|one| ending(one, &past)).collect();
    let entry = |(past, ending): (Past, Ending)| {
        let until = if ending == Ending::Runs { Some(now) } else { past.deployment.completed };
        let took = past.deployment.created.zip(until).map(|(from, to)| since(from, to));
        Entry { past, ending, took }
    };
    past.into_iter().zip(endings).map(entry).collect()
}

fn ending(one: &Past, all: &[Past]) -> Ending {
    let deployment = &one.deployment;
    if !deployment.status.is_terminal() {
        return Ending::Runs;
    }
    let snapshot = |past: &Past| Snapshot { deployment: past.deployment.clone(), target: None };
    let rollback = match &deployment.rolled_back_by {
        None => None,
        Some(id) => match all.iter().find(|past| past.deployment.id == *id) {
            Some(past) if past.deployment.status.is_terminal() => Some(snapshot(past)),
            Some(_) | None => return Ending::RollbackOpen,
        },
    };
    Ending::Ended(outcome::exit(&snapshot(one), outcome::rollback(deployment, rollback.as_ref())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::testing::{at, error, snapshot};

    fn past(id: &str, status: &str, created: i64) -> Past {
        let deployment = Deployment {
            id: id.to_owned(),
            created: Some(at(created)),
            completed: Some(at(created + 7)),
            ..snapshot(status).deployment
        };
        Past { deployment, creator: None, description: None }
    }

    #[test]
    fn a_failure_is_judged_with_its_rollback_and_the_newest_comes_first() {
        let mut failed = past("d-1", "Failed", 0);
        failed.deployment.error = Some(error("HOOK_EXECUTION_FAILURE"));
        failed.deployment.rolled_back_by = Some("d-2".to_owned());
        let all = [failed, past("d-2", "Succeeded", 10), past("d-3", "InProgress", 20)];
        let entries = history(all.into(), at(50));
        let told: Vec<_> =
            entries.iter().map(|entry| (entry.past.deployment.id.as_str(), entry.ending, entry.took)).collect();
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(
            told,
            [
                ("d-3", Ending::Runs, seconds(30)),
                ("d-2", Ending::Ended(Exit::Succeeded), seconds(7)),
                ("d-1", Ending::Ended(Exit::HookRolledBack), seconds(7)),
            ]
        );
    }

    #[test]
    fn a_rollback_that_is_open_or_out_of_sight_is_not_called_done() {
        let mut failed = past("d-1", "Failed", 0);
        failed.deployment.rolled_back_by = Some("d-2".to_owned());
        assert_eq!(history(vec![failed.clone()], at(50))[0].ending, Ending::RollbackOpen);
        assert_eq!(history(vec![failed, past("d-2", "InProgress", 1)], at(50))[1].ending, Ending::RollbackOpen);
    }

    #[test]
    fn an_unknown_status_has_not_ended() {
        assert_eq!(history(vec![past("d-1", "Paused", 0)], at(50))[0].ending, Ending::Runs);
    }
}
