//! What an AWS call's failure means to us, told by error codes and never by message text.

use std::error::Error;
use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::decide::doctor::facts::Unread;

/// A failed call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{operation}: {text}")]
pub struct AwsError {
    /// `codedeploy:GetDeployment`.
    pub operation: &'static str,
    /// What it means.
    pub kind: ErrorKind,
    /// The service's error code, where it answered.
    pub code: Option<String>,
    /// For people: code and message, or what kept the call from being answered.
    pub text: String,
}

/// What a caller may distinguish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Too many calls: a later answer, no error.
    Throttled,
    /// No answer, or a server's fault: may go away.
    Unavailable,
    /// The credentials are missing, refused, or may not do this.
    NotAllowed,
    /// What was named does not exist.
    NotFound,
    /// The deployment has not started, so it has no targets yet.
    NotStarted,
    /// Another deployment of the group is active.
    Conflict,
    /// The service refuses the request.
    Refused,
    /// The request could not be made: no region, no credentials.
    NotSent,
}

impl AwsError {
    /// Whether the credentials are good, and may not do this.
    pub fn is_denied(&self) -> bool {
        self.kind == ErrorKind::NotAllowed
            && self
                .code
                .as_deref()
                .is_none_or(|code| code.starts_with("AccessDenied") || code.starts_with("Unauthorized"))
    }

    /// Whether the deployment had ended before the call.
    pub fn is_already_completed(&self) -> bool {
        self.code.as_deref() == Some("DeploymentAlreadyCompletedException")
    }
}

impl AwsError {
    /// Whether a hook had been reported, or its event had ended, before the call.
    pub fn is_lifecycle_event_completed(&self) -> bool {
        let codes = ["LifecycleEventAlreadyCompletedException", "DeploymentAlreadyCompletedException"];
        self.code.as_deref().is_some_and(|code| codes.contains(&code))
    }

    /// Whether the execution id is none of the deployment's.
    pub fn is_foreign_execution(&self) -> bool {
        self.code.as_deref() == Some("InvalidLifecycleEventHookExecutionIdException")
    }
}

/// What a failed read means to the doctor. An operation is called as IAM calls its permission.
impl From<AwsError> for Unread {
    fn from(error: AwsError) -> Self {
        Self {
            action: error.operation.to_owned(),
            denied: error.kind == ErrorKind::NotAllowed,
            text: error.to_string(),
        }
    }
}

/// Translates an SDK error.
pub(super) fn translate<E>(operation: &'static str, error: SdkError<E, HttpResponse>) -> AwsError
where
    E: ProvideErrorMetadata + Error + fmt::Debug + Send + Sync + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    let code = error.as_service_error().and_then(|error| error.meta().code()).map(str::to_owned);
    let kind = match (&error, &code) {
        (_, Some(code)) => kind_of(code, status),
        (SdkError::ConstructionFailure(_), None) => ErrorKind::NotSent,
        // A connection that ends before its answer is of no kind but transient. It was sent.
        (SdkError::DispatchFailure(failure), None)
            if failure.is_user() || (failure.is_other() && failure.as_other().is_none()) =>
        {
            ErrorKind::NotSent
        }
        (_, None) if status == Some(429) => ErrorKind::Throttled,
        (_, None) if matches!(status, Some(401 | 403)) => ErrorKind::NotAllowed,
        (_, None) => ErrorKind::Unavailable,
    };
    let text = match error.as_service_error().map(ProvideErrorMetadata::meta) {
        Some(meta) => match (meta.code(), meta.message()) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            (Some(code), None) => code.to_owned(),
            (None, Some(message)) => message.to_owned(),
            (None, None) => format!("HTTP status {}", status.unwrap_or_default()),
        },
        None => chain(&error),
    };
    AwsError { operation, kind, code, text }
}

/// Codes differ between services: query services have no `Exception` at the end (aws-facts §7, §8).
fn kind_of(code: &str, status: Option<u16>) -> ErrorKind {
    let name = code.strip_suffix("Exception").unwrap_or(code);
    match name {
        "Throttling" | "ThrottledException" | "TooManyRequests" | "RequestLimitExceeded" | "LimitExceeded" => {
            ErrorKind::Throttled
        }
        "DeploymentLimitExceeded" => ErrorKind::Conflict,
        "DeploymentNotStarted" => ErrorKind::NotStarted,
        "AccessDenied"
        | "UnrecognizedClient"
        | "InvalidClientTokenId"
        | "ExpiredToken"
        | "InvalidSignature"
        | "SignatureDoesNotMatch"
        | "MissingAuthenticationToken"
        | "IncompleteSignature" => ErrorKind::NotAllowed,
        "ApplicationDoesNotExist"
        | "DeploymentGroupDoesNotExist"
        | "DeploymentDoesNotExist"
        | "RevisionDoesNotExist"
        | "DeploymentConfigDoesNotExist"
        | "ClusterNotFound"
        | "ServiceNotFound"
        | "ResourceNotFound"
        | "ListenerNotFound"
        | "TargetGroupNotFound"
        | "NoSuchBucket" => ErrorKind::NotFound,
        _ if status.is_some_and(|status| status >= 500) => ErrorKind::Unavailable,
        _ => ErrorKind::Refused,
    }
}

/// Every cause, once, on one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    // The SDK lists on a line each where it looked for credentials.
    text.lines().map(str::trim).collect::<Vec<_>>().join("; ").replace(":; ", ": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throttling_is_http_400_and_known_by_its_code() {
        assert_eq!(kind_of("ThrottlingException", Some(400)), ErrorKind::Throttled);
        assert_eq!(kind_of("Throttling", Some(400)), ErrorKind::Throttled);
    }

    #[test]
    fn an_active_deployment_is_a_conflict_and_no_limit_to_wait_for() {
        assert_eq!(kind_of("DeploymentLimitExceededException", Some(400)), ErrorKind::Conflict);
    }

    #[test]
    fn an_unknown_code_is_a_refusal_unless_the_server_is_at_fault() {
        assert_eq!(kind_of("SomethingNewException", Some(400)), ErrorKind::Refused);
        assert_eq!(kind_of("SomethingNewException", Some(500)), ErrorKind::Unavailable);
    }
}
