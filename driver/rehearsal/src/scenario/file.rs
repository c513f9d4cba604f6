//! Reads a scenario file. Relative paths are relative to the file's folder; task definitions must exist and be readable now,
//! because an error in the middle of a deployment is a worse place to learn it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::span::Span;
use super::{
    AlarmState, Function, HealthCheck, Image, Program, RollbackOn, Scenario, SeededAlarm, Switches, TaskDefinitions,
};

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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    cluster: String,
    service: String,
    application: String,
    deployment_group: String,
    #[serde(default = "default_config")]
    deployment_config: String,
    #[serde(default = "default_count")]
    desired_count: u32,
    container: String,
    port: u16,
    #[serde(default = "default_termination_wait")]
    termination_wait: Span,
    ready_wait: Option<Span>,
    #[serde(default = "default_rollback_on")]
    rollback_on: Vec<RollbackWord>,
    #[serde(default = "yes")]
    test_listener: bool,
    task_definitions: TaskDefinitionFiles,
    images: BTreeMap<String, ImageDocument>,
    health_check: Option<HealthCheckDocument>,
    #[serde(default)]
    functions: BTreeMap<String, FunctionDocument>,
    #[serde(default)]
    alarms: BTreeMap<String, AlarmDocument>,
    buckets: BTreeSet<String>,
    deploy: Option<PathBuf>,
    #[serde(default)]
    switches: SwitchesDocument,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RollbackWord {
    Failure,
    Alarm,
    Stop,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TaskDefinitionFiles {
    blue: PathBuf,
    green: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ImageDocument {
    run: Vec<String>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    directory: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HealthCheckDocument {
    path: Option<String>,
    interval: Option<Span>,
    timeout: Option<Span>,
    healthy: Option<u32>,
    unhealthy: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FunctionDocument {
    event: Option<String>,
    binary: Option<String>,
    run: Option<Vec<String>>,
    plan: Option<PathBuf>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    timeout: Option<Span>,
    memory: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AlarmDocument {
    state: AlarmWord,
    then: Option<AlarmChange>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AlarmChange {
    after: Span,
    state: AlarmWord,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum AlarmWord {
    Ok,
    Alarm,
    InsufficientData,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct SwitchesDocument {
    targets_not_started: bool,
    baking: bool,
    rollback_invokes_hooks: bool,
}

fn default_config() -> String {
    "CodeDeployDefault.ECSAllAtOnce".into()
}

fn default_count() -> u32 {
    1
}

fn default_termination_wait() -> Span {
    Span(Duration::from_secs(300))
}

fn default_rollback_on() -> Vec<RollbackWord> {
    vec![RollbackWord::Failure]
}

fn yes() -> bool {
    true
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
            rollback_on: document.rollback_on.into_iter().map(RollbackOn::from).collect::<BTreeSet<_>>(),
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

impl From<RollbackWord> for RollbackOn {
    fn from(word: RollbackWord) -> Self {
        match word {
            RollbackWord::Failure => Self::Failure,
            RollbackWord::Alarm => Self::Alarm,
            RollbackWord::Stop => Self::Stop,
        }
    }
}

impl From<AlarmDocument> for SeededAlarm {
    fn from(document: AlarmDocument) -> Self {
        let then = document.then.map(|change| (change.after.0, change.state.into()));
        Self { state: document.state.into(), then }
    }
}

impl From<AlarmWord> for AlarmState {
    fn from(word: AlarmWord) -> Self {
        match word {
            AlarmWord::Ok => Self::Ok,
            AlarmWord::Alarm => Self::Alarm,
            AlarmWord::InsufficientData => Self::InsufficientData,
        }
    }
}
