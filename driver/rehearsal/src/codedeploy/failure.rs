//! Why a deployment ends before its end: the codes and exact texts that AWS shows, where they are known.

/// Code and text of `errorInformation`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// `LifecycleErrorCode` of the failed event's diagnostics, which for ECS is not known; the stand-in's choice.
    pub(crate) diagnostic: &'static str,
}

impl Failure {
    pub(crate) fn hook_failed() -> Self {
        Self::new(
            "HOOK_EXECUTION_FAILURE",
            "The deployment failed because one or more of the lifecycle event validation functions failed.",
            "ScriptFailed",
        )
    }

    pub(crate) fn hook_silent() -> Self {
        Self::new(
            "HOOK_EXECUTION_FAILURE",
            "The deployment timed out while waiting for a status callback. CodeDeploy expects a status callback within one hour after a deployment hook is invoked.",
            "ScriptTimedOut",
        )
    }

    pub(crate) fn hook_missing(function: &str) -> Self {
        let message = format!(
            "The deployment failed because the Lambda function {function} of a lifecycle event hook does not exist."
        );
        Self::new("INVALID_LAMBDA_FUNCTION", message, "ScriptMissing")
    }

    pub(crate) fn never_steady() -> Self {
        Self::new(
            "TIMEOUT",
            "The deployment timed out while waiting for the replacement task set to become healthy. This time out period is 60 minutes.",
            "ScriptTimedOut",
        )
    }

    pub(crate) fn ready_timeout(minutes: u64) -> Self {
        let message = format!(
            "The deployment timed out while waiting for a notification to continue. This time out period is {minutes} minutes."
        );
        Self::new("TIMEOUT", message, "UnknownError")
    }

    /// The angle brackets are AWS's.
    pub(crate) fn alarm(names: &[String]) -> Self {
        let names: Vec<_> = names.iter().map(|name| format!("<{name}>")).collect();
        let message = format!(
            "One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the affected deployments have been stopped. Activated alarms: {}",
            names.join(" ")
        );
        Self::new("ALARM_ACTIVE", message, "UnknownError")
    }

    pub(crate) fn stopped() -> Self {
        Self::new("MANUAL_STOP", "The deployment was stopped by a StopDeployment request.", "UnknownError")
    }

    pub(crate) fn appspec(problem: &str) -> Self {
        let message = format!(
            "The deployment failed because the AppSpec file that specifies the deployment configuration is missing or has an invalid configuration. {problem}"
        );
        Self::new("INVALID_REVISION", message, "UnknownError")
    }

    pub(crate) fn ecs(problem: &str, request: &str) -> Self {
        let message = format!(
            "The ECS service cannot be updated due to an unexpected error: {problem} (Service: AmazonECS; Status Code: 400; Error Code: InvalidParameterException; Request ID: {request}; Proxy: null). Check your ECS service status"
        );
        Self::new("ECS_UPDATE_ERROR", message, "UnknownError")
    }

    pub(crate) fn load_balancer(problem: &str) -> Self {
        let message = format!("The ELB could not be updated due to the following error: {problem}");
        Self::new("ELASTIC_LOAD_BALANCING_INVALID", message, "UnknownError")
    }

    pub(crate) fn foreign_target_group() -> Self {
        let message = "The target ECS service must be configured using one of those two target groups.";
        Self::new("INVALID_ECS_SERVICE", message, "UnknownError")
    }

    fn new(code: &'static str, message: impl Into<String>, diagnostic: &'static str) -> Self {
        Self { code, message: message.into(), diagnostic }
    }
}
