//! The `metric` check: the values of one CloudWatch metric over the last periods, each of which must be as expected.

use std::time::Duration;

use super::expectation;
use super::fields::{Fields, Problems, text};
use super::predicate::Predicate;
use super::tree::{Node, Value};
use crate::cloudwatch::MetricQuery;

const DEFAULT_PERIOD: Duration = Duration::from_secs(60);
const DEFAULT_OVER: Duration = Duration::from_secs(5 * 60);
/// CloudWatch publishes a minute's value up to two minutes later.
const DEFAULT_WAIT: Duration = Duration::from_secs(2 * 60);
/// A check is about a deployment, and periods below a minute are kept for three hours.
const LONGEST: Duration = Duration::from_secs(3 * 60 * 60);
const MOST_DIMENSIONS: usize = 30;
const STATISTICS: [&str; 6] = ["Average", "Sum", "Minimum", "Maximum", "SampleCount", "IQM"];
/// What counts events; where nothing is published, none happened. A missing average or percentile is not 0.
const COUNTING: [&str; 2] = ["Sum", "SampleCount"];
const PERIODS: &str = "1s, 5s, 10s, 20s, 30s or whole minutes";

/// What a period without a value counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Nothing is known of it.
    Inconclusive,
    /// Nothing happened in it: for metrics that are published only when they are not 0.
    Zero,
}

/// One metric, and what is expected of its values.
#[derive(Clone, Debug)]
pub(crate) struct MetricCheck {
    pub(crate) query: MetricQuery,
    /// How many periods are judged: the last ones that are over when the check begins.
    pub(crate) periods: u32,
    /// How long a value that is not there yet is waited for.
    pub(crate) wait_for: Duration,
    /// What a period counts as whose value was waited for in vain.
    pub(crate) missing: Missing,
    /// Every period's value must satisfy it.
    pub(crate) expected: Predicate,
    /// `checks.yaml:38`.
    pub(crate) place: String,
}

impl MetricCheck {
    /// The length of a period.
    pub(crate) fn period(&self) -> Duration {
        Duration::from_secs(self.query.period_seconds.into())
    }
}

/// Reads `metric` and its `expect`.
pub(crate) fn read(node: &Node, check: &Fields<'_>, problems: &mut Problems) -> Option<MetricCheck> {
    if let Some(given) = check.get("timeout") {
        let text = "is not for metric checks; they wait for values for wait_for";
        problems.add(given.at, &check.path_of("timeout"), text);
    }
    let known = ["namespace", "name", "dimensions", "statistic", "period", "over", "wait_for", "missing"];
    let fields = Fields::read(node, &check.path_of("metric"), &known, problems);
    let expected = check.required("expect", problems).and_then(|node| {
        let predicate = expectation::of_numbers(node, &check.path_of("expect"), problems)?;
        Some((predicate, problems.place(node.at)))
    });
    let fields = fields?;
    let namespace = name(&fields, "namespace", problems);
    let metric = name(&fields, "name", problems);
    let statistic =
        fields.required("statistic", problems).and_then(|node| statistic(node, &fields.path_of("statistic"), problems));
    let dimensions = fields.get("dimensions").map(|node| dimensions(node, &fields.path_of("dimensions"), problems));
    let period = fields.duration("period", problems).unwrap_or(DEFAULT_PERIOD);
    let over = fields.duration("over", problems).unwrap_or(DEFAULT_OVER.max(period));
    let period_seconds = period_seconds(period);
    if let (None, Some(node)) = (period_seconds, fields.get("period")) {
        problems.add(node.at, &fields.path_of("period"), format_args!("expected {PERIODS}, at most 3h"));
    }
    let periods = period_seconds.and_then(|period| periods(over, period));
    if let (None, Some(_)) = (periods, period_seconds) {
        let at = fields.get("over").map_or(fields.at, |node| node.at);
        let text = format_args!("expected a multiple of the period ({}s), at most 3h", period.as_secs());
        problems.add(at, &fields.path_of("over"), text);
    }
    let wait_for = fields.duration("wait_for", problems).unwrap_or(DEFAULT_WAIT);
    if let (Some(node), true) = (fields.get("wait_for"), wait_for > LONGEST) {
        problems.add(node.at, &fields.path_of("wait_for"), "expected at most 3h");
    }
    let missing = fields
        .word("missing", &[("inconclusive", Missing::Inconclusive), ("zero", Missing::Zero)], problems)
        .unwrap_or(Missing::Inconclusive);
    if let (Missing::Zero, Some(node), Some(statistic)) = (missing, fields.get("missing"), &statistic)
        && !COUNTING.contains(&statistic.as_str())
    {
        let text = format_args!("zero is for {}; a missing {statistic} is not 0", COUNTING.join(" and "));
        problems.add(node.at, &fields.path_of("missing"), text);
    }
    let (expected, place) = expected?;
    Some(MetricCheck {
        query: MetricQuery {
            namespace: namespace?,
            name: metric?,
            dimensions: dimensions.unwrap_or_default(),
            statistic: statistic?,
            period_seconds: period_seconds?,
        },
        periods: periods?,
        wait_for,
        missing,
        expected,
        place,
    })
}

