//! `greenlight deploy`: registers a task definition (or reuses an equal one), creates the deployment, follows it to its end.
//!
//! It may die at any moment and be run again. What it made is found again by what it is: a revision that is equal, a
//! deployment of the same bytes, a mark on the scalable target.

mod guarding;
pub(super) mod making;
mod once;
pub(crate) mod scaling;
mod settling;

use self::making::{Creation, Revision};
use self::scaling::Held;
use self::settling::Way;
use super::following::{Followed, Following, Orders};
use super::interruption::Interruption;
use super::preparation::Preparation;
use super::{ConfigurationSource, Pacing, preflight, preparation, watch};
use crate::aws::creating::NewDeployment;
use crate::aws::{Aws, Connection};
use crate::clock;
use crate::configuration::{AutoScaling, Configuration};
use crate::decide::schedule::Bounds;
use crate::decide::task_definition::revision_name;
use crate::decide::view::Heading;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::show::{Created, Printer};
use crate::snapshot::Object;

/// CodeDeploy's limit on a description.
const LONGEST_DESCRIPTION: usize = 256;

/// Reads the configuration and deploys. `overrides` changes what the file says.
pub async fn run(
    source: &ConfigurationSource,
    overrides: impl FnOnce(&mut Configuration),
    orders: Orders,
    connection: &Connection,
    pacing: Pacing,
    printer: &mut Printer,
) -> Result<Exit, Failure> {
    let mut configuration = source.read()?;
    overrides(&mut configuration);
    let mut interruption = super::interruption::listen()?;
    let aws = Aws::connect(connection).await?;
    Ok(deploy(&aws, &configuration, orders, pacing, printer, &mut interruption).await?.exit)
}

/// Deploys a configuration, on AWS or on a stand-in.
pub async fn deploy(
    aws: &Aws,
    configuration: &Configuration,
    orders: Orders,
    pacing: Pacing,
    printer: &mut Printer,
    interruption: &mut Interruption,
) -> Result<Followed, Failure> {
    let orders = Orders { on_interrupt: configuration.on_interrupt, ..orders };
    let mut run = Run { aws, configuration, orders, pacing, superseded: Vec::new() };
    loop {
        let (read, way) = tokio::select! {
            biased;
            exit = interruption.wait() => return Err(Failure::Interrupted(exit)),
            looked = run.look(printer) => looked?,
        };
        match way {
            Way::Changed => {}
            Way::Attach(id) => return run.attach(&id, printer, interruption).await,
            Way::Ours(deployment) => {
                let deployment = *deployment;
                let followed = if run.orders.detach { "" } else { "; it is followed" };
                printer.note(&format!("{} deploys exactly this already{followed}", deployment.id), clock::now());
                let held = run.suspend(&read, printer).await?;
                let created = deployment.created.unwrap_or_else(clock::now);
                return run.follow(read, deployment.id, created, held, printer, interruption).await;
            }
            Way::Served(id) => return run.nothing_to_do(&read, &id, printer, interruption).await,
            Way::Clear(equal) => {
                if let Some(followed) = run.deploy(read, equal, printer, interruption).await? {
                    return Ok(followed);
                }
            }
        }
    }
}

struct Run<'a> {
    aws: &'a Aws,
    configuration: &'a Configuration,
    orders: Orders,
    pacing: Pacing,
    /// Deployments that were stopped for this one.
    superseded: Vec<String>,
}

