//! The HTTP client of one endpoint, built once. It sends nothing by itself.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Certificate, Client, Url, redirect, retry};
use rustls::pki_types::CertificateDer;

use crate::surroundings::Endpoint;

/// A load balancer accepts at once or not at all.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Who asks.
pub(crate) const USER_AGENT: &str = concat!("greenlight/", env!("CARGO_PKG_VERSION"));

/// The endpoint's URL and a client for it. Every request has a connection of its own, so that no older connection hides that
/// new ones are refused or go elsewhere; nothing is retried behind the check's back.
pub(crate) fn client(endpoint: &Endpoint) -> Result<(Url, Client), String> {
    let mut base = Url::parse(&endpoint.base).map_err(|error| error.to_string())?;
    let address = base.host_str().ok_or("it names no host")?.trim_matches(['[', ']']).to_owned();
    // reqwest wants a TLS provider to be chosen; where the process has chosen already, this choice is refused.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_max_idle_per_host(0)
        .no_proxy()
        .http1_only()
        .retry(retry::never())
        .redirect(redirect::Policy::none())
        .user_agent(USER_AGENT);
    // Where the endpoint has a host of its own, that is the name in the URL, and every name leads to the address.
    let mut pinned = None;
    match base.scheme() {
        // No certificate is ever looked at, so a machine without a trust store can do this.
        "http" => builder = builder.tls_certs_only([]),
        "https" => {
            if let Some(ca) = &endpoint.ca {
                let certificate = |der: &CertificateDer<'_>| Certificate::from_der(der);
                let trusted: Result<Vec<_>, _> = ca.certificates().iter().map(certificate).collect();
                builder = builder.tls_certs_only(trusted.map_err(|error| error.to_string())?);
            }
            // The name of the certificate comes from the URL.
            if let Some(host) = &endpoint.host {
                let name = Url::parse(&format!("https://{host}/")).map_err(|error| error.to_string())?;
                base.set_host(name.host_str()).map_err(|error| error.to_string())?;
                pinned = Some(address.into());
            }
        }
        other => return Err(format!("{other} is neither http nor https")),
    }
    let client = builder.dns_resolver(Arc::new(Names { pinned })).build().map_err(|error| error.to_string())?;
    Ok((base, client))
}

/// A name that leads to no address.
#[derive(Debug, thiserror::Error)]
#[error("{name} does not resolve: {cause}")]
pub(crate) struct Unresolved {
    name: String,
    cause: io::Error,
}

/// The addresses behind a name; never none.
pub(crate) async fn addresses(name: &str, port: u16) -> Result<Vec<SocketAddr>, Unresolved> {
    let unresolved = |cause| Unresolved { name: name.to_owned(), cause };
    let found: Vec<SocketAddr> = tokio::net::lookup_host((name, port)).await.map_err(unresolved)?.collect();
    if found.is_empty() {
        return Err(unresolved(io::Error::new(io::ErrorKind::NotFound, "it has no address")));
    }
    Ok(found)
}

/// Leads a name to its addresses, or every name to those of one.
struct Names {
    pinned: Option<Arc<str>>,
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let name = self.pinned.clone().unwrap_or_else(|| name.as_str().into());
        Box::pin(async move { Ok(Box::new(addresses(&name, 0).await?.into_iter()) as Addrs) })
    }
}
