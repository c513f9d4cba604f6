//! Lambda's Runtime API, version 2018-06-01, for one process: hands out work and takes answers.
//!
//! It measures nothing and kills nobody; what the process does is told to the sandbox as [`Said`]. `/next` is held open
//! for as long as it takes: the runtime client treats any answer that is not an event as an error.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{Response, StatusCode, header};
use axum::routing::{get, post};
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::chance;
use crate::machine::life::Life;

/// A response may have 6 MB and the envelope around it (aws-facts.md §9; the exact number is AWS's error text).
pub(super) const LARGEST_RESPONSE: usize = 6_291_556;

/// What the process did.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// It asked for work.
    Asked,
    /// It answered the work it has.
    Responded(Bytes),
    /// It posted an error for the work it has.
    Failed(Bytes),
    /// Its answer was larger than [`LARGEST_RESPONSE`].
    TooLarge,
    /// It posted an error before it asked for work.
    FailedToInit(Bytes),
}

/// An invocation to hand out.
#[derive(Clone, Debug)]
pub(super) struct Work {
    pub(super) invocation: String,
    pub(super) payload: Bytes,
    /// Milliseconds of the epoch.
    pub(super) deadline: i64,
    pub(super) function: String,
}

/// What lies on the desk between platform and process.
#[derive(Debug)]
enum Desk {
    Empty,
    Offered(Work),
    Taken(String),
    Answered(String),
}

#[derive(Debug)]
struct Shared {
    desk: Mutex<Desk>,
    offered: Notify,
    said: UnboundedSender<Said>,
}

/// The server of one process.
#[derive(Debug)]
pub(super) struct RuntimeApi {
    address: SocketAddr,
    shared: Arc<Shared>,
    heard: UnboundedReceiver<Said>,
    life: Life,
}

impl RuntimeApi {
    /// Serve on a free port until dropped.
    pub(super) async fn start(life: &Life) -> std::io::Result<RuntimeApi> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (said, heard) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared { desk: Mutex::new(Desk::Empty), offered: Notify::new(), said });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .layer(DefaultBodyLimit::max(LARGEST_RESPONSE))
            .with_state(Arc::clone(&shared));
        let life = life.part();
        life.spawn_until_end(async move {
            // `serve` returns no error: it goes on after a connection that cannot be accepted.
            axum::serve(listener, router).await.ok();
        });
        Ok(RuntimeApi { address, shared, heard, life })
    }

    /// `AWS_LAMBDA_RUNTIME_API`.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Put work on the desk; whoever asks, or has asked, gets it.
    pub(super) fn offer(&self, work: Work) {
        *self.shared.desk() = Desk::Offered(work);
        self.shared.offered.notify_one();
    }

    /// What the process does next; may be cancelled.
    pub(super) async fn heard(&mut self) -> Said {
        self.heard.recv().await.expect("the sender lives in `shared`, which lives as long as self")
    }

    /// What the process has done already.
    pub(super) fn heard_already(&mut self) -> Option<Said> {
        self.heard.try_recv().ok()
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.life.end();
    }
}

impl Shared {
    fn desk(&self) -> std::sync::MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<Work> {
        let mut desk = self.desk();
        match std::mem::replace(&mut *desk, Desk::Empty) {
            Desk::Offered(work) => {
                *desk = Desk::Taken(work.invocation.clone());
                Some(work)
            }
            other @ (Desk::Empty | Desk::Taken(_) | Desk::Answered(_)) => {
                *desk = other;
                None
            }
        }
    }

    /// The work's only answer; a second one is refused with 403, one for other work with 400.
    fn answer(&self, id: &str, said: Said, accepted: StatusCode) -> Response<Body> {
        let mut desk = self.desk();
        match &*desk {
            Desk::Taken(taken) if taken == id => {
                *desk = Desk::Answered(id.to_owned());
                self.said.send(said).ok();
                status(accepted)
            }
            Desk::Answered(answered) if answered == id => {
                refusal(StatusCode::FORBIDDEN, "InvalidStateTransition", "this invocation has been answered")
            }
            Desk::Empty | Desk::Offered(_) | Desk::Taken(_) | Desk::Answered(_) => {
                refusal(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID")
            }
        }
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Response<Body> {
    shared.said.send(Said::Asked).ok();
    loop {
        if let Some(work) = shared.take() {
            return handed_out(work);
        }
        shared.offered.notified().await;
    }
}

async fn response(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Response<Body> {
    match body {
        Ok(body) => shared.answer(&id, Said::Responded(body), StatusCode::ACCEPTED),
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            shared.answer(&id, Said::TooLarge, StatusCode::PAYLOAD_TOO_LARGE)
        }
        Err(rejection) => refusal(StatusCode::BAD_REQUEST, "InvalidRequest", &rejection.body_text()),
    }
}

async fn error(State(shared): State<Arc<Shared>>, Path(id): Path<String>, body: Bytes) -> Response<Body> {
    shared.answer(&id, Said::Failed(body), StatusCode::ACCEPTED)
}

async fn init_error(State(shared): State<Arc<Shared>>, body: Bytes) -> Response<Body> {
    match *shared.desk() {
        Desk::Empty => {
            shared.said.send(Said::FailedToInit(body)).ok();
            status(StatusCode::ACCEPTED)
        }
        Desk::Offered(_) | Desk::Taken(_) | Desk::Answered(_) => {
            refusal(StatusCode::FORBIDDEN, "InvalidStateTransition", "initialisation is over")
        }
    }
}

fn handed_out(work: Work) -> Response<Body> {
    let trace = chance::hex32();
    let trace = format!("Root=1-{}-{};Parent={:016x};Sampled=0", &trace[..8], &trace[8..], chance::bits());
    Response::builder()
        .header(header::CONTENT_TYPE, "application/json")
        .header("Lambda-Runtime-Aws-Request-Id", work.invocation)
        .header("Lambda-Runtime-Deadline-Ms", work.deadline)
        .header("Lambda-Runtime-Invoked-Function-Arn", work.function)
        .header("Lambda-Runtime-Trace-Id", trace)
        .body(Body::from(work.payload))
        .unwrap_or_else(|error| {
            // An id or an ARN that cannot stand in a header is the caller's; 500 tells the process to exit.
            refusal(StatusCode::INTERNAL_SERVER_ERROR, "InvalidInvocation", &error.to_string())
        })
}

fn status(code: StatusCode) -> Response<Body> {
    answer(code, r#"{"status":"OK"}"#.to_owned())
}

fn refusal(code: StatusCode, kind: &str, message: &str) -> Response<Body> {
    answer(code, serde_json::json!({ "errorMessage": message, "errorType": kind }).to_string())
}

fn answer(code: StatusCode, body: String) -> Response<Body> {
    let mut answer = Response::new(Body::from(body));
    *answer.status_mut() = code;
    answer.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    answer
}
