//! JSONPaths of a plan, and whether one selects one node at most: the parser knows and does not tell.

use std::sync::LazyLock;

use regex::Regex;
use serde_json_path::JsonPath;

use super::fields::Problems;
use super::tree::Node;

/// Reads one, which stands in `node`.
pub(crate) fn parse(text: &str, node: &Node, path: &str, problems: &mut Problems) -> Option<JsonPath> {
    let read = JsonPath::parse(text);
    if let Err(error) = &read {
        problems.add(node.at, path, format_args!("{text:?} is no JSONPath (RFC 9535): {error}"));
    }
    read.ok()
}

/// A singular query of RFC 9535, 2.3.5.1: only names and indexes.
static SINGULAR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"^\$(?:\s*(?:\.[\p{Alphabetic}_][\p{Alphabetic}\p{N}_]*|\[\s*(?:-?\d+|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\s*\]))*$"#)
        .expect("the expression is a constant that the tests compile")
});

/// For a path that parses.
pub(crate) fn is_singular(path: &str) -> bool {
    SINGULAR.is_match(path.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_indexes_are_singular_and_nothing_else() {
        for singular in ["$", "$.price", "$.a.b[0]", "$['a b'][-1]", "$[\"x\"].y", "$['*']", "$['a,b:c..']"] {
            assert!(is_singular(singular), "{singular}");
        }
        for several in ["$.*", "$..a", "$.a[*]", "$[0,1]", "$[0:2]", "$[?@.a>1]", "$['a','b']"] {
            assert!(!is_singular(several), "{several}");
        }
    }
}
