//! What will be deleted, and what was.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Kind, Printer, error_line, json};
use crate::decide::clean_up::{CleanUp, Thing};
use crate::exit::Exit;

impl Printer {
    /// What will be deleted.
    pub fn clean_up(&mut self, plan: &CleanUp, now: Timestamp) {
        match &mut self.kind {
            Kind::Live(live) => lines(plan).iter().for_each(|line| live.line(line)),
            Kind::Plain(_) => lines(plan).iter().for_each(|line| error_line(line)),
            Kind::Json(_) => write(plan, now),
        }
    }

    /// Something is not there any more.
    pub fn deleted(&mut self, thing: &Thing, was_there: bool, now: Timestamp) {
        match &mut self.kind {
            Kind::Live(live) => live.line(&deleted(thing, was_there)),
            Kind::Plain(_) => error_line(&deleted(thing, was_there)),
            Kind::Json(_) => write_deleted(thing, was_there, now),
        }
    }

    /// The end of a clean-up.
    pub fn cleaned_up(&mut self, text: &str, now: Timestamp) {
        match &mut self.kind {
            Kind::Live(live) => live.line(text),
            Kind::Plain(_) => error_line(text),
            Kind::Json(json) => json.outcome(None, Exit::Succeeded, text, now),
        }
    }
}

/// For people.
pub(super) fn lines(plan: &CleanUp) -> Vec<String> {
    let row = |thing: &Thing| format!("  {:16}  {}", thing.kind(), thing.name());
    let mut lines = Vec::new();
    for (heading, things) in [("to be deleted, in this order", &plan.delete), ("gone already", &plan.gone)] {
        if !things.is_empty() {
            lines.push(heading.to_owned());
            lines.extend(things.iter().map(row));
        }
    }
    if !plan.others.is_empty() {
        lines.push(format!("the application stays for its other groups: {}", plan.others.join(", ")));
    }
    lines.push("the service, its task definitions, the load balancer, roles and evidence stay".to_owned());
    lines
}

/// `clean_up`.
pub(super) fn write(plan: &CleanUp, now: Timestamp) {
    let things = |things: &[Thing]| things.iter().map(document).collect::<Vec<_>>();
    let members = json!({
        "delete": things(&plan.delete), "gone": things(&plan.gone), "other_deployment_groups": plan.others,
    });
    json::write("clean_up", now, members);
}

/// `deleted`.
pub(super) fn write_deleted(thing: &Thing, was_there: bool, now: Timestamp) {
    let mut members = document(thing);
    members["was_there"] = was_there.into();
    json::write("deleted", now, members);
}

/// A line for a thing that is not there any more.
pub(super) fn deleted(thing: &Thing, was_there: bool) -> String {
    let how = if was_there { "deleted" } else { "was gone already" };
    format!("{} {} {how}", thing.kind(), thing.name())
}

fn document(thing: &Thing) -> Value {
    json!({"kind": thing.kind().replace(' ', "_"), "name": thing.name()})
}
