//! The one file of the driver that reads the environment: the command line, variables for `${NAME}`, colours, and what the streams are.
//! It interprets nothing.

use std::io::IsTerminal;

/// What was typed behind the command's name.
pub fn arguments() -> Vec<std::ffi::OsString> {
    std::env::args_os().skip(1).collect()
}

/// The value of an environment variable; one that is not text counts as missing.
#[expect(clippy::disallowed_methods, reason = "the crate's one reading of the environment")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Everything that is text, for a function that runs here.
pub fn all() -> std::collections::BTreeMap<String, String> {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(text).collect()
}

/// The variables that a cargo around this process has set for it. A cargo that is started from here must not inherit them:
/// build scripts that depend on them would run again, and half of the dependencies with them.
pub fn of_cargo() -> Vec<std::ffi::OsString> {
    let prefixes = ["CARGO_PKG_", "CARGO_MANIFEST_"];
    let names = std::env::vars_os().map(|(name, _)| name);
    names.filter(|name| prefixes.iter().any(|prefix| name.to_string_lossy().starts_with(prefix))).collect()
}

/// Whether progress goes to a terminal that can redraw lines.
pub fn progress_is_a_terminal() -> bool {
    std::io::stderr().is_terminal() && variable("TERM").is_none_or(|term| term != "dumb")
}

/// Whether somebody can be asked.
pub fn input_is_a_terminal() -> bool {
    std::io::stdin().is_terminal()
}

/// Whether colours are wanted on standard error (<https://no-color.org>).
pub fn colours() -> bool {
    variable("NO_COLOR").is_none_or(|value| value.is_empty()) && progress_is_a_terminal()
}

/// The tracing filter: `GREENLIGHT_LOG`, by default nothing but warnings of our own.
pub fn log_filter() -> String {
    variable("GREENLIGHT_LOG").unwrap_or_else(|| "error,greenlight=warn".to_owned())
}
