//! What the self-test makes of what it saw. Pure.

use std::time::Duration;

use greenlight_checks::cloudwatch::Alarm;
use greenlight_checks::event::HookEvent;
use greenlight_checks::message::Message;
use greenlight_checks::plan::{Plan, Via};

use super::finding::Finding;
use crate::aws::{Fault, ReadError, Unread};
use crate::demands::Demands;
use crate::endpoints;
use crate::watchdog::DEFAULT_RESERVE;

/// Lambda gives a function less than this never; with this much it has 7 % of a processor.
const LEAST_MEMORY: u32 = 128;
/// Lambda's share of a processor is one for 1769 MB.
const MEMORY_OF_A_PROCESSOR: u32 = 1769;

/// Whether the plan can be followed at this event.
pub(super) fn plan(plan: &Result<Plan, Vec<Message>>, event: HookEvent) -> Finding {
    let usable = plan.as_ref().map_err(|problems| problems.clone()).and_then(|plan| {
        let checks = plan.for_event(event).map_err(|message| vec![message])?;
        endpoints::admit(&plan.endpoints.green, &Demands::at(event)).map_err(|message| vec![message])?;
        Ok((plan, checks.ids().count()))
    });
    match usable {
        Ok((plan, count)) => {
            let checks = if count == 1 { "check" } else { "checks" };
            Finding::good("plan", format!("{} is valid and has {count} {checks} for {event}", plan.identity().source))
        }
        Err(problems) => {
            let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
            Finding::bad("plan", texts.join("\n"), "correct the plan, and deploy the function again with it")
        }
    }
}

/// Whether the function's timeout suffices.
pub(super) fn time(left: Duration, plan: Option<&Plan>) -> Finding {
    let reserve = plan.map_or(DEFAULT_RESERVE, |plan| plan.budget.report_reserve);
    let total = plan.and_then(|plan| plan.budget.total);
    let needed = (reserve * 2).max(total.map_or(Duration::ZERO, |total| total + reserve));
    let text = format!(
        "{:.0}s are left of the function's timeout, and {}s are needed ({} and a reserve of {}s)",
        left.as_secs_f64(),
        needed.as_secs(),
        total.map_or_else(|| "no budget.total".to_owned(), |total| format!("a budget.total of {}s", total.as_secs())),
        reserve.as_secs(),
    );
    // What the start of the process took is not missing.
    if left + Duration::from_secs(1) >= needed {
        Finding::good("timeout", text)
    } else {
        Finding::bad("timeout", text, "raise the function's timeout, or lower budget.total or budget.report_reserve")
    }
}

/// Whether the function's memory, and with it its share of a processor, suffices.
pub(super) fn memory(size: Option<&str>) -> Finding {
    match size.and_then(|size| size.parse::<u32>().ok()) {
        Some(size) if size >= LEAST_MEMORY => {
            let share = f64::from(size) / f64::from(MEMORY_OF_A_PROCESSOR) * 100.0;
            Finding::good("memory", format!("{size} MB, with {share:.0} % of a processor"))
        }
        Some(size) => Finding::bad("memory", format!("{size} MB"), "give the function 128 MB or more"),
        None => Finding::unknown(
            "memory",
            format!("AWS_LAMBDA_FUNCTION_MEMORY_SIZE is {size:?}, and no number of MB"),
            "run it as a Lambda function",
        ),
    }
}

/// A call that need not succeed: any answer of the service shows that there is a way to it.
pub(super) fn reached<T>(id: &str, answer: &Result<T, ReadError>) -> Finding {
    match answer {
        Err(error) if error.is_unreachable() => Finding::bad(
            id,
            error.to_string(),
            "the function has no way to this endpoint: add an interface endpoint or a NAT route; without it CodeDeploy \
             waits up to one hour for the report",
        ),
        Err(ReadError { action, unread: Unread::Call { fault: Fault::Server | Fault::Throttled, told } }) => {
            Finding::unknown(id, format!("{action}: {told}"), "the service is there but not well; try again")
        }
        Err(error) => Finding::good(id, format!("reached; {error}")),
        Ok(_) => Finding::good(id, "reached"),
    }
}

/// The ids of the findings about CloudWatch.
pub(super) const ALARMS: &str = "cloudwatch-alarms";
pub(super) const METRICS: &str = "cloudwatch-metrics";

/// Whether the plan's alarms can be looked at, and exist.
pub(super) fn alarms(names: &[String], answer: &Result<Vec<Alarm>, ReadError>) -> Finding {
    let Ok(found) = answer else { return about_the_plan(ALARMS, answer) };
    let missing: Vec<&str> =
        names.iter().map(String::as_str).filter(|name| !found.iter().any(|alarm| alarm.name == *name)).collect();
    if missing.is_empty() {
        let states: Vec<String> = found.iter().map(|alarm| format!("{} is {}", alarm.name, alarm.state)).collect();
        return Finding::good(ALARMS, states.join(", "));
    }
    Finding::bad(
        ALARMS,
        format!("not in this account and region: {}", missing.join(", ")),
        "correct the names in the plan (upper and lower case count), or create the alarms; until then every deployment \
         fails at this event",
    )
}

