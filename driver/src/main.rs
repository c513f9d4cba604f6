//! Arguments to options to `run`; nothing is decided here.

use std::process::ExitCode;

use clap::Parser as _;
use greenlight::arguments::Arguments;
use greenlight::run::run;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    ExitCode::from(run(arguments).await.code())
}