impl Run<'_> {
    /// Reads everything and changes nothing, but for what a policy about another deployment asks.
    async fn look(&mut self, printer: &mut Printer) -> Result<(Preparation, Way), Failure> {
        let read = preparation::read(self.aws, self.configuration).await?;
        if let Some(until) = self.orders.until {
            let (tests, approval) =
                (read.group.has_test_listener, preparation::approval(self.configuration, &read.group));
            until.is_on_the_way(tests, read.group.ready_wait, approval).map_err(Failure::Unfit)?;
        }
        if self.orders.detach && self.configuration.auto_scaling == AutoScaling::Suspend {
            let text = "--detach and auto_scaling: suspend do not go together: nobody would be there to resume it";
            return Err(Failure::Unfit(text.to_owned()));
        }
        if self.orders.guard.is_none() {
            self.orders.guard = guarding::prepare(self.aws, self.configuration, &read, printer).await?;
        }
        let way = self.settle(&read, printer).await?;
        if matches!(way, Way::Clear(_)) {
            preflight::run(self.aws, self.configuration, &read, self.orders.skip_preflight, printer).await?;
        }
        Ok((read, way))
    }

    /// Makes what is missing and follows it; nothing when another deployment came in between and the policy has patience.
    async fn deploy(
        &mut self,
        read: Preparation,
        equal: Option<String>,
        printer: &mut Printer,
        interruption: &mut Interruption,
    ) -> Result<Option<Followed>, Failure> {
        let revision = match equal {
            Some(arn) => {
                printer.note(&format!("task definition {} is equal and used again", revision_name(&arn)), clock::now());
                Revision { arn, is_new: false }
            }
            None => making::register(self.aws, &read.definition, &self.pacing, printer, interruption).await?,
        };
        let mut held = None;
        match self.create(&read, &revision, &mut held, printer, interruption).await {
            Ok(Some(id)) => {
                let created = clock::now();
                self.follow(read, id, created, held, printer, interruption).await.map(Some)
            }
            // The revision stays for the next try.
            Ok(None) => {
                release(held, self.aws, printer, interruption).await;
                Ok(None)
            }
            Err(failure) => {
                making::take_back(self.aws, &revision, &failure, printer).await;
                release(held, self.aws, printer, interruption).await;
                Err(failure)
            }
        }
    }

    async fn create(
        &mut self,
        read: &Preparation,
        revision: &Revision,
        held: &mut Option<Held>,
        printer: &mut Printer,
        interruption: &mut Interruption,
    ) -> Result<Option<String>, Failure> {
        let mut new = self.new_deployment(read, &revision.arn);
        self.upload(&mut new, printer).await?;
        *held = self.suspend(read, printer).await?;
        let before = read.group.last_attempted.as_deref();
        match making::create(self.aws, &new, before, &self.pacing, printer, interruption).await? {
            Creation::Created(id) => {
                let created = Created {
                    deployment_id: id.clone(),
                    application: new.application.clone(),
                    group: new.group.clone(),
                    task_definition: revision.arn.clone(),
                    appspec: new.appspec.content.clone(),
                    sha256: new.appspec.sha256.clone(),
                };
                printer.created(&created, clock::now());
                Ok(Some(id))
            }
            Creation::InTheWay(error) if self.has_patience() => {
                tracing::debug!(%error, "another deployment came in between");
                Ok(None)
            }
            Creation::InTheWay(error) => Err(settling::conflict(self.aws, error.text, None)),
        }
    }

    async fn suspend(&self, read: &Preparation, printer: &mut Printer) -> Result<Option<Held>, Failure> {
        match self.configuration.auto_scaling {
            AutoScaling::Leave => Ok(None),
            AutoScaling::Suspend => scaling::suspend(self.aws, &read.service, printer).await,
        }
    }

    fn new_deployment(&self, read: &Preparation, task_definition: &str) -> NewDeployment {
        let described =
            read.versions.as_ref().map_or_else(|| revision_name(task_definition).to_owned(), ToString::to_string);
        let description = self.configuration.description.clone().unwrap_or(format!("greenlight: {described}"));
        let appspec = read.appspec(task_definition, self.configuration).render();
        NewDeployment {
            application: self.configuration.application.clone(),
            group: self.configuration.deployment_group.clone(),
            config: self.configuration.deployment_config.clone(),
            rollback_on: self.configuration.rollback_on.clone(),
            alarms: self.configuration.alarms.clone(),
            description: description.chars().take(LONGEST_DESCRIPTION).collect(),
            object: self.configuration.revision_bucket.clone().map(|bucket| {
                let (application, group) = (&self.configuration.application, &self.configuration.deployment_group);
                // By its content: another AppSpec is another object, and the same one never changes.
                let key = format!("{application}/{group}/{}.json", appspec.sha256);
                Object { bucket, key, ..Object::default() }
            }),
            appspec,
        }
    }

    /// Puts the AppSpec where CodeDeploy is told to read it.
    async fn upload(&self, new: &mut NewDeployment, printer: &mut Printer) -> Result<(), Failure> {
        let Some(object) = &mut new.object else { return Ok(()) };
        let doing = format!("put the AppSpec into s3://{}/{}", object.bucket, object.key);
        let stored = self.aws.put_object(&object.bucket, &object.key, &new.appspec.content).await;
        object.etag = stored.map_err(Failure::aws(doing))?;
        printer.note(&format!("AppSpec put into s3://{}/{}", object.bucket, object.key), clock::now());
        Ok(())
    }

    /// It serves already: an earlier run got so far, or nothing has changed.
    async fn nothing_to_do(
        &self,
        read: &Preparation,
        id: &str,
        printer: &mut Printer,
        interruption: &mut Interruption,
    ) -> Result<Followed, Failure> {
        if self.configuration.auto_scaling == AutoScaling::Suspend {
            scaling::resume_left_behind(self.aws, &read.service, printer, interruption).await?;
        }
        printer.deployed_already(id, clock::now());
        Ok(Followed { exit: Exit::Succeeded, report: None })
    }

    async fn follow(
        &self,
        read: Preparation,
        id: String,
        created: jiff::Timestamp,
        held: Option<Held>,
        printer: &mut Printer,
        interruption: &mut Interruption,
    ) -> Result<Followed, Failure> {
        let bound = Bounds { pace: self.pacing.pace, ..read.bounds.clone() }.deadline(created);
        let given = self.orders.deadline.and_then(|given| clock::now().checked_add(given).ok());
        let deadline = given.map_or(bound, |given| given.min(bound));
        let heading = Heading {
            service: read.service.name,
            deployment_id: id,
            group: self.configuration.deployment_group.clone(),
            versions: read.versions,
            shift: read.bounds.shift,
            deadline: Some(deadline),
            hooks: preparation::named(&self.configuration.hooks),
            evidence: self.configuration.evidence.clone(),
        };
        let following = Following::new(self.aws, printer, heading, deadline, self.pacing.clone());
        following.under(self.orders.clone(), held).to_the_end(interruption).await
    }

    /// Follows somebody else's.
    async fn attach(
        &self,
        id: &str,
        printer: &mut Printer,
        interruption: &mut Interruption,
    ) -> Result<Followed, Failure> {
        let (heading, deadline) =
            watch::attach(self.aws, id, &ConfigurationSource::default(), self.pacing.pace).await?;
        let following = Following::new(self.aws, printer, heading, deadline, self.pacing.clone());
        following.under(self.orders.clone(), None).to_the_end(interruption).await
    }
}

async fn release(held: Option<Held>, aws: &Aws, printer: &mut Printer, interruption: &mut Interruption) {
    if let Some(held) = held {
        held.resume(aws, printer, interruption).await;
    }
}
