//! From arguments to options, to a verb, to an exit code.

use tracing_subscriber::EnvFilter;

use crate::arguments::{
    AnswerArguments, Arguments, AwsArguments, CheckArguments, CheckOutput, ConfigurationArguments, DocumentArgument,
    HookStatusArgument, Output, OutputArguments, ReportArguments, SharedArguments, Verb, WaitArgument,
};
use crate::aws::Connection;
use crate::aws::directing::HookReport;
use crate::clock;
use crate::decide::gate::Answer;
use crate::decide::waiting::Wait;
use crate::environment;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::show::{Form, Printer};
use crate::verb::check::Destination;
use crate::verb::{self, ConfigurationSource, Pacing};

/// The shared arguments, as options.
struct Given {
    source: ConfigurationSource,
    connection: Connection,
    pacing: Pacing,
    printer: Printer,
}

impl From<SharedArguments> for Given {
    fn from(arguments: SharedArguments) -> Self {
        Self {
            source: arguments.configuration.into(),
            connection: connection(&arguments.aws),
            pacing: pacing(&arguments.aws),
            printer: printer(&arguments.output),
        }
    }
}

/// Runs one command to its end.
pub async fn run(arguments: Arguments) -> Exit {
    log();
    match arguments.verb {
        Verb::Deploy(arguments) => {
            let (orders, overrides) = (arguments.orders(), arguments.overrides());
            let Given { source, connection, pacing, mut printer } = arguments.shared.into();
            if let Err(failure) = keep_report(&arguments.report, &mut printer) {
                return conclude(Err(failure), &mut printer);
            }
            let ended = verb::deploy::run(&source, overrides, orders, &connection, pacing, &mut printer).await;
            conclude(ended, &mut printer)
        }
        Verb::Init(arguments) => {
            let connection = connection(&arguments.aws);
            let mut printer = printer(&arguments.output);
            let request = verb::init::Request {
                application: arguments.application,
                group: arguments.deployment_group,
                cluster: arguments.cluster,
                service: arguments.service,
                folder: arguments.folder,
                force: arguments.force,
            };
            let ended = verb::init::run(&request, &connection, &mut printer).await;
            conclude(ended, &mut printer)
        }
        Verb::Plan { shared } => {
            let Given { source, connection, mut printer, .. } = shared.into();
            let ended = verb::plan::run(&source, &connection, &mut printer).await;
            conclude(ended, &mut printer)
        }
        Verb::Doctor(arguments) => {
            let Given { source, connection, mut printer, .. } = arguments.shared.into();
            let ended = verb::doctor::run(arguments.self_test, &source, &connection, &mut printer).await;
            conclude(ended, &mut printer)
        }
        Verb::Watch { id, report, shared } => {
            let Given { source, connection, pacing, mut printer } = shared.into();
            if let Err(failure) = keep_report(&report, &mut printer) {
                return conclude(Err(failure), &mut printer);
            }
            let ended = verb::watch::run(id, &source, &connection, pacing, &mut printer).await;
            conclude(ended, &mut printer)
        }
        Verb::Status { id, report, shared } => {
            let Given { source, connection, pacing, mut printer } = shared.into();
            if let Err(failure) = keep_report(&report, &mut printer) {
                return conclude(Err(failure), &mut printer);
            }
            let ended = verb::status::run(id, &source, &connection, pacing, &mut printer).await;
            conclude(ended, &mut printer)
        }
        Verb::Stop { id, rollback, no_rollback, shared } => {
            let Given { source, connection, pacing, mut printer } = shared.into();
            let rollback = (rollback || no_rollback).then_some(rollback);
            let ended = verb::stop::run(id, rollback, &source, &connection, pacing, &mut printer).await;
            conclude(ended, &mut printer)
        }
        Verb::Continue { id, wait, shared } => {
            let Given { source, connection, pacing, mut printer } = shared.into();
            let wait = wait.map(Wait::from);
            let ended = verb::continuing::run(id, wait, &source, &connection, pacing, &mut printer).await;
            conclude(ended, &mut printer)
        }
        Verb::Approve(arguments) => answer(Answer::Approved, arguments).await,
        Verb::Reject(arguments) => answer(Answer::Rejected, arguments).await,
        Verb::ReportHook(arguments) => {
            let mut printer = printer(&arguments.output);
            let report = match arguments.status {
                HookStatusArgument::Succeeded => HookReport::Succeeded,
                HookStatusArgument::Failed => HookReport::Failed,
            };
            let (id, execution, connection) = (&arguments.id, &arguments.execution_id, connection(&arguments.aws));
            let ended = verb::report_hook::run(id, execution, report, arguments.yes, &connection, &mut printer).await;
            conclude(ended, &mut printer)
        }
        Verb::CleanUp { yes, shared } => {
            let Given { source, connection, mut printer, .. } = shared.into();
            let ended = verb::clean_up::run(yes, &source, &connection, &mut printer).await;
            conclude(ended, &mut printer)
        }
        Verb::Rollback { to, skip_hooks: _, reason, yes, shared } => {
            let Given { source, connection, pacing, mut printer } = shared.into();
            let request = verb::rollback::Request { to, skip_hooks: reason, yes };
            let ended = verb::rollback::run(&request, &source, &connection, pacing, &mut printer).await;
            conclude(ended, &mut printer)
        }
        Verb::History { limit, shared } => {
            let Given { source, connection, mut printer, .. } = shared.into();
            let ended = verb::history::run(usize::from(limit), &source, &connection, &mut printer).await;
            conclude(ended, &mut printer)
        }
        Verb::Check(arguments) => {
            let output = match arguments.output {
                CheckOutput::Human | CheckOutput::Junit => Output::Human,
                CheckOutput::Json => Output::Json,
            };
            let mut printer = printer(&OutputArguments { output });
            let ended = match check(arguments) {
                Ok(request) => verb::check::run(&request, &mut printer).await,
                Err(failure) => Err(failure),
            };
            conclude(ended, &mut printer)
        }
        #[cfg(feature = "rehearse")]
        Verb::Invoke(arguments) => {
            let mut printer = printer(&arguments.output);
            let invocation = verb::invoke::Invocation {
                hook: arguments.hook,
                event: arguments.event,
                plan: arguments.plan,
                timeout: std::time::Duration::from_secs(arguments.timeout),
            };
            let ended = verb::invoke::run(&invocation, &mut printer).await;
            conclude(ended, &mut printer)
        }
        #[cfg(feature = "rehearse")]
        Verb::Rehearse(arguments) => {
            let mut printer = printer(&arguments.output);
            if let Err(failure) = keep_report(&arguments.report, &mut printer) {
                return conclude(Err(failure), &mut printer);
            }
            let rehearsal = verb::rehearse::Rehearsal {
                scenario: arguments.scenario,
                green_fails: arguments.green_fails,
                pace: arguments.pace,
                serve: arguments.serve,
                port: arguments.port,
                journal: arguments.keep_journal,
                variables: arguments.variables,
            };
            let ended = verb::rehearse::run(&rehearsal, &mut printer).await;
            conclude(ended, &mut printer)
        }
        Verb::Schema { document } => {
            let mut printer = Printer::new(Form::Plain);
            conclude(verb::schema::run(document.into(), &mut printer), &mut printer)
        }
        Verb::Completions { shell } => verb::completions::completions(shell, &mut Printer::new(Form::Plain)),
        Verb::Man { verb } => verb::completions::manual(verb.as_deref(), &mut Printer::new(Form::Plain)),
        #[cfg(feature = "rehearse")]
        Verb::DemoShop => demo_shop().await,
    }
}

