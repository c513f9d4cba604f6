//! `greenlight rehearse`: starts the stand-in in this process and runs the same deploy path against it, or keeps it running
//! for others. What it shows of the deployment is what `deploy` shows.

pub mod hook_binaries;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use greenlight_rehearsal::{Demo, GreenFails, Options, Pace, Scenario, StandIn, demo};
use tempfile::TempDir;

use super::deploy::deploy;
use super::following::Orders;
use super::interruption::{self, Interruption};
use super::{ConfigurationSource, Pacing};
use crate::aws::{Aws, Connection};
use crate::clock;
use crate::configuration::Configuration;
use crate::decide::view::since;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::show::{Printer, words};

/// The configuration that the built-in scenario is deployed with.
const CONFIGURATION: &str = include_str!("greenlight.yaml");

/// What to rehearse, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Rehearsal {
    /// A scenario file; the built-in demo without one.
    pub scenario: Option<PathBuf>,
    /// What is wrong with the demo's second version.
    pub green_fails: Option<GreenFails>,
    /// How much faster than AWS its waits pass.
    pub pace: Pace,
    /// Only serve.
    pub serve: bool,
    /// The endpoint's port; 0 takes a free one.
    pub port: u16,
    /// Where to keep the journal.
    pub journal: Option<PathBuf>,
    /// For `${NAME}` in the configuration that is rehearsed.
    pub variables: Vec<(String, String)>,
}

/// Rehearses, or serves.
pub async fn run(rehearsal: &Rehearsal, printer: &mut Printer) -> Result<Exit, Failure> {
    let mut interruption = interruption::listen()?;
    let (scenario, folder) = scenario(rehearsal, printer).await?;
    // Building the hooks is no part of the rehearsal.
    let begun = clock::now();
    let configuration = if rehearsal.serve { None } else { Some(configuration(rehearsal, &scenario)?) };
    let options = Options { scenario, pace: rehearsal.pace, port: rehearsal.port, register_green: rehearsal.serve };
    let stand_in = tokio::select! {
        biased;
        exit = interruption.wait() => return Err(Failure::Interrupted(exit)),
        stand_in = StandIn::start(options) => stand_in.map_err(failed_to("start the rehearsal"))?,
    };
    let ended = match &configuration {
        None => serve(&stand_in, printer, &mut interruption).await,
        Some(configuration) => {
            rehearse(&stand_in, configuration, rehearsal.pace, begun, printer, &mut interruption).await
        }
    };
    let journal = stand_in.journal();
    let kept = keep(rehearsal.journal.as_deref(), &journal);
    stand_in.shutdown().await;
    drop(folder);
    let (exit, took) = ended?;
    kept?;
    if let Some(took) = took {
        printer.closing(&format!("rehearsed in {}: {}", words::duration(took), happened(&journal)));
        if let Some(file) = &rehearsal.journal {
            printer.closing(&format!("journal of {} lines kept in {}", journal.len(), file.display()));
        }
    }
    Ok(exit)
}

async fn serve(
    stand_in: &StandIn,
    printer: &mut Printer,
    interruption: &mut Interruption,
) -> Result<(Exit, Option<Duration>), Failure> {
    let announcement = serde_json::to_string(stand_in.announcement()).expect("an announcement is text and numbers");
    printer.data(&announcement);
    // A service that is asked to end has done what it was asked for.
    interruption.wait().await;
    Ok((Exit::Succeeded, None))
}

async fn rehearse(
    stand_in: &StandIn,
    configuration: &Configuration,
    pace: Pace,
    begun: jiff::Timestamp,
    printer: &mut Printer,
    interruption: &mut Interruption,
) -> Result<(Exit, Option<Duration>), Failure> {
    let announcement = stand_in.announcement();
    let test = announcement.test.as_ref().map(|test| format!("   test {test}")).unwrap_or_default();
    printer.note(&format!("production {}{test}", announcement.production), clock::now());
    if let Some(note) = pace_note(pace) {
        printer.note(&note, clock::now());
    }
    let connection = Connection {
        endpoint: Some(announcement.endpoint.clone()),
        region: Some(announcement.region.clone()),
        stand_in: true,
        profile: None,
    };
    let aws = Aws::connect(&connection).await?;
    let pacing = Pacing {
        floor: Duration::from_millis(100),
        pace: pace.factor(),
        evidence: Duration::from_secs(2),
        ends_with_us: true,
    };
    let followed = deploy(&aws, configuration, Orders::default(), pacing, printer, interruption).await?;
    Ok((followed.exit, Some(since(begun, clock::now()))))
}

/// What the pace does to the wait that people know.
fn pace_note(pace: Pace) -> Option<String> {
    let five = pace.compress(Duration::from_secs(300));
    let factor = pace.factor();
    (factor > 1.0).then(|| {
        format!("time runs {factor} times faster here: a 5-minute canary takes {}; requests and functions take their own time", words::duration(five))
    })
}

