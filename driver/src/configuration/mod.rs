//! `greenlight.yaml`: what to deploy and how. A value of these types cannot be wrong in itself; whether it fits AWS is
//! asked elsewhere. Reading is in [`reading`].

mod document;
pub mod reading;

use std::collections::BTreeMap;
use std::path::PathBuf;

use greenlight_checks::event::HookEvent;

use crate::appspec::Extras;
use crate::document::Fault;
use crate::snapshot::RollbackEvent;

/// The JSON Schema of the file; that it knows what [`reading`] knows is tested.
pub fn schema() -> serde_json::Value {
    use greenlight_checks::schema;

    schema::with_variables(schema::document::<document::File>()).to_value()
}

/// The whole file, with `${…}` replaced.
#[derive(Clone, Debug, PartialEq)]
pub struct Configuration {
    /// CodeDeploy application.
    pub application: String,
    /// CodeDeploy deployment group.
    pub deployment_group: String,
    /// Where the task definition comes from.
    pub task_definition: TaskDefinitionSource,
    /// Images by container name.
    pub images: BTreeMap<String, String>,
    /// Which container and port the load balancer reaches, where the task definition leaves a choice.
    pub load_balancer: LoadBalancer,
    /// Functions by lifecycle event, in the order of the lifecycle.
    pub hooks: BTreeMap<HookEvent, String>,
    /// The check plan that the functions were packaged with.
    pub checks: Option<PathBuf>,
    /// Deployment configuration name; the group's own when absent.
    pub deployment_config: Option<String>,
    /// When CodeDeploy rolls back by itself; the group's own setting when absent.
    pub rollback_on: Option<Vec<RollbackEvent>>,
    /// Optional properties of the AppSpec.
    pub appspec: Extras,
}

/// `task_definition`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskDefinitionSource {
    /// The service's current one.
    Live,
    /// A JSON file.
    File(PathBuf),
}

/// `load_balancer`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadBalancer {
    /// Container name.
    pub container: Option<String>,
    /// Container port.
    pub port: Option<u16>,
}

/// Everything that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.lines().join("\n"))]
pub struct ConfigurationError {
    /// The file's name, as it was given.
    pub file: String,
    /// In the order of the file, at least one.
    pub faults: Vec<Fault>,
}

impl ConfigurationError {
    /// `file:line:column: text`, one a fault.
    pub fn lines(&self) -> Vec<String> {
        self.faults
            .iter()
            .map(|fault| match fault.place.line {
                0 => format!("{}: {}", self.file, fault.text),
                line => format!("{}:{line}:{}: {}", self.file, fault.place.column, fault.text),
            })
            .collect()
    }
}
