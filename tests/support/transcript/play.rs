//! A story while it is played: commands one after the other, or one that goes on while others run. It keeps what they printed.

#![allow(clippy::disallowed_methods, reason = "a test bounds its waits by the clock")]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::fold::Fold;
use super::stage::Stage;
use crate::support::stand_in::{signal, wait};

/// No command of a story takes longer.
const LONGEST: Duration = Duration::from_secs(120);

/// The verbs that follow a deployment. They look more often here than they would, which no transcript tells.
const FOLLOWING: [&str; 7] = ["deploy", "watch", "stop", "continue", "rollback", "approve", "reject"];
const OFTEN: [&str; 2] = ["--poll", "150ms"];

/// For whom the commands print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    People,
    Program,
}

/// A story in one form.
pub(crate) struct Play<'a, S> {
    /// Where it is played.
    pub(crate) stage: &'a S,
    /// For whom.
    pub(crate) form: Form,
    fold: Fold,
    told: String,
}

impl<'a, S: Stage> Play<'a, S> {
    pub(crate) fn new(stage: &'a S, form: Form) -> Self {
        Self { stage, form, fold: Fold::of(stage.folder()), told: String::new() }
    }

    /// Writes a file into the story's folder, and tells it.
    pub(crate) fn write(&mut self, name: &str, text: &str) {
        std::fs::write(self.stage.folder().join(name), text).expect("a file can be written");
        self.tell(&format!("\n$ cat {name}\n{}", text.trim_end()));
    }

    /// Tells a file of the story's folder that a command wrote.
    pub(crate) fn show(&mut self, name: &str) {
        let text = std::fs::read_to_string(self.stage.folder().join(name)).expect("the file was written");
        self.tell(&format!("\n$ cat {name}\n{}", text.trim_end()));
    }

    /// Something that the reader has to know, and no command says.
    pub(crate) fn remark(&mut self, text: &str) {
        self.tell(&format!("\n# {text}"));
    }

    /// Leaves out of what follows how far the lifecycle was seen to get: whoever leaves early may see more or less of it.
    pub(crate) fn without_events(&mut self) {
        self.fold.events = false;
    }

    /// Leaves out of what follows what a hook has left in its log, beside its event and in a line of its own: it may come with the
    /// end of the event, later, or after the command has left. Why a hook fails a deployment is told all the same.
    pub(crate) fn without_evidence(&mut self) {
        self.fold.evidence = false;
    }

    /// This text is another one in each run.
    pub(crate) fn vary(&mut self, text: &str, name: &str) {
        self.fold.vary(text, name);
    }

    /// Runs a command to its end; `--output json` is added in the form for programs. Its exit code must be this one.
    pub(crate) fn run(&mut self, arguments: &[&str], exit: i32) -> Output {
        let arguments = self.in_form(arguments);
        self.run_as_it_is(&arguments, exit)
    }

    /// Runs a command that has no form to choose.
    pub(crate) fn run_as_it_is(&mut self, arguments: &[&str], exit: i32) -> Output {
        let output = self.command(arguments).output().expect("greenlight can be started");
        self.ended("", arguments, &output.stdout, &output.stderr, output.status.code(), exit);
        output
    }

    /// Runs a command that prints a long document, and tells how that begins.
    pub(crate) fn run_and_tell_the_beginning(&mut self, arguments: &[&str], lines: usize, exit: i32) -> Output {
        let output = self.command(arguments).output().expect("greenlight can be started");
        let text = String::from_utf8_lossy(&output.stdout);
        let mut beginning: Vec<_> = text.lines().take(lines).collect();
        if text.lines().nth(lines).is_some() {
            beginning.push("…");
        }
        self.ended("", arguments, beginning.join("\n").as_bytes(), &output.stderr, output.status.code(), exit);
        output
    }