fn name(fields: &Fields<'_>, field: &str, problems: &mut Problems) -> Option<String> {
    let node = fields.required(field, problems)?;
    let given = text(node, &fields.path_of(field), problems)?;
    if given.trim().is_empty() || given.chars().count() > 255 {
        problems.add(node.at, &fields.path_of(field), format_args!("expected 1 to 255 characters, got {given:?}"));
        return None;
    }
    Some(given.to_owned())
}

fn statistic(node: &Node, path: &str, problems: &mut Problems) -> Option<String> {
    let given = text(node, path, problems)?;
    if !STATISTICS.contains(&given) && !is_extended(given) {
        let known = STATISTICS.into_iter().chain(["p99"]);
        problems.unknown(node.at, path, "statistic", given, known);
        return None;
    }
    Some(given.to_owned())
}

/// `p99`, `p99.9`, `tm95`; `TM(5%:95%)` and the like, whose inside CloudWatch reads.
fn is_extended(statistic: &str) -> bool {
    let percentile = |rest: &str| {
        rest.chars().all(|each| each.is_ascii_digit() || each == '.')
            && rest.parse::<f64>().is_ok_and(|percent| (0.0..=100.0).contains(&percent))
    };
    let short = ["p", "tm", "wm", "tc", "ts"].iter().any(|name| statistic.strip_prefix(name).is_some_and(percentile));
    let long = ["TM(", "WM(", "TC(", "TS(", "PR("].iter().any(|name| {
        statistic.strip_prefix(name).and_then(|rest| rest.strip_suffix(')')).is_some_and(|in_| !in_.is_empty())
    });
    short || long
}

fn dimensions(node: &Node, path: &str, problems: &mut Problems) -> Vec<(String, String)> {
    let Some(fields) = Fields::any(node, path, problems) else { return Vec::new() };
    if fields.entries().len() > MOST_DIMENSIONS {
        problems.add(node.at, path, format_args!("a metric has at most {MOST_DIMENSIONS} dimensions"));
    }
    let mut dimensions = Vec::new();
    for (key, node) in fields.entries() {
        let path = fields.path_of(&key.name);
        let value = match &node.value {
            Value::Text(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            other => {
                problems.add(node.at, &path, format_args!("expected a text, got {}", other.kind()));
                continue;
            }
        };
        if value.trim().is_empty() {
            problems.add(node.at, &path, "must not be empty");
        }
        dimensions.push((key.name.clone(), value));
    }
    dimensions
}

/// What CloudWatch takes as a period.
fn period_seconds(period: Duration) -> Option<u32> {
    let seconds = u32::try_from(period.as_secs()).ok().filter(|_| period.subsec_nanos() == 0 && period <= LONGEST)?;
    ([1, 5, 10, 20, 30].contains(&seconds) || (seconds > 0 && seconds % 60 == 0)).then_some(seconds)
}

/// How many periods there are in a time; none where it is not a whole number of them.
fn periods(over: Duration, period_seconds: u32) -> Option<u32> {
    let seconds = u32::try_from(over.as_secs()).ok().filter(|_| over.subsec_nanos() == 0 && over <= LONGEST)?;
    (seconds > 0 && seconds % period_seconds == 0).then_some(seconds / period_seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statistic_is_one_that_cloudwatch_knows() {
        for known in ["p99", "p99.9", "p0", "p100", "tm95", "TM(5%:95%)", "PR(:300)"] {
            assert!(is_extended(known), "{known}");
        }
        for unknown in ["p", "p101", "p-1", "99", "average", "PR()", "p9x", "pinf", "p1e1"] {
            assert!(!is_extended(unknown), "{unknown}");
        }
    }
}
