//! What a person sees of a deployment, as values: rows with marks, durations and facts from the last snapshot. The words for
//! them are in `show::words`.
#![deny(clippy::wildcard_enum_match_arm)]

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use greenlight_checks::evidence::{Evidence, Outcome, Standing};
use jiff::Timestamp;

use super::outcome::HOOK_EVENTS;
use super::schedule::Shift;
use super::watch::{Watch, replacement_weight};
use crate::configuration::EvidencePlace;
use crate::snapshot::{DeploymentStatus, EventStatus, LifecycleEvent, Snapshot, TaskSetLabel};

/// What stays the same while a deployment runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Heading {
    /// The service's name.
    pub service: String,
    /// `d-…`.
    pub deployment_id: String,
    /// The deployment group.
    pub group: String,
    /// What is exchanged for what.
    pub versions: Option<Versions>,
    /// How traffic shifts.
    pub shift: Shift,
    /// When following stops.
    pub deadline: Option<Timestamp>,
    /// Function by lifecycle event.
    pub hooks: BTreeMap<String, String>,
    /// Where their evidence is looked for first.
    pub evidence: Option<EvidencePlace>,
}

/// The version that serves, and the one that is to serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions {
    /// The container.
    pub container: String,
    /// Its image's tag until now; the whole image where the repository changes.
    pub from: String,
    /// From now on.
    pub to: String,
}

impl Versions {
    /// What differs between two images.
    pub fn between(container: &str, from: &str, to: &str) -> Self {
        let container = container.to_owned();
        match (split(from), split(to)) {
            (Some((one, old)), Some((other, new))) if one == other => {
                Self { container, from: short(old), to: short(new) }
            }
            _ => Self { container, from: from.to_owned(), to: to.to_owned() },
        }
    }
}

/// `web 1.4 -> 1.5`; where something else than the image changes, or the image behind its tag, `web 1.4 again`.
impl fmt::Display for Versions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { container, from, to } = self;
        if from == to {
            write!(formatter, "{container} {to} again")
        } else {
            write!(formatter, "{container} {from} -> {to}")
        }
    }
}

/// Repository and tag or digest. A colon before the last slash is a registry's port.
fn split(image: &str) -> Option<(&str, &str)> {
    if let Some((repository, digest)) = image.split_once('@') {
        return Some((repository, digest));
    }
    let (repository, tag) = image.rsplit_once(':')?;
    (!tag.contains('/')).then_some((repository, tag))
}

fn short(version: &str) -> String {
    match version.strip_prefix("sha256:") {
        Some(digest) => digest.chars().take(12).collect(),
        None => version.to_owned(),
    }
}

/// How a row stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Ended well.
    Done,
    /// Under way.
    Running,
    /// To come.
    Pending,
    /// Ended badly.
    Failed,
    /// Never reached.
    Skipped,
    /// A status that this version does not know.
    Unknown(String),
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// How it stands.
    pub mark: Mark,
    /// The event, or a wait that is none.
    pub name: String,
    /// How long it took, or takes.
    pub took: Option<Duration>,
    /// What else is known.
    pub fact: Fact,
}

/// What else is known of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// Nothing.
    Nothing,
    /// The replacement's tasks.
    Tasks {
        /// Running.
        running: i64,
        /// Wanted.
        desired: i64,
    },
    /// The test listener serves the replacement.
    TestTraffic,
    /// This function is at work, or was.
    Function(String),
    /// What the function's evidence says.
    Checked {
        /// Checks that passed.
        passed: usize,
        /// All checks.
        of: usize,
        /// Whether routing was proven.
        routing: Standing,
        /// Whether the plan only observes, and would have failed.
        would_have_failed: bool,
    },
    /// The split, and the next step.
    Traffic {
        /// The replacement's share of production traffic, in percent.
        percent: f64,
        /// How much more, and in what time.
        next: Option<(f64, Duration)>,
    },
    /// The original task set still runs.
    OriginalEndsIn(Duration),
    /// A person has to continue.
    WaitsForPerson,
    /// A hook waits for a person's answer.
    WaitsForApproval {
        /// Who is asked.
        from: Vec<String>,
        /// Until when.
        until: Timestamp,
        /// The deployment, to name it in the command.
        deployment_id: String,
    },
}

/// Everything to show at one time.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// What stays.
    pub heading: Heading,
    /// The deployment's status.
    pub status: Option<DeploymentStatus>,
    /// The rows.
    pub rows: Vec<Row>,
}

/// Makes the view.
pub fn view(heading: &Heading, watch: &Watch, evidence: &BTreeMap<String, Evidence>, now: Timestamp) -> View {
    let Some(snapshot) = &watch.deployment else {
        return View { heading: heading.clone(), status: None, rows: Vec::new() };
    };
    let mut rows: Vec<Row> = snapshot
        .target
        .iter()
        .flat_map(|target| &target.events)
        .map(|event| row(event, snapshot, heading, watch, evidence, now))
        .collect();
    rows.extend(wait_row(snapshot, watch.patience.pace, now));
    if snapshot.deployment.status == DeploymentStatus::Ready {
        let begun = rows.iter().take_while(|row| row.mark != Mark::Pending).count();
        let took = None;
        rows.insert(
            begun,
            Row { mark: Mark::Running, name: "ready wait".to_owned(), took, fact: Fact::WaitsForPerson },
        );
    }
    rows.extend(rollback_row(snapshot, watch.rollback.as_ref(), now));
    let mut heading = heading.clone();
    if snapshot.deployment.status.is_terminal() {
        // It bounds nothing any more.
        heading.deadline = None;
    }
    View { heading, status: Some(snapshot.deployment.status.clone()), rows }
}

