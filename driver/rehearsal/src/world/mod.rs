//! Everything there is in the stand-in, in one place with one owner. It is told what was asked and what was seen, with the time,
//! and leaves effects to be carried out; it reads no clock, starts nothing, and waits for nobody.

#[cfg(test)]
mod alarm_tests;
mod begin;
mod conduct;
#[cfg(test)]
mod interruptions;
#[cfg(test)]
mod neighbour_tests;
#[cfg(test)]
pub(crate) mod simulation;
#[cfg(test)]
mod stories;
#[cfg(test)]
mod wire_tests;

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

use crate::autoscaling::AutoScaling;
use crate::clock::Pace;
use crate::cloudwatch::CloudWatch;
use crate::codedeploy::{CodeDeploy, rules};
use crate::ecs::Ecs;
use crate::effect::{Effect, InvocationOutcome, Observation, TargetHealth};
use crate::elbv2::LoadBalancing;
use crate::identifiers::Identifiers;
use crate::journal::Journal;
use crate::logs::Logs;
use crate::names::{Names, target_group_name};
use crate::s3::Buckets;
use crate::scenario::{Ailments, Function, Image, Switches};

/// The state of all services.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) names: Names,
    pub(crate) pace: Pace,
    pub(crate) switches: Switches,
    pub(crate) ailments: Ailments,
    pub(crate) identifiers: Identifiers,
    pub(crate) journal: Journal,
    pub(crate) ecs: Ecs,
    pub(crate) elb: LoadBalancing,
    pub(crate) codedeploy: CodeDeploy,
    pub(crate) autoscaling: AutoScaling,
    pub(crate) cloudwatch: CloudWatch,
    pub(crate) functions: BTreeMap<String, Function>,
    pub(crate) images: BTreeMap<String, Image>,
    pub(crate) logs: Logs,
    pub(crate) buckets: Buckets,
    /// To be carried out by whoever owns the world.
    pub(crate) effects: Vec<Effect>,
    /// What deployments are to learn, in order.
    pub(crate) inputs: VecDeque<(String, rules::Input)>,
}

impl World {
    /// Time has passed.
    pub(crate) fn tick(&mut self, now: Timestamp) {
        self.settle(now);
    }

    /// The machine saw something.
    pub(crate) fn observe(&mut self, observation: Observation, now: Timestamp) {
        match observation {
            Observation::TaskStarted { task, address } => self.task_started(&task, address, now),
            Observation::TaskStopped { task, exit_code, reason } => self.task_stopped(&task, exit_code, reason, now),
            Observation::TargetHealth { group, target, health } => self.target_health(&group, target, health, now),
            Observation::TargetDrained { group, target } => self.target_drained(&group, target),
            Observation::Routed { listener } => self.routed(&listener),
            Observation::Invoked { function, attempt, outcome, last, .. } => {
                let again = if last { "" } else { ", will be retried" };
                let detail = format!("{function}, attempt {attempt}: {}{again}", summary(&outcome));
                self.note(now, "lambda", "invocation ended", detail);
            }
            Observation::Logged { group, stream, at, message } => self.logs.write(&group, stream, at, message, now),
        }
        self.settle(now);
    }

    /// When [`World::tick`] is due next.
    pub(crate) fn next_wake(&self) -> Option<Timestamp> {
        let deployments =
            self.codedeploy.deployments.iter().filter_map(|deployment| rules::wake(deployment, self.pace));
        deployments.chain(self.schedule_wake()).chain(self.cloudwatch.next_change()).min()
    }

    /// What is to be carried out, since the last time.
    pub(crate) fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// Enter something into the journal.
    pub(crate) fn note(&self, now: Timestamp, service: &str, what: &str, detail: impl Into<String>) {
        self.journal.record(now, service, what, detail);
    }

    fn target_health(&mut self, group: &str, target: std::net::SocketAddr, health: TargetHealth, now: Timestamp) {
        if self.elb.health(group, target).is_none_or(|known| *known == TargetHealth::Draining || *known == health) {
            return;
        }
        self.elb.see(group, target, health.clone());
        let group_name = target_group_name(group);
        match health {
            TargetHealth::Healthy => self.note(now, "elbv2", "target healthy", format!("in {group_name}")),
            TargetHealth::Unhealthy { reason, description } => {
                self.note(now, "elbv2", "target unhealthy", format!("in {group_name}: {reason}, {description}"));
                self.target_unhealthy(group, target, &description, now);
            }
            TargetHealth::Initial { .. } | TargetHealth::Unused | TargetHealth::Draining => {}
        }
    }

    fn routed(&mut self, listener: &str) {
        if let Some(listener) = self.elb.listener_mut(listener) {
            listener.unconfirmed = listener.unconfirmed.saturating_sub(1);
        }
    }

    /// Let everything follow from what has changed, until nothing does.
    pub(crate) fn settle(&mut self, now: Timestamp) {
        for change in self.cloudwatch.change(now) {
            self.note(now, "cloudwatch", "alarm state changed", change);
        }
        self.schedule(now);
        self.conduct(now);
        self.schedule(now);
    }
}

fn summary(outcome: &InvocationOutcome) -> String {
    match outcome {
        InvocationOutcome::Returned(_) => "returned".into(),
        InvocationOutcome::Failed(body) => format!("failed, {}", String::from_utf8_lossy(body)),
        InvocationOutcome::TimedOut => "timed out".into(),
        InvocationOutcome::Crashed(how) => format!("crashed, {how}"),
    }
}
