//! Two versions' answers held against each other. Pure: no clock, no network. Answers come in pair by pair, because all of
//! them together may be more than a function can hold.
//!
//! An error is no answer, or one of 5xx: the service failed. Errors are counted. Everything else is an answer, and answers
//! are compared. The confidence is that of the whole check: with several requests each must be as much more certain.

#![deny(clippy::wildcard_enum_match_arm)]

use std::collections::BTreeMap;
use std::time::Duration;

use super::difference::{Difference, between};
use super::expected::{bounded, expectation};
use super::noise::Noise;
use super::statistics::{fails_more_often, larger, median, ratio};
use super::weighed;
use crate::evidence::{Expectation, Outcome};
use crate::message::{Message, codes};
use crate::plan::{Check, CompareCheck, LatencyLimit};
use crate::probe::compare::End;
use crate::probe::error::ProbeError;
use crate::probe::http::Answer;

/// So many differences are told; the rest is counted.
const TOLD: usize = 5;
/// So many noisy places are kept for each request.
const NOISE_KEPT: usize = 20;
/// So many pairs must have two answers, or half of them if there are fewer.
const ANSWERS_NEEDED: u32 = 10;

/// What came of the pairs so far.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    requests: Vec<RequestTally>,
}

#[derive(Clone, Debug, Default)]
struct RequestTally {
    noise: Noise,
    controls: u32,
    /// Answers of 2xx by blue in the control pairs.
    baseline: u32,
    pairs: u32,
    /// Pairs with two answers.
    compared: u32,
    /// Every distinct difference, and in how many pairs it was.
    differences: Vec<(Difference, u32)>,
    blue: Side,
    green: Side,
}

#[derive(Clone, Debug, Default)]
struct Side {
    errors: u64,
    first_error: Option<String>,
    /// Answers of 2xx.
    good: u32,
    /// Milliseconds of answers, and of requests that had none within their timeout: they took at least as long.
    latencies: Vec<f64>,
}

impl Tally {
    pub(crate) fn of(compare: &CompareCheck) -> Self {
        Self { requests: vec![RequestTally::default(); compare.requests.len()] }
    }

    /// Takes two answers of blue to the same request.
    pub(crate) fn control(&mut self, compare: &CompareCheck, request: usize, first: &End, second: &End) {
        let tally = &mut self.requests[request];
        tally.controls += 1;
        let good = |end: &&&End| end.as_ref().is_ok_and(|answer| answer.status.is_success());
        tally.baseline += u32::from([first, second].iter().any(|end| good(&end)));
        if let (Some(rules), Some(first), Some(second)) = (&compare.response, answered(first), answered(second)) {
            tally.noise.learn(&between(rules, first, second));
        }
    }

    /// Whether blue has answered each request with 2xx at least once; otherwise comparing proves nothing.
    pub(crate) fn has_baseline(&self) -> bool {
        self.requests.iter().all(|tally| tally.baseline > 0)
    }

    /// Takes a pair that counts. The answer is whether it speaks against the version under test.
    pub(crate) fn pair(&mut self, compare: &CompareCheck, request: usize, blue: &End, green: &End) -> bool {
        let tally = &mut self.requests[request];
        tally.pairs += 1;
        tally.blue.keep(blue);
        tally.green.keep(green);
        let (Some(blue), Some(green)) = (answered(blue), answered(green)) else { return answered(green).is_none() };
        tally.compared += 1;
        let Some(rules) = &compare.response else { return false };
        let mut differs = false;
        let mut told: Vec<Difference> = Vec::new();
        for difference in between(rules, blue, green) {
            // All elements of a list that differ in the same way are one difference.
            if tally.noise.covers(&difference) || told.iter().any(|earlier| is_same(earlier, &difference)) {
                continue;
            }
            differs = true;
            match tally.differences.iter_mut().find(|(earlier, _)| is_same(earlier, &difference)) {
                Some((_, pairs)) => *pairs += 1,
                None => tally.differences.push((difference.clone(), 1)),
            }
            told.push(difference);
        }
        differs
    }

    /// Pairs that count, of all requests.
    pub(crate) fn pairs(&self) -> u64 {
        self.requests.iter().map(|tally| u64::from(tally.pairs)).sum()
    }

    fn errors(&self) -> (u64, u64) {
        self.requests.iter().fold((0, 0), |(blue, green), tally| (blue + tally.blue.errors, green + tally.green.errors))
    }
}

fn is_same(one: &Difference, other: &Difference) -> bool {
    (&one.everywhere, one.kind) == (&other.everywhere, other.kind)
}

/// The answer, unless the service failed.
fn answered(end: &End) -> Option<&Answer> {
    end.as_ref().ok().filter(|answer| !answer.status.is_server_error())
}

impl Side {
    fn keep(&mut self, end: &End) {
        let took = match end {
            Ok(answer) if answer.status.is_server_error() => {
                self.failed(format!("status {}", answer.status.as_u16()));
                return;
            }
            Ok(answer) => {
                self.good += u32::from(answer.status.is_success());
                answer.took
            }
            Err((error, took)) => {
                self.failed(error.to_string());
                if !matches!(error, ProbeError::Timeout(_)) {
                    return;
                }
                *took
            }
        };
        // The logarithm of nothing would be endless.
        self.latencies.push(took.max(Duration::from_micros(1)).as_secs_f64() * 1_000.0);
    }

