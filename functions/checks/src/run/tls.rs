//! One `tls` check while it runs: what one handshake showed.

use std::collections::BTreeMap;

use super::attempts::{self, Attempt, Attempts, End, Turn};
use crate::clock;
use crate::evidence::CheckEvidence;
use crate::judge::tls as judge;
use crate::message::{Message, codes};
use crate::plan::{Check, TlsCheck};
use crate::probe::tls::look;
use crate::surroundings::{Endpoint, Limits};

pub(super) async fn execute(check: &Check, tls: &TlsCheck, endpoint: &Endpoint, limits: &Limits) -> CheckEvidence {
    attempts::run(check, limits, &Handshakes { check, tls, endpoint }).await
}

struct Handshakes<'a> {
    check: &'a Check,
    tls: &'a TlsCheck,
    endpoint: &'a Endpoint,
}

impl Attempts for Handshakes<'_> {
    async fn attempt(&self, turn: Turn) -> Attempt {
        let started = clock::now();
        let looked = look(self.endpoint, self.check.timeout).await;
        let took = (clock::now() - started).as_millis();
        let context = format!("TLS handshake via {} in {took} ms, {turn}", self.endpoint.via);
        let expectations = judge::expectations(self.tls, looked.as_ref().ok());
        match looked {
            Ok(seen) => {
                let contradictions = judge::contradictions(self.check, self.tls, &seen, &context);
                let numbers = judge::numbers(&seen);
                Attempt { end: End::of(contradictions), not_ready: None, sample: None, numbers, expectations }
            }
            Err(error) => {
                let text = format!("expected a certificate, got none: {error}");
                let message = Message::new(codes::REQUEST_FAILED, &self.check.id, text);
                Attempt {
                    end: End::Failed(message.with_context(context).at(&*self.check.place)),
                    not_ready: error.is_not_ready().then(|| error.to_string()),
                    sample: None,
                    numbers: BTreeMap::new(),
                    expectations,
                }
            }
        }
    }
}
