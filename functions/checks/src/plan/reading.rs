//! Text to [`Plan`], or every problem that it has. It decides nothing about a deployment and reads no file: the caller
//! brings the text, the name that messages use for it, and the variables.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::approval::placed;
use super::attest::attest;
use super::check::{Entry, always_skipped, check, known_ids, references};
use super::endpoint::endpoints;
use super::fields::{Fields, Problems, integer, list, texts};
use super::givens::Givens;
use super::mode;
use super::model::{Budget, Plan};
use super::tree::{Node, Position, Value};
use super::variables;
use crate::event::HookEvent;
use crate::evidence::PlanIdentity;
use crate::message::Message;

/// A larger plan is refused; it would be somebody's data, not a plan.
const LARGEST: usize = 256 * 1024;
const MOST_CHECKS: usize = 200;
const SMALLEST_RESERVE: Duration = Duration::from_secs(10);

/// Everything that is wrong with a plan, in the order of the file. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanErrors(Vec<Message>);

impl PlanErrors {
    /// The problems.
    pub fn messages(&self) -> &[Message] {
        &self.0
    }
}

impl From<PlanErrors> for Vec<Message> {
    fn from(errors: PlanErrors) -> Self {
        errors.0
    }
}

impl fmt::Display for PlanErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, message) in self.0.iter().enumerate() {
            write!(f, "{}{message}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for PlanErrors {}

/// Reads a plan from YAML or JSON.
///
/// `file` is the name that messages carry; `givens` is what the plan refers to.
///
/// # Errors
///
/// Every problem, each with path, line, column and, for a name, the nearest known one.
pub fn read(text: &str, file: &str, givens: &Givens<'_>) -> Result<Plan, PlanErrors> {
    let mut problems = Problems::new(file);
    let plan = parse(text, givens, &mut problems).and_then(|root| plan(&root, text, file, givens, &mut problems));
    match plan {
        Some(plan) if problems.none() => Ok(plan),
        _ => Err(PlanErrors(problems.into_messages())),
    }
}

fn parse(text: &str, givens: &Givens<'_>, problems: &mut Problems) -> Option<Node> {
    let start = Position { line: 1, column: 1 };
    if text.len() > LARGEST {
        problems.add(start, "", format_args!("{} bytes; a plan has at most {LARGEST}", text.len()));
        return None;
    }
    // Every key is handed over, also one that stands twice: `Fields` says so with its place.
    let options = serde_saphyr::options! {
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::PassThrough,
        // `off` and `no` are the words that they are.
        strict_booleans: true,
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options::<Node>(text, options) {
        Ok(mut root) => {
            variables::substitute(&mut root, "", givens, problems);
            Some(root)
        }
        Err(error) => {
            let at = error.location().map_or(start, |at| Position { line: at.line(), column: at.column() });
            let reason = error.without_snippet().to_string();
            problems.add(at, "", format_args!("neither YAML nor JSON: {}", reason.lines().next().unwrap_or_default()));
            None
        }
    }
}

fn plan(root: &Node, text: &str, file: &str, givens: &Givens<'_>, problems: &mut Problems) -> Option<Plan> {
    let known = ["version", "mode", "until", "budget", "endpoints", "attest", "hooks", "checks"];
    let fields = Fields::read(root, "", &known, problems)?;
    if let Some(node) = fields.required("version", problems)
        && integer(node, "version", 1, u64::MAX, problems).is_some_and(|version| version != 1)
    {
        problems.add(node.at, "version", "expected 1, the only version there is");
    }
    let mode = mode::read(&fields, givens, problems);
    let budget = fields.get("budget").and_then(|node| budget(node, problems)).unwrap_or_default();
    let endpoints = endpoints(fields.get("endpoints"), givens, problems);
    let attest = fields.get("attest").and_then(|node| attest(node, problems)).unwrap_or_default();
    let checks = fields.required("checks", problems).map(|node| checks(node, givens, problems)).unwrap_or_default();
    // A check that is wrong in itself is still there for those that name it.
    let ids: Vec<String> = checks.iter().map(|entry| entry.id.clone()).collect();
    let hooks = fields.required("hooks", problems).map(|node| hooks(node, &ids, problems)).unwrap_or_default();
    references(&checks, &ids, problems);
    always_skipped(&checks, fields.get("hooks"), &hooks, problems);
    placed(&checks, fields.get("hooks"), &hooks, problems);
    let identity = PlanIdentity { source: file.to_owned(), sha256: format!("{:x}", Sha256::digest(text.as_bytes())) };
    let checks = checks.into_iter().filter_map(|entry| entry.check).collect();
    Some(Plan { identity, mode, budget, endpoints, attest, hooks, checks, secrets: problems.secrets.clone() })
}

fn budget(node: &Node, problems: &mut Problems) -> Option<Budget> {
    let fields = Fields::read(node, "budget", &["total", "report_reserve", "stabilise"], problems)?;
    let defaults = Budget::default();
    let reserve = fields.duration("report_reserve", problems);
    if let (Some(reserve), Some(node)) = (reserve, fields.get("report_reserve"))
        && reserve < SMALLEST_RESERVE
    {
        problems.add(
            node.at,
            "budget.report_reserve",
            format_args!("{}s is too short; at least 10s are needed to report", reserve.as_secs()),
        );
    }
    let total = fields.duration("total", problems);
    let stabilise = fields.duration("stabilise", problems);
    if let (Some(total), Some(stabilise), Some(node)) = (total, stabilise, fields.get("stabilise"))
        && stabilise >= total
    {
        problems.add(
            node.at,
            "budget.stabilise",
            "is not shorter than budget.total; nothing would be left to judge in",
        );
    }
    Some(Budget {
        total,
        report_reserve: reserve.unwrap_or(defaults.report_reserve),
        stabilise: stabilise.unwrap_or(defaults.stabilise),
    })
}

fn hooks(node: &Node, ids: &[String], problems: &mut Problems) -> BTreeMap<HookEvent, Vec<String>> {
    let mut hooks = BTreeMap::new();
    let Some(fields) = Fields::any(node, "hooks", problems) else { return hooks };
    if fields.entries().is_empty() {
        problems.add(node.at, "hooks", "names no event; nothing would be validated");
    }
    for (key, node) in fields.entries() {
        let Ok(event) = key.name.parse::<HookEvent>() else {
            problems.unknown(key.at, "hooks", "event", &key.name, HookEvent::ALL.map(HookEvent::name));
            continue;
        };
        let path = fields.path_of(&key.name);
        let listed = texts(node, &path, problems);
        if matches!(&node.value, Value::List(items) if items.is_empty()) {
            problems.add(node.at, &path, "lists no checks; nothing would be validated");
        }
        known_ids(&listed, &path, ids, problems);
        for (index, (id, at)) in listed.iter().enumerate() {
            if listed[..index].iter().any(|(earlier, _)| earlier == id) {
                problems.add(*at, &path, format_args!("lists {id:?} twice"));
            }
        }
        hooks.insert(event, listed.into_iter().map(|(id, _)| id).collect());
    }
    hooks
}

fn checks(node: &Node, givens: &Givens<'_>, problems: &mut Problems) -> Vec<Entry> {
    let items = list(node, "checks", problems).unwrap_or_default();
    if matches!(&node.value, Value::List(items) if items.is_empty()) {
        problems.add(node.at, "checks", "lists no checks; nothing would be validated");
    }
    if items.len() > MOST_CHECKS {
        problems.add(
            node.at,
            "checks",
            format_args!("lists {} checks; at most {MOST_CHECKS} are allowed", items.len()),
        );
    }
    let mut seen = HashSet::new();
    let mut entries = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let Some(entry) = check(item, &format!("checks[{index}]"), givens, problems) else { continue };
        if !seen.insert(entry.id.clone()) {
            problems.add(
                entry.at,
                &format!("checks[{index}].id"),
                format_args!("{:?} is the id of an earlier check", entry.id),
            );
        }
        entries.push(entry);
    }
    entries
}
