//! One `tls` check while it runs: a handshake, repeated only while the service is not ready.

use rustls::RootCertStore;
use tokio::time::{sleep_until, timeout_at};

use super::{NOT_READY_EVERY, ended};
use crate::clock;
use crate::evidence::{CheckEvidence, Outcome};
use crate::judge::tls as judge;
use crate::message::{Message, codes};
use crate::plan::{Check, TlsCheck};
use crate::probe::http::ProbeError;
use crate::probe::tls::{Presented, look};
use crate::surroundings::{Endpoint, Limits};

pub(super) async fn execute(
    check: &Check,
    tls: &TlsCheck,
    endpoint: &Endpoint,
    roots: &RootCertStore,
    limits: &Limits,
) -> CheckEvidence {
    let started = clock::now();
    let looked = timeout_at(limits.deadline, until_ready(check, endpoint, roots, limits)).await;
    let took_ms = u64::try_from((clock::now() - started).as_millis()).unwrap_or(u64::MAX);
    let context = format!("TLS handshake via {} in {took_ms} ms", endpoint.via);
    let end = match looked {
        Ok(Ok(seen)) => {
            let messages = judge::contradictions(check, tls, &seen, &context);
            let outcome = if messages.is_empty() { Outcome::Passed } else { Outcome::Failed };
            (outcome, messages, judge::numbers(&seen))
        }
        Ok(Err(error)) => {
            let text = format!("expected a certificate, got none: {error}");
            let message = Message::new(codes::REQUEST_FAILED, &check.id, text).with_context(context).at(&*check.place);
            (Outcome::Errored, vec![message], Default::default())
        }
        Err(_) => {
            let text = "not finished when the time for checks was over";
            let message = Message::new(codes::OUT_OF_TIME, &check.id, text).at(&*check.place);
            (Outcome::Errored, vec![message], Default::default())
        }
    };
    let (outcome, messages, numbers) = end;
    CheckEvidence {
        attempts: 1,
        took_ms,
        numbers,
        messages,
        ..ended(check, outcome, Message::new(codes::SKIPPED, "", ""))
    }
}

async fn until_ready(
    check: &Check,
    endpoint: &Endpoint,
    roots: &RootCertStore,
    limits: &Limits,
) -> Result<Presented, ProbeError> {
    loop {
        let looked = look(endpoint, roots.clone(), check.timeout).await;
        let not_ready = looked.as_ref().is_err_and(ProbeError::is_not_ready);
        if !not_ready || clock::now() >= limits.stabilise_until {
            return looked;
        }
        sleep_until((clock::now() + NOT_READY_EVERY).min(limits.stabilise_until)).await;
    }
}
