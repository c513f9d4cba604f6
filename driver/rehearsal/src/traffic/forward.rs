//! The way of one request: from a listener to a target and back, both bodies streaming.
//!
//! A request goes to another target only when it cannot have been seen by the first. Everything else is the client's to
//! repeat, and gets the load balancer's own 502, 503 or 504.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Body, Frame, Incoming, SizeHint};

use super::connections::{NoAnswer, RequestBody, no_body};
use super::routes::{Flight, NoTarget, Routes};

/// The load balancer's idle timeout, in ordinary time.
const ANSWER: Duration = Duration::from_secs(60);

/// Headers that end at each hop (RFC 9110 §7.6.1).
const HOP_BY_HOP: [HeaderName; 7] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// An answer's body: a target's, in flight until its end, or our own words.
pub(super) type ResponseBody = Either<InFlight, Full<Bytes>>;

/// One listener's forwarding.
#[derive(Clone, Debug)]
pub(super) struct Forward {
    pub(super) listener: Arc<str>,
    pub(super) port: u16,
    pub(super) routes: Arc<Routes>,
    pub(super) limit: Duration,
}

impl Forward {
    pub(super) fn new(listener: &str, port: u16, routes: Arc<Routes>) -> Forward {
        Forward { listener: listener.into(), port, routes, limit: ANSWER }
    }

    /// Answer a client's request.
    pub(super) async fn answer(&self, request: Request<Incoming>, client: SocketAddr) -> Response<ResponseBody> {
        let mut flight = match self.routes.depart(&self.listener) {
            Ok(flight) => flight,
            Err(none) => return no_target(none),
        };
        let mut tried = Vec::new();
        let mut request = self.onward(request, client.ip());
        loop {
            let sent = tokio::time::timeout(self.limit, flight.connections().send(request)).await;
            match sent {
                Ok(Ok(response)) => return back(response, flight),
                Ok(Err(NoAnswer::Refused(unsent))) => {
                    tried.push(flight.registration());
                    request = *unsent;
                    flight = match self.routes.depart_again(flight.group().to_owned(), &tried) {
                        Ok(next) => next,
                        Err(none) => return no_target(none),
                    };
                }
                Ok(Err(NoAnswer::Broken(error))) => {
                    tracing::debug!(%error, listener = %self.listener, "a target ended the connection without an answer");
                    return own_words(StatusCode::BAD_GATEWAY);
                }
                Err(_elapsed) => return own_words(StatusCode::GATEWAY_TIMEOUT),
            }
        }
    }

    /// The request as the target gets it.
    fn onward(&self, request: Request<Incoming>, client: IpAddr) -> Request<RequestBody> {
        let (mut parts, body) = request.into_parts();
        end_hop(&mut parts.headers);
        parts.version = http::Version::HTTP_11;
        if let Ok(origin) = parts.uri.path_and_query().map_or("/", |path| path.as_str()).parse() {
            parts.uri = origin;
        }
        let forwarded = HeaderName::from_static("x-forwarded-for");
        let before = parts.headers.get(&forwarded).and_then(|value| value.to_str().ok());
        let chain = before.map_or_else(|| client.to_string(), |before| format!("{before}, {client}"));
        if let Ok(chain) = HeaderValue::from_str(&chain) {
            parts.headers.insert(forwarded, chain);
        }
        parts.headers.insert("x-forwarded-proto", HeaderValue::from_static("http"));
        parts.headers.insert("x-forwarded-port", HeaderValue::from(self.port));
        if !parts.headers.contains_key(header::HOST)
            && let Ok(host) = HeaderValue::from_str(&format!("127.0.0.1:{}", self.port))
        {
            // HTTP/1.0 needs no host, HTTP/1.1 does.
            parts.headers.insert(header::HOST, host);
        }
        let body = if body.is_end_stream() { no_body() } else { body.boxed_unsync() };
        Request::from_parts(parts, body)
    }
}

fn back(response: Response<Incoming>, flight: Flight) -> Response<ResponseBody> {
    let (mut parts, body) = response.into_parts();
    parts.version = http::Version::HTTP_11;
    end_hop(&mut parts.headers);
    Response::from_parts(parts, Either::Left(InFlight { body, _flight: flight }))
}

fn end_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
}

fn no_target(none: NoTarget) -> Response<ResponseBody> {
    own_words(match none {
        NoTarget::Empty => StatusCode::SERVICE_UNAVAILABLE,
        NoTarget::AllTried => StatusCode::BAD_GATEWAY,
    })
}

fn own_words(status: StatusCode) -> Response<ResponseBody> {
    let words = match status {
        StatusCode::BAD_GATEWAY => "502 Bad Gateway",
        StatusCode::SERVICE_UNAVAILABLE => "503 Service Temporarily Unavailable",
        _ => "504 Gateway Time-out",
    };
    let page = format!(
        "<html>\r\n<head><title>{words}</title></head>\r\n<body>\r\n<center><h1>{words}</h1></center>\r\n</body>\r\n</html>\r\n"
    );
    let mut response = Response::new(Either::Right(Full::from(page)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::SERVER, HeaderValue::from_static("awselb/2.0"));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response
}

/// A target's body; the request is in flight until this is dropped.
#[derive(Debug)]
pub(super) struct InFlight {
    body: Incoming,
    _flight: Flight,
}

impl Body for InFlight {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
