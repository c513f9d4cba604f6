//! The report of a deployment as files: `report.json` for programs, `junit.xml` for CI servers, `summary.md` for a job's page,
//! `report.html` for people. What was told while the deployment went on is recorded here; nothing is asked again.

pub mod chart;
mod checks;
pub mod document;
pub mod html;
pub mod junit;
pub mod page;
pub mod summary;

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use self::document::{Deployment, Document, Event, Failure, Hook, Outcome, Rollback, SCHEMA, Serving, Split, Traffic};
use super::paint::Paint;
use super::{block, words};
use crate::decide::outcome::Rollback as RolledBack;
use crate::decide::report::{HookLog, Report, Split as Shares};
use crate::decide::watch::Change;
use crate::exit::Exit;
use crate::snapshot::DeploymentStatus;

/// What was told so far, and where the report goes.
#[derive(Debug)]
pub struct Recorder {
    folder: PathBuf,
    events: Vec<Event>,
    traffic: Vec<Traffic>,
    hooks: Vec<Hook>,
}

impl Recorder {
    /// Makes the folder: that it cannot be written should not be found out when the deployment is over.
    pub fn new(folder: &Path) -> std::io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.to_owned(), events: Vec::new(), traffic: Vec::new(), hooks: Vec::new() })
    }

    /// Where it goes.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What changed.
    pub fn record(&mut self, changes: &[Change], now: Timestamp) {
        for change in changes {
            match change {
                Change::Event(event) => {
                    let told = Event {
                        name: event.name.clone(),
                        status: event.status.as_str().to_owned(),
                        started_at: event.started,
                        ended_at: event.ended,
                    };
                    match self.events.iter_mut().find(|known| known.name == event.name) {
                        Some(known) => *known = told,
                        None => self.events.push(told),
                    }
                }
                Change::Traffic { replacement } => {
                    self.traffic.push(Traffic { at: now, replacement_percent: *replacement });
                }
                Change::Status { .. } | Change::Tasks { .. } => {}
            }
        }
    }

    /// What a hook's function left.
    pub fn record_hook(&mut self, event: &str, log: &HookLog) {
        let mut hook = Hook { event: event.to_owned(), ..Hook::default() };
        match log {
            HookLog::Evidence(evidence) => hook.evidence = Some((**evidence).clone()),
            HookLog::Tail { lines, stored } => (hook.log, hook.stored) = (lines.clone(), stored.clone()),
            HookLog::Unreadable { error, stored } => {
                (hook.unreadable, hook.stored) = (Some(error.clone()), stored.clone());
            }
        }
        self.hooks.retain(|known| known.event != event);
        self.hooks.push(hook);
    }

    /// Writes all four files.
    pub fn write(&self, report: &Report, exit: Option<Exit>, reason: &str, now: Timestamp) -> std::io::Result<()> {
        let document = self.document(report, exit, reason, now);
        let json = serde_json::to_string_pretty(&document).expect("a report is text and numbers") + "\n";
        let files = [
            ("report.json", json),
            ("junit.xml", junit::document(&document)),
            ("summary.md", summary::document(&document)),
            ("report.html", html::document(&document)),
        ];
        for (name, text) in files {
            std::fs::write(self.folder.join(name), text)?;
        }
        Ok(())
    }

    fn document(&self, report: &Report, exit: Option<Exit>, reason: &str, now: Timestamp) -> Document {
        let heading = &report.heading;
        let versions = heading.versions.as_ref();
        let split = |shares: &Option<Shares>| {
            shares.map(|shares| Split { original: shares.original, replacement: shares.replacement })
        };
        Document {
            schema: SCHEMA,
            tool: concat!("greenlight ", env!("CARGO_PKG_VERSION")).to_owned(),
            written_at: now,
            deployment: Deployment {
                id: heading.deployment_id.clone(),
                service: heading.service.clone(),
                group: heading.group.clone(),
                container: versions.map(|versions| versions.container.clone()),
                from: versions.map(|versions| versions.from.clone()),
                to: versions.map(|versions| versions.to.clone()),
                shift: words::shift(&heading.shift),
                status: report.status.as_ref().map(|status| status.as_str().to_owned()),
                took_ms: report.took.map(milliseconds),
                rolls_back: report.rolls_back.clone(),
            },
            outcome: Outcome {
                name: exit.map_or("running", Exit::name).to_owned(),
                exit_code: exit.map(Exit::code),
                reason: reason.to_owned(),
            },
            failure: report.why.as_ref().map(|why| Failure {
                event: why.event.clone(),
                function: why.function.clone(),
                code: why.error.as_ref().map(|error| error.code.clone()),
                message: why.error.as_ref().map(|error| error.message.clone()),
                production_reached_percent: why.highest_weight,
                told: block::failure(why, Paint::off()),
            }),
            rollback: report.rollback.as_ref().map(|rollback| Rollback {
                deployment_id: rollback.deployment_id.clone(),
                done: rollback.standing == RolledBack::Done,
                took_ms: rollback.took.map(milliseconds),
            }),
            serving: Serving { production: split(&report.serving.production), test: split(&report.serving.test) },
            events: self.events.clone(),
            traffic: self.traffic.clone(),
            hooks: self.hooks.clone(),
        }
    }
}

/// The exit code that stands for how a deployment stands; `None` while it runs.
pub fn ended(report: &Report) -> Option<Exit> {
    report.status.as_ref().is_some_and(DeploymentStatus::is_terminal).then_some(report.exit)
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