fn row(
    event: &LifecycleEvent,
    snapshot: &Snapshot,
    heading: &Heading,
    watch: &Watch,
    evidence: &BTreeMap<String, Evidence>,
    now: Timestamp,
) -> Row {
    let mark = match &event.status {
        EventStatus::Succeeded => Mark::Done,
        EventStatus::InProgress => Mark::Running,
        EventStatus::Pending => Mark::Pending,
        EventStatus::Failed => Mark::Failed,
        EventStatus::Skipped => Mark::Skipped,
        EventStatus::Other(text) => Mark::Unknown(text.clone()),
    };
    // A rollback moves no traffic to a replacement, whatever its rows are called.
    let begun = !matches!(mark, Mark::Pending | Mark::Skipped) && snapshot.deployment.rolls_back.is_none();
    let fact = if begun { fact(event, snapshot, heading, watch, evidence, now) } else { Fact::Nothing };
    Row {
        took: event.started.map(|started| since(started, event.ended.unwrap_or(now))),
        mark,
        name: event.name.clone(),
        fact,
    }
}

fn fact(
    event: &LifecycleEvent,
    snapshot: &Snapshot,
    heading: &Heading,
    watch: &Watch,
    evidence: &BTreeMap<String, Evidence>,
    now: Timestamp,
) -> Fact {
    let replacement = snapshot.target.as_ref().and_then(|target| target.task_set(TaskSetLabel::Replacement));
    match event.name.as_str() {
        "Install" => match replacement {
            Some(set) => Fact::Tasks { running: set.running, desired: set.desired },
            None => Fact::Nothing,
        },
        "AllowTestTraffic" if event.status == EventStatus::Succeeded => Fact::TestTraffic,
        "AllowTraffic" => {
            let percent = replacement_weight(snapshot);
            let patience = &watch.patience;
            let running = event.status == EventStatus::InProgress;
            let started = event.started.filter(|_| running);
            let next = started.and_then(|started| patience.shift.next_step(percent, started, now, patience.pace));
            Fact::Traffic { percent, next }
        }
        name if HOOK_EVENTS.contains(&name) => match (evidence.get(name), heading.hooks.get(name)) {
            (Some(evidence), _) if event.status == EventStatus::InProgress && evidence.gate.is_some() => {
                let gate = evidence.gate.as_ref().expect("it was just seen");
                Fact::WaitsForApproval {
                    from: gate.from.clone(),
                    until: gate.until,
                    deployment_id: heading.deployment_id.clone(),
                }
            }
            (Some(evidence), _) => Fact::Checked {
                passed: evidence.checks.iter().filter(|check| check.outcome == Outcome::Passed).count(),
                of: evidence.checks.len(),
                routing: evidence.attestation.routing,
                would_have_failed: evidence.observed.as_ref().is_some_and(|observed| observed.would_have_failed),
            },
            // Once it has ended well, its evidence is what matters.
            (None, Some(function)) if event.status != EventStatus::Succeeded => Fact::Function(function.clone()),
            (None, _) => Fact::Nothing,
        },
        _ => Fact::Nothing,
    }
}

/// After the last event the original task set is kept for a while; the deployment is still in progress (aws-facts §2).
fn wait_row(snapshot: &Snapshot, pace: f64, now: Timestamp) -> Option<Row> {
    let target = snapshot.target.as_ref()?;
    let shifted = !target.events.is_empty() && target.events.iter().all(|event| event.status == EventStatus::Succeeded);
    if !shifted || snapshot.deployment.termination_wait.is_zero() || snapshot.deployment.rolls_back.is_some() {
        return None;
    }
    let started = target.events.iter().filter_map(|event| event.ended).max()?;
    let row = |mark, took, fact| Some(Row { mark, name: "termination wait".to_owned(), took: Some(took), fact });
    match &snapshot.deployment.status {
        DeploymentStatus::InProgress | DeploymentStatus::Baking => {
            let gone = since(started, now);
            let left = snapshot.deployment.termination_wait.div_f64(pace).saturating_sub(gone);
            row(Mark::Running, gone, Fact::OriginalEndsIn(left))
        }
        DeploymentStatus::Succeeded => {
            let ended = snapshot.deployment.completed.unwrap_or(now);
            row(Mark::Done, since(started, ended), Fact::Nothing)
        }
        DeploymentStatus::Failed | DeploymentStatus::Stopped => {
            let ended = snapshot.deployment.completed.unwrap_or(now);
            row(Mark::Failed, since(started, ended), Fact::Nothing)
        }
        DeploymentStatus::Created | DeploymentStatus::Queued | DeploymentStatus::Ready | DeploymentStatus::Other(_) => {
            None
        }
    }
}

