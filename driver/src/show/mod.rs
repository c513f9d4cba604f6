//! The one printer: a terminal with a live region, plain lines, or NDJSON. Everything that leaves the process goes through
//! here; standard output is data, everything else is standard error.

pub mod approval;
pub mod block;
pub mod checked;
pub mod clean_up;
mod diagnosis;
pub mod history;
pub mod invoked;
pub mod json;
pub mod junit;
pub mod live;
pub mod paint;
pub mod plain;
pub mod planned;
mod reasons;
pub mod report;
pub mod rollback;
pub mod words;

use std::io::Write as _;

use greenlight_checks::evidence::CheckEvidence;
use jiff::Timestamp;

use crate::decide::history::Entry;
use crate::decide::plan::Plan;
use crate::decide::report::{HookLog, Report};
use crate::decide::view::View;
use crate::decide::watch::Change;
use crate::exit::Exit;
use crate::snapshot::DeploymentStatus;
use checked::{Checked, Subject};
use invoked::Invoked;
use json::Json;
use live::Live;
use paint::Paint;
use plain::Plain;
use report::Recorder;

/// How to show things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A live region on a terminal.
    Terminal {
        /// With colours.
        colours: bool,
    },
    /// A line for each change.
    Plain,
    /// NDJSON on standard output.
    Json,
}

/// The printer.
#[derive(Debug)]
pub struct Printer {
    kind: Kind,
    recorder: Option<Recorder>,
}

#[derive(Debug)]
enum Kind {
    Live(Live),
    Plain(Plain),
    Json(Json),
}

/// A deployment that was just created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// The id.
    pub deployment_id: String,
    /// Application.
    pub application: String,
    /// Group.
    pub group: String,
    /// The task definition that is deployed.
    pub task_definition: String,
    /// The AppSpec as it was sent.
    pub appspec: String,
    /// SHA-256 of it.
    pub sha256: String,
}

impl Printer {
    /// A printer of this form.
    pub fn new(form: Form) -> Self {
        let kind = match form {
            Form::Terminal { colours } => Kind::Live(Live::new(Paint::new(colours))),
            Form::Plain => Kind::Plain(Plain::default()),
            Form::Json => Kind::Json(Json),
        };
        Self { kind, recorder: None }
    }

    /// Keeps the report of the deployment in this folder too.
    pub fn report_to(&mut self, folder: &std::path::Path) -> std::io::Result<()> {
        self.recorder = Some(Recorder::new(folder)?);
        Ok(())
    }

    /// Writes the report, where one was asked for. That it cannot be written changes no outcome of a deployment.
    fn keep(&mut self, report: &Report, exit: Option<Exit>, reason: &str, now: Timestamp) {
        let Some(recorder) = &self.recorder else { return };
        let folder = recorder.folder().display().to_string();
        match recorder.write(report, exit, reason, now) {
            Ok(()) => {
                self.note(&format!("report kept in {folder}: report.html, report.json, junit.xml, summary.md"), now)
            }
            Err(error) => self.warning(&format!("failed to write the report to {folder}: {error}"), now),
        }
    }

    /// Whether something moves on the screen between two looks.
    pub fn is_live(&self) -> bool {
        matches!(self.kind, Kind::Live(_))
    }

    /// A step that was taken.
    pub fn note(&mut self, text: &str, now: Timestamp) {
        match &mut self.kind {
            Kind::Live(live) => live.line(text),
            Kind::Plain(_) => error_line(text),
            Kind::Json(json) => json.text("note", text, now),
        }
    }

    /// Something that is probably not meant so.
    pub fn warning(&mut self, text: &str, now: Timestamp) {
        match &mut self.kind {
            Kind::Live(live) => live.line(&format!("{} {text}", live.paint.yellow("warning:"))),
            Kind::Plain(_) => error_line(&format!("warning: {text}")),
            Kind::Json(json) => json.text("warning", text, now),
        }
    }

    /// The deployment exists.
    pub fn created(&mut self, created: &Created, now: Timestamp) {
        if let Kind::Json(json) = &mut self.kind {
            json.created(created, now);
        }
    }

    /// What was to be deployed serves already, by this deployment.
    pub fn deployed_already(&mut self, deployment_id: &str, now: Timestamp) {
        let text =
            format!("nothing to do: {deployment_id} deployed exactly this, and it serves; --force deploys it again");
        match &mut self.kind {
            Kind::Live(live) => live.line(&text),
            Kind::Plain(_) => error_line(&text),
            Kind::Json(json) => json.failed(&[text], Some(deployment_id), Exit::Succeeded, now),
        }
    }