    /// Starts a command that goes on.
    pub(crate) fn start(&mut self, arguments: &[&str]) -> Running {
        let arguments = self.in_form(arguments);
        self.tell(&format!("\n$ greenlight {} &", shown(&arguments)));
        let mut child = self
            .command(&arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("greenlight can be started");
        let output = Collected::of(child.stdout.take().expect("standard output is piped"));
        let errors = Collected::of(child.stderr.take().expect("standard error is piped"));
        Running { child, arguments: arguments.iter().map(|text| (*text).to_owned()).collect(), output, errors }
    }

    /// The end of a command that went on. Its exit code must be this one.
    pub(crate) fn end(&mut self, mut running: Running, exit: i32) {
        let status = wait(&mut running.child, LONGEST);
        let arguments: Vec<_> = running.arguments.iter().map(String::as_str).collect();
        let (output, errors) = (running.output.all(), running.errors.all());
        self.ended("# the end of: ", &arguments, output.as_bytes(), errors.as_bytes(), status.code(), exit);
    }

    /// Everything, folded.
    pub(crate) fn told(self) -> String {
        self.told
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.stage.command();
        // Help is as wide as this says.
        command.args(arguments).stdin(Stdio::null()).env_remove("COLUMNS");
        if arguments.first().is_some_and(|verb| FOLLOWING.contains(verb)) && !arguments.contains(&"--poll") {
            command.args(OFTEN);
        }
        command
    }

    fn in_form<'b>(&self, arguments: &[&'b str]) -> Vec<&'b str> {
        let form: &[&str] = if self.form == Form::Program { &["--output", "json"] } else { &[] };
        [arguments, form].concat()
    }

    fn ended(
        &mut self,
        prefix: &str,
        arguments: &[&str],
        output: &[u8],
        errors: &[u8],
        code: Option<i32>,
        expected: i32,
    ) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (output, errors) = (text(output), text(errors));
        let command = shown(arguments);
        assert_eq!(code, Some(expected), "`greenlight {command}` printed\n{output}{errors}");
        let mut lines = vec![format!("\n{prefix}$ greenlight {command}")];
        lines.extend(self.fold.output(&output).into_iter().map(|line| format!("1| {line}")));
        lines.extend(self.fold.errors(&errors).into_iter().map(|line| format!("2| {line}")));
        lines.push(format!("exit {expected}"));
        self.tell(&lines.join("\n"));
    }

    fn tell(&mut self, text: &str) {
        for line in self.fold.text(text).lines() {
            self.told.push_str(line.trim_end());
            self.told.push('\n');
        }
    }
}

/// A command that goes on. Dropped without its end, it is killed.
pub(crate) struct Running {
    child: Child,
    arguments: Vec<String>,
    output: Collected,
    errors: Collected,
}

impl Running {
    /// Waits until the first was printed for people, or the second for programs.
    pub(crate) fn until(&self, form: Form, people: &str, programs: &str) {
        match form {
            Form::People => self.errors.until(people),
            Form::Program => self.output.until(programs),
        }
    }

    /// Waits until it waits for a person at the gate.
    pub(crate) fn until_gate(&self, form: Form) {
        self.until(form, "waits for a person", r#""status":"Ready""#);
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// What one stream has brought so far.
struct Collected {
    shared: Arc<(Mutex<(String, bool)>, Condvar)>,
    reader: Option<JoinHandle<()>>,
}

impl Collected {
    fn of(stream: impl Read + Send + 'static) -> Self {
        let shared: Arc<(Mutex<(String, bool)>, Condvar)> = Arc::default();
        let here = Arc::clone(&shared);
        let reader = std::thread::spawn(move || {
            let mut stream = BufReader::new(stream);
            loop {
                let mut line = String::new();
                let read = stream.read_line(&mut line).unwrap_or(0);
                let mut state = here.0.lock().unwrap_or_else(PoisonError::into_inner);
                state.0.push_str(&line);
                state.1 = read == 0;
                here.1.notify_all();
                if state.1 {
                    return;
                }
            }
        });
        Self { shared, reader: Some(reader) }
    }

    fn until(&self, wanted: &str) {
        let (state, changed) = &*self.shared;
        let state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = |state: &mut (String, bool)| !state.0.contains(wanted) && !state.1;
        let (state, _) = changed.wait_timeout_while(state, LONGEST, waits).unwrap_or_else(PoisonError::into_inner);
        assert!(state.0.contains(wanted), "no {wanted:?} in\n{}", state.0);
    }

    fn all(&mut self) -> String {
        self.reader.take().expect("it is read to its end once").join().expect("the reader reads");
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner).0.clone()
    }
}

/// A command line as it would be typed.
fn shown(arguments: &[&str]) -> String {
    let quoted = |argument: &&str| {
        let plain = |character: char| character.is_ascii_alphanumeric() || "-_./:=,@+".contains(character);
        if !argument.is_empty() && argument.chars().all(plain) {
            (*argument).to_owned()
        } else {
            format!("'{argument}'")
        }
    };
    arguments.iter().map(quoted).collect::<Vec<_>>().join(" ")
}
