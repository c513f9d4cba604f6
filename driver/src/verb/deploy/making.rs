//! Makes what a deployment needs, each thing once: a revision of the task definition, and the deployment itself. What was
//! made and turns out to be for nothing is taken back.

use super::once::{Ended, Subject, once};
use crate::aws::Aws;
use crate::aws::creating::NewDeployment;
use crate::aws::error::AwsError;
use crate::clock;
use crate::decide::conflict;
use crate::decide::task_definition::{TaskDefinition, revision_name};
use crate::failure::Failure;
use crate::show::Printer;
use crate::verb::interruption::Interruption;
use crate::verb::{Pacing, preparation};

/// A revision to deploy.
pub(super) struct Revision {
    /// Its ARN.
    pub(super) arn: String,
    /// Whether this run registered it.
    pub(super) is_new: bool,
}

/// What became of a creation.
pub(in crate::verb) enum Creation {
    /// This deployment is ours.
    Created(String),
    /// Another deployment is active.
    InTheWay(AwsError),
}

/// Registers the task definition. An equal revision was looked for before.
pub(super) async fn register(
    aws: &Aws,
    definition: &TaskDefinition,
    pacing: &Pacing,
    printer: &mut Printer,
    interruption: &mut Interruption,
) -> Result<Revision, Failure> {
    let (family, document) = (definition.family(), definition.document());
    let subject = Subject { call: "RegisterTaskDefinition", thing: "the revision" };
    let call = async || aws.register_task_definition(&document).await;
    let look = async || preparation::equal_to_latest(aws, definition).await;
    let what = format!("register task definition {family:?}");
    match once(&subject, call, look, pacing, printer, interruption).await {
        Ended::Made(arn) | Ended::Found(arn) => {
            printer.note(&format!("task definition {} registered", revision_name(&arn)), clock::now());
            Ok(Revision { arn, is_new: true })
        }
        Ended::InTheWay(source) | Ended::Refused(source) | Ended::Unknown(source) => Err(Failure::aws(what)(source)),
        Ended::Interrupted { exit, .. } => Err(Failure::Interrupted(exit)),
    }
}

/// Creates the deployment, or finds it where the answer was lost; `before` is the group's last deployment until now.
pub(in crate::verb) async fn create(
    aws: &Aws,
    new: &NewDeployment,
    before: Option<&str>,
    pacing: &Pacing,
    printer: &mut Printer,
    interruption: &mut Interruption,
) -> Result<Creation, Failure> {
    let subject = Subject { call: "CreateDeployment", thing: "the deployment" };
    let revision = new.revision();
    let call = async || aws.create_deployment(new).await;
    let look = async || {
        let latest = aws.latest_deployments(&new.application, &new.group).await?;
        Ok(conflict::found(&latest, &revision, before).map(|found| found.id.clone()))
    };
    match once(&subject, call, look, pacing, printer, interruption).await {
        Ended::Made(id) => Ok(Creation::Created(id)),
        Ended::Found(id) => {
            printer.note(&format!("{id} is the deployment that was asked for; it is not created again"), clock::now());
            Ok(Creation::Created(id))
        }
        Ended::InTheWay(error) => Ok(Creation::InTheWay(error)),
        Ended::Refused(source) => Err(Failure::aws("create the deployment")(source)),
        Ended::Unknown(source) => Err(Failure::Doubtful { source }),
        Ended::Interrupted { exit, doubtful: false } => Err(Failure::Interrupted(exit)),
        Ended::Interrupted { exit, doubtful: true } => {
            Err(Failure::InterruptedBefore("it was known whether the deployment exists: greenlight history", exit))
        }
    }
}

/// Takes back a revision that no deployment uses. Not being able to is no failure of its own.
pub(super) async fn take_back(aws: &Aws, revision: &Revision, failure: &Failure, printer: &mut Printer) {
    if !revision.is_new || may_be_used(failure) {
        return;
    }
    let name = revision_name(&revision.arn);
    match aws.deregister_task_definition(&revision.arn).await {
        Ok(()) => printer.note(&format!("task definition {name} deregistered: no deployment uses it"), clock::now()),
        Err(error) => {
            let text = format!("no deployment uses task definition {name}, and it could not be deregistered: {error}");
            printer.warning(&text, clock::now());
        }
    }
}

/// A deployment that may exist needs its task definition.
fn may_be_used(failure: &Failure) -> bool {
    matches!(failure, Failure::Doubtful { .. } | Failure::InterruptedBefore(..))
}
