//! What there is to run, as the command itself tells it in `--help` and in its schema of `greenlight.yaml`, and what was run, as the
//! transcripts in `tests/transcripts/` tell it. It compares nothing.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process;

use serde_json::Value;

/// For whom a command printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Form {
    People,
    Programs,
    /// It has one form.
    Both,
}

/// A verb as its `--help` tells it.
#[derive(Debug)]
pub(crate) struct Verb {
    pub(crate) name: String,
    pub(crate) options: Vec<Choice>,
    /// Arguments of which `--help` lists the values.
    pub(crate) arguments: Vec<Choice>,
}

/// An option or an argument, with its values where they are listed.
#[derive(Debug)]
pub(crate) struct Choice {
    pub(crate) name: String,
    pub(crate) values: Vec<String>,
}

/// A command line that stands in a transcript.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) form: Form,
    pub(crate) verb: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) exit: i32,
}

/// Everything in the transcripts.
pub(crate) struct Played {
    pub(crate) calls: Vec<Call>,
    /// The `greenlight.yaml` of each story, by the form for which it was played.
    pub(crate) configurations: Vec<(Form, Value)>,
    /// `outcome` of the lines for programs.
    pub(crate) outcomes: BTreeSet<String>,
}

impl Verb {
    pub(crate) fn all() -> Vec<Self> {
        let help = help(&[]);
        let names = section(&help, "Commands:").into_iter().filter_map(|line| {
            let name = line.strip_prefix("  ").filter(|rest| !rest.starts_with(' '))?.split(' ').next()?;
            (name != "help").then(|| name.to_owned())
        });
        let verbs: Vec<_> = names.map(|name| Self::read(&name)).collect();
        assert!(verbs.len() > 15, "the verbs are read from --help: {verbs:?}");
        verbs
    }

    fn read(name: &str) -> Self {
        let help = help(&[name]);
        let (mut options, mut arguments): (Vec<Choice>, Vec<Choice>) = Default::default();
        let mut in_argument = false;
        for line in help.lines().take_while(|line| *line != "Examples:") {
            let trimmed = line.trim_start();
            let indent = line.len() - trimmed.len();
            if indent < 8 && (trimmed.starts_with("--") || trimmed.starts_with('-') && trimmed.contains(", --")) {
                let from = trimmed.find("--").expect("it was found");
                let name = trimmed[from..].split(' ').next().expect("a split has a first part");
                options.push(Choice { name: name.to_owned(), values: Vec::new() });
                in_argument = false;
            } else if indent == 2 && (trimmed.starts_with('<') || trimmed.starts_with('[')) {
                arguments.push(Choice { name: trimmed.to_owned(), values: Vec::new() });
                in_argument = true;
            } else if let Some((value, _)) = trimmed.strip_prefix("- ").and_then(|value| value.split_once(':')) {
                let list = if in_argument { &mut arguments } else { &mut options };
                list.last_mut().expect("values stand below what they are of").values.push(value.to_owned());
            }
            if let Some((_, values)) = line.split_once("[possible values: ") {
                let list = if in_argument { &mut arguments } else { &mut options };
                let (values, _) = values.split_once(']').expect("the list of values ends in its line");
                let values = values.split(", ").map(str::to_owned);
                list.last_mut().expect("values stand behind what they are of").values.extend(values);
            }
        }
        options.retain(|option| option.name != "--help");
        Self { name: name.to_owned(), options, arguments }
    }

    pub(crate) fn option(&self, name: &str) -> Option<&Choice> {
        self.options.iter().find(|option| option.name == name)
    }

    /// The forms in which it prints.
    pub(crate) fn forms(&self) -> &'static [Form] {
        let json = self.option("--output").is_some_and(|output| output.values.iter().any(|value| value == "json"));
        if json { &[Form::People, Form::Programs] } else { &[Form::Both] }
    }
}

impl Call {
    /// Whether this option was given, with this value where one is meant.
    pub(crate) fn has(&self, option: &str, value: Option<&str>) -> bool {
        let mut given = self.arguments.iter().enumerate().filter(|(_, argument)| *argument == option);
        given.any(|(at, _)| value.is_none_or(|value| self.value(at).split(',').any(|part| part == value)))
    }

    fn value(&self, at: usize) -> &str {
        self.arguments.get(at + 1).map_or("", String::as_str)
    }
}

/// Every exit code of the table in `--help`.
pub(crate) fn exit_codes() -> BTreeSet<i32> {
    let help = help(&[]);
    let codes: BTreeSet<_> = section(&help, "Exit codes:")
        .into_iter()
        .filter_map(|line| line.split_whitespace().next()?.parse().ok())
        .collect();
    assert!(codes.len() > 10, "the exit codes are read from --help: {codes:?}");
    codes
}

/// Every key that `greenlight.yaml` may have, and every value of those that have a list of them: `on_conflict`, `on_conflict: wait`.
pub(crate) fn keys() -> BTreeSet<String> {
    let schema = process::Command::new(env!("CARGO_BIN_EXE_greenlight")).args(["schema", "config"]).output();
    let schema = schema.expect("greenlight can be started").stdout;
    let schema: Value = serde_json::from_slice(&schema).expect("a schema is JSON");
    let mut keys = BTreeSet::new();
    collect_keys(&schema, &schema, "", &mut keys);
    assert!(keys.len() > 20, "the keys are read from the schema: {keys:?}");
    keys
}

