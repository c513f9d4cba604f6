//! Plain HTTP of the hook's own: to S3 and to the extensions beside it. One request, one answer of a limited size, and why
//! there is none. It follows no redirect, retries nothing, and knows no service.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use reqwest::{Client, RequestBuilder, redirect, retry};

const CONNECT: Duration = Duration::from_secs(2);

/// A status and a body that is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    /// The body is larger than the caller takes; it was not read to its end.
    TooLarge {
        /// What the caller takes, in bytes.
        limit: usize,
    },
    /// Nobody is there, or not in time.
    Unreachable(String),
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { limit } => write!(f, "larger than {} KiB, which is the most that is read", limit / 1024),
            Self::Unreachable(why) => f.write_str(why),
        }
    }
}

/// A client; `secure` loads the machine's trust store, which plain HTTP has no use for.
pub(crate) fn client(secure: bool, attempt: Duration) -> Result<Client, String> {
    let builder = Client::builder()
        .connect_timeout(CONNECT)
        .timeout(attempt)
        .no_proxy()
        .http1_only()
        .retry(retry::never())
        .redirect(redirect::Policy::none())
        .user_agent(concat!("greenlight/", env!("CARGO_PKG_VERSION")));
    let builder = if secure { builder } else { builder.tls_certs_only([]) };
    builder.build().map_err(|error| innermost(&error))
}

/// Sends the request and reads at most `limit` bytes of a successful answer, and of an error as much as says what it is.
pub(crate) async fn send(request: RequestBuilder, limit: usize) -> Result<Answer, NoAnswer> {
    let unreachable = |error: reqwest::Error| NoAnswer::Unreachable(innermost(&error));
    let mut response = request.send().await.map_err(unreachable)?;
    let status = response.status().as_u16();
    let success = response.status().is_success();
    let announced = response.content_length().is_some_and(|length| length > limit as u64);
    if success && announced {
        return Err(NoAnswer::TooLarge { limit });
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        body.extend_from_slice(&chunk);
        if body.len() > limit {
            if success {
                return Err(NoAnswer::TooLarge { limit });
            }
            body.truncate(limit);
            break;
        }
    }
    Ok(Answer { status, body })
}

fn innermost(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut innermost: &(dyn Error + 'static) = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string()
}
