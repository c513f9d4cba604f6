//! S3 as one hook sees it: objects by path, behind real HTTP, with faults to switch on. Whatever is asked for that a hook
//! must not ask for is answered as S3 does and kept in `requests`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State as Shared;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::sync::Notify;

use super::signature;

/// How a method is answered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Mood {
    Well,
    /// HTTP status and error code.
    Failing(u16, &'static str),
    /// Never answers; a PUT has stored the object.
    Silent,
    /// A body without an end.
    Endless,
}

pub(crate) struct State {
    /// By `/bucket/key`.
    pub(crate) objects: BTreeMap<String, Vec<u8>>,
    pub(crate) gets: Mood,
    pub(crate) puts: Mood,
    /// `GET /bucket/key`, in order.
    pub(crate) requests: Vec<String>,
}

#[derive(Clone)]
pub(crate) struct Bucket {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
    stored: Arc<Notify>,
}

impl Bucket {
    pub(crate) async fn open() -> Self {
        let state = State { objects: BTreeMap::new(), gets: Mood::Well, puts: Mood::Well, requests: Vec::new() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let bucket = Self { address, state: Arc::new(Mutex::new(state)), stored: Arc::default() };
        let router = Router::new().fallback(answer).with_state(bucket.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        bucket
    }

    /// What `AWS_ENDPOINT_URL_S3` is set to.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Puts an object there; the path is `/bucket/key`.
    pub(crate) fn store(&self, path: &str, bytes: impl Into<Vec<u8>>) {
        self.state().objects.insert(path.to_owned(), bytes.into());
    }

    /// An object, as JSON.
    pub(crate) fn json(&self, path: &str) -> Value {
        serde_json::from_slice(&self.state().objects[path]).unwrap()
    }

    /// Returns when an object was stored by a request.
    pub(crate) async fn stored(&self) {
        self.stored.notified().await;
    }

    /// What is so. Not to be held across an `await`.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

async fn answer(Shared(bucket): Shared<Bucket>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let path = uri.path().to_owned();
    let mood = {
        let mut state = bucket.state();
        state.requests.push(format!("{method} {path}"));
        if method == Method::PUT { state.puts } else { state.gets }
    };
    if let Err(why) = signature::verify(&method, &uri, &headers, &body, "test") {
        return refused(403, "SignatureDoesNotMatch", &why);
    }
    if let Mood::Failing(status, code) = mood {
        return refused(status, code, "switched on");
    }
    if method == Method::PUT {
        bucket.state().objects.insert(path.clone(), body.to_vec());
        bucket.stored.notify_one();
    }
    match mood {
        Mood::Silent => return std::future::pending().await,
        Mood::Endless => {
            let chunks = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from(vec![b'#'; 8192])));
            return Body::from_stream(chunks).into_response();
        }
        Mood::Well | Mood::Failing(..) => {}
    }
    match (method, bucket.state().objects.get(&path)) {
        (Method::PUT, _) => StatusCode::OK.into_response(),
        (Method::GET, Some(bytes)) => bytes.clone().into_response(),
        (Method::GET, None) => refused(404, "NoSuchKey", "The specified key does not exist."),
        _ => refused(405, "MethodNotAllowed", "a hook reads and writes"),
    }
}

fn refused(status: u16, code: &str, message: &str) -> Response {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>\
         <RequestId>4442587FB7D0A2F9</RequestId></Error>"
    );
    (StatusCode::from_u16(status).unwrap(), [("content-type", "application/xml")], body).into_response()
}
