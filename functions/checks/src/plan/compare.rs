//! The `compare` check: requests to both versions side by side, and how much their answers may differ.

use http::HeaderName;
use serde_json_path::JsonPath;

use super::fields::{Fields, Problems, list, text, texts};
use super::http::{HttpRequest, request, request_fields};
use super::json_path;
use super::tree::{Node, Value};

/// Requests that both versions get, and what is compared.
#[derive(Clone, Debug)]
pub(crate) struct CompareCheck {
    pub(crate) requests: Vec<HttpRequest>,
    /// So many pairs are judged for each request; a tenth as many come before, as a warm-up.
    pub(crate) pairs: u32,
    /// None: answers are not compared.
    pub(crate) response: Option<ResponseRules>,
    /// None: latencies are not compared.
    pub(crate) latency: Option<LatencyLimit>,
}

impl CompareCheck {
    /// The version under test has just started: caches are empty and code is cold. In simulations a cold first tenth that
    /// is not discarded makes one identical version in nine look slower.
    pub(crate) fn warm_up(&self) -> u32 {
        self.pairs.div_ceil(10)
    }
}

/// What of the answers is compared: the status and the body always.
#[derive(Clone, Debug, Default)]
pub(crate) struct ResponseRules {
    /// Whatever these select is not looked at.
    pub(crate) ignore: Vec<JsonPath>,
    /// Lists that these select have no order.
    pub(crate) unordered: Vec<JsonPath>,
    pub(crate) headers: Vec<HeaderName>,
    /// `checks.yaml:38`.
    pub(crate) place: String,
}

/// How much slower the version under test may be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LatencyLimit {
    /// 1.25 for 25 %.
    pub(crate) ratio: f64,
    /// 0.99 for 99 %: how certain a failure must be.
    pub(crate) confidence: f64,
    /// `checks.yaml:38`.
    pub(crate) place: String,
}

impl LatencyLimit {
    /// Two log-normal latencies (σ 0.5) of which one is 1.5 times the other are told apart with so many in nine of ten
    /// cases; fewer would be a coin thrown.
    pub(crate) const SAMPLES_NEEDED: u32 = 50;
}

const FURTHER: [&str; 1] = ["follow"];
const DEFAULT_PAIRS: u32 = 100;
/// The ratio is the median over all combinations of both sides' samples: a million.
const MOST_PAIRS: u64 = 1_000;
const MOST_REQUESTS: usize = 20;
const DEFAULT_RATIO: f64 = 1.25;
const DEFAULT_CONFIDENCE: f64 = 0.99;

/// Reads `compare`.
pub(crate) fn read(node: &Node, check: &Fields<'_>, problems: &mut Problems) -> Option<CompareCheck> {
    let path = check.path_of("compare");
    if let Some(expect) = check.get("expect") {
        let text = "compare has none: blue is what is expected; its limits are compare.response and compare.latency";
        problems.add(expect.at, &check.path_of("expect"), text);
    }
    let fields = Fields::read(node, &path, &["requests", "pairs", "response", "latency"], problems)?;
    let requests = fields.required("requests", problems).map(|node| requests(node, &fields, check, problems));
    let pairs = fields.integer("pairs", 1, MOST_PAIRS, problems).and_then(|pairs| u32::try_from(pairs).ok());
    let pairs = pairs.unwrap_or(DEFAULT_PAIRS);
    let response = part(&fields, "response", problems, response);
    let latency = part(&fields, "latency", problems, latency);
    if latency.is_some()
        && pairs < LatencyLimit::SAMPLES_NEEDED
        && let Some(node) = fields.get("pairs")
    {
        let text = format_args!(
            "{pairs} pairs say nothing about latency; at least {} are needed, or `latency: off`",
            LatencyLimit::SAMPLES_NEEDED
        );
        problems.add(node.at, &fields.path_of("pairs"), text);
    }
    Some(CompareCheck { requests: requests?, pairs, response, latency })
}

