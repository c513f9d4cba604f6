//! Why there is no answer, in the words of whoever reads the evidence. It judges nothing: whether it counts is the verdict's.

use std::error::Error;
use std::io;
use std::time::Duration;

use super::client::{CONNECT_TIMEOUT, Unresolved};

/// A larger body is an error and never cut in silence.
pub(crate) const BODY_LIMIT: usize = 1024 * 1024;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProbeError {
    #[error("the address {0:?} cannot be used: {1}")]
    Address(String, String),
    #[error("{0}")]
    Unresolved(String),
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
    #[error("the server does not speak HTTP/2{0}")]
    NotHttp2(String),
}

impl ProbeError {
    /// Whether a service that is still starting answers like this.
    pub(crate) fn is_not_ready(&self) -> bool {
        matches!(self, Self::Refused)
    }
}

/// Why a request was not answered.
pub(super) fn failure(error: &reqwest::Error) -> ProbeError {
    let kind = io_kind(error);
    if let Some(tls) = tls(error) {
        ProbeError::Tls(tls)
    } else if let Some(unresolved) = causes(error).find_map(|cause| cause.downcast_ref::<Unresolved>()) {
        ProbeError::Unresolved(unresolved.to_string())
    } else if error.is_connect() && error.is_timeout() {
        ProbeError::ConnectTimeout
    } else if error.is_connect() && kind == Some(io::ErrorKind::ConnectionRefused) {
        ProbeError::Refused
    } else if error.is_connect() {
        ProbeError::Connect(cause(error))
    } else {
        ended(error)
    }
}

/// Why a connection that was there ended.
pub(super) fn ended(error: &(dyn Error + 'static)) -> ProbeError {
    if matches!(
        io_kind(error),
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe)
    ) {
        ProbeError::Reset
    } else {
        ProbeError::Broken(cause(error))
    }
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(error.source(), |&cause| cause.source())
}

fn io_kind(error: &(dyn Error + 'static)) -> Option<io::ErrorKind> {
    causes(error).find_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind)
}

/// What TLS objects to; it hides inside I/O errors, which do not name what they hold as their source.
fn tls(error: &(dyn Error + 'static)) -> Option<String> {
    causes(error).find_map(|cause| {
        let mut next = Some(cause);
        while let Some(each) = next {
            if let Some(tls) = each.downcast_ref::<rustls::Error>() {
                return Some(tls.to_string());
            }
            let held = each.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            next = held.map(|held| held as &(dyn Error + 'static));
        }
        None
    })
}

/// The innermost cause, which is the one that says something.
fn cause(error: &(dyn Error + 'static)) -> String {
    format!(": {}", causes(error).last().unwrap_or(error))
}
