//! Reads a scenario file. Relative paths are relative to the file's folder; task definitions must exist and be readable now,
//! because an error in the middle of a deployment is a worse place to learn it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::{Schema, schema_for};
use serde_json::Value;

use super::document::{AilmentsDocument, Document, FunctionDocument, HealthCheckDocument, ImageDocument};
use super::{Ailments, Function, HealthCheck, Image, Program, Scenario, Switches, TaskDefinitions};

/// Why a scenario cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// Not YAML, or not the shape of a scenario. The message has line and column.
    #[error("read scenario {file}: {message}")]
    Shape {
        /// The file.
        file: String,
        /// What is wrong, and where.
        message: String,
    },
    /// A value that cannot be.
    #[error("read scenario {file}: {key}: {problem}")]
    Value {
        /// The file.
        file: String,
        /// The key's path.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A file that the scenario names cannot be read.
    #[error("read {path}, which scenario {file} names as {key}")]
    File {
        /// The scenario file.
        file: String,
        /// The key's path.
        key: String,
        /// The file it names.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A hook binary that nobody knows.
    #[error("find {binary}, the binary of function {function}")]
    Binary {
        /// The function.
        function: String,
        /// The name that the scenario gives.
        binary: String,
    },
}

/// The JSON Schema of a scenario file.
pub fn schema() -> Schema {
    schema_for!(Document)
}

/// The events at which CodeDeploy calls a function on ECS.
const HOOK_EVENTS: [&str; 5] =
    ["BeforeInstall", "AfterInstall", "AfterAllowTestTraffic", "BeforeAllowTraffic", "AfterAllowTraffic"];

impl Scenario {
    /// Read a scenario. `file` is the name for messages, `directory` where relative paths start.
    ///
    /// # Errors
    /// When the text is not a scenario, or a file that it names is missing or not readable.
    pub fn read(text: &str, file: &str, directory: &Path) -> Result<Scenario, ScenarioError> {
        let document: Document = serde_saphyr::from_str(text)
            .map_err(|error| ScenarioError::Shape { file: file.into(), message: error.to_string() })?;
        Reading { file, directory }.scenario(document)
    }
}

struct Reading<'a> {
    file: &'a str,
    directory: &'a Path,
}

