//! One child: a process group of its own, a clean environment, its lines in a log, never a zombie, never an orphan.
//!
//! The program starts behind a gate: `/bin/sh` waits for a line on standard input before it becomes the program, and the
//! line is written after the reaper knows the group. Whoever kills us in between leaves a shell that ends at once.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncWriteExt;

use super::output::{LogStream, Output};
use super::reaper::Reaper;
use crate::environment;
use crate::machine::life::Life;

/// `env -i` gives the program exactly its environment: a shell adds variables and drops names such as `a.b`.
const GATE: &str = r#"read -r go && exec /usr/bin/env -i "$@" </dev/null"#;

/// What to run.
#[derive(Debug)]
pub(crate) struct Program<'a> {
    /// Program and arguments; a program without a slash is looked up in `PATH`, others are relative to `directory`.
    pub(crate) line: &'a [String],
    /// Everything besides `PATH` and `HOME`.
    pub(crate) environment: &'a BTreeMap<String, String>,
    /// The working directory; ours when none.
    pub(crate) directory: Option<&'a Path>,
}

/// Why a child did not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error("start a program: the command is empty")]
    Empty,
    #[error("find program {0}: there is no such executable file")]
    NotFound(String),
    #[error("enter working directory {0}: there is no such directory")]
    NoDirectory(String),
    #[error("start {program}")]
    Spawn {
        program: String,
        #[source]
        source: io::Error,
    },
}

/// A running child.
#[derive(Debug)]
pub(crate) struct Child {
    process: tokio::process::Child,
    group: Pid,
    output: Output,
    reaper: Arc<Reaper>,
}

impl Child {
    /// Start a program. Must be called inside the runtime.
    pub(crate) fn start(
        program: &Program<'_>,
        log: LogStream,
        reaper: &Arc<Reaper>,
        life: &Life,
    ) -> Result<Child, StartError> {
        let inherited = environment::inherited();
        let search = inherited.iter().find(|(name, _)| *name == "PATH").map(|(_, path)| path.clone());
        if let Some(missing) = program.directory.filter(|directory| !directory.is_dir()) {
            return Err(StartError::NoDirectory(missing.display().to_string()));
        }
        let (name, arguments) = program.line.split_first().ok_or(StartError::Empty)?;
        let file = find(name, program.directory, search).ok_or_else(|| StartError::NotFound(name.clone()))?;
        let failed = |source| StartError::Spawn { program: file.display().to_string(), source };

        let mut command = tokio::process::Command::new("/bin/sh");
        command.args(["-c", GATE, "greenlight-gate"]).env_clear();
        let given = |name: &str| program.environment.contains_key(name);
        for (name, value) in inherited.iter().filter(|(name, _)| !given(name)) {
            command.arg(assignment(name, value));
        }
        for (name, value) in program.environment {
            command.arg(assignment(name, value));
        }
        command.arg(&file).args(arguments);
        if let Some(directory) = program.directory {
            command.current_dir(directory);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);

        let mut process = command.kill_on_drop(true).spawn().map_err(failed)?;
        let missing = || failed(io::Error::other("the child was not started with pipes"));
        let group = process.id().and_then(|id| Pid::from_raw(id.cast_signed())).ok_or_else(missing)?;
        reaper.add(group).map_err(failed)?;
        let mut gate = process.stdin.take().ok_or_else(missing)?;
        let standard = process.stdout.take().ok_or_else(missing)?;
        let error = process.stderr.take().ok_or_else(missing)?;
        let (output, forwarding) = Output::forward(standard, error, log);
        life.spawn_until_end(async move {
            // A child that is already gone needs no gate opened; its end is reported by who waits for it.
            gate.write_all(b"go\n").await.ok();
        });
        life.spawn(forwarding);
        Ok(Child { process, group, output, reaper: Arc::clone(reaper) })
    }

    /// Send a signal to the whole group.
    pub(crate) fn signal(&self, signal: Signal) {
        // The only error that a group of our own can give is that it is gone.
        kill_process_group(self.group, signal).ok();
    }

    /// Wait for the child's end; may be cancelled and asked again.
    pub(crate) async fn exited(&mut self) -> Exit {
        match self.process.wait().await {
            Ok(status) => Exit::of(status),
            Err(error) => {
                tracing::error!(%error, group = %self.group, "a child cannot be waited for");
                Exit { code: None, signal: None }
            }
        }
    }

    /// Whether it has ended already.
    pub(crate) fn has_exited(&mut self) -> bool {
        !matches!(self.process.try_wait(), Ok(None))
    }

    /// Kill what is left of the group, reap the child, and see its last lines off.
    pub(crate) async fn finish(mut self) -> Exit {
        self.signal(Signal::KILL);
        let exit = self.exited().await;
        self.signal(Signal::KILL);
        self.output.ended().await;
        exit
    }

    /// Returns when all that the child has written until now is logged.
    pub(crate) async fn flush(&self) {
        self.output.flush().await;
    }

    /// The most memory that it has used so far, in MB, where the system tells.
    pub(crate) fn memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.group.as_raw_nonzero())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kilobytes.div_ceil(1024))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        self.reaper.remove(self.group);
    }
}

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exit {
    code: Option<i32>,
    signal: Option<i32>,
}

impl Exit {
    fn of(status: ExitStatus) -> Exit {
        Exit { code: status.code(), signal: status.signal() }
    }

    /// The code as a container reports it: 128 + n when signal n ended it.
    pub(crate) fn container_code(self) -> Option<i32> {
        self.code.or(self.signal.map(|signal| 128 + signal))
    }

    /// In Lambda's words: `exit status 1`, `signal: killed`.
    pub(crate) fn words(self) -> String {
        match (self.code, self.signal) {
            (Some(code), _) => format!("exit status {code}"),
            (None, Some(9)) => "signal: killed".to_owned(),
            (None, Some(number)) => format!("signal: {number}"),
            (None, None) => "exit status unknown".to_owned(),
        }
    }

    /// Whether it ended with code 0.
    pub(crate) fn is_success(self) -> bool {
        self.code == Some(0)
    }
}

fn assignment(name: &str, value: impl Into<OsString>) -> OsString {
    let mut assignment = OsString::from(format!("{name}="));
    assignment.push(value.into());
    assignment
}

fn find(name: &str, directory: Option<&Path>, search: Option<OsString>) -> Option<PathBuf> {
    let runs =
        |file: &PathBuf| file.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0);
    if name.contains('/') {
        let file = directory.unwrap_or(Path::new("")).join(name);
        return std::path::absolute(file).ok().filter(runs);
    }
    std::env::split_paths(&search?).map(|folder| folder.join(name)).find(runs)
}
