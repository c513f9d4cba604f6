//! The Python tools that tests run as independent clients: a virtual environment of their own under `target/`, made once
//! from `tests/requirements.txt` and reused until that file changes. It never touches a Python outside `target/`.

#![allow(clippy::print_stderr, reason = "a skipped test says so by name")]
#![allow(clippy::disallowed_methods, reason = "a test bounds its waits by the clock and reads its own environment")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The directory with the tools' executables, or `None` where there is no Python to make it from.
///
/// A machine without Python skips these tests by name; with `CI` set that is a failure.
pub(crate) fn tools(test: &str) -> Option<PathBuf> {
    if let Err(error) = run(Command::new("python3").args(["-m", "venv", "--help"])) {
        let message = format!("{test} needs python3 with the venv module: {error}");
        assert!(std::env::var_os("CI").is_none(), "{message}");
        eprintln!("SKIPPED: {message}");
        return None;
    }
    Some(environment().unwrap_or_else(|error| panic!("{test}: failed to make the Python environment: {error}")))
}

fn environment() -> Result<PathBuf, String> {
    let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/requirements.txt");
    let home = target_directory().join("python");
    fs::create_dir_all(&home).map_err(|error| error.to_string())?;
    // Test processes run side by side: whoever comes first makes the environment, the others wait.
    let lock = File::create(home.join("lock")).map_err(|error| error.to_string())?;
    lock.lock().map_err(|error| error.to_string())?;

    let venv = home.join("venv");
    let pinned = fs::read_to_string(&requirements).map_err(|error| error.to_string())?;
    // The tools' scripts name their interpreter by its path: an environment that was moved is made anew.
    let wanted = format!("{}\n{pinned}", venv.display());
    let done = home.join("installed.txt");
    if fs::read_to_string(&done).ok().as_deref() == Some(&wanted) {
        return Ok(venv.join("bin"));
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
    run(Command::new(venv.join("bin/python"))
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
        .arg(&requirements))?;
    fs::write(&done, wanted).map_err(|error| error.to_string())?;
    Ok(venv.join("bin"))
}

/// `target/`, from the place of the running test executable (`target/<profile>/deps/<test>`).
fn target_directory() -> PathBuf {
    let executable = std::env::current_exe().expect("a running test has an executable");
    executable.ancestors().nth(3).expect("a test executable lies in target/<profile>/deps").to_owned()
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr)))
}
