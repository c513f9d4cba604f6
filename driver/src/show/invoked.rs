//! A hook that was invoked on this machine: what it left in its log, and how it ended.

#![deny(clippy::wildcard_enum_match_arm)]

use greenlight_checks::event::HookEvent;
use greenlight_checks::evidence::{Decision, Evidence};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::block::evidence_lines;
use super::json;
use super::paint::Paint;
use crate::exit::Exit;

/// How an invocation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The function returned this.
    Returned(String),
    /// The function returned this error.
    Failed(String),
    /// It was ended at its timeout.
    TimedOut,
    /// Its process ended without an answer.
    Crashed(String),
}

/// An invocation.
#[derive(Clone, Debug, PartialEq)]
pub struct Invoked {
    /// Whose hook.
    pub hook: HookEvent,
    /// The evidence, where it left some.
    pub evidence: Option<Evidence>,
    /// Its report line, where there is one.
    pub report: Option<Value>,
    /// How it ended.
    pub ending: Ending,
}

impl Invoked {
    /// Nothing heard yet.
    pub fn new(hook: HookEvent) -> Self {
        Self { hook, evidence: None, report: None, ending: Ending::Crashed("nothing was seen of it".to_owned()) }
    }

    /// Keeps what a line of the log carries for programs.
    pub fn heard(&mut self, line: &str) {
        let Ok(document) = serde_json::from_str::<Value>(line) else { return };
        match document["greenlight"].as_str() {
            Some("evidence") => self.evidence = serde_json::from_value(document["evidence"].clone()).ok(),
            Some("report") => self.report = Some(document),
            Some(_) | None => {}
        }
    }

    /// How the command ends: well only where the hook found for Succeeded, reported that, and returned.
    pub fn exit(&self) -> Exit {
        let found = self.evidence.as_ref().is_some_and(|evidence| evidence.verdict.decision == Decision::Succeeded);
        let reported = self.report.as_ref().is_some_and(|report| report["status"] == "Succeeded");
        let returned = matches!(self.ending, Ending::Returned(_));
        if found && reported && returned { Exit::Succeeded } else { Exit::NotPassed }
    }

    fn result(&self) -> (&'static str, &str) {
        match &self.ending {
            Ending::Returned(body) => ("returned", body),
            Ending::Failed(body) => ("failed", body),
            Ending::TimedOut => ("timed_out", ""),
            Ending::Crashed(text) => ("crashed", text),
        }
    }

    fn reported(&self) -> String {
        let Some(report) = &self.report else { return "reported nothing".to_owned() };
        let text = |member: &str| report[member].as_str().unwrap_or("unknown").to_owned();
        let error = report["error"].as_str().map(|error| format!(": {error}")).unwrap_or_default();
        format!("reported {} ({}{error})", text("status"), text("result"))
    }
}

/// The evidence and the result.
pub fn lines(invoked: &Invoked, paint: Paint) -> Vec<String> {
    let word = if invoked.exit() == Exit::Succeeded { paint.green("PASSED") } else { paint.red("NOT PASSED") };
    let mut lines = vec![format!("{word}: {} {}", invoked.hook, invoked.reported())];
    match &invoked.evidence {
        Some(evidence) => lines.extend(evidence_lines(evidence, paint)),
        None => lines.push("  it left no evidence".to_owned()),
    }
    let (result, body) = invoked.result();
    lines.push(format!("  {} {body}", result.replace('_', " ")).trim_end().to_owned());
    lines.push(format!("exit {}", invoked.exit().code()));
    lines
}

/// `evidence` where there is some, and `result`.
pub(super) fn write(invoked: &Invoked, now: Timestamp) {
    if let Some(evidence) = &invoked.evidence {
        json::write("evidence", now, json!({"event": invoked.hook, "evidence": evidence}));
    }
    let (result, body) = invoked.result();
    json::write("result", now, json!({"result": result, "payload": body, "report": invoked.report}));
}

/// One sentence for the outcome.
pub(super) fn reason(invoked: &Invoked) -> String {
    format!("{} {} and {}", invoked.hook, invoked.reported(), invoked.result().0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_that_returns_without_evidence_and_report_has_not_passed() {
        let mut invoked = Invoked::new(HookEvent::BeforeAllowTraffic);
        invoked.ending = Ending::Returned("null".to_owned());
        invoked.heard(r#"{"greenlight":"report","status":"Succeeded","result":"accepted"}"#);
        assert_eq!(invoked.exit(), Exit::NotPassed);
        assert_eq!(
            lines(&invoked, Paint::off()),
            [
                "NOT PASSED: BeforeAllowTraffic reported Succeeded (accepted)",
                "  it left no evidence",
                "  returned null",
                "exit 1"
            ]
        );
    }
}
