//! Text to [`Plan`], or every problem that it has. It decides nothing about a deployment and reads no file: the caller
//! brings the text, the name that messages use for it, and the variables.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method};
use sha2::{Digest, Sha256};

use super::expectation::assertions;
use super::fields::{Fields, Problems, integer, list, text, texts};
use super::model::{
    Attest, Budget, Check, EndpointSpec, EndpointSpecs, HttpRequest, Plan, Requirement, Retry, TargetsHealthy, Via,
};
use super::tree::{Node, Position, Value};
use crate::event::HookEvent;
use crate::evidence::{PlanIdentity, Severity};
use crate::message::Message;

/// A larger plan is refused; it would be somebody's data, not a plan.
const LARGEST: usize = 256 * 1024;
const MOST_CHECKS: usize = 200;
const SMALLEST_RESERVE: Duration = Duration::from_secs(10);
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

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
/// `file` is the name that messages carry; `variables` resolves `${NAME}`.
///
/// # Errors
///
/// Every problem, each with path, line, column and, for a name, the nearest known one.
pub fn read(text: &str, file: &str, variables: &dyn Fn(&str) -> Option<String>) -> Result<Plan, PlanErrors> {
    let mut problems = Problems::new(file);
    let plan = parse(text, variables, &mut problems).and_then(|root| plan(&root, text, file, &mut problems));
    match plan {
        Some(plan) if problems.none() => Ok(plan),
        _ => Err(PlanErrors(problems.into_messages())),
    }
}

