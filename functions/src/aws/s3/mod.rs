//! S3, as far as a hook needs it: one object read, one object written, both small. SDK types and HTTP end here.
//!
//! Signed with `aws-sigv4` and sent as plain HTTP, because the S3 SDK (checksums, express sessions, its own signature
//! variants and endpoint rules) is larger than the rest of the hook's AWS clients together, and a function's package has a budget.

mod address;

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use reqwest::{Client, Method};
use tokio::time::sleep;

use self::address::Place;
use super::fault::{Fault, clipped, kind_of};
use crate::clock;
use crate::web::{self, Answer, NoAnswer};

const ATTEMPT: Duration = Duration::from_secs(5);
const ATTEMPTS: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// An answer to a PUT says nothing, and an error says it in less.
const LARGEST_ACKNOWLEDGEMENT: usize = 16 * 1024;

const GET: &str = "s3:GetObject";
const PUT: &str = "s3:PutObject";

/// An object's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ObjectName {
    pub(crate) bucket: String,
    pub(crate) key: String,
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

/// The way to S3 from this process.
#[derive(Clone, Debug)]
pub(crate) struct S3 {
    place: Place,
    credentials: Option<SharedCredentialsProvider>,
    client: Arc<OnceLock<Result<Client, String>>>,
}

/// Why an object could not be read or written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ObjectError {
    /// The call by its IAM name.
    action: &'static str,
    object: ObjectName,
    pub(crate) trouble: Trouble,
    told: String,
}

/// The kinds that a caller distinguishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// There is no such object.
    Absent,
    /// It is larger than the caller takes.
    TooLarge,
    /// The call failed.
    Call(Fault),
}

impl fmt::Display for ObjectError {
    /// With what a person can do about it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.action, self.object, self.told)?;
        match self.trouble {
            Trouble::Call(Fault::Denied) => write!(
                f,
                "; allow {} on it in the function's role (without s3:ListBucket, S3 also answers so where there is no such object)",
                self.action
            ),
            Trouble::Call(Fault::Network) => {
                f.write_str("; the function has no way to S3: add a gateway endpoint or a NAT route")
            }
            Trouble::Absent | Trouble::TooLarge | Trouble::Call(_) => Ok(()),
        }
    }
}

impl std::error::Error for ObjectError {}

impl S3 {
    /// As the SDK's configuration says; `endpoint` is `AWS_ENDPOINT_URL_S3`, which goes before the general one.
    pub(super) fn new(shared: &SdkConfig, endpoint: Option<&str>) -> Self {
        let region = shared.region().map(|region| region.as_ref().to_owned());
        let place = Place {
            endpoint: endpoint.or(shared.endpoint_url()).map(str::to_owned),
            region,
            fips: shared.use_fips().unwrap_or(false),
            dual_stack: shared.use_dual_stack().unwrap_or(false),
        };
        Self { place, credentials: shared.credentials_provider(), client: Arc::default() }
    }

    /// `GetObject`, of at most `limit` bytes.
    pub(crate) async fn get(&self, object: &ObjectName, limit: usize) -> Result<Vec<u8>, ObjectError> {
        self.call(Method::GET, GET, object, &[], limit).await.map(|answer| answer.body)
    }

    /// `PutObject` of a JSON document.
    pub(crate) async fn put_json(&self, object: &ObjectName, document: &[u8]) -> Result<(), ObjectError> {
        self.call(Method::PUT, PUT, object, document, LARGEST_ACKNOWLEDGEMENT).await.map(drop)
    }

    /// Tries again what time may cure; whoever calls bounds the whole.
    async fn call(
        &self,
        method: Method,
        action: &'static str,
        object: &ObjectName,
        body: &[u8],
        limit: usize,
    ) -> Result<Answer, ObjectError> {
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        loop {
            let answer = self.once(method.clone(), object, body, limit).await;
            let (trouble, told) = match answer {
                Ok(answer) if (200..300).contains(&answer.status) => return Ok(answer),
                Ok(answer) => refused(&answer),
                Err(trouble) => trouble,
            };
            let curable = matches!(trouble, Trouble::Call(Fault::Network | Fault::Throttled | Fault::Server));
            if !curable || attempt == ATTEMPTS {
                return Err(ObjectError { action, object: object.clone(), trouble, told });
            }
            attempt += 1;
            sleep(pause).await;
            pause *= 4;
        }
    }

