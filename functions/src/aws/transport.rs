//! The way to every AWS endpoint: rustls where its URL is `https`, and nothing of the kind where it is not. It decides by
//! the URL of each request, and by nothing else.
//!
//! The SDK's own client reads the machine's roots of trust and parses them for each service's client; a hook has four, and
//! one that speaks plain HTTP to a stand-in or a proxy needs none. What TLS needs is prepared once, while Lambda starts
//! the function: it has a whole processor then, and a share of one later.

use std::sync::Once;

use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::{RuntimeComponents, RuntimeComponentsBuilder};
use aws_smithy_types::config_bag::ConfigBag;

/// The client of all services.
#[derive(Debug)]
pub(super) struct Transport {
    plain: SharedHttpClient,
    secure: SharedHttpClient,
    prepared: Once,
}

impl Transport {
    /// `endpoint` is the one that the environment names for all services.
    pub(super) fn to(endpoint: Option<&str>) -> Self {
        let prepared = Once::new();
        if endpoint.is_some_and(is_plain) {
            // A service with an endpoint of its own may still need TLS, and then prepares it with its first request.
            prepared.call_once(|| {});
        }
        Self {
            plain: Builder::new().build_http(),
            secure: Builder::new().tls_provider(tls::Provider::Rustls(CryptoMode::Ring)).build_https(),
            prepared,
        }
    }
}

impl HttpClient for Transport {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector {
            plain: self.plain.clone(),
            secure: self.secure.clone(),
            settings: settings.clone(),
            components: components.clone(),
        })
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        let mut valid = Ok(());
        self.prepared.call_once(|| valid = self.secure.validate_base_client_config(components, config));
        valid
    }
}

/// The way of one request; both clients keep the connectors that they have made.
#[derive(Debug)]
struct Connector {
    plain: SharedHttpClient,
    secure: SharedHttpClient,
    settings: HttpConnectorSettings,
    components: RuntimeComponents,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = if is_plain(request.uri()) { &self.plain } else { &self.secure };
        client.http_connector(&self.settings, &self.components).call(request)
    }
}

fn is_plain(url: &str) -> bool {
    url.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_url_that_says_so_goes_without_tls() {
        for url in ["http://127.0.0.1:4566/", "HTTP://proxy.internal"] {
            assert!(is_plain(url), "{url}");
        }
        for url in ["https://ecs.eu-west-1.amazonaws.com", "http:/", "httpx://a", "", "é"] {
            assert!(!is_plain(url), "{url}");
        }
    }

    #[test]
    fn roots_of_trust_are_prepared_unless_every_endpoint_is_a_plain_one() {
        let prepared = |endpoint| Transport::to(endpoint).prepared.is_completed();
        assert!(prepared(Some("http://127.0.0.1:4566")));
        assert!(!prepared(Some("https://vpce.eu-west-1.amazonaws.com")));
        assert!(!prepared(None));
    }
}
