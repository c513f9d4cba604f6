//! Arguments to options to `run`; nothing is decided here.
fn main() {}
