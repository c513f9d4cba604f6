//! Target groups and listeners: whether CodeDeploy's own pre-check will pass, and whether traffic can shift as configured.

use super::facts::{Facts, Group, Listener};
use super::finding::{Finding, Judged, Skipped};
use super::{Check, listed, short};
use crate::decide::schedule::Shift;

pub(super) fn target_groups(facts: &Facts) -> Judged {
    let check = Check::TargetGroups;
    let names = &facts.known_group()?.wiring.target_groups;
    let mut found = Vec::new();
    if names.len() != 2 {
        found.push(Finding::blocking(
            check,
            format!("the deployment group has {} target groups: {}", names.len(), listed(names)),
            "blue/green needs a pair: the one that serves, and the one that the replacement is put into",
            "give the deployment group one pair of two target groups",
        ));
    }
    let known = match &facts.target_groups {
        Ok(known) => known,
        Err(unread) => {
            found.push(Finding::unjudged(check, unread));
            return Ok(found);
        }
    };
    let missing: Vec<&String> = names.iter().filter(|name| !known.iter().any(|group| group.name == **name)).collect();
    if !missing.is_empty() {
        found.push(Finding::blocking(
            check,
            format!("target group {} is not there", listed(&missing)),
            "CodeDeploy fails the deployment before it creates anything",
            "create it, or name the target groups that there are in the deployment group",
        ));
    }
    if let Ok(revision) = &facts.revision {
        let wanted = if revision.network_mode == "awsvpc" { "ip" } else { "instance" };
        for group in known.iter().filter(|group| group.target_type != wanted) {
            found.push(Finding::blocking(
                check,
                format!(
                    "target group {} has the target type {}, but the task definition's network mode {} needs {wanted}",
                    group.name, group.target_type, revision.network_mode
                ),
                "ECS cannot register the replacement's tasks, and the deployment fails in Install",
                format!("use a target group of the type {wanted}: the type is chosen when it is created"),
            ));
        }
    }
    Ok(found)
}

pub(super) fn target_group_in_use(facts: &Facts) -> Judged {
    let check = Check::TargetGroupInUse;
    let names = &facts.known_group()?.wiring.target_groups;
    let service = facts.known_service()?;
    if service.controller != "CODE_DEPLOY" {
        return Err(Skipped::Behind);
    }
    let fix = "create service and deployment group with the same pair of target groups";
    Ok(match service.standing.target_group.as_deref().map(short) {
        None => vec![Finding::blocking(
            check,
            format!("service {:?} has no PRIMARY task set behind a target group", service.name),
            "CodeDeploy does not know which target group serves, and fails the deployment",
            fix,
        )],
        Some(group) if !names.iter().any(|name| name == group) => vec![Finding::blocking(
            check,
            format!("the PRIMARY task set is in target group {group}, but the deployment group has {}", listed(names)),
            "CodeDeploy fails the deployment: the service must be configured with one of the two",
            fix,
        )],
        Some(_) => Vec::new(),
    })
}

