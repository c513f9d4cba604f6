//! The `load` check: requests at a steady rate, and what is expected of all their answers together.

use std::fmt;
use std::time::Duration;

use super::fields::{Fields, Problems, list, parse_duration, text};
use super::http::{HttpRequest, request, request_fields};
use super::tree::{Node, Value};

/// A steady rate of requests, and the limits that their answers must keep.
#[derive(Clone, Debug)]
pub(crate) struct LoadCheck {
    pub(crate) request: HttpRequest,
    /// Requests a second.
    pub(crate) rate: f64,
    /// How long requests are judged; the warm-up comes before.
    pub(crate) duration: Duration,
    pub(crate) max_in_flight: usize,
    pub(crate) warm_up: WarmUp,
    pub(crate) limits: Vec<Limit>,
}

/// What comes first and is not judged: connections are made and caches filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WarmUp {
    /// 5 s or 20 requests, whichever takes longer.
    Default,
    For(Duration),
    Requests(u64),
}

/// One line of `expect`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Limit {
    pub(crate) measure: Measure,
    /// Whether the limit itself is allowed.
    pub(crate) inclusive: bool,
    /// Milliseconds, percent or requests a second, as the measure has it.
    pub(crate) value: f64,
    /// `checks.yaml:38`.
    pub(crate) place: String,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Measure {
    /// This percentile of the latencies.
    Percentile(f64),
    Max,
    Mean,
    /// Requests without a 2xx answer, in percent.
    Errors,
    /// Requests that were sent in a second.
    AchievedRate,
}

impl Measure {
    pub(crate) const ALL: [(&'static str, Self); 9] = [
        ("p50", Self::Percentile(50.0)),
        ("p90", Self::Percentile(90.0)),
        ("p95", Self::Percentile(95.0)),
        ("p99", Self::Percentile(99.0)),
        ("p99.9", Self::Percentile(99.9)),
        ("max", Self::Max),
        ("mean", Self::Mean),
        ("errors", Self::Errors),
        ("achieved_rate", Self::AchievedRate),
    ];

    pub(crate) fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, measure)| *measure == self).map_or("unknown", |(name, _)| name)
    }

    /// Whether more is better.
    fn has_floor(self) -> bool {
        self == Self::AchievedRate
    }

    /// How many requests it takes to say something about it. A percentile needs five beyond it: p95 100, p99 500.
    pub(crate) fn samples_needed(self) -> u64 {
        match self {
            Self::Percentile(percentile) if percentile > 99.0 => 5_000,
            Self::Percentile(percentile) if percentile > 95.0 => 500,
            Self::Percentile(percentile) if percentile > 90.0 => 100,
            Self::Percentile(percentile) if percentile > 50.0 => 50,
            Self::Percentile(_) | Self::Max | Self::Mean | Self::AchievedRate => 10,
            Self::Errors => 100,
        }
    }

    /// The value with its unit.
    pub(crate) fn shown(self, value: f64) -> String {
        let rounded = (value * 100.0).round() / 100.0;
        match self {
            Self::Percentile(_) | Self::Max | Self::Mean => format!("{rounded} ms"),
            Self::Errors => format!("{rounded}%"),
            Self::AchievedRate => format!("{rounded}/s"),
        }
    }

    fn read(self, text: &str) -> Option<f64> {
        let number =
            |text: &str| text.trim_end().parse::<f64>().ok().filter(|number| *number >= 0.0 && number.is_finite());
        match self {
            Self::Percentile(_) | Self::Max | Self::Mean => {
                parse_duration(text).filter(|limit| !limit.is_zero()).map(|limit| limit.as_secs_f64() * 1_000.0)
            }
            Self::Errors => number(text.strip_suffix('%')?).filter(|percent| *percent < 100.0),
            Self::AchievedRate => number(text.strip_suffix("/s")?).filter(|rate| *rate > 0.0),
        }
    }

    fn example(self) -> &'static str {
        match self {
            Self::Percentile(_) | Self::Max | Self::Mean => "a duration such as 250ms",
            Self::Errors => "a percentage below 100 such as 0.5%",
            Self::AchievedRate => "a rate such as 19/s",
        }
    }
}

