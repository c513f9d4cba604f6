//! Views and reports as lines of text, the same for a terminal and for a log.

use greenlight_checks::evidence::{CheckEvidence, Decision, Evidence, Outcome, Severity, Standing};
use greenlight_checks::message::Message;

use super::paint::Paint;
use super::{reasons, words};
use crate::decide::outcome::Rollback;
use crate::decide::report::{HookLog, Report, RolledBack, Serving};
use crate::decide::view::{Mark, Row, View};
use crate::decide::why::Why;
use crate::exit::Exit;
use crate::snapshot::DeploymentStatus;

/// Wide enough for `AfterAllowTestTraffic`.
pub(super) const NAME: usize = 22;
/// Wide enough for `12m 34s`.
pub(super) const TOOK: usize = 8;

/// The heading and the rows.
pub fn view(view: &View, paint: Paint) -> Vec<String> {
    let mut lines = vec![paint.bold(&words::heading(&view.heading))];
    if let Some(DeploymentStatus::Other(status)) = &view.status {
        lines.push(paint.yellow(&format!("  status {status:?} is unknown to this greenlight")));
    }
    lines.extend(view.rows.iter().map(|line| format!("  {}", row(line, paint))));
    lines
}

/// One row, without indentation.
pub fn row(row: &Row, paint: Paint) -> String {
    let mark = words::mark(&row.mark);
    let painted = match &row.mark {
        Mark::Done => paint.green(mark),
        Mark::Running => paint.cyan(mark),
        Mark::Failed => paint.red(mark),
        Mark::Unknown(_) => paint.yellow(mark),
        Mark::Pending | Mark::Skipped => paint.dim(mark),
    };
    let took = row.took.map(words::duration).unwrap_or_default();
    let fact = words::fact(&row.fact, &row.mark);
    let text = format!("{:NAME$} {took:>TOOK$}   {fact}", row.name);
    let text = text.trim_end();
    let text = if matches!(row.mark, Mark::Pending | Mark::Skipped) { paint.dim(text) } else { text.to_owned() };
    format!("{painted}   {text}")
}

/// The end.
pub fn report(report: &Report, paint: Paint) -> Vec<String> {
    let mut lines = Vec::new();
    match &report.why {
        Some(why) => {
            lines.extend(failure(why, paint));
            lines.extend(report.rollback.as_ref().map(|rollback| rolled_back(rollback, &report.serving, paint)));
        }
        None if report.exit == Exit::Succeeded => lines.push(succeeded(report, paint)),
        None => lines
            .push(format!("ended with status {}", report.status.as_ref().map_or("unknown", DeploymentStatus::as_str))),
    }
    lines.push(format!("exit {}", report.exit.code()));
    lines
}

/// One sentence for the outcome line of `--output json`.
pub fn reason(report: &Report) -> String {
    match &report.why {
        Some(why) => {
            let message = first_message(why).map(|message| message.to_string());
            let message = why.guard.clone().map(|text| format!("the guard: {text}")).or(message);
            let text = message.or_else(|| why.error.as_ref().map(|error| format!("{}: {}", error.code, error.message)));
            let text = text.map(|text| match unapproved(why) {
                Some(unapproved) => format!("{text}; {unapproved}"),
                None => text,
            });
            let told = text.into_iter().chain(reasons::first(why));
            std::iter::once(headline(why)).chain(told).collect::<Vec<_>>().join(": ")
        }
        None => succeeded(report, Paint::off()),
    }
}

fn succeeded(report: &Report, paint: Paint) -> String {
    let took = report.took.map(|took| format!(" in {}", words::duration(took))).unwrap_or_default();
    if let Some(id) = &report.rolls_back {
        return format!(
            "{} {}{took}: rolled back {id}; {}",
            paint.green("SUCCEEDED"),
            report.heading.deployment_id,
            traffic(&report.serving)
        );
    }
    let what = match &report.heading.versions {
        Some(versions) => format!("{} {} serves", versions.container, versions.to),
        None => "the replacement task set serves".to_owned(),
    };
    let serving = match (&report.serving.production, &report.serving.test) {
        (Some(production), _) if production.replacement >= 100.0 => format!("{what} 100 % of production traffic"),
        (Some(production), _) => format!("production listener: {}", words::split(production)),
        (None, _) => what,
    };
    format!("{} {}{took}: {serving}", paint.green("SUCCEEDED"), report.heading.deployment_id)
}