async fn scenario(rehearsal: &Rehearsal, printer: &mut Printer) -> Result<(Scenario, Option<TempDir>), Failure> {
    // Asked now: a build on demand may put a new program in this one's place, and then its own path is not known any more.
    let program = std::env::current_exe().map_err(failed_to("find this program"))?;
    let Some(file) = &rehearsal.scenario else {
        let hooks = BTreeMap::from([
            ("AfterAllowTestTraffic".to_owned(), "after-allow-test-traffic".to_owned()),
            ("BeforeAllowTraffic".to_owned(), "before-allow-traffic".to_owned()),
        ]);
        let names: Vec<&str> = hooks.values().map(String::as_str).collect();
        let paths = hook_binaries::find(&program, &names, printer).await?;
        let folder = tempfile::tempdir().map_err(failed_to("make a folder for the demo's check plan"))?;
        std::fs::write(folder.path().join("checks.yaml"), demo::PLAN)
            .map_err(failed_to("write the demo's check plan"))?;
        let demo = Demo {
            shop: vec![program.to_string_lossy().into_owned(), "demo-shop".to_owned()],
            hooks: hooks.into_iter().map(|(event, name)| (event, paths[&name].clone())).collect(),
            green_fails: rehearsal.green_fails,
            plan_directory: folder.path().to_owned(),
        };
        return Ok((Scenario::demo(demo), Some(folder)));
    };
    let text = std::fs::read_to_string(file).map_err(|source| Failure::File { path: file.clone(), source })?;
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let directory = directory.canonicalize().map_err(failed_to("find the scenario's folder"))?;
    let mut scenario = Scenario::read(&text, &file.display().to_string(), &directory)
        .map_err(|error| Failure::Scenario(Box::new(error)))?;
    let names: Vec<&str> = scenario.binaries().into_iter().collect();
    let paths = hook_binaries::find(&program, &names, printer).await?;
    scenario.find_binaries(&|name| paths.get(name).cloned()).map_err(|error| Failure::Scenario(Box::new(error)))?;
    Ok((scenario, None))
}

fn configuration(rehearsal: &Rehearsal, scenario: &Scenario) -> Result<Configuration, Failure> {
    let source = |file: PathBuf| ConfigurationSource { file, variables: rehearsal.variables.clone() };
    match (&rehearsal.scenario, &scenario.deploy) {
        (None, _) => source("greenlight.yaml".into()).parse(CONFIGURATION),
        (Some(_), Some(file)) => source(file.clone()).read(),
        (Some(file), None) => Err(Failure::Unfit(format!(
            "{} names no configuration to deploy; add deploy: greenlight.yaml, or only serve with --serve",
            file.display()
        ))),
    }
}

/// What really ran, from the journal.
fn happened(entries: &[greenlight_rehearsal::journal::Entry]) -> String {
    let count = |service: &str, what: &str| {
        entries.iter().filter(|entry| entry.service == service && entry.what == what).count()
    };
    [
        words::count(count("ecs", "task starts"), "task") + " started",
        words::count(count("lambda", "function invoked"), "function") + " invoked",
        words::count(count("codedeploy", "hook reported"), "report") + " received",
        words::count(count("elbv2", "listener shifts"), "shift") + " of traffic",
    ]
    .join(", ")
}

fn keep(file: Option<&Path>, entries: &[greenlight_rehearsal::journal::Entry]) -> Result<(), Failure> {
    let Some(file) = file else { return Ok(()) };
    let text: String = entries
        .iter()
        .map(|entry| serde_json::to_string(entry).expect("an entry is text and numbers") + "\n")
        .collect();
    std::fs::write(file, text).map_err(|error| Failure::Rehearsal {
        doing: format!("write the journal to {}", file.display()),
        source: Box::new(error),
    })
}

pub(super) fn failed_to<E: std::error::Error + Send + Sync + 'static>(doing: &str) -> impl FnOnce(E) -> Failure {
    let doing = doing.to_owned();
    move |error| Failure::Rehearsal { doing, source: Box::new(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_configuration_is_valid_without_any_variable() {
        let source = ConfigurationSource { file: "greenlight.yaml".into(), variables: Vec::new() };
        let configuration = source.parse(CONFIGURATION).unwrap();
        assert_eq!(configuration.hooks.len(), 2);
    }

    #[test]
    fn the_pace_is_told_in_a_wait_that_people_know() {
        let note = pace_note(Pace::new(200.0).unwrap()).unwrap();
        assert!(note.starts_with("time runs 200 times faster here: a 5-minute canary takes 1.5s"), "{note}");
        assert_eq!(pace_note(Pace::ORDINARY), None);
    }
}
