//! Calls of services for which the driver carries no SDK crate: a few operations of Lambda, ECR and IAM. The SDK's own
//! orchestrator signs, sends, bounds and retries them, with the same HTTP client and credentials as every other call; only the
//! models are missing, and bodies go in and come out as they are.
//!
//! The three crates would cost 89 seconds of one processor in a debug build (IAM 43, Lambda 29, ECR 17), for four calls.

mod place;

use std::fmt;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::client::auth::AuthSchemeOptionResolverParams;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};
use aws_smithy_types::retry::RetryConfig;
use aws_types::region::{Region, SigningRegion};
use serde_json::Value;

use super::error::{AwsError, ErrorKind, translate};
pub(super) use place::Service;

/// What all clients have in common.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    shared: SdkConfig,
}

/// One call.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) service: Service,
    /// `lambda:Invoke`.
    pub(super) operation: &'static str,
    pub(super) method: &'static str,
    /// After the host, encoded.
    pub(super) path: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
    /// How long one attempt may take, where it is not as long as any other call.
    pub(super) patience: Option<std::time::Duration>,
}

/// A successful answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answered {
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Call {
    /// A call in AWS JSON 1.1: `target` is `AmazonEC2ContainerRegistry_V20150921.DescribeImages`.
    pub(super) fn json(service: Service, operation: &'static str, target: &str, body: &Value) -> Self {
        let headers =
            vec![("content-type", "application/x-amz-json-1.1".to_owned()), ("x-amz-target", target.to_owned())];
        Self { headers, body: body.to_string(), ..Self::rest(service, operation, "POST", "/".to_owned()) }
    }

    /// A call in the Query protocol.
    pub(super) fn query(service: Service, operation: &'static str, parameters: &[(String, String)]) -> Self {
        let pairs: Vec<_> = parameters.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let headers = vec![("content-type", "application/x-www-form-urlencoded".to_owned())];
        Self { headers, body: pairs.join("&"), ..Self::rest(service, operation, "POST", "/".to_owned()) }
    }

    /// A call whose path says what it is.
    pub(super) fn rest(service: Service, operation: &'static str, method: &'static str, path: String) -> Self {
        Self { service, operation, method, path, headers: Vec::new(), body: String::new(), patience: None }
    }
}

impl Answered {
    /// A header of the answer.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    pub(super) fn document(&self, operation: &'static str) -> Result<Value, AwsError> {
        serde_json::from_slice(&self.body).map_err(|error| unreadable(operation, &error))
    }
}

/// An answer that is not what the service's documentation says.
pub(super) fn unreadable(operation: &'static str, what: &dyn fmt::Display) -> AwsError {
    let text = format!("the answer cannot be read: {what}");
    AwsError { operation, kind: ErrorKind::Refused, code: None, text }
}

impl Signed {
    pub(super) fn new(shared: &SdkConfig) -> Self {
        Self { shared: shared.clone() }
    }

    /// Makes the call.
    pub(super) async fn send(&self, call: Call) -> Result<Answered, AwsError> {
        let operation = call.operation;
        let unsent = |text: &str| AwsError { operation, kind: ErrorKind::NotSent, code: None, text: text.to_owned() };
        let region = self.shared.region().ok_or_else(|| unsent("no region is set"))?.as_ref();
        let credentials = self.shared.credentials_provider().ok_or_else(|| unsent("there are no credentials"))?;
        let client = self.shared.http_client().ok_or_else(|| unsent("there is no HTTP client"))?;
        let place = call.service.place(region, self.shared.use_fips().unwrap_or(false));
        let endpoint = call.service.own_endpoint(&self.shared).unwrap_or(place.url);
        let (_, name) = operation.split_once(':').unwrap_or(("", operation));

        let signing = SigV4OperationSigningConfig {
            region: Some(SigningRegion::from(Region::new(place.signing_region))),
            name: Some(call.service.signing_name().into()),
            signing_options: call.service.signing_options(),
            ..SigV4OperationSigningConfig::default()
        };
        let mut layer = Layer::new("signing");
        layer.store_put(AuthSchemeOptionResolverParams::new(()));
        layer.store_put(signing);
        let components = RuntimeComponentsBuilder::new("signing")
            .with_auth_scheme(SigV4AuthScheme::new())
            .with_auth_scheme_option_resolver(Some(StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID])))
            .with_identity_cache(self.shared.identity_cache())
            .with_identity_resolver(SCHEME_ID, credentials);
        let plugin = StaticRuntimePlugin::new().with_config(layer.freeze()).with_runtime_components(components);

        let timeouts =
            self.shared.timeout_config().cloned().unwrap_or_else(aws_config::timeout::TimeoutConfig::disabled);
        let timeouts = match call.patience {
            Some(patience) => timeouts.to_builder().operation_attempt_timeout(patience).build(),
            None => timeouts,
        };
        let retries = self.shared.retry_config().cloned().unwrap_or_else(RetryConfig::standard);
        let mut operation_builder = Operation::builder()
            .service_name(call.service.signing_name())
            .operation_name(name.to_owned())
            .behavior_version(BehaviorVersion::latest())
            .http_client(client)
            .endpoint_url(&endpoint)
            .timeout_config(timeouts)
            .standard_retry(&retries)
            .retry_classifier(AwsErrorCodeClassifier::<Refusal>::new())
            .retry_classifier(TransientErrorClassifier::<Refusal>::new())
            .retry_classifier(HttpStatusCodeClassifier::default())
            .runtime_plugin(plugin);
        if let Some(sleep) = self.shared.sleep_impl() {
            operation_builder = operation_builder.sleep_impl(sleep);
        }
        let built = operation_builder.serializer(|call: Call| request(&call)).deserializer(answered).build();
        built.invoke(call).await.map_err(|error| translate(operation, error))
    }
}

