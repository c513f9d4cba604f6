//! What stands in the way just now: another deployment, alarms, scaling, a service without tasks.

use super::Check;
use super::facts::Facts;
use super::finding::{Finding, Judged, Skipped};
use crate::decide::auto_scaling::{Standing, Suspension, standing};
use crate::snapshot::RollbackEvent;

/// A group may watch no more (aws-facts §10).
const MOST_ALARMS: usize = 10;

pub(super) fn active_deployment(facts: &Facts) -> Judged {
    let check = Check::ActiveDeployment;
    facts.known_group()?;
    Ok(match &facts.further()?.active {
        Err(unread) => vec![Finding::unjudged(check, unread)],
        Ok(active) => active
            .iter()
            .map(|id| {
                Finding::blocking(
                    check,
                    format!("deployment {id} of the group is active"),
                    "CodeDeploy refuses a second one, and greenlight deploy exits 16",
                    format!("follow it (greenlight watch {id}), or stop it (greenlight stop {id})"),
                )
            })
            .collect(),
    })
}

pub(super) fn alarm_limit(facts: &Facts) -> Judged {
    let alarms = watched(facts)?.len();
    if alarms <= MOST_ALARMS {
        return Ok(Vec::new());
    }
    Ok(vec![Finding::blocking(
        Check::AlarmLimit,
        format!("the deployment group watches {alarms} alarms, and {MOST_ALARMS} are allowed"),
        "CodeDeploy refuses the deployment: AlarmsLimitExceededException",
        "watch one composite alarm in place of several",
    )])
}

pub(super) fn alarm_state(facts: &Facts) -> Judged {
    let check = Check::AlarmState;
    let watched = watched(facts)?;
    let alarms = match &facts.alarms {
        Ok(alarms) => alarms,
        Err(unread) => return Ok(vec![Finding::unjudged(check, unread)]),
    };
    let ignores = facts.known_group()?.wiring.ignores_unread_alarms;
    let judge = |name: &String| {
        let Some(alarm) = alarms.iter().find(|alarm| alarm.name == *name) else {
            let finding = format!("alarm {name}, which CodeDeploy is to watch, is not there");
            let fix =
                "create it, or take it out of the alarms of the deployment group, or of greenlight.yaml or --alarm";
            return Some(if ignores {
                Finding::warning(
                    check,
                    finding,
                    "CodeDeploy passes over it, so that nothing stops a bad deployment",
                    fix,
                )
            } else {
                Finding::blocking(
                    check,
                    finding,
                    "CodeDeploy stops the deployment, because it cannot read the alarm",
                    fix,
                )
            });
        };
        let reason = alarm.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        match alarm.state.as_str() {
            "OK" => None,
            "ALARM" => Some(Finding::blocking(
                check,
                format!("alarm {name} is in ALARM already{reason}"),
                "CodeDeploy stops the deployment as soon as it looks: ALARM_ACTIVE",
                "wait until it is OK, or take it out of the deployment group",
            )),
            "INSUFFICIENT_DATA" => Some(Finding::info(
                check,
                format!("alarm {name} has insufficient data{reason}"),
                "it stops no deployment until it has data",
                "look whether its metric still exists",
            )),
            other => Some(Finding::warning(
                check,
                format!("alarm {name} is in the state {other:?}, which is not known here"),
                "it is not known whether CodeDeploy stops the deployment for it",
                "look at the alarm",
            )),
        }
    };
    Ok(watched.iter().filter_map(judge).collect())
}

pub(super) fn alarm_of_test_traffic(facts: &Facts) -> Judged {
    let check = Check::AlarmOfTestTraffic;
    let watched = watched(facts)?;
    if facts.known_group()?.wiring.test.is_empty() {
        return Err(Skipped::Inapplicable);
    }
    let alarms = facts.alarms.as_ref().map_err(|_| Skipped::Behind)?;
    let judge = |alarm: &&super::facts::Alarm| alarm.counts_test_traffic && watched.contains(&alarm.name);
    Ok(alarms
        .iter()
        .filter(judge)
        .map(|alarm| {
            Finding::warning(
                check,
                format!("alarm {} counts errors of the whole load balancer", alarm.name),
                "errors of the test listener, and those of a check that expects one, stop the deployment",
                "give its metric the dimension TargetGroup, one alarm for each of the two",
            )
        })
        .collect())
}

