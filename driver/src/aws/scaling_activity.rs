//! Application Auto Scaling, to look at: whether a service is being scaled just now.

use aws_sdk_applicationautoscaling::types::{ScalableDimension, ScalingActivity as Wire, ServiceNamespace};

use super::Aws;
use super::error::{AwsError, translate};
use crate::decide::doctor::facts::ScalingActivity;

/// The newest come first, and what is not over is among them.
const LOOKED_AT: i32 = 10;

impl Aws {
    /// `DescribeScalingActivities` of a service; those that are not over.
    pub async fn scaling_activities(&self, cluster: &str, service: &str) -> Result<Vec<ScalingActivity>, AwsError> {
        let answer = self
            .auto_scaling
            .describe_scaling_activities()
            .service_namespace(ServiceNamespace::Ecs)
            .resource_id(format!("service/{cluster}/{service}"))
            .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
            .max_results(LOOKED_AT)
            .send()
            .await
            .map_err(|error| translate("application-autoscaling:DescribeScalingActivities", error))?;
        Ok(answer.scaling_activities().iter().filter_map(under_way).collect())
    }
}

/// An activity that has not ended; one whose state is not known counts as such.
fn under_way(activity: &Wire) -> Option<ScalingActivity> {
    let status = activity.status_code().as_str();
    if ["Successful", "Overridden", "Unfulfilled", "Failed"].contains(&status) {
        return None;
    }
    Some(ScalingActivity { status: status.to_owned(), description: activity.description().to_owned() })
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::DateTime;

    use super::*;

    #[test]
    fn an_activity_that_has_ended_is_none_and_one_of_an_unknown_status_is_one() {
        let activity = |status: &str| {
            Wire::builder()
                .activity_id("1")
                .service_namespace(ServiceNamespace::Ecs)
                .resource_id("service/main/shop")
                .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
                .description("Setting desired count to 4.")
                .cause("an alarm")
                .start_time(DateTime::from_secs(0))
                .status_code(status.into())
                .build()
                .unwrap()
        };
        for ended in ["Successful", "Overridden", "Unfulfilled", "Failed"] {
            assert_eq!(under_way(&activity(ended)), None);
        }
        for status in ["Pending", "InProgress", "Paused"] {
            let description = "Setting desired count to 4.".to_owned();
            assert_eq!(under_way(&activity(status)), Some(ScalingActivity { status: status.to_owned(), description }));
        }
    }
}
