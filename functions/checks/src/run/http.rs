//! One `http` check while it runs: what one attempt asks, and what of its answer is kept.

use std::collections::BTreeMap;

use super::attempts::{self, Attempt, Attempts, End, Turn};
use super::is_not_ready;
use crate::evidence::{self, CheckEvidence, Sample};
use crate::judge::http as judge;
use crate::message::{Message, codes};
use crate::plan::{Check, HttpCheck};
use crate::probe::http::Prober;
use crate::surroundings::Limits;

pub(super) async fn execute(check: &Check, http: &HttpCheck, prober: &Prober, limits: &Limits) -> CheckEvidence {
    attempts::run(check, limits, &Requests { check, http, prober }).await
}

struct Requests<'a> {
    check: &'a Check,
    http: &'a HttpCheck,
    prober: &'a Prober,
}

impl Attempts for Requests<'_> {
    async fn attempt(&self, turn: Turn) -> Attempt {
        let request = &self.http.request;
        let line = format!("{} {}", request.method, request.path);
        let via = self.prober.via();
        let mut sample = Sample {
            request: line.clone(),
            via: via.to_owned(),
            status: None,
            took_ms: 0,
            attempt: turn.number,
            body: None,
            error: None,
        };
        let milliseconds = |took: std::time::Duration| u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let asked = self.prober.ask(&self.check.id, request, self.check.timeout).await;
        let expectations = judge::expectations(self.http, asked.as_ref().ok());
        let (end, not_ready) = match asked {
            Ok(answer) => {
                let status = answer.status.as_u16();
                sample.status = Some(status);
                sample.took_ms = milliseconds(answer.took);
                sample.body = evidence::kept_body(&answer.body, &[]);
                let context = format!("{line} via {via}, {status} in {} ms, {turn}", answer.took.as_millis());
                let not_ready = is_not_ready(answer.status) && !judge::status_is_expected(self.http, &answer);
                let contradictions = judge::contradictions(self.check, self.http, &answer, &context);
                (End::of(contradictions), not_ready.then(|| status.to_string()))
            }
            Err((error, took)) => {
                sample.took_ms = milliseconds(took);
                sample.error = Some(error.to_string());
                let text = format!("expected an answer, got none: {error}");
                let context = format!("{line} via {via}, no answer in {} ms, {turn}", took.as_millis());
                let message = Message::new(codes::REQUEST_FAILED, &self.check.id, text);
                let end = End::Failed(message.with_context(context).at(&*self.check.place));
                (end, error.is_not_ready().then(|| error.to_string()))
            }
        };
        Attempt { end, not_ready, sample: Some(sample), numbers: BTreeMap::new(), expectations }
    }
}