fn request(call: &Call) -> Result<HttpRequest, aws_smithy_runtime_api::box_error::BoxError> {
    let mut request = HttpRequest::new(SdkBody::from(call.body.as_str()));
    request.set_method(call.method)?;
    request.set_uri(call.path.as_str())?;
    for (name, value) in &call.headers {
        request.headers_mut().insert(*name, value.clone());
    }
    if !call.body.is_empty() {
        request.headers_mut().insert("content-length", call.body.len().to_string());
    }
    Ok(request)
}

fn answered(response: &HttpResponse) -> Result<Answered, OrchestratorError<Refusal>> {
    let body = response.body().bytes().unwrap_or_default();
    if response.status().is_success() {
        let headers = response.headers().iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        return Ok(Answered { headers, body: body.to_vec() });
    }
    let header = response.headers().get("x-amzn-errortype");
    Err(OrchestratorError::operation(Refusal::read(header, body)))
}

/// A service's refusal: its code and its words.
#[derive(Clone, Debug)]
struct Refusal(ErrorMetadata);

impl Refusal {
    /// JSON, of which the member and its capital differ between services and exceptions (aws-facts §8), or the Query protocol's
    /// XML, whose codes and texts hold no markup.
    fn read(header: Option<&str>, body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let json: Option<Value> = serde_json::from_str(&text).ok();
        let member = |names: &[&str]| {
            let json = json.as_ref()?;
            names.iter().find_map(|name| json[*name].as_str()).map(str::to_owned)
        };
        let code = header.map(str::to_owned).or_else(|| member(&["__type", "code", "Code"]));
        // `prefix#Name:uri`.
        let code = code.map(|code| code.split(':').next().unwrap_or_default().to_owned());
        let code = code.map(|code| code.rsplit('#').next().unwrap_or_default().to_owned());
        let code = code.or_else(|| element(&text, "Code"));
        let message = member(&["message", "Message"]).or_else(|| element(&text, "Message"));
        let mut metadata = ErrorMetadata::builder();
        if let Some(code) = code {
            metadata = metadata.code(code);
        }
        if let Some(message) = message {
            metadata = metadata.message(message);
        }
        Self(metadata.build())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Refusal {}

impl ProvideErrorMetadata for Refusal {
    fn meta(&self) -> &ErrorMetadata {
        &self.0
    }
}

fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split_once("</").map(|(text, _)| text.to_owned())
}

/// Percent-encoded, everything but unreserved characters.
pub(super) fn encoded(text: &str) -> String {
    use std::fmt::Write as _;

    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("a string can always be written to");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_read_in_each_protocols_shape() {
        for (header, body, expected) in [
            (None, r#"{"__type":"RepositoryNotFoundException","message":"no"}"#, ("RepositoryNotFoundException", "no")),
            (None, r#"{"__type":"com.amazon#AccessDeniedException","Message":"no"}"#, ("AccessDeniedException", "no")),
            (
                Some("ResourceNotFoundException:http://x/"),
                r#"{"Message":"no","Type":"User"}"#,
                ("ResourceNotFoundException", "no"),
            ),
            (
                None,
                "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>",
                ("AccessDenied", "no"),
            ),
        ] {
            let refusal = Refusal::read(header, body.as_bytes());
            assert_eq!(
                (refusal.meta().code(), refusal.meta().message()),
                (Some(expected.0), Some(expected.1)),
                "{body}"
            );
        }
        assert_eq!(Refusal::read(None, b"<html>").meta().code(), None);
    }

    #[test]
    fn a_function_is_named_in_a_path_by_its_whole_arn() {
        assert_eq!(
            encoded("arn:aws:lambda:eu-west-1:1:function:A_b"),
            "arn%3Aaws%3Alambda%3Aeu-west-1%3A1%3Afunction%3AA_b"
        );
    }
}
