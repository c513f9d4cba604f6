//! Every file of `events/`, as the README says it is invoked: `cargo lambda watch` runs the hooks against the stand-in, and
//! `cargo lambda invoke` sends the file. What each answers is the README's table.

#![allow(clippy::disallowed_methods, reason = "a test bounds its waits by the clock")]

mod support {
    pub(crate) mod cargo;
    pub(crate) mod lambda_tools;
    pub(crate) mod stand_in;
}

use std::collections::BTreeSet;
use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use support::cargo::afresh;
use support::lambda_tools::{folder, root};
use support::stand_in::{StandIn, signal, wait};

/// `cargo lambda watch` builds a function when it is first invoked.
const BUILDING: Duration = Duration::from_secs(900);
/// In the environment of everything that a watch started.
const MARK: &str = "GREENLIGHT_TEST_WATCH";

/// A row of the README's table.
#[derive(Debug)]
struct Row {
    file: String,
    hook: String,
    /// `…` stands for anything.
    answer: String,
}

#[test]
fn every_sample_event_answers_what_the_readme_says() {
    let Some(tools) = folder("every_sample_event_answers_what_the_readme_says") else { return };
    let rows = rows(&fs::read_to_string(root().join("README.md")).expect("the README exists"));
    let described: BTreeSet<_> = rows.iter().map(|row| row.file.clone()).collect();
    assert_eq!(described, files(), "the README's table has every file of events/");

    let stand_in = StandIn::start(&[]);
    let watch = Watch::start(&stand_in, &tools);
    let mut wrong = Vec::new();
    for row in &rows {
        let output = watch.invoke(&row.hook, &row.file);
        let answer = said(&output);
        if !occurs(&row.answer, &answer) || output.status.success() != row.answer.starts_with('{') {
            wrong.push(format!(
                "{} {} should answer {:?}, but ({}) {answer}",
                row.hook, row.file, row.answer, output.status
            ));
        }
    }
    let log = watch.end();
    assert!(wrong.is_empty(), "{}\n{log}", wrong.join("\n"));
}

/// `cargo lambda watch`, and whatever it started. Dropping it ends them.
struct Watch {
    child: Child,
    mark: String,
    port: u16,
    tools: PathBuf,
    log: tempfile::NamedTempFile,
}

impl Watch {
    fn start(stand_in: &StandIn, tools: &Path) -> Self {
        let port = free_port();
        let mark = format!("{}-{port}", std::process::id());
        let log = tempfile::NamedTempFile::new().expect("a temporary file can be made");
        let again = || log.reopen().expect("a temporary file can be opened again");
        let child = lambda(stand_in.client("cargo"), tools)
            .args(["watch", "--ignore-changes", "--invoke-address", "127.0.0.1", "--invoke-port", &port.to_string()])
            .current_dir(root())
            .env("CARGO_TARGET_DIR", target_directory())
            .env("GREENLIGHT_PLAN", root().join("functions/checks.yaml"))
            .env("NO_COLOR", "1")
            .env(MARK, &mark)
            .stdout(again())
            .stderr(again())
            .process_group(0)
            .spawn()
            .expect("cargo can be started");
        let mut watch = Self { child, mark, port, tools: tools.to_owned(), log };
        let bound = Instant::now() + Duration::from_secs(120);
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            let ended = watch.child.try_wait().expect("a child can be waited for");
            assert!(ended.is_none() && Instant::now() < bound, "nothing listens: {ended:?}\n{}", watch.said());
            std::thread::sleep(Duration::from_millis(50));
        }
        watch
    }

    /// As the README says it.
    fn invoke(&self, hook: &str, file: &str) -> Output {
        let mut child = lambda(Command::new("cargo"), &self.tools)
            .args(["invoke", hook, "--invoke-address", "127.0.0.1", "--invoke-port", &self.port.to_string()])
            .args(["--data-file", &format!("events/{file}")])
            .current_dir(root())
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("cargo can be started");
        // What it says fits into a pipe.
        wait(&mut child, BUILDING);
        child.wait_with_output().expect("its output can be read")
    }

    fn said(&self) -> String {
        fs::read_to_string(self.log.path()).unwrap_or_default()
    }

    /// Ends it, and proves that nothing of it is left.
    fn end(mut self) -> String {
        signal(self.child.id(), "INT");
        let bound = Instant::now() + Duration::from_secs(60);
        while self.child.try_wait().expect("a child can be waited for").is_none() && Instant::now() < bound {
            std::thread::sleep(Duration::from_millis(20));
        }
        self.end_what_is_left();
        assert_eq!(left(&self.mark), [0_u32; 0], "processes of cargo lambda watch are left");
        self.said()
    }

    fn end_what_is_left(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let bound = Instant::now() + Duration::from_secs(30);
        loop {
            let left = left(&self.mark);
            if left.is_empty() || Instant::now() > bound {
                return;
            }
            for id in left {
                // It may have ended meanwhile.
                let _ = Command::new("kill").args(["-KILL", &id.to_string()]).stderr(Stdio::null()).status();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.end_what_is_left();
    }
}

/// Processes with this mark in their environment that still run.
fn left(mark: &str) -> Vec<u32> {
    let wanted = format!("{MARK}={mark}");
    let entries = fs::read_dir("/proc").expect("there is a /proc");
    let ids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    // The environment of a process that has ended is empty.
    let marked = |id: &u32| {
        let environment = fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes())
    };
    ids.filter(marked).collect()
}

fn lambda(cargo: Command, tools: &Path) -> Command {
    let mut cargo = afresh(cargo);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([tools.to_owned()].into_iter().chain(std::env::split_paths(&path)));
    cargo.arg("lambda").env("PATH", path.expect("a path has no colon"));
    cargo
}

/// Whether the pieces between `…` occur in this order.
fn occurs(wanted: &str, text: &str) -> bool {
    let mut rest = text;
    wanted.split('…').map(str::trim).all(|piece| match rest.find(piece) {
        Some(at) => {
            rest = &rest[at + piece.len()..];
            true
        }
        None => false,
    })
}

/// What was said, in one line.
fn said(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr].map(String::from_utf8_lossy).concat();
    // cargo-lambda wraps an error's lines and draws a frame beside them.
    text.split_whitespace().filter(|word| !["│", "×"].contains(word)).collect::<Vec<_>>().join(" ")
}

fn rows(readme: &str) -> Vec<Row> {
    let cell = |text: &str| text.trim().trim_matches('`').to_owned();
    let row = |line: &str| match line.trim_matches('|').split('|').map(cell).collect::<Vec<_>>().as_slice() {
        [file, hook, answer] if file.ends_with(".json") => {
            Some(Row { file: file.clone(), hook: hook.clone(), answer: answer.clone() })
        }
        _ => None,
    };
    readme.lines().filter(|line| line.starts_with("| `")).filter_map(row).collect()
}

fn files() -> BTreeSet<String> {
    let entries = fs::read_dir(root().join("events")).expect("events/ exists");
    entries.map(|entry| entry.expect("an entry can be read").file_name().to_string_lossy().into_owned()).collect()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port can be bound");
    listener.local_addr().expect("a bound listener has an address").port()
}

/// `target/`, from the place of the running test executable (`target/<profile>/deps/<test>`).
fn target_directory() -> PathBuf {
    let executable = std::env::current_exe().expect("a running test has an executable");
    executable.ancestors().nth(3).expect("a test executable lies in target/<profile>/deps").to_owned()
}
