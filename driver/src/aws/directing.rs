//! CodeDeploy: the two calls that change the course of a deployment that runs.

use aws_sdk_codedeploy::types::DeploymentWaitType;

use super::Aws;
use super::error::{AwsError, translate};
use crate::decide::waiting::Wait;

impl Aws {
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
