//! `greenlight rollback`: redeploys the last revision that succeeded, or a named one, and follows it to its true end.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::deploy::making::{Creation, create};
use super::following::Following;
use super::preparation::{ecs_group, named, shift};
use super::{ConfigurationSource, Pacing, consent};
use crate::appspec::{AppSpec, Rendered, parsing};
use crate::aws::codedeploy::Group;
use crate::aws::creating::NewDeployment;
use crate::aws::revision::NoText;
use crate::aws::{Aws, Connection};
use crate::clock;
use crate::configuration::Configuration;
use crate::decide::history::Past;
use crate::decide::rollback::{self, Course, NoWayBack, Revision, Serving};
use crate::decide::schedule::Bounds;
use crate::decide::task_definition::revision_name;
use crate::decide::view::Heading;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::show::Printer;
use crate::show::rollback::Proposal;

/// How many successes to look through for one that does not serve: more is archaeology, and `--to` does that.
const LOOKED_THROUGH: usize = 25;

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The deployment whose revision is meant; else the last one that succeeded.
    pub to: Option<String>,
    /// Why no hook is to run; absent when they run.
    pub skip_hooks: Option<String>,
    /// Nobody is asked.
    pub yes: bool,
}

/// Decides, asks, deploys and follows.
pub async fn run(
    request: &Request,
    source: &ConfigurationSource,
    connection: &Connection,
    pacing: Pacing,
    printer: &mut Printer,
) -> Result<Exit, Failure> {
    let configuration = source.read_to_look()?;
    let mut interruption = super::interruption::listen()?;
    let aws = Aws::connect(connection).await?;
    let prepared = tokio::select! {
        biased;
        exit = interruption.wait() => return Err(Failure::Interrupted(exit)),
        prepared = prepare(&aws, &configuration, request) => prepared?,
    };
    let proposal = match prepared {
        Prepared::Nothing { revision, further } => {
            printer.serves_already(&revision, further.as_deref(), clock::now());
            return Ok(Exit::Succeeded);
        }
        Prepared::Deploy(proposal) => *proposal,
    };
    printer.proposal(&proposal, clock::now());
    consent::ask("Roll back?", "rolled back", request.yes, printer, &mut interruption).await?;
    let before = proposal.last.as_deref();
    let creation = create(&aws, &proposal.new, before, &pacing, printer, &mut interruption).await?;
    let id = match creation {
        Creation::Created(id) => id,
        Creation::InTheWay(error) => return Err(conflict(error.text, None)),
    };
    let created = proposal.created(&id);
    printer.created(&created, clock::now());
    let (heading, deadline) = heading(id, &proposal, pacing.pace);
    let heading = Heading { evidence: super::watch::evidence(&heading.group, source), ..heading };
    Ok(Following::new(&aws, printer, heading, deadline, pacing).to_the_end(&mut interruption).await?.exit)
}

enum Prepared {
    Nothing { revision: Box<Revision>, further: Option<Box<Past>> },
    Deploy(Box<Proposal>),
}

async fn prepare(aws: &Aws, configuration: &Configuration, request: &Request) -> Result<Prepared, Failure> {
    let group = ecs_group(aws, configuration).await?;
    let (cluster, service) = group.service.clone().ok_or_else(|| {
        Failure::Unfit(format!("deployment group {:?} names no ECS service", configuration.deployment_group))
    })?;
    let active = aws
        .active_deployments(&configuration.application, &configuration.deployment_group)
        .await
        .map_err(Failure::aws(format!("list the deployments of group {:?}", group.name)))?;
    if let Some(active) = truly_active(aws, active).await? {
        return Err(conflict(active.clone(), Some(&active)));
    }
    let found = aws
        .service(&cluster, &service)
        .await
        .map_err(Failure::aws(format!("read service {service:?} of cluster {cluster:?}")))?;
    let mut serving = Serving { task_definition: found.task_definition, ..Serving::default() };
    if let Some(id) = found.deployment {
        let past = aws.past_deployment(&id).await.map_err(Failure::aws(format!("read deployment {id}")))?;
        serving.fingerprint = past.deployment.fingerprint();
        serving.deployment = Some(id);
    }
    let mut read = HashMap::new();
    let mut candidates = Vec::new();
    let past = match &request.to {
        Some(id) => {
            let past = aws.past_deployment(id).await.map_err(Failure::aws(format!("read deployment {id:?}")))?;
            rollback::named(&past, &configuration.application, &configuration.deployment_group)?;
            past
        }
        None => {
            candidates = rollback::candidates(succeeded(aws, configuration).await?);
            let none = || NoWayBack::NeverSucceeded(configuration.deployment_group.clone());
            candidates.first().cloned().ok_or_else(none)?
        }
    };
    let listeners = past.deployment.production_listeners.clone();
    serving.shares = shares(aws, &listeners).await;
    let revision = revision(aws, past, &mut read).await?;
    let definition = &revision.appspec.task_definition;
    let described =
        aws.task_definition(definition).await.map_err(Failure::aws(format!("read task definition {definition}")))?;
    let status = described.as_ref().and_then(|answer| answer["taskDefinition"]["status"].as_str());
    match rollback::course(&revision, &serving, status)? {
        Course::Nothing => {
            let further = further(aws, candidates, &serving, &mut read).await.map(Box::new);
            Ok(Prepared::Nothing { revision: Box::new(revision), further })
        }
        Course::Deploy => {
            let proposal = propose(aws, configuration, request, group, service, revision, &serving).await;
            Ok(Prepared::Deploy(Box::new(proposal)))
        }
    }
}

