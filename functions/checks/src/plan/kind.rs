//! The kinds of checks. Each has one file here, one under `probe`, one under `judge` and one under `run`; this is where they
//! are listed.

use super::alarm::{self, AlarmCheck};
use super::approval::{self, ApprovalCheck};
use super::compare::{self, CompareCheck};
use super::fields::{Fields, Problems};
use super::givens::Givens;
use super::grpc_health::{self, GrpcHealthCheck};
use super::http::{self, HttpCheck, HttpRequest};
use super::load::{self, LoadCheck};
use super::metric::{self, MetricCheck};
use super::tls::{self, TlsCheck};
use super::websocket::{self, WebsocketCheck};

/// What a check does and what it expects.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Alarm(AlarmCheck),
    Approval(ApprovalCheck),
    Compare(CompareCheck),
    GrpcHealth(GrpcHealthCheck),
    Http(HttpCheck),
    Load(LoadCheck),
    Metric(MetricCheck),
    Tls(TlsCheck),
    Websocket(WebsocketCheck),
}

/// The kinds of this version.
pub(crate) const NAMES: [&str; 9] =
    ["http", "load", "tls", "grpc_health", "websocket", "compare", "alarm", "metric", "approval"];

/// Kinds that are judged once, over everything that they saw; repeating them until they pass would prove nothing.
const JUDGED_ONCE: [&str; 4] = ["load", "compare", "alarm", "metric"];

impl Kind {
    /// Its name in plans and evidence.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Alarm(_) => "alarm",
            Self::Approval(_) => "approval",
            Self::Compare(_) => "compare",
            Self::GrpcHealth(_) => "grpc_health",
            Self::Http(_) => "http",
            Self::Load(_) => "load",
            Self::Metric(_) => "metric",
            Self::Tls(_) => "tls",
            Self::Websocket(_) => "websocket",
        }
    }

    /// What its requests carry and nobody may see, besides `${secret:NAME}`.
    pub(crate) fn secrets(&self) -> Vec<&str> {
        match self {
            Self::Compare(compare) => compare.requests.iter().flat_map(HttpRequest::secrets).collect(),
            Self::Http(http) => http.request.secrets(),
            Self::Load(load) => load.request.secrets(),
            Self::Websocket(websocket) => websocket.secrets(),
            Self::Alarm(_) | Self::Approval(_) | Self::GrpcHealth(_) | Self::Metric(_) | Self::Tls(_) => Vec::new(),
        }
    }

    /// Whether it asks CloudWatch.
    pub(crate) fn asks_cloudwatch(&self) -> bool {
        matches!(self, Self::Alarm(_) | Self::Metric(_))
    }

    /// Whether the service answers it; a handshake is the load balancer's, and CloudWatch is asked beside it.
    pub(crate) fn asks_the_service(&self) -> bool {
        match self {
            Self::Compare(_) | Self::GrpcHealth(_) | Self::Http(_) | Self::Load(_) | Self::Websocket(_) => true,
            Self::Alarm(_) | Self::Approval(_) | Self::Metric(_) | Self::Tls(_) => false,
        }
    }
}

/// Reads the one kind of a check, whose fields may be `known`.
pub(crate) fn read(check: &Fields<'_>, known: &[&str], givens: &Givens<'_>, problems: &mut Problems) -> Option<Kind> {
    let given: Vec<_> = NAMES.into_iter().filter_map(|name| Some((name, check.get(name)?))).collect();
    let [(name, node)] = given.as_slice() else {
        // A misspelt kind has been told already.
        let told = check.entries().iter().any(|(key, _)| !known.contains(&key.name.as_str()));
        if !given.is_empty() || !told {
            let text = format_args!("expected one kind of check, got {}; add one of {}", given.len(), NAMES.join(", "));
            problems.add(check.at, check.path(), text);
        }
        return None;
    };
    if JUDGED_ONCE.contains(name)
        && let Some(retry) = check.get("retry")
    {
        let article = if *name == "alarm" { "an" } else { "a" };
        let text = format_args!("{article} {name} check is judged once and not repeated");
        problems.add(retry.at, &check.path_of("retry"), text);
    }
    match *name {
        "alarm" => alarm::read(node, check, problems).map(Kind::Alarm),
        "approval" => approval::read(node, check, problems).map(Kind::Approval),
        "compare" => compare::read(node, check, problems).map(Kind::Compare),
        "grpc_health" => grpc_health::read(node, check, problems).map(Kind::GrpcHealth),
        "load" => load::read(node, check, problems).map(Kind::Load),
        "metric" => metric::read(node, check, problems).map(Kind::Metric),
        "tls" => tls::read(node, check, problems).map(Kind::Tls),
        "websocket" => websocket::read(node, check, problems).map(Kind::Websocket),
        // The only other of `NAMES`.
        _ => http::read(node, check, givens, problems).map(Kind::Http),
    }
}
