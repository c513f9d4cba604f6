//! A connection of our own to an endpoint, for what goes over no HTTP/1.1 client: plain or over TLS by its scheme, to its
//! address and in the name of its host. TLS is always verified; nothing is sent over the connection here.

use std::io;
use std::sync::Arc;

use reqwest::Url;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::ServerName;
use rustls::{AlertDescription, ClientConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::client::{CONNECT_TIMEOUT, addresses};
use super::error::ProbeError;
use crate::authorities::roots;
use crate::surroundings::Endpoint;

/// Both directions of a connection.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// Where an endpoint is and what it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    base: String,
    /// A name or an address, without brackets.
    pub(crate) address: String,
    pub(crate) port: u16,
    pub(crate) secure: bool,
    /// What its certificate must be for, without a port.
    pub(crate) name: String,
    /// `Host` and `:authority`.
    pub(crate) authority: String,
}

impl Target {
    pub(crate) fn of(endpoint: &Endpoint) -> Result<Self, ProbeError> {
        let unusable = |reason: String| ProbeError::Address(endpoint.base.clone(), reason);
        let url = Url::parse(&endpoint.base).map_err(|error| unusable(error.to_string()))?;
        let secure = match url.scheme() {
            "https" => true,
            "http" => false,
            other => return Err(unusable(format!("{other} is neither http nor https"))),
        };
        let host = url.host_str().ok_or_else(|| unusable("it names no host".to_owned()))?;
        let (name, authority) = match &endpoint.host {
            Some(host) => {
                let named = Url::parse(&format!("https://{host}/")).map_err(|error| unusable(error.to_string()))?;
                (named.host_str().unwrap_or(host).to_owned(), host.clone())
            }
            None => {
                let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
                (host.to_owned(), format!("{host}{port}"))
            }
        };
        let bare = |name: &str| name.trim_matches(['[', ']']).to_owned();
        Ok(Self {
            base: endpoint.base.clone(),
            address: bare(host),
            port: url.port_or_known_default().unwrap_or(443),
            secure,
            name: bare(&name),
            authority,
        })
    }

    /// `http` or `https`.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }

    pub(crate) fn server_name(&self) -> Result<ServerName<'static>, ProbeError> {
        ServerName::try_from(self.name.clone())
            .map_err(|error| ProbeError::Address(self.base.clone(), error.to_string()))
    }

    pub(crate) async fn tcp(&self) -> Result<TcpStream, ProbeError> {
        let connecting = async {
            let found = addresses(&self.address, self.port).await;
            let found = found.map_err(|unresolved| ProbeError::Unresolved(unresolved.to_string()))?;
            let connected = TcpStream::connect(&*found).await;
            // A request is not to wait for the acknowledgement of what was sent before it.
            connected.and_then(|stream| stream.set_nodelay(true).map(|()| stream)).map_err(|error| match error.kind() {
                io::ErrorKind::ConnectionRefused => ProbeError::Refused,
                _ => ProbeError::Connect(format!(": {error}")),
            })
        };
        tokio::time::timeout(CONNECT_TIMEOUT, connecting).await.map_err(|_| ProbeError::ConnectTimeout)?
    }
}

/// What is spoken over a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaks {
    Http1,
    Http2,
}

impl Speaks {
    /// Its name in ALPN.
    fn protocol(self) -> &'static [u8] {
        match self {
            Self::Http1 => b"http/1.1",
            Self::Http2 => b"h2",
        }
    }
}

/// Connects; over TLS, what is spoken is agreed upon by ALPN. A server that agrees to nothing
/// speaks HTTP/1.1.
pub(crate) async fn open(endpoint: &Endpoint, target: &Target, speaks: Speaks) -> Result<Box<dyn Duplex>, ProbeError> {
    connect(target, tls(endpoint, target, speaks)?).await
}

/// What a handshake needs, where there is one. Connections that share it resume each other's sessions.
pub(crate) fn tls(
    endpoint: &Endpoint,
    target: &Target,
    speaks: Speaks,
) -> Result<Option<Arc<ClientConfig>>, ProbeError> {
    if !target.secure {
        return Ok(None);
    }
    let mut config = verified_by(verifier(endpoint)?)?;
    config.alpn_protocols = vec![speaks.protocol().to_vec()];
    Ok(Some(Arc::new(config)))
}

/// The same as [`open`], with what [`tls`] gave.
pub(crate) async fn connect(target: &Target, tls: Option<Arc<ClientConfig>>) -> Result<Box<dyn Duplex>, ProbeError> {
    let stream = target.tcp().await?;
    let Some(config) = tls else { return Ok(Box::new(stream)) };
    let only_http2 = config.alpn_protocols == [Speaks::Http2.protocol()];
    let stream =
        TlsConnector::from(config).connect(target.server_name()?, stream).await.map_err(|error| refused(&error))?;
    if only_http2 && stream.get_ref().1.alpn_protocol() != Some(Speaks::Http2.protocol()) {
        return Err(ProbeError::NotHttp2(": it does not agree to h2 by ALPN".to_owned()));
    }
    Ok(Box::new(stream))
}

/// The ordinary verification, against what the endpoint trusts.
pub(crate) fn verifier(endpoint: &Endpoint) -> Result<Arc<WebPkiServerVerifier>, ProbeError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    WebPkiServerVerifier::builder_with_provider(roots(endpoint.ca.as_ref()), provider)
        .build()
        .map_err(|error| ProbeError::Tls(format!("this machine has no usable roots: {error}")))
}

pub(crate) fn verified_by(verifier: Arc<dyn ServerCertVerifier>) -> Result<ClientConfig, ProbeError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ProbeError::Tls(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth())
}

/// What a request line names.
pub(super) fn path_and_query(url: &Url) -> String {
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}

fn refused(error: &io::Error) -> ProbeError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::AlertReceived(AlertDescription::NoApplicationProtocol)) => {
            ProbeError::NotHttp2(": it refuses h2 by ALPN".to_owned())
        }
        Some(tls) => ProbeError::Tls(tls.to_string()),
        None => ProbeError::Tls(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(base: &str, host: Option<&str>) -> Result<Target, String> {
        let endpoint = Endpoint {
            base: base.to_owned(),
            host: host.map(str::to_owned),
            ca: None,
            via: "test listener".to_owned(),
        };
        Target::of(&endpoint).map_err(|error| error.to_string())
    }

    #[test]
    fn the_address_is_the_bases_and_the_name_is_the_hosts() {
        for (base, host, address, port, name, authority) in [
            ("http://10.0.0.1:8080", None, "10.0.0.1", 8080, "10.0.0.1", "10.0.0.1:8080"),
            ("https://elb.example", Some("shop.test"), "elb.example", 443, "shop.test", "shop.test"),
            ("https://elb.example:8443", Some("shop.test:9000"), "elb.example", 8443, "shop.test", "shop.test:9000"),
            ("http://[::1]:80", None, "::1", 80, "::1", "[::1]"),
        ] {
            let seen = target(base, host).unwrap();
            let seen = (seen.address, seen.port, seen.name, seen.authority);
            assert_eq!(seen, (address.to_owned(), port, name.to_owned(), authority.to_owned()), "{base}");
        }
    }

    #[test]
    fn an_address_that_is_none_is_told() {
        assert_eq!(
            target("ftp://a", None).unwrap_err(),
            "the address \"ftp://a\" cannot be used: ftp is neither http nor https"
        );
    }
}
