//! HTTP/2 over a connection of our own, for requests whose `:authority` is not the address that they go to: over TLS by
//! ALPN, over plaintext by prior knowledge. A server that speaks something else is never asked again in HTTP/1.1.

use std::error::Error;

use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Body, Bytes, Incoming};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::task::JoinHandle;

use super::connection::{Speaks, Target, open};
use super::error::{ProbeError, ended};
use crate::surroundings::Endpoint;

/// A connection, as long as this is kept.
#[derive(Debug)]
pub(crate) struct Http2<B> {
    sender: SendRequest<B>,
    driver: JoinHandle<()>,
    secure: bool,
}

impl<B> Drop for Http2<B> {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl<B> Http2<B>
where
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    pub(crate) async fn connect(endpoint: &Endpoint, target: &Target) -> Result<Self, ProbeError> {
        let stream = open(endpoint, target, Speaks::Http2).await?;
        let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .map_err(|error| unspoken(&error, target.secure))?;
        // How the connection ends is told to whoever waits for an answer on it.
        let driver = tokio::spawn(async move { connection.await.unwrap_or_default() });
        Ok(Self { sender, driver, secure: target.secure })
    }

    /// The future may outlive the borrow, but not the connection.
    pub(crate) fn send(
        &self,
        request: http::Request<B>,
    ) -> impl Future<Output = Result<http::Response<Incoming>, ProbeError>> + Send + use<B> {
        let (mut sender, secure) = (self.sender.clone(), self.secure);
        async move {
            sender.ready().await.map_err(|error| unspoken(&error, secure))?;
            sender.send_request(request).await.map_err(|error| unspoken(&error, secure))
        }
    }
}

/// What every answer's body becomes, whoever sent the request.
pub(crate) type AnswerBody = UnsyncBoxBody<Bytes, ProbeError>;

/// A failure before the head of an answer. Over TLS the server has agreed to HTTP/2; in plaintext that is what is not known.
fn unspoken(error: &hyper::Error, secure: bool) -> ProbeError {
    match ended(error) {
        ProbeError::Broken(cause) if !secure => ProbeError::NotHttp2(cause),
        ProbeError::Reset if !secure => ProbeError::NotHttp2(": it reset the connection".to_owned()),
        other => other,
    }
}
