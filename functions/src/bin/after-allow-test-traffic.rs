//! The hook of one lifecycle event.
fn main() {}
