//! Application Auto Scaling: a service's scalable target, its suspension and its mark. What they mean is decided in
//! `decide::auto_scaling`.

use aws_sdk_applicationautoscaling::types::{ScalableDimension, ServiceNamespace, SuspendedState};

use super::Aws;
use super::error::{AwsError, translate};
use crate::decide::auto_scaling::{MARK, ScalableTarget, Suspension};

impl Aws {
    /// `DescribeScalableTargets` and `ListTagsForResource`: the service's scalable target, where it has one.
    pub async fn scalable_target(&self, cluster: &str, service: &str) -> Result<Option<ScalableTarget>, AwsError> {
        let resource = format!("service/{cluster}/{service}");
        let answer = self
            .auto_scaling
            .describe_scalable_targets()
            .service_namespace(ServiceNamespace::Ecs)
            .resource_ids(&resource)
            .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
            .send()
            .await
            .map_err(|error| translate("application-autoscaling:DescribeScalableTargets", error))?;
        let Some(found) = answer.scalable_targets().first() else { return Ok(None) };
        let arn = found.scalable_target_arn().map(str::to_owned);
        let mark = match &arn {
            Some(arn) => self.mark(arn).await?,
            None => None,
        };
        let state = found.suspended_state();
        let is = |flag: fn(&SuspendedState) -> Option<bool>| state.and_then(flag).unwrap_or(false);
        let suspension = Suspension {
            scaling_in: is(SuspendedState::dynamic_scaling_in_suspended),
            scaling_out: is(SuspendedState::dynamic_scaling_out_suspended),
            scheduled: is(SuspendedState::scheduled_scaling_suspended),
        };
        Ok(Some(ScalableTarget { resource, arn, suspension, mark }))
    }

    async fn mark(&self, arn: &str) -> Result<Option<String>, AwsError> {
        let answer = self
            .auto_scaling
            .list_tags_for_resource()
            .resource_arn(arn)
            .send()
            .await
            .map_err(|error| translate("application-autoscaling:ListTagsForResource", error))?;
        Ok(answer.tags().and_then(|tags| tags.get(MARK)).cloned())
    }

    /// `TagResource`.
    pub async fn mark_scalable_target(&self, arn: &str, text: &str) -> Result<(), AwsError> {
        let answer = self.auto_scaling.tag_resource().resource_arn(arn).tags(MARK, text).send().await;
        answer.map(drop).map_err(|error| translate("application-autoscaling:TagResource", error))
    }

    /// `UntagResource`.
    pub async fn unmark_scalable_target(&self, arn: &str) -> Result<(), AwsError> {
        let answer = self.auto_scaling.untag_resource().resource_arn(arn).tag_keys(MARK).send().await;
        answer.map(drop).map_err(|error| translate("application-autoscaling:UntagResource", error))
    }

    /// `RegisterScalableTarget`, with nothing but what is to be suspended: capacities stay as they are.
    pub async fn suspend_scaling(&self, resource: &str, suspension: Suspension) -> Result<(), AwsError> {
        let state = SuspendedState::builder()
            .dynamic_scaling_in_suspended(suspension.scaling_in)
            .dynamic_scaling_out_suspended(suspension.scaling_out)
            .scheduled_scaling_suspended(suspension.scheduled)
            .build();
        let answer = self
            .auto_scaling
            .register_scalable_target()
            .service_namespace(ServiceNamespace::Ecs)
            .resource_id(resource)
            .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
            .suspended_state(state)
            .send()
            .await;
        answer.map(drop).map_err(|error| translate("application-autoscaling:RegisterScalableTarget", error))
    }
}
