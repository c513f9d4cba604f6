//! The documentation's table of fields and defaults, row by row: what a plan means that leaves a field out, what the field
//! then does, and what is said where its limit is passed. Rows that another test proves whole are not proven again here.
//!
//! Defaults are read from the plan and never waited for; what happens while a check runs is seen over real sockets.

mod decisions;
mod endpoints;
mod requests;
mod samples;
mod time;

use std::time::Duration;

use crate::clock;
use crate::event::HookEvent;
use crate::evidence::{Attestation, CheckEvidence, Verdict};
use crate::plan::{self, EventPlan, Givens, Plan, Requirement};
use crate::run::run;
use crate::surroundings::{Endpoint, Endpoints, Limits, Surroundings};
use crate::verdict::{Case, decide};

/// No test waits for it.
const LONG: Duration = Duration::from_secs(120);

/// The plan, or everything that is wrong with it, with these lines beside its one check.
fn plan_with(lines: &str) -> Result<Plan, Vec<String>> {
    read(&format!(
        "version: 1\n{lines}\nhooks: {{ AfterAllowTestTraffic: [a] }}\nchecks: [ {{ id: a, http: {{ get: / }}, expect: {{ status: 200 }} }} ]\n"
    ))
}

/// The checks `a`, `b`, …, each with these fields.
fn checks(fields: &[&str]) -> Result<EventPlan, Vec<String>> {
    let ids = &["a", "b", "c"][..fields.len()];
    let entries: String =
        ids.iter().zip(fields).map(|(id, fields)| format!("  - {{ id: {id}, {fields} }}\n")).collect();
    read(&format!("version: 1\nhooks: {{ AfterAllowTestTraffic: [{}] }}\nchecks:\n{entries}", ids.join(", ")))
        .map(|plan| plan.for_event(HookEvent::AfterAllowTestTraffic).unwrap())
}

fn check(fields: &str) -> EventPlan {
    checks(&[fields]).unwrap_or_else(|told| panic!("{told:#?}"))
}

/// What is said of a check with these fields.
fn refused(fields: &str) -> Vec<String> {
    checks(&[fields]).err().unwrap_or_default()
}

fn read(text: &str) -> Result<Plan, Vec<String>> {
    plan::read(text, "checks.yaml", &Givens::at(jiff::Timestamp::UNIX_EPOCH))
        .map_err(|errors| errors.messages().iter().map(ToString::to_string).collect())
}

fn endpoints_at(base: &str) -> Endpoints {
    let green = Endpoint { base: base.to_owned(), host: None, ca: None, via: "test listener".to_owned() };
    Endpoints { green: Some(green), blue: None }
}

/// Runs the checks against this address, with a window in which a service may still start.
async fn run_within(window: Duration, plan: &EventPlan, base: &str) -> Vec<CheckEvidence> {
    let now = clock::now();
    let limits = Limits { stabilise_until: now + window, deadline: now + LONG, execution: "execution".to_owned() };
    run(plan, &Surroundings::new(endpoints_at(base), limits)).await
}

/// The same with a window that is over.
async fn run_at(plan: &EventPlan, base: &str) -> Vec<CheckEvidence> {
    run_within(Duration::ZERO, plan, base).await
}

/// What a check says, each message as its code and text, without the request and how long it took.
fn said(evidence: &CheckEvidence) -> Vec<String> {
    evidence.messages.iter().map(|message| format!("{} {}: {}", message.code, message.subject, message.text)).collect()
}

/// What is reported of these checks, where nothing but them decides.
fn verdict_of(checks: &[CheckEvidence]) -> Verdict {
    decide(&Case { attestation: &Attestation::not_required(), routing: Requirement::Off, checks })
}