pub(super) fn rollback(facts: &Facts) -> Judged {
    let check = Check::Rollback;
    let wiring = &facts.known_group()?.wiring;
    let wanted = facts.wanted.rollback_on.as_ref().map(|events| events.iter().copied().collect());
    let events = wanted.as_ref().unwrap_or(&wiring.rollback_on);
    let mut found = Vec::new();
    if !events.contains(&RollbackEvent::Failure) {
        found.push(Finding::warning(
            check,
            "CodeDeploy does not roll back when a deployment fails",
            "a failed deployment stays as it is: traffic where it was at that moment, and both task sets running",
            "deployment: { rollback_on: [failure] } in greenlight.yaml, or in the deployment group",
        ));
    }
    if !wiring.alarms.is_empty() && !events.contains(&RollbackEvent::Alarm) {
        found.push(Finding::warning(
            check,
            "the group watches alarms, and CodeDeploy does not roll back when one of them stops a deployment",
            "the traffic stays where it was when the alarm went off",
            "deployment: { rollback_on: [failure, alarm] } in greenlight.yaml, or in the deployment group",
        ));
    }
    Ok(found)
}

pub(super) fn desired_count(facts: &Facts) -> Judged {
    let service = facts.known_service()?;
    if service.standing.desired > 0 {
        return Ok(Vec::new());
    }
    Ok(vec![Finding::blocking(
        Check::DesiredCount,
        format!("service {:?} has the desired count {}", service.name, service.standing.desired),
        "the replacement gets no task: there is nothing to check, and traffic shifts to nobody",
        format!("scale it up first: aws ecs update-service --service {} --desired-count 1", service.name),
    )])
}

pub(super) fn scaling(facts: &Facts) -> Judged {
    let check = Check::Scaling;
    facts.known_service()?;
    Ok(match &facts.further()?.scaling {
        Err(unread) => vec![Finding::unjudged(check, unread)],
        Ok(activities) => activities
            .iter()
            .map(|activity| {
                Finding::warning(
                    check,
                    format!("the service is being scaled ({}): {}", activity.status, activity.description),
                    "CodeDeploy gives a replacement that is not steady five minutes, and then fails the deployment",
                    "wait until it has ended, or suspend scaling while the deployment runs",
                )
            })
            .collect(),
    })
}

pub(super) fn suspension(facts: &Facts) -> Judged {
    let check = Check::Suspension;
    let service = facts.known_service()?;
    let target = match &facts.further()?.scalable_target {
        Err(unread) => return Ok(vec![Finding::unjudged(check, unread)]),
        Ok(target) => target.as_ref().ok_or(Skipped::Inapplicable)?,
    };
    let still = format!("service {:?} does not scale, during the deployment and after it", service.name);
    Ok(match standing(target) {
        Standing::LeftSuspended(mark) => vec![Finding::warning(
            check,
            format!(
                "a greenlight deploy suspended auto-scaling at {}, and either follows its deployment still or died",
                mark.since
            ),
            still,
            "run greenlight deploy again: it resumes what was suspended",
        )],
        Standing::Unreadable => vec![Finding::warning(
            check,
            format!(
                "auto-scaling carries a mark that this greenlight cannot read: {}",
                target.mark.as_deref().unwrap_or_default()
            ),
            still,
            "run the greenlight that left it again, or resume auto-scaling and remove the tag by hand",
        )],
        Standing::Free if target.suspension != Suspension::default() => vec![Finding::info(
            check,
            "auto-scaling is suspended, at least in part, and not by greenlight",
            still,
            "resume it (aws application-autoscaling register-scalable-target), if that was not meant",
        )],
        Standing::Free => Vec::new(),
    })
}

fn watched(facts: &Facts) -> Result<&Vec<String>, Skipped> {
    let alarms = &facts.known_group()?.wiring.alarms;
    if alarms.is_empty() { Err(Skipped::Inapplicable) } else { Ok(alarms) }
}