fn parse(text: &str, variables: &dyn Fn(&str) -> Option<String>, problems: &mut Problems) -> Option<Node> {
    let start = Position { line: 1, column: 1 };
    if text.len() > LARGEST {
        problems.add(start, "", format_args!("{} bytes; a plan has at most {LARGEST}", text.len()));
        return None;
    }
    // Every key is handed over, also one that stands twice: `Fields` says so with its place.
    let options = serde_saphyr::options! {
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::PassThrough,
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options::<Node>(text, options) {
        Ok(mut root) => {
            substitute(&mut root, "", variables, problems);
            Some(root)
        }
        Err(error) => {
            let at = error.location().map_or(start, |at| Position { line: at.line(), column: at.column() });
            let reason = error.to_string();
            problems.add(at, "", format_args!("neither YAML nor JSON: {}", reason.lines().next().unwrap_or_default()));
            None
        }
    }
}

/// Puts the variables' values into texts. They are put into values and not into the file, so that no value can become
/// structure.
fn substitute(node: &mut Node, path: &str, variables: &dyn Fn(&str) -> Option<String>, problems: &mut Problems) {
    match &mut node.value {
        Value::Text(text) if text.contains("${") => {
            let mut done = String::new();
            let mut rest = text.as_str();
            while let Some(start) = rest.find("${") {
                done.push_str(&rest[..start]);
                let Some(length) = rest[start..].find('}') else {
                    problems.add(
                        node.at,
                        path,
                        format_args!("{:?} opens a variable and does not close it", &rest[start..]),
                    );
                    return;
                };
                let name = &rest[start + 2..start + length];
                if name.starts_with("secret:") {
                    problems.add(node.at, path, format_args!("${{{name}}}: secrets are not supported by this version"));
                } else {
                    match variables(name) {
                        Some(value) => done.push_str(&value),
                        None => problems.add(node.at, path, format_args!("variable {name:?} is not defined")),
                    }
                }
                rest = &rest[start + length + 1..];
            }
            done.push_str(rest);
            *text = done;
        }
        Value::Text(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
        Value::List(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                substitute(item, &format!("{path}[{index}]"), variables, problems);
            }
        }
        Value::Map(entries) => {
            for (key, item) in entries {
                let path = if path.is_empty() { key.name.clone() } else { format!("{path}.{}", key.name) };
                substitute(item, &path, variables, problems);
            }
        }
    }
}

fn plan(root: &Node, text: &str, file: &str, problems: &mut Problems) -> Option<Plan> {
    let known = ["version", "budget", "endpoints", "attest", "hooks", "checks"];
    let fields = Fields::read(root, "", &known, &["mode", "until"], problems)?;
    if let Some(node) = fields.required("version", problems)
        && integer(node, "version", 1, problems).is_some_and(|version| version != 1)
    {
        problems.add(node.at, "version", "expected 1, the only version there is");
    }
    let budget = fields.get("budget").and_then(|node| budget(node, problems)).unwrap_or_default();
    let endpoints = endpoints(fields.get("endpoints"), problems);
    let attest = fields.get("attest").and_then(|node| attest(node, problems)).unwrap_or_default();
    let checks = fields.required("checks", problems).map(|node| checks(node, problems)).unwrap_or_default();
    // A check that is wrong in itself is still there for those that name it.
    let ids: Vec<String> = checks.iter().map(|(id, ..)| id.clone()).collect();
    let hooks = fields.required("hooks", problems).map(|node| hooks(node, &ids, problems)).unwrap_or_default();
    references(&checks, &ids, problems);
    let identity = PlanIdentity { source: file.to_owned(), sha256: format!("{:x}", Sha256::digest(text.as_bytes())) };
    let checks = checks.into_iter().filter_map(|(.., check)| check).collect();
    Some(Plan { identity, budget, endpoints, attest, hooks, checks })
}

fn budget(node: &Node, problems: &mut Problems) -> Option<Budget> {
    let fields = Fields::read(node, "budget", &["total", "report_reserve", "stabilise"], &[], problems)?;
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
    Some(Budget {
        total: fields.duration("total", problems),
        report_reserve: reserve.unwrap_or(defaults.report_reserve),
        stabilise: fields.duration("stabilise", problems).unwrap_or(defaults.stabilise),
    })
}

fn endpoints(node: Option<&Node>, problems: &mut Problems) -> EndpointSpecs {
    let fields = node.and_then(|node| Fields::read(node, "endpoints", &["green", "blue"], &[], problems));
    let mut side = |name: &str, default: Via| {
        let node = fields.as_ref().and_then(|fields| fields.get(name));
        node.and_then(|node| endpoint(node, &format!("endpoints.{name}"), default.clone(), problems))
            .unwrap_or(EndpointSpec { via: default, host: None })
    };
    EndpointSpecs { green: side("green", Via::TestListener), blue: side("blue", Via::ProductionListener) }
}

fn endpoint(node: &Node, path: &str, default: Via, problems: &mut Problems) -> Option<EndpointSpec> {
    let fields = Fields::read(node, path, &["via", "url", "host"], &[], problems)?;
    let ways = [("test_listener", false), ("production_listener", true)];
    let via = fields
        .word("via", &ways, problems)
        .map(|production| if production { Via::ProductionListener } else { Via::TestListener });
    let url = fields.text("url", problems);
    if let (Some(url), Some(node)) = (&url, fields.get("url"))
        && !(url.starts_with("http://") || url.starts_with("https://"))
    {
        problems.add(node.at, &fields.path_of("url"), format_args!("expected http://… or https://…, got {url:?}"));
    }
    if via.is_some() && url.is_some() {
        problems.add(node.at, path, "says both via and url; one of them is the way");
    }
    Some(EndpointSpec { via: url.map(Via::Url).or(via).unwrap_or(default), host: fields.text("host", problems) })
}

fn attest(node: &Node, problems: &mut Problems) -> Option<Attest> {
    let fields = Fields::read(node, "attest", &["routing", "targets_healthy"], &["image", "identity"], problems)?;
    let levels = [("required", Requirement::Required), ("warn", Requirement::Warn), ("off", Requirement::Off)];
    let targets_healthy = match fields.get("targets_healthy") {
        Some(node) if matches!(node.value, Value::Map(_)) => {
            let path = "attest.targets_healthy";
            let count = Fields::read(node, path, &["at_least"], &[], problems)?;
            count.required("at_least", problems);
            count
                .integer("at_least", 1, problems)
                .and_then(|count| u32::try_from(count).ok())
                .map(TargetsHealthy::AtLeast)
        }
        _ => fields.word("targets_healthy", &[("all", TargetsHealthy::All)], problems),
    };
    Some(Attest {
        routing: fields.word("routing", &levels, problems).unwrap_or_default(),
        targets_healthy: targets_healthy.unwrap_or_default(),
    })
}

fn hooks(node: &Node, ids: &[String], problems: &mut Problems) -> BTreeMap<HookEvent, Vec<String>> {
    let mut hooks = BTreeMap::new();
    let Some(fields) = Fields::any(node, "hooks", problems) else { return hooks };
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
        hooks.insert(event, listed.into_iter().map(|(id, _)| id).collect());
    }
    hooks
}

fn known_ids(listed: &[(String, Position)], path: &str, ids: &[String], problems: &mut Problems) {
    for (id, at) in listed {
        if !ids.contains(id) {
            problems.unknown(*at, path, "check", id, ids.iter().map(String::as_str));
        }
    }
}

/// A check's id, its `after` with places, and the check where it is right.
type Entry = (String, Vec<(String, Position)>, Option<Check>);

