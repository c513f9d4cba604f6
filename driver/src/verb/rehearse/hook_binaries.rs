//! Finds the hook binaries: beside this program, built on demand where this program lies in the target folder of its own
//! workspace. They are another package's, so cargo does not build them for `cargo run -- rehearse` by itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::SystemTime;

use crate::clock;
use crate::environment;
use crate::failure::Failure;
use crate::show::Printer;

/// The workspace that this program was built in.
const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// A hook binary that is nowhere.
#[derive(Debug, thiserror::Error)]
pub enum HookBinaryError {
    /// Not beside the program, and there is no workspace to build it in.
    #[error(
        "no {name} in {folder}; put the hook binaries beside greenlight: cargo build --release -p greenlight-hooks --bins"
    )]
    Missing {
        /// Which.
        name: String,
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// cargo could not be started.
    #[error("cargo cannot be started to build the hooks; build them: cargo build --bins")]
    NoCargo(#[source] std::io::Error),
    /// cargo failed.
    #[error("cargo ended with {0} while it built the hooks")]
    Build(std::process::ExitStatus),
}

/// Paths by name, for the running `program`.
pub async fn find(program: &Path, names: &[&str], printer: &mut Printer) -> Result<BTreeMap<String, PathBuf>, Failure> {
    let folder = program.parent().unwrap_or(Path::new(".")).to_owned();
    if names.is_empty() {
        return Ok(BTreeMap::new());
    }
    if let Some(target) = target_folder(&folder)
        && is_stale(names.iter().map(|name| folder.join(name)))
    {
        printer.note("building the hooks with cargo", clock::now());
        build(names, &folder, target).await.map_err(super::failed_to("build the hooks"))?;
    }
    names
        .iter()
        .map(|name| {
            let path = folder.join(name);
            if path.is_file() {
                return Ok(((*name).to_owned(), path));
            }
            let missing = HookBinaryError::Missing { name: (*name).to_owned(), folder: folder.clone() };
            Err(Failure::Rehearsal { doing: "find the hooks".to_owned(), source: Box::new(missing) })
        })
        .collect()
}

/// The target folder, when `folder` is `<target>/<profile>` of a cargo build and the workspace is still there.
fn target_folder(folder: &Path) -> Option<&Path> {
    let target = folder.parent()?;
    let is_cargo = target.join("CACHEDIR.TAG").is_file() && folder.join("deps").is_dir();
    (is_cargo && Path::new(WORKSPACE).join("functions/Cargo.toml").is_file()).then_some(target)
}

/// Whether a binary is missing or older than what it is made of. cargo knows better, but takes a lock and half a second.
fn is_stale(binaries: impl Iterator<Item = PathBuf>) -> bool {
    let modified = |path: &Path| std::fs::metadata(path).and_then(|data| data.modified()).ok();
    let mut oldest = None;
    for binary in binaries {
        match modified(&binary) {
            Some(time) => oldest = Some(oldest.map_or(time, |oldest: SystemTime| oldest.min(time))),
            None => return true,
        }
    }
    let Some(oldest) = oldest else { return false };
    let mut open = vec![Path::new(WORKSPACE).join("functions"), Path::new(WORKSPACE).join("Cargo.lock")];
    while let Some(path) = open.pop() {
        if let Ok(entries) = std::fs::read_dir(&path) {
            open.extend(entries.flatten().map(|entry| entry.path()));
        } else if path.extension().is_some_and(|ending| ending == "rs" || ending == "toml" || ending == "lock")
            && modified(&path).is_some_and(|time| time > oldest)
        {
            return true;
        }
    }
    false
}

async fn build(names: &[&str], folder: &Path, target: &Path) -> Result<(), HookBinaryError> {
    let mut command = tokio::process::Command::new("cargo");
    // Without `-p`: the same selection of packages means nearly the same features, and few dependencies are built twice.
    command
        .arg("build")
        .args(names.iter().flat_map(|name| ["--bin", name]))
        .arg("--target-dir")
        .arg(target)
        .current_dir(WORKSPACE);
    for name in environment::of_cargo() {
        command.env_remove(name);
    }
    match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => {}
        Some(profile) => {
            command.args(["--profile", profile]);
        }
    }
    // Standard output is data; cargo's progress goes to standard error anyway.
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status().await.map_err(HookBinaryError::NoCargo)?;
    if status.success() { Ok(()) } else { Err(HookBinaryError::Build(status)) }
}