/// The first of these that has not ended. The list may lag behind, and who goes back is in a hurry.
async fn truly_active(aws: &Aws, listed: Vec<String>) -> Result<Option<String>, Failure> {
    if listed.is_empty() {
        return Ok(None);
    }
    let doing = format!("read the active deployment {}", listed.join(", "));
    let read = aws.deployments(&listed).await.map_err(Failure::aws(doing))?;
    let has_ended =
        |id: &String| read.iter().any(|past| past.deployment.id == *id && past.deployment.status.is_terminal());
    Ok(listed.into_iter().find(|id| !has_ended(id)))
}

async fn succeeded(aws: &Aws, configuration: &Configuration) -> Result<Vec<Past>, Failure> {
    let group = &configuration.deployment_group;
    aws.succeeded_deployments(&configuration.application, group, LOOKED_THROUGH)
        .await
        .map_err(Failure::aws(format!("read the deployments of group {group:?}")))
}

/// The last success that does not serve, to be named to whoever wants to go back further. Not finding it is no failure.
async fn further(
    aws: &Aws,
    candidates: Vec<Past>,
    serving: &Serving,
    read: &mut HashMap<String, String>,
) -> Option<Past> {
    for past in candidates {
        match revision(aws, past, read).await {
            Ok(revision) if !serving.is(&revision.past, &revision.appspec.task_definition) => {
                return Some(revision.past);
            }
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "a revision could not be read"),
        }
    }
    None
}

/// A deployment's AppSpec: its text is not in `GetDeployment` and is asked for, once for equal revisions.
async fn revision(aws: &Aws, past: Past, read: &mut HashMap<String, String>) -> Result<Revision, Failure> {
    let id = past.deployment.id.clone();
    let unread = |why: &str| Failure::Unfit(format!("the revision of deployment {id} cannot be redeployed: {why}"));
    let fingerprint = past.deployment.fingerprint();
    let content = match fingerprint.as_ref().and_then(|fingerprint| read.get(fingerprint)) {
        Some(content) => content.clone(),
        None => aws.appspec_of(&past.deployment).await.map_err(|why| match why {
            NoText::Unread { place, source } => Failure::aws(format!("read {place}"))(source),
            NoText::Elsewhere | NoText::Empty | NoText::Foreign { .. } | NoText::Changed { .. } => {
                unread(&format!("{why}; deploy its task definition instead: greenlight deploy"))
            }
        })?,
    };
    read.extend(fingerprint.map(|fingerprint| (fingerprint, content.clone())));
    let appspec = parsing::parse(&content).map_err(|fault| unread(&format!("its AppSpec: {}", fault.text)))?;
    Ok(Revision { past, content, appspec })
}

/// Where production traffic goes. Not knowing it keeps nobody from going back.
async fn shares(aws: &Aws, listeners: &[String]) -> Vec<(String, f64)> {
    if listeners.is_empty() {
        return Vec::new();
    }
    match aws.listeners(listeners).await {
        Ok(listeners) => listeners.into_iter().flat_map(|listener| listener.shares).collect(),
        Err(error) => {
            tracing::debug!(%error, "the production listener could not be read");
            Vec::new()
        }
    }
}

async fn propose(
    aws: &Aws,
    configuration: &Configuration,
    request: &Request,
    group: Group,
    service: String,
    revision: Revision,
    serving: &Serving,
) -> Proposal {
    let appspec = match &request.skip_hooks {
        Some(_) => AppSpec { hooks: BTreeMap::new(), ..revision.appspec.clone() }.render(),
        // To the byte, so that it is the same revision to CodeDeploy.
        None => Rendered::of(revision.content.clone()),
    };
    let new = NewDeployment {
        application: configuration.application.clone(),
        group: configuration.deployment_group.clone(),
        config: configuration.deployment_config.clone(),
        rollback_on: configuration.rollback_on.clone(),
        alarms: None,
        description: rollback::description(&revision, serving, request.skip_hooks.as_deref()),
        appspec,
        // The very object again. Without its hooks it is another AppSpec, which goes with the call: nothing is written into a
        // bucket that may be somebody else's.
        object: revision.past.deployment.appspec_object.clone().filter(|_| request.skip_hooks.is_none()),
    };
    let config = new.config.clone().or(group.config);
    Proposal {
        last: group.last_attempted,
        service,
        from: serving.task_definition.as_deref().map(|definition| revision_name(definition).to_owned()),
        skipped: request.skip_hooks.clone(),
        shift: shift(aws, config.as_deref()).await,
        ready_wait: group.ready_wait,
        termination_wait: group.termination_wait,
        revision,
        new,
    }
}

fn heading(id: String, proposal: &Proposal, pace: f64) -> (Heading, Timestamp) {
    let hooks = if proposal.skipped.is_some() { BTreeMap::new() } else { named(&proposal.revision.appspec.hooks) };
    let bounds = Bounds {
        shift: proposal.shift.clone(),
        ready_wait: proposal.ready_wait,
        termination_wait: proposal.termination_wait,
        hooks: u32::try_from(hooks.len()).unwrap_or(5),
        pace,
    };
    let deadline = bounds.deadline(clock::now());
    let heading = Heading {
        service: proposal.service.clone(),
        deployment_id: id,
        group: proposal.new.group.clone(),
        versions: None,
        shift: bounds.shift,
        deadline: Some(deadline),
        hooks,
        evidence: None,
    };
    (heading, deadline)
}

fn conflict(active: String, id: Option<&str>) -> Failure {
    let id = id.map(|id| format!(" {id}")).unwrap_or_default();
    Failure::Conflict {
        active,
        advice: format!("what runs is rolled back by stopping it: greenlight stop{id} --rollback"),
    }
}
