//! CodeDeploy: the deployments that a group has had.

use aws_sdk_codedeploy::types::{DeploymentInfo, DeploymentStatus};

use super::Aws;
use super::codedeploy::deployment;
use super::error::{AwsError, ErrorKind, translate};
use crate::decide::history::Past;

/// `BatchGetDeployments` takes no more in one call (aws-facts §10).
const BATCH: usize = 25;

impl Aws {
    /// `ListDeployments` as far as needed, and `BatchGetDeployments` of these.
    ///
    /// The service lists the newest first, which its documentation does not promise: the order is the caller's affair.
    pub async fn past_deployments(&self, application: &str, group: &str, limit: usize) -> Result<Vec<Past>, AwsError> {
        self.listed(application, group, limit, None).await
    }

    /// The same, of those that succeeded.
    pub async fn succeeded_deployments(
        &self,
        application: &str,
        group: &str,
        limit: usize,
    ) -> Result<Vec<Past>, AwsError> {
        self.listed(application, group, limit, Some(vec![DeploymentStatus::Succeeded])).await
    }

    /// One deployment, with who created it.
    pub async fn past_deployment(&self, id: &str) -> Result<Past, AwsError> {
        let answer = self
            .codedeploy
            .get_deployment()
            .deployment_id(id)
            .send()
            .await
            .map_err(|error| translate("codedeploy:GetDeployment", error))?;
        Ok(past(id, answer.deployment_info()))
    }

    async fn listed(
        &self,
        application: &str,
        group: &str,
        limit: usize,
        statuses: Option<Vec<DeploymentStatus>>,
    ) -> Result<Vec<Past>, AwsError> {
        let mut ids: Vec<String> = Vec::new();
        let mut token = None;
        loop {
            let answer = self
                .codedeploy
                .list_deployments()
                .application_name(application)
                .deployment_group_name(group)
                .set_include_only_statuses(statuses.clone())
                .set_next_token(token)
                .send()
                .await
                .map_err(|error| translate("codedeploy:ListDeployments", error))?;
            ids.extend_from_slice(answer.deployments());
            token = answer.next_token().map(str::to_owned);
            if token.is_none() || ids.len() >= limit {
                break;
            }
        }
        ids.truncate(limit);
        let past = self.deployments(&ids).await?;
        // Without one that is listed, another would be taken for the last.
        let missing = ids.iter().find(|id| past.iter().all(|past| past.deployment.id != **id));
        match missing {
            Some(id) => Err(AwsError {
                operation: "codedeploy:BatchGetDeployments",
                kind: ErrorKind::Unavailable,
                code: None,
                text: format!("the answer says nothing of deployment {id}, which ListDeployments names"),
            }),
            None => Ok(past),
        }
    }

    /// `BatchGetDeployments`, of those that are known.
    pub async fn deployments(&self, ids: &[String]) -> Result<Vec<Past>, AwsError> {
        let mut listed = Vec::new();
        for batch in ids.chunks(BATCH) {
            let answer = self
                .codedeploy
                .batch_get_deployments()
                .set_deployment_ids(Some(batch.to_vec()))
                .send()
                .await
                .map_err(|error| translate("codedeploy:BatchGetDeployments", error))?;
            let infos = answer.deployments_info().iter();
            listed.extend(infos.map(|info| past(info.deployment_id().unwrap_or_default(), Some(info))));
        }
        Ok(listed)
    }
}

fn past(id: &str, info: Option<&DeploymentInfo>) -> Past {
    Past {
        deployment: deployment(id, info),
        creator: info.and_then(|info| info.creator()).map(|creator| creator.as_str().to_owned()),
        description: info.and_then(|info| info.description()).filter(|text| !text.is_empty()).map(str::to_owned),
    }
}
