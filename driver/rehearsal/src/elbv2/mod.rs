//! ELBv2, as far as it is seen around a deployment: one load balancer, its listeners with their forward actions, a pair of
//! target groups and the health of their targets. It forwards nothing itself.

pub(crate) mod serve;
pub(crate) mod xml;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::effect::{Effect, TargetHealth};
use crate::names::target_group_name;
use crate::scenario::HealthCheck;

/// ELBv2's state.
#[derive(Clone, Debug)]
pub(crate) struct LoadBalancing {
    /// Production first, then test.
    pub(crate) listeners: Vec<Listener>,
    /// ARNs of the pair.
    pub(crate) groups: [String; 2],
    pub(crate) health_check: HealthCheck,
    pub(crate) targets: BTreeMap<(String, SocketAddr), TargetHealth>,
}

/// A listener; its default rule is its only rule.
#[derive(Clone, Debug)]
pub(crate) struct Listener {
    pub(crate) arn: String,
    pub(crate) port: u16,
    /// ARN and weight, in the order in which they are shown.
    pub(crate) forwards: Vec<(String, u32)>,
    /// Orders that the machine has not confirmed.
    pub(crate) unconfirmed: u32,
}

impl LoadBalancing {
    pub(crate) fn listener(&self, arn: &str) -> Option<&Listener> {
        self.listeners.iter().find(|listener| listener.arn == arn)
    }

    pub(crate) fn listener_mut(&mut self, arn: &str) -> Option<&mut Listener> {
        self.listeners.iter_mut().find(|listener| listener.arn == arn)
    }

    /// The pair's other group.
    pub(crate) fn other(&self, group: &str) -> &str {
        let [first, second] = &self.groups;
        if group == first { second } else { first }
    }

    /// Whether any listener names the group, be it with weight 0: only then are its targets checked.
    pub(crate) fn is_used(&self, group: &str) -> bool {
        self.listeners.iter().any(|listener| listener.forwards.iter().any(|(arn, _)| arn == group))
    }

    pub(crate) fn register(&mut self, group: &str, target: SocketAddr) {
        let health = if self.is_used(group) {
            TargetHealth::Initial { reason: "Elb.RegistrationInProgress" }
        } else {
            TargetHealth::Unused
        };
        self.targets.insert((group.to_owned(), target), health);
    }

    pub(crate) fn begin_draining(&mut self, group: &str, target: SocketAddr) {
        if let Some(health) = self.targets.get_mut(&(group.to_owned(), target)) {
            *health = TargetHealth::Draining;
        }
    }

    pub(crate) fn forget(&mut self, group: &str, target: SocketAddr) {
        self.targets.remove(&(group.to_owned(), target));
    }

    pub(crate) fn health(&self, group: &str, target: SocketAddr) -> Option<&TargetHealth> {
        self.targets.get(&(group.to_owned(), target))
    }

    /// Take over what the machine saw; a target that is leaving stays `draining`.
    pub(crate) fn see(&mut self, group: &str, target: SocketAddr, health: TargetHealth) {
        if let Some(known) = self.targets.get_mut(&(group.to_owned(), target))
            && *known != TargetHealth::Draining
        {
            *known = health;
        }
    }
}

impl Listener {
    /// Give `group` so many percent and the other group the rest. The order of the list stays as it was seen; a single
    /// forward becomes a weighted one, in the order of the pair as production shows it.
    pub(crate) fn shift(&mut self, pair: [&str; 2], group: &str, percent: u32) -> Effect {
        if self.forwards.len() < 2 {
            let [first, second] = pair;
            self.forwards = vec![(second.to_owned(), 0), (first.to_owned(), 0)];
        }
        for (arn, weight) in &mut self.forwards {
            *weight = if arn == group { percent } else { 100 - percent };
        }
        self.unconfirmed += 1;
        Effect::Route { listener: self.arn.clone(), weights: self.forwards.clone() }
    }

    /// The weight of a group in percent of all weights.
    pub(crate) fn percent(&self, group: &str) -> f64 {
        let sum: u32 = self.forwards.iter().map(|(_, weight)| weight).sum();
        let weight: u32 = self.forwards.iter().filter(|(arn, _)| arn == group).map(|(_, weight)| weight).sum();
        if sum == 0 { 0.0 } else { f64::from(weight) * 100.0 / f64::from(sum) }
    }

    /// `shop-b 10, shop-a 90`.
    pub(crate) fn summary(&self) -> String {
        let parts = self.forwards.iter().map(|(arn, weight)| format!("{} {weight}", target_group_name(arn)));
        parts.collect::<Vec<_>>().join(", ")
    }
}
