//! Requests at a steady rate. Arrivals follow the schedule whatever the answers do (an open model), and latency counts from
//! the scheduled arrival: a slow server cannot hide behind fewer requests. A request has its timeout from then on as well,
//! sent or not. This file decides nothing about limits.
//!
//! A load has a runtime of its own, with no more threads than requests in flight: the thread that sees an answer arrive
//! goes on with it, and no hand-over to another is measured as if the service had taken the time.

use std::collections::VecDeque;
use std::io;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::sync::oneshot;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

use super::error::ProbeError;
use super::http::{Answer, Prober};
use super::pacer::Pacer;
use crate::clock;
use crate::plan::{HttpRequest, LoadCheck, WarmUp};

const DEFAULT_WARM_UP: Duration = Duration::from_secs(5);
const DEFAULT_WARM_UP_REQUESTS: u64 = 20;

/// How exactly a request that was never sent is given up at its timeout.
const GIVEN_UP_WITHIN: Duration = Duration::from_millis(10);

/// As a hook has them: a function of less than 1769 MB has less than one core to share among them.
const MOST_THREADS: usize = 2;

/// What threads that have nothing left to do have for their end.
const FAREWELL: Duration = Duration::from_secs(1);

/// One hour, which no hook outlives; whatever is longer counts as this.
const LONGEST_LATENCY_US: u64 = 3_600_000_000;

/// When requests are due. Pure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Schedule {
    rate: f64,
    /// So many requests come first and are discarded.
    pub(crate) warm_up: u64,
    /// So many are judged.
    pub(crate) judged: u64,
}

impl Schedule {
    pub(crate) fn of(load: &LoadCheck) -> Self {
        let within = |duration: Duration| requests_within(duration, load.rate);
        let warm_up = match load.warm_up {
            WarmUp::Default => within(DEFAULT_WARM_UP).max(DEFAULT_WARM_UP_REQUESTS),
            WarmUp::For(duration) => within(duration),
            WarmUp::Requests(requests) => requests,
        };
        Self { rate: load.rate, warm_up, judged: within(load.duration).max(1) }
    }

    fn total(&self) -> u64 {
        self.warm_up + self.judged
    }

    /// From the start to the arrival of a request.
    #[expect(clippy::cast_precision_loss, reason = "no schedule has 2^52 requests")]
    pub(crate) fn due(&self, request: u64) -> Duration {
        Duration::from_secs_f64(request as f64 / self.rate)
    }

    /// From the start to the end of what is judged.
    pub(crate) fn length(&self) -> Duration {
        self.due(self.total())
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the plan bounds both factors")]
fn requests_within(duration: Duration, rate: f64) -> u64 {
    (duration.as_secs_f64() * rate).round() as u64
}

/// What came of the requests that are judged.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    /// Microseconds from the scheduled arrival to the last byte, or until the request was given up.
    pub(crate) latencies: Histogram<u64>,
    /// Requests that came to an end, in whatever way.
    pub(crate) ended: u64,
    /// Of these, the ones without a 2xx answer.
    pub(crate) errors: u64,
    /// Sent after their time, because too many were in flight.
    pub(crate) late: u64,
    /// Never sent within their timeout, for the same reason; they are errors.
    pub(crate) unsent: u64,
    /// From the first scheduled arrival to the last sending, at least the length of the schedule.
    pub(crate) sending: Duration,
    /// Requests that were sent in each second of it.
    pub(crate) sent_by_second: Vec<u32>,
    /// How long a request was due at most before it was sent, where nothing in flight stood in its way: this side was busy.
    pub(crate) behind: Duration,
    pub(crate) first_error: Option<(Result<Answer, ProbeError>, Duration)>,
    pub(crate) last: Option<(Answer, Duration)>,
}

impl Measured {
    pub(crate) fn new() -> Self {
        let latencies = Histogram::new_with_bounds(1, LONGEST_LATENCY_US, 3).expect("the bounds are in order");
        Self {
            latencies,
            ended: 0,
            errors: 0,
            late: 0,
            unsent: 0,
            sending: Duration::ZERO,
            sent_by_second: Vec::new(),
            behind: Duration::ZERO,
            first_error: None,
            last: None,
        }
    }

