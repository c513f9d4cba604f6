//! AWS, read and reported to: the clients, and adapters in which the SDK's types end. Nothing is decided here.
//!
//! The function's role needs `codedeploy:GetDeployment`, `ListDeploymentTargets`, `BatchGetDeploymentTargets`,
//! `GetDeploymentGroup` and `PutLifecycleEventHookExecutionStatus`, `ecs:DescribeServices`, `ListTasks`, `DescribeTasks` and,
//! where targets are EC2 instances, `DescribeContainerInstances`, and `elasticloadbalancing:DescribeListeners`,
//! `DescribeRules`, `DescribeLoadBalancers`, `DescribeTargetGroups` and `DescribeTargetHealth`; `s3:GetObject` and
//! `s3:PutObject` where the plan or the evidence is in a bucket; `cloudwatch:DescribeAlarms` and `GetMetricData` where the
//! plan has a check of them. Nothing else is called.

mod cloudwatch;
mod codedeploy;
mod ecs;
mod elbv2;
mod fault;
mod reporting;
mod s3;
mod transport;
mod whole;

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

pub(crate) use fault::{Fault, ReadError, Unread};
pub(crate) use reporting::{Refusal, put_status};
pub(crate) use s3::{ObjectError, ObjectName, S3, Trouble};
use transport::Transport;
use whole::{UnreadableAnswers, WholeAnswers};

use crate::environment::Environment;

const CONNECT: Duration = Duration::from_secs(2);
const ATTEMPT: Duration = Duration::from_secs(5);
/// Three attempts and their pauses; the longest that one fact may take.
const OPERATION: Duration = Duration::from_secs(18);

/// The configuration of a service's client that takes no answer for whole that is not.
macro_rules! careful {
    ($service:ident, $shared:expr) => {
        $service::config::Builder::from($shared).interceptor(WholeAnswers).retry_classifier(UnreadableAnswers)
    };
}
use careful;

/// The clients of one process.
#[derive(Clone, Debug)]
pub(crate) struct Aws {
    codedeploy: aws_sdk_codedeploy::Client,
    ecs: aws_sdk_ecs::Client,
    elbv2: aws_sdk_elasticloadbalancingv2::Client,
    /// Without the SDK's retries: the report counts its own attempts.
    reporting: aws_sdk_codedeploy::Client,
    pub(crate) s3: S3,
    /// For the clients that few plans need.
    shared: aws_config::SdkConfig,
}

impl Aws {
    /// Clients as the ordinary `AWS_*` variables say.
    pub(crate) async fn from_environment(environment: &Environment) -> Self {
        let transport = SharedHttpClient::new(Transport::to(environment.get("AWS_ENDPOINT_URL")));
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(ATTEMPT)
            .operation_timeout(OPERATION)
            .build();
        let shared = aws_config::defaults(aws_config::BehaviorVersion::latest())
            .http_client(transport)
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(3))
            .load()
            .await;
        let reporting = careful!(aws_sdk_codedeploy, &shared).retry_config(RetryConfig::disabled());
        Self {
            codedeploy: aws_sdk_codedeploy::Client::from_conf(careful!(aws_sdk_codedeploy, &shared).build()),
            ecs: aws_sdk_ecs::Client::from_conf(careful!(aws_sdk_ecs, &shared).build()),
            elbv2: aws_sdk_elasticloadbalancingv2::Client::from_conf(
                careful!(aws_sdk_elasticloadbalancingv2, &shared).build(),
            ),
            reporting: aws_sdk_codedeploy::Client::from_conf(reporting.build()),
            s3: S3::new(&shared, environment.get("AWS_ENDPOINT_URL_S3")),
            shared,
        }
    }
}
