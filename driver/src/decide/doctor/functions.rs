//! The hooks' functions: whether CodeDeploy can call them, and whether they can do their work and report.

use std::collections::BTreeMap;

use greenlight_checks::event::HookEvent;

use super::Check;
use super::facts::{Facts, Function, Read, Verdict};
use super::finding::{Finding, Judged, Skipped};

/// What CodeDeploy's limited managed policy lets its service role invoke (aws-facts §3).
const PREFIX: &str = "CodeDeployHook_";
/// Twice the reserve that a hook keeps for its report: the least in which it checks anything, and what its self-test demands.
const LEAST: u64 = 20;
/// The least that the template takes: below it one slow start of a target is a failed check.
const SENSIBLE: u64 = 30;
/// What a silent function costs (aws-facts §3).
const HOUR: &str = "nobody reports, and CodeDeploy waits for one hour before it fails the deployment";

pub(super) fn validation(facts: &Facts) -> Judged {
    if !facts.wanted.hooks.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![Finding::info(
        Check::Validation,
        "no lifecycle event has a function",
        "nothing but the target groups' health check is asked of the replacement before traffic shifts",
        "deploy template.yaml, and name its functions under hooks in greenlight.yaml",
    )])
}

pub(super) fn active(facts: &Facts) -> Judged {
    let check = Check::FunctionActive;
    each(facts, |event, name, function| match function {
        Err(unread) => Some(Finding::unjudged(check, unread).about(event, name)),
        Ok(None) => Some(Finding::blocking(
            check,
            format!("{event}: function {name} does not exist"),
            format!("the deployment fails at {event}: CodeDeploy cannot invoke it"),
            "deploy the functions (template.yaml), or name one that exists under hooks in greenlight.yaml",
        )),
        Ok(Some(function)) => state(event, name, function),
    })
}

fn state(event: HookEvent, name: &str, function: &Function) -> Option<Finding> {
    let check = Check::FunctionActive;
    let reason = function.state_reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    match function.state.as_str() {
        "Active" => match function.last_update.as_deref() {
            Some("Failed") => Some(Finding::warning(
                check,
                format!("{event}: the last update of function {name} failed"),
                "CodeDeploy calls the function as it was before",
                "deploy the functions again",
            )),
            Some("InProgress") => Some(Finding::warning(
                check,
                format!("{event}: function {name} is being updated"),
                "CodeDeploy may call the function as it was before",
                "wait until the update has ended",
            )),
            _ => None,
        },
        "Failed" => Some(Finding::blocking(
            check,
            format!("{event}: function {name} is in the state Failed{reason}"),
            format!("the deployment fails at {event}: CodeDeploy cannot invoke it"),
            "look at the reason, and deploy the functions again",
        )),
        other => Some(Finding::warning(
            check,
            format!("{event}: function {name} is in the state {other}, not Active{reason}"),
            "its invocation may fail until it is active",
            "invoke it once with events/self-test.json, and wait until it is active",
        )),
    }
}

pub(super) fn architecture(facts: &Facts) -> Judged {
    each_known(facts, |event, name, function| {
        if !function.is_ours || function.architectures == ["x86_64"] {
            return None;
        }
        Some(Finding::warning(
            Check::FunctionArchitecture,
            format!("{event}: function {name} runs on {}", super::listed(&function.architectures)),
            format!("a package of functions/package is built for x86_64 and does not start there: {HOUR}"),
            "set Architectures to x86_64, or build the package for the function's architecture",
        ))
    })
}

pub(super) fn timeout(facts: &Facts) -> Judged {
    let check = Check::FunctionTimeout;
    each_known(facts, |event, name, function| {
        let seconds = function.timeout;
        let finding = format!("{event}: function {name} has a timeout of {seconds} s");
        match (function.is_ours, seconds) {
            (true, ..LEAST) => Some(Finding::blocking(
                check,
                finding,
                format!(
                    "a hook keeps 10 s of it for its report, and has nothing left to check in: the deployment fails at {event}"
                ),
                format!("raise it to {SENSIBLE} s or more; the template's default is 600 s"),
            )),
            (true, ..SENSIBLE) => Some(Finding::warning(
                check,
                finding,
                "a target that is slow to answer fails the deployment",
                format!("raise it to {SENSIBLE} s or more; the template's default is 600 s"),
            )),
            // Lambda's own default, which nobody chose.
            (false, ..=3) => Some(Finding::warning(
                check,
                finding,
                format!("where it does not report in that time, {HOUR}"),
                "raise it, so that it can check and report",
            )),
            (true | false, _) => None,
        }
    })
}

