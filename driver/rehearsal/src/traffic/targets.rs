//! A target group: its targets, what each has in flight, and whose turn it is. Pure but for the connections it carries.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use super::connections::Connections;
use super::health::Record;
use crate::clock;
use crate::effect::{TargetGroupSpec, TargetHealth};
use crate::machine::life::Life;

/// Names one registration of a target: the same address may be registered again later.
pub(super) type Registration = u64;

/// A registered target.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) registration: Registration,
    pub(super) address: SocketAddr,
    pub(super) registered: Instant,
    pub(super) record: Record,
    pub(super) in_flight: usize,
    pub(super) draining: bool,
    pub(super) connections: Arc<Connections>,
    /// Ends its health checks, and the wait for its last request.
    pub(super) life: Life,
}

/// A target group.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) spec: TargetGroupSpec,
    pub(super) targets: Vec<Target>,
    turn: usize,
}

impl Target {
    /// Back into service: the wait for its last request ends, its requests go on.
    pub(super) fn come_back(&mut self, record: Record, life: Life) {
        std::mem::replace(&mut self.life, life).end();
        self.record = record;
        self.registered = clock::instant();
        self.draining = false;
    }
}

impl Group {
    pub(super) fn new(spec: TargetGroupSpec) -> Group {
        Group { spec, targets: Vec::new(), turn: 0 }
    }

    /// The target of the next request, other than those tried already: healthy ones in turn, and all in turn when none
    /// is healthy ("fail open"). Draining ones get nothing.
    pub(super) fn next(&mut self, tried: &[Registration]) -> Option<&mut Target> {
        let open = |target: &Target| !target.draining && !tried.contains(&target.registration);
        let healthy = |target: &Target| open(target) && *target.record.health() == TargetHealth::Healthy;
        let any_healthy =
            self.targets.iter().any(|target| !target.draining && *target.record.health() == TargetHealth::Healthy);
        let count = self.targets.len();
        let in_turn = |turn: usize| (0..count).map(move |step| (turn + step) % count);
        // A second try after a refused connection takes any target: the health record is older than the refusal.
        let chosen = in_turn(self.turn).find(|index| healthy(&self.targets[*index])).or_else(|| {
            (!any_healthy || !tried.is_empty())
                .then(|| in_turn(self.turn).find(|index| open(&self.targets[*index])))
                .flatten()
        })?;
        self.turn = (chosen + 1) % count;
        self.targets.get_mut(chosen)
    }

    /// The target of a registration, while it is there.
    pub(super) fn target(&mut self, registration: Registration) -> Option<&mut Target> {
        self.targets.iter_mut().find(|target| target.registration == registration)
    }
}
