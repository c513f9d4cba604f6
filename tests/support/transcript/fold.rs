//! What a transcript leaves out, because it depends on the moment: times, measured durations, ports, folders, and what a look
//! happened to see between two states. Ids stay: the stand-in draws them from a fixed seed.

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value, json};

/// In this order: a time holds what looks like a duration.
static VARYING: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let rules = [
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)", "<time>"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(Z| UTC)?", "<time>"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "<time>"),
        (r"\b\d{4}-\d\d-\d\d \d\d:\d\d\b", "<time>"),
        (r"\b\d\d:\d\d:\d\d\b", "<time>"),
        (r"(deadline|by|at|until|since) \d\d:\d\d\b", "$1 <time>"),
        (r"127\.0\.0\.1:\d+", "127.0.0.1:<port>"),
        (r"\(port \d+\)", "(port <port>)"),
        (r"\b\d+\.\d+ ?(ms|s)\b", "<duration>"),
        (r"\b\d+ ?ms\b", "<duration>"),
        (r"\b\d+m \d+s\b", "<duration>"),
        (r"\bin \d+s\b", "in <duration>"),
        // A column is as wide as what varies in it.
        (r" {2,}<duration>", "  <duration>"),
        (r"\bgreenlight-invoke-\d+", "greenlight-invoke-<n>"),
        (r#"\btime="\d+\.\d+""#, r#"time="<duration>""#),
        (r#"_ms":\d+"#, r#"_ms":<n>"#),
        (r"<duration> {2,}", "<duration>  "),
        // How many of its tasks were seen.
        (r"(Install  <duration>)  replacement .*", "$1"),
        (r" {2,}TOOK +", "  TOOK  "),
        // How often ECS tried.
        (r"\b\d+ x ", "<n> x "),
        (r#""count":\d+"#, r#""count":<n>"#),
        (r"\b\d+ tasks (ended|started)", "<n> tasks $1"),
        (r"\bjournal of \d+ lines", "journal of <n> lines"),
    ];
    rules.map(|(pattern, name)| (Regex::new(pattern).expect("a rule is a pattern"), name)).into()
});

/// A line of progress for people: time, mark, event.
static PROGRESS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\d\d:\d\d:\d\d  ").expect("a pattern"));

/// What a hook found, and the end of an event, folded: for people, and for programs.
static FOUND: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"^<time> ([A-Z]\w+) .*\bchecks? passed|"type":"evidence".*?"event":"(\w+)""#).expect("a pattern")
});
static ENDED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"^<time> (?:ok|!!) (\w+)|"type":"event".*?"event":"(\w+)""#).expect("a pattern"));

/// A line of `check` for people: its number, of how many.
static CHECK_ENDED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^ +\d+/\d+ (ok|!!|--|\?\?) ").expect("a pattern"));

/// Said where the hooks were not built before.
const BUILDING: &str = "building the hooks with cargo";
static BY_CARGO: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("^ +(Blocking|Compiling|Finished) ").expect("a pattern"));

/// A function's log has tests of its own.
static BY_FUNCTION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"^(\{"|(START|END|REPORT) RequestId: )"#).expect("a pattern"));

/// What a hook has left, come after its event had ended.
static LATE_EVIDENCE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\d\d:\d\d:\d\d {4,}(\w+) ").expect("a pattern"));

/// What a hook has left, behind its event.
static BESIDE_ITS_EVENT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r" (\d+ of )?\d+ checks? passed, routing .*$").expect("a pattern"));

/// What is folded in one story.
pub(crate) struct Fold {
    varying: Vec<(String, String)>,
    /// Whether events that have ended are told.
    pub(super) events: bool,
    /// Whether what a hook that ended well has left is told.
    pub(super) evidence: bool,
}

impl Fold {
    pub(super) fn of(folder: &Path) -> Self {
        let mut fold = Self { varying: Vec::new(), events: true, evidence: true };
        fold.vary(&folder.display().to_string(), "<folder>");
        fold.vary(env!("CARGO_BIN_EXE_greenlight"), "<greenlight>");
        fold.vary(env!("CARGO_PKG_VERSION"), "<version>");
        fold
    }

    pub(super) fn vary(&mut self, text: &str, name: &str) {
        self.varying.push((text.to_owned(), name.to_owned()));
    }

    /// What varies within a line or more.
    pub(super) fn text(&self, text: &str) -> String {
        let text = self.varying.iter().fold(text.to_owned(), |text, (varying, name)| text.replace(varying, name));
        VARYING.iter().fold(text, |text, (pattern, name)| pattern.replace_all(&text, *name).into_owned())
    }