fn headline(why: &Why) -> String {
    let word = if why.status == DeploymentStatus::Stopped { "STOPPED" } else { "FAILED" };
    let place = match (&why.event, &why.function) {
        (Some(event), Some(function)) => format!("{word} at {event}, by {function}"),
        (Some(event), None) => format!("{word} at {event}"),
        (None, _) => word.to_owned(),
    };
    if !why.shift_began {
        format!("{place}; no production request reached the new version")
    } else if why.highest_weight > 0.0 {
        format!("{place}; the new version had up to {} of production traffic", words::percent(why.highest_weight))
    } else {
        format!("{place}; the shift of production traffic had begun")
    }
}

pub(super) fn failure(why: &Why, paint: Paint) -> Vec<String> {
    let mut lines = vec![paint.red(&headline(why))];
    if let Some(diagnostics) = &why.diagnostics {
        // Said once: the deployment's error often repeats the event's.
        let repeated = why.error.as_ref().map(|error| error.message.as_str());
        let message = diagnostics.message.as_deref().filter(|message| Some(*message) != repeated);
        if let Some(message) = message {
            let parts = [diagnostics.code.as_deref(), diagnostics.script.as_deref(), Some(message)];
            let parts: Vec<_> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
            lines.push(format!("  CodeDeploy says of {}: {}", why.event.as_deref().unwrap_or("it"), parts.join(": ")));
        }
        lines.extend(diagnostics.log_tail.iter().flat_map(|tail| tail.lines()).map(|line| format!("    {line}")));
    }
    match &why.log {
        Some(HookLog::Evidence(evidence)) => {
            lines.extend(evidence_lines(evidence, paint));
            lines.extend(not_arrived(evidence));
            lines.extend(unapproved(why).map(|text| format!("  {text}")));
        }
        Some(HookLog::Tail { lines: tail, stored }) if tail.is_empty() => {
            lines.push("  the function left no evidence, and its log has nothing from this time".to_owned());
            lines.extend(looked_for(stored));
        }
        Some(HookLog::Tail { lines: tail, stored }) => {
            lines.push("  the function left no evidence; its log ends with".to_owned());
            lines.extend(tail.iter().map(|line| paint.dim(&format!("    {}", clipped(line)))));
            lines.extend(looked_for(stored));
        }
        Some(HookLog::Unreadable { error, stored }) => {
            lines.push(format!("  the function's log could not be read: {error}"));
            lines.extend(looked_for(stored));
        }
        None => {}
    }
    if let Some(text) = &why.guard {
        lines.push(format!("  the guard of the shift stopped it: {text}"));
    }
    if let Some(error) = &why.error {
        lines.push(format!("  CodeDeploy says: {}: {}", error.code, error.message));
    }
    lines.extend(reasons::lines(why, paint));
    lines
}

fn looked_for(stored: &[String]) -> impl Iterator<Item = String> {
    stored.iter().map(|looked| format!("  looked for evidence: {looked}"))
}

pub(super) fn evidence_lines(evidence: &Evidence, paint: Paint) -> Vec<String> {
    let mut lines = Vec::new();
    let mut said: Vec<&Message> = Vec::new();
    let failing = evidence.checks.iter().filter(|check| counts(check)).flat_map(|check| &check.messages);
    for message in evidence.verdict.because.iter().chain(&evidence.attestation.messages).chain(failing) {
        if !said.contains(&message) {
            lines.extend(message_lines(message, paint));
            said.push(message);
        }
    }
    let others = evidence.checks.iter().filter(|check| check.outcome == Outcome::Passed).count();
    let summary = evidence.attestation.summary.as_deref().map(|text| format!(" ({text})")).unwrap_or_default();
    let routing = match evidence.attestation.routing {
        Standing::Proven => Some(format!("routing was proven{summary}")),
        Standing::NotRequired => Some("the plan asks for no proof of routing".to_owned()),
        Standing::NotAttestable => Some(format!("routing could not be proven{summary}")),
        Standing::Contradicted | Standing::Unknown => None,
    };
    let passed = (others > 0).then(|| {
        let other = if others < evidence.checks.len() { "other check" } else { "check" };
        format!("{} passed", words::count(others, other))
    });
    let both: Vec<_> = passed.into_iter().chain(routing).collect();
    if !both.is_empty() {
        lines.push(format!("  {}", both.join("; ")));
    }
    lines
}

