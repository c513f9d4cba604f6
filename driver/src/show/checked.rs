//! What the checks of a plan came to, as lines and as NDJSON. It decides nothing: the verdict is the engine's.

#![deny(clippy::wildcard_enum_match_arm)]

use std::time::Duration;

use greenlight_checks::event::HookEvent;
use greenlight_checks::evidence::{CheckEvidence, Decision, Observed, Outcome, PlanIdentity, Severity, Verdict};
use greenlight_checks::message::codes;
use jiff::Timestamp;
use serde_json::json;

use super::block::{NAME, TOOK, message_lines};
use super::paint::Paint;
use super::{json, words};
use crate::exit::Exit;

/// A plan and the addresses that it is run against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Which plan.
    pub plan: PlanIdentity,
    /// Whose checks; of every event without it.
    pub event: Option<HookEvent>,
    /// The version under test.
    pub green: String,
    /// The version that serves.
    pub blue: Option<String>,
}

/// A plan that was run.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// What was run, and against what.
    pub subject: Subject,
    /// What the checks saw.
    pub checks: Vec<CheckEvidence>,
    /// What they mean together.
    pub verdict: Verdict,
    /// What they would have meant, where the plan only observes.
    pub observed: Option<Observed>,
}

impl Checked {
    /// How the command ends.
    pub fn exit(&self) -> Exit {
        match self.verdict.decision {
            Decision::Succeeded => Exit::Succeeded,
            Decision::Failed | Decision::Waiting => Exit::NotPassed,
        }
    }

    /// One sentence for the outcome.
    pub fn reason(&self) -> String {
        match self.verdict.because.first() {
            Some(message) => message.to_string(),
            None => self.counted(),
        }
    }

    /// `2 of 3 checks passed`.
    pub(super) fn counted(&self) -> String {
        counted(&self.checks)
    }
}

/// `2 of 3 checks passed`.
pub(super) fn counted(checks: &[CheckEvidence]) -> String {
    let passed = checks.iter().filter(|check| check.outcome == Outcome::Passed).count();
    if passed == checks.len() {
        format!("{} passed", words::count(passed, "check"))
    } else {
        format!("{passed} of {} passed", words::count(checks.len(), "check"))
    }
}

/// A row for each check with what speaks against it below, and the verdict.
pub fn lines(checked: &Checked, paint: Paint) -> Vec<String> {
    let mut lines = Vec::new();
    for check in &checked.checks {
        lines.push(format!("  {}", row(check, paint)));
        lines.extend(check.messages.iter().flat_map(|message| message_lines(message, paint)).map(|l| format!("  {l}")));
    }
    let nothing = checked.verdict.because.iter().filter(|message| message.code == codes::NOTHING_VALIDATED);
    lines.extend(nothing.flat_map(|message| message_lines(message, paint)));
    let observed = checked.observed.as_ref();
    let word = match checked.verdict.decision {
        Decision::Succeeded if observed.is_some_and(|observed| observed.would_have_failed) => {
            paint.yellow("WOULD HAVE FAILED")
        }
        Decision::Succeeded => paint.green("PASSED"),
        Decision::Failed | Decision::Waiting => paint.red("NOT PASSED"),
    };
    let mode = observed.map(|observed| format!("; mode: observe until {}", observed.until)).unwrap_or_default();
    lines.push(format!("{word}: {}; routing is not attested from here{mode}", checked.counted()));
    lines.push(format!("exit {}", checked.exit().code()));
    lines
}

/// A row for a check as it ends, before what the others came to is known.
pub fn progress(check: &CheckEvidence, number: usize, all: usize, paint: Paint) -> String {
    format!("{:>7} {}", format!("{number}/{all}"), row(check, paint))
}

fn row(check: &CheckEvidence, paint: Paint) -> String {
    let (mark, word) = match check.outcome {
        Outcome::Passed => (paint.green("ok"), None),
        Outcome::Failed => (paint.red("!!"), None),
        Outcome::Errored => (paint.red("!!"), Some("could not be run")),
        Outcome::Inconclusive => (paint.yellow("??"), Some("inconclusive")),
        Outcome::Skipped => (paint.dim("--"), Some("not run")),
    };
    let warns = (check.severity == Severity::Warn).then_some("severity: warn");
    let facts: Vec<_> = word.into_iter().chain(warns).collect();
    let took = words::duration(Duration::from_millis(check.took_ms));
    let text = format!("{:NAME$} {took:>TOOK$}   {}", check.id, facts.join(", "));
    format!("{mark}   {}", text.trim_end())
}

/// `plan`.
pub(super) fn write_subject(subject: &Subject, now: Timestamp) {
    let plan = &subject.plan;
    let members = json!({
        "source": plan.source, "sha256": plan.sha256, "event": subject.event, "green": subject.green, "blue": subject.blue,
        "routing": "not_attested",
    });
    json::write("plan", now, members);
}

/// `check`.
pub(super) fn write_check(check: &CheckEvidence, now: Timestamp) {
    json::write("check", now, json!(check));
}

/// `verdict`.
pub(super) fn write_verdict(checked: &Checked, now: Timestamp) {
    let verdict = &checked.verdict;
    let members = json!({"decision": verdict.decision, "because": verdict.because, "observed": checked.observed});
    json::write("verdict", now, members);
}

#[cfg(test)]
mod tests {
    use super::*;
    use greenlight_checks::message::Message;

    fn check(id: &str, outcome: Outcome, severity: Severity, messages: Vec<Message>) -> CheckEvidence {
        CheckEvidence {
            id: id.to_owned(),
            kind: "http".to_owned(),
            severity,
            inconclusive_excused: false,
            outcome,
            attempts: 1,
            took_ms: 43,
            numbers: Default::default(),
            series: Default::default(),
            expectations: Vec::new(),
            messages,
            samples: Vec::new(),
        }
    }

    #[test]
    fn what_speaks_against_a_check_stands_below_it_with_request_and_place() {
        let message = Message::new("GL1201", "product", "status expected 200, got 500")
            .with_context("GET /api via http://x, 500 in 43 ms, attempt 1 of 1")
            .at("checks.yaml:20");
        let checked = Checked {
            subject: Subject {
                plan: PlanIdentity { source: "checks.yaml".to_owned(), sha256: "0".to_owned() },
                event: None,
                green: "http://x".to_owned(),
                blue: None,
            },
            checks: vec![
                check("health", Outcome::Passed, Severity::Block, Vec::new()),
                check("product", Outcome::Failed, Severity::Block, vec![message.clone()]),
                check("extra", Outcome::Skipped, Severity::Warn, Vec::new()),
            ],
            verdict: Verdict { decision: Decision::Failed, because: vec![message] },
            observed: None,
        };
        assert_eq!(
            lines(&checked, Paint::off()),
            [
                "  ok   health                     43ms",
                "  !!   product                    43ms",
                "    GL1201 product: status expected 200, got 500",
                "           GET /api via http://x, 500 in 43 ms, attempt 1 of 1   checks.yaml:20",
                "  --   extra                      43ms   not run, severity: warn",
                "NOT PASSED: 1 of 3 checks passed; routing is not attested from here",
                "exit 1",
            ]
        );
        assert_eq!(
            progress(&checked.checks[2], 3, 3, Paint::off()),
            "    3/3 --   extra                      43ms   not run, severity: warn"
        );
    }
}
