//! One HTTP request: an answer with its numbers, or the reason why there is none. It keeps no cookie, uses no proxy, reads
//! no body past the limit, and follows a redirect only where the check says so and only on the endpoint under test:
//! wherever else a redirect leads, an answer from there proves nothing about this version.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use http::{Response, Uri, Version};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use reqwest::{Client, Url};

use super::client::{USER_AGENT, client};
use super::connection::{Target, path_and_query};
use super::error::{BODY_LIMIT, ProbeError, ended, failure};
use super::http1::Kept;
use super::http2::{AnswerBody, Http2};
use crate::clock;
use crate::identity::Witness;
use crate::plan::HttpRequest;
use crate::surroundings::Endpoint;

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) version: Version,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// From the start of the request, connecting included, to the last byte.
    pub(crate) took: Duration,
}

/// Sends requests to one endpoint.
#[derive(Debug)]
pub(crate) struct Prober {
    endpoint: Endpoint,
    execution: String,
    /// The address as a URL, and what speaks to it; or why there is none.
    way: Result<(Url, Client), ProbeError>,
    /// Connections that serve again, where requests may share them.
    kept: Option<Kept>,
    /// Is shown every answer, where the plan asks who gave it.
    witness: Option<Arc<Witness>>,
}

impl Prober {
    pub(crate) fn new(endpoint: Endpoint, execution: String) -> Self {
        let way = client(&endpoint).map_err(|reason| ProbeError::Address(endpoint.base.clone(), reason));
        Self { endpoint, execution, way, kept: None, witness: None }
    }

    /// The same, with somebody who is shown every answer.
    pub(crate) fn before(mut self, witness: Option<Arc<Witness>>) -> Self {
        self.witness = witness;
        self
    }

    /// The same, with up to this many connections that serve again in HTTP/1.1. Without them, load would measure handshakes.
    pub(crate) fn keeping_connections(&self, most: usize) -> Self {
        let (way, kept) = match Kept::new(&self.endpoint, most) {
            Ok(kept) => (self.way.clone(), Some(kept)),
            Err(error) => (Err(error), None),
        };
        let (endpoint, execution) = (self.endpoint.clone(), self.execution.clone());
        Self { endpoint, execution, way, kept, witness: self.witness.clone() }
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
        self.ask_once(check, check, request, timeout).await
    }

    /// The same, with a key of its own: a service that knows the key would do the work of many requests once.
    pub(crate) async fn ask_once(
        &self,
        check: &str,
        key: &str,
        request: &HttpRequest,
        timeout: Duration,
    ) -> Result<Answer, (ProbeError, Duration)> {
        let started = clock::now();
        let asked = tokio::time::timeout(timeout, self.exchange(key, request)).await;
        let took = clock::now() - started;
        match asked {
            Ok(Ok(answer)) => {
                if let Some(witness) = &self.witness {
                    let asked = format!("{} {} via {}", request.method, request.path, self.via());
                    witness.saw(check, &asked, answer.status, &answer.headers, &request.secrets());
                }
                Ok(Answer { took, ..answer })
            }
            Ok(Err(error)) => Err((error, took)),
            Err(_) => Err((ProbeError::Timeout(timeout), took)),
        }
    }

    async fn exchange(&self, key: &str, request: &HttpRequest) -> Result<Answer, ProbeError> {
        let (base, client) = self.way.as_ref().map_err(Clone::clone)?;
        let mut method = request.method.clone();
        let mut body = request.body.clone();
        let mut url =
            base.join(&request.path).map_err(|error| ProbeError::Address(request.path.clone(), error.to_string()))?;
        let mut followed = 0;
        let (response, _connection) = loop {
            let headers = self.headers(&method, key, request)?;
            let (response, connection) = match request.version {
                Version::HTTP_2 => {
                    let (response, connection) =
                        Box::pin(self.send_over_http2(&method, &url, headers, body.as_ref())).await?;
                    (response, Some(connection))
                }
                _ => match &self.kept {
                    Some(kept) => (kept.send(&method, &url, headers, body.as_ref()).await?, None),
                    // Boxed, so that a request over a kept connection is not moved about at the size of this one.
                    None => (Box::pin(self.send(client, &method, &url, headers, body.as_ref())).await?, None),
                },
            };
            let Some(location) = redirect(&response).filter(|_| request.follow > 0) else {
                break (response, connection);
            };
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

    /// What the engine and the plan say, `Host` apart.
    fn headers(&self, method: &Method, key: &str, request: &HttpRequest) -> Result<HeaderMap, ProbeError> {
        let mut headers = HeaderMap::new();
        if !method.is_safe() {
            let key = format!("{}-{key}", self.execution);
            let key = HeaderValue::try_from(&key).map_err(|error| ProbeError::Address(key, error.to_string()))?;
            headers.append(HeaderName::from_static("idempotency-key"), key);
        }
        request.headers.iter().for_each(|(name, value)| {
            headers.append(name, value.clone());
        });
        Ok(headers)
    }

    async fn send(
        &self,
        client: &Client,
        method: &Method,
        url: &Url,
        headers: HeaderMap,
        body: Option<&String>,
    ) -> Result<Response<AnswerBody>, ProbeError> {
        let mut builder = client.request(method.clone(), url.clone());
        if let Some(host) = &self.endpoint.host {
            let host =
                HeaderValue::try_from(host).map_err(|error| ProbeError::Address(host.clone(), error.to_string()))?;
            builder = builder.header(header::HOST, host);
        }
        builder = builder.headers(headers);
        if let Some(body) = body {
            builder = builder.body(body.clone());
        }
        let response = builder.send().await.map_err(|error| failure(&error))?;
        let response: Response<reqwest::Body> = response.into();
        Ok(response.map(|body| body.map_err(|error| ended(&error)).boxed_unsync()))
    }

    /// Over a connection of its own, which must be kept while the body is read.
    async fn send_over_http2(
        &self,
        method: &Method,
        url: &Url,
        headers: HeaderMap,
        body: Option<&String>,
    ) -> Result<(Response<AnswerBody>, Http2<Full<Bytes>>), ProbeError> {
        let target = Target::of(&self.endpoint)?;
        let unusable = |error: http::Error| ProbeError::Address(target.authority.clone(), error.to_string());
        let uri = Uri::builder().scheme(target.scheme()).authority(&*target.authority);
        let uri = uri.path_and_query(path_and_query(url));
        let body = Full::new(body.map(|body| Bytes::from(body.clone())).unwrap_or_default());
        let request = http::Request::builder().method(method).uri(uri.build().map_err(unusable)?);
        let mut request = request.header(header::USER_AGENT, USER_AGENT).body(body).map_err(unusable)?;
        request.headers_mut().extend(headers);
        let connection = Http2::connect(&self.endpoint, &target).await?;
        let response = connection.send(request).await?;
        Ok((response.map(|body| body.map_err(|error| ended(&error)).boxed_unsync()), connection))
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

fn redirect(response: &Response<AnswerBody>) -> Option<&str> {
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

async fn read(response: Response<AnswerBody>) -> Result<Answer, ProbeError> {
    let (head, mut frames) = response.into_parts();
    let mut body = Vec::new();
    while let Some(frame) = frames.frame().await {
        let Ok(chunk) = frame?.into_data() else { continue };
        if body.len() + chunk.len() > BODY_LIMIT {
            return Err(ProbeError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { version: head.version, status: head.status, headers: head.headers, body, took: Duration::ZERO })
}
