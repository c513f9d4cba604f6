//! cargo-lambda, as `functions/package` installs it: pinned, in an environment of its own under `target/`.

#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::print_stderr, reason = "a skipped test says so by name")]
#![allow(clippy::disallowed_methods, reason = "a test reads its own environment")]

use std::path::{Path, PathBuf};
use std::process::Command;

use super::cargo::afresh;

/// `functions/package`, or `None` where there is no Python for its tools.
///
/// A machine without Python skips these tests by name; with `CI` set that is a failure.
pub(crate) fn command(test: &str) -> Option<Command> {
    let found = Command::new("python3").args(["-c", "import venv, ensurepip"]).output();
    if !found.is_ok_and(|output| output.status.success()) {
        let message = format!("{test} needs python3 with the venv module");
        assert!(std::env::var_os("CI").is_none(), "{message}");
        eprintln!("SKIPPED: {message}");
        return None;
    }
    Some(afresh(Command::new(root().join("functions/package"))))
}

/// The folder with `cargo-lambda`, or `None` as above.
pub(crate) fn folder(test: &str) -> Option<PathBuf> {
    let output = command(test)?.arg("--tools").output().expect("functions/package can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

/// The top of the checkout.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace root exists")
}
