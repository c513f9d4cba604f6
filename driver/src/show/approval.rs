//! What a person is asked, and what was answered.

use greenlight_checks::evidence::{Evidence, Gate, Outcome};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Kind, Printer, error_line, json, words};

impl Printer {
    /// A hook waits for a person's answer. For people its row says so.
    pub fn gate(&mut self, event: &str, gate: &Gate, now: Timestamp) {
        if let Kind::Json(_) = &self.kind {
            write(event, gate, now);
        }
    }

    /// What a person is asked.
    pub fn asked(&mut self, id: &str, event: &str, evidence: &Evidence, gate: &Gate, now: Timestamp) {
        match &mut self.kind {
            Kind::Live(live) => lines(id, event, evidence, gate).iter().for_each(|line| live.line(line)),
            Kind::Plain(_) => lines(id, event, evidence, gate).iter().for_each(|line| error_line(line)),
            Kind::Json(_) => write(event, gate, now),
        }
    }

    /// What a person answered. For people the last line says so.
    pub fn answered(&mut self, record: &serde_json::Value, now: Timestamp) {
        if let Kind::Json(_) = &self.kind {
            write_answer(record, now);
        }
    }

    /// What was asked for is done, and the deployment goes on.
    pub fn done(&mut self, id: &str, text: &str, now: Timestamp) {
        match &mut self.kind {
            Kind::Live(live) => live.line(text),
            Kind::Plain(_) => error_line(text),
            Kind::Json(json) => json.done(id, text, now),
        }
    }
}

/// What speaks for an answer, for people.
pub(super) fn lines(id: &str, event: &str, evidence: &Evidence, gate: &Gate) -> Vec<String> {
    let passed = evidence.checks.iter().filter(|check| check.outcome == Outcome::Passed).count();
    let summary = evidence.attestation.summary.as_deref().map(|text| format!("; {text}")).unwrap_or_default();
    vec![
        format!("{id} waits at {event} for {}, until {} UTC", words::asked(&gate.from), gate.until.strftime("%H:%M")),
        format!("  {passed} of {} passed{summary}", words::count(evidence.checks.len(), "check")),
    ]
}

/// `gate`. The execution id is for the answer alone and is not told.
pub(super) fn write(event: &str, gate: &Gate, now: Timestamp) {
    let members = json!({
        "event": event, "check": gate.check, "from": gate.from, "opened_at": gate.opened_at, "until": gate.until,
    });
    json::write("gate", now, members);
}

/// `approval`.
pub(super) fn write_answer(record: &Value, now: Timestamp) {
    let mut members = record.clone();
    if let Some(members) = members.as_object_mut() {
        // The line has its own.
        members.retain(|name, _| !["greenlight", "schema", "at"].contains(&name.as_str()));
    }
    json::write("approval", now, members);
}
