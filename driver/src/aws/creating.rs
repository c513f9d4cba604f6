//! The calls that create: a deployment, a revision of a task definition. Each is sent once. Its answer may be lost, and a
//! second one would create a second thing: whether to call again is decided where it can be looked up first
//! (`decide::recovery`), never by the SDK's retries.

use aws_config::retry::RetryConfig;
use aws_sdk_codedeploy::types::{
    Alarm, AlarmConfiguration, AppSpecContent, AutoRollbackConfiguration, AutoRollbackEvent, BundleType,
    RevisionLocation, RevisionLocationType, S3Location,
};
use serde_json::Value;

use super::Aws;
use super::ecs::unreadable;
use super::error::{AwsError, ErrorKind, translate};
use super::verbatim::Verbatim;
use crate::appspec::Rendered;
use crate::snapshot::{Deployment, Object, Revision, RollbackEvent};

/// What to create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDeployment {
    /// Application name.
    pub application: String,
    /// Group name.
    pub group: String,
    /// Deployment configuration; the group's when absent.
    pub config: Option<String>,
    /// Automatic rollback; the group's when absent.
    pub rollback_on: Option<Vec<RollbackEvent>>,
    /// Alarms that stop it; the group's when absent.
    pub alarms: Option<Vec<String>>,
    /// For people, at most 256 characters.
    pub description: String,
    /// The AppSpec.
    pub appspec: Rendered,
    /// Where CodeDeploy gets the AppSpec from, when it does not come with the call.
    pub object: Option<Object>,
}

impl NewDeployment {
    /// What tells it from others.
    pub fn revision(&self) -> Revision {
        match &self.object {
            Some(object) => Revision::Object { bucket: object.bucket.clone(), key: object.key.clone() },
            None => Revision::Content { sha256: self.appspec.sha256.clone() },
        }
    }
}

impl Aws {
    /// `CreateDeployment`, once; answers the id, which is carried on from here.
    pub async fn create_deployment(&self, new: &NewDeployment) -> Result<String, AwsError> {
        let operation = "codedeploy:CreateDeployment";
        let once = aws_sdk_codedeploy::config::Builder::new().retry_config(RetryConfig::disabled());
        let answer = self
            .codedeploy
            .create_deployment()
            .application_name(&new.application)
            .deployment_group_name(&new.group)
            .set_deployment_config_name(new.config.clone())
            .set_auto_rollback_configuration(new.rollback_on.as_deref().map(rollback_configuration))
            .set_override_alarm_configuration(new.alarms.as_deref().map(alarm_configuration))
            .description(&new.description)
            .revision(location(new))
            .customize()
            .config_override(once)
            .send()
            .await
            .map_err(|error| uncertain(translate(operation, error)))?;
        answer.deployment_id().filter(|id| !id.is_empty()).map(str::to_owned).ok_or(AwsError {
            operation,
            // It may well exist.
            kind: ErrorKind::Unavailable,
            code: None,
            text: "the answer carries no deployment id".to_owned(),
        })
    }

    /// The deployments that a new one of this group may turn out to be, or may be held up by: the active ones, and the one
    /// that was attempted last. `ListDeployments`, `GetDeploymentGroup`, `BatchGetDeployments`.
    pub async fn latest_deployments(&self, application: &str, group: &str) -> Result<Vec<Deployment>, AwsError> {
        let mut ids = self.active_deployments(application, group).await?;
        // The group names its last deployment even while the list lags behind.
        let last = self.group(application, group).await?.last_attempted;
        ids.extend(last.filter(|last| !ids.contains(last)).into_iter().collect::<Vec<_>>());
        Ok(self.deployments(&ids).await?.into_iter().map(|past| past.deployment).collect())
    }

    /// `RegisterTaskDefinition` with this JSON as it is, once; answers the new revision's ARN.
    pub async fn register_task_definition(&self, definition: &Value) -> Result<String, AwsError> {
        let operation = "ecs:RegisterTaskDefinition";
        let once = aws_sdk_ecs::config::Builder::new().retry_config(RetryConfig::disabled());
        let answer = self
            .ecs
            .register_task_definition()
            .family("replaced-by-the-document")
            .set_container_definitions(Some(Vec::new()))
            .customize()
            .config_override(once)
            .interceptor(Verbatim::sending(definition.to_string()))
            .send()
            .await
            .map_err(|error| uncertain(translate(operation, error)))?;
        answer
            .task_definition()
            .and_then(|definition| definition.task_definition_arn())
            .map(str::to_owned)
            .ok_or_else(|| AwsError { kind: ErrorKind::Unavailable, ..unreadable(operation) })
    }

    /// `DeregisterTaskDefinition`.
    pub async fn deregister_task_definition(&self, arn: &str) -> Result<(), AwsError> {
        let answer = self.ecs.deregister_task_definition().task_definition(arn).send().await;
        answer.map(drop).map_err(|error| translate("ecs:DeregisterTaskDefinition", error))
    }
}

/// A run that creates has read before: region and credentials are there. What then looks as if it was not sent may have been.
fn uncertain(error: AwsError) -> AwsError {
    match error.kind {
        ErrorKind::NotSent => AwsError { kind: ErrorKind::Unavailable, ..error },
        ErrorKind::Throttled
        | ErrorKind::Unavailable
        | ErrorKind::NotAllowed
        | ErrorKind::NotFound
        | ErrorKind::NotStarted
        | ErrorKind::Conflict
        | ErrorKind::Refused => error,
    }
}

fn location(new: &NewDeployment) -> RevisionLocation {
    match &new.object {
        None => {
            let content = AppSpecContent::builder().content(&new.appspec.content).sha256(&new.appspec.sha256).build();
            RevisionLocation::builder()
                .revision_type(RevisionLocationType::AppSpecContent)
                .app_spec_content(content)
                .build()
        }
        Some(Object { bucket, key, bundle, version, etag }) => {
            let object = S3Location::builder()
                .bucket(bucket)
                .key(key)
                .bundle_type(bundle.as_deref().map_or(BundleType::Json, BundleType::from))
                .set_version(version.clone())
                .set_e_tag(etag.clone())
                .build();
            RevisionLocation::builder().revision_type(RevisionLocationType::S3).s3_location(object).build()
        }
    }
}

fn rollback_configuration(events: &[RollbackEvent]) -> AutoRollbackConfiguration {
    let wire = events
        .iter()
        .map(|event| match event {
            RollbackEvent::Failure => AutoRollbackEvent::DeploymentFailure,
            RollbackEvent::Alarm => AutoRollbackEvent::DeploymentStopOnAlarm,
            RollbackEvent::Stop => AutoRollbackEvent::DeploymentStopOnRequest,
        })
        .collect();
    // An empty list switches it off; events without `enabled` would say nothing.
    AutoRollbackConfiguration::builder().enabled(!events.is_empty()).set_events(Some(wire)).build()
}

fn alarm_configuration(names: &[String]) -> AlarmConfiguration {
    let alarms = names.iter().map(|name| Alarm::builder().name(name).build()).collect();
    // An alarm whose state cannot be read stops the deployment: what is not known is never taken for green.
    AlarmConfiguration::builder().enabled(!names.is_empty()).set_alarms(Some(alarms)).build()
}