fn checks(node: &Node, problems: &mut Problems) -> Vec<Entry> {
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
        let Some(entry) = check(item, &format!("checks[{index}]"), problems) else { continue };
        if !seen.insert(entry.0.clone()) {
            problems.add(
                item.at,
                &format!("checks[{index}].id"),
                format_args!("{:?} is the id of an earlier check", entry.0),
            );
        }
        entries.push(entry);
    }
    entries
}

fn check(node: &Node, path: &str, problems: &mut Problems) -> Option<Entry> {
    let known = ["id", "http", "expect", "severity", "on_inconclusive", "timeout", "retry", "after", "side_effects"];
    let fields = Fields::read(node, path, &known, &LATER_KINDS, problems)?;
    let id = fields.required("id", problems).and_then(|node| text(node, &fields.path_of("id"), problems));
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
    let id = id?.to_owned();
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
    Some((id, after, check))
}

fn request_of(node: &Node, check: &Fields<'_>, problems: &mut Problems) -> Option<HttpRequest> {
    let path = check.path_of("http");
    let known: Vec<&str> = METHODS.iter().map(|(name, ..)| *name).chain(["headers", "body", "follow"]).collect();
    let fields = Fields::read(node, &path, &known, &[], problems)?;
    let given: Vec<_> = METHODS.iter().filter(|(name, ..)| fields.get(name).is_some()).collect();
    let accepted = check.word("side_effects", &[("accepted", ())], problems).is_some();
    let [(name, method, safe)] = given.as_slice() else {
        let text = format_args!("expected one method, got {}; write `get: /path`", given.len());
        problems.add(node.at, &path, text);
        return None;
    };
    if !safe && !accepted {
        let text =
            format_args!("{method} may change something; add `side_effects: accepted` to the check if that is meant");
        problems.add(node.at, &path, text);
    }
    let target = fields.text(name, problems)?;
    if !target.starts_with('/') {
        problems.add(
            node.at,
            &fields.path_of(name),
            format_args!("expected a path that begins with /, got {target:?}"),
        );
    }
    let mut headers = Vec::new();
    if let Some(given) = fields.get("headers").and_then(|node| Fields::any(node, &fields.path_of("headers"), problems))
    {
        for (key, node) in given.entries() {
            let path = given.path_of(&key.name);
            let value = text(node, &path, problems).and_then(|value| HeaderValue::try_from(value).ok());
            match (HeaderName::try_from(key.name.as_str()), value) {
                (Ok(name), Some(value)) => headers.push((name, value)),
                (Ok(_), None) => problems.add(node.at, &path, "is no HTTP header value"),
                (Err(_), _) => problems.add(key.at, &path, format_args!("{:?} is no HTTP header name", key.name)),
            }
        }
    }
    let follow = fields.integer("follow", 0, problems).unwrap_or(0);
    Some(HttpRequest {
        method: method.clone(),
        path: target,
        headers,
        body: fields.text("body", problems),
        follow: usize::try_from(follow).unwrap_or(usize::MAX),
    })
}

fn retry(node: &Node, path: &str, problems: &mut Problems) -> Option<Retry> {
    let fields = Fields::read(node, path, &["until", "every", "pass_after"], &[], problems)?;
    fields.required("until", problems);
    let every = fields.duration("every", problems).unwrap_or(Duration::from_secs(1));
    if let Some(node) = fields.get("every")
        && every.is_zero()
    {
        problems.add(node.at, &fields.path_of("every"), "expected more than 0");
    }
    let pass_after = fields.integer("pass_after", 1, problems).unwrap_or(1);
    Some(Retry {
        until: fields.duration("until", problems)?,
        every,
        pass_after: u32::try_from(pass_after).unwrap_or(u32::MAX),
    })
}

/// `after` names checks that exist, and no check waits for itself.
fn references(checks: &[Entry], ids: &[String], problems: &mut Problems) {
    for (index, (id, after, _)) in checks.iter().enumerate() {
        let path = format!("checks[{index}].after");
        known_ids(after, &path, ids, problems);
        let mut reached = HashSet::new();
        let mut open: Vec<&str> = after.iter().map(|(id, _)| id.as_str()).collect();
        while let Some(next) = open.pop() {
            if reached.insert(next) {
                let waits_for = checks.iter().filter(|(id, ..)| id == next).flat_map(|(_, after, _)| after);
                open.extend(waits_for.map(|(id, _)| id.as_str()));
            }
        }
        if let (true, Some((_, at))) = (reached.contains(id.as_str()), after.first()) {
            problems.add(*at, &path, format_args!("{id:?} waits for itself; it could never run"));
        }
    }
}
