//! What will run: the task definition, its images and roles, the AppSpec, and the plan that it is checked by.

use super::facts::{Facts, Image, PlanOutcome, Revision, Verdict};
use super::finding::{Finding, Judged, Skipped};
use super::functions::refusal;
use super::{Check, listed};

pub(super) fn container(facts: &Facts) -> Judged {
    let blocking = |problem: &String, fix: &str| {
        let consequence = "greenlight deploy ends before anything is registered";
        Ok(vec![Finding::blocking(Check::Container, problem, consequence, fix)])
    };
    match &facts.revision {
        Err(problem) => blocking(problem, "correct task_definition in greenlight.yaml, or the file that it names"),
        Ok(Revision { load_balancer: Err(problem), .. }) => {
            blocking(problem, "say which with container and port under load_balancer in greenlight.yaml")
        }
        Ok(Revision { load_balancer: Ok(_), .. }) => Ok(Vec::new()),
    }
}

pub(super) fn images(facts: &Facts) -> Judged {
    let check = Check::Images;
    let revision = facts.revision.as_ref().map_err(|_| Skipped::Behind)?;
    if facts.images.values().all(|image| *image == Image::Elsewhere) {
        return Err(Skipped::Inapplicable);
    }
    let mut found = Vec::new();
    for (reference, image) in &facts.images {
        let users = revision.images.iter().filter(|(_, image)| *image == reference).map(|(container, _)| container);
        let container = listed(&users.collect::<Vec<_>>());
        let consequence =
            "ECS cannot pull it, and the deployment fails when Install has waited an hour for steady tasks";
        found.extend(match image {
            Image::There | Image::Elsewhere => None,
            Image::NoSuchImage(text) => Some(Finding::blocking(
                check,
                format!("container {container}: image {reference} is not in its repository: {text}"),
                consequence,
                "push it, or name a tag that there is",
            )),
            Image::NoSuchRepository(text) => Some(Finding::blocking(
                check,
                format!("container {container}: image {reference} is of a repository that is not there: {text}"),
                consequence,
                "create the repository and push the image, or correct its name, account and region",
            )),
            Image::Unset => Some(Finding::warning(
                check,
                format!("container {container}: image {reference} has a variable that is not set"),
                "it is not known whether the image is there; greenlight deploy ends at once without the variable",
                "set it in the environment, or with --var",
            )),
            Image::Unread(unread) => {
                let finding = Finding::unjudged(check, unread);
                Some(Finding {
                    finding: format!("container {container}: image {reference} {}", finding.finding),
                    ..finding
                })
            }
        });
    }
    Ok(found)
}

pub(super) fn appspec(facts: &Facts) -> Judged {
    let check = Check::AppSpec;
    let service = facts.known_service()?;
    let revision = facts.revision.as_ref().map_err(|_| Skipped::Behind)?;
    let appspec = &facts.wanted.appspec;
    let mut found = Vec::new();
    let providers = &service.standing.capacity_providers;
    if !providers.is_empty() && appspec.capacity_provider_strategy.is_empty() {
        found.push(Finding::warning(
            check,
            format!("the tasks run by the capacity provider strategy {}, and the AppSpec has none", listed(providers)),
            "a replacement does not inherit the strategy: it runs by launch type, and the service loses the strategy",
            "repeat it under appspec.capacity_provider_strategy in greenlight.yaml",
        ));
    }
    if appspec.network.is_some() && revision.network_mode != "awsvpc" {
        found.push(Finding::blocking(
            check,
            format!("the AppSpec has a network, but the task definition's network mode is {}", revision.network_mode),
            "ECS refuses the replacement task set, and the deployment fails in Install",
            "remove appspec.network from greenlight.yaml, or use the network mode awsvpc",
        ));
    }
    Ok(found)
}

pub(super) fn plan(facts: &Facts) -> Judged {
    let check = Check::Plan;
    let plan = facts.further()?.plan.as_ref().ok_or(Skipped::Inapplicable)?;
    Ok(match &plan.outcome {
        PlanOutcome::Good => Vec::new(),
        PlanOutcome::HasVariables => vec![Finding::info(
            check,
            format!("{} has variables, whose values the functions have", plan.file),
            "it was not examined",
            "let the functions examine it: greenlight doctor --self-test",
        )],
        PlanOutcome::Wrong(messages) => messages
            .iter()
            .map(|message| {
                Finding::blocking(
                    check,
                    message,
                    "the function fails the deployment at its event; greenlight deploy ends before anything is registered",
                    "correct the plan, and deploy the functions again with it",
                )
            })
            .collect(),
    })
}

pub(super) fn may_pass(facts: &Facts) -> Judged {
    let check = Check::MayPass;
    let passing = &facts.further()?.passing;
    let service_role = facts.known_group()?.wiring.service_role.clone().unwrap_or_else(|| "(none)".to_owned());
    facts.revision.as_ref().map_err(|_| Skipped::Behind)?;
    if passing.is_empty() {
        return Err(Skipped::Inapplicable);
    }
    Ok(passing
        .iter()
        .filter_map(|(role, verdict)| match verdict {
            Ok(Verdict::Allowed) => None,
            Ok(verdict) => Some(Finding::blocking(
                check,
                format!("the service role {} iam:PassRole for {role}", refusal(verdict)),
                "ECS refuses the replacement task set, and the deployment fails in Install",
                format!("allow iam:PassRole on {role} to {service_role}, for the service ecs-tasks.amazonaws.com"),
            )),
            Err(unread) => {
                let finding = Finding::unjudged(check, unread);
                Some(Finding { finding: format!("role {role} {}", finding.finding), ..finding })
            }
        })
        .collect())
}
