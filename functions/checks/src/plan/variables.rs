//! `${NAME}` in the values of a tree. Substituted after parsing, so a variable's value is text and never becomes syntax.
//! Keys are not touched; `$${` is a literal `${`. There is no default: an undefined variable is a problem. The values of
//! `${secret:NAME}` are kept, so that nothing shows them.

use super::fields::Problems;
use super::givens::Givens;
use super::tree::{Node, Value};
use crate::secrets::SHORTEST;

/// Fills in the whole tree and keeps what is undefined.
pub(crate) fn substitute(node: &mut Node, path: &str, givens: &Givens<'_>, problems: &mut Problems) {
    match &mut node.value {
        Value::Text(text) if text.contains("${") => {
            match resolve(text, givens, &mut |secret| problems.secrets.add(secret)) {
                Ok(resolved) => *text = resolved,
                Err(wrong) => problems.add_unknown_value(node.at, path, wrong),
            }
        }
        Value::Text(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
        Value::List(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                substitute(item, &format!("{path}[{index}]"), givens, problems);
            }
        }
        Value::Map(entries) => {
            for (key, item) in entries {
                let path = if path.is_empty() { key.name.clone() } else { format!("{path}.{}", key.name) };
                substitute(item, &path, givens, problems);
            }
        }
    }
}

fn resolve(text: &str, givens: &Givens<'_>, keep: &mut dyn FnMut(&str)) -> Result<String, Vec<String>> {
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
        let value = match name.strip_prefix("secret:") {
            Some(name) => secret(name, givens).inspect(|value| keep(value)),
            None => variable(name, givens),
        };
        match value {
            Ok(value) => resolved.push_str(&value),
            Err(what) => wrong.push(what),
        }
        rest = &from_dollar[end + 1..];
    }
    resolved.push_str(rest);
    if wrong.is_empty() { Ok(resolved) } else { Err(wrong) }
}

fn variable(name: &str, givens: &Givens<'_>) -> Result<String, String> {
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|each| each.is_ascii_alphanumeric() || each == '_');
    if !is_name {
        return Err(format!("\"${{{name}}}\" is not a variable; a name has letters, digits and \"_\""));
    }
    (givens.variable)(name).ok_or_else(|| format!("variable \"{name}\" is not defined"))
}

fn secret(name: &str, givens: &Givens<'_>) -> Result<String, String> {
    let is_name = !name.is_empty()
        && name.chars().all(|each| each.is_ascii_alphanumeric() || matches!(each, '_' | '-' | '/' | '.'));
    if !is_name {
        return Err(format!("\"${{secret:{name}}}\" is not a secret; a name has letters, digits, _, -, / and ."));
    }
    let value = (givens.secret)(name).ok_or_else(|| format!("secret \"{name}\" is not defined"))?;
    if value.chars().count() < SHORTEST {
        let text = "characters; taking it out of messages would hide ordinary text, so it is not used";
        return Err(format!("secret \"{name}\" has fewer than {SHORTEST} {text}"));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(text: &str) -> (Result<String, Vec<String>>, Vec<String>) {
        let variable = |name: &str| (name == "NAME").then(|| "shop: {}".to_owned());
        let secret = |name: &str| match name {
            "prod/api-token.v1" => Some("s3cr3t-value".to_owned()),
            "SHORT" => Some("12345".to_owned()),
            _ => None,
        };
        let givens = Givens::at(jiff::Timestamp::UNIX_EPOCH).with_variables(&variable).with_secrets(&secret);
        let mut kept = Vec::new();
        (resolve(text, &givens, &mut |secret| kept.push(secret.to_owned())), kept)
    }

    #[test]
    fn a_value_is_text_and_a_doubled_dollar_is_literal() {
        let (resolved, kept) = resolved("a ${NAME} b $${NAME} c");
        assert_eq!(resolved.unwrap(), "a shop: {} b ${NAME} c");
        assert_eq!(kept, [""; 0]);
    }

    #[test]
    fn everything_wrong_in_one_text_is_reported() {
        let wrong = resolved("${A} ${1x} ${secret:TOKEN} ${secret:a b} ${secret:SHORT} ${").0.unwrap_err();
        assert_eq!(
            wrong,
            [
                "variable \"A\" is not defined",
                "\"${1x}\" is not a variable; a name has letters, digits and \"_\"",
                "secret \"TOKEN\" is not defined",
                "\"${secret:a b}\" is not a secret; a name has letters, digits, _, -, / and .",
                "secret \"SHORT\" has fewer than 6 characters; taking it out of messages would hide ordinary text, so it is not used",
                "\"${\" without \"}\"; write \"$${\" for a literal one",
            ]
        );
    }

    #[test]
    fn a_secrets_value_is_filled_in_and_kept() {
        let (resolved, kept) = resolved("Bearer ${secret:prod/api-token.v1}");
        assert_eq!(resolved.unwrap(), "Bearer s3cr3t-value");
        assert_eq!(kept, ["s3cr3t-value"]);
    }
}
