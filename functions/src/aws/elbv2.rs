//! What the load balancer says: listeners and rules, addresses, target groups, target health.

use aws_sdk_elasticloadbalancingv2::types::Action;

use super::{Aws, ReadError};
use crate::facts::{Forward, Listener, LoadBalancer, Protocol, Role, Rule, Target, TargetGroup};

const LISTENERS: &str = "elasticloadbalancing:DescribeListeners";
const RULES: &str = "elasticloadbalancing:DescribeRules";
const LOAD_BALANCERS: &str = "elasticloadbalancing:DescribeLoadBalancers";
const TARGET_GROUPS: &str = "elasticloadbalancing:DescribeTargetGroups";
const HEALTH: &str = "elasticloadbalancing:DescribeTargetHealth";

impl Aws {
    /// `DescribeListeners` and `DescribeRules`, of the listeners that the deployment group names for one role.
    pub(crate) async fn listeners(&self, role: Role, arns: &[String]) -> Result<Vec<Listener>, ReadError> {
        if arns.is_empty() {
            return Ok(Vec::new());
        }
        let answer = self
            .elbv2
            .describe_listeners()
            .set_listener_arns(Some(arns.to_vec()))
            .send()
            .await
            .map_err(|error| ReadError::call(LISTENERS, &error))?;
        let mut listeners = Vec::with_capacity(arns.len());
        for arn in arns {
            let found = answer
                .listeners()
                .iter()
                .find(|listener| listener.listener_arn() == Some(arn))
                .ok_or_else(|| ReadError::missing(LISTENERS, format!("listener {arn}")))?;
            let protocol = found.protocol().map_or("", |protocol| protocol.as_str()).into();
            let rules = match protocol {
                Protocol::Http | Protocol::Https => self.rules(arn).await?,
                // Only an Application Load Balancer's listeners have rules.
                Protocol::Tcp | Protocol::Tls | Protocol::Other(_) => Vec::new(),
            };
            listeners.push(Listener {
                role,
                arn: arn.clone(),
                port: found.port().and_then(|port| u16::try_from(port).ok()),
                protocol,
                load_balancer: found.load_balancer_arn().unwrap_or_default().to_owned(),
                default: forwards(found.default_actions()),
                rules,
            });
        }
        Ok(listeners)
    }

    /// The default rule is left out: it is the listener's default action again.
    async fn rules(&self, listener: &str) -> Result<Vec<Rule>, ReadError> {
        let mut rules = Vec::new();
        let mut default = false;
        let mut marker = None;
        loop {
            let page = self
                .elbv2
                .describe_rules()
                .listener_arn(listener)
                .set_marker(marker)
                .send()
                .await
                .map_err(|error| ReadError::call(RULES, &error))?;
            default |= page.rules().iter().any(|rule| rule.is_default().unwrap_or(false));
            rules.extend(page.rules().iter().filter(|rule| !rule.is_default().unwrap_or(false)).map(|rule| Rule {
                arn: rule.rule_arn().unwrap_or_default().to_owned(),
                forwards: forwards(rule.actions()),
            }));
            marker = page.next_marker.filter(|marker| !marker.is_empty());
            if marker.is_none() {
                // Every listener has one, so a list without it is not the whole list.
                return if default { Ok(rules) } else { Err(ReadError::missing(RULES, "default rule")) };
            }
        }
    }

    /// `DescribeLoadBalancers`.
    pub(crate) async fn load_balancers(&self, arns: &[String]) -> Result<Vec<LoadBalancer>, ReadError> {
        if arns.is_empty() {
            return Ok(Vec::new());
        }
        let answer = self
            .elbv2
            .describe_load_balancers()
            .set_load_balancer_arns(Some(arns.to_vec()))
            .send()
            .await
            .map_err(|error| ReadError::call(LOAD_BALANCERS, &error))?;
        Ok(answer
            .load_balancers()
            .iter()
            .map(|load_balancer| LoadBalancer {
                arn: load_balancer.load_balancer_arn().unwrap_or_default().to_owned(),
                dns_name: load_balancer.dns_name().unwrap_or_default().to_owned(),
            })
            .collect())
    }