/// Its evidence was written while it asked, and does not know of the answer.
fn unapproved(why: &Why) -> Option<&'static str> {
    match &why.log {
        Some(HookLog::Evidence(evidence)) if evidence.verdict.decision == Decision::Waiting => {
            Some("the approval was refused, or not given in time")
        }
        Some(HookLog::Evidence(_) | HookLog::Tail { .. } | HookLog::Unreadable { .. }) | None => None,
    }
}

/// What is said of a hook that did not have the effect of its verdict.
pub(super) fn not_arrived(evidence: &Evidence) -> Option<String> {
    (evidence.verdict.decision == Decision::Succeeded)
        .then(|| "  its evidence says Succeeded; the report did not arrive as such".to_owned())
}

fn counts(check: &CheckEvidence) -> bool {
    check.severity == Severity::Block && !matches!(check.outcome, Outcome::Passed | Outcome::Skipped)
}

pub(super) fn message_lines(message: &Message, paint: Paint) -> Vec<String> {
    let mut lines = vec![format!("  {} {}: {}", paint.bold(&message.code), message.subject, message.text)];
    let detail: Vec<&str> = [message.context.as_deref(), message.place.as_deref()].into_iter().flatten().collect();
    if !detail.is_empty() {
        lines.push(paint.dim(&format!("         {}", detail.join("   "))));
    }
    lines
}

fn first_message(why: &Why) -> Option<&Message> {
    match &why.log {
        Some(HookLog::Evidence(evidence)) => evidence.verdict.because.first(),
        Some(HookLog::Tail { .. } | HookLog::Unreadable { .. }) | None => None,
    }
}

fn rolled_back(rollback: &RolledBack, serving: &Serving, paint: Paint) -> String {
    let id = rollback.deployment_id.as_deref().unwrap_or("…");
    match rollback.standing {
        Rollback::Done => {
            let took = rollback.took.map(|took| format!(" in {}", words::duration(took))).unwrap_or_default();
            format!("{} {id}{took}: {}", paint.green("rolled back by"), traffic(serving))
        }
        Rollback::NotDone => {
            let error = rollback.error.as_ref().map(|error| format!(" ({} {})", error.code, error.message));
            let error = error.unwrap_or_default();
            format!("{}: the rollback {id} did not succeed{error}; {}", paint.red("NOT rolled back"), traffic(serving))
        }
        Rollback::None => {
            format!("{}: there is no rollback deployment; {}", paint.red("NOT rolled back"), traffic(serving))
        }
    }
}

fn traffic(serving: &Serving) -> String {
    match (&serving.production, &serving.test) {
        (Some(production), Some(test)) if production.original >= 100.0 && test.original >= 100.0 => {
            "the original task set has 100 % of production and test traffic".to_owned()
        }
        (Some(production), None) if production.original >= 100.0 => {
            "the original task set has 100 % of production traffic".to_owned()
        }
        (Some(production), Some(test)) => {
            format!("production: {}; test: {}", words::split(production), words::split(test))
        }
        (Some(production), None) => format!("production: {}", words::split(production)),
        (None, _) => "the listeners could not be read, so look where production traffic goes".to_owned(),
    }
}

/// A line of a log may be a whole document.
fn clipped(line: &str) -> String {
    const LONGEST: usize = 240;
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
#[path = "block_tests.rs"]
pub(super) mod tests;
