//! What went wrong with a call: classified by status and code, never by text, and told with the action's IAM name.

use std::error::Error;
use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use greenlight_checks::message::{Message, codes};

/// The kinds that a retry distinguishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No answer: refused, reset, timed out, a name that does not resolve.
    Network,
    /// Slow down.
    Throttled,
    /// The service failed: 5xx, or an answer that cannot be read.
    Server,
    /// The role may not, or not yet.
    Denied,
    /// Asking again will not help.
    Final,
}

/// Codes that mean "slow down"; CodeDeploy sends them with HTTP 400.
const THROTTLING: [&str; 7] = [
    "ThrottlingException",
    "Throttling",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "PriorRequestNotComplete",
];

/// Codes that mean "you may not".
const DENIAL: [&str; 4] =
    ["AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "UnrecognizedClientException"];

/// A service's own text is kept up to here; the evidence and the report's error must fit into one line of the log.
const LONGEST_TEXT: usize = 1000;

/// As much of a service's own text as is kept.
pub(super) fn clipped(text: &str) -> String {
    let end = text.floor_char_boundary(LONGEST_TEXT);
    format!("{}{}", &text[..end], if end < text.len() { "…" } else { "" })
}

/// The kind of a code, given the HTTP status that it came with.
pub(super) fn kind_of(code: Option<&str>, status: u16) -> Fault {
    match code {
        Some(code) if THROTTLING.contains(&code) => Fault::Throttled,
        Some(code) if DENIAL.contains(&code) => Fault::Denied,
        _ if status == 429 => Fault::Throttled,
        _ if status == 403 => Fault::Denied,
        _ if status >= 500 => Fault::Server,
        _ => Fault::Final,
    }
}

/// The kind of a failed call.
pub(super) fn fault<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Fault {
    match error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) => Fault::Network,
        SdkError::ResponseError(_) => Fault::Server,
        SdkError::ServiceError(service) if service.raw().status().is_success() => Fault::Server,
        SdkError::ServiceError(service) => kind_of(service.err().code(), service.raw().status().as_u16()),
        _ => Fault::Final,
    }
}

/// `AccessDeniedException: not authorized to …`, or the innermost cause where there is no answer that can be read.
pub(super) fn told<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let unreadable = match error {
        SdkError::ServiceError(service) => Some(service.raw().status()).filter(|status| status.is_success()),
        SdkError::ResponseError(response) => Some(response.raw().status()),
        _ => None,
    };
    if let SdkError::ServiceError(service) = error
        && unreadable.is_none()
    {
        let code = service.err().code().unwrap_or("no error code");
        let status = service.raw().status().as_u16();
        return match service.err().message() {
            Some(message) if !message.is_empty() => format!("{code} (HTTP {status}): {}", clipped(message)),
            _ => format!("{code} (HTTP {status})"),
        };
    }
    let mut innermost: &(dyn Error + 'static) = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    match unreadable {
        Some(status) => format!("the answer (HTTP {}) cannot be read: {innermost}", status.as_u16()),
        None => innermost.to_string(),
    }
}

/// A fact that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{action}: {unread}")]
pub(crate) struct ReadError {
    /// The call by its IAM name, `codedeploy:GetDeployment`.
    pub(crate) action: &'static str,
    /// Why there is no fact.
    pub(crate) unread: Unread,
}

/// Why there is no fact.
#[derive(Debug)]
pub(crate) enum Unread {
    /// The call failed.
    Call {
        /// The kind.
        fault: Fault,
        /// Code, status and text.
        told: String,
    },
    /// The answer lacks what it must have.
    Missing(String),
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call { told, .. } => f.write_str(told),
            Self::Missing(what) => write!(f, "the answer has no {what}"),
        }
    }
}

impl ReadError {
    pub(super) fn call<E>(action: &'static str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        Self { action, unread: Unread::Call { fault: fault(error), told: told(error) } }
    }

    pub(super) fn missing(action: &'static str, what: impl Into<String>) -> Self {
        Self { action, unread: Unread::Missing(what.into()) }
    }

    /// Whether the role may not, or not yet.
    pub(crate) fn is_denial(&self) -> bool {
        matches!(self.unread, Unread::Call { fault: Fault::Denied, .. })
    }

    /// Whether nobody answered.
    pub(crate) fn is_unreachable(&self) -> bool {
        matches!(self.unread, Unread::Call { fault: Fault::Network, .. })
    }

    /// What a person can do about it, to be read after the error.
    fn advice(&self) -> String {
        match &self.unread {
            Unread::Call { fault: Fault::Denied, .. } => {
                format!("; allow {} in the function's role", self.action)
            }
            Unread::Call { fault: Fault::Network, .. } => {
                "; the function has no way to the AWS endpoint: add an interface endpoint or a NAT route".to_owned()
            }
            Unread::Call { fault: Fault::Throttled | Fault::Server, .. } => {
                "; asking again did not help: try again when the service is well".to_owned()
            }
            Unread::Call { fault: Fault::Final, .. } => {
                "; asking again would not help: see that what it names is there, in the function's own account and region"
                    .to_owned()
            }
            Unread::Missing(_) => String::new(),
        }
    }

    /// The error and what to do about it, in one sentence: a service may end its own with a full stop.
    pub(crate) fn with_advice(&self) -> String {
        let (error, advice) = (self.to_string(), self.advice());
        let error = if advice.is_empty() { error.as_str() } else { error.trim_end_matches('.') };
        format!("{error}{advice}")
    }

    /// That the facts cannot be established.
    pub(crate) fn message(&self) -> Message {
        let text = format!("cannot be established: {}", self.with_advice());
        Message::new(codes::ROUTING_NOT_ATTESTABLE, "routing", text)
    }

    /// That what was proven before the checks could not be looked at after them. That is no change, and is not called one.
    pub(crate) fn message_of_second_look(&self) -> Message {
        let text = format!(
            "could not be read again after the checks, so whether it is still as it was is not known: {}",
            self.with_advice()
        );
        Message::new(codes::ROUTING_NOT_ATTESTABLE, "routing", text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throttling_is_http_400_and_known_by_its_code() {
        assert_eq!(kind_of(Some("ThrottlingException"), 400), Fault::Throttled);
        assert_eq!(kind_of(Some("PriorRequestNotComplete"), 429), Fault::Throttled);
    }

    #[test]
    fn only_what_time_may_cure_is_asked_again() {
        for (code, status, kind) in [
            (Some("AccessDeniedException"), 400, Fault::Denied),
            (Some("AccessDenied"), 403, Fault::Denied),
            (Some("ServerException"), 500, Fault::Server),
            (None, 503, Fault::Server),
            (Some("InvalidLifecycleEventHookExecutionIdException"), 400, Fault::Final),
            (Some("DeploymentDoesNotExistException"), 400, Fault::Final),
            (None, 400, Fault::Final),
        ] {
            assert_eq!(kind_of(code, status), kind, "{code:?} {status}");
        }
    }
}
