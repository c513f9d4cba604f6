//! The crate's environment: the only file that reads variables of this process.
//!
//! Children inherit `PATH` and `HOME` and nothing else, so that a rehearsal does not depend on who runs it.

use std::ffi::OsString;

/// The variables that every child inherits, where this process has them.
#[expect(clippy::disallowed_methods, reason = "the crate's reading of what children inherit")]
pub(crate) fn inherited() -> Vec<(&'static str, OsString)> {
    ["PATH", "HOME"].into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))).collect()
}

/// A variable of this process, for the demo shop, which is a process of its own.
#[expect(clippy::disallowed_methods, reason = "the demo shop is configured as a container is: by its environment")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
