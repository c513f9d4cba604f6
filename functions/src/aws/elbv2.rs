//! What the load balancer says: listeners and rules, addresses, target groups, target health.

use aws_sdk_elasticloadbalancingv2::types::{Action, ActionTypeEnum};

use super::{Aws, ReadError};
use crate::facts::{Actions, Forward, Listener, LoadBalancer, Protocol, Role, Rule, Target, TargetGroup};

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
                // Only an Application Load Balancer's listeners have rules; asked for others', AWS answers with an error.
                Protocol::Tcp | Protocol::Tls | Protocol::Udp | Protocol::TcpUdp | Protocol::Other(_) => Vec::new(),
            };
            listeners.push(Listener {
                role,
                arn: arn.clone(),
                port: found.port().and_then(|port| u16::try_from(port).ok()),
                protocol,
                load_balancer: found.load_balancer_arn().unwrap_or_default().to_owned(),
                default: actions(found.default_actions()),
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
                actions: actions(rule.actions()),
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
                Target {
                    id: target.and_then(|target| target.id()).unwrap_or("?").to_owned(),
                    port: target.and_then(|target| target.port()).and_then(|port| u16::try_from(port).ok()),
                    state: health.and_then(|health| health.state()).map_or("", |state| state.as_str()).into(),
                    reason: health.and_then(|health| health.reason()).map(|reason| reason.as_str().to_owned()),
                    description: health.and_then(|health| health.description()).map(str::to_owned),
                }
            })
            .collect())
    }
}

/// What a list of actions does, in its order: a forward is the last of them, and authentication may come before it.
fn actions(found: &[Action]) -> Actions {
    let mut found: Vec<&Action> = found.iter().collect();
    found.sort_by_key(|action| action.order().unwrap_or(i32::MAX));
    Actions {
        forwards: found.iter().flat_map(|action| forwards(action)).collect(),
        sticky: found.iter().any(|action| sticky(action)),
        others: found
            .iter()
            .filter_map(|action| action.r#type())
            .filter(|kind| **kind != ActionTypeEnum::Forward)
            .map(|kind| kind.as_str().to_owned())
            .collect(),
    }
}

/// Where an action forwards to. Two target groups come as `ForwardConfig` only, one comes as a scalar, as a
/// `ForwardConfig` of one entry, or as both; a weight that is not there counts 1.
fn forwards(action: &Action) -> Vec<Forward> {
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
        let scalar = action.target_group_arn();
        scalar.map(|arn| Forward { target_group: arn.to_owned(), weight: 1 }).into_iter().collect()
    } else {
        weighted
    }
}

fn sticky(action: &Action) -> bool {
    let stickiness = action.forward_config().and_then(|config| config.target_group_stickiness_config());
    stickiness.and_then(|stickiness| stickiness.enabled()).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticloadbalancingv2::types::{ForwardActionConfig, TargetGroupStickinessConfig, TargetGroupTuple};

    use super::*;

    fn tuple(arn: &str, weight: Option<i32>) -> TargetGroupTuple {
        TargetGroupTuple::builder().target_group_arn(arn).set_weight(weight).build()
    }

    fn config(tuples: Vec<TargetGroupTuple>) -> ForwardActionConfig {
        ForwardActionConfig::builder().set_target_groups(Some(tuples)).build()
    }

    fn action(kind: ActionTypeEnum, order: i32) -> Action {
        Action::builder().r#type(kind).order(order).build()
    }

    #[test]
    fn the_scalar_and_the_weighted_form_say_the_same() {
        let scalar = Action::builder().r#type(ActionTypeEnum::Forward).target_group_arn("blue").build();
        let both = Action::builder().target_group_arn("blue").forward_config(config(vec![tuple("blue", None)])).build();
        let listed = Action::builder().forward_config(config(vec![tuple("blue", Some(1))])).build();
        let expected = vec![Forward { target_group: "blue".to_owned(), weight: 1 }];
        for form in [scalar, both, listed] {
            assert_eq!(forwards(&form), expected);
        }
    }

    #[test]
    fn a_production_listener_carries_both_target_groups_without_a_scalar() {
        let action =
            Action::builder().forward_config(config(vec![tuple("green", Some(0)), tuple("blue", Some(100))])).build();
        let weights: Vec<u32> = forwards(&action).iter().map(|forward| forward.weight).collect();
        assert_eq!(weights, [0, 100]);
    }

    #[test]
    fn an_action_that_answers_by_itself_forwards_nowhere_and_is_named() {
        let actions = actions(&[action(ActionTypeEnum::FixedResponse, 1)]);
        assert_eq!(actions, Actions { others: vec!["fixed-response".to_owned()], ..Actions::default() });
    }

    #[test]
    fn what_comes_before_a_forward_is_named_in_its_order() {
        let forward = Action::builder().r#type(ActionTypeEnum::Forward).order(3).target_group_arn("green").build();
        let gates = [action(ActionTypeEnum::from("jwt-validation"), 2), action(ActionTypeEnum::AuthenticateOidc, 1)];
        let actions = actions(&[forward, gates[0].clone(), gates[1].clone()]);
        assert_eq!(actions.others, ["authenticate-oidc", "jwt-validation"]);
        assert_eq!(actions.forwards.len(), 1);
        assert!(!actions.sticky);
    }

    #[test]
    fn stickiness_is_read_from_the_forward() {
        let with = |enabled: bool| {
            let stickiness = TargetGroupStickinessConfig::builder().enabled(enabled).build();
            let config = ForwardActionConfig::builder().target_group_stickiness_config(stickiness).build();
            actions(&[Action::builder().forward_config(config).build()]).sticky
        };
        assert_eq!([with(true), with(false)], [true, false]);
    }
}
