//! One file a verb: fetch, decide, act. What they share is in `following` and `interruption`.

pub mod answering;
pub mod check;
pub mod clean_up;
pub mod completions;
mod consent;
pub mod continuing;
pub mod deploy;
pub mod doctor;
pub mod following;
mod gathering;
pub mod history;
pub mod init;
pub mod interruption;
#[cfg(feature = "rehearse")]
pub mod invoke;
pub mod plan;
mod preflight;
pub mod preparation;
#[cfg(feature = "rehearse")]
pub mod rehearse;
pub mod report_hook;
pub mod rollback;
pub mod schema;
pub mod status;
pub mod stop;
pub mod watch;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::configuration::{Configuration, reading};
use crate::environment;
use crate::failure::Failure;

/// How fast to look, and how fast AWS's waits pass.
#[derive(Clone, Debug, PartialEq)]
pub struct Pacing {
    /// The shortest time between two looks.
    pub floor: Duration,
    /// 1 for AWS; more in a rehearsal.
    pub pace: f64,
    /// How long to look for a hook's evidence.
    pub evidence: Duration,
    /// Whether the deployment ends when this process ends: a rehearsal's stand-in does.
    pub ends_with_us: bool,
}

impl Pacing {
    /// For AWS.
    pub const ORDINARY: Self =
        Self { floor: Duration::from_secs(1), pace: 1.0, evidence: Duration::from_secs(10), ends_with_us: false };
}

/// Where the configuration is, and the variables given with `--var`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigurationSource {
    /// The file.
    pub file: PathBuf,
    /// `NAME`, `VALUE`; they go before the environment.
    pub variables: Vec<(String, String)>,
}

impl ConfigurationSource {
    /// Reads it.
    pub fn read(&self) -> Result<Configuration, Failure> {
        self.parse(&self.text()?)
    }

    /// Reads it for a verb that deploys nothing: variables that are not set, an image's for example, are left as they stand.
    pub fn read_to_look(&self) -> Result<Configuration, Failure> {
        let lenient = |name: &str| Some(self.variable(name).unwrap_or_else(|| format!("${{{name}}}")));
        let configuration = self.parse_with(&self.text()?, &lenient)?;
        if [&configuration.application, &configuration.deployment_group].iter().any(|name| name.contains("${")) {
            // Reading it strictly names the place.
            return self.read();
        }
        Ok(configuration)
    }

    /// Reads this text as if it were in the file.
    pub fn parse(&self, text: &str) -> Result<Configuration, Failure> {
        self.parse_with(text, &|name| self.variable(name))
    }

    fn parse_with(&self, text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Configuration, Failure> {
        let directory = self.file.parent().unwrap_or(Path::new(""));
        Ok(reading::read(text, &self.file.display().to_string(), directory, variable)?)
    }

    fn text(&self) -> Result<String, Failure> {
        std::fs::read_to_string(&self.file)
            .map_err(|source| Failure::ConfigurationFile { path: self.file.clone(), source })
    }

    fn variable(&self, name: &str) -> Option<String> {
        variable(&self.variables, name)
    }
}

/// A variable as given with `--var`, the last one first, or from the environment.
fn variable(given: &[(String, String)], name: &str) -> Option<String> {
    let given = given.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    given.or_else(|| environment::variable(name))
}