    /// Standard output: lines for people, or NDJSON.
    pub(super) fn output(&self, text: &str) -> Vec<String> {
        let line = |line: &str| match serde_json::from_str::<Value>(line) {
            Ok(value @ Value::Object(_)) if value["schema"].is_u64() && value["type"].is_string() => self.told(value),
            _ => Some(self.text(line)),
        };
        let mut lines = behind_their_events(text.lines().filter_map(line).collect());
        // Checks run side by side, and which ends first is open.
        let is_check = |line: &String| line.starts_with(r#"{"schema":1,"type":"check""#);
        for checks in lines.chunk_by_mut(|before, after| is_check(before) && is_check(after)) {
            checks.sort();
        }
        lines
    }

    /// Standard error: of progress only what has ended, without how long it took.
    pub(super) fn errors(&self, text: &str) -> Vec<String> {
        let line = |line: &str| {
            if !PROGRESS.is_match(line) {
                // A check that has ended stands on standard output too, and there in its order.
                let beside = [&CHECK_ENDED, &BY_CARGO, &BY_FUNCTION].iter().any(|pattern| pattern.is_match(line));
                let beside = beside || line == BUILDING;
                return (!beside).then(|| self.text(line));
            }
            let late = LATE_EVIDENCE.is_match(line);
            let told = self.events && !line.contains("  >>   ") && (self.evidence || !late);
            told.then(|| {
                let mut told = self.text(line).split_whitespace().collect::<Vec<_>>().join(" ");
                // How many tasks ran when it was seen to have ended.
                if told.contains(" Install ") {
                    told = told.split(" replacement ").next().expect("a split has a first part").to_owned();
                }
                if !self.evidence {
                    told = BESIDE_ITS_EVENT.replace(&told, "").into_owned();
                }
                told
            })
        };
        behind_their_events(text.lines().filter_map(line).collect())
    }

    /// A line of NDJSON, unless it is about what was seen on the way.
    fn told(&self, mut line: Value) -> Option<String> {
        match line["type"].as_str() {
            Some("status" | "traffic" | "tasks" | "function_log") => return None,
            Some("event") => {
                let ended = !matches!(line["status"].as_str(), Some("InProgress" | "Pending"));
                if !(self.events && ended) {
                    return None;
                }
            }
            Some("note") if line["text"] == BUILDING => return None,
            Some("evidence") if !(self.evidence && self.events) => return None,
            Some("evidence") => line["evidence"] = summary(&line["evidence"]),
            _ => {}
        }
        Some(self.text(&line.to_string()))
    }
}

/// What the hooks found is told as soon as it could be read, which may be an event later. Here it stands behind its own.
fn behind_their_events(mut lines: Vec<String>) -> Vec<String> {
    let named = |pattern: &Regex, line: &str| {
        let found = pattern.captures(line)?;
        found.iter().skip(1).flatten().next().map(|name| name.as_str().to_owned())
    };
    let mut index = 0;
    while index < lines.len() {
        let event = named(&FOUND, &lines[index]);
        let end = lines.iter().position(|line| event.is_some() && named(&ENDED, line) == event);
        if let Some(end) = end {
            let found = lines.remove(index);
            let place = if end < index { end + 1 } else { end };
            lines.insert(place, found);
            if place > index {
                continue;
            }
        }
        index += 1;
    }
    lines
}

/// Evidence has a test of its own; here it is what it decided.
fn summary(evidence: &Value) -> Value {
    let checks = evidence["checks"].as_array().into_iter().flatten();
    let checks: Vec<_> = checks.map(|check| json!({"id": check["id"], "outcome": check["outcome"]})).collect();
    json!({"decision": evidence["verdict"]["decision"], "checks": checks})
}

#[test]
fn what_depends_on_the_moment_is_folded_and_nothing_else() {
    let fold = Fold::of(Path::new("/tmp/story"));
    for (text, wanted) in [
        ("wrote /tmp/story/checks.yaml", "wrote <folder>/checks.yaml"),
        ("GET / via 127.0.0.1:4711, 200 in 43 ms", "GET / via 127.0.0.1:<port>, 200 in <duration>"),
        ("d-AAAAAAAAA ended in 1m 4s, at 2026-01-02T03:04:05.678Z", "d-AAAAAAAAA ended in <duration>, at <time>"),
        ("  ok   Install    1m 34s   replacement 3/3 running", "  ok   Install  <duration>"),
        ("canary 10 %, 5 min; 2 of 3 targets", "canary 10 %, 5 min; 2 of 3 targets"),
    ] {
        assert_eq!(fold.text(text), wanted);
    }
}

#[test]
fn what_a_hook_found_stands_behind_its_event_however_late_it_was_read() {
    let lines = |lines: &[&str]| behind_their_events(lines.iter().map(|line| (*line).to_owned()).collect());
    let (one, other) = ("<time> ok AfterInstall <duration>", "<time> !! BeforeAllowTraffic <duration>");
    let (first, second) = ("<time> AfterInstall 2 checks passed", "<time> BeforeAllowTraffic 1 of 2 checks passed");
    let told = [one, first, other, second, "exit 11"];
    for mixed in [[one, other, first, second, "exit 11"], [second, first, one, other, "exit 11"], told] {
        assert_eq!(lines(&mixed), told);
    }
    let (event, found) =
        (r#"{"type":"event","at":"<time>","event":"Install"}"#, r#"{"type":"evidence","event":"Install"}"#);
    assert_eq!(lines(&[found, event, "{}"]), [event, found, "{}"]);
    assert_eq!(lines(&["{}", found]), ["{}", found]);
}
