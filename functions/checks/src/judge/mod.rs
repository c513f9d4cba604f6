//! What was seen held against what the plan expects, one file a kind. Pure: no clock, no network.

pub(crate) mod alarm;
pub(crate) mod http;
pub(crate) mod load;
pub(crate) mod metric;
mod schema;
#[cfg(test)]
mod schema_tests;
pub(crate) mod tls;
