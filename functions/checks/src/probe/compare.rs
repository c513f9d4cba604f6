//! The same requests to two versions, in turn. It compares nothing.
//!
//! First two answers of blue to each request, for what differs without any reason; then pairs of blue and green, of which the
//! first are a warm-up. The requests of a pair follow one another, so that neither slows the other down, and which version
//! comes first alternates. All requests take turns, so that a slow minute meets all of them.

use std::time::Duration;

use super::error::ProbeError;
use super::http::{Answer, Prober};
use crate::plan::{CompareCheck, HttpRequest};

/// Two answers of blue to each request, so often.
const CONTROLS: u32 = 20;

/// What a pair is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Blue and blue.
    Control,
    /// Blue and green, discarded.
    WarmUp,
    /// Blue and green.
    Judged,
}

/// One pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) turn: Turn,
    pub(crate) number: u32,
    /// The place of the request in the plan's list.
    pub(crate) request: usize,
}

/// Every pair, in the order in which they are sent. Pure.
pub(crate) fn schedule(compare: &CompareCheck) -> impl Iterator<Item = Step> {
    let requests = compare.requests.len();
    [(Turn::Control, CONTROLS), (Turn::WarmUp, compare.warm_up()), (Turn::Judged, compare.pairs)].into_iter().flat_map(
        move |(turn, times)| {
            (0..times).flat_map(move |number| (0..requests).map(move |request| Step { turn, number, request }))
        },
    )
}

/// How one request of a pair ended, with its time where there was no answer.
pub(crate) type End = Result<Answer, (ProbeError, Duration)>;

/// The versions and what they are asked.
pub(crate) struct Sides<'a> {
    pub(crate) check: &'a str,
    pub(crate) timeout: Duration,
    /// With a connection for each request: behind a load balancer that chooses a target for each connection, the targets of
    /// blue differ from one another as well.
    pub(crate) control: &'a Prober,
    pub(crate) blue: &'a Prober,
    pub(crate) green: &'a Prober,
}

impl Sides<'_> {
    /// Sends one pair: blue's answer and green's, or both of blue.
    pub(crate) async fn ask(&self, step: Step, request: &HttpRequest) -> (End, End) {
        let (first, second) = match step.turn {
            Turn::Control => (self.control, self.control),
            Turn::WarmUp | Turn::Judged => (self.blue, self.green),
        };
        if step.number.is_multiple_of(2) {
            let first = self.one(step, "first", request, first).await;
            (first, self.one(step, "second", request, second).await)
        } else {
            let second = self.one(step, "second", request, second).await;
            (self.one(step, "first", request, first).await, second)
        }
    }

    async fn one(&self, step: Step, place: &str, request: &HttpRequest, prober: &Prober) -> End {
        let turn = match step.turn {
            Turn::Control => "control",
            Turn::WarmUp => "warm-up",
            Turn::Judged => "pair",
        };
        let key = format!("{}-{}-{turn}-{}-{place}", self.check, step.request, step.number);
        prober.ask_once(self.check, &key, request, self.timeout).await
    }
}
