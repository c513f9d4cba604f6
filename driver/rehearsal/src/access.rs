//! What the credentials in use may not do: by the scenario, for there are no policies here. Every other call is allowed to
//! everybody.

use http::Method;

use crate::call::Call;
use crate::refusal::Refusal;
use crate::world::World;

impl World {
    /// A refusal, where the scenario denies the call.
    pub(crate) fn deny(&self, call: &Call) -> Option<Refusal> {
        if self.ailments.denied.is_empty() {
            return None;
        }
        let action = action(call)?;
        if !self.ailments.denied.contains(&action) {
            return None;
        }
        let message = format!("User: arn:aws:iam::123456789012:user/rehearsal is not authorized to perform: {action}");
        Some(match call {
            Call::Elbv2 { .. } | Call::Iam { .. } | Call::Sts { .. } | Call::CloudWatch { .. } | Call::S3(_) => {
                Refusal { code: "AccessDenied", message, status: 403 }
            }
            Call::Lambda { .. } => Refusal { code: "AccessDeniedException", message, status: 403 },
            _ => Refusal::new("AccessDeniedException", message),
        })
    }
}

/// The permission that a call takes, as IAM spells it.
pub(crate) fn action(call: &Call) -> Option<String> {
    let (service, operation) = match call {
        Call::AutoScaling { operation, .. } => ("application-autoscaling", operation.as_str()),
        Call::CloudWatch { operation, .. } => ("cloudwatch", operation.as_str()),
        Call::CodeDeploy { operation, .. } => ("codedeploy", operation.as_str()),
        Call::Ecr { operation, .. } => ("ecr", operation.as_str()),
        Call::Ecs { operation, .. } => ("ecs", operation.as_str()),
        Call::Elbv2 { operation, .. } => ("elasticloadbalancing", operation.as_str()),
        Call::Iam { operation, .. } => ("iam", operation.as_str()),
        Call::Logs { operation, .. } => ("logs", operation.as_str()),
        Call::Sts { operation, .. } => ("sts", operation.as_str()),
        Call::Lambda { path, .. } => {
            let operation = match path.rsplit_once('/') {
                Some((_, "configuration")) => "GetFunctionConfiguration",
                Some((_, "invocations")) => "InvokeFunction",
                Some(_) => return None,
                None => "GetFunction",
            };
            ("lambda", operation)
        }
        // A request of S3 has no name for what it does.
        Call::S3(request) => match (&request.method, request.key.is_empty()) {
            (&Method::GET | &Method::HEAD, false) => ("s3", "GetObject"),
            (&Method::PUT, false) => ("s3", "PutObject"),
            (&Method::DELETE, false) => ("s3", "DeleteObject"),
            (&Method::GET, true) => ("s3", "ListBucket"),
            _ => return None,
        },
    };
    Some(format!("{service}:{operation}"))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;
    use crate::world::simulation::Simulation;

    #[test]
    fn a_denied_call_is_refused_in_its_services_shape_and_others_are_answered() {
        let mut simulation = Simulation::of(None, &[], |scenario| {
            let denied = ["ecs:DescribeServices", "elasticloadbalancing:DescribeRules", "lambda:InvokeFunction"];
            scenario.ailments.denied = denied.map(str::to_owned).into();
        });
        let refused = simulation.ecs("DescribeServices", json!({})).unwrap_err();
        assert_eq!(
            (refused.code, refused.message.as_str()),
            (
                "AccessDeniedException",
                "User: arn:aws:iam::123456789012:user/rehearsal is not authorized to perform: ecs:DescribeServices"
            )
        );
        assert_eq!(simulation.elbv2("DescribeRules", &[]).unwrap_err().code, "AccessDenied");
        let lambda = |path: &str| Call::Lambda {
            method: Method::GET,
            path: path.to_owned(),
            invocation_type: None,
            body: Bytes::new(),
        };
        assert_eq!(simulation.call(lambda("a/invocations")).unwrap_err().status, 403);
        assert_eq!(simulation.call(lambda("a/configuration")).unwrap_err().code, "ResourceNotFoundException");
        assert!(simulation.ecs("DescribeClusters", json!({})).is_ok());
    }
}
