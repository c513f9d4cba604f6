//! ELBv2: target groups, listeners and rules as the doctor looks at them.

use aws_sdk_elasticloadbalancingv2::types::{Action, ActionTypeEnum};

use super::Aws;
use super::error::{AwsError, ErrorKind, translate};
use crate::decide::doctor::facts::{Listener, Rule, TargetGroup};

impl Aws {
    /// `DescribeTargetGroups`; nothing where one of them does not exist, because the service then answers of none.
    pub async fn target_groups(&self, names: &[String]) -> Result<Vec<TargetGroup>, AwsError> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let answer = self.load_balancing.describe_target_groups().set_names(Some(names.to_vec())).send().await;
        let answer = match answer.map_err(|error| translate("elasticloadbalancing:DescribeTargetGroups", error)) {
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(Vec::new()),
            answer => answer?,
        };
        let group = |group: &aws_sdk_elasticloadbalancingv2::types::TargetGroup| TargetGroup {
            arn: group.target_group_arn().unwrap_or_default().to_owned(),
            name: group.target_group_name().unwrap_or_default().to_owned(),
            target_type: group.target_type().map_or("(none)", |kind| kind.as_str()).to_owned(),
            load_balancers: group.load_balancer_arns().to_vec(),
        };
        Ok(answer.target_groups().iter().map(group).collect())
    }

    /// `DescribeListeners`; nothing where one of them does not exist.
    pub async fn listener_wiring(&self, arns: &[String]) -> Result<Vec<Listener>, AwsError> {
        if arns.is_empty() {
            return Ok(Vec::new());
        }
        let listeners = match self.described_listeners(arns).await {
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(Vec::new()),
            listeners => listeners?,
        };
        let listener = |listener: &aws_sdk_elasticloadbalancingv2::types::Listener| Listener {
            arn: listener.listener_arn().unwrap_or_default().to_owned(),
            load_balancer: listener.load_balancer_arn().unwrap_or_default().to_owned(),
            forwards: listener.default_actions().iter().flat_map(forwards).collect(),
            sticky: listener.default_actions().iter().any(is_sticky),
        };
        Ok(listeners.iter().map(listener).collect())
    }

    /// `DescribeRules` of a listener, without its default rule, which is the listener's own action.
    pub async fn rules(&self, listener: &str) -> Result<Vec<Rule>, AwsError> {
        let mut rules = Vec::new();
        let mut marker = None;
        loop {
            let page = self
                .load_balancing
                .describe_rules()
                .listener_arn(listener)
                .set_marker(marker)
                .send()
                .await
                .map_err(|error| translate("elasticloadbalancing:DescribeRules", error))?;
            rules.extend(page.rules().iter().filter(|rule| rule.is_default() != Some(true)).map(|rule| Rule {
                arn: rule.rule_arn().unwrap_or_default().to_owned(),
                forwards: rule.actions().iter().flat_map(forwards).collect(),
            }));
            marker = page.next_marker().filter(|marker| !marker.is_empty()).map(str::to_owned);
            if marker.is_none() {
                return Ok(rules);
            }
        }
    }
}

/// Both the scalar target group and the weighted form occur (aws-facts §7).
fn forwards(action: &Action) -> Vec<(String, u32)> {
    if action.r#type() != Some(&ActionTypeEnum::Forward) {
        return Vec::new();
    }
    match action.forward_config().map(|forward| forward.target_groups()) {
        Some(groups) if !groups.is_empty() => groups
            .iter()
            .filter_map(|group| {
                let weight = u32::try_from(group.weight().unwrap_or(1)).unwrap_or(0);
                Some((group.target_group_arn()?.to_owned(), weight))
            })
            .collect(),
        _ => action.target_group_arn().map(|arn| (arn.to_owned(), 1)).into_iter().collect(),
    }
}

fn is_sticky(action: &Action) -> bool {
    let config = action.forward_config().and_then(|forward| forward.target_group_stickiness_config());
    config.and_then(|config| config.enabled()).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticloadbalancingv2::types::{ForwardActionConfig, TargetGroupStickinessConfig, TargetGroupTuple};

    use super::*;

    #[test]
    fn an_action_is_read_in_both_forms_and_a_redirection_forwards_nothing() {
        let group = TargetGroupTuple::builder().target_group_arn("b").weight(0).build();
        let sticky = TargetGroupStickinessConfig::builder().enabled(true).build();
        let config = ForwardActionConfig::builder().target_groups(group).target_group_stickiness_config(sticky).build();
        let weighted = Action::builder().r#type(ActionTypeEnum::Forward).forward_config(config).build();
        let scalar = Action::builder().r#type(ActionTypeEnum::Forward).target_group_arn("a").build();
        let redirect = Action::builder().r#type(ActionTypeEnum::Redirect).build();
        assert_eq!(forwards(&weighted), [("b".to_owned(), 0)]);
        assert_eq!(forwards(&scalar), [("a".to_owned(), 1)]);
        assert!(forwards(&redirect).is_empty());
        assert_eq!((is_sticky(&weighted), is_sticky(&scalar)), (true, false));
    }
}
