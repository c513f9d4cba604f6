//! How a check reaches what it tests, one file a kind. A probe measures and judges nothing.

mod client;
mod connection;
pub(crate) mod http;
#[cfg(test)]
mod http_tests;
pub(crate) mod load;
pub(crate) mod tls;
