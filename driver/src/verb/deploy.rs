//! `greenlight deploy`: registers a task definition (or reuses an equal one), creates the deployment, follows it to its end.

use super::following::{Followed, Following};
use super::interruption::Interruption;
use super::{ConfigurationSource, Pacing, preparation};
use crate::aws::codedeploy::NewDeployment;
use crate::aws::error::ErrorKind;
use crate::aws::{Aws, Connection};
use crate::clock;
use crate::configuration::Configuration;
use crate::decide::schedule::Bounds;
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
    let hooks = preparation::named(&configuration.hooks);
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
    let read = preparation::read(aws, configuration, printer).await?;
    refuse_a_second_deployment(aws, configuration).await?;
    let task_definition = register(aws, &read.definition, printer).await?;
    let appspec = read.appspec(&task_definition, configuration).render();
    let described = read.versions.as_ref().map_or_else(
        || name(&task_definition).to_owned(),
        |versions| format!("{} {} -> {}", versions.container, versions.from, versions.to),
    );
    let new = NewDeployment {
        application: configuration.application.clone(),
        group: configuration.deployment_group.clone(),
        config: configuration.deployment_config.clone(),
        rollback_on: configuration.rollback_on.clone(),
        // CodeDeploy's limit.
        description: format!("greenlight: {described}").chars().take(256).collect(),
        appspec,
    };
    Ok(Prepared { service: read.service.name, versions: read.versions, bounds: read.bounds, task_definition, new })
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

/// Reuses the family's latest revision when it is equal.
async fn register(aws: &Aws, definition: &TaskDefinition, printer: &mut Printer) -> Result<String, Failure> {
    if let Some(arn) = preparation::equal_revision(aws, definition).await? {
        printer.note(&format!("task definition {} is equal and used again", name(&arn)), clock::now());
        return Ok(arn);
    }
    let family = definition.family();
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
