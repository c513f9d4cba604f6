//! Who serves a request: all splits, groups and targets behind one lock, and what is told when they change.
//!
//! Nothing awaits under the lock. Observations are sent under it, so that they come in the order of what happened.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use super::connections::Connections;
use super::health::{Check, Record};
use super::probe;
use super::split::Split;
use super::targets::{Group, Registration, Target};
use crate::clock::{self, Pace};
use crate::effect::{Observation, TargetGroupSpec, TargetHealth};
use crate::machine::life::Life;

/// However high the pace, checks leave the machine some air.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(10);

#[derive(Debug, Default)]
struct State {
    splits: HashMap<String, Split>,
    groups: HashMap<String, Group>,
    registrations: Registration,
}

/// The routing state of all listeners.
#[derive(Debug)]
pub(crate) struct Routes {
    state: Mutex<State>,
    pace: Pace,
    observations: UnboundedSender<Observation>,
    life: Life,
}

/// Why no target can take a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoTarget {
    /// No group has weight, or the group has no target: 503.
    Empty,
    /// Every target was tried: 502.
    AllTried,
}

/// A request on its way: counts in its target's flight until dropped.
#[derive(Debug)]
pub(super) struct Flight {
    routes: Arc<Routes>,
    group: String,
    registration: Registration,
    connections: Arc<Connections>,
}

impl Routes {
    pub(crate) fn new(
        groups: Vec<TargetGroupSpec>,
        pace: Pace,
        observations: UnboundedSender<Observation>,
        life: Life,
    ) -> Arc<Routes> {
        let groups = groups.into_iter().map(|spec| (spec.arn.clone(), Group::new(spec))).collect();
        let state = State { groups, ..State::default() };
        Arc::new(Routes { state: Mutex::new(state), pace, observations, life })
    }

    /// Set the weights that a listener starts with.
    pub(crate) fn open(&self, listener: &str, weights: Vec<(String, u32)>) {
        self.state().splits.insert(listener.to_owned(), Split::new(weights));
    }

    /// Split by new weights from the next request on; requests under way stay where they are.
    pub(crate) fn route(&self, listener: &str, weights: Vec<(String, u32)>) {
        let mut state = self.state();
        if let Some((unknown, _)) = weights.iter().find(|(group, _)| !state.groups.contains_key(group)) {
            tracing::error!(listener, group = unknown, "traffic is routed to a target group that does not exist");
        }
        let Some(split) = state.splits.get_mut(listener) else {
            tracing::error!(listener, "there is no such listener to route");
            return;
        };
        *split = Split::new(weights);
        let State { splits, groups, .. } = &mut *state;
        for (arn, group) in groups {
            let in_use = splits.values().any(|split| split.names(arn));
            for target in &mut group.targets {
                let change = target.record.used(in_use);
                self.tell_health(arn, target.address, change);
            }
        }
        self.tell(Observation::Routed { listener: listener.to_owned() });
    }

    /// Add a target and begin to check it. One that is draining comes back into service.
    pub(crate) fn register(self: &Arc<Self>, group: &str, address: SocketAddr) {
        let mut state = self.state();
        state.registrations += 1;
        let registration = state.registrations;
        let in_use = state.splits.values().any(|split| split.names(group));
        let Some(found) = state.groups.get_mut(group) else {
            tracing::error!(group, %address, "there is no such target group to register a target in");
            return;
        };
        let life = self.life.part();
        let registration = match found.targets.iter_mut().find(|target| target.address == address) {
            Some(target) if !target.draining => return,
            Some(draining) => {
                draining.come_back(Record::registered(in_use), life.clone());
                draining.registration
            }
            None => {
                let target = Target {
                    registration,
                    address,
                    registered: clock::instant(),
                    record: Record::registered(in_use),
                    in_flight: 0,
                    draining: false,
                    connections: Connections::new(address),
                    life: life.clone(),
                };
                found.targets.push(target);
                registration
            }
        };
        self.tell_health(group, address, Some(Record::registered(in_use).health().clone()));
        let (routes, spec) = (Arc::clone(self), found.spec.clone());
        life.spawn_until_end(async move { routes.check(spec, registration, address).await });
    }

