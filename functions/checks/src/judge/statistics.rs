//! Whether one set of latencies is larger than another, by how much, and whether one version fails more often. Pure
//! arithmetic over samples; it knows nothing of checks and limits.
//!
//! Latencies have long tails, so nothing here takes a mean: ranks and medians do not care how late the latest answer was.

use statrs::distribution::{ContinuousCDF, Normal};
use statrs::stats_tests::{Alternative, fishers_exact};

/// The probability that samples which come from one distribution look at least this much as if `right` were larger than
/// `left`: the one-sided Mann-Whitney U test, by its normal approximation with corrections for ties and continuity. Samples
/// that cannot tell, because there are none or all are equal, have 1.
pub(crate) fn larger(left: &[f64], right: &[f64]) -> f64 {
    let (n_left, n_right) = (count(left), count(right));
    let mut all: Vec<(f64, bool)> =
        left.iter().map(|value| (*value, false)).chain(right.iter().map(|value| (*value, true))).collect();
    all.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (mut ranks_of_right, mut ties, mut before) = (0.0, 0.0, 0.0);
    for tied in all.chunk_by(|one, other| one.0.total_cmp(&other.0).is_eq()) {
        let size = size(tied.len());
        // Equal values share the mean of the ranks that they take.
        let rank = before + (size + 1.0) / 2.0;
        ranks_of_right += rank * size_of_right(tied);
        ties += size.powi(3) - size;
        before += size;
    }
    let u = ranks_of_right - n_right * (n_right + 1.0) / 2.0;
    let n = n_left + n_right;
    let variance = n_left * n_right / 12.0 * ((n + 1.0) - ties / (n * (n - 1.0)));
    if variance.is_nan() || variance <= 0.0 {
        return 1.0;
    }
    let z = (u - n_left * n_right / 2.0 - 0.5) / variance.sqrt();
    Normal::standard().sf(z)
}

/// How many times larger `right` is than `left`: the Hodges–Lehmann estimate on logarithms, which is the median of all
/// ratios between a value of the one and a value of the other. There is none without samples.
pub(crate) fn ratio(left: &[f64], right: &[f64]) -> Option<f64> {
    let logs: Vec<f64> = left.iter().map(|value| value.ln()).collect();
    let mut differences: Vec<f64> =
        right.iter().flat_map(|value| logs.iter().map(move |log| value.ln() - log)).collect();
    median(&mut differences).map(f64::exp)
}

/// The middle one, or the mean of both in the middle.
pub(crate) fn median(values: &mut [f64]) -> Option<f64> {
    let middle = values.len() / 2;
    if values.is_empty() {
        return None;
    }
    let even = values.len().is_multiple_of(2);
    let (lower, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = *upper;
    if !even {
        return Some(upper);
    }
    let below = lower.iter().copied().max_by(f64::total_cmp)?;
    Some(below.midpoint(upper))
}

/// The probability of at least so many more failures on the right, if both sides failed equally often: Fisher's exact test,
/// one-sided. A side is its failures and all its tries.
pub(crate) fn fails_more_often(left: (u64, u64), right: (u64, u64)) -> f64 {
    let table = [right.0, right.1.saturating_sub(right.0), left.0, left.1.saturating_sub(left.0)];
    fishers_exact(&table, Alternative::Greater).unwrap_or(1.0)
}

fn count(values: &[f64]) -> f64 {
    size(values.len())
}

fn size_of_right(tied: &[(f64, bool)]) -> f64 {
    size(tied.iter().filter(|(_, right)| *right).count())
}

#[expect(clippy::cast_precision_loss, reason = "no check has 2^52 samples")]
fn size(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
#[path = "statistics_tests.rs"]
mod tests;
