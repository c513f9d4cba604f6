//! Is the deployment at the event that this function serves? Pure.
//!
//! CodeDeploy's call does not say which event it is for, so a function that is wired to the wrong hook would otherwise
//! validate at the wrong time and never be found out.

#![deny(clippy::wildcard_enum_match_arm)]

use greenlight_checks::event::HookEvent;
use greenlight_checks::message::{Message, codes};

use crate::facts::{DeploymentStatus, EventStatus, Facts, Platform};

/// Whether the deployment is at the event that this function serves.
pub(crate) fn confirm(facts: &Facts, own: HookEvent) -> Result<(), Message> {
    let wrong = |text: String| Err(Message::new(codes::WRONG_EVENT, "hook", text));
    let deployment = &facts.deployment;
    match &deployment.platform {
        Platform::Ecs => {}
        platform @ (Platform::Lambda | Platform::Server | Platform::Other(_)) => {
            return wrong(format!(
                "deployment {} is for the platform {platform}; this function validates ECS deployments",
                deployment.id
            ));
        }
    }
    match &deployment.status {
        DeploymentStatus::Created
        | DeploymentStatus::Queued
        | DeploymentStatus::InProgress
        | DeploymentStatus::Baking
        | DeploymentStatus::Ready => {}
        ended @ (DeploymentStatus::Succeeded
        | DeploymentStatus::Failed
        | DeploymentStatus::Stopped
        | DeploymentStatus::Other(_)) => {
            return wrong(format!(
                "deployment {id} is {ended}, not in progress, so that nothing is left to validate; `greenlight why {id}` \
                 says how it ended",
                id = deployment.id
            ));
        }
    }
    let events = &facts.target.events;
    if events.iter().any(|event| event.name == own.name() && event.status == EventStatus::InProgress) {
        return Ok(());
    }
    let running: Vec<&str> = events
        .iter()
        .filter(|event| event.status == EventStatus::InProgress)
        .map(|event| event.name.as_str())
        .collect();
    if running.is_empty() {
        let standing = events
            .iter()
            .find(|event| event.name == own.name())
            .map_or_else(|| "not among the deployment's events".to_owned(), |event| event.status.to_string());
        return wrong(format!(
            "no lifecycle event is in progress; {own}, which this function serves, is {standing}; list the function under \
             {own} in the AppSpec's Hooks, and leave its invocation to CodeDeploy"
        ));
    }
    wrong(format!(
        "this function serves {own}, but the deployment is at {}: it is wired to the wrong hook in the AppSpec",
        running.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attest::tests::facts;

    #[test]
    fn the_event_in_progress_must_be_the_functions_own() {
        assert_eq!(confirm(&facts(), HookEvent::AfterAllowTestTraffic), Ok(()));
        let message = confirm(&facts(), HookEvent::BeforeAllowTraffic).unwrap_err();
        assert_eq!(message.code, codes::WRONG_EVENT);
        assert!(message.text.contains("wired to the wrong hook"), "{message}");
    }

    #[test]
    fn an_ended_unknown_or_foreign_deployment_is_not_validated() {
        for status in ["Succeeded", "Failed", "Stopped", "Paused"] {
            let mut facts = facts();
            facts.deployment.status = status.into();
            assert!(confirm(&facts, HookEvent::AfterAllowTestTraffic).unwrap_err().text.contains(status));
        }
        let mut lambda = facts();
        lambda.deployment.platform = Platform::Lambda;
        assert!(confirm(&lambda, HookEvent::AfterAllowTestTraffic).is_err());
    }
}
