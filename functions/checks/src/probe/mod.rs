//! How a check reaches what it tests, one file a kind. A probe measures and judges nothing.

pub(crate) mod http;
