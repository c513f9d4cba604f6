//! CloudWatch: how the alarms stand that a deployment group watches.

use aws_sdk_cloudwatch::types::MetricAlarm;

use super::Aws;
use super::error::AwsError;
use crate::decide::doctor::facts::Alarm;

impl Aws {
    /// The alarms of these names, as the doctor looks at them.
    pub async fn alarms(&self, names: &[String]) -> Result<Vec<Alarm>, AwsError> {
        let mut alarms = Vec::new();
        for page in self.cloudwatch().described_alarms(names).await? {
            alarms.extend(page.metric_alarms().iter().map(|found| Alarm {
                name: found.alarm_name().unwrap_or_default().to_owned(),
                state: found.state_value().map_or("", |state| state.as_str()).to_owned(),
                reason: found.state_reason().filter(|reason| !reason.is_empty()).map(str::to_owned),
                counts_test_traffic: counts_test_traffic(found),
            }));
            alarms.extend(page.composite_alarms().iter().map(|found| Alarm {
                name: found.alarm_name().unwrap_or_default().to_owned(),
                state: found.state_value().map_or("", |state| state.as_str()).to_owned(),
                reason: found.state_reason().filter(|reason| !reason.is_empty()).map(str::to_owned),
                counts_test_traffic: false,
            }));
        }
        Ok(alarms)
    }
}

/// Errors of an Application Load Balancer with no target group among the dimensions (aws-facts §14).
fn counts_test_traffic(alarm: &MetricAlarm) -> bool {
    alarm.namespace() == Some("AWS/ApplicationELB")
        && alarm
            .metric_name()
            .is_some_and(|name| name.contains("4XX") || name.contains("5XX") || name.contains("Error"))
        && !alarm.dimensions().iter().any(|dimension| dimension.name() == Some("TargetGroup"))
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudwatch::types::Dimension;

    use super::*;

    #[test]
    fn an_alarm_over_a_whole_load_balancer_counts_test_traffic_and_one_of_a_target_group_does_not() {
        let alarm = |dimensions: &[&str]| {
            let dimension = |name: &&str| Dimension::builder().name(*name).value("x").build();
            MetricAlarm::builder()
                .namespace("AWS/ApplicationELB")
                .metric_name("HTTPCode_Target_5XX_Count")
                .set_dimensions(Some(dimensions.iter().map(dimension).collect()))
                .build()
        };
        assert!(counts_test_traffic(&alarm(&["LoadBalancer"])));
        assert!(!counts_test_traffic(&alarm(&["LoadBalancer", "TargetGroup"])));
        assert!(!counts_test_traffic(&MetricAlarm::builder().namespace("Shop").metric_name("Errors").build()));
    }
}