async fn answer(answer: Answer, arguments: AnswerArguments) -> Exit {
    let AnswerArguments { id, reason, by, yes, shared } = arguments;
    let Given { source, connection, pacing, mut printer } = shared.into();
    let request = verb::answering::Request { id, answer, by, reason, yes };
    let ended = verb::answering::run(request, &source, &connection, pacing, &mut printer).await;
    conclude(ended, &mut printer)
}

fn check(arguments: CheckArguments) -> Result<verb::check::Request, Failure> {
    let junit = match (arguments.output, arguments.output_file) {
        (CheckOutput::Junit, Some(file)) => Some(Destination::File(file)),
        (CheckOutput::Junit, None) => Some(Destination::StandardOutput),
        (CheckOutput::Human | CheckOutput::Json, None) => None,
        (CheckOutput::Human | CheckOutput::Json, Some(_)) => {
            let text = "--output-file goes with --output junit; redirect standard output for the other forms";
            return Err(Failure::Unfit(text.to_owned()));
        }
    };
    Ok(verb::check::Request {
        plan: arguments.plan,
        green: arguments.green,
        blue: arguments.blue,
        event: arguments.event,
        variables: arguments.variables,
        junit,
    })
}

fn conclude(ended: Result<Exit, Failure>, printer: &mut Printer) -> Exit {
    ended.unwrap_or_else(|failure| {
        let exit = failure.exit();
        printer.failure(&failure.lines(), failure.deployment_id(), exit, clock::now());
        exit
    })
}

