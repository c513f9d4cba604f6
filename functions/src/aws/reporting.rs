//! One `PutLifecycleEventHookExecutionStatus`, without a retry.

use super::Aws;
use super::fault::{Fault, fault, told};
use crate::invocation::Invocation;
use crate::report::Report;
use aws_sdk_codedeploy::types::LifecycleEventStatus;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// Why one attempt to report was not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// An earlier attempt reported.
    AlreadyCompleted,
    /// Anything else.
    Fault {
        /// The kind.
        fault: Fault,
        /// Code, status and text.
        told: String,
    },
}

/// Reports once.
pub(crate) async fn put_status(aws: &Aws, invocation: &Invocation, report: Report) -> Result<(), Refusal> {
    let status = match report {
        Report::Succeeded => LifecycleEventStatus::Succeeded,
        Report::Failed => LifecycleEventStatus::Failed,
    };
    let answer = aws
        .reporting
        .put_lifecycle_event_hook_execution_status()
        .deployment_id(&invocation.deployment.0)
        .lifecycle_event_hook_execution_id(invocation.execution.secret())
        .status(status)
        .send()
        .await;
    match answer {
        Ok(_) => Ok(()),
        Err(error) if error.code() == Some("LifecycleEventAlreadyCompletedException") => Err(Refusal::AlreadyCompleted),
        Err(error) => Err(Refusal::Fault { fault: fault(&error), told: told(&error) }),
    }
}
