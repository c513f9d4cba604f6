//! The command line, and nothing of what it does. Arguments become validated options in `run`.

mod answer;
mod check;
mod common;
mod deploy;
mod doctor;
mod init;
#[cfg(feature = "rehearse")]
mod invoke;
#[cfg(feature = "rehearse")]
mod rehearse;

use clap::{Parser, Subcommand, ValueEnum};

pub(crate) use self::answer::{AnswerArguments, HookStatusArgument, ReportHookArguments};
pub(crate) use self::check::{CheckArguments, CheckOutput};
pub(crate) use self::common::{
    AwsArguments, ConfigurationArguments, Output, OutputArguments, ReportArguments, SharedArguments,
};
pub(crate) use self::deploy::DeployArguments;
pub(crate) use self::doctor::DoctorArguments;
pub(crate) use self::init::InitArguments;
#[cfg(feature = "rehearse")]
pub(crate) use self::invoke::InvokeArguments;
#[cfg(feature = "rehearse")]
pub(crate) use self::rehearse::RehearseArguments;
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
    /// Writes greenlight.yaml, checks.yaml and appspec.yaml from a service that already runs
    #[command(after_help = examples(&[
        ("greenlight init", "from the only deployment group of an ECS service in this region"),
        ("greenlight init --cluster production --service shop", "from a service"),
        ("greenlight init --application shop --deployment-group shop-dg --folder deploy", "from a group, elsewhere"),
    ]))]
    Init(InitArguments),
    /// Registers the task definition, creates the deployment, follows it to its end, and exits by its outcome
    #[command(after_help = examples(&[
        ("greenlight deploy", "as greenlight.yaml says"),
        ("greenlight deploy --var IMAGE=shop:1.5.0", "with ${IMAGE} set"),
        ("greenlight deploy --image web=shop:1.5.0 --env web:LEVEL=debug", "with an image and a variable of container web"),
        ("greenlight deploy --until traffic-shifted", "left as soon as all production traffic is shifted"),
        ("greenlight deploy --on-conflict wait --on-interrupt rollback", "after the one that is active; Ctrl-C rolls back"),
        ("greenlight deploy --output json | tail -n 1", "the outcome, for a program"),
        ("greenlight deploy --report report", "with a page, JUnit XML and a summary for a CI job"),
    ]))]
    Deploy(Box<DeployArguments>),
    /// Says what a deployment would change, send and take, and when traffic would move; changes nothing
    #[command(after_help = examples(&[
        ("greenlight plan", "as greenlight.yaml says; exits 0 when there is nothing to do, 3 when there are changes"),
        ("greenlight plan --var IMAGE=shop:1.5.0 --output json", "for a program"),
    ]))]
    Plan {
        #[command(flatten)]
        shared: SharedArguments,
    },
    /// Looks at everything that a deployment rests on, and says what will go wrong and what to do; changes nothing
    #[command(after_help = examples(&[
        ("greenlight doctor", "of the group in greenlight.yaml; exits 18 when something blocks"),
        ("greenlight doctor --var IMAGE=shop:1.5.0", "with the image that is to be deployed"),
        ("greenlight doctor --self-test", "and let each hook's function look at its own wiring"),
        ("greenlight doctor --output json", "a line for each finding, for a program"),
    ]))]
    Doctor(DoctorArguments),
    /// Attaches to a deployment and follows it to its end
    #[command(after_help = examples(&[
        ("greenlight watch d-1NNWZG91L", "by id, from anywhere"),
        ("greenlight watch", "the active deployment of the group in greenlight.yaml"),
    ]))]
    Watch {
        /// The deployment; without it the active one of the group in greenlight.yaml
        id: Option<String>,
        #[command(flatten)]
        report: ReportArguments,
        #[command(flatten)]
        shared: SharedArguments,
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
        report: ReportArguments,
        #[command(flatten)]
        shared: SharedArguments,
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
        shared: SharedArguments,
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
        shared: SharedArguments,
    },
    /// Answers a hook that waits for a person's approval: the deployment goes on
    #[command(after_help = examples(&[
        ("greenlight approve d-1NNWZG91L --reason 'looked at the dashboard'", "shows what passed, and asks"),
        ("greenlight approve --by ana --yes", "the group's active deployment, from a chat bot"),
    ]))]
    Approve(AnswerArguments),
    /// Answers a hook that waits for a person's approval: the deployment fails, and rolls back where it is configured
    #[command(after_help = examples(&[
        ("greenlight reject d-1NNWZG91L --reason 'the new prices are wrong'", "by id, with a reason that is kept"),
        ("greenlight reject --yes", "the group's active deployment, without asking"),
    ]))]
    Reject(AnswerArguments),
    /// Reports for a hook by hand, where its function cannot
    #[command(after_help = examples(&[
        ("greenlight report-hook d-1NNWZG91L eyJlbmNyeXB0… succeeded", "shows where the deployment is, and asks"),
        ("greenlight report-hook d-1NNWZG91L eyJlbmNyeXB0… failed --yes", "ends the hour that CodeDeploy would wait"),
    ]))]
    ReportHook(ReportHookArguments),
    /// Deletes what the tutorial made: the deployment group, the application, the hooks' functions and their logs
    #[command(after_help = examples(&[
        ("greenlight clean-up", "lists what it will delete, and asks"),
        ("greenlight clean-up --yes --output json", "for CI"),
    ]))]
    CleanUp {
        /// Does not ask
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        shared: SharedArguments,
    },
    /// Redeploys the last revision that succeeded, follows it to its end, and exits by its outcome
    #[command(after_help = examples(&[
        ("greenlight rollback", "shows what it will do, and asks"),
        ("greenlight rollback --to d-1NNWZG91L --yes", "a named deployment's revision, without asking"),
        ("greenlight rollback --skip-hooks --reason 'the hook is what is broken'", "without any check of the old version"),
    ]))]
    Rollback {
        /// The deployment whose revision is meant [default: the last one that succeeded]
        #[arg(long, value_name = "DEPLOYMENT_ID")]
        to: Option<String>,
        /// No hook runs; needs a reason, which the deployment keeps in its description. An AppSpec in S3 is sent along without them
        #[arg(long, requires = "reason")]
        skip_hooks: bool,
        /// Why no hook is to run
        #[arg(long, value_name = "TEXT", requires = "skip_hooks", value_parser = clap::builder::NonEmptyStringValueParser::new())]
        reason: Option<String>,
        /// Does not ask
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        shared: SharedArguments,
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
        shared: SharedArguments,
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
    /// Prints a shell's completions
    #[command(after_help = examples(&[
        ("greenlight completions bash > ~/.local/share/bash-completion/completions/greenlight", "for bash"),
        ("greenlight completions zsh > ~/.zfunc/_greenlight", "for zsh, with ~/.zfunc in fpath"),
        ("greenlight completions fish > ~/.config/fish/completions/greenlight.fish", "for fish"),
    ]))]
    Completions {
        /// Which shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Prints a manual page: the command's own, or a verb's
    #[command(after_help = examples(&[
        ("greenlight man > greenlight.1", "the command's"),
        ("greenlight man deploy > greenlight-deploy.1", "a verb's"),
        ("greenlight man deploy | man -l -", "to read it"),
    ]))]
    Man {
        /// Which verb [default: the command itself]
        #[arg(value_parser = verb_name)]
        verb: Option<String>,
    },
    /// Serves the demo shop: what the rehearsal's tasks run
    #[cfg(feature = "rehearse")]
    #[command(hide = true)]
    DemoShop,
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
    /// What a deployment came to: report.json
    Report,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum WaitArgument {
    /// For a person, before production traffic shifts
    Ready,
    /// Before the original task set is ended
    Termination,
}

/// A verb that `--help` names.
fn verb_name(text: &str) -> Result<String, String> {
    let command = <Arguments as clap::CommandFactory>::command();
    let names: Vec<_> =
        command.get_subcommands().filter(|verb| !verb.is_hide_set()).map(|verb| verb.get_name()).collect();
    if names.contains(&text) { Ok(text.to_owned()) } else { Err(format!("expected one of {}", names.join(", "))) }
}

fn examples(examples: &[(&str, &str)]) -> String {
    let width = examples.iter().map(|(command, _)| command.len()).max().unwrap_or_default();
    let lines: Vec<_> = examples.iter().map(|(command, what)| format!("  {command:width$}   {what}")).collect();
    format!("Examples:\n{}\n\n{}", lines.join("\n"), Exit::table())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        Arguments::command().debug_assert();
    }
}