    /// Send a target nothing new, and say when it serves nothing any more, at the latest after `drain`.
    pub(crate) fn deregister(self: &Arc<Self>, group: &str, address: SocketAddr, drain: Duration) {
        let mut state = self.state();
        let target = state
            .groups
            .get_mut(group)
            .and_then(|group| group.targets.iter_mut().find(|target| target.address == address && !target.draining));
        let Some(target) = target else {
            tracing::error!(group, %address, "a target that is not registered cannot be deregistered");
            return;
        };
        target.draining = true;
        // Ends the health checks; the wait below is a new part.
        target.life.end();
        target.life = self.life.part();
        let (registration, life, idle) = (target.registration, target.life.clone(), target.in_flight == 0);
        self.tell_health(group, address, Some(TargetHealth::Draining));
        if idle {
            self.drained(&mut state, group, registration);
            return;
        }
        let (routes, group) = (Arc::clone(self), group.to_owned());
        life.spawn_until_end(async move {
            tokio::time::sleep(drain).await;
            let mut state = routes.state();
            routes.drained(&mut state, &group, registration);
        });
    }

    /// Take a listener's next group and a target in it, at once.
    pub(super) fn depart(self: &Arc<Self>, listener: &str) -> Result<Flight, NoTarget> {
        let mut state = self.state();
        let group = state.splits.get_mut(listener).and_then(Split::next).ok_or(NoTarget::Empty)?.to_owned();
        self.depart_in(&mut state, group, &[])
    }

    /// Take another target of the same group.
    pub(super) fn depart_again(self: &Arc<Self>, group: String, tried: &[Registration]) -> Result<Flight, NoTarget> {
        self.depart_in(&mut self.state(), group, tried)
    }

    fn depart_in(
        self: &Arc<Self>,
        state: &mut State,
        group: String,
        tried: &[Registration],
    ) -> Result<Flight, NoTarget> {
        let found = state.groups.get_mut(&group).ok_or(NoTarget::Empty)?;
        let none = if tried.is_empty() { NoTarget::Empty } else { NoTarget::AllTried };
        let target = found.next(tried).ok_or(none)?;
        target.in_flight += 1;
        let (registration, connections) = (target.registration, Arc::clone(&target.connections));
        Ok(Flight { routes: Arc::clone(self), group, registration, connections })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn landed(&self, group: &str, registration: Registration) {
        let mut state = self.state();
        let Some(target) = state.groups.get_mut(group).and_then(|group| group.target(registration)) else { return };
        target.in_flight -= 1;
        if target.draining && target.in_flight == 0 {
            self.drained(&mut state, group, registration);
        }
    }

    fn drained(&self, state: &mut State, group: &str, registration: Registration) {
        let Some(found) = state.groups.get_mut(group) else { return };
        let Some(index) = found.targets.iter().position(|target| target.registration == registration) else { return };
        let target = found.targets.remove(index);
        target.life.end();
        self.tell(Observation::TargetDrained { group: group.to_owned(), target: target.address });
    }

    /// Check a target for as long as it is registered.
    async fn check(&self, spec: TargetGroupSpec, registration: Registration, address: SocketAddr) {
        let interval = self.pace.compress(spec.interval).max(SHORTEST_INTERVAL);
        loop {
            if self.about_to_check(&spec.arn, registration) {
                let check = probe::check(address, &spec.path, spec.timeout).await;
                self.checked(&spec, registration, &check);
            }
            tokio::time::sleep(interval).await;
        }
    }

    /// Whether the target is in use; if so its first check is under way now.
    fn about_to_check(&self, group: &str, registration: Registration) -> bool {
        let mut state = self.state();
        let Some(target) = state.groups.get_mut(group).and_then(|group| group.target(registration)) else {
            return false;
        };
        let change = target.record.checking();
        let address = target.address;
        let in_use = *target.record.health() != TargetHealth::Unused;
        self.tell_health(group, address, change);
        in_use
    }

    fn checked(&self, spec: &TargetGroupSpec, registration: Registration, check: &Check) {
        let mut state = self.state();
        let target = state.groups.get_mut(&spec.arn).and_then(|group| group.target(registration));
        let Some(target) = target.filter(|target| !target.draining) else { return };
        let change = target.record.checked(check, target.registered.elapsed(), spec.healthy, spec.unhealthy);
        let address = target.address;
        self.tell_health(&spec.arn, address, change);
    }

    fn tell_health(&self, group: &str, target: SocketAddr, change: Option<TargetHealth>) {
        if let Some(health) = change {
            self.tell(Observation::TargetHealth { group: group.to_owned(), target, health });
        }
    }

    fn tell(&self, observation: Observation) {
        // Nobody listens any more when the stand-in is going down.
        self.observations.send(observation).ok();
    }
}

impl Flight {
    pub(super) fn group(&self) -> &str {
        &self.group
    }

    pub(super) fn registration(&self) -> Registration {
        self.registration
    }

    pub(super) fn connections(&self) -> &Arc<Connections> {
        &self.connections
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.routes.landed(&self.group, self.registration);
    }
}
