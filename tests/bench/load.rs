//! The load generator beside `oha`, against one server of this process (in a thread of its own): the highest rate at 1, 8
//! and 64 connections, percentiles at a rate that both can hold, and a server that stalls for a second.
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
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
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
            let rate = (most * 1.5).clamp(1_000.0, 50_000.0).round();
            let server = self.servers.serve(|_, _| Duration::ZERO);
            let warm_up = connections * 4;
            let seen =
                self.engine(server, connections, rate, self.seconds, &format!("{{ requests: {warm_up} }}")).await;
            ours.push(seen.numbers["achieved_rate"]);
        }
        let (ours, theirs) = (median(ours), median(theirs));
        if self.oha.is_none() {
            println!("highest rate, {connections:2} connections: engine {ours:6.0}/s of 3000/s asked");
            return;
        }
        println!(
            "highest rate, {connections:2} connections: engine {ours:6.0}/s, oha {theirs:6.0}/s, ratio {:.2}",
            ours / theirs
        );
    }

    async fn same_rate(&self, connections: u32) {
        let rate = f64::from(connections * 25).min(1_000.0);
        let delay = |seed: u64| move |number: u64, _: Duration| log_normal(seed, number, MEDIAN, 0.5);
        let mut figures = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
        for round in 0..self.rounds {
            let seen = self.engine(self.servers.serve(delay(round)), connections, rate, self.seconds, "0s").await;
            figures[0].push(seen.numbers["p50_ms"]);
            figures[1].push(seen.numbers["p99_ms"]);
            if let Some(oha) = &self.oha {
                let report = self.corrected(oha, self.servers.serve(delay(round)), connections, rate);
                figures[2].push(number(&report, "/latencyPercentiles/p50") * 1_000.0);
                figures[3].push(number(&report, "/latencyPercentiles/p99") * 1_000.0);
            }
        }
        let [p50, p99, oha_p50, oha_p99] = figures.map(median);
        if self.oha.is_none() {
            println!("at {rate:4}/s, {connections:2} connections: p50 engine {p50:6.2} ms, p99 engine {p99:6.2} ms");
            return;
        }
        println!(
            "at {rate:4}/s, {connections:2} connections: p50 engine {p50:6.2} ms, oha {oha_p50:6.2} ms, ratio {:.3}; p99 engine {p99:6.2} ms, oha {oha_p99:6.2} ms, ratio {:.3}",
            p50 / oha_p50,
            p99 / oha_p99
        );
    }

    /// What the wrk2 method must show: latency counts from the scheduled arrival.
    async fn stall(&self) -> ExitCode {
        let stalls = |_: u64, at: Duration| {
            if (STALL_BEGINS..STALL_ENDS).contains(&at) { STALL_ENDS - at } else { Duration::ZERO }
        };
        let (rate, connections, seconds) = (100.0, 8, self.seconds.max(5));
        let seen = self.engine(self.servers.serve(stalls), connections, rate, seconds, "0s").await;
        let p99 = seen.numbers["p99_ms"];
        println!("a server that stalls for 1 s, at {rate}/s with {connections} connections: p99 engine {p99:.0} ms");
        if let Some(oha) = &self.oha {
            let corrected = self.corrected(oha, self.servers.serve(stalls), connections, rate);
            let requests = self.requests(rate).to_string();
            let count = connections.to_string();
            let plain =
                attack(oha, self.servers.serve(stalls), &["-n", &requests, "-c", &count, "-q", &rate.to_string()]);
            let p99 = |report: &Value| number(report, "/latencyPercentiles/p99") * 1_000.0;
            println!("    oha {:.0} ms with --latency-correction, {:.0} ms without", p99(&corrected), p99(&plain));
        }
        if p99 > 800.0 {
            return ExitCode::SUCCESS;
        }
        println!("    the stall is hidden: p99 should be near 1000 ms");
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

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rates are small and positive")]
    fn requests(&self, rate: f64) -> u64 {
        rate as u64 * self.seconds
    }

    fn corrected(&self, oha: &Path, server: SocketAddr, connections: u32, rate: f64) -> Value {
        let (requests, connections, rate) =
            (self.requests(rate).to_string(), connections.to_string(), rate.to_string());
        attack(oha, server, &["-n", &requests, "-c", &connections, "-q", &rate, "--latency-correction"])
    }
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

fn attack(oha: &Path, server: SocketAddr, arguments: &[&str]) -> Value {
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