fn collect_keys(root: &Value, schema: &Value, at: &str, keys: &mut BTreeSet<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        let target = root.pointer(name.trim_start_matches('#')).expect("a reference leads somewhere");
        collect_keys(root, target, at, keys);
    }
    for choice in ["anyOf", "oneOf", "allOf"] {
        schema[choice].as_array().into_iter().flatten().for_each(|part| collect_keys(root, part, at, keys));
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
        keys.insert(path.clone());
        collect_keys(root, property, &path, keys);
    }
    if schema["items"].is_object() {
        collect_keys(root, &schema["items"], at, keys);
    }
    for value in schema["enum"].as_array().into_iter().flatten().chain(schema.get("const")) {
        if let Some(value) = value.as_str() {
            keys.insert(format!("{at}: {value}"));
        }
    }
}

/// The same of a file that was written.
pub(crate) fn keys_of(value: &Value, at: &str, keys: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                let path = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                keys.insert(path.clone());
                keys_of(value, &path, keys);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| keys_of(value, at, keys)),
        Value::String(text) => {
            keys.insert(format!("{at}: {text}"));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Reads the transcripts.
pub(crate) fn played() -> Played {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/transcripts");
    let mut played = Played { calls: Vec::new(), configurations: Vec::new(), outcomes: BTreeSet::new() };
    for file in fs::read_dir(folder).expect("there are transcripts").flatten() {
        if file.path().extension().is_some_and(|extension| extension == "snap") {
            let text = fs::read_to_string(file.path()).expect("a transcript can be read");
            read(&text, &mut played);
        }
    }
    assert!(played.calls.len() > 10, "the transcripts are read");
    played
}

fn read(text: &str, played: &mut Played) {
    let mut form = Form::Both;
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        match line {
            "== for people" => form = Form::People,
            "== for programs" => form = Form::Programs,
            "== for both" => form = Form::Both,
            "$ cat greenlight.yaml" => {
                let mut yaml = String::new();
                while let Some(line) = lines.next_if(|line| !line.is_empty()) {
                    yaml.push_str(line);
                    yaml.push('\n');
                }
                // Some stories are about a file that cannot be read.
                if let Ok(value) = serde_saphyr::from_str(&yaml) {
                    played.configurations.push((form, value));
                }
            }
            _ => {}
        }
        let command = line.strip_prefix("# the end of: ").unwrap_or(line).strip_prefix("$ greenlight ");
        if let Some(command) = command.filter(|command| !command.ends_with(" &")) {
            let mut words = words(command);
            let verb = if words.is_empty() { String::new() } else { words.remove(0) };
            // Behind an empty line there is no blank.
            let is_data = |line: &&str| line.starts_with("1|") || line.starts_with("2|");
            while let Some(line) = lines.next_if(is_data) {
                let outcome = line.split(r#""outcome":""#).nth(1).and_then(|rest| rest.split('"').next());
                if line.contains(r#""type":"outcome""#) {
                    played.outcomes.extend(outcome.map(str::to_owned));
                }
            }
            let exit = lines.next().and_then(|line| line.strip_prefix("exit ")?.parse().ok());
            let exit = exit.unwrap_or_else(|| panic!("`{command}` has no exit code below it"));
            played.calls.push(Call { form, verb, arguments: words, exit });
        }
    }
}

/// As a shell splits them, with single quotes only.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for character in command.chars() {
        match character {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            other => words.last_mut().expect("there is always one").push(other),
        }
    }
    words
}

fn section<'a>(help: &'a str, title: &str) -> Vec<&'a str> {
    help.lines().skip_while(|line| *line != title).skip(1).take_while(|line| !line.is_empty()).collect()
}

fn help(arguments: &[&str]) -> String {
    let mut command = process::Command::new(env!("CARGO_BIN_EXE_greenlight"));
    let output = command.args(arguments).arg("--help").output().expect("greenlight can be started");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("help is text")
}

#[test]
fn a_transcript_is_read_as_it_was_written() {
    let text = "A sentence.\n\n== for people\n\n$ cat greenlight.yaml\nversion: 1\non_conflict: wait\n\n\
        $ greenlight watch &\n\n$ greenlight rollback --reason 'a b' --rollback-on failure,stop\n2| $ greenlight stop\nexit 13\n\n\
        == for programs\n\n# the end of: $ greenlight watch\n1| {\"type\":\"outcome\",\"outcome\":\"stopped\"}\nexit 13\n";
    let mut played = Played { calls: Vec::new(), configurations: Vec::new(), outcomes: BTreeSet::new() };
    read(text, &mut played);
    let told: Vec<_> = played.calls.iter().map(|call| (call.form, call.verb.as_str(), call.exit)).collect();
    assert_eq!(told, [(Form::People, "rollback", 13), (Form::Programs, "watch", 13)]);
    assert!(played.calls[0].has("--reason", Some("a b")) && played.calls[0].has("--rollback-on", Some("stop")));
    assert!(!played.calls[0].has("--reason", Some("a")) && !played.calls[0].has("--yes", None));
    assert_eq!(played.configurations[0].1["on_conflict"], "wait");
    assert!(played.outcomes.contains("stopped"));
}
