//! `greenlight doctor`: looks at everything that a deployment will rest on, and says what will go wrong. It changes nothing; with
//! `--self-test` it lets each function look at itself, which writes one small object where an evidence bucket is configured.

use super::ConfigurationSource;
use super::gathering::{self, Beginning, read};
use crate::aws::error::ErrorKind;
use crate::aws::{Aws, Connection};
use crate::clock;
use crate::decide::doctor;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::show::Printer;

/// Examines and prints.
pub async fn run(
    self_test: bool,
    source: &ConfigurationSource,
    connection: &Connection,
    printer: &mut Printer,
) -> Result<Exit, Failure> {
    let configuration = source.read_to_look()?;
    let aws = Aws::connect(connection).await?;
    let (application, name) = (&configuration.application, &configuration.deployment_group);
    let group = match aws.group(application, name).await {
        // Only a permission that is missing leaves something to examine.
        Err(error) if error.kind != ErrorKind::NotAllowed => {
            let doing = format!("read deployment group {name:?} of application {application:?}");
            return Err(Failure::aws(doing)(error));
        }
        group => read(group),
    };
    let service = match group.as_ref().ok().and_then(|group| group.service.clone()) {
        Some((cluster, service)) => read(aws.service(&cluster, &service).await),
        None => Err(no_service(name)),
    };
    let config = configuration.deployment_config.as_deref();
    let config = config.or_else(|| group.as_ref().ok().and_then(|group| group.config.as_deref()));
    let (revision, shift) = tokio::join!(
        gathering::revision(&aws, &configuration, service.as_ref().ok()),
        super::preparation::shift(&aws, config),
    );
    let beginning = Beginning { group, service, revision, shift };
    let mut facts = gathering::facts(&aws, &configuration, beginning).await;
    facts.further = Some(gathering::further(&aws, &configuration, &facts, self_test).await);
    let diagnosis = doctor::examine(&facts);
    let exit = if diagnosis.blocks() { Exit::Preflight } else { Exit::Succeeded };
    printer.diagnosis(&diagnosis, exit, clock::now());
    Ok(exit)
}

fn no_service(group: &str) -> doctor::facts::Unread {
    let text = format!("deployment group {group:?} names no ECS service that could be read");
    doctor::facts::Unread { action: "ecs:DescribeServices".to_owned(), denied: false, text }
}
