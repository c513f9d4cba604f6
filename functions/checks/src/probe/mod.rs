//! How a check reaches what it tests, one file a kind. A probe measures and judges nothing.

mod client;
pub(crate) mod compare;
pub(crate) mod connection;
pub(crate) mod error;
pub(crate) mod grpc_health;
pub(crate) mod http;
mod http1;
#[cfg(test)]
mod http1_tests;
mod http2;
#[cfg(test)]
mod http2_tests;
#[cfg(test)]
mod http_tests;
pub(crate) mod load;
mod pacer;
pub(crate) mod tls;
pub(crate) mod websocket;
