//! HTTP/1.1 over connections that serve again, for checks that send many requests. Whoever waits for an answer drives its
//! connection, without a task in between, and a connection is back before the end of its answer is told: the next request
//! finds it. (A pool that learns of the end by itself learns of it later, and opens one more connection for each request that
//! follows at once.) Nothing that was sent is sent again.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::header::{ACCEPT, HOST, USER_AGENT as USER_AGENT_HEADER};
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use reqwest::Url;
use rustls::ClientConfig;
use tokio::time::{Instant, timeout};

use super::client::{CONNECT_TIMEOUT, USER_AGENT};
use super::connection::{Duplex, Speaks, Target, connect, path_and_query, tls};
use super::error::{ProbeError, ended};
use super::http2::AnswerBody;
use crate::clock;
use crate::surroundings::Endpoint;

/// Shorter than any server's own, so that no request meets a connection that is being closed.
const LONGEST_IDLE: Duration = Duration::from_secs(2);

/// The connections to one endpoint. Dropping it closes those that are idle; the others close with their requests.
pub(crate) struct Kept {
    target: Target,
    tls: Option<Arc<ClientConfig>>,
    idle: Arc<Idle>,
}

/// Connections that carry nothing at the moment, the last one used at the end.
struct Idle {
    connections: Mutex<Vec<(Http1, Instant)>>,
    most: usize,
}

impl Kept {
    /// Keeps at most so many.
    pub(crate) fn new(endpoint: &Endpoint, most: usize) -> Result<Self, ProbeError> {
        let target = Target::of(endpoint)?;
        let tls = tls(endpoint, &target, Speaks::Http1)?;
        Ok(Self { target, tls, idle: Arc::new(Idle { connections: Mutex::default(), most }) })
    }

    /// The head of the answer, with a body that brings the connection back at its end.
    pub(crate) async fn send(
        &self,
        method: &Method,
        url: &Url,
        headers: HeaderMap,
        body: Option<&String>,
    ) -> Result<Response<AnswerBody>, ProbeError> {
        let authority = &*self.target.authority;
        let mut request = Request::builder()
            .method(method)
            .uri(path_and_query(url))
            .header(HOST, authority)
            .header(USER_AGENT_HEADER, USER_AGENT)
            .header(ACCEPT, "*/*")
            .body(Full::new(body.map(|body| Bytes::from(body.clone())).unwrap_or_default()))
            .map_err(|error| ProbeError::Address(authority.to_owned(), error.to_string()))?;
        request.headers_mut().extend(headers);
        let (connection, response) = loop {
            let (mut connection, is_new) = match self.idle.take() {
                Some(connection) => (connection, false),
                None => (self.open().await?, true),
            };
            match connection.send(request).await {
                Ok(response) => break (connection, response),
                // It was closed while it was idle, and nothing of the request was sent.
                Err(Unanswered { unsent: Some(unsent), .. }) if !is_new => request = *unsent,
                Err(Unanswered { error, .. }) => return Err(ended(&error)),
            }
        };
        let idle = Arc::clone(&self.idle);
        Ok(response.map(|incoming| Lent { incoming, connection: Some(connection), idle }.boxed_unsync()))
    }

    async fn open(&self) -> Result<Http1, ProbeError> {
        let opening = async {
            let stream = connect(&self.target, self.tls.clone()).await?;
            let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| ended(&error))?;
            Ok(Http1 { sender, connection: Some(Box::new(connection)) })
        };
        timeout(CONNECT_TIMEOUT, opening).await.map_err(|_| ProbeError::ConnectTimeout)?
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("target", &self.target).field("most", &self.idle.most).finish_non_exhaustive()
    }
}

impl Idle {
    fn take(&self) -> Option<Http1> {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        let (connection, since) = connections.pop()?;
        if clock::now() - since < LONGEST_IDLE {
            return Some(connection);
        }
        // All others are older.
        connections.clear();
        None
    }

    fn give(&self, connection: Http1) {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        if connections.len() < self.most {
            connections.push((connection, clock::now()));
        }
    }
}

/// What reads and writes.
type Driven = Connection<TokioIo<Box<dyn Duplex>>, Full<Bytes>>;

/// One connection; it moves only while it is driven.
struct Http1 {
    sender: SendRequest<Full<Bytes>>,
    /// None once it has ended. How it ended is told to whoever waits for an answer.
    connection: Option<Box<Driven>>,
}

/// Why there is no head of an answer, and the request, where nothing of it was sent.
struct Unanswered {
    error: hyper::Error,
    unsent: Option<Box<Request<Full<Bytes>>>>,
}

impl Http1 {
    fn drive(&mut self, context: &mut Context<'_>) {
        if let Some(connection) = &mut self.connection
            && Pin::new(connection).poll(context).is_ready()
        {
            self.connection = None;
        }
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Unanswered> {
        let ready = poll_fn(|context| {
            self.drive(context);
            self.sender.poll_ready(context)
        });
        if let Err(error) = ready.await {
            return Err(Unanswered { error, unsent: Some(Box::new(request)) });
        }
        let mut answering = std::pin::pin!(self.sender.try_send_request(request));
        let answered = poll_fn(|context| {
            self.drive(context);
            answering.as_mut().poll(context)
        });
        answered
            .await
            .map_err(|mut error| Unanswered { unsent: error.take_message().map(Box::new), error: error.into_error() })
    }
}

/// The body of an answer, and the connection that it comes from.
struct Lent {
    incoming: Incoming,
    connection: Option<Http1>,
    idle: Arc<Idle>,
}

impl Body for Lent {
    type Data = Bytes;
    type Error = ProbeError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ProbeError>>> {
        if let Some(connection) = &mut self.connection {
            connection.drive(context);
        }
        let frame = ready!(Pin::new(&mut self.incoming).poll_frame(context));
        if frame.is_none()
            && let Some(mut connection) = self.connection.take()
        {
            // It ends now if it does not serve again.
            connection.drive(context);
            if connection.connection.is_some() {
                self.idle.give(connection);
            }
        }
        Poll::Ready(frame.map(|frame| frame.map_err(|error| ended(&error))))
    }
}
