//! The report for the page of a CI job: Markdown, short enough for any step summary, with nothing that the page would run.

use std::fmt::Write as _;
use std::time::Duration;

use greenlight_checks::evidence::{CheckEvidence, Expectation, Outcome, Severity};

use super::super::words;
use super::document::{Document, Hook};

/// So much of what a check expects is told; the rest is in the other files.
const MOST_EXPECTED: usize = 4;
/// A step summary takes a megabyte; nobody reads that much.
const LONGEST: usize = 60 * 1024;

/// The document.
pub fn document(document: &Document) -> String {
    let deployment = &document.deployment;
    let mut text = format!("## {} {}\n\n", headline(document), code(&deployment.id));
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(text, "| {name} | {} |", cell(value));
    };
    row("", "");
    row("---", "---");
    row("Service", &format!("{} (group {})", deployment.service, deployment.group));
    if let (Some(container), Some(from), Some(to)) = (&deployment.container, &deployment.from, &deployment.to) {
        row("Version", &format!("{container} {from} -> {to}"));
    }
    if let Some(shift) = &deployment.shift {
        row("Shift", shift);
    }
    if let Some(took) = deployment.took_ms {
        row("Took", &words::duration(Duration::from_millis(took)));
    }
    row("Outcome", &document.outcome.reason);
    if let Some(rollback) = &document.rollback {
        let id = rollback.deployment_id.as_deref().unwrap_or("none");
        row("Rollback", &format!("{id}, {}", if rollback.done { "done" } else { "NOT done" }));
    }
    if let Some(failure) = &document.failure {
        let _ = writeln!(text, "\n### Why\n\n```text\n{}\n```", fenced(&failure.told.join("\n")));
    }
    for hook in &document.hooks {
        hook_section(&mut text, hook);
    }
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push_str("\n\n(cut; the whole is in report.json)\n");
    }
    text
}

fn headline(document: &Document) -> &'static str {
    match document.outcome.exit_code {
        Some(0) => "Succeeded",
        Some(_) => "Not succeeded",
        None => "Running",
    }
}

fn hook_section(text: &mut String, hook: &Hook) {
    let _ = write!(text, "\n### {}\n\n", cell(&hook.event));
    let Some(evidence) = &hook.evidence else {
        let why = hook.unreadable.as_deref().map_or("the function left no evidence", |error| error);
        let _ = writeln!(text, "{}", cell(why));
        for looked in &hook.stored {
            let _ = writeln!(text, "\nLooked for evidence: {}", cell(looked));
        }
        return;
    };
    text.push_str("| Check | Outcome | Took | Expected | Seen |\n| --- | --- | --- | --- | --- |\n");
    for check in &evidence.checks {
        let took = words::duration(Duration::from_millis(check.took_ms));
        let cells = [cell(&check.id), outcome(check), took, cell(&expected(check)), cell(&seen(check))];
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
}

fn expected(check: &CheckEvidence) -> String {
    if check.expectations.is_empty() {
        return "not in this evidence".to_owned();
    }
    listed(check, |each| Some(&each.expected))
}

/// Why it did not pass, or what it saw: each message has its own.
fn seen(check: &CheckEvidence) -> String {
    let messages: Vec<_> = check.messages.iter().map(ToString::to_string).collect();
    if messages.is_empty() { listed(check, |each| each.seen.as_ref()) } else { messages.join("; ") }
}

fn listed(check: &CheckEvidence, part: fn(&Expectation) -> Option<&String>) -> String {
    let told = check.expectations.iter().take(MOST_EXPECTED);
    let told: Vec<_> = told.map(|each| part(each).map_or("nothing", String::as_str)).collect();
    let further = check.expectations.len().saturating_sub(MOST_EXPECTED);
    let rest = if further > 0 { format!("; and {further} more") } else { String::new() };
    told.join("; ") + &rest
}

/// In words, for no sign is known everywhere.
pub(super) fn outcome(check: &CheckEvidence) -> String {
    let word = match check.outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "failed",
        Outcome::Inconclusive => "inconclusive",
        Outcome::Errored => "could not be run",
        Outcome::Skipped => "not run",
    };
    match check.severity {
        Severity::Warn if check.outcome != Outcome::Passed => format!("{word} (warns only)"),
        Severity::Warn | Severity::Block => word.to_owned(),
    }
}

/// Text from services and plans, as text: no markup, no new cell, no new row.
fn cell(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for each in text.chars() {
        match each {
            '\n' | '\r' => escaped.push(' '),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' | '#' | '!' | '~' | '@' => {
                escaped.push('\\');
                escaped.push(each);
            }
            each => escaped.push(each),
        }
    }
    escaped
}

fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'"))
}

/// Nothing in it ends the block that it is in.
fn fenced(text: &str) -> String {
    text.replace("```", "'''")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_service_answers_is_neither_markup_nor_a_new_cell_nor_the_end_of_a_block() {
        assert_eq!(cell("a | b\n<img> [x](y) `z` @team"), r"a \| b &lt;img&gt; \[x\](y) \`z\` \@team");
        assert_eq!(fenced("a\n```\n# b"), "a\n'''\n# b");
        assert_eq!(code("d`1"), "`d'1`");
    }
}
