//! IAM, as far as somebody asks what a role may do. There are no policies here: a role may do everything, but for what the
//! scenario says that no role may.

use crate::elbv2::serve::Parameters;
use crate::elbv2::xml::Xml;
use crate::refusal::Refusal;
use crate::world::World;

/// The XML namespace of the answers.
pub(crate) const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";
/// The version of the API in a Query request.
pub(crate) const VERSION: &str = "2010-05-08";

/// What there is.
pub(crate) const OPERATIONS: [&str; 1] = ["SimulatePrincipalPolicy"];

/// Answer one call with its XML.
pub(crate) fn answer(
    world: &World,
    operation: &str,
    parameters: &Parameters,
    request: &str,
) -> Result<String, Refusal> {
    if operation != "SimulatePrincipalPolicy" {
        return Err(Refusal::not_implemented("InvalidAction", "IAM", operation, &OPERATIONS));
    }
    let principal = parameters.get("PolicySourceArn").map(String::as_str).unwrap_or_default();
    if !principal.starts_with("arn:aws:iam::") {
        let message = format!("Invalid Entity Arn: {principal} does not clearly define entity type and name.");
        return Err(Refusal::new("InvalidInput", message));
    }
    let actions = members(parameters, "ActionNames");
    if actions.is_empty() {
        return Err(Refusal::new("ValidationError", "1 validation error detected: Value at 'actionNames' is missing"));
    }
    let mut resources = members(parameters, "ResourceArns");
    if resources.is_empty() {
        resources.push("*".to_owned());
    }
    let decision = |action: &str| if world.ailments.roles_lack.contains(action) { "implicitDeny" } else { "allowed" };
    // One result an action, whatever the number of resources; each resource's decision is inside.
    Ok(Xml::answer(operation, NAMESPACE, request, |xml| {
        let xml = xml.value("IsTruncated", false);
        xml.members("EvaluationResults", &actions, |xml, action| {
            let first = resources.first().map_or("*", String::as_str);
            let xml = xml.value("EvalActionName", action).value("EvalResourceName", first);
            let xml = xml.value("EvalDecision", decision(action));
            let xml = xml.members("MatchedStatements", [(); 0], |xml, ()| xml);
            let xml = xml.members("MissingContextValues", [(); 0], |xml, ()| xml);
            xml.members("ResourceSpecificResults", &resources, |xml, resource| {
                xml.value("EvalResourceName", resource).value("EvalResourceDecision", decision(action))
            })
        })
    }))
}

fn members(parameters: &Parameters, name: &str) -> Vec<String> {
    (1..).map_while(|number| parameters.get(&format!("{name}.member.{number}")).cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::simulation::Simulation;

    #[test]
    fn a_role_may_what_the_scenario_does_not_take_from_it() {
        let simulation = Simulation::of(None, &[], |scenario| {
            scenario.ailments.roles_lack.insert("iam:PassRole".to_owned());
        });
        let ask = |action: &str, role: &str| {
            let pairs =
                [("PolicySourceArn", role), ("ActionNames.member.1", action), ("ResourceArns.member.1", "arn:x")];
            let parameters = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            answer(&simulation.world, "SimulatePrincipalPolicy", &parameters, "request")
        };
        let role = "arn:aws:iam::123456789012:role/ecsCodeDeployRole";
        assert!(ask("lambda:InvokeFunction", role).unwrap().contains("<EvalDecision>allowed</EvalDecision>"));
        let lacked = ask("iam:PassRole", role).unwrap();
        assert!(lacked.contains("<EvalDecision>implicitDeny</EvalDecision>"), "{lacked}");
        assert!(
            lacked.contains("<EvalResourceName>arn:x</EvalResourceName><EvalResourceDecision>implicitDeny"),
            "{lacked}"
        );
        assert_eq!(ask("iam:PassRole", "shop").unwrap_err().code, "InvalidInput");
    }
}
