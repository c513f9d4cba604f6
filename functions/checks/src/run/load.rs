//! One `load` check while it runs: a look whether the service is ready, then the whole schedule, once.

use std::time::Duration;

use tokio::time::timeout_at;

use super::{ended, until_ready};
use crate::clock;
use crate::evidence::{self, CheckEvidence, Outcome, Sample};
use crate::judge::load as judge;
use crate::message::{Message, codes};
use crate::plan::{Check, LoadCheck};
use crate::probe::error::ProbeError;
use crate::probe::http::{Answer, Prober};
use crate::probe::load::{End, Measured, Schedule, send_apart};
use crate::surroundings::Limits;

/// From here on the figures say more about this side than about the service.
const BEHIND: Duration = Duration::from_millis(100);

pub(super) async fn execute(check: &Check, load: &LoadCheck, prober: &Prober, limits: &Limits) -> CheckEvidence {
    let started = clock::now();
    let told = |code, text| Message::new(code, &check.id, text).at(&*check.place);
    let (mut measured, outcome, messages) = match sent(check, load, prober, limits).await {
        Ok((measured, End::Finished)) => {
            let (outcome, messages) = judge::judge(check, load, &measured, &context(load, prober, &measured));
            (measured, outcome, messages)
        }
        Ok((measured, End::OutOfTime)) => {
            let text = format!(
                "not finished when the time for checks was over, after {} requests; shorten `for`, or raise budget.total and \
                 the function's timeout",
                measured.ended
            );
            (measured, Outcome::Errored, vec![told(codes::OUT_OF_TIME, text)])
        }
        Err((code, not_started)) => {
            let text = format!("not started: {not_started}");
            (Measured::new(), Outcome::Errored, vec![told(code, text)])
        }
    };
    let sample = |(end, latency): (Result<Answer, ProbeError>, Duration)| Sample {
        request: line(load),
        via: prober.via().to_owned(),
        status: end.as_ref().ok().map(|answer| answer.status.as_u16()),
        took_ms: u64::try_from(latency.as_millis()).unwrap_or(u64::MAX),
        attempt: 1,
        body: end.as_ref().ok().and_then(|answer| evidence::kept_body(&answer.body, &[])),
        error: end.err().map(|error| error.to_string()),
    };
    let numbers = judge::numbers(&measured);
    let expectations = judge::expectations(load, Some(&measured));
    let first_error = measured.first_error.take();
    let last = measured.last.take().map(|(answer, latency)| (Ok(answer), latency));
    CheckEvidence {
        attempts: u32::from(measured.ended > 0),
        took_ms: u64::try_from((clock::now() - started).as_millis()).unwrap_or(u64::MAX),
        messages,
        samples: first_error.into_iter().chain(last).map(sample).collect(),
        numbers,
        expectations,
        series: judge::series(&measured),
        ..ended(check, outcome, Message::new(codes::SKIPPED, "", ""))
    }
}

/// What came of the schedule, or why it was not started.
async fn sent(
    check: &Check,
    load: &LoadCheck,
    prober: &Prober,
    limits: &Limits,
) -> Result<(Measured, End), (&'static str, String)> {
    // A request that changes something is not sent only to look.
    if load.request.method.is_safe() {
        // Whether there is any time left is seen below.
        let _ = timeout_at(limits.deadline, until_ready(check, &load.request, prober, limits)).await;
    }
    let (length, left) = (Schedule::of(load).length(), limits.deadline.saturating_duration_since(clock::now()));
    if length > left {
        let text = format!(
            "it takes {} s with its warm-up, and {} s are left for checks; shorten it or raise budget.total",
            length.as_secs(),
            left.as_secs()
        );
        return Err((codes::OUT_OF_TIME, text));
    }
    let kept = prober.keeping_connections(load.max_in_flight);
    let sent = send_apart(kept, &check.id, load, check.timeout, limits.deadline).await;
    sent.map_err(|error| (codes::REQUEST_FAILED, format!("there is no runtime for its thread ({error})")))
}

fn line(load: &LoadCheck) -> String {
    format!("{} {}", load.request.method, load.request.path)
}

/// `GET /api via test listener, 600 requests at 20/s, 12 sent late because 40 were in flight`.
fn context(load: &LoadCheck, prober: &Prober, measured: &Measured) -> String {
    let rate = (measured.achieved_rate() * 100.0).round() / 100.0;
    let mut context = format!("{} via {}, {} requests at {rate}/s", line(load), prober.via(), measured.ended);
    if measured.late + measured.unsent > 0 {
        let unsent = if measured.unsent > 0 { format!(" and {} never", measured.unsent) } else { String::new() };
        context += &format!(", {} sent late{unsent}, because {} were in flight", measured.late, load.max_in_flight);
    }
    if measured.behind >= BEHIND {
        let behind = measured.behind.as_millis();
        context +=
            &format!(", this side up to {behind} ms behind; give it more CPU (a function: more memory) or lower rate");
    }
    if let Some((Err(error), _)) = &measured.first_error {
        context += &format!(", first error: {error}");
    } else if let Some((Ok(answer), _)) = &measured.first_error {
        context += &format!(", first error: status {}", answer.status.as_u16());
    }
    context
}