    /// Requests sent in a second.
    #[expect(clippy::cast_precision_loss, reason = "no schedule has 2^52 requests")]
    pub(crate) fn achieved_rate(&self) -> f64 {
        let seconds = self.sending.as_secs_f64();
        if seconds > 0.0 { (self.ended - self.unsent) as f64 / seconds } else { 0.0 }
    }

    /// The least that was sent in a whole second; there is none where the schedule has no whole second.
    pub(crate) fn lowest_second(&self) -> Option<u32> {
        let seconds = usize::try_from(self.sending.as_secs()).unwrap_or(usize::MAX);
        // What was sent later than the last second that is listed would have been listed.
        (0..seconds).map(|second| self.sent_by_second.get(second).copied().unwrap_or(0)).min()
    }

    /// Keeps that a request was sent, so long after the first arrival that is judged.
    fn sent(&mut self, after: Duration) {
        self.sending = self.sending.max(after);
        let second = usize::try_from(after.as_secs()).unwrap_or(usize::MAX);
        if self.sent_by_second.len() <= second {
            self.sent_by_second.resize(second + 1, 0);
        }
        self.sent_by_second[second] += 1;
    }

    /// Keeps the end of a request. One that failed at once has no latency: it is an error, and not a fast answer.
    pub(crate) fn keep(&mut self, end: Result<Answer, ProbeError>, latency: Duration) {
        self.ended += 1;
        match end {
            Ok(answer) if answer.status.is_success() => {
                self.record(latency);
                self.last = Some((answer, latency));
            }
            failed => {
                self.errors += 1;
                if matches!(failed, Ok(_) | Err(ProbeError::Timeout(_))) {
                    self.record(latency);
                }
                self.first_error.get_or_insert((failed, latency));
            }
        }
    }

    fn give_up(&mut self, latency: Duration, timeout: Duration) {
        self.unsent += 1;
        self.keep(Err(ProbeError::Timeout(timeout)), latency);
    }

    fn record(&mut self, latency: Duration) {
        self.latencies.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX).max(1));
    }
}

/// Whether the whole schedule was sent and answered before the deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Finished,
    OutOfTime,
}

/// Sends everything that the schedule holds, until the deadline, and hands over what came of it. Where this future is
/// dropped, sending ends at once and so does the thread. An error means that there could be no runtime.
pub(crate) async fn send_apart(
    prober: Prober,
    check: &str,
    load: &LoadCheck,
    timeout: Duration,
    deadline: Instant,
) -> io::Result<(Measured, End)> {
    let (_wanted, unwanted) = oneshot::channel::<()>();
    let threads = load.max_in_flight.clamp(1, MOST_THREADS);
    let target = Arc::new(Asked { prober, check: check.to_owned(), request: load.request.clone(), timeout });
    let load = load.clone();
    let apart = spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
        // Spawned, so that it runs on the threads that see the answers.
        let sending = runtime.spawn(async move {
            let mut measured = Measured::new();
            let end = tokio::select! {
                biased;
                _ = unwanted => End::OutOfTime,
                end = timeout_at(deadline, send(&target, &load, &mut measured)) => {
                    if end.is_ok() { End::Finished } else { End::OutOfTime }
                }
            };
            (measured, end)
        });
        let sent = runtime.block_on(sending);
        // A name that is still being resolved is not waited for.
        runtime.shutdown_timeout(FAREWELL);
        Ok(sent.unwrap_or_else(|panicked| resume_unwind(panicked.into_panic())))
    });
    // Whatever it panics with is the check's own.
    apart.await.unwrap_or_else(|panicked| resume_unwind(panicked.into_panic()))
}

