//! One `grpc_health` check while it runs: what one question was answered.

use std::collections::BTreeMap;

use super::attempts::{self, Attempt, Attempts, End, Turn};
use crate::evidence::{CheckEvidence, Sample};
use crate::identity::Witness;
use crate::judge::grpc_health as judge;
use crate::message::{Message, codes};
use crate::plan::{Check, GrpcHealthCheck};
use crate::probe::grpc_health::{Asked, ask};
use crate::surroundings::{Endpoint, Surroundings};

pub(super) async fn execute(
    check: &Check,
    health: &GrpcHealthCheck,
    endpoint: &Endpoint,
    surroundings: &Surroundings,
) -> CheckEvidence {
    let witness = surroundings.witness.as_deref();
    attempts::run(check, &surroundings.limits, &Questions { check, health, endpoint, witness }).await
}

struct Questions<'a> {
    check: &'a Check,
    health: &'a GrpcHealthCheck,
    endpoint: &'a Endpoint,
    witness: Option<&'a Witness>,
}

impl Attempts for Questions<'_> {
    async fn attempt(&self, turn: Turn) -> Attempt {
        let Asked { answered, head, took } = ask(self.endpoint, &self.health.service, self.check.timeout).await;
        let request = format!("grpc.health.v1.Health/Check {}", self.health.service).trim_end().to_owned();
        if let (Some(witness), Some((status, headers))) = (self.witness, head) {
            witness.saw(&self.check.id, &request, status, &headers, &[]);
        }
        let (via, took) = (&self.endpoint.via, took.as_millis());
        let mut sample = Sample {
            request: request.clone(),
            via: via.clone(),
            status: None,
            took_ms: u64::try_from(took).unwrap_or(u64::MAX),
            attempt: turn.number,
            body: None,
            error: None,
        };
        let expectations = judge::expectations(self.health, answered.as_ref().ok());
        let (end, not_ready) = match answered {
            Ok(answered) => {
                let told = judge::told(&answered);
                let context = format!("{request} via {via}, answered in {took} ms, {turn}");
                let contradictions = judge::contradictions(self.check, self.health, &answered, &context);
                sample.body = Some(told.clone());
                (End::of(contradictions), judge::is_not_ready(&answered).then_some(told))
            }
            Err(error) => {
                let text = format!("expected an answer, got none: {error}");
                let context = format!("{request} via {via}, no answer in {took} ms, {turn}");
                let message = Message::new(codes::REQUEST_FAILED, &self.check.id, text);
                sample.error = Some(error.to_string());
                let end = End::Failed(message.with_context(context).at(&*self.check.place));
                (end, error.is_not_ready().then(|| error.to_string()))
            }
        };
        let numbers = BTreeMap::from([("answered_ms".to_owned(), f64::from(u32::try_from(took).unwrap_or(u32::MAX)))]);
        Attempt { end, not_ready, sample: Some(sample), numbers, expectations }
    }
}
