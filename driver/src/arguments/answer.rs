//! The options of `greenlight approve`, `reject` and `report-hook`.

use clap::{Args, ValueEnum};

use super::common::{AwsArguments, OutputArguments, SharedArguments};

#[derive(Debug, Args)]
pub(crate) struct AnswerArguments {
    /// The deployment; without it the active one of the group in greenlight.yaml
    pub(crate) id: Option<String>,
    /// Why; kept with the answer
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Who answers [default: USER]
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
    /// Does not ask again
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) shared: SharedArguments,
}

#[derive(Debug, Args)]
pub(crate) struct ReportHookArguments {
    /// The deployment
    pub(crate) id: String,
    /// The LifecycleEventHookExecutionId that the function was sent, whole
    pub(crate) execution_id: String,
    /// What to report
    #[arg(value_enum)]
    pub(crate) status: HookStatusArgument,
    /// Does not ask
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) aws: AwsArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum HookStatusArgument {
    /// Go on
    Succeeded,
    /// Fail the deployment
    Failed,
}
