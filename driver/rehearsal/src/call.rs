//! One API call, past HTTP: which service, which operation, what with. The world answers it.

use bytes::Bytes;
use http::Method;
use jiff::Timestamp;
use serde_json::Value;

use crate::elbv2::serve::Parameters;
use crate::refusal::Refusal;
use crate::world::World;
use crate::{autoscaling, cloudwatch, codedeploy, ecr, ecs, elbv2, iam, lambda, logs, s3, sts};

/// A call.
#[derive(Debug)]
pub(crate) enum Call {
    /// AWS JSON 1.1.
    AutoScaling { operation: String, body: Value },
    /// CBOR (Smithy RPC v2).
    CloudWatch { operation: String, body: Value },
    /// AWS JSON 1.1.
    CodeDeploy { operation: String, body: Value },
    /// AWS JSON 1.1.
    Ecr { operation: String, body: Value },
    /// AWS JSON 1.1.
    Ecs { operation: String, body: Value },
    /// AWS JSON 1.1.
    Logs { operation: String, body: Value },
    /// Query.
    Elbv2 { operation: String, parameters: Parameters },
    /// Query.
    Iam { operation: String, parameters: Parameters },
    /// Query.
    Sts { operation: String },
    /// REST, XML.
    S3(s3::Request),
    /// REST; the path after `/2015-03-31/functions/`.
    Lambda { method: Method, path: String, invocation_type: Option<String>, body: Bytes },
}

/// What is answered.
#[derive(Debug)]
pub(crate) enum Answer {
    Json(Value),
    Cbor(ciborium::Value),
    /// 200 without a body.
    Empty,
    Xml(String),
    S3(s3::Answer),
    Lambda(lambda::Answer),
}

impl World {
    /// Answer a call; `request` is its id.
    pub(crate) fn answer(&mut self, call: Call, request: &str, now: Timestamp) -> Result<Answer, Refusal> {
        if let Some(refusal) = self.deny(&call) {
            return Err(refusal);
        }
        match call {
            Call::AutoScaling { operation, body } => {
                autoscaling::serve::answer(self, &operation, &body, now).map(Answer::Json)
            }
            Call::CloudWatch { operation, body } => {
                cloudwatch::serve::answer(self, &operation, &body, now).map(Answer::Cbor)
            }
            Call::CodeDeploy { operation, body } => {
                let answer = codedeploy::serve::answer(self, &operation, &body, now)?;
                Ok(answer.map_or(Answer::Empty, Answer::Json))
            }
            Call::Ecr { operation, body } => ecr::answer(self, &operation, &body).map(Answer::Json),
            Call::Ecs { operation, body } => ecs::serve::answer(self, &operation, &body, now).map(Answer::Json),
            Call::Logs { operation, body } => {
                let answer = logs::serve::answer(self, &operation, &body, now)?;
                Ok(answer.map_or(Answer::Empty, Answer::Json))
            }
            Call::Elbv2 { operation, parameters } => {
                elbv2::serve::answer(self, &operation, &parameters, request).map(Answer::Xml)
            }
            Call::Iam { operation, parameters } => iam::answer(self, &operation, &parameters, request).map(Answer::Xml),
            Call::Sts { operation } => sts::answer(&operation, request).map(Answer::Xml),
            Call::S3(request) => s3::serve::answer(self, request, now).map(Answer::S3),
            Call::Lambda { method, path, invocation_type, body } => {
                let invocation_type = invocation_type.as_deref();
                let call = lambda::Call { method: &method, path: &path, invocation_type, body };
                lambda::answer(self, call, now).map(Answer::Lambda)
            }
        }
    }
}
