//! How often `compare` raises a false alarm, and how often it catches a slower version: many whole runs through the engine,
//! each against a pair of servers of its own whose latencies are log-normal (σ 0.5) and seeded.
//!
//! ```text
//! cargo bench -p greenlight-checks --bench compare               # 200 runs of each, some minutes
//! cargo bench -p greenlight-checks --bench compare -- --runs 20
//! ```

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(clippy::disallowed_methods, reason = "a bench measures time")]

#[path = "support.rs"]
mod support;

use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt};
use greenlight_checks::evidence::{CheckEvidence, Outcome};

use support::{Servers, argument, is_bench, log_normal, plan, run};

/// Short, so that hundreds of runs take minutes.
const MEDIAN: Duration = Duration::from_millis(5);
const SIGMA: f64 = 0.5;
/// Runs at a time. They spend their time waiting, as the servers do.
const AT_ONCE: usize = 4;

#[tokio::main]
async fn main() {
    let runs = argument("--runs", if is_bench() { 200 } else { 1 });
    let servers = Servers::start();
    println!(
        "compare: 100 pairs, limit 25 %, confidence 99 %; log-normal latencies, median {} ms, σ {SIGMA}",
        MEDIAN.as_millis()
    );
    println!("{runs} runs of each; two servers a run, in a thread of their own");
    for (name, factor, wanted) in
        [("identical", 1.0, "false alarms"), ("1.5x slower", 1.5, "caught"), ("2x slower", 2.0, "caught")]
    {
        let started = Instant::now();
        let each = |seed: u64| one(&servers, seed, factor);
        let seen: Vec<CheckEvidence> = stream::iter(0..runs).map(each).buffer_unordered(AT_ONCE).collect().await;
        let count = |outcome: Outcome| seen.iter().filter(|check| check.outcome == outcome).count();
        let (failed, passed) = (count(Outcome::Failed), count(Outcome::Passed));
        let mut ratios: Vec<f64> =
            seen.iter().filter_map(|check| check.numbers.get("requests[0].latency_ratio").copied()).collect();
        ratios.sort_by(f64::total_cmp);
        let median = ratios.get(ratios.len() / 2).copied().unwrap_or(f64::NAN);
        println!(
            "{name:12} {wanted:12} {failed:3} of {runs} ({:.1} %), not judged {}, median ratio {median:.2}, {:.0} s",
            percent(failed, seen.len()),
            seen.len() - failed - passed,
            started.elapsed().as_secs_f64()
        );
        for message in seen.iter().filter(|check| check.outcome == Outcome::Errored).flat_map(|check| &check.messages) {
            println!("    {message}");
        }
    }
}

async fn one(servers: &Servers, seed: u64, factor: f64) -> CheckEvidence {
    let delay = |seed: u64, factor: f64| {
        move |number: u64, _: Duration| log_normal(seed, number, MEDIAN, SIGMA).mul_f64(factor)
    };
    let blue = servers.serve(delay(seed * 2, 1.0));
    let green = servers.serve(delay(seed * 2 + 1, factor));
    run(&plan("compare: { requests: [ { get: / } ] }"), green, Some(blue)).await
}

#[expect(clippy::cast_precision_loss, reason = "nobody runs it 2^52 times")]
fn percent(part: usize, all: usize) -> f64 {
    100.0 * part as f64 / all.max(1) as f64
}
