//! Steady traffic on a listener while something else happens, every answer kept. It judges nothing.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::JoinSet;

/// What one request got: the version that answered, or what went wrong.
pub(crate) type Answer = Result<String, String>;

/// Running clients.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    clients: JoinSet<Vec<Answer>>,
}

impl Load {
    /// Starts `clients` clients with kept-alive connections, each with one request under way at any time.
    pub(crate) fn start(url: &str, clients: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut set = JoinSet::new();
        for _ in 0..clients {
            let (url, stop) = (url.to_owned(), Arc::clone(&stop));
            set.spawn(async move {
                let client = client();
                let mut answers = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    answers.push(ask(&client, &url).await);
                }
                answers
            });
        }
        Self { stop, clients: set }
    }

    /// Ends the clients and hands over the answers, client by client, in order.
    pub(crate) async fn stop(mut self) -> Vec<Vec<Answer>> {
        self.stop.store(true, Ordering::Relaxed);
        let mut answers = Vec::new();
        while let Some(client) = self.clients.join_next().await {
            answers.push(client.expect("a client does not panic"));
        }
        answers
    }
}

/// A client without a proxy.
pub(crate) fn client() -> reqwest::Client {
    // Plain HTTP only, yet reqwest wants a TLS provider to be chosen; a second choice is refused, and that is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().expect("a plain client can be built")
}

/// One request: the `x-shop-version` of a 200, anything else is an error.
pub(crate) async fn ask(client: &reqwest::Client, url: &str) -> Answer {
    let response = client.get(url).send().await.map_err(|error| format!("{error:?}"))?;
    let status = response.status();
    let version =
        response.headers().get("x-shop-version").map(|value| value.to_str().expect("a version is text").to_owned());
    response.bytes().await.map_err(|error| format!("{error:?}"))?;
    match version {
        Some(version) if status == 200 => Ok(version),
        _ => Err(format!("{status}")),
    }
}
