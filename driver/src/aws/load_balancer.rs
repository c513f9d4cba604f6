//! Where the listeners send their traffic. Read once, at the end, to say what serves; a listener's rules are not looked at.

use aws_sdk_elasticloadbalancingv2::types::Listener;

use super::Aws;
use super::error::{AwsError, translate};

/// One listener and its default action.
#[derive(Clone, Debug, PartialEq)]
pub struct ListenerShares {
    /// Its ARN.
    pub arn: String,
    /// Target group names with their share in percent.
    pub shares: Vec<(String, f64)>,
}

impl Aws {
    /// What each of these listeners forwards to.
    pub async fn listeners(&self, arns: &[String]) -> Result<Vec<ListenerShares>, AwsError> {
        Ok(self.described_listeners(arns).await?.iter().map(shares).collect())
    }

    /// `DescribeListeners` and `DescribeLoadBalancers`: where the first of these listeners is asked. Nothing for one that
    /// does not speak HTTP.
    pub async fn listener_url(&self, arns: &[String]) -> Result<Option<String>, AwsError> {
        let listeners = self.described_listeners(arns).await?;
        let Some(listener) = listeners.first() else { return Ok(None) };
        let scheme = match listener.protocol().map(|protocol| protocol.as_str()) {
            Some("HTTP") => "http",
            Some("HTTPS") => "https",
            _ => return Ok(None),
        };
        let (Some(arn), Some(port)) = (listener.load_balancer_arn(), listener.port()) else { return Ok(None) };
        let answer = self
            .load_balancing
            .describe_load_balancers()
            .load_balancer_arns(arn)
            .send()
            .await
            .map_err(|error| translate("elasticloadbalancing:DescribeLoadBalancers", error))?;
        let name = answer.load_balancers().first().and_then(|found| found.dns_name());
        Ok(name.map(|name| format!("{scheme}://{name}:{port}")))
    }

    /// `DescribeListeners`.
    pub(super) async fn described_listeners(&self, arns: &[String]) -> Result<Vec<Listener>, AwsError> {
        let answer = self
            .load_balancing
            .describe_listeners()
            .set_listener_arns(Some(arns.to_vec()))
            .send()
            .await
            .map_err(|error| translate("elasticloadbalancing:DescribeListeners", error))?;
        Ok(answer.listeners.unwrap_or_default())
    }
}

/// Both the scalar target group and the weighted form occur (aws-facts §7).
fn shares(listener: &Listener) -> ListenerShares {
    let mut weights: Vec<(String, f64)> = Vec::new();
    for action in listener.default_actions() {
        match action.forward_config().map(|forward| forward.target_groups()) {
            Some(groups) if !groups.is_empty() => {
                weights.extend(groups.iter().filter_map(|group| {
                    Some((name(group.target_group_arn()?)?, f64::from(group.weight().unwrap_or(1))))
                }));
            }
            _ => weights.extend(action.target_group_arn().and_then(name).map(|name| (name, 1.0))),
        }
    }
    let total: f64 = weights.iter().map(|(_, weight)| weight).sum();
    let shares =
        weights.into_iter().filter(|_| total > 0.0).map(|(name, weight)| (name, weight * 100.0 / total)).collect();
    ListenerShares { arn: listener.listener_arn().unwrap_or_default().to_owned(), shares }
}

/// `…:targetgroup/<name>/<id>`.
fn name(arn: &str) -> Option<String> {
    arn.rsplit(':').next()?.strip_prefix("targetgroup/")?.split('/').next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticloadbalancingv2::types::{Action, ActionTypeEnum, ForwardActionConfig, TargetGroupTuple};

    use super::*;

    const BLUE: &str = "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/blue/1";
    const GREEN: &str = "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/green/2";

    fn weighted(weights: &[(&str, i32)]) -> Action {
        let groups = weights
            .iter()
            .map(|(arn, weight)| TargetGroupTuple::builder().target_group_arn(*arn).weight(*weight).build())
            .collect();
        let forward = ForwardActionConfig::builder().set_target_groups(Some(groups)).build();
        Action::builder().r#type(ActionTypeEnum::Forward).forward_config(forward).build()
    }

    #[test]
    fn a_production_listener_with_both_groups_and_no_scalar_is_read_by_weight() {
        let listener = Listener::builder().default_actions(weighted(&[(GREEN, 0), (BLUE, 100)])).build();
        assert_eq!(shares(&listener).shares, [("green".to_owned(), 0.0), ("blue".to_owned(), 100.0)]);
    }

    #[test]
    fn a_scalar_forward_is_everything() {
        let action = Action::builder().r#type(ActionTypeEnum::Forward).target_group_arn(GREEN).build();
        assert_eq!(shares(&Listener::builder().default_actions(action).build()).shares, [("green".to_owned(), 100.0)]);
    }
}
