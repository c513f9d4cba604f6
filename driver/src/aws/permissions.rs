//! IAM: whether a role may do something, by its own policies. What a resource's policy allows besides, and what an organisation
//! forbids, is not in the answer.

use serde::Deserialize;

use super::Aws;
use super::error::AwsError;
use super::signed::{Call, Service, unreadable};
use crate::decide::doctor::facts::Verdict;

const SIMULATE: &str = "iam:SimulatePrincipalPolicy";

/// A question to IAM: may this role do this to that?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permission<'a> {
    /// The role's ARN.
    pub role: &'a str,
    /// `lambda:InvokeFunction`.
    pub action: &'a str,
    /// The resource's ARN.
    pub resource: &'a str,
    /// `iam:PassedToService`, where a role is passed.
    pub passed_to: Option<&'a str>,
}

impl Aws {
    /// `SimulatePrincipalPolicy` of one action on one resource, of which old and new answers say the same in the same place:
    /// for several resources they differ.
    pub async fn may(&self, asked: Permission<'_>) -> Result<Verdict, AwsError> {
        let mut parameters = vec![
            ("Action", "SimulatePrincipalPolicy"),
            ("Version", "2010-05-08"),
            ("PolicySourceArn", asked.role),
            ("ActionNames.member.1", asked.action),
            ("ResourceArns.member.1", asked.resource),
        ];
        if let Some(service) = asked.passed_to {
            parameters.extend([
                ("ContextEntries.member.1.ContextKeyName", "iam:PassedToService"),
                ("ContextEntries.member.1.ContextKeyType", "string"),
                ("ContextEntries.member.1.ContextKeyValues.member.1", service),
            ]);
        }
        let parameters: Vec<_> =
            parameters.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let answer = self.signed.send(Call::query(Service::Iam, SIMULATE, &parameters)).await?;
        verdict(&String::from_utf8_lossy(&answer.body))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    simulate_principal_policy_result: Simulated,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Simulated {
    evaluation_results: Results,
}

#[derive(Deserialize)]
struct Results {
    #[serde(default)]
    member: Vec<Evaluated>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Evaluated {
    eval_decision: String,
}

fn verdict(xml: &str) -> Result<Verdict, AwsError> {
    let answer: Answer = quick_xml::de::from_str(xml).map_err(|error| unreadable(SIMULATE, &error))?;
    let [result] = answer.simulate_principal_policy_result.evaluation_results.member.as_slice() else {
        return Err(unreadable(SIMULATE, &"it has not one result for one action"));
    };
    Ok(match result.eval_decision.as_str() {
        "allowed" => Verdict::Allowed,
        "explicitDeny" => Verdict::Forbidden,
        "implicitDeny" => Verdict::NotAllowed,
        other => Verdict::Other(other.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(decisions: &[&str]) -> String {
        let member = |decision: &&str| {
            format!(
                "<member><MatchedStatements/><MissingContextValues/><EvalResourceName>r</EvalResourceName><EvalDecision>{decision}</EvalDecision><EvalActionName>a:b</EvalActionName></member>"
            )
        };
        let members: String = decisions.iter().map(member).collect();
        format!(
            "<SimulatePrincipalPolicyResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated><EvaluationResults>{members}</EvaluationResults></SimulatePrincipalPolicyResult><ResponseMetadata><RequestId>x</RequestId></ResponseMetadata></SimulatePrincipalPolicyResponse>"
        )
    }

    #[test]
    fn a_decision_is_read_and_an_unknown_one_is_no_permission() {
        for (word, expected) in [
            ("allowed", Verdict::Allowed),
            ("explicitDeny", Verdict::Forbidden),
            ("implicitDeny", Verdict::NotAllowed),
            ("perhaps", Verdict::Other("perhaps".to_owned())),
        ] {
            assert_eq!(verdict(&answer(&[word])), Ok(expected));
        }
    }

    #[test]
    fn an_answer_without_a_decision_is_an_error() {
        let error = verdict(&answer(&[])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "iam:SimulatePrincipalPolicy: the answer cannot be read: it has not one result for one action"
        );
        assert!(verdict("<html>").is_err());
    }
}
