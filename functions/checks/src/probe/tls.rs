//! One TLS handshake with an endpoint: the certificate that it presents, and whether it is trusted. Nothing is sent over
//! the connection, and an untrusted one is never completed.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, SignatureScheme};
use tokio_rustls::TlsConnector;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::connection::{Target, verified_by, verifier};
use super::error::ProbeError;
use crate::surroundings::Endpoint;

/// What the server showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Presented {
    /// The name that it was asked for.
    pub(crate) host: String,
    pub(crate) trust: Trust,
    /// DNS names and addresses of the certificate.
    pub(crate) names: Vec<String>,
    /// `C=US, O=Example, CN=Example CA`.
    pub(crate) issuer: String,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    /// When it was looked at.
    pub(crate) now: Timestamp,
}

/// Whether the certificate is good for the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    Trusted,
    Expired,
    NotYetValid,
    WrongName,
    UnknownIssuer,
    Other(String),
}

/// Connects, shakes hands, and hangs up.
pub(crate) async fn look(endpoint: &Endpoint, timeout: Duration) -> Result<Presented, ProbeError> {
    tokio::time::timeout(timeout, shake_hands(endpoint)).await.map_err(|_| ProbeError::Timeout(timeout))?
}

async fn shake_hands(endpoint: &Endpoint) -> Result<Presented, ProbeError> {
    let target = Target::of(endpoint)?;
    if !target.secure {
        let reason = "it does not speak TLS; a tls check needs https";
        return Err(ProbeError::Address(endpoint.base.clone(), reason.to_owned()));
    }
    let name = target.server_name()?;
    let witness = Arc::new(Witness { inner: verifier(endpoint)?, seen: Mutex::default() });
    let config = verified_by(Arc::clone(&witness) as Arc<dyn ServerCertVerifier>)?;
    let stream = target.tcp().await?;
    let shaken = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    let seen = witness.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    match (seen, shaken) {
        // A certificate that the witness found good, and a handshake that failed all the same.
        (Some(Seen { refused: None, .. }) | None, Err(error)) => Err(ProbeError::Tls(error.to_string())),
        (None, Ok(_)) => Err(ProbeError::Tls("the server showed no certificate".to_owned())),
        (Some(seen), _) => presented(target.name, &seen).map_err(ProbeError::Tls),
    }
}

fn presented(host: String, seen: &Seen) -> Result<Presented, String> {
    let (_, certificate) = X509Certificate::from_der(&seen.certificate)
        .map_err(|error| format!("the certificate cannot be read: {error}"))?;
    let alternatives = certificate.subject_alternative_name().map_err(|error| error.to_string())?;
    let names = alternatives.map(|names| names.value.general_names.iter().filter_map(name).collect());
    let time = |seconds: i64| Timestamp::from_second(seconds).map_err(|error| error.to_string());
    Ok(Presented {
        host,
        trust: seen.refused.as_ref().map_or(Trust::Trusted, trust),
        names: names.unwrap_or_default(),
        issuer: certificate.issuer().to_string(),
        not_before: time(certificate.validity().not_before.timestamp())?,
        not_after: time(certificate.validity().not_after.timestamp())?,
        now: time(i64::try_from(seen.now.as_secs()).unwrap_or(i64::MAX))?,
    })
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let four = <[u8; 4]>::try_from(*bytes).map(std::net::IpAddr::from);
            let address = four.or_else(|_| <[u8; 16]>::try_from(*bytes).map(std::net::IpAddr::from));
            address.ok().map(|address| address.to_string())
        }
        _ => None,
    }
}

fn trust(error: &rustls::Error) -> Trust {
    let rustls::Error::InvalidCertificate(reason) = error else { return Trust::Other(error.to_string()) };
    match reason {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Trust::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Trust::NotYetValid,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Trust::WrongName,
        CertificateError::UnknownIssuer => Trust::UnknownIssuer,
        other => Trust::Other(other.to_string()),
    }
}

/// Keeps what it verifies, and otherwise decides as the ordinary verifier does.
struct Witness {
    inner: Arc<WebPkiServerVerifier>,
    seen: Mutex<Option<Seen>>,
}

struct Seen {
    certificate: Vec<u8>,
    now: UnixTime,
    refused: Option<rustls::Error>,
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Witness").finish_non_exhaustive()
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let seen = Seen { certificate: end_entity.to_vec(), now, refused: verified.as_ref().err().cloned() };
        *self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(seen);
        verified
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
