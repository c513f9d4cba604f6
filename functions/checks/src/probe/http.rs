//! One HTTP request: an answer with its numbers, or the reason why there is none. It follows no redirect, keeps no cookie,
//! uses no proxy and reads no body past the limit unless it is told to.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use reqwest::{Client, redirect};

use crate::clock;
use crate::plan::HttpRequest;
use crate::run::Endpoint;

/// A larger body is an error and never cut in silence.
pub(crate) const BODY_LIMIT: usize = 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// From the start of the request to the last byte.
    pub(crate) took: Duration,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProbeError {
    #[error("the client cannot be built for {url:?}")]
    Client { url: String, source: reqwest::Error },
    #[error("connection refused")]
    Refused,
    #[error("no connection{}", cause(.0))]
    Connect(#[source] reqwest::Error),
    #[error("no complete answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    #[error("more redirects than the check follows")]
    Redirects,
    #[error("the body is larger than {BODY_LIMIT} bytes")]
    TooLarge,
    #[error("the answer ended early or was not HTTP{}", cause(.0))]
    Broken(#[source] reqwest::Error),
}

impl ProbeError {
    /// Whether a service that is still starting answers like this.
    pub(crate) fn is_not_ready(&self) -> bool {
        matches!(self, Self::Refused)
    }
}

/// Sends requests to one endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Prober {
    endpoint: Endpoint,
    execution: String,
}

impl Prober {
    pub(crate) fn new(endpoint: Endpoint, execution: String) -> Self {
        Self { endpoint, execution }
    }

    pub(crate) fn via(&self) -> &str {
        &self.endpoint.via
    }

    /// One attempt, within `timeout`.
    pub(crate) async fn ask(
        &self,
        check: &str,
        request: &HttpRequest,
        timeout: Duration,
    ) -> Result<Answer, (ProbeError, Duration)> {
        let started = clock::now();
        let asked = tokio::time::timeout(timeout, self.exchange(check, request)).await;
        let took = clock::now() - started;
        match asked {
            Ok(Ok((status, headers, body))) => Ok(Answer { status, headers, body, took }),
            Ok(Err(error)) => Err((error, took)),
            Err(_) => Err((ProbeError::Timeout(timeout), took)),
        }
    }

    async fn exchange(
        &self,
        check: &str,
        request: &HttpRequest,
    ) -> Result<(StatusCode, HeaderMap, Vec<u8>), ProbeError> {
        let url = format!("{}{}", self.endpoint.base.trim_end_matches('/'), request.path);
        let client = client(request.follow).map_err(|source| ProbeError::Client { url: url.clone(), source })?;
        let mut builder = client.request(request.method.clone(), &url);
        if let Some(host) = &self.endpoint.host
            && let Ok(host) = HeaderValue::try_from(host)
        {
            builder = builder.header(http::header::HOST, host);
        }
        if !request.method.is_safe() {
            let key = format!("{}-{check}", self.execution);
            builder = builder.header(HeaderName::from_static("idempotency-key"), key);
        }
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        if let Some(body) = &request.body {
            builder = builder.body(body.clone());
        }
        let mut response = builder.send().await.map_err(failure)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failure)? {
            if body.len() + chunk.len() > BODY_LIMIT {
                return Err(ProbeError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok((response.status(), response.headers().clone(), body))
    }
}

/// A client for each request: no connection of an earlier one can hide that new ones are refused.
fn client(follow: usize) -> Result<Client, reqwest::Error> {
    // reqwest wants a TLS provider to be chosen; where the process has chosen already, this choice is refused.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let redirects = if follow == 0 { redirect::Policy::none() } else { redirect::Policy::limited(follow) };
    Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_max_idle_per_host(0)
        .no_proxy()
        .redirect(redirects)
        .user_agent(concat!("greenlight/", env!("CARGO_PKG_VERSION")))
        .build()
}

fn failure(error: reqwest::Error) -> ProbeError {
    if error.is_redirect() {
        ProbeError::Redirects
    } else if error.is_connect() && io_kind(&error) == Some(io::ErrorKind::ConnectionRefused) {
        ProbeError::Refused
    } else if error.is_timeout() {
        ProbeError::Timeout(CONNECT_TIMEOUT)
    } else if error.is_connect() {
        ProbeError::Connect(error)
    } else {
        ProbeError::Broken(error)
    }
}

fn io_kind(error: &reqwest::Error) -> Option<io::ErrorKind> {
    let mut next = error.source();
    while let Some(cause) = next {
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            return Some(io.kind());
        }
        next = cause.source();
    }
    None
}

/// The innermost cause, which is the one that says something.
fn cause(error: &reqwest::Error) -> String {
    let mut innermost = None;
    let mut next = error.source();
    while let Some(cause) = next {
        innermost = Some(cause.to_string());
        next = cause.source();
    }
    innermost.map(|text| format!(": {text}")).unwrap_or_default()
}
