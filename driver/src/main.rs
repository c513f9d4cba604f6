//! Arguments to options to `run`; nothing is decided here.

use std::process::ExitCode;

use clap::Parser as _;
use greenlight::arguments::Arguments;
use greenlight::run::run;

fn main() -> ExitCode {
    // Whoever only asks for the version or for help needs no runtime.
    to_the_end(Arguments::parse())
}

#[tokio::main]
async fn to_the_end(arguments: Arguments) -> ExitCode {
    ExitCode::from(run(arguments).await.code())
}
