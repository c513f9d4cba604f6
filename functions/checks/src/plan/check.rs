//! One entry of `checks`, and what holds between entries: what is waited for exists, runs, and waits for nothing back.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use super::fields::{Fields, Problems, text, texts};
use super::givens::Givens;
use super::kind;
use super::model::{Check, Retry};
use super::tree::{Node, Position};
use crate::event::HookEvent;
use crate::evidence::Severity;

/// One attempt, where the check says nothing else.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);
const DEFAULT_EVERY: Duration = Duration::from_secs(1);
const LONGEST_ID: usize = 64;

/// A check as far as it could be read: its id counts for others also where the rest is wrong.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) id: String,
    /// Where the id stands.
    pub(crate) at: Position,
    pub(crate) after: Vec<(String, Position)>,
    pub(crate) check: Option<Check>,
}

pub(crate) fn check(node: &Node, path: &str, givens: &Givens<'_>, problems: &mut Problems) -> Option<Entry> {
    let own = ["id", "expect", "severity", "on_inconclusive", "timeout", "retry", "after", "side_effects"];
    let known: Vec<&str> = own.into_iter().chain(kind::NAMES).collect();
    let fields = Fields::read(node, path, &known, problems)?;
    let id = fields.required("id", problems).and_then(|node| id(node, &fields.path_of("id"), problems));
    let kind = kind::read(&fields, &known, givens, problems);
    let after = fields.get("after").map(|node| texts(node, &fields.path_of("after"), problems)).unwrap_or_default();
    let severity = fields.word("severity", &[("block", Severity::Block), ("warn", Severity::Warn)], problems);
    let excused = fields.word("on_inconclusive", &[("fail", false), ("warn", true)], problems);
    let timeout = fields.duration("timeout", problems);
    let retry = fields.get("retry").and_then(|node| retry(node, &fields.path_of("retry"), problems));
    if let (Some(timeout), Some(node)) = (timeout, fields.get("timeout"))
        && timeout.is_zero()
    {
        problems.add(node.at, &fields.path_of("timeout"), "expected more than 0");
    }
    let (id, at) = id?;
    let names: Vec<String> = after.iter().map(|(id, _)| id.clone()).collect();
    let check = kind.map(|kind| Check {
        id: id.clone(),
        place: problems.place(node.at),
        kind,
        severity: severity.unwrap_or_default(),
        inconclusive_excused: excused.unwrap_or(false),
        timeout: timeout.unwrap_or(DEFAULT_TIMEOUT),
        retry,
        after: names,
    });
    Some(Entry { id, at, after, check })
}

/// An id goes into messages, header values and file names.
fn id(node: &Node, path: &str, problems: &mut Problems) -> Option<(String, Position)> {
    let id = text(node, path, problems)?;
    let is_name = id.starts_with(|first: char| first.is_ascii_alphanumeric())
        && id.chars().all(|each| each.is_ascii_alphanumeric() || matches!(each, '-' | '_' | '.'));
    if !is_name || id.len() > LONGEST_ID {
        let text = format_args!("{id:?} is no id; it has at most {LONGEST_ID} letters, digits, -, _ and .");
        problems.add(node.at, path, text);
    }
    Some((id.to_owned(), node.at))
}

fn retry(node: &Node, path: &str, problems: &mut Problems) -> Option<Retry> {
    let fields = Fields::read(node, path, &["until", "every", "pass_after"], problems)?;
    fields.required("until", problems);
    let every = fields.duration("every", problems).unwrap_or(DEFAULT_EVERY);
    if let Some(node) = fields.get("every")
        && every.is_zero()
    {
        problems.add(node.at, &fields.path_of("every"), "expected more than 0");
    }
    let pass_after = fields.integer("pass_after", 1, 1_000, problems).unwrap_or(1);
    let pass_after = u32::try_from(pass_after).unwrap_or(u32::MAX);
    let until = fields.duration("until", problems)?;
    if let Some(node) = fields.get("pass_after")
        && every.saturating_mul(pass_after - 1) > until
    {
        let text = format_args!("{pass_after} attempts do not fit into until");
        problems.add(node.at, &fields.path_of("pass_after"), text);
    }
    Some(Retry { until, every, pass_after })
}

/// `after` names checks that exist, and no check waits for itself.
pub(crate) fn references(checks: &[Entry], ids: &[String], problems: &mut Problems) {
    for (index, Entry { id, after, .. }) in checks.iter().enumerate() {
        let path = format!("checks[{index}].after");
        known_ids(after, &path, ids, problems);
        let mut reached = HashSet::new();
        let mut open: Vec<&str> = after.iter().map(|(id, _)| id.as_str()).collect();
        while let Some(next) = open.pop() {
            if reached.insert(next) {
                let waits_for = checks.iter().filter(|check| check.id == next).flat_map(|check| &check.after);
                open.extend(waits_for.map(|(id, _)| id.as_str()));
            }
        }
        if let (true, Some((_, at))) = (reached.contains(id.as_str()), after.first()) {
            problems.add(*at, &path, format_args!("{id:?} waits for itself; it could never run"));
        }
    }
}

/// A check of an event that waits for one which the event does not run would be skipped in every deployment.
pub(crate) fn always_skipped(
    checks: &[Entry],
    hooks: Option<&Node>,
    lists: &BTreeMap<HookEvent, Vec<String>>,
    problems: &mut Problems,
) {
    let Some(hooks) = hooks else { return };
    for (event, listed) in lists {
        for check in checks.iter().filter(|check| listed.contains(&check.id)) {
            for (needed, _) in &check.after {
                if !listed.contains(needed) && checks.iter().any(|other| other.id == *needed) {
                    let path = format!("hooks.{event}");
                    let text = format_args!("{:?} runs after {needed:?}, which this event does not run", check.id);
                    problems.add(hooks.place_of(event.name()), &path, text);
                }
            }
        }
    }
}

pub(crate) fn known_ids(listed: &[(String, Position)], path: &str, ids: &[String], problems: &mut Problems) {
    for (id, at) in listed {
        if !ids.contains(id) {
            problems.unknown(*at, path, "check", id, ids.iter().map(String::as_str));
        }
    }
}
