//! The group and its service: whether CodeDeploy deploys this service at all.

use super::Check;
use super::facts::Facts;
use super::finding::{Finding, Judged};

pub(super) fn group(facts: &Facts) -> Judged {
    let group = match &facts.group {
        Ok(group) => group,
        Err(unread) => return Ok(vec![Finding::unjudged_at_all(Check::Group, unread)]),
    };
    let name = &facts.wanted.group;
    let mut found = Vec::new();
    if group.platform != "ECS" {
        found.push(Finding::blocking(
            Check::Group,
            format!("deployment group {name:?} is for the compute platform {}", group.platform),
            "CodeDeploy refuses an AppSpec of an ECS service",
            "create an application and a deployment group for ECS, and name them in greenlight.yaml",
        ));
    } else if group.service.is_none() {
        found.push(Finding::blocking(
            Check::Group,
            format!("deployment group {name:?} names no ECS service"),
            "CodeDeploy does not know what to deploy to",
            "name cluster and service in the deployment group",
        ));
    }
    Ok(found)
}

pub(super) fn service(facts: &Facts) -> Judged {
    facts.known_group()?.service.as_ref().ok_or(super::Skipped::Behind)?;
    Ok(match &facts.service {
        Err(unread) if !unread.denied => vec![Finding::blocking(
            Check::Service,
            format!("the service cannot be read: {}", unread.text),
            "CodeDeploy will not find it either, and what rests on it is not judged",
            "name a cluster and a service that exist in the deployment group",
        )],
        Err(unread) => vec![Finding::unjudged_at_all(Check::Service, unread)],
        Ok(service) if service.status != "ACTIVE" => vec![Finding::blocking(
            Check::Service,
            format!("service {:?} is {}", service.name, service.status),
            "ECS starts no task in it, and the deployment fails in Install",
            "create the service anew, or name another one in the deployment group",
        )],
        Ok(_) => Vec::new(),
    })
}

pub(super) fn controller(facts: &Facts) -> Judged {
    let service = facts.known_service()?;
    if service.controller == "CODE_DEPLOY" {
        return Ok(Vec::new());
    }
    Ok(vec![Finding::blocking(
        Check::Controller,
        format!("service {:?} has the deployment controller {}", service.name, service.controller),
        "CodeDeploy deploys services of the controller CODE_DEPLOY only, and refuses this one",
        "create a service with the controller CODE_DEPLOY: it is chosen when a service is created",
    )])
}
