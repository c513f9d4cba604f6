//! The load generator beside `oha`, against one server of this process (in a thread of its own): the highest rate at 1, 8
//! and 64 connections, percentiles at a rate that both can hold, and a server that stalls for a second. Each round runs both
//! one after the other, and a ratio is the median of the rounds' ratios: whatever else the machine does meets both.
//!
//! ```text
//! cargo bench -p greenlight-checks --bench load                  # installs oha under target/tools the first time
//! cargo bench -p greenlight-checks --bench load -- --seconds 2 --rounds 1
//! ```
//!
//! The engine is run as a hook runs it: a plan is read, and the evidence's numbers are the figures. Its highest rate is what
//! it achieves where the plan asks for more than can be had and `max_in_flight` is the number of connections.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(clippy::disallowed_methods, reason = "a bench measures time")]

#[path = "support.rs"]
mod support;

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use greenlight_checks::evidence::CheckEvidence;
use serde_json::Value;

use support::{Servers, argument, is_bench, log_normal, plan, run};

const OHA: &str = "1.16.0";
const CONNECTIONS: [u32; 3] = [1, 8, 64];
/// Where both hold the rate, answers take as long as those of a service do: with answers in microseconds a percentile would
/// say how a process is woken.
const MEDIAN: Duration = Duration::from_millis(10);
const STALL_BEGINS: Duration = Duration::from_secs(1);
const STALL_ENDS: Duration = Duration::from_secs(2);
/// Long enough that only the requests in flight, 8 of 5000, meet the stall where latency counts from the sending; and one in
/// ten where it counts from the scheduled arrival.
const STALL_RATE: f64 = 500.0;
const STALL_SECONDS: u64 = 10;
/// A tenth of the arrivals, evenly spread over a second, waits for its end: one in a hundred waits for longer than this, in
/// milliseconds, however fast the rest is answered.
const STALL_P99: f64 = 900.0;

fn main() -> ExitCode {
    // As many threads as a hook has.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime can be built").block_on(benches())
}

async fn benches() -> ExitCode {
    let bench = Bench {
        servers: Servers::start(),
        oha: is_bench().then(oha),
        seconds: argument("--seconds", if is_bench() { 5 } else { 1 }),
        rounds: argument("--rounds", if is_bench() { 3 } else { 1 }),
    };
    println!(
        "load: one local server in a thread of its own; {} s each, medians of {} rounds",
        bench.seconds, bench.rounds
    );
    for connections in CONNECTIONS {
        bench.highest_rate(connections).await;
    }
    for connections in CONNECTIONS {
        bench.same_rate(connections).await;
    }
    bench.stall().await
}

struct Bench {
    servers: Servers,
    /// None in a test run.
    oha: Option<PathBuf>,
    seconds: u64,
    rounds: u64,
}

impl Bench {
    async fn highest_rate(&self, connections: u32) {
        let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..self.rounds {
            let most = match &self.oha {
                Some(oha) => {
                    let server = self.servers.serve(|_, _| Duration::ZERO);
                    let seconds = format!("{}s", self.seconds);
                    let report = attack(oha, server, &["-z", &seconds, "-c", &connections.to_string()]);
                    let rate = number(&report, "/summary/requestsPerSec");
                    theirs.push(rate);
                    rate
                }
                None => 2_000.0,
            };
            // More than can be had, and not so much more that most of the time goes into what was late.
            let rate = (most * 1.5).clamp(1_000.0, 150_000.0).round();
            let server = self.servers.serve(|_, _| Duration::ZERO);
            let warm_up = connections * 4;
            let seen =
                self.engine(server, connections, rate, self.seconds, &format!("{{ requests: {warm_up} }}")).await;
            ours.push(seen.numbers["achieved_rate"]);
            ratios.push(seen.numbers["achieved_rate"] / most);
        }
        let (ours, theirs) = (median(ours), median(theirs));
        if self.oha.is_none() {
            println!("highest rate, {connections:2} connections: engine {ours:6.0}/s of 3000/s asked");
            return;
        }
        println!(
            "highest rate, {connections:2} connections: engine {ours:6.0}/s, oha {theirs:6.0}/s, ratio {:.2}",
            median(ratios)
        );
    }

