//! What PutMetricData brought, and what a statistic of it is over a period.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// Namespace, name, and dimensions in their order: values with other dimensions are another metric's.
pub(crate) type Key = (String, String, BTreeMap<String, String>);

/// More samples than this, and the oldest ones of a metric go.
const KEPT: usize = 100_000;

/// Values by metric.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metrics {
    samples: BTreeMap<Key, Vec<(Timestamp, f64)>>,
}

/// A statistic that the stand-in computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Statistic {
    Average,
    Sum,
    Minimum,
    Maximum,
    SampleCount,
}

impl Statistic {
    pub(crate) const ALL: [(&'static str, Self); 5] = [
        ("Average", Self::Average),
        ("Sum", Self::Sum),
        ("Minimum", Self::Minimum),
        ("Maximum", Self::Maximum),
        ("SampleCount", Self::SampleCount),
    ];

    #[expect(clippy::cast_precision_loss, reason = "fewer samples are kept than 2^52")]
    fn of(self, samples: &[f64]) -> f64 {
        let sum: f64 = samples.iter().sum();
        match self {
            Self::Average => sum / samples.len() as f64,
            Self::Sum => sum,
            Self::Minimum => samples.iter().copied().fold(f64::INFINITY, f64::min),
            Self::Maximum => samples.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Self::SampleCount => samples.len() as f64,
        }
    }
}

impl Metrics {
    pub(crate) fn put(&mut self, key: Key, at: Timestamp, value: f64) {
        let samples = self.samples.entry(key).or_default();
        if samples.len() >= KEPT {
            samples.drain(..KEPT / 10);
        }
        samples.push((at, value));
    }

    /// The periods from `from` (inclusive) to `to` (exclusive) that have samples, oldest first. A period begins where its
    /// length divides the seconds since the epoch.
    pub(crate) fn values(&self, key: &Key, statistic: Statistic, period: i64, from: i64, to: i64) -> Vec<(i64, f64)> {
        let mut periods: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
        for (at, value) in self.samples.get(key).into_iter().flatten() {
            let begins = at.as_second().div_euclid(period) * period;
            if begins >= from && begins < to {
                periods.entry(begins).or_default().push(*value);
            }
        }
        periods.into_iter().map(|(begins, samples)| (begins, statistic.of(&samples))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_without_samples_has_no_value_and_the_end_is_exclusive() {
        let key = ("Shop".to_owned(), "Errors".to_owned(), BTreeMap::new());
        let mut metrics = Metrics::default();
        for (second, value) in [(0, 1.0), (59, 3.0), (120, 5.0), (180, 7.0)] {
            metrics.put(key.clone(), Timestamp::from_second(second).unwrap(), value);
        }
        let values = |statistic| metrics.values(&key, statistic, 60, 0, 180);
        assert_eq!(values(Statistic::Sum), [(0, 4.0), (120, 5.0)]);
        assert_eq!(values(Statistic::Average), [(0, 2.0), (120, 5.0)]);
        assert_eq!(values(Statistic::SampleCount), [(0, 2.0), (120, 1.0)]);
        assert_eq!(values(Statistic::Minimum)[0].1, 1.0);
        assert_eq!(values(Statistic::Maximum)[0].1, 3.0);
        let other = ("Shop".to_owned(), "Errors".to_owned(), BTreeMap::from([("Version".into(), "2".into())]));
        assert_eq!(metrics.values(&other, Statistic::Sum, 60, 0, 180), []);
    }
}
