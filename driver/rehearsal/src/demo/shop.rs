//! The demo shop: one product, two versions, and a few ways to be broken. It is configured as a container is, by its
//! environment, and ends gracefully on SIGTERM.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{HeaderValue, InvalidHeaderValue};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::environment;

/// How long the slow product API takes: four times what the demo plan allows.
const SLOW: Duration = Duration::from_secs(2);

/// How a version is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The product API answers 500.
    ServerError,
    /// The product API takes two seconds.
    Slow,
    /// The product's price is the text `"9.50"`.
    WrongBody,
    /// `/healthz` answers 503.
    NeverReady,
}

/// What the shop is told by its environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `PORT`.
    pub port: u16,
    /// `SHOP_VERSION`: in every answer's `x-shop-version` and in the product.
    pub version: String,
    /// `SHOP_FAILS`; nothing is a healthy shop.
    pub fault: Option<Fault>,
}

/// Why the shop does not open.
#[derive(Debug, thiserror::Error)]
pub enum ShopError {
    /// A variable is missing.
    #[error("open the shop: {0} is not set")]
    Missing(&'static str),
    /// `PORT` is not a port.
    #[error("open the shop: PORT is {0:?}, which is not a port")]
    Port(String),
    /// `SHOP_FAILS` is not one of the known ways.
    #[error("open the shop: SHOP_FAILS is {0:?}, which is none of 500, slow, wrong-body, never-ready")]
    Fault(String),
    /// `SHOP_VERSION` cannot stand in a header.
    #[error("open the shop: SHOP_VERSION is {version:?}")]
    Version {
        /// The value.
        version: String,
        /// Why not.
        #[source]
        source: InvalidHeaderValue,
    },
    /// The port cannot be had, or the server failed.
    #[error("serve the shop on 127.0.0.1:{port}")]
    Serve {
        /// The port.
        port: u16,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl Settings {
    /// Read the settings through a lookup of variables.
    ///
    /// # Errors
    /// When a variable is missing or has a value that means nothing.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Settings, ShopError> {
        let port = variable("PORT").ok_or(ShopError::Missing("PORT"))?;
        let port = port.parse().map_err(|_| ShopError::Port(port))?;
        let version = variable("SHOP_VERSION").ok_or(ShopError::Missing("SHOP_VERSION"))?;
        let fault = match variable("SHOP_FAILS").as_deref() {
            None | Some("") => None,
            Some("500") => Some(Fault::ServerError),
            Some("slow") => Some(Fault::Slow),
            Some("wrong-body") => Some(Fault::WrongBody),
            Some("never-ready") => Some(Fault::NeverReady),
            Some(other) => return Err(ShopError::Fault(other.to_owned())),
        };
        Ok(Settings { port, version, fault })
    }
}

/// Run the shop as this process, until SIGTERM or SIGINT and the end of the requests under way.
///
/// # Errors
/// When the environment does not say what is needed, or the port cannot be had.
pub fn run() -> Result<(), ShopError> {
    let settings = Settings::read(environment::variable)?;
    let port = settings.port;
    let failed = |source| ShopError::Serve { port, source };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let end = async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        serve(settings, end).await
    })
}

/// Serve until `end`, and then until the last request under way has its answer.
///
/// # Errors
/// When the version cannot stand in a header, or the port cannot be had.
pub async fn serve(settings: Settings, end: impl Future<Output = ()> + Send + 'static) -> Result<(), ShopError> {
    let Settings { port, version, fault } = settings;
    let failed = |source| ShopError::Serve { port, source };
    let header =
        HeaderValue::from_str(&version).map_err(|source| ShopError::Version { version: version.clone(), source })?;
    let socket = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await.map_err(failed)?;
    let shop = Router::new()
        .route("/", get(start_page))
        .route("/healthz", get(health))
        .route("/api/products/42", get(product))
        .with_state(Shelf { version, fault })
        .layer(middleware::from_fn(move |request: Request, next: Next| {
            let header = header.clone();
            async move {
                let mut response = next.run(request).await;
                response.headers_mut().insert("x-shop-version", header);
                response
            }
        }));
    axum::serve(socket, shop).with_graceful_shutdown(end).await.map_err(failed)
}

#[derive(Clone, Debug)]
struct Shelf {
    version: String,
    fault: Option<Fault>,
}

/// What a person sees who opens the address in a browser.
async fn start_page(State(shelf): State<Shelf>) -> Html<String> {
    Html(format!("<!doctype html>\n<title>Shop</title>\n<p>The demo shop, version {}.</p>\n", shelf.version))
}

async fn health(State(shelf): State<Shelf>) -> Response {
    match shelf.fault {
        Some(Fault::NeverReady) => (StatusCode::SERVICE_UNAVAILABLE, "not ready\n").into_response(),
        Some(Fault::ServerError | Fault::Slow | Fault::WrongBody) | None => "ok\n".into_response(),
    }
}

async fn product(State(shelf): State<Shelf>) -> Response {
    let price = match shelf.fault {
        Some(Fault::ServerError) => {
            let body = serde_json::json!({ "error": "the product shelf is empty" });
            return (StatusCode::INTERNAL_SERVER_ERROR, json(&body)).into_response();
        }
        Some(Fault::Slow) => {
            tokio::time::sleep(SLOW).await;
            serde_json::json!(9.5)
        }
        Some(Fault::WrongBody) => serde_json::json!("9.50"),
        Some(Fault::NeverReady) | None => serde_json::json!(9.5),
    };
    let product = serde_json::json!({
        "id": 42, "name": "Green tea", "price": price, "tags": ["tea"], "version": shelf.version,
    });
    json(&product).into_response()
}

fn json(body: &serde_json::Value) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], body.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, ShopError> {
        Settings::read(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_environment_names_the_fault() {
        for (text, fault) in [
            ("", None),
            ("500", Some(Fault::ServerError)),
            ("slow", Some(Fault::Slow)),
            ("wrong-body", Some(Fault::WrongBody)),
            ("never-ready", Some(Fault::NeverReady)),
        ] {
            let settings = read(&[("PORT", "8080"), ("SHOP_VERSION", "2"), ("SHOP_FAILS", text)]).unwrap();
            assert_eq!(settings.fault, fault);
        }
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        for (variables, message) in [
            (vec![("SHOP_VERSION", "1")], "open the shop: PORT is not set"),
            (vec![("PORT", "http")], "open the shop: PORT is \"http\", which is not a port"),
            (vec![("PORT", "80")], "open the shop: SHOP_VERSION is not set"),
            (
                vec![("PORT", "80"), ("SHOP_VERSION", "1"), ("SHOP_FAILS", "sometimes")],
                "open the shop: SHOP_FAILS is \"sometimes\", which is none of 500, slow, wrong-body, never-ready",
            ),
        ] {
            assert_eq!(read(&variables).unwrap_err().to_string(), message);
        }
    }
}
