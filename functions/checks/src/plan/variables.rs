//! `${NAME}` in the values of a tree. Substituted after parsing, so a variable's value is text and never becomes syntax.
//! Keys are not touched; `$${` is a literal `${`. There is no default: an undefined variable is a problem.

use super::fields::Problems;
use super::tree::{Node, Value};

/// Fills in the whole tree and keeps what is undefined.
pub(crate) fn substitute(
    node: &mut Node,
    path: &str,
    variables: &dyn Fn(&str) -> Option<String>,
    problems: &mut Problems,
) {
    match &mut node.value {
        Value::Text(text) if text.contains("${") => match resolve(text, variables) {
            Ok(resolved) => *text = resolved,
            Err(wrong) => problems.add_unknown_value(node.at, path, wrong),
        },
        Value::Text(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
        Value::List(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                substitute(item, &format!("{path}[{index}]"), variables, problems);
            }
        }
        Value::Map(entries) => {
            for (key, item) in entries {
                let path = if path.is_empty() { key.name.clone() } else { format!("{path}.{}", key.name) };
                substitute(item, &path, variables, problems);
            }
        }
    }
}

fn resolve(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<String, Vec<String>> {
    let mut resolved = String::new();
    let mut wrong = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, from_dollar) = rest.split_at(start);
        if let Some(before) = before.strip_suffix('$') {
            resolved.push_str(before);
            resolved.push_str("${");
            rest = &from_dollar[2..];
            continue;
        }
        resolved.push_str(before);
        let Some(end) = from_dollar.find('}') else {
            wrong.push("\"${\" without \"}\"; write \"$${\" for a literal one".to_owned());
            rest = "";
            break;
        };
        let name = &from_dollar[2..end];
        match value_of(name, lookup) {
            Ok(value) => {
                resolved.push_str(&value);
            }
            Err(what) => wrong.push(what),
        }
        rest = &from_dollar[end + 1..];
    }
    resolved.push_str(rest);
    if wrong.is_empty() { Ok(resolved) } else { Err(wrong) }
}

fn value_of(name: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    if name.starts_with("secret:") {
        return Err(format!("\"${{{name}}}\" is not supported by this version"));
    }
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|each| each.is_ascii_alphanumeric() || each == '_');
    if !is_name {
        return Err(format!("\"${{{name}}}\" is not a variable; a name has letters, digits and \"_\""));
    }
    lookup(name).ok_or_else(|| format!("variable \"{name}\" is not defined"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(name: &str) -> Option<String> {
        (name == "NAME").then(|| "shop: {}".to_owned())
    }

    #[test]
    fn a_value_is_text_and_a_doubled_dollar_is_literal() {
        let resolved = resolve("a ${NAME} b $${NAME} c", &lookup).unwrap();
        assert_eq!(resolved, "a shop: {} b ${NAME} c");
    }

    #[test]
    fn everything_wrong_in_one_text_is_reported() {
        let wrong = resolve("${A} ${1x} ${secret:TOKEN} ${", &lookup).err().unwrap();
        assert_eq!(wrong.len(), 4);
        assert_eq!(wrong[0], "variable \"A\" is not defined");
    }
}
