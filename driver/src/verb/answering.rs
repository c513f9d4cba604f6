//! `greenlight approve` and `greenlight reject`: a person's answer to a hook that waits for one, reported in its place, and the
//! record of who gave it and why beside the hook's evidence.

use serde_json::{Value, json};

use super::watch::{attach, chosen};
use super::{ConfigurationSource, Pacing, consent, report_hook};
use crate::aws::directing::HookReport;
use crate::aws::{Aws, Connection};
use crate::decide::gate::{self, Answer, NoGate};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::show::{Printer, words};
use crate::{clock, environment};

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The deployment; without it the group's active one.
    pub id: Option<String>,
    /// Yes or no.
    pub answer: Answer,
    /// Who says so; by default the user of this machine.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Nobody is asked again.
    pub yes: bool,
}

/// Finds the gate, shows it, asks, reports and records.
pub async fn run(
    request: Request,
    source: &ConfigurationSource,
    connection: &Connection,
    pacing: Pacing,
    printer: &mut Printer,
) -> Result<Exit, Failure> {
    let answer = request.answer;
    let by = request.by.or_else(|| environment::variable("USER")).filter(|name| !name.trim().is_empty());
    let by = by.ok_or_else(|| Failure::Unfit("who answers? USER is not set; give --by NAME".to_owned()))?;
    let mut interruption = super::interruption::listen()?;
    let aws = Aws::connect(connection).await?;
    let id = chosen(&aws, request.id, source).await?;
    let (heading, _) = attach(&aws, &id, source, pacing.pace).await?;
    let snapshot = aws.snapshot(&id, &mut None).await.map_err(Failure::aws(format!("read deployment {id:?}")))?;
    let hook = gate::running(&snapshot, &heading.hooks).ok_or_else(|| gate::nobody_asks(&snapshot))?;
    let evidence = aws
        .open_evidence(heading.evidence.as_ref(), &hook.function, &id, &hook.event, hook.started)
        .await
        .map_err(Failure::aws(format!("read the log of {}", hook.function)))?;
    let not_open = || NoGate::NotOpen { event: hook.event.clone(), function: hook.function.clone() };
    let evidence = evidence.ok_or_else(not_open)?;
    let open = gate::of(&evidence).ok_or_else(not_open)?;
    let now = clock::now();
    gate::admits(open, &hook.event, answer, now)?;
    printer.asked(&id, &hook.event, &evidence, open, now);
    if !open.from.contains(&by) {
        printer.warning(&format!("the plan asks {}; this is answered by {by}", words::asked(&open.from)), now);
    }
    let question = format!("Have {} of {id} {}?", hook.event, answer.word());
    consent::ask(&question, answer.word(), request.yes, printer, &mut interruption).await?;
    let report = match answer {
        Answer::Approved => HookReport::Succeeded,
        Answer::Rejected => HookReport::Failed,
    };
    if let Err(failure) = report_hook::send(&aws, &id, &open.execution_id, report).await {
        // The answer to a first try may have been lost.
        match aws.snapshot(&id, &mut None).await {
            Ok(seen) if gate::holds(&seen, &hook.event, answer) => {
                let text = format!("{} of {id} had been {} when this was reported", hook.event, answer.word());
                printer.note(&text, clock::now());
            }
            Ok(_) | Err(_) => return Err(failure),
        }
    }
    let record = json!({
        "greenlight": "approval", "schema": 1, "deployment_id": id, "event": hook.event, "check": open.check,
        "answer": answer.word(), "by": by, "reason": request.reason, "at": clock::now(),
    });
    keep(&aws, &hook.function, &record, printer).await;
    printer.answered(&record, clock::now());
    let attach = words::attach(&id, aws.region.as_deref());
    let reason = request.reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
    let text = format!("{} {} of {id}, by {by}{reason}; follow it: {attach}", answer.word(), hook.event);
    printer.done(&id, &text, clock::now());
    Ok(Exit::Succeeded)
}

/// The answer counts, whether or not it could be written down.
async fn keep(aws: &Aws, function: &str, record: &Value, printer: &mut Printer) {
    let now = clock::now();
    if let Err(error) = aws.write_record(function, record, now).await {
        printer.warning(&format!("the answer is given, but not recorded beside the evidence: {error}"), now);
    }
}
