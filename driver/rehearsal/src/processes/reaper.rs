//! The reaper: a `/bin/sh` that ends our children when we cannot, because we were killed.
//!
//! It reads `+group` and `-group` lines from a pipe and, when the pipe ends, kills the groups that are left. A pipe ends
//! however its writer ends, SIGKILL included. The reaper leads its own process group and ignores what a terminal sends.
//! `PR_SET_PDEATHSIG` would be the other way: it is Linux's alone, needs `unsafe`, and does not reach grandchildren.

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use rustix::process::Pid;

const SCRIPT: &str = r#"
trap '' INT TERM HUP
groups=' '
while read -r line; do
  group="${line#?}"
  case "$line" in
    +*) groups="$groups$group " ;;
    -*) groups="${groups%%" $group "*} ${groups#*" $group "}" ;;
  esac
done
for group in $groups; do
  kill -s KILL -- "-$group" 2>/dev/null
done
"#;

/// The process that outlives us just long enough.
#[derive(Debug)]
pub(crate) struct Reaper(Mutex<Option<(ChildStdin, Child)>>);

impl Reaper {
    /// Start it.
    pub(crate) fn start() -> io::Result<Reaper> {
        let mut child = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "greenlight-reaper"])
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        let pipe = child.stdin.take().ok_or_else(|| io::Error::other("the reaper has no standard input"))?;
        Ok(Reaper(Mutex::new(Some((pipe, child)))))
    }

    /// From now on the group dies with us.
    pub(crate) fn add(&self, group: Pid) -> io::Result<()> {
        self.say('+', group)
    }

    /// The group is gone.
    pub(crate) fn remove(&self, group: Pid) {
        if let Err(error) = self.say('-', group) {
            tracing::warn!(%error, %group, "the reaper does not listen");
        }
    }

    fn say(&self, sign: char, group: Pid) -> io::Result<()> {
        let mut reaper = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((pipe, _)) = reaper.as_mut() else { return Err(io::Error::other("the reaper has been dismissed")) };
        // One write, so that a line is never cut by our own death: a pipe takes short writes whole.
        pipe.write_all(format!("{sign}{}\n", group.as_raw_nonzero()).as_bytes())
    }

    /// Let it end, and reap it. Blocks for the moment that takes.
    pub(crate) fn dismiss(&self) {
        let reaper = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((pipe, mut child)) = reaper {
            drop(pipe);
            if let Err(error) = child.wait() {
                tracing::warn!(%error, "the reaper cannot be waited for");
            }
        }
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        self.dismiss();
    }
}