pub(super) fn production_listener(facts: &Facts) -> Judged {
    let check = Check::ProductionListener;
    let group = facts.known_group()?;
    let serving = facts.known_service()?.standing.target_group.as_deref().ok_or(Skipped::Behind)?;
    let [production] = group.wiring.production.as_slice() else {
        return Ok(vec![Finding::blocking(
            check,
            format!("the deployment group has {} production listeners", group.wiring.production.len()),
            "CodeDeploy has nothing to shift traffic with",
            "name one production listener in the deployment group",
        )]);
    };
    let unread_rules = facts.further.as_ref().and_then(|further| further.rules.as_ref().err());
    let unread_rules = unread_rules.map(|unread| Finding::unjudged(check, unread));
    let listeners = match &facts.listeners {
        Ok(listeners) => listeners,
        Err(unread) => return Ok([Finding::unjudged(check, unread)].into_iter().chain(unread_rules).collect()),
    };
    let Some(listener) = listeners.iter().find(|listener| listener.arn == *production) else {
        return Ok(vec![Finding::blocking(
            check,
            format!("the production listener {production} is not there"),
            "CodeDeploy fails the deployment before it creates anything",
            "name a listener that exists in the deployment group",
        )]);
    };
    let mut found: Vec<_> =
        misrouted(group, serving, "the production listener", &listener.forwards).into_iter().collect();
    // CodeDeploy moves the rules that lead to the pair, and leaves the others alone (aws-facts §7).
    let rules = facts.further.as_ref().and_then(|further| further.rules.as_ref().ok()).into_iter().flatten();
    let pairs = rules.filter(|rule| {
        rule.forwards.iter().any(|(arn, _)| group.wiring.target_groups.iter().any(|name| name == short(arn)))
    });
    found.extend(pairs.filter_map(|rule| {
        let what = format!("the production listener's rule {}", short(&rule.arn));
        misrouted(group, serving, &what, &rule.forwards)
    }));
    found.extend(unread_rules);
    Ok(found)
}

/// What CodeDeploy's pre-check has against an action (aws-facts §2).
fn misrouted(group: &Group, serving: &str, what: &str, forwards: &[(String, u32)]) -> Option<Finding> {
    let names = &group.wiring.target_groups;
    let weight = |arn: &str| forwards.iter().filter(|(known, _)| known == arn).map(|(_, weight)| weight).sum::<u32>();
    let shown: Vec<_> = forwards.iter().map(|(arn, weight)| format!("{} {weight}", short(arn))).collect();
    let foreign = forwards.iter().map(|(arn, _)| short(arn)).find(|name| !names.iter().any(|known| known == name));
    let idle = forwards.iter().find(|(arn, weight)| arn != serving && *weight > 0).map(|(arn, _)| short(arn));
    let serving_name = short(serving);
    let (problem, words) = if forwards.is_empty() {
        (format!("{what} forwards to no target group"), "Primary taskset target group must be behind listener")
    } else if let Some(foreign) = foreign {
        (
            format!("{what} names {foreign}, which is not of the deployment group's pair ({})", shown.join(", ")),
            "Only target group in ECS deployment group can be set on listener",
        )
    } else if weight(serving) == 0 {
        (
            format!("{what} sends nothing to {serving_name}, where the PRIMARY task set is ({})", shown.join(", ")),
            "Primary taskset target group must be behind listener",
        )
    } else if let Some(idle) = idle {
        (
            format!("{what} sends traffic to {idle} too, where nothing serves ({})", shown.join(", ")),
            "Green taskset target group cannot have non-zero weight prior to traffic shifting",
        )
    } else {
        return None;
    };
    Some(Finding::blocking(
        Check::ProductionListener,
        problem,
        format!("CodeDeploy fails the deployment before it creates anything: {words}"),
        format!("forward it to {serving_name} alone, or to the pair with weight 0 for the other one"),
    ))
}

pub(super) fn test_listener(facts: &Facts) -> Judged {
    let check = Check::TestListener;
    let group = facts.known_group()?;
    let wanted = facts.wanted.hooks.contains_key(&greenlight_checks::event::HookEvent::AfterAllowTestTraffic);
    match (group.wiring.test.as_slice(), wanted) {
        ([], true) => Ok(vec![Finding::warning(
            check,
            "AfterAllowTestTraffic has a function, but the deployment group has no test listener",
            "CodeDeploy will not call the function, and what it would have tested goes into production untested",
            "name a test listener in the deployment group, or test in another event",
        )]),
        ([], false) => Err(Skipped::Inapplicable),
        ([test, ..], _) => match &facts.listeners {
            Ok(listeners) if listeners.iter().any(|listener| listener.arn == *test) => Ok(Vec::new()),
            Ok(_) => Ok(vec![Finding::blocking(
                check,
                format!("the test listener {test} is not there"),
                "the deployment fails when test traffic is to be allowed",
                "name a listener that exists in the deployment group",
            )]),
            Err(unread) => Ok(vec![Finding::unjudged(check, unread)]),
        },
    }
}

