//! What a deployment would do: what differs, what would be registered, what would be sent, and when traffic would move. Times
//! are a forecast from the last deployment that succeeded; without one they are distances, not times. It asks nothing.
#![deny(clippy::wildcard_enum_match_arm)]

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::difference::{Difference, differences};
use super::schedule::{Bounds, Shift};
use super::task_definition::TaskDefinition;
use crate::appspec::AppSpec;
use crate::exit::Exit;
use crate::snapshot::Snapshot;

/// What was read.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Service name.
    pub service: String,
    /// Deployment group name.
    pub group: String,
    /// What serves now: ARN and definition.
    pub live: Option<(String, TaskDefinition)>,
    /// What would serve.
    pub wanted: TaskDefinition,
    /// The revision that is equal already and would be used again.
    pub equal: Option<String>,
    /// What would be sent. Of a revision that is to be registered its task definition is the family.
    pub appspec: AppSpec,
    /// The last deployment that succeeded.
    pub last: Last,
    /// What bounds the deployment.
    pub bounds: Bounds,
}

/// The last deployment of the group that succeeded.
#[derive(Clone, Debug)]
pub enum Last {
    /// There is none.
    Never,
    /// This one.
    Known {
        /// Its end.
        snapshot: Box<Snapshot>,
        /// How its traffic shifted.
        shift: Shift,
        /// What was sent, or why that cannot be read.
        appspec: Result<Box<AppSpec>, String>,
    },
}

/// Which revision would be deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revision {
    /// The one that serves.
    Serving(String),
    /// One that is registered already.
    Reused(String),
    /// A new one of this family.
    New(String),
}

/// The AppSpec beside the last one that was sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Compared {
    /// With this deployment's.
    With {
        /// The deployment.
        id: String,
        /// What differs.
        differences: Vec<Difference>,
    },
    /// Nothing can be said, and why.
    Unknown(String),
}

/// When things would happen.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// The deployment that it was taken from.
    pub basis: Option<String>,
    /// When the first share of production would move.
    pub shift_begins: Option<Timestamp>,
    /// The replacement's shares, and when, measured from the first.
    pub steps: Vec<(Duration, f64)>,
    /// When the deployment would end, the wait for the original task set included.
    pub ends: Option<Timestamp>,
    /// How long the original task set is kept.
    pub termination_wait: Duration,
    /// How long a person has for the go-ahead.
    pub ready_wait: Duration,
    /// When it has ended in any case.
    pub deadline: Timestamp,
}

/// The whole answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Service name.
    pub service: String,
    /// Deployment group name.
    pub group: String,
    /// Which revision.
    pub revision: Revision,
    /// The ARN of what serves.
    pub live: Option<String>,
    /// What leads from there to what would serve.
    pub differences: Vec<Difference>,
    /// What would be sent.
    pub appspec: AppSpec,
    /// How that differs.
    pub compared: Compared,
    /// How traffic would shift.
    pub shift: Shift,
    /// When.
    pub forecast: Forecast,
}

impl Plan {
    /// Whether deploying would change nothing. What cannot be known is a change.
    pub fn changes_nothing(&self) -> bool {
        let same = matches!(&self.compared, Compared::With { differences, .. } if differences.is_empty());
        same && matches!(self.revision, Revision::Serving(_))
    }

    /// How the command ends.
    pub fn exit(&self) -> Exit {
        if self.changes_nothing() { Exit::Succeeded } else { Exit::Changes }
    }
}

/// Judges what was read.
pub fn plan(facts: Facts, now: Timestamp) -> Plan {
    let forecast = forecast(&facts, now);
    let revision = match (&facts.equal, &facts.live) {
        (Some(arn), Some((live, _))) if arn == live => Revision::Serving(arn.clone()),
        (Some(arn), _) => Revision::Reused(arn.clone()),
        (None, _) => Revision::New(facts.wanted.family().to_owned()),
    };
    let compared = match &facts.last {
        Last::Never => Compared::Unknown("no deployment of this group has succeeded yet".to_owned()),
        Last::Known { snapshot, appspec: Err(reason), .. } => {
            Compared::Unknown(format!("the AppSpec of {} cannot be read: {reason}", snapshot.deployment.id))
        }
        Last::Known { snapshot, appspec: Ok(last), .. } => Compared::With {
            id: snapshot.deployment.id.clone(),
            differences: differences(&flat(last), &flat(&facts.appspec)),
        },
    };
    let from = facts.live.as_ref().map(|(_, live)| live);
    Plan {
        differences: from.map(|live| live.differences(&facts.wanted)).unwrap_or_default(),
        service: facts.service,
        group: facts.group,
        revision,
        live: facts.live.map(|(arn, _)| arn),
        appspec: facts.appspec,
        compared,
        shift: facts.bounds.shift,
        forecast,
    }
}

fn forecast(facts: &Facts, now: Timestamp) -> Forecast {
    let bounds = &facts.bounds;
    let later = |duration: Duration| now + SignedDuration::try_from(duration).unwrap_or(SignedDuration::ZERO);
    let (mut basis, mut shift_begins, mut ends) = (None, None, None);
    if let Last::Known { snapshot, shift, .. } = &facts.last {
        let deployment = &snapshot.deployment;
        let until = |end: Option<Timestamp>| Duration::try_from(end?.duration_since(deployment.created?)).ok();
        let events = snapshot.target.as_ref().map(|target| target.events.as_slice()).unwrap_or_default();
        let moved = events.iter().find(|event| event.name == "AllowTraffic").and_then(|event| event.started);
        basis = until(deployment.completed).map(|_| deployment.id.clone());
        // The wait for a person was as long as a person took: nothing follows from it.
        if bounds.ready_wait.is_zero() && deployment.ready_wait.is_zero() {
            shift_begins = until(moved).map(later);
        }
        // What waits by configuration is exchanged; the rest took as long as it will take again.
        let waits = shift.duration() + deployment.termination_wait;
        ends = until(deployment.completed)
            .map(|took| later(took.saturating_sub(waits) + bounds.shift.duration() + bounds.termination_wait));
    }
    Forecast {
        basis,
        shift_begins,
        steps: bounds.shift.steps(),
        ends,
        termination_wait: bounds.termination_wait,
        ready_wait: bounds.ready_wait,
        deadline: bounds.deadline(now),
    }
}

/// The properties and hooks of an AppSpec without the scaffolding around them.
fn flat(appspec: &AppSpec) -> Value {
    let document = appspec.document();
    let resource = document["Resources"][0].as_object().and_then(|resource| resource.values().next());
    let mut flat = resource.and_then(|service| service["Properties"].as_object()).cloned().unwrap_or_else(Map::new);
    for (event, function) in &appspec.hooks {
        flat.insert(format!("Hooks.{event}"), Value::String(function.clone()));
    }
    Value::Object(flat)
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
