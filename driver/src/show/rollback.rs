//! What a rollback will do, and what is said when there is nothing to do.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::{Created, Kind, Printer, error_line, json, words};
use crate::appspec::Rendered;
use crate::aws::creating::NewDeployment;
use crate::decide::history::Past;
use crate::decide::rollback::Revision;
use crate::decide::schedule::Shift;
use crate::decide::task_definition::revision_name;
use crate::exit::Exit;

impl Printer {
    /// What a rollback will do.
    pub fn proposal(&mut self, proposal: &Proposal, now: Timestamp) {
        match &mut self.kind {
            Kind::Live(live) => lines(proposal).iter().for_each(|line| live.line(line)),
            Kind::Plain(_) => lines(proposal).iter().for_each(|line| error_line(line)),
            Kind::Json(_) => write(proposal, now),
        }
    }

    /// A rollback has nothing to do.
    pub fn serves_already(&mut self, revision: &Revision, further: Option<&Past>, now: Timestamp) {
        let text = nothing_to_do(revision, further);
        match &mut self.kind {
            Kind::Live(live) => live.line(&text),
            Kind::Plain(_) => error_line(&text),
            Kind::Json(json) => json.outcome(None, Exit::Succeeded, &text, now),
        }
    }
}

/// A rollback that has not begun.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// The service's name.
    pub service: String,
    /// `family:revision` of what serves.
    pub from: Option<String>,
    /// The revision to go back to.
    pub revision: Revision,
    /// Why no hook will run; absent when they do.
    pub skipped: Option<String>,
    /// How traffic will shift.
    pub shift: Shift,
    /// The wait for a person.
    pub ready_wait: Duration,
    /// How long the task set that serves now is kept.
    pub termination_wait: Duration,
    /// The group's last deployment until now.
    pub last: Option<String>,
    /// What is to be created.
    pub new: NewDeployment,
}

impl Proposal {
    /// The deployment that was made of it.
    pub fn created(&self, id: &str) -> Created {
        Created {
            deployment_id: id.to_owned(),
            application: self.new.application.clone(),
            group: self.new.group.clone(),
            task_definition: self.revision.appspec.task_definition.clone(),
            appspec: self.new.appspec.content.clone(),
            sha256: self.new.appspec.sha256.clone(),
        }
    }
}

/// For people.
pub(super) fn lines(proposal: &Proposal) -> Vec<String> {
    let deployment = &proposal.revision.past.deployment;
    let created = deployment.created.map(|created| created.strftime(" of %Y-%m-%d %H:%M UTC").to_string());
    let about = proposal.revision.past.description.as_ref().map(|about| format!(" ({about})"));
    let hooks: Vec<_> =
        proposal.revision.appspec.hooks.iter().map(|(event, name)| format!("{}: {name}", event.name())).collect();
    let hooks = match &proposal.skipped {
        Some(reason) if hooks.len() > 1 => format!("SKIPPED, all {}: {reason}", hooks.len()),
        Some(reason) => format!("SKIPPED: {reason}"),
        None if hooks.is_empty() => "none".to_owned(),
        None => hooks.join(", "),
    };
    let from = proposal.from.as_deref().unwrap_or("(nothing that can be read)");
    let mut lines = vec![
        format!(
            "{}  {}  back to the revision of {}{}{}",
            proposal.service,
            proposal.new.group,
            deployment.id,
            created.unwrap_or_default(),
            about.unwrap_or_default()
        ),
        format!("  task definition  {from} -> {}", revision_name(&proposal.revision.appspec.task_definition)),
        format!("  hooks            {hooks}"),
        format!(
            "  traffic          {}",
            words::shift(&proposal.shift).unwrap_or_else(|| "as the group is configured".to_owned())
        ),
    ];
    if let Some(object) = &deployment.appspec_object {
        let how = if proposal.new.object.is_some() { "" } else { ", sent along without its hooks" };
        lines.push(format!("  AppSpec          {object}{how}"));
    }
    lines
}

/// `rollback`.
pub(super) fn write(proposal: &Proposal, now: Timestamp) {
    let hooks: serde_json::Map<_, _> =
        proposal.revision.appspec.hooks.iter().map(|(event, name)| (event.name().to_owned(), json!(name))).collect();
    let members = json!({
        "to_deployment_id": proposal.revision.past.deployment.id,
        "revision_sha256": Rendered::of(proposal.revision.content.clone()).sha256,
        "task_definition": proposal.revision.appspec.task_definition,
        "serving": proposal.from,
        "hooks": if proposal.skipped.is_some() { json!({}) } else { json!(hooks) },
        "skip_hooks_reason": proposal.skipped,
    });
    json::write("rollback", now, members);
}

/// The revision serves; `further` is the last success that does not.
pub(super) fn nothing_to_do(revision: &Revision, further: Option<&Past>) -> String {
    let definition = revision_name(&revision.appspec.task_definition);
    let serves = format!("nothing to do: {definition}, the revision of {}, serves", revision.past.deployment.id);
    match further {
        Some(past) => {
            let id = &past.deployment.id;
            let about = past.description.as_ref().map(|about| format!(" ({about})")).unwrap_or_default();
            format!("{serves}; the last other one that succeeded is {id}{about}: greenlight rollback --to {id}")
        }
        None => serves,
    }
}
