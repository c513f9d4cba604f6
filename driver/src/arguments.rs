//! The command line, and nothing of what it does. Arguments become validated options in `run`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use greenlight_checks::event::HookEvent;

use crate::exit::Exit;

/// Blue/green deployments of Amazon ECS services through AWS CodeDeploy, followed to their true end.
#[derive(Debug, Parser)]
#[command(name = "greenlight", version, after_help = Exit::table(), max_term_width = 120)]
pub struct Arguments {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Registers the task definition, creates the deployment, follows it to its end, and exits by its outcome
    #[command(after_help = examples(&[
        ("greenlight deploy", "as greenlight.yaml says"),
        ("greenlight deploy --var IMAGE=shop:1.5.0", "with ${IMAGE} set"),
        ("greenlight deploy --output json | tail -n 1", "the outcome, for a program"),
    ]))]
    Deploy {
        #[command(flatten)]
        configuration: ConfigurationArguments,
        #[command(flatten)]
        aws: AwsArguments,
        #[command(flatten)]
        output: OutputArguments,
    },
    /// Attaches to a deployment and follows it to its end
    #[command(after_help = examples(&[
        ("greenlight watch d-1NNWZG91L", "by id, from anywhere"),
        ("greenlight watch", "the active deployment of the group in greenlight.yaml"),
    ]))]
    Watch {
        /// The deployment; without it the active one of the group in greenlight.yaml
        id: Option<String>,
        #[command(flatten)]
        configuration: ConfigurationArguments,
        #[command(flatten)]
        aws: AwsArguments,
        #[command(flatten)]
        output: OutputArguments,
    },
    /// Looks at a deployment once; exits 0 when it could be read, however the deployment stands
    #[command(after_help = examples(&[
        ("greenlight status d-1NNWZG91L", "by id"),
        ("greenlight status", "the group's active deployment, or its last one"),
    ]))]
    Status {
        /// The deployment; without it the active or the last one of the group in greenlight.yaml
        id: Option<String>,
        #[command(flatten)]
        configuration: ConfigurationArguments,
        #[command(flatten)]
        aws: AwsArguments,
        #[command(flatten)]
        output: OutputArguments,
    },
    /// Stops a deployment, with or without rollback, follows it to its end, and exits by its outcome
    #[command(after_help = examples(&[
        ("greenlight stop", "the active deployment of the group in greenlight.yaml; rollback as it is configured"),
        ("greenlight stop d-1NNWZG91L --rollback", "by id, and back to the original task set whatever is configured"),
    ]))]
    Stop {
        /// The deployment; without it the active one of the group in greenlight.yaml
        id: Option<String>,
        /// Rolls back, whatever is configured
        #[arg(long, conflicts_with = "no_rollback")]
        rollback: bool,
        /// Does not roll back, whatever is configured
        #[arg(long)]
        no_rollback: bool,
        #[command(flatten)]
        configuration: ConfigurationArguments,
        #[command(flatten)]
        aws: AwsArguments,
        #[command(flatten)]
        output: OutputArguments,
    },
    /// Ends the wait that a deployment is in, and follows it to its end
    #[command(after_help = examples(&[
        ("greenlight continue", "the wait that the group's active deployment is in"),
        ("greenlight continue d-1NNWZG91L --wait termination", "end the original task set now"),
    ]))]
    Continue {
        /// The deployment; without it the active one of the group in greenlight.yaml
        id: Option<String>,
        /// Which wait [default: the one that the deployment is in]
        #[arg(long, value_enum)]
        wait: Option<WaitArgument>,
        #[command(flatten)]
        configuration: ConfigurationArguments,
        #[command(flatten)]
        aws: AwsArguments,
        #[command(flatten)]
        output: OutputArguments,
    },
    /// Lists the group's deployments, the newest first, with what they came to
    #[command(after_help = examples(&[
        ("greenlight history", "the last ten of the group in greenlight.yaml"),
        ("greenlight history --limit 100 --output json", "for a program"),
    ]))]
    History {
        /// How many
        #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
        #[command(flatten)]
        configuration: ConfigurationArguments,
        #[command(flatten)]
        aws: AwsArguments,
        #[command(flatten)]
        output: OutputArguments,
    },
    /// Runs a check plan from here, against addresses, with the engine of the hooks; deploys nothing and asks AWS nothing
    #[command(after_help = examples(&[
        ("greenlight check --plan checks.yaml --green http://127.0.0.1:8080", "every check that an event lists, once"),
        ("greenlight check --plan checks.yaml --green URL --event BeforeAllowTraffic", "the checks of one event"),
        ("greenlight check --plan checks.yaml --green URL --output junit --output-file checks.xml", "for a CI server"),
    ]))]
    Check(CheckArguments),
    /// Invokes a hook's binary on this machine, behind a Lambda Runtime API, against the AWS that the environment names
    #[cfg(feature = "rehearse")]
    #[command(after_help = examples(&[
        ("greenlight invoke AfterAllowTestTraffic --event events/AfterAllowTestTraffic.json --plan checks.yaml", "a sample event"),
        ("greenlight invoke before-allow-traffic --event event.json", "with the plan that GREENLIGHT_PLAN names"),
    ]))]
    Invoke(InvokeArguments),
    /// Rehearses a whole deployment on this machine: real processes, real hooks, real traffic, no AWS
    #[cfg(feature = "rehearse")]
    #[command(after_help = examples(&[
        ("greenlight rehearse", "the built-in demo: version 2 replaces version 1"),
        ("greenlight rehearse --green-fails 500", "see a rollback; exits 11"),
        ("greenlight rehearse scenario.yaml", "your own commands, task definitions and check plan"),
        ("greenlight rehearse --serve", "keep it running for the AWS CLI or any SDK"),
    ]))]
    Rehearse(RehearseArguments),
    /// Prints the JSON Schema of a document, for editors and for programs
    #[command(after_help = examples(&[
        ("greenlight schema checks > checks.schema.json", "for `# yaml-language-server: $schema=checks.schema.json`"),
        ("greenlight schema evidence", "what a program may expect of a hook's evidence"),
    ]))]
    Schema {
        /// Which document
        #[arg(value_enum)]
        document: DocumentArgument,
    },
    /// Serves the demo shop: what the rehearsal's tasks run
    #[cfg(feature = "rehearse")]
    #[command(hide = true)]
    DemoShop,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// The check plan
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: PathBuf,
    /// Where the version under test is reached: scheme, host and port
    #[arg(long, value_name = "URL", value_parser = address)]
    pub(crate) green: String,
    /// Where the version that serves is reached
    #[arg(long, value_name = "URL", value_parser = address)]
    pub(crate) blue: Option<String>,
    /// Only the checks of this lifecycle event
    #[arg(long, value_name = "NAME")]
    pub(crate) event: Option<HookEvent>,
    /// Sets ${NAME} in the plan; goes before the environment
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = variable)]
    pub(crate) variables: Vec<(String, String)>,
    /// How to tell: for people, NDJSON, or JUnit XML on standard output; progress goes to standard error
    #[arg(long, value_enum, default_value_t = CheckOutput::Human)]
    pub(crate) output: CheckOutput,
    /// Where the JUnit XML goes [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) output_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckOutput {
    /// A line for each check and what speaks against it
    Human,
    /// One JSON object a line; the last one is the outcome
    Json,
    /// JUnit XML, for CI servers: a test case for each check, and one for the verdict
    Junit,
}

