//! NDJSON on standard output: each line an object with `schema`, `type`, `at`; the last one is the outcome. A change of a member's
//! meaning is a change of `schema`.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Created, block};
use crate::decide::report::{HookLog, Report, Split};
use crate::decide::watch::Change;
use crate::decide::why::{Counted, Gathered};
use crate::exit::Exit;

const SCHEMA: u32 = 1;

/// The writer; it keeps nothing.
#[derive(Debug)]
pub struct Json;

impl Json {
    /// A line of type `note` or `warning`.
    pub fn text(&mut self, kind: &str, text: &str, now: Timestamp) {
        write(kind, now, json!({"text": text}));
    }

    /// `deployment`.
    pub fn created(&mut self, created: &Created, now: Timestamp) {
        let members = json!({
            "deployment_id": created.deployment_id, "application": created.application, "deployment_group": created.group,
            "task_definition": created.task_definition, "appspec": created.appspec, "sha256": created.sha256,
        });
        write("deployment", now, members);
    }

    /// `status`, `event`, `traffic`, `tasks`.
    pub fn change(&mut self, change: &Change, now: Timestamp) {
        match change {
            Change::Status { deployment_id, status } => {
                write("status", now, json!({"deployment_id": deployment_id, "status": status.as_str()}));
            }
            Change::Event(event) => write(
                "event",
                now,
                json!({"event": event.name, "status": event.status.as_str(), "started_at": event.started, "ended_at": event.ended}),
            ),
            Change::Traffic { replacement } => write("traffic", now, json!({"replacement_percent": replacement})),
            Change::Tasks { running, desired } => {
                write("tasks", now, json!({"replacement_running": running, "replacement_desired": desired}));
            }
        }
    }

    /// `evidence`, or `log`.
    pub fn hook_log(&mut self, event: &str, log: &HookLog, now: Timestamp) {
        match log {
            HookLog::Evidence(evidence) => write("evidence", now, json!({"event": event, "evidence": evidence})),
            HookLog::Tail { lines, stored } => write_log(event, "tail", json!(lines), stored, now),
            HookLog::Unreadable { error, stored } => write_log(event, "error", json!(error), stored, now),
        }
    }

    /// `failure`, where there is one, and the outcome.
    pub fn report(&mut self, report: &Report, now: Timestamp) {
        self.failure(report, now);
        self.outcome(Some(report), report.exit, &block::reason(report), now);
    }

    /// `failure`.
    pub fn failure(&mut self, report: &Report, now: Timestamp) {
        let Some(why) = &report.why else { return };
        let split = |split: &Option<Split>| {
            split.map(|split| json!({"original_percent": split.original, "replacement_percent": split.replacement}))
        };
        let members = json!({
            "deployment_id": report.heading.deployment_id,
            "status": why.status.as_str(),
            "event": why.event,
            "function": why.function,
            "error": why.error.as_ref().map(|error| json!({"code": error.code, "message": error.message})),
            "task_ends": gathered(&why.task_ends, counted),
            "targets": gathered(&why.targets, counted),
            "service_events": gathered(&why.service_events, counted),
            "alarms": gathered(&why.alarms, |alarm| {
                json!({"name": alarm.name, "state": alarm.state.to_string(), "since": alarm.since, "reason": alarm.reason})
            }),
            "production_reached_percent": why.highest_weight,
            "production": split(&report.serving.production),
            "test": split(&report.serving.test),
        });
        write("failure", now, members);
    }

    /// `outcome`.
    pub fn outcome(&mut self, report: Option<&Report>, exit: Exit, reason: &str, now: Timestamp) {
        let rollback =
            report.and_then(|report| report.rollback.as_ref()).and_then(|rollback| rollback.deployment_id.clone());
        let id = report.map(|report| report.heading.deployment_id.clone());
        self.last(id.as_deref(), exit, rollback.as_deref(), reason, now);
    }

    /// The outcome of a look: that it could be read. How the deployment stands is in the lines before and in the reason.
    pub fn read(&mut self, report: &Report, now: Timestamp) {
        let status = report.status.as_ref().map_or("unknown", |status| status.as_str());
        let rollback = report.rollback.as_ref().and_then(|rollback| rollback.deployment_id.as_deref());
        let members = json!({
            "deployment_id": report.heading.deployment_id, "outcome": "read", "exit_code": 0,
            "rollback_deployment_id": rollback, "reason": format!("the deployment is {status}"),
        });
        write("outcome", now, members);
    }

    /// The outcome of a verb that does one thing to a deployment that goes on.
    pub fn done(&mut self, id: &str, text: &str, now: Timestamp) {
        self.last(Some(id), Exit::Succeeded, None, text, now);
    }

    /// An outcome without a report.
    pub fn failed(&mut self, lines: &[String], deployment_id: Option<&str>, exit: Exit, now: Timestamp) {
        self.last(deployment_id, exit, None, &lines.join("; "), now);
    }

    fn last(&mut self, id: Option<&str>, exit: Exit, rollback: Option<&str>, reason: &str, now: Timestamp) {
        let members = json!({
            "deployment_id": id, "outcome": exit.name(), "exit_code": exit.code(),
            "rollback_deployment_id": rollback, "reason": reason,
        });
        write("outcome", now, members);
    }
}

/// A list, or why there is none; null when there was no reason to ask.
fn gathered<T>(gathered: &Gathered<Vec<T>>, each: impl Fn(&T) -> Value) -> Value {
    match gathered {
        Gathered::NotAsked => Value::Null,
        Gathered::Known(list) => list.iter().map(each).collect(),
        Gathered::Unreadable(error) => json!({"unreadable": error}),
    }
}

fn counted(counted: &Counted) -> Value {
    json!({"count": counted.count, "what": counted.what})
}

/// One line.
/// `log`; where in S3 evidence was looked for goes with it, where that was anywhere.
fn write_log(event: &str, name: &str, value: Value, stored: &[String], now: Timestamp) {
    let mut members = json!({"event": event, name: value});
    if !stored.is_empty() {
        members["stored"] = json!(stored);
    }
    write("log", now, members);
}

pub(super) fn write(kind: &str, now: Timestamp, members: Value) {
    let mut line = json!({"schema": SCHEMA, "type": kind, "at": now});
    if let (Value::Object(line), Value::Object(members)) = (&mut line, members) {
        line.extend(members);
    }
    super::output_line(&line.to_string());
}