/// What came is in `measured`, which is valid at any time: whoever ends this early keeps what was seen until then.
async fn send(asked: &Arc<Asked>, load: &LoadCheck, measured: &mut Measured) {
    let timeout = asked.timeout;
    let schedule = Schedule::of(load);
    let start = clock::now();
    let judged_from = start + schedule.due(schedule.warm_up);
    measured.sending = schedule.due(schedule.judged);
    let mut next = 0;
    let mut waiting: VecDeque<Arrival> = VecDeque::new();
    let mut in_flight = JoinSet::new();
    let pacer = Pacer::start(start, schedule.total(), move |request| schedule.due(request));
    let mut given_up = interval(GIVEN_UP_WITHIN);
    given_up.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        let now = clock::now();
        while next < schedule.total() && start + schedule.due(next) <= now {
            let late = waiting.len() + in_flight.len() >= load.max_in_flight;
            let judged = next >= schedule.warm_up;
            waiting.push_back(Arrival { number: next, due: start + schedule.due(next), late, judged });
            next += 1;
        }
        while let Some(arrival) = waiting.pop_front_if(|arrival| arrival.due + timeout <= now) {
            if arrival.judged {
                measured.give_up(now - arrival.due, timeout);
            }
        }
        while in_flight.len() < load.max_in_flight
            && let Some(arrival) = waiting.pop_front()
        {
            if arrival.judged {
                measured.late += u64::from(arrival.late);
                measured.sent(now - judged_from);
                if !arrival.late {
                    measured.behind = measured.behind.max(now - arrival.due);
                }
            }
            let asked = Arc::clone(asked);
            in_flight.spawn(async move { (arrival, asked.ask(arrival, now).await, clock::now() - arrival.due) });
        }
        if next == schedule.total() && waiting.is_empty() && in_flight.is_empty() {
            break;
        }
        // Where nothing more may be in flight, the next that may happen is an end.
        let paced = next < schedule.total() && in_flight.len() < load.max_in_flight;
        tokio::select! {
            Some(ended) = in_flight.join_next(), if !in_flight.is_empty() => {
                let (arrival, end, latency) = ended.unwrap_or_else(|panicked| resume_unwind(panicked.into_panic()));
                if arrival.judged {
                    measured.keep(end, latency);
                }
            }
            () = pacer.tick(), if paced => {}
            _ = given_up.tick(), if !waiting.is_empty() => {}
        }
    }
}

/// What every request of a load has in common.
#[derive(Debug)]
struct Asked {
    prober: Prober,
    check: String,
    request: HttpRequest,
    timeout: Duration,
}

impl Asked {
    /// Sends one request, with what is left of its timeout.
    async fn ask(&self, arrival: Arrival, now: Instant) -> Result<Answer, ProbeError> {
        let key = format!("{}-{}", self.check, arrival.number);
        let left = (arrival.due + self.timeout).saturating_duration_since(now);
        self.prober.ask_once(&self.check, &key, &self.request, left).await.map_err(|(error, _)| match error {
            // It counts from the scheduled arrival.
            ProbeError::Timeout(_) => ProbeError::Timeout(self.timeout),
            other => other,
        })
    }
}

/// One request of the schedule.
#[derive(Clone, Copy, Debug)]
struct Arrival {
    number: u64,
    due: Instant,
    /// Whether too many were in flight when it was due.
    late: bool,
    judged: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_follows_rate_and_length() {
        let schedule = Schedule { rate: 20.0, warm_up: 100, judged: 600 };
        assert_eq!(schedule.due(0), Duration::ZERO);
        assert_eq!(schedule.due(1), Duration::from_millis(50));
        assert_eq!(schedule.length(), Duration::from_secs(35));
        assert_eq!(requests_within(DEFAULT_WARM_UP, 20.0), 100);
        assert_eq!(requests_within(DEFAULT_WARM_UP, 0.5), 3);
    }
}
