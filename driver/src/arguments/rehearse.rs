//! The options of `greenlight rehearse`.

use std::path::PathBuf;

use clap::Args;

use super::common::{OutputArguments, ReportArguments, variable};

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
    #[arg(long, conflicts_with_all = ["output", "variables", "report"])]
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
    pub(crate) report: ReportArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

fn pace(text: &str) -> Result<greenlight_rehearsal::Pace, String> {
    let factor: f64 = text.parse().map_err(|_| format!("{text:?} is no number"))?;
    greenlight_rehearsal::Pace::new(factor).map_err(|error| error.to_string())
}
