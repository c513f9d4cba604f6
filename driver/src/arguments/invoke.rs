//! The options of `greenlight invoke`.

use std::path::PathBuf;

use clap::Args;

use greenlight_checks::event::HookEvent;

use super::common::OutputArguments;

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

fn hook(text: &str) -> Result<HookEvent, String> {
    crate::verb::invoke::hook(text).ok_or_else(|| {
        let names = HookEvent::ALL.map(HookEvent::name).join(", ");
        format!("expected one of {names}, or the name of a hook's binary")
    })
}
