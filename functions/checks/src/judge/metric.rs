//! The values of a metric held against what is expected of them. Pure: no clock, no network.
//!
//! Every period's value must be as expected: a mean over all of them would hide the one bad minute in which the traffic
//! shifted. A period without a value proves nothing, so that all of them must be there, unless the plan says that what is
//! missing is 0: then it is, once it has been waited for.

#![deny(clippy::wildcard_enum_match_arm)]

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Number, Value};

use super::expected::{expectation, phrase};
use crate::cloudwatch::Datapoint;
use crate::evidence::{Expectation, Outcome};
use crate::message::{Message, codes};
use crate::plan::predicate::Found;
use crate::plan::{Check, MetricCheck, Missing};

/// Whole periods: from the first one's beginning to the last one's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
}

impl Window {
    /// The last periods that are over at `now`. Periods begin where their length divides the seconds since the epoch.
    pub(crate) fn before(now: Timestamp, metric: &MetricCheck) -> Self {
        let period = i64::from(metric.query.period_seconds);
        let to = now.as_second().div_euclid(period) * period;
        let from = to - period * i64::from(metric.periods);
        // Three hours before any wall clock's time is a time.
        let at = |second: i64| Timestamp::from_second(second).unwrap_or_default();
        Self { from: at(from), to: at(to) }
    }
}

/// What the values come to, and why that is no pass.
pub(crate) fn judge(
    check: &Check,
    metric: &MetricCheck,
    window: Window,
    values: &[Datapoint],
) -> (Outcome, Vec<Message>) {
    let values = by_period(metric, window, values);
    let context = format!(
        "{}, {} from {} to {}",
        metric.query,
        periods(metric.periods, metric.query.period_seconds),
        window.from,
        window.to
    );
    let message =
        |code: &str, text: String| Message::new(code, &check.id, text).with_context(context.clone()).at(&*metric.place);
    // In the order of the plan's conditions, each with the first value that contradicts it and how many do.
    let mut contradicted: Vec<(String, Timestamp, f64, usize)> = Vec::new();
    for (at, value) in values.values() {
        let number = Number::from_f64(*value).map_or(Value::Null, Value::Number);
        for condition in metric.expected.contradicted(&Found::one(&number)) {
            let condition = condition.to_string();
            match contradicted.iter_mut().find(|(told, ..)| *told == condition) {
                Some((.., count)) => *count += 1,
                None => contradicted.push((condition, *at, *value, 1)),
            }
        }
    }
    let mut messages: Vec<Message> = contradicted
        .into_iter()
        .map(|(condition, at, value, count)| {
            let of =
                if metric.periods == 1 { String::new() } else { format!(", in {count} of {} periods", metric.periods) };
            message(
                codes::ASSERTION_FAILED,
                format!("every value expected {condition}, got {value} in the period that began at {at}{of}"),
            )
        })
        .collect();
    if !messages.is_empty() {
        return (Outcome::Failed, messages);
    }
    if let Some(first) = (0..metric.periods).find(|index| !values.contains_key(index)) {
        let missing = metric.periods as usize - values.len();
        let began = window.from + metric.period() * first;
        messages.push(message(
            codes::METRIC_WITHOUT_DATA,
            format!(
                "not judged: no value for {missing} of {} periods, the first of them began at {began}; missing data is no zero: check namespace, name and dimensions, wait longer (wait_for), {}or accept with on_inconclusive: warn",
                metric.periods,
                if metric.missing == Missing::Inconclusive {
                    "say missing: zero where the metric is published only when it is not 0, "
                } else {
                    ""
                }
            ),
        ));
        return (Outcome::Inconclusive, messages);
    }
    (Outcome::Passed, messages)
}

/// The values with a 0 for every period that the plan lets count as one, once nothing more is waited for.
pub(crate) fn settled(metric: &MetricCheck, window: Window, values: &[Datapoint]) -> Vec<Datapoint> {
    let there = by_period(metric, window, values);
    let missing = (0..metric.periods).filter(|index| metric.missing == Missing::Zero && !there.contains_key(index));
    let zeros = missing.map(|index| Datapoint { at: window.from + metric.period() * index, value: 0.0 });
    values.iter().copied().chain(zeros).collect()
}

/// What the check expects, and what the values are.
pub(crate) fn expectations(metric: &MetricCheck, seen: Option<(Window, &[Datapoint])>) -> Vec<Expectation> {
    let missing = if metric.missing == Missing::Zero { ", a missing one counting as 0," } else { "" };
    let over = periods(metric.periods, metric.query.period_seconds);
    let what = format!("every value of {} over {over}{missing}", metric.query);
    let values = seen.map(|(window, values)| {
        let numbers = numbers(metric, window, values);
        let of = |name: &str| numbers.get(name).copied().unwrap_or_default();
        match (of("values"), of("min"), of("max")) {
            (0.0, ..) => "no value".to_owned(),
            (count, least, most) if least == most => format!("{count} of {} values, {least}", metric.periods),
            (count, least, most) => format!("{count} of {} values, from {least} to {most}", metric.periods),
        }
    });
    vec![expectation(phrase(&what, &metric.expected), values)]
}

/// The figures for the evidence. There is none where nothing was measured.
#[expect(clippy::cast_precision_loss, reason = "there are at most three hours of seconds")]
pub(crate) fn numbers(metric: &MetricCheck, window: Window, values: &[Datapoint]) -> BTreeMap<String, f64> {
    let values = by_period(metric, window, values);
    let mut numbers =
        BTreeMap::from([("periods".to_owned(), metric.periods.into()), ("values".to_owned(), values.len() as f64)]);
    let measured = || values.values().map(|(_, value)| *value);
    if let (Some(least), Some(most)) = (measured().reduce(f64::min), measured().reduce(f64::max)) {
        numbers.extend([("min".to_owned(), least), ("max".to_owned(), most)]);
    }
    numbers
}

/// The values by the number of their period. What lies outside the window was not asked for, and what is no number is no
/// value.
fn by_period(metric: &MetricCheck, window: Window, values: &[Datapoint]) -> BTreeMap<u32, (Timestamp, f64)> {
    let number = |datapoint: &Datapoint| {
        let seconds = u64::try_from(datapoint.at.as_second() - window.from.as_second()).ok()?;
        let number = u32::try_from(seconds / u64::from(metric.query.period_seconds)).ok()?;
        (number < metric.periods && datapoint.value.is_finite()).then_some((number, (datapoint.at, datapoint.value)))
    };
    values.iter().filter_map(number).collect()
}

/// `5 periods of 60s`.
fn periods(count: u32, seconds: u32) -> String {
    format!("{count} period{} of {seconds}s", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
#[path = "metric_tests.rs"]
pub(crate) mod tests;
