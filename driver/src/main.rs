//! Arguments to options to `run`; nothing is decided here.

use std::process::ExitCode;

use greenlight::arguments::Arguments;
use greenlight::command_line;
use greenlight::environment;
use greenlight::run::run;

fn main() -> ExitCode {
    // Whoever only asks for the version or for help needs no runtime.
    match command_line::read(&environment::arguments()) {
        Ok(arguments) => to_the_end(arguments),
        Err(exit) => ExitCode::from(exit.code()),
    }
}

#[tokio::main]
async fn to_the_end(arguments: Arguments) -> ExitCode {
    ExitCode::from(run(arguments).await.code())
}