impl Limit {
    pub(crate) fn holds(&self, value: f64) -> bool {
        match (self.measure.has_floor(), self.inclusive) {
            (true, true) => value >= self.value,
            (true, false) => value > self.value,
            (false, true) => value <= self.value,
            (false, false) => value < self.value,
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.measure.has_floor() { '>' } else { '<' };
        write!(f, "{sign}{} {}", if self.inclusive { "=" } else { "" }, self.measure.shown(self.value))
    }
}

const FURTHER: [&str; 4] = ["rate", "for", "max_in_flight", "warm_up"];
/// More than one function can send. What a smaller one cannot send on schedule is counted, and `achieved_rate` and
/// `behind_ms` in the evidence say how much it was.
const FASTEST: f64 = 150_000.0;
const LONGEST: Duration = Duration::from_secs(30 * 60);
const DEFAULT_IN_FLIGHT: u64 = 40;

/// Reads `load` and its `expect`.
pub(crate) fn read(node: &Node, check: &Fields<'_>, problems: &mut Problems) -> Option<LoadCheck> {
    let path = check.path_of("load");
    let expect = check.required("expect", problems);
    let limits = expect.map(|node| limits(node, &check.path_of("expect"), problems)).unwrap_or_default();
    let fields = request_fields(node, &path, &FURTHER, problems)?;
    let request = request(&fields, &FURTHER, check, problems);
    let rate = fields.required("rate", problems).and_then(|node| rate(node, &fields.path_of("rate"), problems));
    fields.required("for", problems);
    let duration = fields.duration("for", problems);
    if let (Some(duration), Some(node)) = (duration, fields.get("for"))
        && (duration.is_zero() || duration > LONGEST)
    {
        problems.add(node.at, &fields.path_of("for"), "expected more than 0 and at most 30m");
    }
    let max_in_flight = fields.integer("max_in_flight", 1, 1_000, problems).unwrap_or(DEFAULT_IN_FLIGHT);
    let warm_up = fields.get("warm_up").and_then(|node| warm_up(node, &fields.path_of("warm_up"), problems));
    Some(LoadCheck {
        request: request?,
        rate: rate?,
        duration: duration?,
        max_in_flight: usize::try_from(max_in_flight).unwrap_or(usize::MAX),
        warm_up: warm_up.unwrap_or(WarmUp::Default),
        limits,
    })
}

fn rate(node: &Node, path: &str, problems: &mut Problems) -> Option<f64> {
    let given = match &node.value {
        Value::Text(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        other => other.kind().to_owned(),
    };
    let read = given.strip_suffix("/s").and_then(|number| number.parse::<f64>().ok());
    let read = read.filter(|rate| (0.1..=FASTEST).contains(rate));
    if read.is_none() {
        let text = format_args!("expected a rate from 0.1/s to {FASTEST}/s such as 20/s, got {given:?}");
        problems.add(node.at, path, text);
    }
    read
}

fn warm_up(node: &Node, path: &str, problems: &mut Problems) -> Option<WarmUp> {
    if !matches!(node.value, Value::Map(_)) {
        let duration = super::fields::duration(node, path, problems)?;
        if duration > LONGEST {
            problems.add(node.at, path, "expected at most 30m");
        }
        return Some(WarmUp::For(duration));
    }
    let fields = Fields::read(node, path, &["requests"], problems)?;
    fields.required("requests", problems);
    fields.integer("requests", 0, 10_000, problems).map(WarmUp::Requests)
}

fn limits(node: &Node, path: &str, problems: &mut Problems) -> Vec<Limit> {
    let items = list(node, path, problems).unwrap_or_default();
    if matches!(&node.value, Value::List(items) if items.is_empty()) {
        problems.add(node.at, path, "expects nothing; say at least \"errors <= 1%\"");
    }
    let read = |(index, item)| limit(item, &format!("{path}[{index}]"), problems);
    items.iter().enumerate().filter_map(read).collect()
}

fn limit(node: &Node, path: &str, problems: &mut Problems) -> Option<Limit> {
    let given = text(node, path, problems)?;
    let Some(split) = given.find(['<', '>', '=']) else {
        problems.add(node.at, path, format_args!("expected a limit such as \"p95 <= 250ms\", got {given:?}"));
        return None;
    };
    let (name, rest) = given.split_at(split);
    let name = name.trim();
    let value = rest.trim_start_matches(['<', '>', '=']);
    let sign = &rest[..rest.len() - value.len()];
    let Some((_, measure)) = Measure::ALL.into_iter().find(|(known, _)| *known == name) else {
        problems.unknown(node.at, path, "measure", name, Measure::ALL.into_iter().map(|(name, _)| name));
        return None;
    };
    let signs = if measure.has_floor() { [">=", ">"] } else { ["<=", "<"] };
    if !signs.contains(&sign) {
        let text = format_args!("{name} is limited by {} or {}, got {sign:?}", signs[0], signs[1]);
        problems.add(node.at, path, text);
        return None;
    }
    let Some(value) = measure.read(value.trim()) else {
        let text = format_args!("expected {} after {name} {sign}, got {:?}", measure.example(), value.trim());
        problems.add(node.at, path, text);
        return None;
    };
    Some(Limit { measure, inclusive: sign.ends_with('='), value, place: problems.place(node.at) })
}
