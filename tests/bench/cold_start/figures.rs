//! Samples, their medians, and how they compare. Pure.

use std::fmt::Write as _;
use std::time::Duration;

use crate::contender::Contender;

const FASTER: f64 = 10.0;
const SMALLER: f64 = 4.0;
const LARGEST_PACKAGE: u64 = 5_000_000;

/// One cold start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// From the start of the process to the arrival of the report.
    pub(crate) wall: Duration,
    /// User and system time of the process, to the end of the invocation.
    pub(crate) cpu: Duration,
    /// The largest resident set.
    pub(crate) peak_kib: u64,
}

/// What was measured of one contender.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    name: &'static str,
    package_bytes: u64,
    pub(crate) samples: Vec<Sample>,
}

impl Figures {
    pub(crate) fn of(contender: &Contender) -> Self {
        Self { name: contender.name, package_bytes: contender.package_bytes, samples: Vec::new() }
    }

    fn median(&self, of: impl Fn(&Sample) -> f64) -> f64 {
        self.quantile(0.5, of)
    }

    fn quantile(&self, share: f64, of: impl Fn(&Sample) -> f64) -> f64 {
        let mut values: Vec<_> = self.samples.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        let rank = (share * values.len() as f64).ceil() as usize;
        values.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
    }
}

fn wall(sample: &Sample) -> f64 {
    sample.wall.as_secs_f64() * 1e3
}

fn cpu(sample: &Sample) -> f64 {
    sample.cpu.as_secs_f64() * 1e3
}

fn peak(sample: &Sample) -> f64 {
    sample.peak_kib as f64 / 1024.0
}

/// Medians of all, and the others as multiples of the first.
pub(crate) fn table(all: &[Figures]) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{:24} {:>10} {:>10} {:>10} {:>10} {:>12}",
        "cold start to report", "wall ms", "p90 ms", "CPU ms", "peak MiB", "zipped bytes"
    );
    for figures in all {
        let _ = writeln!(
            text,
            "{:24} {:>10.1} {:>10.1} {:>10.1} {:>10.1} {:>12}",
            figures.name,
            figures.median(wall),
            figures.quantile(0.9, wall),
            figures.median(cpu),
            figures.median(peak),
            figures.package_bytes
        );
    }
    let Some((ours, others)) = all.split_first() else { return text };
    for other in others {
        let ratio = |of: fn(&Sample) -> f64| other.median(of) / ours.median(of);
        let _ = writeln!(
            text,
            "{:24} {:>9.1}x {:>10} {:>9.1}x {:>9.1}x {:>11.1}x   {FASTER}x faster: {}; {SMALLER}x less memory: {}",
            format!("{} / {}", other.name, ours.name),
            ratio(wall),
            "",
            ratio(cpu),
            ratio(peak),
            other.package_bytes as f64 / ours.package_bytes as f64,
            word(ratio(wall) >= FASTER),
            word(ratio(peak) >= SMALLER),
        );
    }
    let small = word(ours.package_bytes <= LARGEST_PACKAGE);
    let _ = writeln!(text, "at most {LARGEST_PACKAGE} bytes zipped: {small}; medians of {} runs", ours.samples.len());
    text
}

fn word(met: bool) -> &'static str {
    if met { "yes" } else { "NO" }
}
