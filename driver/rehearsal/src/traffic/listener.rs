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
        life.spawn_until_end(accept(socket, Forward::new(arn, address.port(), routes), life.clone()));
        Ok(Listener { address })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn accept(socket: TcpListener, forward: Forward, life: Life) {
    loop {
        match socket.accept().await {
            Ok((stream, client)) => serve(stream, client, forward.clone(), &life),
            Err(error) => {
                tracing::warn!(%error, listener = %forward.listener, "a connection cannot be accepted");
                tokio::time::sleep(AFTER_FAILED_ACCEPT).await;
            }
        }
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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::mpsc;

    use super::*;
    use crate::clock::Pace;
    use crate::effect::{Observation, TargetGroupSpec};

    const HOUR: Duration = Duration::from_secs(3600);

    /// One request to a target that accepts connections and does what `target` says, within `limit`.
    async fn answer<F: Future<Output = ()> + Send>(
        limit: Duration,
        target: impl FnOnce(TcpStream) -> F + Send + 'static,
    ) -> String {
        let (life, _afterlife) = Life::begin();
        let (observations, mut seen) = mpsc::unbounded_channel();
        let spec = TargetGroupSpec {
            arn: "group".into(),
            path: "/".into(),
            interval: HOUR,
            timeout: HOUR,
            healthy: 1,
            unhealthy: 1,
        };
        let routes = Routes::new(vec![spec], Pace::ORDINARY, observations, life.clone());
        let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let silent_address = silent.local_addr().unwrap();
        // Behind no listener yet, so that no health check connects first.
        routes.register("group", silent_address);
        routes.open("listener", vec![("group".into(), 1)]);
        tokio::spawn(async move { target(silent.accept().await.unwrap().0).await });

        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let forward = Forward { limit, ..Forward::new("listener", address.port(), Arc::clone(&routes)) };
        life.spawn_until_end(accept(socket, forward, life.clone()));
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        routes.deregister("group", silent_address, HOUR);
        while let Ok(observation) = seen.try_recv() {
            if matches!(observation, Observation::TargetDrained { .. }) {
                life.end();
                return answer;
            }
        }
        panic!("the request is still counted as in flight");
    }

    #[tokio::test]
    async fn a_target_that_does_not_answer_in_time_is_504() {
        let answer = answer(Duration::from_millis(50), |stream| async move {
            let _open = stream;
            std::future::pending().await
        });
        assert!(answer.await.starts_with("HTTP/1.1 504 Gateway Timeout\r\n"));
    }

    #[tokio::test]
    async fn a_target_that_ends_a_new_connection_without_an_answer_is_502() {
        let answer = answer(HOUR, |mut stream| async move {
            // It has seen the request, so nobody else may get it.
            stream.read_u8().await.unwrap();
        });
        assert!(answer.await.starts_with("HTTP/1.1 502 Bad Gateway\r\n"));
    }
}
