//! A service of two versions, each on a real port: what the listeners of the fake world lead to.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

type Effect = Box<dyn FnMut() + Send>;

/// One version of the service.
pub(crate) struct Shop {
    pub(crate) address: SocketAddr,
    requests: Arc<AtomicUsize>,
    on_request: Arc<Mutex<Option<Effect>>>,
    task: Arc<Mutex<Option<String>>>,
}

impl Shop {
    /// Serves `/healthz` and `/api/products/42`; version `wrong` sells at a price that is a text.
    pub(crate) async fn open(version: &'static str) -> Self {
        let requests = Arc::new(AtomicUsize::new(0));
        let on_request: Arc<Mutex<Option<Effect>>> = Arc::default();
        let task: Arc<Mutex<Option<String>>> = Arc::default();
        let (counter, effect, named) = (Arc::clone(&requests), Arc::clone(&on_request), Arc::clone(&task));
        let answer = move |request: axum::extract::Request| {
            counter.fetch_add(1, Ordering::SeqCst);
            if let Some(effect) = effect.lock().unwrap().as_mut() {
                effect();
            }
            let price = if version == "wrong" { "\"9.50\"" } else { "9.5" };
            let named = named.lock().unwrap().clone();
            async move {
                let mut response = match request.uri().path() {
                    "/healthz" => (StatusCode::OK, [(CONTENT_TYPE, "text/plain")], "ok".to_owned()).into_response(),
                    "/api/products/42" => (
                        StatusCode::OK,
                        [(CONTENT_TYPE, "application/json")],
                        format!("{{\"id\":42,\"price\":{price},\"version\":\"{version}\"}}"),
                    )
                        .into_response(),
                    _ => StatusCode::NOT_FOUND.into_response(),
                };
                if let Some(task) = named {
                    response.headers_mut().insert("x-task-arn", task.parse().unwrap());
                }
                response
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
        Self { address, requests, on_request, task }
    }

    /// How many requests came.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// Names a task in the header `x-task-arn` of every answer from now on.
    pub(crate) fn says(&self, task: &str) {
        *self.task.lock().unwrap() = Some(task.to_owned());
    }

    /// Does something whenever a request comes.
    pub(crate) fn on_request(&self, effect: impl FnMut() + Send + 'static) {
        *self.on_request.lock().unwrap() = Some(Box::new(effect));
    }
}
