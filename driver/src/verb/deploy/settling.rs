//! Settles with a deployment of the group that is active already, as `decide::conflict` decides. It waits here; whoever calls cuts
//! it short when a signal comes.

use super::Run;
use crate::aws::Aws;
use crate::clock;
use crate::decide::conflict::{Decision, OnConflict, Wanted, decide};
use crate::decide::schedule::Bounds;
use crate::failure::Failure;
use crate::show::{Printer, words};
use crate::snapshot::{Deployment, DeploymentStatus};
use crate::verb::preparation::{self, Preparation};

/// While another deployment is waited for, it is looked at this much less often than one that is followed.
const QUIET: u32 = 5;

/// How it goes on.
pub(super) enum Way {
    /// Nothing is in the way; the equal revision, where there is one.
    Clear(Option<String>),
    /// What is wanted serves already, by this deployment, which succeeded.
    Served(String),
    /// This deployment deploys what is wanted.
    Ours(Box<Deployment>),
    /// Follow this one instead.
    Attach(String),
    /// Another deployment has ended meanwhile: what was read before is not to be relied on.
    Changed,
}

impl Run<'_> {
    /// Whether another deployment is outlasted.
    pub(super) fn has_patience(&self) -> bool {
        matches!(self.configuration.on_conflict, OnConflict::Wait | OnConflict::Supersede)
    }

    /// Until nothing is in the way, or nothing can be done about it.
    pub(super) async fn settle(&mut self, read: &Preparation, printer: &mut Printer) -> Result<Way, Failure> {
        let (application, group) = (&self.configuration.application, &self.configuration.deployment_group);
        let equal = preparation::equal_revision(self.aws, &read.definition).await?;
        let wanted_revision = equal.as_ref().map(|arn| self.new_deployment(read, arn).revision());
        let give_up = Bounds { pace: self.pacing.pace, ..read.bounds.clone() }.deadline(clock::now());
        let mut waited_for = None;
        loop {
            let latest = match self.aws.active_deployments(application, group).await {
                Ok(active) if active.is_empty() => Vec::new(),
                Ok(active) => self.read(&active).await?,
                // CreateDeployment would refuse a second one too, so not being allowed to list does not matter.
                Err(error) => {
                    tracing::debug!(%error, "active deployments could not be listed");
                    Vec::new()
                }
            };
            let wanted = Wanted {
                revision: wanted_revision.as_ref(),
                config: self.configuration.deployment_config.as_deref(),
                policy: self.configuration.on_conflict,
            };
            let id = match decide(&latest, &wanted) {
                Decision::Free if waited_for.is_some() => return Ok(Way::Changed),
                Decision::Free => {
                    return Ok(match self.served(read, equal.as_deref()).await? {
                        Some(id) => Way::Served(id),
                        None => Way::Clear(equal),
                    });
                }
                Decision::Ours(deployment) => return Ok(Way::Ours(Box::new(deployment.clone()))),
                Decision::Fail(active) => return Err(conflict(self.aws, active.id.clone(), Some(&active.id))),
                Decision::Attach(active) => {
                    let text = format!("{} is active; it is followed instead (on_conflict: attach)", active.id);
                    printer.note(&text, clock::now());
                    return Ok(Way::Attach(active.id.clone()));
                }
                Decision::Stop(active) if self.superseded.contains(&active.id) => active.id.clone(),
                Decision::Stop(active) => {
                    let id = active.id.clone();
                    self.supersede(&id, printer).await?;
                    id
                }
                Decision::Wait(active) => active.id.clone(),
            };
            if clock::now() >= give_up {
                return Err(conflict(self.aws, id.clone(), Some(&id)));
            }
            if waited_for.as_ref() != Some(&id) {
                printer.note(&format!("waiting for the end of {id}, which is active"), clock::now());
                waited_for = Some(id);
            }
            tokio::time::sleep(self.pacing.floor * QUIET).await;
        }
    }

    /// The deployment by which exactly this serves, unless it is to be deployed all the same.
    async fn served(&self, read: &Preparation, equal: Option<&str>) -> Result<Option<String>, Failure> {
        let live = read.live.as_ref().map(|(arn, _)| arn.as_str());
        let (Some(arn), Some(id), false) =
            (equal.filter(|_| equal == live), &read.service.deployment, self.orders.force)
        else {
            return Ok(None);
        };
        let past = self.aws.past_deployment(id).await.map_err(Failure::aws(format!("read deployment {id}")))?;
        let same = past.deployment.deploys(&self.new_deployment(read, arn).revision());
        let succeeded = past.deployment.status == DeploymentStatus::Succeeded;
        Ok(Some(id.clone()).filter(|_| same && succeeded))
    }

    async fn read(&self, ids: &[String]) -> Result<Vec<Deployment>, Failure> {
        let read = self.aws.deployments(ids).await;
        let read = read.map_err(Failure::aws(format!("read the active deployment {}", ids.join(", "))))?;
        Ok(read.into_iter().map(|past| past.deployment).collect())
    }

    async fn supersede(&mut self, id: &str, printer: &mut Printer) -> Result<(), Failure> {
        match self.aws.stop_deployment(id, Some(true)).await {
            Ok(words) => {
                let text = format!("{id} is superseded: stop requested, with rollback: {words}");
                printer.note(&text, clock::now());
            }
            Err(error) if error.is_already_completed() => {}
            Err(error) => return Err(Failure::aws(format!("stop deployment {id}, which is to be superseded"))(error)),
        }
        self.superseded.push(id.to_owned());
        Ok(())
    }
}

/// Another deployment is active, and there is no patience.
pub(super) fn conflict(aws: &Aws, active: String, id: Option<&String>) -> Failure {
    let advice = match id {
        Some(id) => words::attach(id, aws.region.as_deref()),
        None => words::attach_to_active(aws.region.as_deref()),
    };
    let advice = format!("follow it: {advice}");
    Failure::Conflict { active, advice }
}
