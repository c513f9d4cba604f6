//! What a deployment starts from, read and not changed: the group, the service, what serves, and the task definition that is
//! to serve. `deploy` and `plan` share it, so that a plan is what a deployment would do.

use std::collections::BTreeMap;

use greenlight_checks::event::HookEvent;
use greenlight_checks::plan::{self, Givens, Plan};

use crate::appspec::AppSpec;
use crate::aws::Aws;
use crate::aws::codedeploy::Group;
use crate::aws::ecs::{Service, with_tags};
use crate::aws::error::AwsError;
use crate::clock;
use crate::configuration::{Configuration, TaskDefinitionSource};
use crate::decide::schedule::{Bounds, Shift};
use crate::decide::task_definition::TaskDefinition;
use crate::decide::until::Approval;
use crate::decide::view::Versions;
use crate::failure::Failure;
use crate::show::Printer;

/// What was read.
#[derive(Clone, Debug)]
pub struct Preparation {
    /// The deployment group.
    pub group: Group,
    /// Its service.
    pub service: Service,
    /// What serves: ARN and definition.
    pub live: Option<(String, TaskDefinition)>,
    /// What is to serve.
    pub definition: TaskDefinition,
    /// The container that the load balancer reaches.
    pub container: String,
    /// Its port.
    pub port: u16,
    /// How long it may take.
    pub bounds: Bounds,
    /// What changes, where that can be said in a word.
    pub versions: Option<Versions>,
}

impl Preparation {
    /// For the verbs that do not ask as much as a preflight: that CodeDeploy deploys the service at all, and calls its hooks.
    pub fn fit(&self, configuration: &Configuration, printer: &mut Printer) -> Result<(), Failure> {
        let service = &self.service;
        if service.status != "ACTIVE" {
            return Err(Failure::Unfit(format!("service {:?} is {}, not ACTIVE", service.name, service.status)));
        }
        if service.controller != "CODE_DEPLOY" {
            return Err(Failure::Unfit(format!(
                "service {:?} has the deployment controller {}; CodeDeploy deploys services with CODE_DEPLOY, which is chosen when a service is created",
                service.name, service.controller
            )));
        }
        if configuration.hooks.contains_key(&HookEvent::AfterAllowTestTraffic) && !self.group.has_test_listener {
            let text = "AfterAllowTestTraffic has a function, but the deployment group has no test listener: CodeDeploy will not call it";
            printer.warning(text, clock::now());
        }
        Ok(())
    }

    /// The AppSpec for this task definition.
    pub fn appspec(&self, task_definition: &str, configuration: &Configuration) -> AppSpec {
        AppSpec {
            resource: AppSpec::RESOURCE.to_owned(),
            task_definition: task_definition.to_owned(),
            container: self.container.clone(),
            port: self.port,
            extras: configuration.appspec.clone(),
            hooks: configuration.hooks.clone(),
        }
    }
}

/// Reads all of it.
pub async fn read(aws: &Aws, configuration: &Configuration) -> Result<Preparation, Failure> {
    check_plan(configuration)?;
    let group = ecs_group(aws, configuration).await?;
    let (cluster, service) = group.service.clone().ok_or_else(|| {
        Failure::Unfit(format!("deployment group {:?} names no ECS service", configuration.deployment_group))
    })?;
    let service = aws
        .service(&cluster, &service)
        .await
        .map_err(Failure::aws(format!("read service {service:?} of cluster {cluster:?}")))?;
    let live = live_definition(aws, &service).await?;
    let mut definition = match &configuration.task_definition {
        TaskDefinitionSource::Live => live.as_ref().map(|(_, live)| live.clone()).ok_or_else(|| {
            Failure::Unfit(format!("task_definition: live, but service {:?} has none that can be read", service.name))
        })?,
        TaskDefinitionSource::File(path) => {
            let text = std::fs::read_to_string(path).map_err(|source| Failure::File { path: path.clone(), source })?;
            TaskDefinition::read(&text, &path.display().to_string())?
        }
    };
    definition.set_images(&configuration.images)?;
    definition.set_environment(&configuration.environment)?;
    definition.set_secrets(&configuration.secrets)?;
    definition.set_tags(&configuration.tags);
    let (container, port) = definition.load_balancer(&configuration.load_balancer, service.load_balancer.as_ref())?;
    let config = configuration.deployment_config.as_deref().or(group.config.as_deref());
    let bounds = Bounds {
        shift: shift(aws, config).await,
        ready_wait: group.ready_wait,
        termination_wait: group.termination_wait,
        hooks: u32::try_from(configuration.hooks.len()).unwrap_or(5),
        pace: 1.0,
    };
    let versions = live
        .as_ref()
        .and_then(|(_, live)| live.image(&container))
        .zip(definition.image(&container))
        .map(|(from, to)| Versions::between(&container, from, to));
    Ok(Preparation { group, service, live, definition, container, port, bounds, versions })
}

