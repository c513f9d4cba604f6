//! `endpoints`: how the two versions are reached, and whom their certificates must come from.

use reqwest::Url;

use super::beside;
use super::fields::{Fields, Problems};
use super::givens::Givens;
use super::model::{EndpointSpec, EndpointSpecs, Via};
use super::tree::Node;
use crate::authorities::Authorities;

/// Reads `endpoints`; what is not said is the deployment group's listeners.
pub(crate) fn endpoints(node: Option<&Node>, givens: &Givens<'_>, problems: &mut Problems) -> EndpointSpecs {
    let fields = node.and_then(|node| Fields::read(node, "endpoints", &["green", "blue"], problems));
    let mut side = |name: &str, default: Via| {
        let node = fields.as_ref().and_then(|fields| fields.get(name));
        node.and_then(|node| endpoint(node, &format!("endpoints.{name}"), default.clone(), givens, problems))
            .unwrap_or(EndpointSpec { via: default, host: None, ca: None })
    };
    EndpointSpecs { green: side("green", Via::TestListener), blue: side("blue", Via::ProductionListener) }
}

fn endpoint(
    node: &Node,
    path: &str,
    default: Via,
    givens: &Givens<'_>,
    problems: &mut Problems,
) -> Option<EndpointSpec> {
    let fields = Fields::read(node, path, &["via", "url", "host", "ca"], problems)?;
    let ways =
        [("test_listener", Way::TestListener), ("production_listener", Way::ProductionListener), ("url", Way::Url)];
    let way = fields.word("via", &ways, problems);
    let url = fields.text("url", problems);
    if let (Some(url), Some(node)) = (&url, fields.get("url"))
        && !is_base(url)
    {
        let text = format_args!("expected http://host:port or https://host:port and nothing behind it, got {url:?}");
        problems.add(node.at, &fields.path_of("url"), text);
    }
    let via = match (way, url) {
        (Some(Way::Url), None) => {
            problems.add(node.at, path, "says via: url and gives no url");
            default
        }
        (Some(Way::TestListener | Way::ProductionListener), Some(_)) => {
            problems.add(node.at, path, "says both via and url; one of them is the way");
            default
        }
        (Some(Way::TestListener), None) => Via::TestListener,
        (Some(Way::ProductionListener), None) => Via::ProductionListener,
        (Some(Way::Url) | None, Some(url)) => Via::Url(url.trim_end_matches('/').to_owned()),
        (None, None) => default,
    };
    let host = fields.text("host", problems);
    if let (Some(host), Some(node)) = (&host, fields.get("host"))
        && !is_host(host)
    {
        problems.add(node.at, &fields.path_of("host"), format_args!("expected a host name, got {host:?}"));
    }
    Some(EndpointSpec { via, host, ca: fields.get("ca").and_then(|node| ca(node, &fields, givens, problems)) })
}

fn ca(node: &Node, fields: &Fields<'_>, givens: &Givens<'_>, problems: &mut Problems) -> Option<Authorities> {
    let path = fields.path_of("ca");
    let (name, pem) = beside::file(node, &path, givens, problems)?;
    let read = Authorities::from_pem(&pem);
    read.map_err(|reason| problems.add(node.at, &path, format_args!("{name} cannot be used: {reason}"))).ok()
}

#[derive(Clone, Copy)]
enum Way {
    TestListener,
    ProductionListener,
    Url,
}

fn is_base(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.host_str().is_some()
            && (url.username(), url.password()) == ("", None)
            && (url.path(), url.query(), url.fragment()) == ("/", None, None)
    })
}

/// A name, perhaps with a port.
fn is_host(text: &str) -> bool {
    !text.contains(['/', '\\', '@', '?', '#', ' ']) && is_base(&format!("http://{text}"))
}