/// A part that `off` leaves out, and that has defaults where it is not given.
fn part<T>(
    fields: &Fields<'_>,
    name: &str,
    problems: &mut Problems,
    read: fn(Option<&Fields<'_>>, String, &mut Problems) -> T,
) -> Option<T> {
    let Some(node) = fields.get(name) else { return Some(read(None, problems.place(fields.at), problems)) };
    if !matches!(node.value, Value::Map(_)) {
        fields.word(name, &[("off", ())], problems);
        return None;
    }
    let known: &[&str] =
        if name == "response" { &["ignore", "unordered", "headers"] } else { &["slower_by_at_most", "confidence"] };
    let inner = Fields::read(node, &fields.path_of(name), known, problems)?;
    Some(read(Some(&inner), problems.place(node.at), problems))
}

fn requests(node: &Node, fields: &Fields<'_>, check: &Fields<'_>, problems: &mut Problems) -> Vec<HttpRequest> {
    let path = fields.path_of("requests");
    let items = list(node, &path, problems).unwrap_or_default();
    if matches!(&node.value, Value::List(items) if items.is_empty()) {
        problems.add(node.at, &path, "lists no request; nothing would be compared");
    }
    if items.len() > MOST_REQUESTS {
        let text = format_args!("lists {} requests; at most {MOST_REQUESTS} are allowed", items.len());
        problems.add(node.at, &path, text);
    }
    let read = |(index, item): (usize, &Node)| {
        let fields = request_fields(item, &format!("{path}[{index}]"), &FURTHER, problems)?;
        request(&fields, &FURTHER, check, problems)
    };
    items.iter().enumerate().filter_map(read).collect()
}

fn response(fields: Option<&Fields<'_>>, place: String, problems: &mut Problems) -> ResponseRules {
    let Some(fields) = fields else { return ResponseRules { place, ..ResponseRules::default() } };
    let mut paths = |name: &str| {
        let path = fields.path_of(name);
        let items = fields.get(name).and_then(|node| list(node, &path, problems)).unwrap_or_default();
        let read = |(index, item): (usize, &Node)| {
            let path = format!("{path}[{index}]");
            json_path::parse(text(item, &path, problems)?, item, &path, problems)
        };
        items.iter().enumerate().filter_map(read).collect()
    };
    let (ignore, unordered) = (paths("ignore"), paths("unordered"));
    let path = fields.path_of("headers");
    let named = fields.get("headers").map(|node| texts(node, &path, problems)).unwrap_or_default();
    let header = |(name, at): (String, _)| {
        let read = HeaderName::try_from(name.as_str());
        if read.is_err() {
            problems.add(at, &path, format_args!("{name:?} is no HTTP header name"));
        }
        read.ok()
    };
    let headers = named.into_iter().filter_map(header).collect();
    ResponseRules { ignore, unordered, headers, place }
}

fn latency(fields: Option<&Fields<'_>>, place: String, problems: &mut Problems) -> LatencyLimit {
    let mut share = |name: &str, least: f64, most: f64| {
        let fields = fields?;
        let node = fields.get(name)?;
        let given = match &node.value {
            Value::Text(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            other => other.kind().to_owned(),
        };
        let read = given.strip_suffix('%').and_then(|number| number.parse::<f64>().ok());
        let read = read.filter(|percent| (least..=most).contains(percent));
        if read.is_none() {
            let text = format_args!("expected a percentage from {least}% to {most}%, got {given:?}");
            problems.add(node.at, &fields.path_of(name), text);
        }
        read.map(|percent| percent / 100.0)
    };
    LatencyLimit {
        ratio: share("slower_by_at_most", 0.0, 1_000.0).map_or(DEFAULT_RATIO, |share| 1.0 + share),
        confidence: share("confidence", 50.0, 99.999).unwrap_or(DEFAULT_CONFIDENCE),
        place,
    }
}