#[cfg(feature = "rehearse")]
#[derive(Debug, Args)]
pub(crate) struct InvokeArguments {
    /// The lifecycle event, or the name of its binary
    #[arg(value_parser = hook)]
    pub(crate) hook: HookEvent,
    /// The file with the payload, sent as it stands
    #[arg(long, value_name = "FILE")]
    pub(crate) event: PathBuf,
    /// The check plan [default: GREENLIGHT_PLAN]
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<PathBuf>,
    /// The function's timeout, by default the template's
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=900))]
    pub(crate) timeout: u64,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigurationArguments {
    /// The configuration
    #[arg(short, long, value_name = "FILE", default_value = "greenlight.yaml")]
    pub(crate) file: PathBuf,
    /// Sets ${NAME} in the configuration; goes before the environment
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = variable)]
    pub(crate) variables: Vec<(String, String)>,
}

#[derive(Debug, Args)]
pub(crate) struct AwsArguments {
    /// A profile of the shared AWS configuration files [default: AWS_PROFILE]
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// The region [default: AWS_REGION, or the profile's]
    #[arg(long, value_name = "NAME")]
    pub(crate) region: Option<String>,
    /// One endpoint for all services [default: AWS_ENDPOINT_URL, or AWS]
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint_url: Option<String>,
    /// The shortest time between two looks at the deployment
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = poll)]
    pub(crate) poll: Duration,
}

