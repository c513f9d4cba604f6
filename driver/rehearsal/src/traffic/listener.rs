//! A listener: accepts connections on its port and answers each request through `forward`. It makes no choice.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use super::forward::Forward;
use super::routes::Routes;
use crate::machine::life::Life;

/// How long requests under way may take to end when the stand-in itself ends.
const LAST_REQUESTS: Duration = Duration::from_secs(1);

/// A pause after an accept that failed, for want of file descriptors: connections wait in the queue meanwhile.
const AFTER_FAILED_ACCEPT: Duration = Duration::from_millis(20);

/// An open listener; it closes with the machine's life.
#[derive(Debug)]
pub(crate) struct Listener {
    address: SocketAddr,
}

impl Listener {
    /// Listen on a port of 127.0.0.1; 0 takes a free one.
    pub(crate) async fn open(arn: &str, port: u16, routes: Arc<Routes>, life: &Life) -> io::Result<Listener> {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = socket.local_addr()?;
        let forward = Forward::new(arn, address.port(), routes);
        let share = life.clone();
        life.spawn_until_end(async move {
            loop {
                match socket.accept().await {
                    Ok((stream, client)) => serve(stream, client, forward.clone(), &share),
                    Err(error) => {
                        tracing::warn!(%error, listener = %forward.listener, "a connection cannot be accepted");
                        tokio::time::sleep(AFTER_FAILED_ACCEPT).await;
                    }
                }
            }
        });
        Ok(Listener { address })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

fn serve(stream: TcpStream, client: SocketAddr, forward: Forward, life: &Life) {
    // Without effect when refused.
    stream.set_nodelay(true).ok();
    let ending = life.clone();
    life.spawn(async move {
        let service = service_fn(|request| {
            let forward = forward.clone();
            async move { Ok::<_, Infallible>(forward.answer(request, client).await) }
        });
        // A limit would close an idle connection in the moment in which its client uses it again.
        let connection =
            http1::Builder::new().header_read_timeout(None).serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = ending.ending() => {
                connection.as_mut().graceful_shutdown();
                tokio::time::timeout(LAST_REQUESTS, connection).await.unwrap_or(Ok(()))
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, %client, "a client's connection ended");
        }
    });
}
