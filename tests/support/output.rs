//! What a command printed, for a test that reads it.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::process::Output;

use serde_json::Value;

/// Both streams, for a message or a search.
pub(crate) fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Standard output as NDJSON.
pub(crate) fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}
