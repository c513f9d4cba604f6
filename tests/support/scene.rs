//! A scenario with one hook function, with its stand-in, as a place for transcripts.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::path::{Path, PathBuf};
use std::process::Command;

use super::scenario::Scenario;
use super::stand_in::StandIn;
use super::transcript::Stage;

/// The stand-in, and the folder with the scenario's files and its `greenlight.yaml`.
pub(crate) struct Scene {
    pub(crate) stand_in: StandIn,
    folder: PathBuf,
    _scenario: Scenario,
}

impl Scene {
    /// Starts one with further arguments for the stand-in.
    pub(crate) fn start(scenario: Scenario, arguments: &[&str]) -> Self {
        let stand_in = StandIn::start(&[&[scenario.path()], arguments].concat());
        let configuration = scenario.configuration();
        let folder = configuration.parent().expect("the file lies in a folder").to_owned();
        Self { stand_in, folder, _scenario: scenario }
    }
}

impl Stage for Scene {
    fn command(&self) -> Command {
        let mut command = self.stand_in.greenlight();
        command.current_dir(&self.folder);
        command
    }

    fn folder(&self) -> &Path {
        &self.folder
    }
}
