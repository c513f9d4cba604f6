//! What the benches have in common: a server whose answers take a known time, the engine run on a plan as a hook runs it, and
//! a few words of arithmetic. The server is a thread with a runtime of its own, so it takes turns with nothing but the
//! kernel.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use greenlight_checks::event::HookEvent;
use greenlight_checks::evidence::CheckEvidence;
use greenlight_checks::plan::{self, EventPlan, Givens};
use greenlight_checks::run;
use greenlight_checks::surroundings::{Endpoint, Endpoints, Limits, Surroundings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{\"ok\":true}";

/// How long the answer to a request takes, by its number from 0 and the time since the first one.
pub(crate) trait Delay: Fn(u64, Duration) -> Duration + Send + Sync + 'static {}

impl<F: Fn(u64, Duration) -> Duration + Send + Sync + 'static> Delay for F {}

/// A runtime for servers, in a thread of its own that lasts as long as the bench.
#[derive(Clone, Debug)]
pub(crate) struct Servers(tokio::runtime::Handle);

impl Servers {
    pub(crate) fn start() -> Self {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be built");
        let handle = runtime.handle().clone();
        std::thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
        Self(handle)
    }

    /// Begins to serve on an address of its own.
    pub(crate) fn serve(&self, delay: impl Delay) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        listener.set_nonblocking(true).expect("a socket can be non-blocking");
        let address = listener.local_addr().expect("a bound socket has an address");
        self.0.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("the socket is non-blocking");
            let (delay, count, first) =
                (Arc::new(delay), Arc::new(AtomicU64::new(0)), Arc::new(std::sync::OnceLock::new()));
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&delay), Arc::clone(&count), Arc::clone(&first)));
            }
        });
        address
    }
}

async fn answer(
    mut stream: TcpStream,
    delay: Arc<impl Delay>,
    count: Arc<AtomicU64>,
    first: Arc<std::sync::OnceLock<Instant>>,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(4_096);
    loop {
        if stream.read_buf(&mut buffer).await? == 0 {
            return Ok(());
        }
        while let Some(end) = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            buffer.drain(..end + 4);
            let since = first.get_or_init(Instant::now).elapsed();
            let wait = delay(count.fetch_add(1, Ordering::Relaxed), since);
            if !wait.is_zero() {
                // The runtime rounds up to the next millisecond; on average this is what was meant.
                tokio::time::sleep(wait.saturating_sub(Duration::from_micros(500))).await;
            }
            stream.write_all(ANSWER).await?;
        }
    }
}

/// Delays that spread as latencies do: log-normal, with this median. The same seed and number give the same delay.
pub(crate) fn log_normal(seed: u64, number: u64, median: Duration, sigma: f64) -> Duration {
    let uniform = |stream: u64| {
        // SplitMix64.
        let mut state =
            (seed ^ (stream << 56)).wrapping_add(number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
        let value = ((state ^ (state >> 31)) >> 11) as f64 / (1_u64 << 53) as f64;
        value.max(f64::MIN_POSITIVE)
    };
    let normal = (-2.0 * uniform(1).ln()).sqrt() * (std::f64::consts::TAU * uniform(2)).cos();
    median.mul_f64((sigma * normal).exp())
}

/// The one check of a plan, as the engine reads it.
pub(crate) fn plan(check: &str) -> EventPlan {
    let text =
        format!("version: 1\nhooks: {{ AfterAllowTestTraffic: [bench] }}\nchecks:\n  - id: bench\n    {check}\n");
    let now = "2026-01-01T00:00:00Z".parse().expect("it is a time");
    let plan = plan::read(&text, "bench.yaml", &Givens::at(now)).unwrap_or_else(|errors| panic!("{errors}"));
    plan.for_event(HookEvent::AfterAllowTestTraffic).expect("the event has a check")
}

/// Runs the check as a hook does.
pub(crate) async fn run(plan: &EventPlan, green: SocketAddr, blue: Option<SocketAddr>) -> CheckEvidence {
    let endpoint = |address: SocketAddr| Endpoint {
        base: format!("http://{address}"),
        host: None,
        ca: None,
        via: "bench".to_owned(),
    };
    let endpoints = Endpoints { green: Some(endpoint(green)), blue: blue.map(endpoint) };
    let now = tokio::time::Instant::now();
    let limits =
        Limits { stabilise_until: now, deadline: now + Duration::from_secs(600), execution: "bench".to_owned() };
    run::run(plan, &Surroundings::new(endpoints, limits)).await.remove(0)
}

/// The value after `--name` on the command line, and what stands in for it.
pub(crate) fn argument(name: &str, otherwise: u64) -> u64 {
    let mut arguments = std::env::args().skip_while(|argument| argument != name).skip(1);
    arguments.next().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

/// Whether `cargo bench` runs this; otherwise a test run wants to know that it works at all.
pub(crate) fn is_bench() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}