    /// `DescribeTargetGroups`, by name: the deployment group knows no ARNs. (Asked for none, AWS would list them all.)
    pub(crate) async fn target_groups(&self, names: &[String]) -> Result<Vec<TargetGroup>, ReadError> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let answer = self
            .elbv2
            .describe_target_groups()
            .set_names(Some(names.to_vec()))
            .send()
            .await
            .map_err(|error| ReadError::call(TARGET_GROUPS, &error))?;
        Ok(answer
            .target_groups()
            .iter()
            .map(|group| TargetGroup {
                arn: group.target_group_arn().unwrap_or_default().to_owned(),
                name: group.target_group_name().unwrap_or_default().to_owned(),
            })
            .collect())
    }

    /// `DescribeTargetHealth`.
    pub(crate) async fn targets(&self, target_group: &str) -> Result<Vec<Target>, ReadError> {
        let answer = self
            .elbv2
            .describe_target_health()
            .target_group_arn(target_group)
            .send()
            .await
            .map_err(|error| ReadError::call(HEALTH, &error))?;
        Ok(answer
            .target_health_descriptions()
            .iter()
            .map(|description| {
                let target = description.target();
                let health = description.target_health();
                let id = target.and_then(|target| target.id()).unwrap_or("?");
                Target {
                    address: match target.and_then(|target| target.port()) {
                        Some(port) => format!("{id}:{port}"),
                        None => id.to_owned(),
                    },
                    state: health.and_then(|health| health.state()).map_or("", |state| state.as_str()).into(),
                    reason: health.and_then(|health| health.reason()).map(|reason| reason.as_str().to_owned()),
                    description: health.and_then(|health| health.description()).map(str::to_owned),
                }
            })
            .collect())
    }
}

/// Where a list of actions forwards to. Two target groups come as `ForwardConfig` only, one comes as a scalar, as a
/// `ForwardConfig` of one entry, or as both; a weight that is not there counts 1.
fn forwards(actions: &[Action]) -> Vec<Forward> {
    actions
        .iter()
        .flat_map(|action| {
            let weighted: Vec<Forward> = action
                .forward_config()
                .map(|config| config.target_groups())
                .unwrap_or_default()
                .iter()
                .filter_map(|group| {
                    Some(Forward {
                        target_group: group.target_group_arn.clone()?,
                        weight: group.weight().map_or(1, |weight| u32::try_from(weight).unwrap_or_default()),
                    })
                })
                .collect();
            if weighted.is_empty() {
                action
                    .target_group_arn()
                    .map(|arn| Forward { target_group: arn.to_owned(), weight: 1 })
                    .into_iter()
                    .collect()
            } else {
                weighted
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticloadbalancingv2::types::{ActionTypeEnum, ForwardActionConfig, TargetGroupTuple};

    use super::*;

    fn tuple(arn: &str, weight: Option<i32>) -> TargetGroupTuple {
        TargetGroupTuple::builder().target_group_arn(arn).set_weight(weight).build()
    }

    fn config(tuples: Vec<TargetGroupTuple>) -> ForwardActionConfig {
        ForwardActionConfig::builder().set_target_groups(Some(tuples)).build()
    }

    #[test]
    fn the_scalar_and_the_weighted_form_say_the_same() {
        let scalar = Action::builder().r#type(ActionTypeEnum::Forward).target_group_arn("blue").build();
        let both = Action::builder().target_group_arn("blue").forward_config(config(vec![tuple("blue", None)])).build();
        let expected = vec![Forward { target_group: "blue".to_owned(), weight: 1 }];
        assert_eq!(forwards(&[scalar]), expected);
        assert_eq!(forwards(&[both]), expected);
    }

    #[test]
    fn a_production_listener_carries_both_target_groups_without_a_scalar() {
        let action =
            Action::builder().forward_config(config(vec![tuple("green", Some(0)), tuple("blue", Some(100))])).build();
        let weights: Vec<u32> = forwards(&[action]).iter().map(|forward| forward.weight).collect();
        assert_eq!(weights, [0, 100]);
    }

    #[test]
    fn an_action_that_answers_by_itself_forwards_nowhere() {
        assert!(forwards(&[Action::builder().r#type(ActionTypeEnum::FixedResponse).build()]).is_empty());
    }
}
