//! The calls that delete, and those that ask whether there is anything to delete. What is gone already is no error.

use super::Aws;
use super::error::{AwsError, ErrorKind, translate};
use super::signed::{Call, Service, encoded};

impl Aws {
    /// `ListDeploymentGroups`; `None` when there is no such application.
    pub async fn group_names(&self, application: &str) -> Result<Option<Vec<String>>, AwsError> {
        let mut names = Vec::new();
        let mut token = None;
        loop {
            let answer = self
                .codedeploy
                .list_deployment_groups()
                .application_name(application)
                .set_next_token(token)
                .send()
                .await
                .map_err(|error| translate("codedeploy:ListDeploymentGroups", error));
            let answer = match answer {
                Ok(answer) => answer,
                Err(error) if error.kind == ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            };
            names.extend_from_slice(answer.deployment_groups());
            token = answer.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(Some(names));
            }
        }
    }

    /// Whether `DescribeLogGroups` knows it.
    pub async fn has_log_group(&self, name: &str) -> Result<bool, AwsError> {
        let answer = self
            .logs
            .describe_log_groups()
            .log_group_name_prefix(name)
            .send()
            .await
            .map_err(|error| translate("logs:DescribeLogGroups", error))?;
        // Names are in order, and the shortest with a prefix comes first.
        Ok(answer.log_groups().iter().any(|group| group.log_group_name() == Some(name)))
    }

    /// `DeleteDeploymentGroup`. CodeDeploy deletes nothing else with it.
    pub async fn delete_group(&self, application: &str, name: &str) -> Result<(), AwsError> {
        let sent = self.codedeploy.delete_deployment_group().application_name(application).deployment_group_name(name);
        sent.send().await.map_err(|error| translate("codedeploy:DeleteDeploymentGroup", error))?;
        Ok(())
    }

    /// `DeleteApplication`. It would take groups along, so there must be none left.
    pub async fn delete_application(&self, name: &str) -> Result<(), AwsError> {
        let sent = self.codedeploy.delete_application().application_name(name).send().await;
        sent.map_err(|error| translate("codedeploy:DeleteApplication", error))?;
        Ok(())
    }

    /// `DeleteFunction`, with all its versions.
    pub async fn delete_function(&self, name: &str) -> Result<(), AwsError> {
        let path = format!("/2015-03-31/functions/{}", encoded(name));
        self.signed.send(Call::rest(Service::Lambda, "lambda:DeleteFunction", "DELETE", path)).await?;
        Ok(())
    }

    /// `DeleteLogGroup`, with everything in it.
    pub async fn delete_log_group(&self, name: &str) -> Result<(), AwsError> {
        let sent = self.logs.delete_log_group().log_group_name(name).send().await;
        sent.map_err(|error| translate("logs:DeleteLogGroup", error))?;
        Ok(())
    }
}