    fn failed(&mut self, error: String) {
        self.errors += 1;
        self.first_error.get_or_insert(error);
    }
}

/// What the latencies of one request come to.
struct Latency {
    samples: u32,
    blue: f64,
    green: f64,
    ratio: f64,
    p: f64,
}

fn latency(tally: &RequestTally) -> Option<Latency> {
    let (blue, green) = (&tally.blue.latencies, &tally.green.latencies);
    Some(Latency {
        samples: u32::try_from(blue.len().min(green.len())).unwrap_or(u32::MAX),
        blue: median(&mut blue.clone())?,
        green: median(&mut green.clone())?,
        ratio: ratio(blue, green)?,
        p: larger(blue, green),
    })
}

/// How latencies spread, besides their median: for whoever looks at both versions beside each other. No percentile is told that
/// fewer than two samples lie beyond.
fn spread(latencies: &[f64]) -> Vec<(usize, f64)> {
    let mut sorted = latencies.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let told = |percent: &usize| sorted.len() * percent.min(&(100 - percent)) >= 200;
    [10, 25, 75, 90, 95, 99]
        .into_iter()
        .filter(told)
        .map(|percent| (percent, sorted[(sorted.len() * percent).div_ceil(100).saturating_sub(1)]))
        .collect()
}

/// How the check ended, and everything that speaks against it or could not be judged. `ways` says how both sides are reached.
pub(crate) fn judge(check: &Check, compare: &CompareCheck, tally: &Tally, ways: &str) -> (Outcome, Vec<Message>) {
    let mut contradicted = Vec::new();
    let mut not_judged = Vec::new();
    for (request, tally) in compare.requests.iter().zip(&tally.requests) {
        let line = format!("{} {}, {ways}", request.method, request.path);
        let tell = |code: &str, text: String, place: &str| {
            Message::new(code, &check.id, text).with_context(line.clone()).at(place)
        };
        if let Some(rules) = &compare.response {
            let told = different(tally).into_iter().map(|text| tell(codes::DIFFERS, text, &rules.place));
            contradicted.extend(told);
        }
        if tally.baseline == 0 || tally.blue.good == 0 {
            not_judged.push(tell(codes::NO_BASELINE, no_baseline(tally), &check.place));
            continue;
        }
        let needed = ANSWERS_NEEDED.min(compare.pairs.div_ceil(2));
        if tally.compared < needed {
            let text = format!("answers not compared: {} pairs with two answers, {needed} needed", tally.compared);
            not_judged.push(tell(codes::TOO_FEW_SAMPLES, text, &check.place));
        }
        if let Some(limit) = &compare.latency {
            let found = latency(tally);
            let samples = found.as_ref().map_or(0, |found| found.samples);
            match found.filter(|_| samples >= LatencyLimit::SAMPLES_NEEDED) {
                None => {
                    let text = format!(
                        "latency not judged: {samples} samples a side, {} needed; raise pairs, or accept with on_inconclusive: warn",
                        LatencyLimit::SAMPLES_NEEDED
                    );
                    not_judged.push(tell(codes::TOO_FEW_SAMPLES, text, &limit.place));
                }
                Some(found) if is_slower(&found, limit, compare.requests.len()) => {
                    contradicted.push(tell(codes::SLOWER, slower(&found, limit), &limit.place));
                }
                Some(_) => {}
            }
        }
    }
    contradicted.extend(more_errors(check, tally, ways));
    weighed(contradicted, not_judged)
}

/// What the check expects of each request and of all together, and what came of the pairs.
pub(crate) fn expectations(compare: &CompareCheck, tally: Option<&Tally>) -> Vec<Expectation> {
    let tally = tally.filter(|tally| tally.pairs() > 0);
    let mut all = Vec::new();
    for (index, request) in compare.requests.iter().enumerate() {
        let line = format!("{} {}", request.method, request.path);
        let tally = tally.map(|tally| &tally.requests[index]);
        if let Some(rules) = &compare.response {
            let headers: Vec<_> = rules.headers.iter().map(http::HeaderName::as_str).collect();
            let headers = if headers.is_empty() { String::new() } else { format!(", headers {}", headers.join(", ")) };
            let seen = tally.map(|tally| format!("{} in {} pairs", tally.differences.len(), tally.compared));
            all.push(expectation(format!("{line}: no difference from blue in status, body{headers}"), seen));
        }
        if let Some(limit) = &compare.latency {
            let (ratio, percent) = (shown(limit.ratio), shown(limit.confidence * 100.0));
            let seen = tally.map(|tally| match latency(tally) {
                Some(found) => format!(
                    "{}x (blue {} ms, green {} ms), {} pairs, {}",
                    shown(found.ratio),
                    shown(found.blue),
                    shown(found.green),
                    found.samples,
                    probability(found.p)
                ),
                None => "no latencies of both".to_owned(),
            });
            all.push(expectation(format!("{line}: median latency <= {ratio}x blue's, {percent}% certain"), seen));
        }
    }
    let errors = tally.map(|tally| {
        let (blue, green) = tally.errors();
        format!("{green} of {} requests, blue {blue}", tally.pairs())
    });
    all.push(expectation("no more errors than blue".to_owned(), errors));
    bounded(all)
}