fn rollback_row(snapshot: &Snapshot, rollback: Option<&Snapshot>, now: Timestamp) -> Option<Row> {
    let id = snapshot.deployment.rolled_back_by.as_ref().filter(|_| snapshot.deployment.status.is_terminal())?;
    let name = format!("rollback {id}");
    let Some(rollback) = rollback else {
        return Some(Row { mark: Mark::Running, name, took: None, fact: Fact::Nothing });
    };
    let mark = match &rollback.deployment.status {
        DeploymentStatus::Succeeded => Mark::Done,
        DeploymentStatus::Failed | DeploymentStatus::Stopped => Mark::Failed,
        DeploymentStatus::Created
        | DeploymentStatus::Queued
        | DeploymentStatus::InProgress
        | DeploymentStatus::Baking
        | DeploymentStatus::Ready => Mark::Running,
        DeploymentStatus::Other(text) => Mark::Unknown(text.clone()),
    };
    let ended = rollback.deployment.completed.unwrap_or(now);
    let took = rollback.deployment.created.map(|created| since(created, ended));
    Some(Row { mark, name, took, fact: Fact::Nothing })
}

/// From one time to another; a clock that went backwards counts as no time.
pub fn since(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::testing::{at, set_event, set_weight, snapshot};
    use crate::decide::watch::Patience;

    fn shown(snapshot: Snapshot, now: i64) -> View {
        let shift = Shift::predefined("CodeDeployDefault.ECSCanary10Percent5Minutes").unwrap();
        let heading = Heading {
            service: "shop".to_owned(),
            deployment_id: "d-1".to_owned(),
            group: "dg".to_owned(),
            versions: None,
            shift: shift.clone(),
            deadline: None,
            hooks: BTreeMap::from([("AfterAllowTestTraffic".to_owned(), "Hook_A".to_owned())]),
            evidence: None,
        };
        let patience = Patience { floor: Duration::from_secs(1), pace: 1.0, shift, deadline: at(10_000) };
        let mut watch = Watch::new(patience, at(0));
        let _ = watch.saw_deployment(snapshot, at(now));
        view(&heading, &watch, &BTreeMap::new(), at(now))
    }

    #[test]
    fn a_canary_shows_its_split_and_what_comes_next() {
        let mut seen = snapshot("InProgress");
        set_event(&mut seen, "AllowTraffic", EventStatus::InProgress);
        set_weight(&mut seen, 10.0);
        let rows = shown(seen, 140).rows;
        assert_eq!(rows[6].fact, Fact::Traffic { percent: 10.0, next: Some((90.0, Duration::from_secs(170))) });
        assert_eq!((rows[6].mark.clone(), rows[6].took), (Mark::Running, Some(Duration::from_secs(130))));
        assert_eq!(rows[7].mark, Mark::Pending);
    }

    #[test]
    fn the_termination_wait_is_shown_while_the_deployment_is_in_progress() {
        let mut seen = snapshot("InProgress");
        for name in ["BeforeInstall", "Install", "AfterInstall", "AllowTestTraffic", "AfterAllowTestTraffic"] {
            set_event(&mut seen, name, EventStatus::Succeeded);
        }
        assert_eq!(shown(seen.clone(), 20).rows.len(), 8);
        for name in ["BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic"] {
            set_event(&mut seen, name, EventStatus::Succeeded);
        }
        let rows = shown(seen, 72).rows;
        assert_eq!(rows[8].fact, Fact::OriginalEndsIn(Duration::from_secs(240)));
    }

    #[test]
    fn a_hook_without_evidence_shows_its_function_and_an_unknown_status_is_shown_as_it_is() {
        let mut seen = snapshot("InProgress");
        set_event(&mut seen, "AfterAllowTestTraffic", EventStatus::InProgress);
        set_event(&mut seen, "BeforeInstall", EventStatus::Other("Napping".to_owned()));
        let rows = shown(seen, 11).rows;
        assert_eq!(rows[4].fact, Fact::Function("Hook_A".to_owned()));
        assert_eq!(rows[0].mark, Mark::Unknown("Napping".to_owned()));
    }

    #[test]
    fn versions_are_what_differs() {
        let versions = |from, to| {
            let Versions { from, to, .. } = Versions::between("web", from, to);
            (from, to)
        };
        assert_eq!(versions("host:5000/shop:1.4", "host:5000/shop:1.5"), ("1.4".into(), "1.5".into()));
        assert_eq!(versions("a/shop:1", "b/shop:1"), ("a/shop:1".into(), "b/shop:1".into()));
        let digest = format!("shop@sha256:{}", "0123456789abcdef".repeat(4));
        assert_eq!(versions(&digest, &digest).0, "0123456789ab");
        assert_eq!(Versions::between("web", "shop:1.4", "shop:1.5").to_string(), "web 1.4 -> 1.5");
        assert_eq!(Versions::between("web", "shop:1.4", "shop:1.4").to_string(), "web 1.4 again");
    }
}
