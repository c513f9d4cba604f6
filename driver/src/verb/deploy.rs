//! `greenlight deploy`: registers a task definition (or reuses an equal one), creates the deployment, follows it to its end.

use std::collections::BTreeMap;

use greenlight_checks::event::HookEvent;
use greenlight_checks::plan::{self, Givens};

use super::following::{Followed, Following};
use super::interruption::Interruption;
use super::{ConfigurationSource, Pacing};
use crate::appspec::AppSpec;
use crate::aws::codedeploy::{Group, NewDeployment};
use crate::aws::ecs::{Service, with_tags};
use crate::aws::error::ErrorKind;
use crate::aws::{Aws, Connection};
use crate::clock;
use crate::configuration::{Configuration, TaskDefinitionSource};
use crate::decide::schedule::{Bounds, Shift};
use crate::decide::task_definition::TaskDefinition;
use crate::decide::view::{Heading, Versions};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::show::{Created, Printer, words};

/// Reads the configuration and deploys.
pub async fn run(
    source: &ConfigurationSource,
    connection: &Connection,
    pacing: Pacing,
    printer: &mut Printer,
) -> Result<Exit, Failure> {
    let configuration = source.read()?;
    let mut interruption = super::interruption::listen()?;
    let aws = Aws::connect(connection).await;
    Ok(deploy(&aws, &configuration, pacing, printer, &mut interruption).await?.exit)
}

/// Deploys a configuration, on AWS or on a stand-in.
pub async fn deploy(
    aws: &Aws,
    configuration: &Configuration,
    pacing: Pacing,
    printer: &mut Printer,
    interruption: &mut Interruption,
) -> Result<Followed, Failure> {
    let prepared = tokio::select! {
        biased;
        exit = interruption.wait() => return Err(Failure::Interrupted(exit)),
        prepared = prepare(aws, configuration, printer) => prepared?,
    };
    // From here on nothing is cut short: an id that came back and was not kept is a deployment that nobody follows.
    let id = create(aws, &prepared, printer).await?;
    let created = clock::now();
    let hooks = named(&configuration.hooks);
    let deadline = Bounds { pace: pacing.pace, ..prepared.bounds.clone() }.deadline(created);
    let heading = Heading {
        service: prepared.service,
        deployment_id: id,
        group: configuration.deployment_group.clone(),
        versions: prepared.versions,
        shift: prepared.bounds.shift,
        deadline: Some(deadline),
        hooks,
    };
    Following::new(aws, printer, heading, deadline, pacing).to_the_end(interruption).await
}

struct Prepared {
    service: String,
    versions: Option<Versions>,
    bounds: Bounds,
    task_definition: String,
    new: NewDeployment,
}

async fn prepare(aws: &Aws, configuration: &Configuration, printer: &mut Printer) -> Result<Prepared, Failure> {
    check_plan(configuration)?;
    let group = ecs_group(aws, configuration).await?;
    let (cluster, service) = group.service.clone().ok_or_else(|| {
        Failure::Unfit(format!("deployment group {:?} names no ECS service", configuration.deployment_group))
    })?;
    refuse_a_second_deployment(aws, configuration).await?;
    let service = aws
        .service(&cluster, &service)
        .await
        .map_err(Failure::aws(format!("read service {service:?} of cluster {cluster:?}")))?;
    fit(&service)?;
    if configuration.hooks.contains_key(&HookEvent::AfterAllowTestTraffic) && !group.has_test_listener {
        let text = "AfterAllowTestTraffic has a function, but the deployment group has no test listener: CodeDeploy will not call it";
        printer.warning(text, clock::now());
    }
    let live = live_definition(aws, &service).await?;
    let mut definition = match &configuration.task_definition {
        TaskDefinitionSource::Live => live.clone().ok_or_else(|| {
            Failure::Unfit(format!("task_definition: live, but service {:?} has none that can be read", service.name))
        })?,
        TaskDefinitionSource::File(path) => {
            let text = std::fs::read_to_string(path).map_err(|source| Failure::File { path: path.clone(), source })?;
            TaskDefinition::read(&text, &path.display().to_string())?
        }
    };
    definition.set_images(&configuration.images)?;
    let (container, port) = definition.load_balancer(&configuration.load_balancer, service.load_balancer.as_ref())?;
    let config = configuration.deployment_config.clone().or(group.config);
    let bounds = Bounds {
        shift: shift(aws, config.as_deref()).await,
        ready_wait: group.ready_wait,
        termination_wait: group.termination_wait,
        hooks: u32::try_from(configuration.hooks.len()).unwrap_or(5),
        pace: 1.0,
    };
    let versions = live
        .as_ref()
        .and_then(|live| live.image(&container))
        .zip(definition.image(&container))
        .map(|(from, to)| Versions::between(&container, from, to));
    let task_definition = register(aws, &definition, printer).await?;
    let appspec = AppSpec {
        resource: AppSpec::RESOURCE.to_owned(),
        task_definition: task_definition.clone(),
        container,
        port,
        extras: configuration.appspec.clone(),
        hooks: configuration.hooks.clone(),
    };
    let described = versions.as_ref().map_or_else(
        || task_definition.rsplit('/').next().unwrap_or_default().to_owned(),
        |versions| format!("{} {} -> {}", versions.container, versions.from, versions.to),
    );
    let new = NewDeployment {
        application: configuration.application.clone(),
        group: configuration.deployment_group.clone(),
        config: configuration.deployment_config.clone(),
        rollback_on: configuration.rollback_on.clone(),
        // CodeDeploy's limit.
        description: format!("greenlight: {described}").chars().take(256).collect(),
        appspec: appspec.render(),
    };
    Ok(Prepared { service: service.name, versions, bounds, task_definition, new })
}

