//! The options of `greenlight doctor`.

use clap::Args;

use super::SharedArguments;

#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    /// Invokes each function with {"greenlight": "self-test"}, and shows what it finds from where it runs
    #[arg(long)]
    pub(crate) self_test: bool,
    #[command(flatten)]
    pub(crate) shared: SharedArguments,
}