impl Reading<'_> {
    fn scenario(&self, document: Document) -> Result<Scenario, ScenarioError> {
        if document.version != 1 {
            return Err(self.value("version", format!("{} is not known; this is version 1", document.version)));
        }
        if document.desired_count == 0 {
            return Err(self.value("desired_count", "a service without tasks cannot be steady; use 1 or more"));
        }
        let images = document.images.into_iter().map(|(name, image)| self.image(name, image));
        let functions = document.functions.into_iter().map(|(name, function)| self.function(name, function));
        Ok(Scenario {
            cluster: document.cluster,
            service: document.service,
            application: document.application,
            deployment_group: document.deployment_group,
            deployment_config: document.deployment_config,
            desired_count: document.desired_count,
            container: document.container,
            port: document.port,
            termination_wait: document.termination_wait.0,
            ready_wait: document.ready_wait.map(|span| span.0),
            rollback_on: document.rollback_on.into_iter().map(Into::into).collect(),
            test_listener: document.test_listener,
            task_definitions: TaskDefinitions {
                blue: self.task_definition("task_definitions.blue", &document.task_definitions.blue)?,
                green: self.task_definition("task_definitions.green", &document.task_definitions.green)?,
            },
            images: images.collect::<Result<_, _>>()?,
            health_check: health_check(document.health_check),
            functions: functions.collect::<Result<_, _>>()?,
            alarms: document.alarms.into_iter().map(|(name, alarm)| (name, alarm.into())).collect(),
            buckets: document.buckets,
            deploy: document.deploy.map(|path| self.existing("deploy", &path)).transpose()?,
            group_alarms: document.group_alarms,
            ailments: document.ailments.into(),
            switches: Switches {
                targets_not_started: document.switches.targets_not_started,
                baking: document.switches.baking,
                rollback_invokes_hooks: document.switches.rollback_invokes_hooks,
            },
        })
    }

    fn image(&self, name: String, image: ImageDocument) -> Result<(String, Image), ScenarioError> {
        if image.run.is_empty() {
            return Err(self.value(&format!("images.{name}.run"), "names no program"));
        }
        let directory = image.directory.map(|path| self.directory.join(path));
        let directory = directory.unwrap_or_else(|| self.directory.to_owned());
        Ok((name, Image { run: image.run, environment: image.environment, directory: Some(directory) }))
    }

    fn function(&self, name: String, function: FunctionDocument) -> Result<(String, Function), ScenarioError> {
        let key = |member: &str| format!("functions.{name}.{member}");
        if let Some(event) = function.event.as_deref().filter(|event| !HOOK_EVENTS.contains(event)) {
            let known = HOOK_EVENTS.join(", ");
            return Err(self.value(&key("event"), format!("{event:?} calls no function; expected one of {known}")));
        }
        let program = match (function.binary, function.run) {
            (Some(binary), None) => Program::Binary(binary),
            (None, Some(line)) if !line.is_empty() => Program::Run(line),
            (None, Some(_)) => return Err(self.value(&key("run"), "names no program")),
            (Some(_), Some(_)) | (None, None) => {
                return Err(self.value(&format!("functions.{name}"), "needs one of `binary` and `run`"));
            }
        };
        // Whether the plan is there is the hook's to find out: a package without its plan is a thing to rehearse.
        let plan = function.plan.map(|path| self.directory.join(path));
        let function = Function {
            event: function.event,
            program,
            plan,
            environment: function.environment,
            timeout: function.timeout.map_or(Duration::from_secs(60), |span| span.0),
            memory: function.memory.unwrap_or(128),
            directory: self.directory.to_owned(),
        };
        Ok((name, function))
    }

    fn task_definition(&self, key: &str, path: &Path) -> Result<Value, ScenarioError> {
        let path = self.existing(key, path)?;
        let text = std::fs::read_to_string(&path).map_err(|source| self.unreadable(key, &path, source))?;
        let value: Value = serde_json::from_str(&text)
            .map_err(|error| self.value(key, format!("{} is not JSON: {error}", path.display())))?;
        if !value["containerDefinitions"].is_array() || !value["family"].is_string() {
            let problem = format!("{} is no task definition: it needs family and containerDefinitions", path.display());
            return Err(self.value(key, problem));
        }
        Ok(value)
    }

    fn existing(&self, key: &str, path: &Path) -> Result<PathBuf, ScenarioError> {
        let path = self.directory.join(path);
        std::fs::metadata(&path).map_err(|source| self.unreadable(key, &path, source))?;
        Ok(path)
    }

    fn unreadable(&self, key: &str, path: &Path, source: io::Error) -> ScenarioError {
        ScenarioError::File { file: self.file.into(), key: key.into(), path: path.into(), source }
    }

    fn value(&self, key: &str, problem: impl Into<String>) -> ScenarioError {
        ScenarioError::Value { file: self.file.into(), key: key.into(), problem: problem.into() }
    }
}

impl From<AilmentsDocument> for Ailments {
    fn from(document: AilmentsDocument) -> Self {
        Self {
            denied: document.denied,
            roles_lack: document.roles_lack,
            controller: document.controller,
            misrouted: document.misrouted,
            network_load_balancer: document.network_load_balancer,
            listeners_apart: document.listeners_apart,
            scaling: document.scaling,
        }
    }
}

fn health_check(document: Option<HealthCheckDocument>) -> HealthCheck {
    let default = HealthCheck::default();
    let Some(document) = document else { return default };
    HealthCheck {
        path: document.path.unwrap_or(default.path),
        interval: document.interval.map_or(default.interval, |span| span.0),
        timeout: document.timeout.map_or(default.timeout, |span| span.0),
        healthy: document.healthy.unwrap_or(default.healthy),
        unhealthy: document.unhealthy.unwrap_or(default.unhealthy),
    }
}
