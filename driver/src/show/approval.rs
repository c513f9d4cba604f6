//! What a person is asked, and what was answered.

use greenlight_checks::evidence::{Evidence, Gate, Outcome};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{json, words};

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
