//! What hooks' functions leave, read beside the loop: it never waits for a log while the deployment goes on.

use std::collections::BTreeMap;
use std::time::Duration;

use greenlight_checks::evidence::Evidence;
use tokio::task::JoinSet;

use crate::aws::Aws;
use crate::clock;
use crate::decide::gate;
use crate::decide::outcome::HOOK_EVENTS;
use crate::decide::report::HookLog;
use crate::decide::view::Heading;
use crate::decide::watch::Change;
use crate::show::Printer;
use crate::snapshot::{EventStatus, LifecycleEvent, Snapshot};

/// Logs that are being read, and what they held.
#[derive(Debug, Default)]
pub(super) struct HookLogs {
    reading: JoinSet<(LifecycleEvent, HookLog)>,
    /// By the event's name.
    pub(super) evidence: BTreeMap<String, Evidence>,
    /// Of the hook that failed.
    pub(super) failed: Option<HookLog>,
}

impl HookLogs {
    /// Begins to read the log of each hook that has just ended.
    pub(super) fn read(&mut self, aws: &Aws, heading: &Heading, changes: &[Change], patience: Duration) {
        for change in changes {
            let Change::Event(event) = change else { continue };
            let Some(function) = heading.hooks.get(&event.name).cloned() else { continue };
            let ended = matches!(event.status, EventStatus::Succeeded | EventStatus::Failed);
            let Some(since) = event.started.filter(|_| ended && HOOK_EVENTS.contains(&event.name.as_str())) else {
                continue;
            };
            let (aws, id, event) = (aws.clone(), heading.deployment_id.clone(), event.clone());
            let place = heading.evidence.clone();
            self.reading.spawn(async move {
                let log = aws.hook_log(place.as_ref(), &function, &id, &event.name, since, patience).await;
                (event, log)
            });
        }
    }

    /// Whether the running hook has asked a person.
    pub(super) fn has_open_gate(&self, heading: &Heading, snapshot: &Snapshot) -> bool {
        let hook = gate::running(snapshot, &heading.hooks);
        hook.is_some_and(|hook| self.evidence.get(&hook.event).and_then(gate::of).is_some())
    }

    /// Whether any hook was seen to ask a person, answered since or not.
    pub(super) fn has_had_gate(&self) -> bool {
        self.evidence.values().any(|evidence| evidence.gate.is_some())
    }

    /// Takes the next log that was read to its end, and shows it; pending while there is none.
    pub(super) async fn next(&mut self, printer: &mut Printer) {
        match self.reading.join_next().await {
            Some(read) => self.take(read.ok(), printer),
            None => std::future::pending().await,
        }
    }

    /// Waits for the log of a failed hook as long as its reading takes, for the others a moment.
    pub(super) async fn collect(
        &mut self,
        heading: &Heading,
        deployment: Option<&Snapshot>,
        moment: Duration,
        printer: &mut Printer,
    ) {
        let failed = deployment.and_then(|snapshot| snapshot.target.as_ref()?.failed_event());
        let needs_failed = failed.is_some_and(|event| heading.hooks.contains_key(&event.name));
        let until = clock::within(moment);
        loop {
            let log = if needs_failed && self.failed.is_none() {
                self.reading.join_next().await
            } else {
                tokio::time::timeout_at(until, self.reading.join_next()).await.unwrap_or_default()
            };
            match log {
                Some(log) => self.take(log.ok(), printer),
                None => return,
            }
        }
    }

    fn take(&mut self, log: Option<(LifecycleEvent, HookLog)>, printer: &mut Printer) {
        let Some((event, log)) = log else { return };
        let failed = event.status == EventStatus::Failed;
        match &log {
            HookLog::Evidence(evidence) => {
                self.evidence.insert(event.name.clone(), (**evidence).clone());
            }
            HookLog::Tail { .. } | HookLog::Unreadable { .. } if !failed => {
                tracing::debug!(event = event.name, ?log, "no evidence of a hook that passed");
                return;
            }
            HookLog::Tail { .. } | HookLog::Unreadable { .. } => {}
        }
        printer.hook_log(&event.name, &log, clock::now());
        if failed {
            self.failed = Some(log);
        }
    }
}
