//! Gates of hooks that have ended without a report: finds one in the running hook's log, beside the loop, and reports Failed for
//! it when nobody came. It never reports anything else.

use greenlight_checks::evidence::Evidence;
use jiff::Timestamp;
use tokio::task::JoinHandle;

use super::hook_logs::HookLogs;
use crate::aws::Aws;
use crate::aws::directing::HookReport;
use crate::decide::gate::{self, RunningHook};
use crate::decide::view::Heading;
use crate::show::Printer;
use crate::snapshot::Snapshot;

/// A look at the deployment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a> {
    pub(super) aws: &'a Aws,
    pub(super) heading: &'a Heading,
    pub(super) snapshot: &'a Snapshot,
    /// How much faster than AWS its waits pass.
    pub(super) pace: f64,
    pub(super) now: Timestamp,
}

/// What was looked for so far.
#[derive(Debug, Default)]
pub(super) struct Gates {
    event: String,
    looks: u32,
    last: Option<Timestamp>,
    looking: Option<JoinHandle<Option<Evidence>>>,
    /// The event whose gate was reported as Failed.
    closed: Option<String>,
}

impl Gates {
    /// After each look at the deployment.
    pub(super) async fn saw(&mut self, seen: Seen<'_>, logs: &mut HookLogs, printer: &mut Printer) {
        let Some(hook) = gate::running(seen.snapshot, &seen.heading.hooks) else { return };
        let now = seen.now;
        if hook.event != self.event {
            *self = Self { event: hook.event.clone(), closed: self.closed.take(), ..Self::default() };
        }
        let open = logs.evidence.get(&hook.event).and_then(gate::of).cloned();
        if let Some(open) = open {
            if self.closed.as_ref() != Some(&hook.event) && gate::is_over(&open, hook.started, seen.pace, now) {
                self.close(seen, &hook, &open.execution_id, printer).await;
            }
            return;
        }
        if self.looking.as_ref().is_some_and(JoinHandle::is_finished) {
            self.take(&hook, logs, printer, now).await;
        } else if self.looking.is_none() && gate::look_is_due(&hook, self.looks, self.last, now) {
            (self.looks, self.last) = (self.looks + 1, Some(now));
            self.look(seen, hook);
        }
    }

    /// One look and its answer, for a verb that does not come back.
    pub(super) async fn one_look(&mut self, seen: Seen<'_>, logs: &mut HookLogs, printer: &mut Printer) {
        let Some(hook) = gate::running(seen.snapshot, &seen.heading.hooks) else { return };
        self.look(seen, hook.clone());
        self.take(&hook, logs, printer, seen.now).await;
    }

    fn look(&mut self, seen: Seen<'_>, hook: RunningHook) {
        let (aws, id) = (seen.aws.clone(), seen.heading.deployment_id.clone());
        let place = seen.heading.evidence.clone();
        self.looking = Some(tokio::spawn(async move {
            let evidence = aws.open_evidence(place.as_ref(), &hook.function, &id, &hook.event, hook.started).await;
            evidence.unwrap_or_else(|error| {
                tracing::debug!(%error, "a running hook's log could not be read");
                None
            })
        }));
    }

    async fn take(&mut self, hook: &RunningHook, logs: &mut HookLogs, printer: &mut Printer, now: Timestamp) {
        let Some(looking) = self.looking.take() else { return };
        let Ok(Some(evidence)) = looking.await else { return };
        if let Some(open) = gate::of(&evidence) {
            printer.gate(&hook.event, open, now);
            logs.evidence.insert(hook.event.clone(), evidence);
        }
    }

    async fn close(&mut self, seen: Seen<'_>, hook: &RunningHook, execution: &str, printer: &mut Printer) {
        let now = seen.now;
        match seen.aws.report_hook(&seen.heading.deployment_id, execution, HookReport::Failed).await {
            Ok(()) => {
                self.closed = Some(hook.event.clone());
                printer.note(&format!("nobody answered the approval of {}: reported Failed", hook.event), now);
            }
            // Somebody was faster, or another driver.
            Err(error) if error.is_lifecycle_event_completed() => self.closed = Some(hook.event.clone()),
            Err(error) => printer.warning(
                &format!("the approval of {} is over and could not be reported as Failed: {error}", hook.event),
                now,
            ),
        }
    }
}
