//! The demo shop as a program: see `greenlight_rehearsal::demo::shop`.

use std::process::ExitCode;

use greenlight_rehearsal::demo::shop;

fn main() -> ExitCode {
    match shop::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "the shop is a program of its own; its standard error is its log")]
fn complain(error: &dyn std::error::Error) {
    eprintln!("failed to {error}");
    let mut cause = error.source();
    while let Some(next) = cause {
        eprintln!("  because {next}");
        cause = next.source();
    }
}
