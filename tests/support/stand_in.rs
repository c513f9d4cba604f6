//! The rehearsal as another program sees it: `greenlight rehearse --serve` as a child process, known by the one line that it
//! prints. Nothing of the rehearsal's library is used here.

#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::disallowed_methods, reason = "a test bounds its waits by the clock and reads its own environment")]

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A running stand-in. Dropping it ends it.
pub(crate) struct StandIn {
    child: Child,
    output: BufReader<ChildStdout>,
    /// The line that it printed.
    pub(crate) announcement: Value,
}

impl StandIn {
    /// Starts one with further arguments and waits until everything listens.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_greenlight"))
            .args(["rehearse", "--serve"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the greenlight binary can be started");
        let mut output = BufReader::new(child.stdout.take().expect("standard output is piped"));
        let mut line = String::new();
        output.read_line(&mut line).expect("standard output can be read");
        let announcement = serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("expected one line of JSON, got {line:?}: {error}"));
        Self { child, output, announcement }
    }

    /// A member of the announcement.
    pub(crate) fn text(&self, member: &str) -> &str {
        self.announcement[member].as_str().unwrap_or_else(|| panic!("no {member:?} in {}", self.announcement))
    }

    /// A client's process with the stand-in as its AWS.
    pub(crate) fn client(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
            command.env_remove(name);
        }
        command
            .env("AWS_ENDPOINT_URL", self.text("endpoint"))
            .env("AWS_REGION", self.text("region"))
            .env("AWS_DEFAULT_REGION", self.text("region"))
            .env("AWS_ACCESS_KEY_ID", "rehearsal")
            .env("AWS_SECRET_ACCESS_KEY", "rehearsal")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_PAGER", "")
            .stdin(Stdio::null());
        command
    }

    /// `greenlight` with the stand-in as its AWS.
    pub(crate) fn greenlight(&self) -> Command {
        self.client(env!("CARGO_BIN_EXE_greenlight"))
    }

    /// Writes a `greenlight.yaml` that deploys the demo's second version, with these function names as hooks.
    pub(crate) fn write_configuration(&self, folder: &Path) {
        let hooks: String = self.announcement["hooks"]
            .as_object()
            .expect("the announcement names the hooks")
            .iter()
            .map(|(event, function)| format!("  {event}: {}\n", function.as_str().expect("a function has a name")))
            .collect();
        let text = format!(
            "version: 1\napplication: {}\ndeployment_group: {}\ntask_definition: live\nimages:\n  {}: greenlight-demo/shop:2\nhooks:\n{hooks}deployment:\n  rollback_on: [failure]\n",
            self.text("application"),
            self.text("deployment_group"),
            self.text("container"),
        );
        std::fs::write(folder.join("greenlight.yaml"), text).expect("the configuration can be written");
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal by name (`TERM`, `INT`, `KILL`).
    pub(crate) fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// Ends it, and hands over what it printed after its announcement.
    pub(crate) fn end_and_read_the_rest(mut self) -> String {
        self.signal("TERM");
        self.wait();
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).expect("standard output can be read");
        rest
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        wait(&mut self.child, Duration::from_secs(30))
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            signal(self.child.id(), "TERM");
            // A destructor must not panic while a test already does; the reaper ends what is left.
            let _ = self.child.wait();
        }
    }
}

/// Sends a signal to one process.
pub(crate) fn signal(id: u32, name: &str) {
    let status =
        Command::new("kill").args([&format!("-{name}"), &id.to_string()]).status().expect("kill can be started");
    assert!(status.success(), "kill -{name} {id}: {status}");
}

/// Waits for the end of a child, within a bound.
pub(crate) fn wait(child: &mut Child, within: Duration) -> ExitStatus {
    let bound = Instant::now() + within;
    loop {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            return status;
        }
        assert!(Instant::now() < bound, "process {} still runs after {within:?}", child.id());
        std::thread::sleep(Duration::from_millis(10));
    }
}
