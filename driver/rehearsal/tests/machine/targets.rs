//! Targets inside the test's process: name themselves, echo, refuse to be healthy, or hold a request until told.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{any, get, post};
use tokio::net::TcpListener;
use tokio::sync::Notify;

pub struct Target {
    pub address: SocketAddr,
    /// What `/healthz` answers.
    pub health: Arc<AtomicU16>,
    /// Told when `/held` has arrived.
    pub arrived: Arc<Notify>,
    /// Lets `/held` answer.
    pub release: Arc<Notify>,
    pub checks: Arc<AtomicUsize>,
}

impl Target {
    pub async fn serve(name: &'static str) -> Target {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let health = Arc::new(AtomicU16::new(200));
        let checks = Arc::new(AtomicUsize::new(0));
        let (arrived, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (answered, counted) = (Arc::clone(&health), Arc::clone(&checks));
        let (arrival, hold) = (Arc::clone(&arrived), Arc::clone(&release));
        let router = Router::new()
            .route(
                "/healthz",
                get(move || async move {
                    counted.fetch_add(1, Ordering::SeqCst);
                    StatusCode::from_u16(answered.load(Ordering::SeqCst)).unwrap()
                }),
            )
            .route(
                "/held",
                get(move || async move {
                    arrival.notify_one();
                    hold.notified().await;
                    name
                }),
            )
            .route("/echo", post(|request: Request| async { Body::new(request.into_body()) }))
            .route("/headers", get(|headers: HeaderMap| async move { format!("{headers:?}") }))
            .fallback(any(move || async move { name }));
        tokio::spawn(async move { axum::serve(socket, router).await });
        Target { address, health, arrived, release, checks }
    }
}

/// An address of this machine at which nobody listens.
pub async fn nobody() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap()
}
