//! Where a story is played: a stand-in, and the folder in which the commands are started.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::support::deploy_site::Site;
use crate::support::stand_in::StandIn;

/// A place for a story.
pub(crate) trait Stage: Sync {
    /// `greenlight` with the stand-in as its AWS, in the story's folder.
    fn command(&self) -> Command;
    /// The folder.
    fn folder(&self) -> &Path;
}

impl Stage for Site {
    fn command(&self) -> Command {
        let mut command = self.stand_in.greenlight();
        command.current_dir(self.folder());
        command
    }

    fn folder(&self) -> &Path {
        Self::folder(self)
    }
}

/// The demo with its two hooks, and a `greenlight.yaml` that deploys its second version.
pub(crate) struct Demo {
    pub(crate) stand_in: StandIn,
    folder: TempDir,
}

impl Demo {
    /// Starts one with further arguments for the stand-in.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let stand_in = StandIn::start(arguments);
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        stand_in.write_configuration(folder.path());
        Self { stand_in, folder }
    }
}

impl Stage for Demo {
    fn command(&self) -> Command {
        let mut command = self.stand_in.greenlight();
        command.current_dir(self.folder.path());
        command
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// No AWS at all: a folder.
impl Stage for TempDir {
    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_greenlight"));
        command.current_dir(self.path());
        command
    }

    fn folder(&self) -> &Path {
        self.path()
    }
}
