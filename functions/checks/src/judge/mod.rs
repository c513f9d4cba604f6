//! What was seen held against what the plan expects, one file a kind. Pure: no clock, no network.

pub(crate) mod alarm;
pub(crate) mod compare;
mod difference;
mod document;
pub(crate) mod grpc_health;
pub(crate) mod http;
pub(crate) mod load;
pub(crate) mod metric;
mod noise;
mod schema;
#[cfg(test)]
mod schema_tests;
mod statistics;
pub(crate) mod tls;
pub(crate) mod websocket;