/// The family's latest revision, where it is equal.
pub async fn equal_revision(aws: &Aws, definition: &TaskDefinition) -> Result<Option<String>, Failure> {
    let doing = format!("read the latest revision of task definition {:?}", definition.family());
    equal_to_latest(aws, definition).await.map_err(Failure::aws(doing))
}

/// The same, with AWS's own error. A latest revision that is no task definition to us is not equal.
pub(super) async fn equal_to_latest(aws: &Aws, definition: &TaskDefinition) -> Result<Option<String>, AwsError> {
    let family = definition.family();
    let Some(latest) = aws.task_definition(family).await? else { return Ok(None) };
    let arn = latest["taskDefinition"]["taskDefinitionArn"].as_str().map(str::to_owned);
    let document = TaskDefinition::from_document(with_tags(latest), family).ok();
    Ok(arn.filter(|_| document.is_some_and(|document| document.repeats(definition))))
}

/// A plan that cannot be read, or validates nothing at an event with a function, fails the deployment minutes later; it is
/// refused now.
pub(super) fn check_plan(configuration: &Configuration) -> Result<(), Failure> {
    let Some(plan) = local_plan(configuration)? else { return Ok(()) };
    let missing: Vec<_> = configuration.hooks.keys().filter_map(|event| plan.for_event(*event).err()).collect();
    if missing.is_empty() { Ok(()) } else { Err(Failure::Plan(missing)) }
}

/// The check plan that the configuration names. Its variables are the functions' own, so a plan that has some is left to them.
fn local_plan(configuration: &Configuration) -> Result<Option<Plan>, Failure> {
    let Some(path) = &configuration.checks else { return Ok(None) };
    let text = std::fs::read_to_string(path).map_err(|source| Failure::File { path: path.clone(), source })?;
    if text.contains("${") {
        return Ok(None);
    }
    let beside = |file: &str| std::fs::read(path.with_file_name(file)).map_err(|error| error.to_string());
    let givens = Givens::at(clock::now()).with_files(&beside);
    let plan = plan::read(&text, &path.display().to_string(), &givens);
    plan.map(Some).map_err(|errors| Failure::Plan(errors.messages().to_vec()))
}

/// Whether a hook may ask a person: one that CodeDeploy calls, by a plan that says so or that is not known here.
pub(super) fn approval(configuration: &Configuration, group: &Group) -> Approval {
    let is_called = |event: &HookEvent| *event != HookEvent::AfterAllowTestTraffic || group.has_test_listener;
    let mut called = configuration.hooks.keys().copied().filter(is_called).peekable();
    if called.peek().is_none() {
        return Approval::NoHook;
    }
    match local_plan(configuration) {
        Ok(Some(plan)) => {
            let asks = |event| plan.for_event(event).is_ok_and(|plan| plan.approval().is_some());
            if called.any(asks) { Approval::Possible } else { Approval::NotInThePlan }
        }
        Ok(None) | Err(_) => Approval::Possible,
    }
}

/// The configured deployment group, which must be one of an ECS service.
pub(super) async fn ecs_group(aws: &Aws, configuration: &Configuration) -> Result<Group, Failure> {
    let (application, name) = (&configuration.application, &configuration.deployment_group);
    let group = aws
        .group(application, name)
        .await
        .map_err(Failure::aws(format!("read deployment group {name:?} of application {application:?}")))?;
    if group.platform != "ECS" {
        return Err(Failure::Unfit(format!(
            "deployment group {name:?} is for the compute platform {}; greenlight deploys ECS services",
            group.platform
        )));
    }
    Ok(group)
}

async fn live_definition(aws: &Aws, service: &Service) -> Result<Option<(String, TaskDefinition)>, Failure> {
    let Some(arn) = &service.task_definition else { return Ok(None) };
    let answer = aws.task_definition(arn).await.map_err(Failure::aws(format!("read task definition {arn}")))?;
    answer.map(|answer| Ok((arn.clone(), TaskDefinition::from_document(with_tags(answer), arn)?))).transpose()
}

/// How traffic will shift. Only predictions depend on it.
pub(super) async fn shift(aws: &Aws, config: Option<&str>) -> Shift {
    let Some(config) = config else { return Shift::Unknown };
    match Shift::predefined(config) {
        Some(shift) => shift,
        None => aws.shift(config).await.unwrap_or_else(|error| {
            tracing::debug!(%error, "the deployment configuration could not be read");
            Shift::Unknown
        }),
    }
}

/// Functions by the names of their events.
pub(super) fn named(hooks: &BTreeMap<HookEvent, String>) -> BTreeMap<String, String> {
    hooks.iter().map(|(event, function)| (event.name().to_owned(), function.clone())).collect()
}