    async fn same_rate(&self, connections: u32) {
        let rate = f64::from(connections * 25).min(1_000.0);
        let delay = |seed: u64| move |number: u64, _: Duration| log_normal(seed, number, MEDIAN, 0.5);
        let mut figures = [const { Vec::new() }; 6];
        for round in 0..self.rounds {
            let seen = self.engine(self.servers.serve(delay(round)), connections, rate, self.seconds, "0s").await;
            let ours = [seen.numbers["p50_ms"], seen.numbers["p99_ms"]];
            let theirs = match &self.oha {
                Some(oha) => {
                    let server = self.servers.serve(delay(round));
                    let report = corrected(oha, server, connections, rate, self.seconds);
                    [percentile(&report, "p50"), percentile(&report, "p99")]
                }
                None => [f64::NAN; 2],
            };
            let row = [ours[0], ours[1], theirs[0], theirs[1], ours[0] / theirs[0], ours[1] / theirs[1]];
            figures.iter_mut().zip(row).for_each(|(column, figure)| column.push(figure));
        }
        let [p50, p99, oha_p50, oha_p99, ratio_p50, ratio_p99] = figures.map(median);
        if self.oha.is_none() {
            println!("at {rate:4}/s, {connections:2} connections: p50 engine {p50:6.2} ms, p99 engine {p99:6.2} ms");
            return;
        }
        println!(
            "at {rate:4}/s, {connections:2} connections: p50 engine {p50:6.2} ms, oha {oha_p50:6.2} ms, ratio {ratio_p50:.3}; p99 engine {p99:6.2} ms, oha {oha_p99:6.2} ms, ratio {ratio_p99:.3}"
        );
    }

    /// What the wrk2 method must show: latency counts from the scheduled arrival.
    async fn stall(&self) -> ExitCode {
        let stalls = |_: u64, at: Duration| {
            if (STALL_BEGINS..STALL_ENDS).contains(&at) { STALL_ENDS - at } else { Duration::ZERO }
        };
        let connections = 8;
        let seen = self.engine(self.servers.serve(stalls), connections, STALL_RATE, STALL_SECONDS, "0s").await;
        let p99 = seen.numbers["p99_ms"];
        println!(
            "a server that stalls for 1 s of {STALL_SECONDS}, at {STALL_RATE}/s with {connections} connections: p99 engine {p99:.0} ms"
        );
        if let Some(oha) = &self.oha {
            let report = corrected(oha, self.servers.serve(stalls), connections, STALL_RATE, STALL_SECONDS);
            let with = percentile(&report, "p99");
            let plan = offered(connections, STALL_RATE, STALL_SECONDS);
            let without = percentile(&attack(oha, self.servers.serve(stalls), &plan), "p99");
            println!("    p99 oha {with:.0} ms with --latency-correction, ratio {:.3}", p99 / with);
            println!("    p99 oha {without:.1} ms without: the stall is hidden, {:.0} times too small", p99 / without);
        }
        if p99 >= STALL_P99 {
            return ExitCode::SUCCESS;
        }
        println!("    the stall is hidden: p99 must be at least {STALL_P99} ms");
        ExitCode::FAILURE
    }

    async fn engine(
        &self,
        server: SocketAddr,
        connections: u32,
        rate: f64,
        seconds: u64,
        warm_up: &str,
    ) -> CheckEvidence {
        let plan = plan(&format!(
            "load: {{ get: /, rate: {rate}/s, for: {seconds}s, max_in_flight: {connections}, warm_up: {warm_up} }}\n    expect: [ 'max <= 60s' ]\n    timeout: 60s\n    on_inconclusive: warn"
        ));
        let seen = run(&plan, server, None).await;
        for message in &seen.messages {
            println!("    {message}");
        }
        seen
    }
}

/// So many requests over this many connections, at this rate.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rates are small and positive")]
fn offered(connections: u32, rate: f64, seconds: u64) -> Vec<String> {
    let requests = rate as u64 * seconds;
    let arguments = [("-n", requests.to_string()), ("-c", connections.to_string()), ("-q", rate.to_string())];
    arguments.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect()
}

/// The same, with latency from the scheduled arrival.
fn corrected(oha: &Path, server: SocketAddr, connections: u32, rate: f64, seconds: u64) -> Value {
    let mut arguments = offered(connections, rate, seconds);
    arguments.push("--latency-correction".to_owned());
    attack(oha, server, &arguments)
}

/// In milliseconds.
fn percentile(report: &Value, name: &str) -> f64 {
    number(report, &format!("/latencyPercentiles/{name}")) * 1_000.0
}

/// Where it is; built on the first run.
fn oha() -> PathBuf {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools");
    let oha = tools.join("bin/oha");
    if !oha.exists() {
        println!("installing oha {OHA} under target/tools");
        let installed = Command::new("cargo")
            .args(["install", "oha", "--version", OHA, "--locked", "--root"])
            .arg(&tools)
            .status()
            .expect("cargo can be started");
        assert!(installed.success(), "oha could not be built: {installed}");
    }
    oha
}

fn attack(oha: &Path, server: SocketAddr, arguments: &[impl AsRef<OsStr>]) -> Value {
    let output = Command::new(oha)
        .args(["--no-tui", "--output-format", "json"])
        .args(arguments)
        .arg(format!("http://{server}/"))
        .output()
        .expect("oha can be started");
    assert!(output.status.success(), "oha: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("oha prints JSON")
}

fn number(report: &Value, pointer: &str) -> f64 {
    report.pointer(pointer).and_then(Value::as_f64).unwrap_or(f64::NAN)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
