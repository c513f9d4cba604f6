//! `greenlight report-hook`: reports for a hook by hand, where its function cannot.

use super::consent;
use crate::aws::directing::HookReport;
use crate::aws::{Aws, Connection};
use crate::clock;
use crate::decide::outcome::HOOK_EVENTS;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::show::{Printer, words};
use crate::snapshot::{EventStatus, Snapshot};

/// Shows where the deployment is, asks, and reports. It follows nothing: whoever deployed does.
pub async fn run(
    id: &str,
    execution: &str,
    report: HookReport,
    yes: bool,
    connection: &Connection,
    printer: &mut Printer,
) -> Result<Exit, Failure> {
    let mut interruption = super::interruption::listen()?;
    let aws = Aws::connect(connection).await?;
    let snapshot = aws.snapshot(id, &mut None).await.map_err(Failure::aws(format!("read deployment {id:?}")))?;
    printer.note(&standing(&snapshot, clock::now()), clock::now());
    if snapshot.deployment.status.is_terminal() {
        return Err(over(id));
    }
    let question = format!("Report {} for this hook?", report.word());
    consent::ask(&question, "reported", yes, printer, &mut interruption).await?;
    send(&aws, id, execution, report).await?;
    let attach = words::attach(id, aws.region.as_deref());
    printer.done(id, &format!("reported {} to {id}; follow it: {attach}", report.word()), clock::now());
    Ok(Exit::Succeeded)
}

/// Reports, with words for what CodeDeploy refuses.
pub(super) async fn send(aws: &Aws, id: &str, execution: &str, report: HookReport) -> Result<(), Failure> {
    match aws.report_hook(id, execution, report).await {
        Ok(()) => Ok(()),
        Err(error) if error.is_lifecycle_event_completed() => Err(over(id)),
        Err(error) if error.is_foreign_execution() => Err(Failure::Unfit(format!(
            "this execution id is none of deployment {id}; it is the LifecycleEventHookExecutionId of the event that CodeDeploy \
             sent the function, some 288 characters to be given whole"
        ))),
        Err(error) => Err(Failure::aws(format!("report {} to deployment {id}", report.word()))(error)),
    }
}

fn over(id: &str) -> Failure {
    Failure::NothingThere(format!(
        "nothing was reported: this hook of {id} has been reported already, or its event is over; see greenlight status {id}"
    ))
}

/// `d-1 (InProgress) is at AfterAllowTestTraffic, for 12.0s`.
fn standing(snapshot: &Snapshot, now: jiff::Timestamp) -> String {
    let deployment = &snapshot.deployment;
    let events = snapshot.target.iter().flat_map(|target| &target.events);
    let at_work: Vec<_> = events
        .filter(|event| event.status == EventStatus::InProgress)
        .map(|event| {
            let kind = if HOOK_EVENTS.contains(&event.name.as_str()) { "" } else { ", which is no hook" };
            let took = event.started.map(|started| words::duration(crate::decide::view::since(started, now)));
            format!("{}{kind}, for {}", event.name, took.as_deref().unwrap_or("an unknown time"))
        })
        .collect();
    let place = if at_work.is_empty() { "between two events".to_owned() } else { format!("at {}", at_work.join("; ")) };
    let id = &deployment.id;
    if deployment.status.is_terminal() {
        return format!("{id} ({}) has ended", deployment.status.as_str());
    }
    format!("{id} ({}) is {place}", deployment.status.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::testing::{at, set_event, snapshot};

    #[test]
    fn where_the_deployment_is_is_told_with_what_is_no_hook() {
        let mut seen = snapshot("InProgress");
        assert_eq!(standing(&seen, at(20)), "d-1 (InProgress) is between two events");
        set_event(&mut seen, "AfterAllowTestTraffic", EventStatus::InProgress);
        assert_eq!(standing(&seen, at(22)), "d-1 (InProgress) is at AfterAllowTestTraffic, for 12.0s");
        let mut seen = snapshot("InProgress");
        set_event(&mut seen, "Install", EventStatus::InProgress);
        assert_eq!(standing(&seen, at(22)), "d-1 (InProgress) is at Install, which is no hook, for 12.0s");
        assert_eq!(standing(&snapshot("Failed"), at(22)), "d-1 (Failed) has ended");
    }
}
