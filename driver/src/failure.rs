//! Why the command could not do what it was asked for, each with its exit code. What became of a deployment is no failure of
//! the command; see `decide::report`.

use std::error::Error;
use std::path::PathBuf;

use greenlight_checks::message::Message;

use crate::aws::UnknownProfile;
use crate::aws::error::{AwsError, ErrorKind};
use crate::configuration::ConfigurationError;
use crate::decide::gate::NoGate;
use crate::decide::rollback::NoWayBack;
use crate::decide::task_definition::TaskDefinitionError;
use crate::exit::Exit;

/// A failure of the command.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The configuration is wrong.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    /// A profile was named that is not there.
    #[error(transparent)]
    Profile(#[from] UnknownProfile),
    /// The configuration file cannot be read.
    #[error("failed to read the configuration {path}")]
    ConfigurationFile {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file cannot be read.
    #[error("failed to read {path}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error("failed to write {path}")]
    Written {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The check plan is wrong, or has nothing to run.
    #[error("{}", .0.first().map_or_else(|| "the check plan is wrong".to_owned(), ToString::to_string))]
    CheckPlan(Vec<Message>),
    /// Ended by a signal before this.
    #[error("interrupted before {0}")]
    InterruptedBefore(&'static str, Exit),
    /// The task definition is wrong or does not fit.
    #[error(transparent)]
    TaskDefinition(#[from] TaskDefinitionError),
    /// The check plan that the hooks were packaged with would fail the deployment.
    #[error("the check plan would fail the deployment: {}", .0.first().map(ToString::to_string).unwrap_or_default())]
    Plan(Vec<Message>),
    /// The preflight found what would fail the deployment: ids of the checks.
    #[error("the preflight found what would fail the deployment, and nothing was registered: {0}")]
    Preflight(String),
    /// What is configured does not fit what is in AWS.
    #[error("{0}")]
    Unfit(String),
    /// AWS did not do what was asked.
    #[error("failed to {doing}")]
    Aws {
        /// `read the deployment group "x"`.
        doing: String,
        /// Why.
        #[source]
        source: AwsError,
    },
    /// Another deployment is active.
    #[error("another deployment of the group is active: {active}")]
    Conflict {
        /// Its id, or AWS's words.
        active: String,
        /// How to attach.
        advice: String,
    },
    /// A creation was not answered, and what it should have made is not to be seen.
    #[error("it is not known whether the deployment was created")]
    Doubtful {
        /// Why.
        #[source]
        source: AwsError,
    },
    /// A deployment that runs is out of sight.
    #[error("lost sight of deployment {deployment_id}, which goes on")]
    Lost {
        /// Which.
        deployment_id: String,
        /// How to attach again.
        advice: String,
        /// Why.
        #[source]
        source: AwsError,
    },
    /// The scenario is wrong.
    #[error("{0}")]
    Scenario(Box<dyn Error + Send + Sync>),
    /// Nobody's approval is waited for, or not any more.
    #[error(transparent)]
    NoGate(#[from] NoGate),
    /// There is no revision to go back to.
    #[error(transparent)]
    NoWayBack(#[from] NoWayBack),
    /// It takes a yes, and nobody can be asked.
    #[error("nothing was {0}: it takes a yes, and standard input is no terminal; give --yes")]
    NobodyToAsk(&'static str),
    /// The answer was not yes.
    #[error("nothing was {0}: the answer was not yes")]
    Declined(&'static str),
    /// Nothing to attach to.
    #[error("{0}")]
    NothingThere(String),
    /// Ended by a signal before anything was created.
    #[error("interrupted before a deployment was created")]
    Interrupted(Exit),
    /// Signals cannot be heard.
    #[error("failed to listen for SIGINT and SIGTERM")]
    Signals {
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The rehearsal could not be set up.
    #[error("failed to {doing}")]
    Rehearsal {
        /// What was tried.
        doing: String,
        /// Why, and what to do about it.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

impl Failure {
    /// A failed call.
    pub fn aws(doing: impl Into<String>) -> impl FnOnce(AwsError) -> Self {
        let doing = doing.into();
        move |source| Self::Aws { doing, source }
    }

    /// How the command ends.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Configuration(_)
            | Self::Profile(_)
            | Self::Scenario(_)
            | Self::ConfigurationFile { .. }
            | Self::File { .. }
            | Self::Written { .. }
            | Self::CheckPlan(_)
            | Self::TaskDefinition(_)
            | Self::Plan(_)
            | Self::NoWayBack(_)
            | Self::NobodyToAsk(_)
            | Self::Unfit(_) => Exit::Usage,
            Self::Aws { source, .. } => match source.kind {
                // What was named is not there, or nobody said where AWS is: configuration.
                ErrorKind::NotFound | ErrorKind::NotSent => Exit::Usage,
                ErrorKind::Conflict => Exit::Conflict,
                ErrorKind::Throttled
                | ErrorKind::Unavailable
                | ErrorKind::NotAllowed
                | ErrorKind::NotStarted
                | ErrorKind::Refused => Exit::Unexpected,
            },
            Self::Conflict { .. } => Exit::Conflict,
            Self::Preflight(_) => Exit::Preflight,
            Self::Doubtful { .. }
            | Self::Lost { .. }
            | Self::NothingThere(_)
            | Self::NoGate(_)
            | Self::Declined(_)
            | Self::Signals { .. }
            | Self::Rehearsal { .. } => Exit::Unexpected,
            Self::Interrupted(exit) | Self::InterruptedBefore(_, exit) => *exit,
        }
    }

    /// The deployment that it is about.
    pub fn deployment_id(&self) -> Option<&str> {
        match self {
            Self::Lost { deployment_id, .. } => Some(deployment_id),
            _ => None,
        }
    }

    /// The error, its causes, and what to do.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = match self {
            Self::Configuration(error) => error.lines(),
            Self::CheckPlan(messages) if !messages.is_empty() => messages.iter().map(ToString::to_string).collect(),
            Self::Plan(messages) => std::iter::once("the check plan would fail the deployment".to_owned())
                .chain(messages.iter().map(ToString::to_string))
                .collect(),
            other => vec![other.to_string()],
        };
        let mut cause = self.source();
        while let Some(error) = cause {
            lines.push(error.to_string());
            cause = error.source();
        }
        match self {
            Self::Conflict { advice, .. } | Self::Lost { advice, .. } => lines.push(advice.clone()),
            Self::Doubtful { .. } => lines.push(
                "run the same command again: where the deployment exists it is followed, and not created a second time"
                    .to_owned(),
            ),
            Self::ConfigurationFile { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                lines.push("name another file with --file, or write one with greenlight init".to_owned());
            }
            Self::Aws { source, .. } if source.kind == ErrorKind::NotSent => lines.push(
                "name a region and credentials: AWS_REGION, AWS_PROFILE or the access keys, or --profile and --region; \
                 with single sign-on, first: aws sso login"
                    .to_owned(),
            ),
            Self::Aws { source, .. } if source.kind == ErrorKind::NotFound => lines.push(
                "look at the name, and whether it is in the region and account in use: --region, --profile".to_owned(),
            ),
            // It was not answered, not even with an error.
            Self::Aws { source, .. } if source.kind == ErrorKind::Unavailable && source.code.is_none() => lines.push(
                "look at the network, the region and the endpoint: --region, --endpoint-url, AWS_ENDPOINT_URL"
                    .to_owned(),
            ),
            Self::Aws { source, .. } if source.is_denied() => {
                lines.push(format!("allow {} to the credentials in use, or use others: --profile", source.operation));
            }
            Self::Aws { source, .. } if source.kind == ErrorKind::NotAllowed => lines.push(
                "the credentials in use are not accepted: renew them, or use others: --profile; with single sign-on: aws sso login"
                    .to_owned(),
            ),
            Self::Preflight(_) => {
                lines.push("look closer with greenlight doctor; --skip-preflight deploys all the same".to_owned())
            }
            _ => {}
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_not_do_something_is_told_what_it_takes() {
        let told = |kind, code: Option<&str>| {
            let text = "no".to_owned();
            let source = AwsError { operation: "ecs:ListTasks", kind, code: code.map(str::to_owned), text };
            Failure::aws("look")(source).lines().split_off(2)
        };
        let allow = ["allow ecs:ListTasks to the credentials in use, or use others: --profile"];
        assert_eq!(told(ErrorKind::NotAllowed, Some("AccessDeniedException")), allow);
        assert_eq!(told(ErrorKind::NotAllowed, None), allow);
        let expired = told(ErrorKind::NotAllowed, Some("ExpiredTokenException"));
        assert!(expired[0].starts_with("the credentials in use are not accepted"), "{expired:?}");
        assert!(told(ErrorKind::Refused, Some("InvalidRoleException")).is_empty());
    }
}