#[derive(Debug, Args)]
pub(crate) struct OutputArguments {
    /// How to tell: for people on standard error, or NDJSON on standard output
    #[arg(long, value_enum, default_value_t = Output::Human)]
    pub(crate) output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DocumentArgument {
    /// The check plan, checks.yaml
    Checks,
    /// What a hook execution leaves in its log
    Evidence,
    /// greenlight.yaml
    Config,
    /// What `greenlight rehearse` plays
    Scenario,
    /// What a deployment came to
    #[value(hide = true)]
    Report,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum WaitArgument {
    /// For a person, before production traffic shifts
    Ready,
    /// Before the original task set is ended
    Termination,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// A live view on a terminal, a line for each change elsewhere
    Human,
    /// One JSON object a line; the last one is the outcome
    Json,
}

#[cfg(feature = "rehearse")]
#[derive(Debug, Args)]
pub(crate) struct RehearseArguments {
    /// A scenario file; without it the built-in demo
    pub(crate) scenario: Option<PathBuf>,
    /// What is wrong with the demo's second version: 500, slow, wrong-body, never-ready
    #[arg(long, value_name = "MODE", conflicts_with = "scenario")]
    pub(crate) green_fails: Option<greenlight_rehearsal::GreenFails>,
    /// How many times faster than AWS its waits pass
    #[arg(long, value_name = "N", default_value = "400", value_parser = pace)]
    pub(crate) pace: greenlight_rehearsal::Pace,
    /// Only serve: print one line of JSON with the endpoint and the names of everything, until SIGINT or SIGTERM
    #[arg(long, conflicts_with_all = ["output", "variables"])]
    pub(crate) serve: bool,
    /// The endpoint's port [default: a free one]
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    pub(crate) port: u16,
    /// Keeps the journal of everything that happened, as JSON lines
    #[arg(long, value_name = "FILE")]
    pub(crate) keep_journal: Option<PathBuf>,
    /// Sets ${NAME} in the rehearsed configuration; goes before the environment
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = variable)]
    pub(crate) variables: Vec<(String, String)>,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

fn examples(examples: &[(&str, &str)]) -> String {
    let width = examples.iter().map(|(command, _)| command.len()).max().unwrap_or_default();
    let lines: Vec<_> = examples.iter().map(|(command, what)| format!("  {command:width$}   {what}")).collect();
    format!("Examples:\n{}\n\n{}", lines.join("\n"), Exit::table())
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

#[cfg(feature = "rehearse")]
fn hook(text: &str) -> Result<HookEvent, String> {
    crate::verb::invoke::hook(text).ok_or_else(|| {
        let names = HookEvent::ALL.map(HookEvent::name).join(", ");
        format!("expected one of {names}, or the name of a hook's binary")
    })
}

/// Without a path: the checks have theirs.
fn address(text: &str) -> Result<String, String> {
    let expected = || format!("expected an address like http://127.0.0.1:8080, without a path, got {text:?}");
    let address = text.strip_suffix('/').unwrap_or(text);
    let authority =
        address.strip_prefix("http://").or_else(|| address.strip_prefix("https://")).ok_or_else(expected)?;
    let odd = |c: char| c.is_whitespace() || ['/', '?', '#', '@'].contains(&c);
    if authority.is_empty() || authority.contains(odd) { Err(expected()) } else { Ok(address.to_owned()) }
}

fn poll(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 0.001),
        None => (text.strip_suffix('s').ok_or("expected a duration like 500ms or 2s")?, 1.0),
    };
    let seconds: f64 = number.trim().parse().map_err(|_| "expected a duration like 500ms or 2s")?;
    let seconds = seconds * unit;
    // Below that every service throttles; above it transitions are missed.
    if (0.1..=60.0).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err("expected 100ms to 60s".to_owned())
    }
}

#[cfg(feature = "rehearse")]
fn pace(text: &str) -> Result<greenlight_rehearsal::Pace, String> {
    let factor: f64 = text.parse().map_err(|_| format!("{text:?} is no number"))?;
    greenlight_rehearsal::Pace::new(factor).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_poll_has_a_floor_and_a_ceiling() {
        assert_eq!(poll("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(poll("2s"), Ok(Duration::from_secs(2)));
        for wrong in ["5", "10ms", "2m", "xs", "-1s", "NaNs"] {
            assert!(poll(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_address_is_scheme_host_and_port_and_nothing_else() {
        assert_eq!(address("http://127.0.0.1:8080/"), Ok("http://127.0.0.1:8080".to_owned()));
        assert_eq!(address("https://shop.example.com"), Ok("https://shop.example.com".to_owned()));
        for wrong in ["127.0.0.1:8080", "ftp://x", "http://", "http://x/y", "http://a b", "http://u@x"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_variable_may_have_an_equals_sign_in_its_value() {
        assert_eq!(variable("A=b=c"), Ok(("A".to_owned(), "b=c".to_owned())));
        assert!(variable("=x").is_err() && variable("A").is_err());
    }
}
