//! `greenlight plan`: what a deployment would do, with differences, AppSpec and times. It changes nothing.

use super::{ConfigurationSource, preparation};
use crate::appspec::{AppSpec, parsing};
use crate::aws::{Aws, Connection};
use crate::clock;
use crate::configuration::Configuration;
use crate::decide::plan::{self, Facts, Last};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::show::Printer;
use crate::snapshot::{Deployment, DeploymentStatus};

/// How far back to look for a deployment that succeeded.
const BACK: usize = 50;

/// Reads, decides, prints. Exits 0 when there is nothing to do, and 3 when there are changes.
pub async fn run(
    source: &ConfigurationSource,
    connection: &Connection,
    printer: &mut Printer,
) -> Result<Exit, Failure> {
    let configuration = source.read()?;
    let aws = Aws::connect(connection).await?;
    let read = preparation::read(&aws, &configuration).await?;
    read.fit(&configuration, printer)?;
    let equal = preparation::equal_revision(&aws, &read.definition).await?;
    let last = last(&aws, &configuration).await?;
    let appspec = read.appspec(equal.as_deref().unwrap_or(read.definition.family()), &configuration);
    let facts = Facts {
        service: read.service.name,
        group: configuration.deployment_group.clone(),
        live: read.live,
        wanted: read.definition,
        equal,
        appspec,
        last,
        bounds: read.bounds,
    };
    let now = clock::now();
    let plan = plan::plan(facts, now);
    printer.planned(&plan, now);
    Ok(plan.exit())
}

/// The last deployment that succeeded, with what it was and what it deployed.
pub(super) async fn last(aws: &Aws, configuration: &Configuration) -> Result<Last, Failure> {
    let (application, group) = (&configuration.application, &configuration.deployment_group);
    let past = aws
        .past_deployments(application, group, BACK)
        .await
        .map_err(Failure::aws(format!("read the deployments of group {group:?}")))?;
    let newest = past
        .into_iter()
        .map(|past| past.deployment)
        // A rollback that CodeDeploy made names the revision that failed, and takes no time worth a forecast.
        .filter(|deployment| deployment.status == DeploymentStatus::Succeeded && deployment.rolls_back.is_none())
        .max_by_key(|deployment| deployment.created);
    let Some(newest) = newest else { return Ok(Last::Never) };
    let id = &newest.id;
    let snapshot = aws
        .snapshot(id, &mut None)
        .await
        .map_err(Failure::aws(format!("read deployment {id}, the last that succeeded")))?;
    let shift = preparation::shift(aws, newest.config.as_deref()).await;
    let appspec = sent(aws, &newest).await.map(Box::new);
    Ok(Last::Known { snapshot: Box::new(snapshot), shift, appspec })
}

async fn sent(aws: &Aws, deployment: &Deployment) -> Result<AppSpec, String> {
    let text = aws.appspec_of(deployment).await.map_err(|error| error.to_string())?;
    parsing::parse(&text).map_err(|fault| fault.text)
}
