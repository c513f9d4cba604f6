//! `greenlight check`: the hooks' engine, run from here against addresses. It asks AWS nothing but what checks of alarms and
//! metrics ask, and that with the credentials and the region of the environment; so it proves nothing about routing. That
//! is said, and the rest of the verdict holds as it does in a hook.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use greenlight_checks::event::HookEvent;
use greenlight_checks::evidence::{Attestation, CheckEvidence};
use greenlight_checks::message::{Message, codes};
use greenlight_checks::observation;
use greenlight_checks::plan::{self, EndpointSpec, EventPlan, Givens, Plan, Requirement};
use greenlight_checks::run;
use greenlight_checks::surroundings::{Endpoint, Endpoints, Limits, Surroundings};
use greenlight_checks::verdict::{self, Case};

use super::interruption;
use crate::aws::Connection;
use crate::aws::cloudwatch::Reader;
use crate::clock;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::show::checked::{Checked, Subject};
use crate::show::{Printer, junit, words};

/// As long as a hook may take at most before its own watchdog ends it.
const LONGEST: Duration = Duration::from_secs(50 * 60);

/// What to check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The plan's file.
    pub plan: PathBuf,
    /// The version under test.
    pub green: String,
    /// The version that serves.
    pub blue: Option<String>,
    /// One event's checks; without it those of every event, each once.
    pub event: Option<HookEvent>,
    /// `NAME`, `VALUE`; they go before the environment.
    pub variables: Vec<(String, String)>,
    /// Where to write JUnit XML, where that is wanted.
    pub junit: Option<Destination>,
}

/// Where a document goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// As data.
    StandardOutput,
    /// Into this file.
    File(PathBuf),
}

/// Runs the checks and prints what they came to.
pub async fn run(request: &Request, printer: &mut Printer) -> Result<Exit, Failure> {
    let mut interruption = interruption::listen()?;
    let document = Document::open(request.junit.as_ref())?;
    let plan = read(request)?;
    let checks = select(&plan, request.event)?;
    printer.note(&beginning(&plan, &checks, request), clock::now());
    let subject = Subject {
        plan: plan.identity().clone(),
        event: request.event,
        green: request.green.clone(),
        blue: request.blue.clone(),
    };
    printer.checking(&subject, clock::now());

    let endpoints = Endpoints {
        green: Some(endpoint(&request.green, &plan.endpoints.green)),
        blue: request.blue.as_deref().map(|url| endpoint(url, &plan.endpoints.blue)),
    };
    let limits = Limits {
        stabilise_until: clock::within(plan.budget.stabilise),
        deadline: clock::within(plan.budget.total.unwrap_or(LONGEST)),
        execution: format!("greenlight-check-{}", clock::now().as_millisecond()),
    };
    let (ended, mut ends) = tokio::sync::mpsc::unbounded_channel();
    let mut surroundings = Surroundings::new(endpoints, limits);
    if checks.asks_cloudwatch() {
        surroundings.cloudwatch = Some(Arc::new(Reader::connect(&Connection::default()).await));
    }
    // Nobody hears of an end only where this function has returned already.
    surroundings.on_end = Some(Arc::new(move |check| drop(ended.send(check.clone()))));
    let all = checks.ids().count();
    let mut told = 0..all;
    let mut tell = |check: &CheckEvidence, printer: &mut Printer| {
        let number = told.next().map_or(all, |before| before + 1);
        printer.check_ended(check, number, all, clock::now());
    };
    let mut running = pin!(run::run(&checks, &surroundings));
    let seen = loop {
        tokio::select! {
            biased;
            exit = interruption.wait() => return Err(Failure::InterruptedBefore("the checks had ended", exit)),
            Some(check) = ends.recv() => tell(&check, printer),
            seen = &mut running => break seen,
        }
    };
    while let Ok(check) = ends.try_recv() {
        tell(&check, printer);
    }

    let attestation = Attestation::not_required();
    let verdict = verdict::decide(&Case { attestation: &attestation, routing: Requirement::Off, checks: &seen });
    let (verdict, observed) = observation::under(plan.mode, verdict);
    let checked = Checked { subject, checks: seen, verdict, observed };
    match document {
        Some(document) => document.write(&checked, printer)?,
        None => printer.checked(&checked, clock::now()),
    }
    Ok(checked.exit())
}

/// A JUnit document that will be written.
enum Document<'a> {
    StandardOutput,
    File(&'a Path, File),
}

impl<'a> Document<'a> {
    /// Empties the file at once: whatever happens until the end, a report of an earlier run must not pass for one of this run.
    fn open(destination: Option<&'a Destination>) -> Result<Option<Self>, Failure> {
        match destination {
            None => Ok(None),
            Some(Destination::StandardOutput) => Ok(Some(Self::StandardOutput)),
            Some(Destination::File(path)) => match File::create(path) {
                Ok(file) => Ok(Some(Self::File(path, file))),
                Err(source) => Err(Failure::Written { path: path.clone(), source }),
            },
        }
    }

    fn write(self, checked: &Checked, printer: &mut Printer) -> Result<(), Failure> {
        let text = junit::document(checked);
        match self {
            Self::StandardOutput => printer.data(text.trim_end()),
            Self::File(path, mut file) => {
                file.write_all(text.as_bytes()).map_err(|source| Failure::Written { path: path.to_owned(), source })?
            }
        }
        printer.checked_beside(checked);
        Ok(())
    }
}

fn read(request: &Request) -> Result<Plan, Failure> {
    let text = std::fs::read_to_string(&request.plan)
        .map_err(|source| Failure::File { path: request.plan.clone(), source })?;
    let variable = |name: &str| super::variable(&request.variables, name);
    let beside = |file: &str| std::fs::read(request.plan.with_file_name(file)).map_err(|error| error.to_string());
    let givens = Givens::at(clock::now()).with_variables(&variable).with_secrets(&variable).with_files(&beside);
    plan::read(&text, &request.plan.display().to_string(), &givens).map_err(|errors| Failure::CheckPlan(errors.into()))
}

fn select(plan: &Plan, event: Option<HookEvent>) -> Result<EventPlan, Failure> {
    let (checks, whose) = match event {
        // The engine's own message speaks of a function.
        Some(event) => (plan.for_event(event).ok(), event.name()),
        None => (Some(plan.for_every_event()), "any event"),
    };
    checks.filter(|checks| checks.ids().next().is_some()).ok_or_else(|| {
        let text = format!("lists no checks for {whose}; nothing would be validated");
        let message = Message::new(codes::PLAN_EMPTY_FOR_EVENT, "plan", text);
        Failure::CheckPlan(vec![message.at(plan.identity().source.clone())])
    })
}

fn endpoint(url: &str, spec: &EndpointSpec) -> Endpoint {
    Endpoint { base: url.to_owned(), host: spec.host.clone(), ca: spec.ca.clone(), via: url.to_owned() }
}

fn beginning(plan: &Plan, checks: &EventPlan, request: &Request) -> String {
    let event = request.event.map(|event| format!(" of {event}")).unwrap_or_default();
    format!(
        "{}: {}{event} against {}; routing is not attested from here; \"not ready\" is tolerated for {}",
        plan.identity().source,
        words::count(checks.ids().count(), "check"),
        request.green,
        words::duration(plan.budget.stabilise),
    )
}
