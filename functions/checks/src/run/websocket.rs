//! One `websocket` check while it runs: what one conversation came to.

use std::collections::BTreeMap;

use tokio::time::{Instant, timeout_at};

use super::attempts::{self, Attempt, Attempts, End, Turn};
use super::is_not_ready;
use crate::clock;
use crate::evidence::{self, CheckEvidence, Sample};
use crate::identity::Witness;
use crate::judge::websocket::{self as judge, Conclusion, Conversed, Outline};
use crate::message::{Message, codes};
use crate::plan::{Check, WebsocketCheck};
use crate::probe::error::ProbeError;
use crate::probe::websocket::{Conversation, Said, Upgrade, connect};
use crate::surroundings::{Endpoint, Surroundings};

pub(super) async fn execute(
    check: &Check,
    websocket: &WebsocketCheck,
    endpoint: &Endpoint,
    surroundings: &Surroundings,
) -> CheckEvidence {
    let witness = surroundings.witness.as_deref();
    attempts::run(check, &surroundings.limits, &Conversations { check, websocket, endpoint, witness }).await
}

struct Conversations<'a> {
    check: &'a Check,
    websocket: &'a WebsocketCheck,
    endpoint: &'a Endpoint,
    witness: Option<&'a Witness>,
}

impl Attempts for Conversations<'_> {
    async fn attempt(&self, turn: Turn) -> Attempt {
        let started = clock::now();
        let line = format!("WebSocket {}", self.websocket.path);
        let mut sample = Sample {
            request: line.clone(),
            via: self.endpoint.via.clone(),
            status: None,
            took_ms: 0,
            attempt: turn.number,
            body: None,
            error: None,
        };
        let mut numbers = BTreeMap::new();
        let went = self.converse(started, &mut sample, &mut numbers).await;
        let took = (clock::now() - started).as_millis();
        sample.took_ms = u64::try_from(took).unwrap_or(u64::MAX);
        let context = format!("{line} via {} in {took} ms, {turn}", self.endpoint.via);
        let told = |code, text: String| {
            Message::new(code, &self.check.id, text).with_context(&*context).at(&*self.check.place)
        };
        let connected = matches!(went, Ok(Went::Conversed(_)));
        let outline = went.is_ok().then(|| Outline {
            status: sample.status,
            connected,
            disagreed: matches!(went, Ok(Went::OtherSubprotocol)),
            message: sample.body.as_deref().filter(|_| connected),
            took_ms: numbers.get("message_ms").copied(),
        });
        let expectations = judge::expectations(self.websocket, outline);
        let (end, not_ready) = match went {
            Ok(Went::Conversed(seen)) => {
                (End::of(judge::contradictions(self.check, self.websocket, &seen, &context)), None)
            }
            Ok(Went::Refused(status)) => {
                let text = format!("expected an upgrade to WebSocket, got status {status}");
                let not_ready =
                    sample.status.is_some_and(|status| ::http::StatusCode::from_u16(status).is_ok_and(is_not_ready));
                let end = End::Contradicted(vec![told(codes::ASSERTION_FAILED, text)]);
                (end, not_ready.then(|| status.to_string()))
            }
            Ok(Went::OtherSubprotocol) => {
                let wanted = self.websocket.subprotocol.as_deref().unwrap_or("none");
                let text = format!("subprotocol expected {wanted:?}, but the server does not agree to it");
                (End::Contradicted(vec![told(codes::ASSERTION_FAILED, text)]), None)
            }
            Err(error) => {
                sample.error = Some(error.to_string());
                let text = format!("expected a conversation, got none: {error}");
                let not_ready = error.is_not_ready().then(|| error.to_string());
                (End::Failed(told(codes::REQUEST_FAILED, text)), not_ready)
            }
        };
        Attempt { end, not_ready, sample: Some(sample), numbers, expectations }
    }
}

/// What became of one attempt that the server answered.
enum Went {
    Conversed(Conversed),
    Refused(u16),
    OtherSubprotocol,
}

impl Conversations<'_> {
    async fn converse(
        &self,
        started: Instant,
        sample: &mut Sample,
        numbers: &mut BTreeMap<String, f64>,
    ) -> Result<Went, ProbeError> {
        let ends = started + self.check.timeout;
        let late = |_| ProbeError::Timeout(self.check.timeout);
        let connected = timeout_at(ends, connect(self.endpoint, self.websocket)).await.map_err(late)??;
        let (mut conversation, status, headers) = match connected {
            Upgrade::Conversation(conversation, status, headers) => (conversation, status, headers),
            Upgrade::Refused(status, headers, body) => {
                self.saw(status, &headers);
                sample.status = Some(status.as_u16());
                sample.body = evidence::kept_body(&body, &[]);
                return Ok(Went::Refused(status.as_u16()));
            }
            Upgrade::OtherSubprotocol => return Ok(Went::OtherSubprotocol),
        };
        self.saw(status, &headers);
        sample.status = Some(status.as_u16());
        numbers.insert("connected_ms".to_owned(), milliseconds(clock::now() - started));
        let connected = clock::now();
        if let Some(text) = &self.websocket.send {
            timeout_at(ends, conversation.send(text)).await.map_err(late)??;
        }
        let seen = self.listen(&mut conversation, ends, sample, numbers).await?;
        if seen.end == Conclusion::Came {
            numbers.insert("message_ms".to_owned(), milliseconds(clock::now() - connected));
            // The message is in hand; how the goodbye goes changes nothing about it.
            let _ = timeout_at(ends, conversation.close()).await;
        }
        Ok(Went::Conversed(seen))
    }

    /// Until the message came, the time for it is over, or the server ended it.
    async fn listen(
        &self,
        conversation: &mut Conversation,
        ends: Instant,
        sample: &mut Sample,
        numbers: &mut BTreeMap<String, f64>,
    ) -> Result<Conversed, ProbeError> {
        let now = clock::now();
        let (until, within) = match self.websocket.within {
            Some(within) if now + within <= ends => (now + within, within),
            _ => (ends, self.check.timeout),
        };
        let mut seen = Conversed { others: 0, last: None, end: Conclusion::Late(within) };
        while let Ok(said) = timeout_at(until, conversation.next()).await {
            let said = said?;
            if let Said::Closed(reason) = said {
                seen.end = Conclusion::Closed(reason);
                break;
            }
            if let Said::Text(text) = &said {
                sample.body = evidence::kept_body(text.as_bytes(), &[]);
            }
            numbers.insert("messages".to_owned(), f64::from(seen.others + 1));
            if judge::is_expected(self.websocket, &said) {
                seen.end = Conclusion::Came;
                break;
            }
            seen.others += 1;
            seen.last = Some(said);
        }
        Ok(seen)
    }

    fn saw(&self, status: ::http::StatusCode, headers: &::http::HeaderMap) {
        if let Some(witness) = self.witness {
            let request = format!("WebSocket {}", self.websocket.path);
            witness.saw(&self.check.id, &request, status, headers, &self.websocket.secrets());
        }
    }
}

fn milliseconds(duration: std::time::Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