/// A plan that cannot be read, or validates nothing at an event with a function, fails the deployment minutes later; it is
/// refused now. Its variables are the functions' own, so a plan that has some is left to them.
fn check_plan(configuration: &Configuration) -> Result<(), Failure> {
    let Some(path) = &configuration.checks else { return Ok(()) };
    let text = std::fs::read_to_string(path).map_err(|source| Failure::File { path: path.clone(), source })?;
    if text.contains("${") {
        return Ok(());
    }
    let beside = |file: &str| std::fs::read(path.with_file_name(file)).map_err(|error| error.to_string());
    let givens = Givens::at(clock::now()).with_files(&beside);
    let plan = plan::read(&text, &path.display().to_string(), &givens)
        .map_err(|errors| Failure::Plan(errors.messages().to_vec()))?;
    let missing: Vec<_> = configuration.hooks.keys().filter_map(|event| plan.for_event(*event).err()).collect();
    if missing.is_empty() { Ok(()) } else { Err(Failure::Plan(missing)) }
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

/// Before anything is registered. CreateDeployment would refuse it too, so not being allowed to list does not matter.
async fn refuse_a_second_deployment(aws: &Aws, configuration: &Configuration) -> Result<(), Failure> {
    match aws.active_deployments(&configuration.application, &configuration.deployment_group).await {
        Ok(active) => match active.first() {
            Some(id) => Err(conflict(aws, id.clone(), Some(id))),
            None => Ok(()),
        },
        Err(error) => {
            tracing::debug!(%error, "active deployments could not be listed");
            Ok(())
        }
    }
}

fn conflict(aws: &Aws, active: String, id: Option<&String>) -> Failure {
    let advice = match id {
        Some(id) => format!("follow it: {}", words::attach(id, aws.region.as_deref())),
        None => "follow it: greenlight watch".to_owned(),
    };
    Failure::Conflict { active, advice }
}

fn fit(service: &Service) -> Result<(), Failure> {
    if service.status != "ACTIVE" {
        return Err(Failure::Unfit(format!("service {:?} is {}, not ACTIVE", service.name, service.status)));
    }
    if service.controller != "CODE_DEPLOY" {
        return Err(Failure::Unfit(format!(
            "service {:?} has the deployment controller {}; CodeDeploy deploys services with CODE_DEPLOY, which is chosen when a service is created",
            service.name, service.controller
        )));
    }
    Ok(())
}

async fn live_definition(aws: &Aws, service: &Service) -> Result<Option<TaskDefinition>, Failure> {
    let Some(arn) = &service.task_definition else { return Ok(None) };
    let answer = aws.task_definition(arn).await.map_err(Failure::aws(format!("read task definition {arn}")))?;
    answer.map(|answer| Ok(TaskDefinition::from_document(with_tags(answer), arn)?)).transpose()
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

/// Reuses the family's latest revision when it is equal.
async fn register(aws: &Aws, definition: &TaskDefinition, printer: &mut Printer) -> Result<String, Failure> {
    let family = definition.family();
    let latest = aws
        .task_definition(family)
        .await
        .map_err(Failure::aws(format!("read the latest revision of task definition {family:?}")))?;
    if let Some(latest) = latest {
        let arn = latest["taskDefinition"]["taskDefinitionArn"].as_str().map(str::to_owned);
        let document = TaskDefinition::from_document(with_tags(latest), family)?;
        if let Some(arn) = arn.filter(|_| document.repeats(definition)) {
            printer.note(&format!("task definition {} is equal and used again", name(&arn)), clock::now());
            return Ok(arn);
        }
    }
    let arn = aws
        .register_task_definition(&definition.document())
        .await
        .map_err(Failure::aws(format!("register task definition {family:?}")))?;
    printer.note(&format!("task definition {} registered", name(&arn)), clock::now());
    Ok(arn)
}

fn name(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

async fn create(aws: &Aws, prepared: &Prepared, printer: &mut Printer) -> Result<String, Failure> {
    let new = &prepared.new;
    let id = match aws.create_deployment(new).await {
        Ok(id) => id,
        Err(error) if error.kind == ErrorKind::Conflict => return Err(conflict(aws, error.text, None)),
        Err(error) => return Err(Failure::aws("create the deployment")(error)),
    };
    let created = Created {
        deployment_id: id.clone(),
        application: new.application.clone(),
        group: new.group.clone(),
        task_definition: prepared.task_definition.clone(),
        appspec: new.appspec.content.clone(),
        sha256: new.appspec.sha256.clone(),
    };
    printer.created(&created, clock::now());
    Ok(id)
}

/// Functions by the names of their events.
pub(super) fn named(hooks: &BTreeMap<HookEvent, String>) -> BTreeMap<String, String> {
    hooks.iter().map(|(event, function)| (event.name().to_owned(), function.clone())).collect()
}
