//! One entry of `checks`, and what holds between entries: what is waited for exists, runs, and waits for nothing back.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method, Uri};

use super::expectation::assertions;
use super::fields::{Fields, Problems, text, texts};
use super::model::{Check, HttpRequest, Retry};
use super::tree::{Node, Position};
use crate::event::HookEvent;
use crate::evidence::Severity;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);
const DEFAULT_EVERY: Duration = Duration::from_secs(1);
const LONGEST_ID: usize = 64;

/// The methods that a check may use; those that may change something need `side_effects: accepted`.
const METHODS: [(&str, Method, bool); 7] = [
    ("get", Method::GET, true),
    ("head", Method::HEAD, true),
    ("options", Method::OPTIONS, true),
    ("post", Method::POST, false),
    ("put", Method::PUT, false),
    ("patch", Method::PATCH, false),
    ("delete", Method::DELETE, false),
];

const LATER_KINDS: [&str; 8] = ["tls", "grpc_health", "websocket", "load", "compare", "alarm", "metric", "approval"];

/// Headers that the engine sets, and what to do instead.
const SET_HERE: [(&str, &str); 5] = [
    ("host", "use endpoints.green.host"),
    ("idempotency-key", "it is made of execution and check id"),
    ("content-length", "it follows from the body"),
    ("transfer-encoding", "it follows from the body"),
    ("connection", "every request has its own"),
];

/// A check as far as it could be read: its id counts for others also where the rest is wrong.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) id: String,
    /// Where the id stands.
    pub(crate) at: Position,
    pub(crate) after: Vec<(String, Position)>,
    pub(crate) check: Option<Check>,
}

pub(crate) fn check(node: &Node, path: &str, problems: &mut Problems) -> Option<Entry> {
    let known = ["id", "http", "expect", "severity", "on_inconclusive", "timeout", "retry", "after", "side_effects"];
    let fields = Fields::read(node, path, &known, &LATER_KINDS, problems)?;
    let id = fields.required("id", problems).and_then(|node| id(node, &fields.path_of("id"), problems));
    let later = LATER_KINDS.iter().any(|kind| fields.get(kind).is_some());
    let request = if later { None } else { fields.required("http", problems) };
    let request = request.and_then(|node| request_of(node, &fields, problems));
    let expect = if later { None } else { fields.required("expect", problems) };
    let assertions = expect.map(|node| assertions(node, &fields.path_of("expect"), problems)).unwrap_or_default();
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
    let check = request.map(|request| Check {
        id: id.clone(),
        place: problems.place(node.at),
        request,
        assertions,
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

fn request_of(node: &Node, check: &Fields<'_>, problems: &mut Problems) -> Option<HttpRequest> {
    let path = check.path_of("http");
    let known: Vec<&str> = METHODS.iter().map(|(name, ..)| *name).chain(["headers", "body", "follow"]).collect();
    let fields = Fields::read(node, &path, &known, &[], problems)?;
    let given: Vec<_> = METHODS.iter().filter(|(name, ..)| fields.get(name).is_some()).collect();
    let accepted = check.word("side_effects", &[("accepted", ())], problems).is_some();
    let [(name, method, safe)] = given.as_slice() else {
        // A misspelt method has been told as unknown already.
        if !given.is_empty() || fields.entries().iter().all(|(key, _)| known.contains(&key.name.as_str())) {
            let text = format_args!("expected one method, got {}; write `get: /path`", given.len());
            problems.add(node.at, &path, text);
        }
        return None;
    };
    if !safe && !accepted {
        let text =
            format_args!("{method} may change something; add `side_effects: accepted` to the check if that is meant");
        problems.add(node.at, &path, text);
    }
    let target = fields.text(name, problems)?;
    if !is_path(&target) {
        let at = fields.get(name).map_or(node.at, |node| node.at);
        let text = format_args!("expected a path that begins with / and is percent-encoded, got {target:?}");
        problems.add(at, &fields.path_of(name), text);
    }
    let mut headers = Vec::new();
    if let Some(given) = fields.get("headers").and_then(|node| Fields::any(node, &fields.path_of("headers"), problems))
    {
        for (key, node) in given.entries() {
            let path = given.path_of(&key.name);
            if let Some((_, instead)) = SET_HERE.iter().find(|(name, _)| key.name.eq_ignore_ascii_case(name)) {
                problems.add(key.at, &path, format_args!("cannot be set here; {instead}"));
                continue;
            }
            let value = text(node, &path, problems).and_then(|value| HeaderValue::try_from(value).ok());
            match (HeaderName::try_from(key.name.as_str()), value) {
                (Ok(name), Some(value)) => headers.push((name, value)),
                (Ok(_), None) => problems.add(node.at, &path, "is no HTTP header value"),
                (Err(_), _) => problems.add(key.at, &path, format_args!("{:?} is no HTTP header name", key.name)),
            }
        }
    }
    let follow = fields.integer("follow", 0, 20, problems).unwrap_or(0);
    if let Some(node) = fields.get("body")
        && *safe
    {
        problems.add(node.at, &fields.path_of("body"), format_args!("{method} takes no body"));
    }
    Some(HttpRequest {
        method: method.clone(),
        path: target,
        headers,
        body: fields.text("body", problems),
        follow: usize::try_from(follow).unwrap_or(usize::MAX),
    })
}

fn is_path(text: &str) -> bool {
    text.starts_with('/') && !text.starts_with("//") && !text.contains(['#', '\\']) && text.parse::<Uri>().is_ok()
}

fn retry(node: &Node, path: &str, problems: &mut Problems) -> Option<Retry> {
    let fields = Fields::read(node, path, &["until", "every", "pass_after"], &[], problems)?;
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