/// Before anything is deployed: a report that cannot be kept should not be found out afterwards.
fn keep_report(arguments: &ReportArguments, printer: &mut Printer) -> Result<(), Failure> {
    let Some(folder) = &arguments.report else { return Ok(()) };
    printer.report_to(folder).map_err(|source| Failure::Written { path: folder.clone(), source })
}

fn printer(arguments: &OutputArguments) -> Printer {
    Printer::new(match arguments.output {
        Output::Json => Form::Json,
        Output::Human if environment::progress_is_a_terminal() => Form::Terminal { colours: environment::colours() },
        Output::Human => Form::Plain,
    })
}

fn connection(arguments: &AwsArguments) -> Connection {
    Connection {
        profile: arguments.profile.clone(),
        region: arguments.region.clone(),
        endpoint: arguments.endpoint_url.clone(),
        stand_in: false,
    }
}

fn pacing(arguments: &AwsArguments) -> Pacing {
    Pacing { floor: arguments.poll, ..Pacing::ORDINARY }
}

impl From<ConfigurationArguments> for ConfigurationSource {
    fn from(arguments: ConfigurationArguments) -> Self {
        Self { file: arguments.file, variables: arguments.variables }
    }
}

impl From<DocumentArgument> for verb::schema::Document {
    fn from(argument: DocumentArgument) -> Self {
        match argument {
            DocumentArgument::Checks => Self::Checks,
            DocumentArgument::Evidence => Self::Evidence,
            DocumentArgument::Config => Self::Config,
            DocumentArgument::Scenario => Self::Scenario,
            DocumentArgument::Report => Self::Report,
        }
    }
}

impl From<WaitArgument> for Wait {
    fn from(argument: WaitArgument) -> Self {
        match argument {
            WaitArgument::Ready => Self::Ready,
            WaitArgument::Termination => Self::Termination,
        }
    }
}

fn log() {
    let filter = EnvFilter::try_new(environment::log_filter()).unwrap_or_else(|_| EnvFilter::new("error"));
    // A second subscriber is refused; the first one does.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).without_time().try_init();
}

#[cfg(feature = "rehearse")]
async fn demo_shop() -> Exit {
    let mut printer = Printer::new(Form::Plain);
    // The shop makes its own runtime, being a program of its own elsewhere.
    match tokio::task::spawn_blocking(greenlight_rehearsal::demo::shop::run).await {
        Ok(Ok(())) => Exit::Succeeded,
        Ok(Err(error)) => {
            let failure = Failure::Rehearsal { doing: "serve the demo shop".to_owned(), source: Box::new(error) };
            printer.failure(&failure.lines(), None, failure.exit(), clock::now());
            failure.exit()
        }
        Err(error) => {
            printer.failure(&[error.to_string()], None, Exit::Unexpected, clock::now());
            Exit::Unexpected
        }
    }
}
