//! Many answers held against the limits of a `load` check. Pure: no clock, no network.

#![deny(clippy::wildcard_enum_match_arm)]

use std::collections::BTreeMap;

use super::expected::{bounded, expectation};
use super::weighed;
use crate::evidence::{Expectation, Outcome, Series};
use crate::message::{Message, codes};
use crate::plan::{Check, LoadCheck, Measure};
use crate::probe::load::Measured;

/// A longer series has values of several seconds each.
const MOST_VALUES: usize = 120;

/// How the check ended, and every limit that was not kept or could not be judged, in the plan's order.
///
/// A check that names no limit for errors expects none: refused connections have no latency, so otherwise `p95 <= 250ms`
/// alone would pass a service that refuses every other request.
pub(crate) fn judge(check: &Check, load: &LoadCheck, measured: &Measured, context: &str) -> (Outcome, Vec<Message>) {
    let mut contradicted = Vec::new();
    let mut not_judged = Vec::new();
    if measured.errors > 0 && load.limits.iter().all(|limit| limit.measure != Measure::Errors) {
        let text = format!(
            "errors expected none, because expect names no limit for them, got {} of {} requests",
            measured.errors, measured.ended
        );
        contradicted
            .push(Message::new(codes::ASSERTION_FAILED, &check.id, text).with_context(context).at(&*check.place));
    }
    for limit in &load.limits {
        let (name, needed) = (limit.measure.name(), limit.measure.samples_needed());
        let samples = samples(limit.measure, measured);
        if samples < needed {
            let text = format!(
                "{name} not judged: {samples} samples, {needed} needed; raise rate or duration, or accept with on_inconclusive: warn"
            );
            not_judged
                .push(Message::new(codes::TOO_FEW_SAMPLES, &check.id, text).with_context(context).at(&*limit.place));
            continue;
        }
        let value = value(limit.measure, measured);
        if !limit.holds(value) {
            let text = format!("{name} expected {limit}, got {}", limit.measure.shown(value));
            contradicted
                .push(Message::new(codes::ASSERTION_FAILED, &check.id, text).with_context(context).at(&*limit.place));
        }
    }
    weighed(contradicted, not_judged)
}

/// What the check expects, in the plan's order, and what was measured of it.
pub(crate) fn expectations(load: &LoadCheck, measured: Option<&Measured>) -> Vec<Expectation> {
    let measured = measured.filter(|measured| measured.ended > 0);
    let names_errors = load.limits.iter().any(|limit| limit.measure == Measure::Errors);
    let implied = (!names_errors).then(|| {
        let seen = measured.map(|measured| format!("{} of {} requests", measured.errors, measured.ended));
        expectation("no errors".to_owned(), seen)
    });
    let told = load.limits.iter().map(|limit| {
        let seen = measured.map(|measured| seen(limit.measure, measured));
        expectation(format!("{} {limit}", limit.measure.name()), seen)
    });
    bounded(implied.into_iter().chain(told))
}

/// `41 ms of 600 samples`, `0.5% of 600 requests`.
fn seen(measure: Measure, measured: &Measured) -> String {
    let (samples, needed) = (samples(measure, measured), measure.samples_needed());
    let of = match measure {
        Measure::Percentile(_) | Measure::Max | Measure::Mean => "samples",
        Measure::Errors | Measure::AchievedRate => "requests",
    };
    let too_few = if samples < needed { format!(", {needed} needed") } else { String::new() };
    match samples {
        0 => format!("no {of}{too_few}"),
        samples => format!("{} of {samples} {of}{too_few}", measure.shown(value(measure, measured))),
    }
}

/// The figures for the evidence. There is none where nothing was measured.
#[expect(clippy::cast_precision_loss, reason = "no schedule has 2^52 requests")]
pub(crate) fn numbers(measured: &Measured) -> BTreeMap<String, f64> {
    let counts = [
        ("requests", measured.ended),
        ("samples", measured.latencies.len()),
        ("errors", measured.errors),
        ("late", measured.late),
        ("unsent", measured.unsent),
    ];
    let mut numbers: BTreeMap<String, f64> =
        counts.into_iter().map(|(name, count)| (name.to_owned(), count as f64)).collect();
    if let Some(lowest) = measured.lowest_second() {
        numbers.insert("achieved_rate_lowest_second".to_owned(), f64::from(lowest));
    }
    if measured.ended > measured.unsent {
        numbers.insert("behind_ms".to_owned(), measured.behind.as_secs_f64() * 1_000.0);
    }
    for (name, measure) in Measure::ALL {
        if samples(measure, measured) == 0 {
            continue;
        }
        let name = match measure {
            Measure::Percentile(_) | Measure::Max | Measure::Mean => format!("{name}_ms"),
            Measure::Errors => "errors_percent".to_owned(),
            Measure::AchievedRate => name.to_owned(),
        };
        numbers.insert(name, value(measure, measured));
    }
    numbers
}

/// The achieved rate over time, with no more values than a person looks at.
pub(crate) fn series(measured: &Measured) -> BTreeMap<String, Series> {
    let sent = &measured.sent_by_second;
    let each = sent.len().div_ceil(MOST_VALUES).max(1);
    let values: Vec<f64> = sent.chunks(each).map(rate).collect();
    let series = Series { seconds_each: u32::try_from(each).unwrap_or(u32::MAX), values };
    (!sent.is_empty()).then(|| ("achieved_rate".to_owned(), series)).into_iter().collect()
}

#[expect(clippy::cast_precision_loss, reason = "no schedule has 2^52 requests")]
fn rate(seconds: &[u32]) -> f64 {
    let sent: u64 = seconds.iter().copied().map(u64::from).sum();
    (sent as f64 / seconds.len() as f64 * 100.0).round() / 100.0
}

fn samples(measure: Measure, measured: &Measured) -> u64 {
    match measure {
        Measure::Percentile(_) | Measure::Max | Measure::Mean => measured.latencies.len(),
        Measure::Errors | Measure::AchievedRate => measured.ended,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a latency in microseconds and a count are below 2^52")]
fn value(measure: Measure, measured: &Measured) -> f64 {
    let milliseconds = |microseconds: f64| microseconds / 1_000.0;
    match measure {
        Measure::Percentile(percentile) => {
            milliseconds(measured.latencies.value_at_quantile(percentile / 100.0) as f64)
        }
        Measure::Max => milliseconds(measured.latencies.max() as f64),
        Measure::Mean => milliseconds(measured.latencies.mean()),
        Measure::Errors => 100.0 * measured.errors as f64 / measured.ended as f64,
        Measure::AchievedRate => measured.achieved_rate(),
    }
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
