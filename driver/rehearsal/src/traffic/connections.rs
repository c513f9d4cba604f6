//! Kept-alive connections to one target, and what is safe to send again.
//!
//! A pool of our own and not hyper-util's: it hands back a request that was never written, says whether a connection had
//! been used before, and is closed with its target, so that a stopping task is not held up by our idle connections.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// The body of a forwarded request.
pub(super) type RequestBody = UnsyncBoxBody<Bytes, hyper::Error>;

/// A body of nothing, which can be sent again.
pub(super) fn no_body() -> RequestBody {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// Why a target gave no answer.
#[derive(Debug)]
pub(super) enum NoAnswer {
    /// No connection could be made: the request, unsent, can go to another target.
    Refused(Box<Request<RequestBody>>),
    /// The connection ended before an answer; the target may have acted on the request.
    Broken(hyper::Error),
}

/// Connections to one target.
#[derive(Debug)]
pub(super) struct Connections {
    address: SocketAddr,
    idle: Mutex<Vec<SendRequest<RequestBody>>>,
}

impl Connections {
    pub(super) fn new(address: SocketAddr) -> Arc<Connections> {
        Arc::new(Connections { address, idle: Mutex::default() })
    }

    /// Send a request over an idle connection or a new one.
    pub(super) async fn send(
        self: &Arc<Self>,
        mut request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, NoAnswer> {
        while let Some(mut connection) = self.take() {
            let again = replay(&request);
            match connection.try_send_request(request).await {
                Ok(response) => return Ok(self.answered(connection, response)),
                Err(mut refused) => match (refused.take_message(), again) {
                    (Some(unsent), _) => request = unsent,
                    // An idle connection that ends is the target's right; it did not see a request without a body.
                    (None, Some(again)) if ended_early(refused.error()) => request = again,
                    (None, _) => return Err(NoAnswer::Broken(refused.into_error())),
                },
            }
        }
        let Ok(stream) = TcpStream::connect(self.address).await else {
            return Err(NoAnswer::Refused(Box::new(request)));
        };
        // Loopback has no Nagle to win from; without effect when refused.
        stream.set_nodelay(true).ok();
        let (mut connection, driver) = match http1::handshake(TokioIo::new(stream)).await {
            Ok(made) => made,
            Err(_) => return Err(NoAnswer::Refused(Box::new(request))),
        };
        // Ends when the connection is closed by either side; dropping the sender closes ours.
        tokio::spawn(driver);
        match connection.try_send_request(request).await {
            Ok(response) => Ok(self.answered(connection, response)),
            Err(mut refused) => Err(match refused.take_message() {
                Some(unsent) => NoAnswer::Refused(Box::new(unsent)),
                None => NoAnswer::Broken(refused.into_error()),
            }),
        }
    }

    fn take(&self) -> Option<SendRequest<RequestBody>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let connection = idle.pop()?;
            if connection.is_ready() {
                return Some(connection);
            }
        }
    }

    /// Keep the connection for the next request as soon as this answer's body has been read.
    fn answered(
        self: &Arc<Self>,
        mut connection: SendRequest<RequestBody>,
        response: Response<Incoming>,
    ) -> Response<Incoming> {
        let connections = Arc::downgrade(self);
        tokio::spawn(async move {
            let ready = connection.ready().await.is_ok();
            if let (true, Some(connections)) = (ready, connections.upgrade()) {
                connections.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            }
        });
        response
    }
}

/// The same request once more, when it has no body.
fn replay(request: &Request<RequestBody>) -> Option<Request<RequestBody>> {
    request.body().is_end_stream().then(|| {
        let mut again = Request::new(no_body());
        *again.method_mut() = request.method().clone();
        *again.uri_mut() = request.uri().clone();
        *again.headers_mut() = request.headers().clone();
        again
    })
}

fn ended_early(error: &hyper::Error) -> bool {
    let io = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<std::io::Error>());
    let io =
        io.is_some_and(|io| matches!(io.kind(), std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::BrokenPipe));
    error.is_incomplete_message() || error.is_canceled() || error.is_closed() || io
}
