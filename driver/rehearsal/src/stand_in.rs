//! Starts the stand-in and ends it: the only file that puts world, machine and endpoint together.

use std::io;

use crate::announcement::Announcement;
use crate::clock::Pace;
use crate::journal::{Entry, Journal};
use crate::machine::MachineError;
use crate::scenario::Scenario;

/// How to start.
#[derive(Clone, Debug)]
pub struct Options {
    /// What to rehearse.
    pub scenario: Scenario,
    /// How much faster than AWS the stand-in's own waits pass.
    pub pace: Pace,
    /// The endpoint's port; 0 takes a free one.
    pub port: u16,
    /// Register the green task definition too, for clients that only deploy.
    pub register_green: bool,
}

/// Why the stand-in did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The endpoint's port is taken or not allowed.
    #[error("open the endpoint on 127.0.0.1:{port}")]
    Endpoint {
        /// The port that was asked for.
        port: u16,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Listeners or the reaper.
    #[error("start the machine")]
    Machine(#[from] MachineError),
    /// The scenario cannot be run as it is.
    #[error("run the scenario: {0}")]
    Scenario(String),
    /// The service's first version does not come up.
    #[error("bring up the blue task set: {0}")]
    Blue(String),
}

/// A running stand-in.
#[derive(Debug)]
pub struct StandIn {
    announcement: Announcement,
    journal: Journal,
}

impl StandIn {
    /// Start; returns when everything listens and the blue task set is steady behind the production listener.
    ///
    /// # Errors
    /// When a port cannot be had, or the scenario's first version does not come up.
    pub async fn start(options: Options) -> Result<StandIn, StartError> {
        let _ = options;
        Err(StartError::Scenario("the control plane is not there yet".into()))
    }

    /// Where everything is.
    #[must_use]
    pub fn announcement(&self) -> &Announcement {
        &self.announcement
    }

    /// Everything that happened so far.
    #[must_use]
    pub fn journal(&self) -> Vec<Entry> {
        self.journal.entries()
    }

    /// End all children and close all sockets.
    pub async fn shutdown(self) {}
}
