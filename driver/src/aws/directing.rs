//! CodeDeploy: the calls that change the course of a deployment that runs.

use aws_sdk_codedeploy::types::{DeploymentWaitType, LifecycleEventStatus};

use super::Aws;
use super::error::{AwsError, translate};
use crate::decide::waiting::Wait;

/// What is reported in a hook's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookReport {
    /// Go on.
    Succeeded,
    /// Fail the deployment.
    Failed,
}

impl HookReport {
    /// The wire's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
        }
    }
}

impl Aws {
    /// `PutLifecycleEventHookExecutionStatus`. Each execution takes one.
    pub async fn report_hook(&self, id: &str, execution: &str, report: HookReport) -> Result<(), AwsError> {
        let status = match report {
            HookReport::Succeeded => LifecycleEventStatus::Succeeded,
            HookReport::Failed => LifecycleEventStatus::Failed,
        };
        self.codedeploy
            .put_lifecycle_event_hook_execution_status()
            .deployment_id(id)
            .lifecycle_event_hook_execution_id(execution)
            .status(status)
            .send()
            .await
            .map_err(|error| translate("codedeploy:PutLifecycleEventHookExecutionStatus", error))?;
        Ok(())
    }

    /// `StopDeployment`; answers CodeDeploy's own words. Without a word on rolling back, the deployment's configuration holds.
    pub async fn stop_deployment(&self, id: &str, rollback: Option<bool>) -> Result<String, AwsError> {
        let answer = self
            .codedeploy
            .stop_deployment()
            .deployment_id(id)
            .set_auto_rollback_enabled(rollback)
            .send()
            .await
            .map_err(|error| translate("codedeploy:StopDeployment", error))?;
        let status = answer.status().map(|status| status.as_str());
        let words: Vec<_> = [status, answer.status_message()].into_iter().flatten().collect();
        Ok(words.join(": "))
    }

    /// `ContinueDeployment`.
    pub async fn continue_deployment(&self, id: &str, wait: Wait) -> Result<(), AwsError> {
        let wire = match wait {
            Wait::Ready => DeploymentWaitType::ReadyWait,
            Wait::Termination => DeploymentWaitType::TerminationWait,
        };
        self.codedeploy
            .continue_deployment()
            .deployment_id(id)
            .deployment_wait_type(wire)
            .send()
            .await
            .map_err(|error| translate("codedeploy:ContinueDeployment", error))?;
        Ok(())
    }
}
