//! Certificates of the authorities that an endpoint's certificate must lead to, where they are not those that the machine
//! trusts. They only narrow trust: without one of them nothing is believed, and nothing here turns verification off.

use std::fmt;
use std::sync::{Arc, LazyLock};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// The roots of one endpoint, from a file of the plan.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Authorities(Arc<Vec<CertificateDer<'static>>>);

/// Read once, when the first handshake needs them. What cannot be read is not trusted.
static OF_THIS_MACHINE: LazyLock<Arc<RootCertStore>> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    Arc::new(roots)
});

impl Authorities {
    /// Every certificate of a PEM file; a file without one, or with one that is none, is refused.
    pub(crate) fn from_pem(pem: &[u8]) -> Result<Self, String> {
        let mut certificates = Vec::new();
        let mut roots = RootCertStore::empty();
        for (index, certificate) in CertificateDer::pem_slice_iter(pem).enumerate() {
            let wrong = |error: String| format!("its certificate {} cannot be read: {error}", index + 1);
            let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
            roots.add(certificate.clone()).map_err(|error| wrong(error.to_string()))?;
            certificates.push(certificate);
        }
        if certificates.is_empty() {
            return Err("it holds no certificate; expected PEM, `-----BEGIN CERTIFICATE-----`".to_owned());
        }
        Ok(Self(Arc::new(certificates)))
    }

    pub(crate) fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.0
    }
}

/// What handshakes of our own with an endpoint trust: its own authorities, otherwise those of this machine.
pub(crate) fn roots(own: Option<&Authorities>) -> Arc<RootCertStore> {
    match own {
        Some(own) => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(own.certificates().iter().cloned());
            Arc::new(roots)
        }
        None => Arc::clone(&OF_THIS_MACHINE),
    }
}

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authorities({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_holds_no_certificate_is_told() {
        for (pem, told) in [
            ("", "it holds no certificate; expected PEM, `-----BEGIN CERTIFICATE-----`"),
            ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "it holds no certificate; expected PEM"),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "its certificate 1 cannot be read: "),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n", "its certificate 1 cannot be read: "),
        ] {
            let error = Authorities::from_pem(pem.as_bytes()).unwrap_err();
            assert!(error.starts_with(told), "{pem:?}: {error}");
        }
    }
}