    /// Asks a person. It is no data, whatever the form, and the answer is typed behind it.
    pub fn question(&mut self, text: &str) {
        let mut error = std::io::stderr().lock();
        let _ = write!(error, "{text} [y/N] ").and_then(|()| error.flush());
    }

    /// A look: what is, and what changed.
    pub fn progress(&mut self, view: &View, changes: &[Change], now: Timestamp) {
        if let Some(recorder) = &mut self.recorder {
            recorder.record(changes, now);
        }
        match &mut self.kind {
            Kind::Live(live) => live.show(view),
            Kind::Plain(plain) => plain.lines(view, now).iter().for_each(|line| error_line(line)),
            Kind::Json(json) => changes.iter().for_each(|change| json.change(change, now)),
        }
    }

    /// What a hook's function left.
    pub fn hook_log(&mut self, event: &str, log: &HookLog, now: Timestamp) {
        if let Some(recorder) = &mut self.recorder {
            recorder.record_hook(event, log);
        }
        if let Kind::Json(json) = &mut self.kind {
            json.hook_log(event, log, now);
        }
    }

    /// The end of a followed deployment.
    pub fn report(&mut self, report: &Report, view: &View, now: Timestamp) {
        self.keep(report, Some(report.exit), &block::reason(report), now);
        match &mut self.kind {
            Kind::Live(live) => {
                live.close(view);
                block::report(report, live.paint).iter().for_each(|line| error_line(line));
            }
            Kind::Plain(_) => block::report(report, Paint::off()).iter().for_each(|line| error_line(line)),
            Kind::Json(json) => json.report(report, now),
        }
    }

    /// One shot: the view and, where it failed, why. For people it is the data that was asked for.
    pub fn status(&mut self, report: &Report, view: &View, changes: &[Change], now: Timestamp) {
        if let Some(recorder) = &mut self.recorder {
            recorder.record(changes, now);
        }
        let reason = match report::ended(report) {
            Some(_) => block::reason(report),
            None => format!("the deployment is {}", report.status.as_ref().map_or("unknown", DeploymentStatus::as_str)),
        };
        self.keep(report, report::ended(report), &reason, now);
        let paint = match &mut self.kind {
            Kind::Json(json) => {
                changes.iter().for_each(|change| json.change(change, now));
                json.failure(report, now);
                json.read(report, now);
                return;
            }
            Kind::Live(live) => live.paint,
            Kind::Plain(_) => Paint::off(),
        };
        let mut lines = block::view(view, paint);
        if report::ended(report).is_some() {
            let mut end = block::report(report, paint);
            // The exit code of `status` says whether it could be read.
            end.pop();
            lines.extend(end);
        }
        lines.iter().for_each(|line| output_line(line));
    }

    /// Checks are about to run.
    pub fn checking(&mut self, subject: &Subject, now: Timestamp) {
        if let Kind::Json(_) = &self.kind {
            checked::write_subject(subject, now);
        }
    }

    /// A check has ended, the `number`th of `all`.
    pub fn check_ended(&mut self, check: &CheckEvidence, number: usize, all: usize, now: Timestamp) {
        match &self.kind {
            Kind::Live(live) => live.line(&checked::progress(check, number, all, live.paint)),
            Kind::Plain(_) => error_line(&checked::progress(check, number, all, Paint::off())),
            Kind::Json(_) => checked::write_check(check, now),
        }
    }

    /// What the checks came to. For people it is the data that was asked for.
    pub fn checked(&mut self, checked: &Checked, now: Timestamp) {
        let paint = match &mut self.kind {
            Kind::Json(json) => {
                checked::write_verdict(checked, now);
                json.outcome(None, checked.exit(), &checked.reason(), now);
                return;
            }
            Kind::Live(live) => live.paint,
            Kind::Plain(_) => Paint::off(),
        };
        checked::lines(checked, paint).iter().for_each(|line| output_line(line));
    }

    /// What the checks came to, for people, beside a document that is the data.
    pub fn checked_beside(&mut self, checked: &Checked) {
        let paint = match &self.kind {
            Kind::Live(live) => live.paint,
            Kind::Plain(_) | Kind::Json(_) => Paint::off(),
        };
        checked::lines(checked, paint).iter().for_each(|line| error_line(line));
    }