fn different(tally: &RequestTally) -> Vec<String> {
    let told = tally.differences.iter().take(TOLD);
    let mut texts: Vec<String> =
        told.map(|(difference, pairs)| format!("{difference}, in {pairs} of {} pairs", tally.compared)).collect();
    let all = tally.differences.len();
    if all > TOLD {
        texts.push(format!("{all} differences in all, of which the first {TOLD} are told"));
    }
    texts
}

fn no_baseline(tally: &RequestTally) -> String {
    let seen = tally.blue.first_error.as_ref().map(|error| format!(" (first error: {error})")).unwrap_or_default();
    format!(
        "blue gave no 2xx answer in {} control pairs and {} pairs{seen}, so there is nothing to compare with; see whether the request is right for the version that serves",
        tally.controls, tally.pairs
    )
}

/// Both must say so: one alone is certain of differences that nobody would notice, the other believes every accident.
fn is_slower(found: &Latency, limit: &LatencyLimit, requests: usize) -> bool {
    let requests = u32::try_from(requests.max(1)).unwrap_or(u32::MAX);
    found.ratio > limit.ratio && found.p < (1.0 - limit.confidence) / f64::from(requests)
}

fn slower(found: &Latency, limit: &LatencyLimit) -> String {
    format!(
        "green is slower: median {}x (blue {} ms, green {} ms), {} pairs, {}, limit {}x",
        shown(found.ratio),
        shown(found.blue),
        shown(found.green),
        found.samples,
        probability(found.p),
        shown(limit.ratio)
    )
}

fn more_errors(check: &Check, tally: &Tally, ways: &str) -> Option<Message> {
    let ((blue, green), pairs) = (tally.errors(), tally.pairs());
    let first = tally.requests.iter().find_map(|tally| tally.green.first_error.as_ref());
    let first = first.filter(|_| green > blue)?;
    let text = format!(
        "green has more errors: expected at most {blue} of {pairs} requests as in blue, got {green}, {}; first: {first}",
        probability(fails_more_often((blue, pairs), (green, pairs)))
    );
    Some(Message::new(codes::MORE_ERRORS, &check.id, text).with_context(ways).at(&*check.place))
}

fn probability(p: f64) -> String {
    if p < 0.0001 { "p < 0.0001".to_owned() } else { format!("p = {p:.4}") }
}

/// Three digits that say something are enough: `41`, `1.8`, `0.42`.
fn shown(value: f64) -> String {
    let decimals = match value {
        value if value >= 100.0 => 1.0,
        value if value >= 1.0 => 100.0,
        _ => 1_000.0,
    };
    format!("{}", (value * decimals).round() / decimals)
}

/// The figures for the evidence; those of a request carry its place in the plan's list.
#[expect(clippy::cast_precision_loss, reason = "no check has 2^52 pairs")]
pub(crate) fn numbers(compare: &CompareCheck, tally: &Tally) -> BTreeMap<String, f64> {
    let ((blue, green), pairs) = (tally.errors(), tally.pairs());
    let mut numbers: BTreeMap<String, f64> = [
        ("pairs", pairs as f64),
        ("warm_up_pairs", f64::from(compare.warm_up()) * compare.requests.len() as f64),
        ("control_pairs", tally.requests.iter().map(|tally| f64::from(tally.controls)).sum()),
        ("differences", tally.requests.iter().map(|tally| tally.differences.len() as f64).sum()),
        ("blue_errors", blue as f64),
        ("green_errors", green as f64),
        ("errors_p", fails_more_often((blue, pairs), (green, pairs))),
    ]
    .map(|(name, number)| (name.to_owned(), number))
    .into();
    for (index, tally) in tally.requests.iter().enumerate() {
        let mut keep = |name: &str, number: f64| numbers.insert(format!("requests[{index}].{name}"), number);
        keep("pairs_compared", f64::from(tally.compared));
        if let Some(found) = latency(tally) {
            keep("samples", f64::from(found.samples));
            keep("blue_p50_ms", found.blue);
            keep("green_p50_ms", found.green);
            keep("latency_ratio", found.ratio);
            keep("latency_p", found.p);
            for (side, latencies) in [("blue", &tally.blue.latencies), ("green", &tally.green.latencies)] {
                for (percent, latency) in spread(latencies) {
                    keep(&format!("{side}_p{percent}_ms"), latency);
                }
            }
        }
        for (place, kind, pairs) in tally.noise.seen().take(NOISE_KEPT) {
            keep(&format!("noise: {place} ({kind})"), f64::from(pairs));
        }
    }
    numbers
}

#[cfg(test)]
#[path = "compare_tests.rs"]
pub(crate) mod tests;
