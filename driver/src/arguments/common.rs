//! What many verbs take alike: where the configuration is, which AWS, how to tell.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

// What every verb that asks AWS about a configured deployment group takes. (A doc comment would become the verb's own help.)
#[derive(Debug, Args)]
pub(crate) struct SharedArguments {
    #[command(flatten)]
    pub(crate) configuration: ConfigurationArguments,
    #[command(flatten)]
    pub(crate) aws: AwsArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigurationArguments {
    /// The configuration
    #[arg(short, long, value_name = "FILE", default_value = "greenlight.yaml")]
    pub(crate) file: PathBuf,
    /// Sets ${NAME} in the configuration; goes before the environment
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = variable)]
    pub(crate) variables: Vec<(String, String)>,
}

#[derive(Debug, Args)]
pub(crate) struct AwsArguments {
    /// A profile of the shared AWS configuration files [default: AWS_PROFILE]
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// The region [default: AWS_REGION, or the profile's]
    #[arg(long, value_name = "NAME")]
    pub(crate) region: Option<String>,
    /// One endpoint for all services [default: AWS_ENDPOINT_URL, or AWS]
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    pub(crate) endpoint_url: Option<String>,
    /// The shortest time between two looks at the deployment; below 1s the longer ones come sooner in proportion
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = poll)]
    pub(crate) poll: Duration,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// Keeps the report in this folder: report.html, report.json, junit.xml, summary.md
    #[arg(long, value_name = "DIR")]
    pub(crate) report: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct OutputArguments {
    /// How to tell: for people on standard error, or NDJSON on standard output
    #[arg(long, value_enum, default_value_t = Output::Human)]
    pub(crate) output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// A live view on a terminal, a line for each change elsewhere
    Human,
    /// One JSON object a line; the last one is the outcome
    Json,
}

pub(super) fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

fn endpoint(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match rest {
        Some(rest) if !rest.is_empty() && !rest.starts_with('/') && !rest.contains(char::is_whitespace) => {
            Ok(text.to_owned())
        }
        _ => Err("expected a URL like https://codedeploy.eu-west-1.amazonaws.com".to_owned()),
    }
}

fn poll(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 0.001),
        None => (text.strip_suffix('s').ok_or("expected a duration like 500ms or 2s")?, 1.0),
    };
    let seconds: f64 = number.trim().parse().map_err(|_| "expected a duration like 500ms or 2s")?;
    let seconds = seconds * unit;
    // Below that every service throttles; above it transitions are missed.
    if (0.1..=60.0).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err("expected 100ms to 60s".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poll_has_a_floor_and_a_ceiling() {
        assert_eq!(poll("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(poll("2s"), Ok(Duration::from_secs(2)));
        for wrong in ["5", "10ms", "2m", "xs", "-1s", "NaNs"] {
            assert!(poll(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_endpoint_has_a_scheme_and_a_host() {
        for right in ["http://127.0.0.1:4566", "https://vpce-1.codedeploy.eu-west-1.vpce.amazonaws.com/"] {
            assert_eq!(endpoint(right), Ok(right.to_owned()));
        }
        for wrong in ["", "127.0.0.1:4566", "ftp://x", "http://", "http:///x", "http://a b"] {
            assert!(endpoint(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_variable_may_have_an_equals_sign_in_its_value() {
        assert_eq!(variable("A=b=c"), Ok(("A".to_owned(), "b=c".to_owned())));
        assert!(variable("=x").is_err() && variable("A").is_err());
    }
}
