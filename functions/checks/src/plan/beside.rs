//! Files that a plan names: they lie beside it, and what is wrong with one is a problem of the plan. Who reads them is the
//! caller's choice (`Givens`).

use super::fields::{Problems, text};
use super::givens::Givens;
use super::tree::Node;

/// A larger file would be somebody's data.
const LARGEST: usize = 1024 * 1024;

/// The bytes of the file that a value names, and its name.
pub(crate) fn file<'a>(
    node: &'a Node,
    path: &str,
    givens: &Givens<'_>,
    problems: &mut Problems,
) -> Option<(&'a str, Vec<u8>)> {
    let name = text(node, path, problems)?;
    let is_beside = !name.is_empty()
        && !name.starts_with('/')
        && !name.contains(['\\', ':'])
        && name.split('/').all(|part| !matches!(part, "" | "." | ".."));
    if !is_beside {
        let text =
            format_args!("expected the path of a file beside the plan, such as schemas/product.json, got {name:?}");
        problems.add(node.at, path, text);
        return None;
    }
    match (givens.file)(name) {
        Ok(bytes) if bytes.len() > LARGEST => {
            problems.add(node.at, path, format_args!("{name} has {} bytes; at most {LARGEST} are read", bytes.len()));
            None
        }
        Ok(bytes) => Some((name, bytes)),
        Err(reason) => {
            problems.add(node.at, path, format_args!("{name} cannot be read: {reason}"));
            None
        }
    }
}