pub(super) fn may_invoke(facts: &Facts) -> Judged {
    let check = Check::MayInvoke;
    let invocation = &facts.further()?.invocation;
    let role = facts.known_group()?.wiring.service_role.clone().unwrap_or_else(|| "(none)".to_owned());
    let fix = || {
        format!(
            "allow lambda:InvokeFunction on it to {role}, or name the function {PREFIX}…, which the managed policies allow"
        )
    };
    if !facts.functions.is_empty() {
        judged(invocation)?;
    }
    each(facts, |event, name, _| match invocation.get(&event)? {
        Ok(Verdict::Allowed) => None,
        Ok(verdict) => Some(Finding::blocking(
            check,
            format!("{event}: the service role {} lambda:InvokeFunction on function {name}", refusal(verdict)),
            match verdict {
                Verdict::NotAllowed => {
                    format!("the deployment fails at {event}, unless the function's own policy allows it")
                }
                Verdict::Allowed | Verdict::Forbidden | Verdict::Other(_) => format!("the deployment fails at {event}"),
            },
            fix(),
        )),
        Err(unread) if function_name(name).starts_with(PREFIX) => {
            Some(Finding::unjudged(check, unread).about(event, name))
        }
        // Without the role's policies there is the name to go by.
        Err(unread) => Some(Finding::warning(
            check,
            format!(
                "{event}: the name of function {name} does not begin with {PREFIX}, and whether the service role may invoke it could not be read: {}",
                unread.text
            ),
            format!("with CodeDeploy's limited managed policy the deployment fails at {event}"),
            fix(),
        )),
    })
}

pub(super) fn may_report(facts: &Facts) -> Judged {
    let check = Check::MayReport;
    let reporting = &facts.further()?.reporting;
    facts.known_group()?;
    if !facts.functions.is_empty() {
        judged(reporting)?;
    }
    each(facts, |event, name, function| match reporting.get(&event)? {
        Ok(Verdict::Allowed) => None,
        Ok(verdict) => {
            let role =
                function.as_ref().ok().and_then(|function| function.as_ref()).map_or("", |function| &function.role);
            Some(Finding::blocking(
                check,
                format!(
                    "{event}: the role of function {name} {} codedeploy:PutLifecycleEventHookExecutionStatus on the deployment group",
                    refusal(verdict)
                ),
                HOUR,
                format!("allow codedeploy:PutLifecycleEventHookExecutionStatus on the deployment group to {role}"),
            ))
        }
        Err(unread) => Some(Finding::unjudged(check, unread).about(event, name)),
    })
}

pub(super) fn self_test(facts: &Facts) -> Judged {
    let check = Check::SelfTest;
    let tests = facts.further()?.self_tests.as_ref().ok_or(Skipped::Inapplicable)?;
    if tests.is_empty() {
        return Err(Skipped::Inapplicable);
    }
    let mut found = Vec::new();
    for (event, test) in tests {
        let name = facts.wanted.hooks.get(event).map_or("", String::as_str);
        let test = match test {
            Ok(test) => test,
            Err(unread) => {
                found.push(Finding::unjudged(check, unread).about(*event, name));
                continue;
            }
        };
        for seen in test.findings.iter().filter(|seen| seen.ok != Some(true)) {
            let text = format!("{event}: function {name} says of {}: {}", seen.id, seen.text);
            let fix = seen.advice.clone().unwrap_or_else(|| "look at the function's log".to_owned());
            found.push(match seen.ok {
                None => Finding::info(check, text, "it was not looked at", fix),
                Some(_) => {
                    Finding::blocking(check, text, format!("the deployment fails at {event}, or hangs there"), fix)
                }
            });
        }
    }
    Ok(found)
}

pub(super) fn refusal(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Allowed => "may".to_owned(),
        Verdict::Forbidden => "is denied".to_owned(),
        Verdict::NotAllowed => "is not allowed".to_owned(),
        Verdict::Other(word) => format!("is, in IAM's word, {word:?} for"),
    }
}

/// Of functions that do not exist nothing can be asked; that they do not is [`active`]'s affair.
fn judged(verdicts: &BTreeMap<HookEvent, Read<Verdict>>) -> Result<(), Skipped> {
    if verdicts.is_empty() { Err(Skipped::Behind) } else { Ok(()) }
}

/// A name out of a name or an ARN.
fn function_name(reference: &str) -> &str {
    reference.split_once(":function:").map_or(reference, |(_, name)| name)
}

fn each(facts: &Facts, judge: impl Fn(HookEvent, &str, &Read<Option<Function>>) -> Option<Finding>) -> Judged {
    if facts.functions.is_empty() {
        return Err(Skipped::Inapplicable);
    }
    let name = |event| facts.wanted.hooks.get(event).map_or("", String::as_str);
    Ok(facts.functions.iter().filter_map(|(event, function)| judge(*event, name(event), function)).collect())
}

/// Those that could be read; the others are [`active`]'s affair.
fn each_known(facts: &Facts, judge: impl Fn(HookEvent, &str, &Function) -> Option<Finding>) -> Judged {
    let known = |function: &Read<Option<Function>>| matches!(function, Ok(Some(_)));
    if !facts.functions.is_empty() && !facts.functions.values().any(known) {
        return Err(Skipped::Behind);
    }
    each(facts, |event, name, function| judge(event, name, function.as_ref().ok()?.as_ref()?))
}

impl Finding {
    fn about(self, event: HookEvent, name: &str) -> Self {
        Self { finding: format!("{event}: function {name} {}", self.finding), ..self }
    }
}