/// Whether the plan's metrics can be asked for: how many there are, and how many have a value in their last period.
pub(super) fn metrics(answer: &Result<(usize, usize), ReadError>) -> Finding {
    match answer {
        Ok((asked, with_a_value)) => {
            let text = format!("reached; {with_a_value} of {asked} metric(s) have a value in their last period");
            Finding::good(METRICS, text)
        }
        Err(_) => about_the_plan(METRICS, answer),
    }
}

/// A call about what the plan names itself did not succeed.
fn about_the_plan<T>(id: &str, answer: &Result<T, ReadError>) -> Finding {
    match answer {
        Err(error) if error.is_denial() => Finding::bad(
            id,
            error.to_string(),
            format!("allow {} in the function's role; the plan has a check that needs it", error.action),
        ),
        Err(error @ ReadError { unread: Unread::Call { fault: Fault::Final, .. } | Unread::Missing(_), .. }) => {
            Finding::bad(id, error.to_string(), "the plan's check will get the same answer: correct it in the plan")
        }
        Ok(_) | Err(_) => reached(id, answer),
    }
}

/// A call that has to succeed.
pub(super) fn read<T>(id: &str, answer: &Result<T, ReadError>, seen: impl FnOnce(&T) -> String) -> Finding {
    match answer {
        Ok(value) => Finding::good(id, seen(value)),
        Err(error) if error.is_unreachable() => reached(id, answer),
        Err(error) if error.is_denial() => {
            Finding::bad(id, error.to_string(), format!("allow {} in the function's role", error.action))
        }
        Err(error) => {
            Finding::bad(id, error.to_string(), "name the application and deployment group as CodeDeploy has them")
        }
    }
}

/// A plan that needs the test listener of a group that has none.
pub(super) fn test_listener_missing(plan: Option<&Plan>, group: &str) -> Option<Finding> {
    plan.filter(|plan| plan.endpoints.green.via == Via::TestListener).map(|_| {
        Finding::bad(
            "listener-test",
            format!("the deployment group {group} has no test listener, and endpoints.green is reached through it"),
            "add a test listener to the group",
        )
    })
}

#[cfg(test)]
mod tests {
    use greenlight_checks::plan::{self, Givens};
    use jiff::Timestamp;

    use super::*;

    fn read_plan(budget: &str) -> Plan {
        let text = format!(
            "version: 1\nbudget: {budget}\nhooks: {{ AfterAllowTestTraffic: [a] }}\nchecks:\n  - id: a\n    http: \
             {{ get: / }}\n    expect: {{ status: 200 }}\n"
        );
        plan::read(&text, "checks.yaml", &Givens::at(Timestamp::UNIX_EPOCH)).unwrap()
    }

    #[test]
    fn a_timeout_must_hold_the_plans_total_and_the_reserve() {
        let plan = read_plan("{ total: 60s, report_reserve: 20s }");
        let finding = time(Duration::from_secs(80), Some(&plan));
        assert_eq!(finding.ok, Some(true), "{finding:?}");
        let finding = time(Duration::from_secs(70), Some(&plan));
        assert_eq!(
            (finding.ok, finding.text.as_str()),
            (
                Some(false),
                "70s are left of the function's timeout, and 80s are needed (a budget.total of 60s and a reserve of 20s)"
            )
        );
        assert_eq!(time(Duration::from_secs(30), None).ok, Some(false), "twice the default reserve is needed");
    }

    #[test]
    fn any_answer_but_silence_shows_the_way() {
        let call = |fault| -> Result<(), ReadError> {
            Err(ReadError { action: "ecs:DescribeServices", unread: Unread::Call { fault, told: "told".to_owned() } })
        };
        for (fault, ok) in [
            (Fault::Denied, Some(true)),
            (Fault::Final, Some(true)),
            (Fault::Network, Some(false)),
            (Fault::Server, None),
            (Fault::Throttled, None),
        ] {
            assert_eq!(reached("ecs", &call(fault)).ok, ok, "{fault:?}");
        }
        let finding = read("group", &call(Fault::Denied), |()| String::new());
        assert_eq!(finding.ok, Some(false));
        assert_eq!(finding.advice.as_deref(), Some("allow ecs:DescribeServices in the function's role"));
    }

    #[test]
    fn memory_that_is_no_number_is_not_taken_for_enough() {
        assert_eq!(memory(Some("256")).text, "256 MB, with 14 % of a processor");
        assert_eq!(memory(Some("64")).ok, Some(false));
        assert_eq!(memory(Some("much")).ok, None);
        assert_eq!(memory(None).ok, None);
    }
}
