//! One health check: a GET over a connection of its own. What the answer means is `health`'s to say.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::health::Check;

/// Check a target once, in ordinary time.
pub(super) async fn check(target: SocketAddr, path: &str, timeout: Duration) -> Check {
    match tokio::time::timeout(timeout, status(target, path)).await {
        Ok(Some(StatusCode::OK)) => Check::Passed,
        Ok(Some(status)) => Check::Mismatch(status.as_u16()),
        Ok(None) => Check::NoAnswer,
        Err(_elapsed) => Check::TimedOut,
    }
}

async fn status(target: SocketAddr, path: &str) -> Option<StatusCode> {
    let stream = TcpStream::connect(target).await.ok()?;
    let (mut connection, driver) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    let request = Request::get(path)
        .header(header::HOST, target.to_string())
        .header(header::USER_AGENT, "ELB-HealthChecker/2.0")
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .ok()?;
    let exchange = async {
        let response = connection.send_request(request).await.ok()?;
        Some(response.status())
    };
    tokio::pin!(driver, exchange);
    tokio::select! {
        status = &mut exchange => status,
        // The connection may end with the answer already in hand.
        _ = &mut driver => exchange.await,
    }
}
