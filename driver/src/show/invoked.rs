//! A hook that was invoked on this machine: what it left in its log, and how it ended.

#![deny(clippy::wildcard_enum_match_arm)]

use std::time::Duration;

use greenlight_checks::event::HookEvent;
use greenlight_checks::evidence::{Decision, Evidence};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::block::{NAME, TOOK, evidence_lines, not_arrived};
use super::paint::Paint;
use super::{json, words};
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

    /// How the command ends: well only where the hook found for Succeeded, reported that, and returned; or where it was asked
    /// for its self-test and found its wiring good.
    pub fn exit(&self) -> Exit {
        if let Some(found) = self.self_test() {
            return if found["ok"] == true { Exit::Succeeded } else { Exit::NotPassed };
        }
        let found = self.evidence.as_ref().is_some_and(|evidence| evidence.verdict.decision == Decision::Succeeded);
        let reported = self.report.as_ref().is_some_and(|report| report["status"] == "Succeeded");
        let returned = matches!(self.ending, Ending::Returned(_));
        if found && reported && returned { Exit::Succeeded } else { Exit::NotPassed }
    }

    /// What the self-test found, where the function was asked for it and returned that.
    fn self_test(&self) -> Option<Value> {
        let Ending::Returned(body) = &self.ending else { return None };
        let found: Value = serde_json::from_str(body).ok()?;
        (found["greenlight"] == "self-test").then_some(found)
    }

    fn result(&self) -> (&'static str, &str) {
        match &self.ending {
            Ending::Returned(body) => ("returned", body),
            Ending::Failed(body) => ("failed", body),
            Ending::TimedOut => ("timed_out", ""),
            Ending::Crashed(text) => ("crashed", text),
        }
    }

    /// Whether CodeDeploy has the report of Succeeded, now or since an earlier attempt.
    fn arrived(&self) -> bool {
        self.report.as_ref().is_some_and(|report| {
            report["status"] == "Succeeded"
                && ["accepted", "already_completed"].iter().any(|result| report["result"] == *result)
        })
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
    let mut lines = Vec::new();
    if let Some(found) = invoked.self_test() {
        lines.push(format!("{word}: {} {}", invoked.hook, tested(&found)));
        lines.extend(findings(&found).flat_map(|finding| finding_lines(finding, paint)));
    } else {
        lines.push(format!("{word}: {} {}", invoked.hook, invoked.reported()));
        match &invoked.evidence {
            Some(evidence) => {
                lines.extend(evidence_lines(evidence, paint));
                lines.extend(not_arrived(evidence).filter(|_| !invoked.arrived()));
            }
            None => lines.push("  it left no evidence".to_owned()),
        }
        let (result, body) = invoked.result();
        lines.push(format!("  {} {body}", result.replace('_', " ")).trim_end().to_owned());
    }
    lines.push(format!("exit {}", invoked.exit().code()));
    lines
}

fn findings(found: &Value) -> impl Iterator<Item = &Value> {
    found["findings"].as_array().into_iter().flatten()
}

fn tested(found: &Value) -> String {
    let count = |ok: Value| findings(found).filter(|finding| finding["ok"] == ok).count();
    let (good, all) = (count(Value::Bool(true)), findings(found).count());
    format!(
        "tested its own wiring: {good} of {} good, {} not checked",
        words::count(all, "finding"),
        count(Value::Null)
    )
}

fn finding_lines(finding: &Value, paint: Paint) -> Vec<String> {
    let text = |member: &str| finding[member].as_str().unwrap_or_default();
    let mark = match finding["ok"].as_bool() {
        Some(true) => paint.green("ok"),
        Some(false) => paint.red("!!"),
        None => paint.yellow("??"),
    };
    let took = words::duration(Duration::from_millis(finding["took_ms"].as_u64().unwrap_or_default()));
    let row = format!("  {mark}   {:NAME$} {took:>TOOK$}   {}", text("id"), text("text"));
    let advice = (!text("advice").is_empty()).then(|| paint.dim(&format!("         {}", text("advice"))));
    std::iter::once(row).chain(advice).collect()
}

/// `evidence` or `self_test` where there is some, and `result`.
pub(super) fn write(invoked: &Invoked, now: Timestamp) {
    if let Some(evidence) = &invoked.evidence {
        json::write("evidence", now, json!({"event": invoked.hook, "evidence": evidence}));
    }
    if let Some(found) = invoked.self_test() {
        json::write("self_test", now, json!({"event": invoked.hook, "self_test": found}));
    }
    let (result, body) = invoked.result();
    json::write("result", now, json!({"result": result, "payload": body, "report": invoked.report}));
}

/// One sentence for the outcome.
pub(super) fn reason(invoked: &Invoked) -> String {
    match invoked.self_test() {
        Some(found) => format!("{} {}", invoked.hook, tested(&found)),
        None => format!("{} {} and {}", invoked.hook, invoked.reported(), invoked.result().0),
    }
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

    #[test]
    fn a_report_is_called_lost_only_where_it_is() {
        for (result, lost) in [("accepted", false), ("already_completed", false), ("failed", true)] {
            let mut invoked = Invoked::new(HookEvent::BeforeAllowTraffic);
            let mut evidence = crate::show::block::tests::evidence();
            evidence.verdict.decision = Decision::Succeeded;
            invoked.evidence = Some(evidence);
            invoked.heard(&format!(r#"{{"greenlight":"report","status":"Succeeded","result":"{result}"}}"#));
            let said = lines(&invoked, Paint::off()).join("\n");
            assert_eq!(said.contains("its evidence says Succeeded; the report did not arrive as such"), lost, "{said}");
        }
    }

    #[test]
    fn a_self_test_passes_by_what_it_found_and_is_told_finding_by_finding() {
        let mut invoked = Invoked::new(HookEvent::AfterAllowTestTraffic);
        let mut told = |ok: bool| {
            let found = json!({"greenlight": "self-test", "ok": ok, "findings": [
                {"id": "plan", "ok": true, "took_ms": 3, "text": "2 checks for AfterAllowTestTraffic"},
                {"id": "codedeploy", "ok": ok, "took_ms": 2000, "text": "not reached in 2s", "advice": "add an interface endpoint"},
                {"id": "bucket", "ok": null, "took_ms": 0, "text": "none is configured"},
            ]});
            invoked.ending = Ending::Returned(found.to_string());
            (invoked.exit(), lines(&invoked, Paint::off()))
        };
        assert_eq!(told(true).0, Exit::Succeeded);
        let (exit, lines) = told(false);
        assert_eq!(exit, Exit::NotPassed);
        assert_eq!(
            lines,
            [
                "NOT PASSED: AfterAllowTestTraffic tested its own wiring: 1 of 3 findings good, 1 not checked",
                "  ok   plan                        3ms   2 checks for AfterAllowTestTraffic",
                "  !!   codedeploy                 2.0s   not reached in 2s",
                "         add an interface endpoint",
                "  ??   bucket                      0ms   none is configured",
                "exit 1",
            ]
        );
    }
}