pub(super) fn one_load_balancer(facts: &Facts) -> Judged {
    let check = Check::OneLoadBalancer;
    let wiring = &facts.known_group()?.wiring;
    let listeners = match &facts.listeners {
        Ok(listeners) => listeners,
        Err(unread) => return Ok(vec![Finding::unjudged(check, unread)]),
    };
    let of = |arns: &[String]| listeners.iter().find(|listener| arns.contains(&listener.arn));
    let production = of(&wiring.production).ok_or(Skipped::Behind)?;
    let name = |arn: &str| arn.split_once(":loadbalancer/").map_or(arn, |(_, name)| name).to_owned();
    let home = name(&production.load_balancer);
    let mut found = Vec::new();
    if let Some(test) = of(&wiring.test).filter(|test| test.load_balancer != production.load_balancer) {
        found.push(Finding::blocking(
            check,
            format!(
                "the production listener is of load balancer {home}, the test listener of {}",
                name(&test.load_balancer)
            ),
            "a target group serves one load balancer only, so that one of the listeners never reaches the replacement",
            "put both listeners on one load balancer",
        ));
    }
    match &facts.target_groups {
        Ok(groups) => {
            for group in groups {
                if let Some(other) = group.load_balancers.iter().find(|arn| **arn != production.load_balancer) {
                    found.push(Finding::blocking(
                        check,
                        format!("target group {} is behind load balancer {}, not {home}", group.name, name(other)),
                        "the production listener cannot forward to it, and the deployment fails when traffic is to shift",
                        "use a target group that is behind no other load balancer",
                    ));
                }
            }
        }
        Err(unread) => found.push(Finding::unjudged(check, unread)),
    }
    Ok(found)
}

pub(super) fn network_load_balancer(facts: &Facts) -> Judged {
    let check = Check::NetworkLoadBalancer;
    let group = facts.known_group()?;
    // The kind is in the ARN, so that nothing has to be asked.
    if !group.wiring.production.iter().any(|arn| arn.contains(":listener/net/")) {
        return Err(Skipped::Inapplicable);
    }
    let config = facts.wanted.config.as_ref().or(group.config.as_ref()).map_or("(none)", String::as_str);
    Ok(match facts.shift {
        Shift::AllAtOnce => Vec::new(),
        Shift::Canary { .. } | Shift::Linear { .. } => vec![Finding::blocking(
            check,
            format!("the load balancer is a Network Load Balancer, and {config} shifts traffic gradually"),
            "CodeDeploy refuses it: only an Application Load Balancer splits traffic",
            "deploy with CodeDeployDefault.ECSAllAtOnce, or use an Application Load Balancer",
        )],
        Shift::Unknown => vec![Finding::warning(
            check,
            format!("the load balancer is a Network Load Balancer, and how {config} shifts traffic could not be read"),
            "CodeDeploy refuses a gradual shift there",
            "allow codedeploy:GetDeploymentConfig to the credentials in use, or deploy with CodeDeployDefault.ECSAllAtOnce",
        )],
    })
}

pub(super) fn stickiness(facts: &Facts) -> Judged {
    facts.known_group()?;
    let listeners = match &facts.listeners {
        Ok(listeners) => listeners,
        Err(unread) => return Ok(vec![Finding::unjudged(Check::Stickiness, unread)]),
    };
    let sticky: Vec<&str> = listeners.iter().filter(|listener| listener.sticky).map(listener_name).collect();
    if sticky.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![Finding::info(
        Check::Stickiness,
        format!("stickiness between target groups is on at listener {}", listed(&sticky)),
        "a client that began with the original keeps it until its cookie ends, so that less traffic shifts than the weights say",
        "switch target group stickiness off if a canary's share is to be exact",
    )])
}

fn listener_name(listener: &Listener) -> &str {
    listener.arn.split_once(":listener/").map_or(listener.arn.as_str(), |(_, name)| name)
}