    /// A document that was asked for, and nothing else.
    pub fn document(&mut self, document: &serde_json::Value) {
        output_line(&format!("{document:#}"));
    }

    /// A text that was asked for, as it stands.
    pub fn text(&mut self, text: &str) {
        text.lines().for_each(output_line);
    }

    /// A line of a function's log.
    pub fn function_log(&mut self, line: &str, at: Timestamp) {
        match &mut self.kind {
            Kind::Live(live) => live.line(&live.paint.dim(line)),
            Kind::Plain(_) => error_line(line),
            Kind::Json(json) => json.text("function_log", line, at),
        }
    }

    /// A hook that was invoked here. For people it is the data that was asked for.
    pub fn invoked(&mut self, invoked: &Invoked, now: Timestamp) {
        let paint = match &mut self.kind {
            Kind::Json(json) => {
                invoked::write(invoked, now);
                json.outcome(None, invoked.exit(), &invoked::reason(invoked), now);
                return;
            }
            Kind::Live(live) => live.paint,
            Kind::Plain(_) => Paint::off(),
        };
        invoked::lines(invoked, paint).iter().for_each(|line| output_line(line));
    }

    /// The deployments of a group. For people it is the data that was asked for.
    pub fn history(&mut self, entries: &[Entry], now: Timestamp) {
        let paint = match &mut self.kind {
            Kind::Json(json) => {
                history::write(entries, now);
                json.outcome(None, Exit::Succeeded, "read", now);
                return;
            }
            Kind::Live(live) => live.paint,
            Kind::Plain(_) => Paint::off(),
        };
        history::table(entries, paint).iter().for_each(|line| output_line(line));
    }

    /// What a deployment would do. For people it is the data that was asked for.
    pub fn planned(&mut self, plan: &Plan, now: Timestamp) {
        let paint = match &mut self.kind {
            Kind::Json(json) => {
                planned::write(plan, now);
                json.outcome(None, plan.exit(), &planned::reason(plan), now);
                return;
            }
            Kind::Live(live) => live.paint,
            Kind::Plain(_) => Paint::off(),
        };
        planned::lines(plan, paint).iter().for_each(|line| output_line(line));
    }

    /// Following stops while the deployment goes on.
    pub fn detached(&mut self, lines: &[String], report: Option<&Report>, exit: Exit, now: Timestamp) {
        if let Some(report) = report {
            self.keep(report, Some(exit), &lines.join("; "), now);
        }
        match &mut self.kind {
            Kind::Json(json) => json.outcome(report, exit, &lines.join("; "), now),
            Kind::Live(live) => {
                live.leave();
                lines.iter().for_each(|line| error_line(line));
                error_line(&format!("exit {}", exit.code()));
            }
            Kind::Plain(_) => {
                lines.iter().for_each(|line| error_line(line));
                error_line(&format!("exit {}", exit.code()));
            }
        }
    }

    /// The command cannot do what it was asked for. `lines` begins with the error.
    pub fn failure(&mut self, lines: &[String], deployment_id: Option<&str>, exit: Exit, now: Timestamp) {
        let paint = match &mut self.kind {
            Kind::Json(json) => {
                json.failed(lines, deployment_id, exit, now);
                return;
            }
            Kind::Live(live) => {
                live.clear();
                live.paint
            }
            Kind::Plain(_) => Paint::off(),
        };
        for (index, line) in lines.iter().enumerate() {
            error_line(&if index == 0 { format!("{} {line}", paint.red("error:")) } else { format!("  {line}") });
        }
    }

    /// A line that closes a verb, for people: for programs the outcome is the last line.
    pub fn closing(&mut self, text: &str) {
        match &self.kind {
            Kind::Live(_) | Kind::Plain(_) => error_line(text),
            Kind::Json(_) => {}
        }
    }

    /// The end of a verb that deploys nothing: for programs the last line, for people the exit code says it.
    pub fn ended(&mut self, exit: Exit, reason: &str, now: Timestamp) {
        if let Kind::Json(json) = &mut self.kind {
            json.outcome(None, exit, reason, now);
        }
    }

    /// Data that was asked for.
    pub fn data(&mut self, line: &str) {
        output_line(line);
    }
}

/// A reader that has gone away is no reason to fail a deployment.
fn output_line(line: &str) {
    let mut output = std::io::stdout().lock();
    let _ = writeln!(output, "{line}").and_then(|()| output.flush());
}

fn error_line(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
