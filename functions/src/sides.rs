//! Which task set is the original and which the replacement, and the target group of each. Pure: facts in, sides out.
//!
//! The replacement is known by its external id, which is the deployment's; CodeDeploy's labels are only held against it.

#![deny(clippy::wildcard_enum_match_arm)]

use greenlight_checks::message::Message;

use crate::attest::{contradicted, not_attestable};
use crate::demands::{Demands, Version};
use crate::facts::{Facts, Label, TaskSet, TaskSetStatus};

/// The two sides of a deployment, and the target group of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sides {
    /// The task set that this deployment created; none before Install.
    pub(crate) replacement: Option<Side>,
    /// The one that served before it.
    pub(crate) original: Side,
}

impl Sides {
    /// One of them; a replacement that is not there cannot be attested.
    pub(crate) fn of(&self, version: Version) -> Result<&Side, Message> {
        match version {
            Version::Original => Ok(&self.original),
            Version::Replacement => {
                self.replacement.as_ref().ok_or_else(|| not_attestable("there is no replacement task set"))
            }
        }
    }

    /// The side that a target group belongs to.
    pub(crate) fn owner(&self, target_group: &str) -> Option<Version> {
        if target_group == self.original.target_group {
            Some(Version::Original)
        } else if self.replacement.as_ref().is_some_and(|side| side.target_group == target_group) {
            Some(Version::Replacement)
        } else {
            None
        }
    }
}

/// One task set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Side {
    /// `ecs-svc/…`.
    pub(crate) task_set: String,
    /// ARN of the target group.
    pub(crate) target_group: String,
    /// ARN of its task definition.
    pub(crate) task_definition: String,
    /// How many tasks it should run.
    pub(crate) desired: usize,
}

/// Finds the two sides that there are at an event.
pub(crate) fn sides(facts: &Facts, demands: &Demands) -> Result<Sides, Message> {
    let id = &facts.deployment.id;
    let service = &facts.target.service;
    let created = facts.task_sets.iter().find(|task_set| task_set.external_id.as_ref() == Some(id));
    let replacement = match created {
        None if demands.created => {
            return Err(not_attestable(format!("service {service} has no task set that deployment {id} created")));
        }
        None => return Ok(Sides { replacement: None, original: side(facts, primary(facts)?)? }),
        Some(created) if !demands.created => {
            return Err(contradicted(format!(
                "deployment {id} is at {} and has already created the task set {}",
                demands.event, created.id
            )));
        }
        Some(created) => created,
    };
    let original = match demands.production {
        Version::Original => primary(facts)?,
        Version::Replacement => outlived(facts, replacement)?,
    };
    if original.id == replacement.id {
        return Err(contradicted(format!(
            "the replacement task set {} is already the primary one of service {service}; nothing is left to validate \
             it against",
            replacement.id
        )));
    }
    let label = facts.target.task_sets.iter().find(|labelled| labelled.id == replacement.id);
    match label.and_then(|labelled| labelled.label.as_ref()) {
        None | Some(Label::Green) => {}
        Some(label @ (Label::Blue | Label::Other(_))) => {
            return Err(not_attestable(format!(
                "CodeDeploy labels the task set {} {label}, but it is the one that deployment {id} created",
                replacement.id
            )));
        }
    }
    let sides = Sides { replacement: Some(side(facts, replacement)?), original: side(facts, original)? };
    if sides.owner(&sides.of(Version::Replacement)?.target_group) == Some(Version::Original) {
        return Err(contradicted(format!(
            "both task sets are behind the target group {}",
            facts.target_group_name(&sides.original.target_group)
        )));
    }
    Ok(sides)
}

/// The task set that the replacement took production from. Which of the two is the primary one by then does not matter:
/// AWS was seen to show the replacement as primary in the termination wait, and promises no time for it.
fn outlived<'a>(facts: &'a Facts, replacement: &TaskSet) -> Result<&'a TaskSet, Message> {
    facts
        .task_sets
        .iter()
        .filter(|task_set| task_set.id != replacement.id && side(facts, task_set).is_ok())
        .filter(|task_set| match task_set.status {
            TaskSetStatus::Primary | TaskSetStatus::Active => true,
            TaskSetStatus::Draining | TaskSetStatus::Other(_) => false,
        })
        .min_by_key(|task_set| task_set.status != TaskSetStatus::Primary)
        .ok_or_else(|| {
            not_attestable(format!(
                "service {} has no task set but the replacement; the original, which a rollback needs, is gone",
                facts.target.service
            ))
        })
}

fn primary(facts: &Facts) -> Result<&TaskSet, Message> {
    facts
        .task_sets
        .iter()
        .find(|task_set| task_set.status == TaskSetStatus::Primary)
        .ok_or_else(|| not_attestable(format!("service {} has no primary task set", facts.target.service)))
}

/// A task set behind its target group of the pair.
pub(crate) fn side(facts: &Facts, task_set: &TaskSet) -> Result<Side, Message> {
    let target_group = task_set.target_groups.iter().find(|arn| facts.in_pair(arn)).ok_or_else(|| {
        not_attestable(format!(
            "the task set {} is behind neither target group of the deployment group ({})",
            task_set.id,
            facts.group.pair.join(", ")
        ))
    })?;
    Ok(Side {
        task_set: task_set.id.clone(),
        target_group: target_group.clone(),
        task_definition: task_set.task_definition.clone(),
        desired: task_set.desired,
    })
}
