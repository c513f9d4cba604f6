//! Versions of HTTP, as numbers: `1.1`, `2`.

use http::Version;

use super::fields::Problems;
use super::tree::{Node, Value};

pub(crate) const HTTP_1_1: (&str, Version) = ("1.1", Version::HTTP_11);

/// One of these versions; text counts, because a variable's value is text.
pub(crate) fn http_version(
    node: &Node,
    path: &str,
    versions: &[(&str, Version)],
    problems: &mut Problems,
) -> Option<Version> {
    let given = match &node.value {
        Value::Number(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        other => other.kind().to_owned(),
    };
    let named = given.strip_suffix(".0").filter(|_| given != "1.0").unwrap_or(&given);
    let found = versions.iter().find(|(name, _)| *name == named).map(|(_, version)| *version);
    if found.is_none() {
        let known: Vec<&str> = versions.iter().map(|(name, _)| *name).collect();
        problems.add(node.at, path, format_args!("expected a version of HTTP, {}, got {given}", known.join(" or ")));
    }
    found
}
