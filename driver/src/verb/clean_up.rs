//! `greenlight clean-up`: the end of the tutorial. Lists what it will delete, asks, and deletes it in the order of
//! `decide::clean_up`. It stops at the first thing that cannot be deleted: what comes after may be what that one needs.

use super::{ConfigurationSource, consent};
use crate::aws::error::{AwsError, ErrorKind};
use crate::aws::logs::function_name;
use crate::aws::{Aws, Connection};
use crate::clock;
use crate::configuration::Configuration;
use crate::decide::clean_up::{CleanUp, Facts, Thing, clean_up};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::show::Printer;

/// Looks, asks and deletes.
pub async fn run(
    yes: bool,
    source: &ConfigurationSource,
    connection: &Connection,
    printer: &mut Printer,
) -> Result<Exit, Failure> {
    let configuration = source.read_to_look()?;
    let mut interruption = super::interruption::listen()?;
    let aws = Aws::connect(connection).await?;
    let plan = tokio::select! {
        biased;
        exit = interruption.wait() => return Err(Failure::InterruptedBefore("anything was deleted", exit)),
        facts = facts(&aws, &configuration) => clean_up(&facts?),
    };
    printer.clean_up(&plan, clock::now());
    if plan.delete.is_empty() {
        printer.cleaned_up("nothing to delete: everything is gone already", clock::now());
        return Ok(Exit::Succeeded);
    }
    consent::ask("Delete these?", "deleted", yes, printer, &mut interruption).await?;
    for (index, thing) in plan.delete.iter().enumerate() {
        tokio::select! {
            biased;
            exit = interruption.wait() => {
                return Err(left(&plan, index, Failure::InterruptedBefore("everything was deleted", exit), printer));
            }
            () = std::future::ready(()) => {}
        }
        match delete(&aws, thing).await {
            Ok(()) => printer.deleted(thing, true, clock::now()),
            Err(error) if error.kind == ErrorKind::NotFound => printer.deleted(thing, false, clock::now()),
            Err(error) => {
                let failure = Failure::aws(format!("delete {} {}", thing.kind(), thing.name()))(error);
                return Err(left(&plan, index, failure, printer));
            }
        }
    }
    printer.cleaned_up("everything is deleted", clock::now());
    Ok(Exit::Succeeded)
}

/// Says what is still there, for whoever goes on.
fn left(plan: &CleanUp, from: usize, failure: Failure, printer: &mut Printer) -> Failure {
    let names: Vec<_> = plan.delete[from..].iter().map(|thing| format!("{} {}", thing.kind(), thing.name())).collect();
    let text = format!("not deleted: {}; greenlight clean-up goes on from there", names.join(", "));
    printer.warning(&text, clock::now());
    failure
}

async fn facts(aws: &Aws, configuration: &Configuration) -> Result<Facts, Failure> {
    let (application, group) = (&configuration.application, &configuration.deployment_group);
    let groups = aws
        .group_names(application)
        .await
        .map_err(Failure::aws(format!("list the deployment groups of application {application:?}")))?;
    if groups.as_ref().is_some_and(|groups| groups.contains(group)) {
        let active = aws
            .active_deployments(application, group)
            .await
            .map_err(Failure::aws(format!("list the deployments of group {group:?}")))?;
        if let Some(active) = active.into_iter().next() {
            let advice = format!("let it end, or stop it: greenlight stop {active} --rollback; nothing was deleted");
            return Err(Failure::Conflict { active, advice });
        }
    }
    let mut facts = Facts { application: application.clone(), group: group.clone(), groups, ..Facts::default() };
    let mut names: Vec<&str> = configuration.hooks.values().map(|function| function_name(function)).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let function = aws.function(name).await.map_err(Failure::aws(format!("look for function {name}")))?.is_some();
        facts.functions.push((name.to_owned(), function));
        let log = format!("/aws/lambda/{name}");
        let there = aws.has_log_group(&log).await.map_err(Failure::aws(format!("look for log group {log}")))?;
        facts.log_groups.push((log, there));
    }
    Ok(facts)
}

async fn delete(aws: &Aws, thing: &Thing) -> Result<(), AwsError> {
    match thing {
        Thing::Group { application, name } => aws.delete_group(application, name).await,
        Thing::Application(name) => aws.delete_application(name).await,
        Thing::Function(name) => aws.delete_function(name).await,
        Thing::LogGroup(name) => aws.delete_log_group(name).await,
    }
}
