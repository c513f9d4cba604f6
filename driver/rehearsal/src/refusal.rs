//! A call that is refused: the service's own error name with a text. How it looks on the wire is `serve`'s business.

/// A modelled error of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The error's name, as the service's protocol spells it.
    pub(crate) code: &'static str,
    /// For people.
    pub(crate) message: String,
    /// HTTP status.
    pub(crate) status: u16,
}

impl Refusal {
    /// A client error with status 400: what almost all modelled errors are.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), status: 400 }
    }

    /// An operation that the stand-in does not have.
    pub(crate) fn not_implemented(code: &'static str, service: &str, operation: &str, known: &[&str]) -> Self {
        let known = known.join(", ");
        Self::new(code, format!("the rehearsal does not implement {operation} of {service}; it implements {known}"))
    }
}
