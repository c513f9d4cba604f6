//! The options of `greenlight check`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use greenlight_checks::event::HookEvent;

use super::common::variable;

#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// The check plan
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: PathBuf,
    /// Where the version under test is reached: scheme, host and port
    #[arg(long, value_name = "URL", value_parser = address)]
    pub(crate) green: String,
    /// Where the version that serves is reached
    #[arg(long, value_name = "URL", value_parser = address)]
    pub(crate) blue: Option<String>,
    /// Only the checks of this lifecycle event
    #[arg(long, value_name = "NAME")]
    pub(crate) event: Option<HookEvent>,
    /// Sets ${NAME} in the plan; goes before the environment
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = variable)]
    pub(crate) variables: Vec<(String, String)>,
    /// How to tell: for people, NDJSON, or JUnit XML on standard output; progress goes to standard error
    #[arg(long, value_enum, default_value_t = CheckOutput::Human)]
    pub(crate) output: CheckOutput,
    /// Where the JUnit XML goes [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) output_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckOutput {
    /// A line for each check and what speaks against it
    Human,
    /// One JSON object a line; the last one is the outcome
    Json,
    /// JUnit XML, for CI servers: a test case for each check, and one for the verdict
    Junit,
}

/// Without a path: the checks have theirs.
fn address(text: &str) -> Result<String, String> {
    let expected = || format!("expected an address like http://127.0.0.1:8080, without a path, got {text:?}");
    let address = text.strip_suffix('/').unwrap_or(text);
    let authority =
        address.strip_prefix("http://").or_else(|| address.strip_prefix("https://")).ok_or_else(expected)?;
    let odd = |c: char| c.is_whitespace() || ['/', '?', '#', '@'].contains(&c);
    if authority.is_empty() || authority.contains(odd) { Err(expected()) } else { Ok(address.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_scheme_host_and_port_and_nothing_else() {
        assert_eq!(address("http://127.0.0.1:8080/"), Ok("http://127.0.0.1:8080".to_owned()));
        assert_eq!(address("https://shop.example.com"), Ok("https://shop.example.com".to_owned()));
        for wrong in ["127.0.0.1:8080", "ftp://x", "http://", "http://x/y", "http://a b", "http://u@x"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }
}
