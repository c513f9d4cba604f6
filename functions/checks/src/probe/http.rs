//! One HTTP request: an answer with its numbers, or the reason why there is none. It keeps no cookie, uses no proxy, reads
//! no body past the limit, and follows a redirect only where the check says so and only on the endpoint under test:
//! wherever else a redirect leads, an answer from there proves nothing about this version.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use reqwest::{Client, Response, Url};

use super::client::{CONNECT_TIMEOUT, client};
use crate::clock;
use crate::plan::HttpRequest;
use crate::surroundings::Endpoint;

/// A larger body is an error and never cut in silence.
pub(crate) const BODY_LIMIT: usize = 1024 * 1024;

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// From the start of the request, connecting included, to the last byte.
    pub(crate) took: Duration,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProbeError {
    #[error("the address {0:?} cannot be used: {1}")]
    Address(String, String),
    #[error("connection refused")]
    Refused,
    #[error("no connection within {} ms", CONNECT_TIMEOUT.as_millis())]
    ConnectTimeout,
    #[error("no connection{0}")]
    Connect(String),
    #[error("no trusted TLS connection: {0}")]
    Tls(String),
    #[error("no complete answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    #[error("more than {0} redirects")]
    Redirects(usize),
    #[error("a redirect to {0}, which is not the endpoint under test")]
    RedirectAway(String),
    #[error("the body is larger than {BODY_LIMIT} bytes")]
    TooLarge,
    #[error("the connection was reset")]
    Reset,
    #[error("the answer ended early or was not HTTP{0}")]
    Broken(String),
}

impl ProbeError {
    /// Whether a service that is still starting answers like this.
    pub(crate) fn is_not_ready(&self) -> bool {
        matches!(self, Self::Refused)
    }
}

/// Sends requests to one endpoint.
#[derive(Debug)]
pub(crate) struct Prober {
    endpoint: Endpoint,
    execution: String,
    /// The address as a URL, and what speaks to it; or why there is none.
    way: Result<(Url, Client), ProbeError>,
}

impl Prober {
    pub(crate) fn new(endpoint: Endpoint, execution: String) -> Self {
        let way = client(&endpoint, 0).map_err(|reason| ProbeError::Address(endpoint.base.clone(), reason));
        Self { endpoint, execution, way }
    }

    /// The same, with up to this many connections that serve again. Without them, load would measure handshakes.
    pub(crate) fn keeping_connections(&self, kept: usize) -> Self {
        let (endpoint, execution) = (self.endpoint.clone(), self.execution.clone());
        let way = client(&endpoint, kept).map_err(|reason| ProbeError::Address(endpoint.base.clone(), reason));
        Self { endpoint, execution, way }
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
        let (base, client) = self.way.as_ref().map_err(Clone::clone)?;
        let mut method = request.method.clone();
        let mut body = request.body.clone();
        let mut url =
            base.join(&request.path).map_err(|error| ProbeError::Address(request.path.clone(), error.to_string()))?;
        let mut followed = 0;
        let response = loop {
            let response = self.send(client, &method, &url, check, request, body.as_ref()).await?;
            let Some(location) = redirect(&response).filter(|_| request.follow > 0) else { break response };
            if followed == request.follow {
                return Err(ProbeError::Redirects(request.follow));
            }
            followed += 1;
            url = self.redirected(&url, base, location)?;
            // RFC 9110, 15.4: 307 and 308 repeat the request, the others ask for the result.
            let repeats = [StatusCode::TEMPORARY_REDIRECT, StatusCode::PERMANENT_REDIRECT].contains(&response.status());
            if !repeats && method != Method::HEAD {
                method = Method::GET;
                body = None;
            }
        };
        read(response).await
    }

