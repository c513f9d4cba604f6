//! Lambda extensions on loopback: fixed answers by path and query, and the headers that they were asked with.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

type Answers = Arc<Mutex<BTreeMap<String, (u16, String)>>>;

pub(crate) struct Extension {
    pub(crate) port: String,
    answers: Answers,
}

impl Extension {
    pub(crate) async fn open() -> Self {
        let answers = Answers::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        let router = Router::new().fallback(answer).with_state(Arc::clone(&answers));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { port, answers }
    }

    /// Answers to this path and query.
    pub(crate) fn answers(&self, path: &str, status: u16, body: impl Into<String>) {
        self.answers.lock().unwrap().insert(path.to_owned(), (status, body.into()));
    }
}

/// The token is demanded of secrets, as the real one does, and of nothing else.
async fn answer(Shared(answers): Shared<Answers>, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path_and_query().unwrap().to_string();
    let token = headers.get("x-aws-parameters-secrets-token").and_then(|token| token.to_str().ok());
    if !path.starts_with("/applications/") && token != Some("session") {
        return (StatusCode::UNAUTHORIZED, "not allowed").into_response();
    }
    match answers.lock().unwrap().get(&path) {
        Some((status, body)) => (StatusCode::from_u16(*status).unwrap(), body.clone()).into_response(),
        None => (StatusCode::NOT_FOUND, format!("nothing at {path}")).into_response(),
    }
}
