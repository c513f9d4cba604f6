//! The options of `greenlight init`.

use std::path::PathBuf;

use clap::Args;

use super::common::{AwsArguments, OutputArguments};

#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    /// The CodeDeploy application
    #[arg(long, value_name = "NAME")]
    pub(crate) application: Option<String>,
    /// The deployment group; without it the only one that fits the rest
    #[arg(long, value_name = "NAME")]
    pub(crate) deployment_group: Option<String>,
    /// The service's cluster
    #[arg(long, value_name = "NAME")]
    pub(crate) cluster: Option<String>,
    /// The service
    #[arg(long, value_name = "NAME")]
    pub(crate) service: Option<String>,
    /// Where the files go; it is made if it is not there
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub(crate) folder: PathBuf,
    /// Overwrites files that exist
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) aws: AwsArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}