    async fn send(
        &self,
        client: &Client,
        method: &Method,
        url: &Url,
        check: &str,
        request: &HttpRequest,
        body: Option<&String>,
    ) -> Result<Response, ProbeError> {
        let mut builder = client.request(method.clone(), url.clone());
        if let Some(host) = &self.endpoint.host {
            let host =
                HeaderValue::try_from(host).map_err(|error| ProbeError::Address(host.clone(), error.to_string()))?;
            builder = builder.header(header::HOST, host);
        }
        if !method.is_safe() {
            let key = format!("{}-{check}", self.execution);
            builder = builder.header(HeaderName::from_static("idempotency-key"), key);
        }
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        if let Some(body) = body {
            builder = builder.body(body.clone());
        }
        builder.send().await.map_err(|error| failure(&error))
    }

    /// Where a redirect leads, at the endpoint's address; an error where it leads away from it.
    fn redirected(&self, from: &Url, base: &Url, location: &str) -> Result<Url, ProbeError> {
        let target = from.join(location).map_err(|_| ProbeError::RedirectAway(location.to_owned()))?;
        let same_address =
            target.host_str() == base.host_str() && target.port_or_known_default() == base.port_or_known_default();
        let same_host = self.endpoint.host.as_deref().is_some_and(|host| {
            let named = Url::parse(&format!("{}://{host}/", base.scheme())).ok();
            named.is_some_and(|named| {
                let ports = [named.port_or_known_default(), base.port_or_known_default()];
                target.host_str() == named.host_str() && ports.contains(&target.port_or_known_default())
            })
        });
        if target.scheme() != base.scheme() || !(same_address || same_host) {
            let place = format!("{}://{}", target.scheme(), target.host_str().unwrap_or_default());
            return Err(ProbeError::RedirectAway(place));
        }
        let mut url = base.clone();
        url.set_path(target.path());
        url.set_query(target.query());
        Ok(url)
    }
}

fn redirect(response: &Response) -> Option<&str> {
    let redirects = [
        StatusCode::MOVED_PERMANENTLY,
        StatusCode::FOUND,
        StatusCode::SEE_OTHER,
        StatusCode::TEMPORARY_REDIRECT,
        StatusCode::PERMANENT_REDIRECT,
    ];
    let location = response.headers().get(header::LOCATION)?.to_str().ok()?;
    redirects.contains(&response.status()).then_some(location)
}

async fn read(mut response: Response) -> Result<(StatusCode, HeaderMap, Vec<u8>), ProbeError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failure(&error))? {
        if body.len() + chunk.len() > BODY_LIMIT {
            return Err(ProbeError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok((response.status(), response.headers().clone(), body))
}

fn failure(error: &reqwest::Error) -> ProbeError {
    let kind = io_kind(error);
    if let Some(tls) = tls(error) {
        ProbeError::Tls(tls)
    } else if error.is_connect() && error.is_timeout() {
        ProbeError::ConnectTimeout
    } else if error.is_connect() && kind == Some(io::ErrorKind::ConnectionRefused) {
        ProbeError::Refused
    } else if error.is_connect() {
        ProbeError::Connect(cause(error))
    } else if matches!(
        kind,
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe)
    ) {
        ProbeError::Reset
    } else {
        ProbeError::Broken(cause(error))
    }
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(error.source(), |&cause| cause.source())
}

fn io_kind(error: &reqwest::Error) -> Option<io::ErrorKind> {
    causes(error).find_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind)
}

/// What TLS objects to; it hides inside I/O errors, which do not name what they hold as their source.
fn tls(error: &reqwest::Error) -> Option<String> {
    causes(error).find_map(|cause| {
        let mut next = Some(cause);
        while let Some(each) = next {
            if let Some(tls) = each.downcast_ref::<rustls::Error>() {
                return Some(tls.to_string());
            }
            let held = each.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            next = held.map(|held| held as &(dyn std::error::Error + 'static));
        }
        None
    })
}

/// The innermost cause, which is the one that says something.
fn cause(error: &reqwest::Error) -> String {
    causes(error).last().map(|cause| format!(": {cause}")).unwrap_or_default()
}
