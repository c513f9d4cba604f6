//! A cargo that a test starts, directly or through something else: without the variables that the cargo around the test has set
//! for it. Build scripts that depend on these (ring's does) would run again, and half of the dependencies with them, once for
//! the test and once more afterwards.

#![allow(clippy::disallowed_methods, reason = "a test reads its own environment")]

use std::process::Command;

/// The command as a person would start it.
pub(crate) fn afresh(mut command: Command) -> Command {
    let of_cargo = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| of_cargo(&name.to_string_lossy())) {
        command.env_remove(name);
    }
    command
}
