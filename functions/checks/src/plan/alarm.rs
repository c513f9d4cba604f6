//! The `alarm` check: CloudWatch alarms that must be OK, and stay so for a while.

use std::time::Duration;

use super::fields::{Fields, Problems, texts};
use super::tree::{Node, Value};

/// Between two looks. DescribeAlarms may be called nine times a second in an account, by everyone together.
const DEFAULT_EVERY: Duration = Duration::from_secs(5);
const SHORTEST_EVERY: Duration = Duration::from_secs(1);
const LONGEST_WATCH: Duration = Duration::from_secs(50 * 60);
/// CloudWatch's own limit, in characters.
const LONGEST_NAME: usize = 255;

/// Alarms that must be OK. There is no `expect`: OK is what is expected of an alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AlarmCheck {
    pub(crate) names: Vec<String>,
    /// How long they are watched; nothing is one look.
    pub(crate) watch_for: Duration,
    pub(crate) every: Duration,
    pub(crate) already_red: AlreadyRed,
}

/// What an alarm counts as that was red before the deployment began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum AlreadyRed {
    /// As any other: the deployment would hide behind it.
    #[default]
    Fail,
    /// It is left out, as long as it has been red since before.
    Ignore,
}

/// Reads `alarm`.
pub(crate) fn read(node: &Node, check: &Fields<'_>, problems: &mut Problems) -> Option<AlarmCheck> {
    for name in ["expect", "timeout"] {
        if let Some(given) = check.get(name) {
            let text = "is not for alarm checks: OK passes, within watch_for";
            problems.add(given.at, &check.path_of(name), text);
        }
    }
    let known = ["names", "watch_for", "every", "already_red"];
    let fields = Fields::read(node, &check.path_of("alarm"), &known, problems)?;
    let names = fields.required("names", problems).map(|node| names(node, &fields.path_of("names"), problems));
    let watch_for = fields.duration("watch_for", problems).unwrap_or_default();
    if let (Some(node), true) = (fields.get("watch_for"), watch_for > LONGEST_WATCH) {
        problems.add(node.at, &fields.path_of("watch_for"), "expected at most 50m; no hook runs longer");
    }
    let every = fields.duration("every", problems).unwrap_or(DEFAULT_EVERY);
    if let (Some(node), true) = (fields.get("every"), every < SHORTEST_EVERY) {
        let text = "expected at least 1s; CloudWatch answers an account nine times a second";
        problems.add(node.at, &fields.path_of("every"), text);
    }
    let words = [("fail", AlreadyRed::Fail), ("ignore", AlreadyRed::Ignore)];
    let already_red = fields.word("already_red", &words, problems).unwrap_or_default();
    Some(AlarmCheck { names: names?, watch_for, every, already_red })
}

fn names(node: &Node, path: &str, problems: &mut Problems) -> Vec<String> {
    if matches!(&node.value, Value::List(items) if items.is_empty()) {
        problems.add(node.at, path, "lists no alarm; nothing would be watched");
    }
    let mut names: Vec<String> = Vec::new();
    for (name, at) in texts(node, path, problems) {
        if name.is_empty() || name.chars().count() > LONGEST_NAME {
            problems.add(at, path, format_args!("{name:?} is no alarm's name; it has 1 to {LONGEST_NAME} characters"));
        } else if name.starts_with("arn:") {
            problems.add(at, path, format_args!("expected the alarm's name, got its ARN {name:?}"));
        } else if names.contains(&name) {
            problems.add(at, path, format_args!("lists {name:?} twice"));
        } else {
            names.push(name);
        }
    }
    names
}
