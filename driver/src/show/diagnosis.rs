//! What the doctor found, grouped by how bad it is, for people; and a line of type `finding` each, for programs.

use jiff::Timestamp;
use serde_json::json;

use super::paint::Paint;
use super::{Kind, Printer, error_line, json, output_line, words};
use crate::decide::doctor::{Check, Diagnosis, Finding, Severity};
use crate::exit::Exit;

impl Printer {
    /// What the doctor found. For people it is the data that was asked for.
    pub fn diagnosis(&mut self, diagnosis: &Diagnosis, exit: Exit, now: Timestamp) {
        let paint = match &mut self.kind {
            Kind::Json(json) => {
                write(diagnosis, now);
                json.outcome(None, exit, &reason(diagnosis), now);
                return;
            }
            Kind::Live(live) => live.paint,
            Kind::Plain(_) => Paint::off(),
        };
        lines(diagnosis, paint).iter().for_each(|line| output_line(line));
    }

    /// What a preflight found, beside what was asked for: what blocks in full, the rest in a line each.
    pub fn preflight(&mut self, diagnosis: &Diagnosis, now: Timestamp) {
        if let Kind::Json(_) = &self.kind {
            write(diagnosis, now);
            return;
        }
        let paint = match &self.kind {
            Kind::Live(live) => live.paint,
            Kind::Plain(_) | Kind::Json(_) => Paint::off(),
        };
        for found in &diagnosis.findings {
            let told = format!("{} {}; {}", found.check.id(), found.finding, found.consequence);
            match found.severity {
                Severity::Blocking => finding(found, paint).iter().for_each(|line| error_line(line)),
                Severity::Warning => self.warning(&told, now),
                Severity::Info => self.note(&told, now),
            }
        }
    }
}

/// The findings of each severity under a heading, and how many checks were clean.
fn lines(diagnosis: &Diagnosis, paint: Paint) -> Vec<String> {
    let mut lines = Vec::new();
    for severity in Severity::ALL {
        let found: Vec<&Finding> = diagnosis.of(severity).collect();
        if found.is_empty() {
            continue;
        }
        let heading = heading(severity, found.len());
        lines.push(match severity {
            Severity::Blocking => paint.red(&heading),
            Severity::Warning => paint.yellow(&heading),
            Severity::Info => paint.bold(&heading),
        });
        lines.extend(found.into_iter().flat_map(|found| finding(found, paint)));
    }
    lines.push(counts(diagnosis));
    lines
}

/// A finding, its consequence and its fix.
fn finding(finding: &Finding, paint: Paint) -> Vec<String> {
    vec![
        format!("  {}  {}", paint.bold(finding.check.id()), finding.finding),
        format!("        then: {}", finding.consequence),
        format!("        do:   {}", finding.fix),
    ]
}

fn heading(severity: Severity, count: usize) -> String {
    match severity {
        Severity::Blocking => format!("BLOCKING  {}", words::count(count, "finding")),
        Severity::Warning => format!("WARNING   {}", words::count(count, "finding")),
        Severity::Info => format!("INFO      {}", words::count(count, "finding")),
    }
}

/// `24 of 30 checks clean; 3 have nothing to look at: DR09, …; not judged, because what they rest on is missing: DR05`.
fn counts(diagnosis: &Diagnosis) -> String {
    let ids = |checks: &[Check]| checks.iter().map(|check| check.id()).collect::<Vec<_>>().join(", ");
    let mut found: Vec<Check> = diagnosis.findings.iter().map(|finding| finding.check).collect();
    found.sort_unstable();
    found.dedup();
    let all = diagnosis.clean.len() + found.len() + diagnosis.inapplicable.len() + diagnosis.behind.len();
    let mut text = format!("{} of {} clean", diagnosis.clean.len(), words::count(all, "check"));
    if !diagnosis.inapplicable.is_empty() {
        text +=
            &format!("; {} nothing to look at: {}", have(diagnosis.inapplicable.len()), ids(&diagnosis.inapplicable));
    }
    if !diagnosis.behind.is_empty() {
        text += &format!("; not judged, because what they rest on is missing: {}", ids(&diagnosis.behind));
    }
    text
}

fn have(count: usize) -> String {
    if count == 1 { "1 has".to_owned() } else { format!("{count} have") }
}

/// A line of type `finding` for each.
fn write(diagnosis: &Diagnosis, now: Timestamp) {
    for finding in &diagnosis.findings {
        let members = json!({
            "id": finding.check.id(),
            "severity": finding.severity.name(),
            "finding": finding.finding,
            "consequence": finding.consequence,
            "fix": finding.fix,
        });
        json::write("finding", now, members);
    }
}

/// Why the command ends as it does.
fn reason(diagnosis: &Diagnosis) -> String {
    let blocking: Vec<&str> = diagnosis.of(Severity::Blocking).map(|finding| finding.check.id()).collect();
    if blocking.is_empty() {
        format!("nothing blocks; {}", counts(diagnosis))
    } else {
        format!("blocked by {}; {}", blocking.join(", "), counts(diagnosis))
    }
}
