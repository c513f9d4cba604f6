//! `greenlight.yaml`: what to deploy and how. A value of these types cannot be wrong in itself; whether it fits AWS is
//! asked elsewhere. Reading is in [`reading`].

mod document;
pub mod reading;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use greenlight_checks::event::HookEvent;

use crate::appspec::Extras;
use crate::decide::conflict::OnConflict;
use crate::decide::interruption::OnInterrupt;
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
    /// Environment variables to set, by container name.
    pub environment: BTreeMap<String, BTreeMap<String, String>>,
    /// Secrets to set, by container name: ARNs, never values.
    pub secrets: BTreeMap<String, BTreeMap<String, String>>,
    /// Tags of the task definition to set.
    pub tags: BTreeMap<String, String>,
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
    /// Alarms that stop the deployment; the group's own when absent.
    pub alarms: Option<Vec<String>>,
    /// What the deployment is for.
    pub description: Option<String>,
    /// Where the AppSpec is put for CodeDeploy; without it it goes with the call.
    pub revision_bucket: Option<String>,
    /// Where the hooks keep their evidence; else each function's environment says it.
    pub evidence: Option<EvidencePlace>,
    /// What is done when another deployment of the group is active.
    pub on_conflict: OnConflict,
    /// What is done when the command is interrupted.
    pub on_interrupt: OnInterrupt,
    /// What is done with the service's auto-scaling meanwhile.
    pub auto_scaling: AutoScaling,
    /// What watches over a shift that takes its time.
    pub guard: Option<GuardSettings>,
    /// Optional properties of the AppSpec.
    pub appspec: Extras,
}

/// `evidence`: what the keys of a hook's evidence begin with, in which bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidencePlace {
    /// The bucket.
    pub bucket: String,
    /// Without a slash at either end; empty for none.
    pub prefix: String,
}

impl EvidencePlace {
    /// The functions' own default.
    pub const PREFIX: &str = "greenlight";

    /// A prefix may be written with slashes around it.
    pub fn new(bucket: &str, prefix: Option<&str>) -> Self {
        let prefix = prefix.unwrap_or(Self::PREFIX).trim_matches('/');
        Self { bucket: bucket.to_owned(), prefix: prefix.to_owned() }
    }

    /// What the keys of one event of one deployment begin with.
    pub fn folder(&self, deployment: &str, event: &str) -> String {
        let prefix = if self.prefix.is_empty() { String::new() } else { format!("{}/", self.prefix) };
        format!("{prefix}{deployment}/{event}/")
    }
}

/// `guard`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardSettings {
    /// Ids of checks of the plan.
    pub checks: Vec<String>,
    /// From the start of one round to the start of the next.
    pub every: Duration,
    /// Where production is asked; the production listener when absent.
    pub url: Option<String>,
}

/// `auto_scaling`.
///
/// The default leaves it alone, though a scaling activity that does not become steady within five minutes fails the shift
/// (aws-facts §2): that costs a deployment, which rolls back, and `doctor` warns of it. A service that cannot scale out costs
/// more, so that it is suspended only where somebody says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AutoScaling {
    /// Nothing.
    #[default]
    Leave,
    /// It is suspended while the deployment is followed.
    Suspend,
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