    async fn once(
        &self,
        method: Method,
        object: &ObjectName,
        body: &[u8],
        limit: usize,
    ) -> Result<Answer, (Trouble, String)> {
        let misconfigured = |what: String| (Trouble::Call(Fault::Final), what);
        let url = self.place.url(object).map_err(misconfigured)?;
        let region = self.place.region().map_err(misconfigured)?;
        let credentials =
            self.credentials.as_ref().ok_or_else(|| misconfigured("there are no credentials".to_owned()))?;
        let credentials = credentials
            .provide_credentials()
            .await
            .map_err(|error| (Trouble::Call(Fault::Network), format!("no credentials: {error}")))?;
        let client = self.client.get_or_init(|| web::client(url.starts_with("https:"), ATTEMPT));
        let client = client.clone().map_err(misconfigured)?;

        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let identity: Identity = credentials.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name("s3")
            .time(clock::system_time())
            .settings(settings)
            .build()
            .map_err(|error| misconfigured(error.to_string()))?
            .into();
        let types = [("content-type", "application/json")];
        let headers = if method == Method::PUT { &types[..] } else { &[] };
        let signable =
            SignableRequest::new(method.as_str(), url.as_str(), headers.iter().copied(), SignableBody::Bytes(body))
                .map_err(|error| misconfigured(error.to_string()))?;
        let (signed, _) = sign(signable, &parameters).map_err(|error| misconfigured(error.to_string()))?.into_parts();
        let signed = signed.headers().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let request = headers
            .chain(signed)
            .fold(client.request(method, &url), |request, (name, value)| request.header(name, value));
        let request = if body.is_empty() { request } else { request.body(body.to_vec()) };
        web::send(request, limit).await.map_err(|error| match &error {
            NoAnswer::TooLarge { .. } => (Trouble::TooLarge, error.to_string()),
            NoAnswer::Unreachable(_) => (Trouble::Call(Fault::Network), error.to_string()),
        })
    }
}

/// What an answer that is no success says: `NoSuchKey (HTTP 404): The specified key does not exist.`
fn refused(answer: &Answer) -> (Trouble, String) {
    let text = String::from_utf8_lossy(&answer.body);
    let code = element(&text, "Code");
    let told = match (code, element(&text, "Message")) {
        (Some(code), Some(message)) => format!("{code} (HTTP {}): {}", answer.status, clipped(message)),
        (Some(code), None) => format!("{code} (HTTP {})", answer.status),
        (None, _) => format!("no error code (HTTP {})", answer.status),
    };
    let trouble = match code {
        Some("NoSuchKey") => Trouble::Absent,
        Some("SlowDown") => Trouble::Call(Fault::Throttled),
        Some("RequestTimeout") => Trouble::Call(Fault::Network),
        // A redirection: the bucket is in another region than the function.
        Some("PermanentRedirect" | "AuthorizationHeaderMalformed") => {
            return (Trouble::Call(Fault::Final), format!("{told}; the bucket must be in the function's region"));
        }
        code => Trouble::Call(kind_of(code, answer.status)),
    };
    (trouble, told)
}

/// The text of the first element of that name. S3's errors are flat, and their codes and texts hold no markup.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once("</")?;
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: u16, body: &str) -> (Trouble, String) {
        refused(&Answer { status, body: body.as_bytes().to_vec() })
    }

    #[test]
    fn an_error_is_known_by_its_code_and_told_with_its_text() {
        let absent = "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Message>No key.</Message></Error>";
        assert_eq!(told(404, absent), (Trouble::Absent, "NoSuchKey (HTTP 404): No key.".to_owned()));
        for (status, code, trouble) in [
            (404, "NoSuchBucket", Trouble::Call(Fault::Final)),
            (403, "AccessDenied", Trouble::Call(Fault::Denied)),
            (503, "SlowDown", Trouble::Call(Fault::Throttled)),
            (500, "InternalError", Trouble::Call(Fault::Server)),
        ] {
            assert_eq!(told(status, &format!("<Error><Code>{code}</Code></Error>")).0, trouble, "{code}");
        }
        assert_eq!(told(502, "<html>"), (Trouble::Call(Fault::Server), "no error code (HTTP 502)".to_owned()));
    }

    #[test]
    fn a_bucket_elsewhere_is_told_as_such() {
        let (trouble, told) = told(301, "<Error><Code>PermanentRedirect</Code><Message>Use another.</Message></Error>");
        assert_eq!(trouble, Trouble::Call(Fault::Final));
        assert_eq!(told, "PermanentRedirect (HTTP 301): Use another.; the bucket must be in the function's region");
    }
}
