//! One question in the standard health protocol: grpc.health.v1.Health/Check over HTTP/2, in plaintext or TLS by the
//! endpoint's scheme. It tells what was answered and judges nothing.

use std::error::Error;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::BodyExt;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use super::client::USER_AGENT;
use super::connection::Target;
use super::error::{ProbeError, ended};
use super::http2::{AnswerBody, Http2};
use crate::clock;
use crate::surroundings::Endpoint;

/// The answer is one number.
const LARGEST_ANSWER: usize = 64 * 1024;

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    /// The protocol's `ServingStatus`, by its number.
    State(i32),
    /// Another status than OK, and the server's message.
    Refused(Code, String),
    /// An HTTP answer of something that is no gRPC server: a load balancer without a target, a web server.
    Http(StatusCode),
    /// An HTTP answer that is OK and has this content type.
    NotGrpc(String),
}

/// One attempt.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) answered: Result<Answered, ProbeError>,
    /// Status and headers of the answer, where one began.
    pub(crate) head: Option<(StatusCode, HeaderMap)>,
    pub(crate) took: Duration,
}

/// One attempt, within `timeout`.
pub(crate) async fn ask(endpoint: &Endpoint, service: &str, timeout: Duration) -> Asked {
    let (started, head) = (clock::now(), Head::default());
    let answered = tokio::time::timeout(timeout, exchange(endpoint, service, &head)).await;
    let answered = answered.unwrap_or(Err(ProbeError::Timeout(timeout)));
    let head = head.lock().unwrap_or_else(PoisonError::into_inner).take();
    Asked { answered, head, took: clock::now() - started }
}

/// Where the head of the answer is put, which the client keeps to itself where it is not OK.
type Head = Arc<Mutex<Option<(StatusCode, HeaderMap)>>>;

async fn exchange(endpoint: &Endpoint, service: &str, head: &Head) -> Result<Answered, ProbeError> {
    let target = Target::of(endpoint)?;
    let origin = Uri::builder()
        .scheme(target.scheme())
        .authority(&*target.authority)
        .path_and_query(PathAndQuery::from_static("/"))
        .build()
        .map_err(|error| ProbeError::Address(target.authority.clone(), error.to_string()))?;
    let channel = Channel { connection: Http2::connect(endpoint, &target).await?, head: Arc::clone(head) };
    let mut client = HealthClient::with_origin(channel, origin).max_decoding_message_size(LARGEST_ANSWER);
    match client.check(HealthCheckRequest { service: service.to_owned() }).await {
        Ok(answer) => Ok(Answered::State(answer.into_inner().status)),
        Err(status) => refused(&status),
    }
}

/// A failure of our own comes back inside a status.
fn refused(status: &Status) -> Result<Answered, ProbeError> {
    match status.source().and_then(|source| source.downcast_ref::<NoAnswer>()) {
        Some(NoAnswer::Probe(error)) => Err(error.clone()),
        Some(NoAnswer::Http(status)) => Ok(Answered::Http(*status)),
        Some(NoAnswer::NotGrpc(content_type)) => Ok(Answered::NotGrpc(content_type.clone())),
        None => Ok(Answered::Refused(status.code(), status.message().to_owned())),
    }
}

/// Why there is nothing that gRPC could read.
#[derive(Clone, Debug, thiserror::Error)]
enum NoAnswer {
    #[error(transparent)]
    Probe(#[from] ProbeError),
    #[error("HTTP status {0}")]
    Http(StatusCode),
    #[error("content type {0}")]
    NotGrpc(String),
}

/// One connection, for one question.
struct Channel {
    connection: Http2<Body>,
    head: Head,
}

type Answering = Pin<Box<dyn Future<Output = Result<Response<AnswerBody>, NoAnswer>> + Send>>;

impl Service<Request<Body>> for Channel {
    type Response = Response<AnswerBody>;
    type Error = NoAnswer;
    type Future = Answering;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NoAnswer>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Answering {
        request.headers_mut().insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        let (answer, head) = (self.connection.send(request), Arc::clone(&self.head));
        Box::pin(async move {
            let answer = answer.await?;
            let seen = (answer.status(), answer.headers().clone());
            *head.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
            // gRPC's own reading would take a page of HTML for a broken message.
            if answer.status() != StatusCode::OK {
                return Err(NoAnswer::Http(answer.status()));
            }
            let content_type = answer.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
            if !content_type.is_some_and(|content_type| content_type.starts_with("application/grpc")) {
                return Err(NoAnswer::NotGrpc(content_type.unwrap_or("none").to_owned()));
            }
            Ok(answer.map(|body| body.map_err(|error| ended(&error)).boxed_unsync()))
        })
    }
}
