//! The `grpc_health` check: the standard health protocol (grpc.health.v1), which must answer SERVING.

use super::fields::{Fields, Problems};
use super::tree::Node;

/// A service that must be SERVING. There is no `expect`: that is what is expected of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GrpcHealthCheck {
    /// `shop.Cart`, with its package; empty asks for the server as a whole, as the protocol has it.
    pub(crate) service: String,
}

/// Reads `grpc_health`.
pub(crate) fn read(node: &Node, check: &Fields<'_>, problems: &mut Problems) -> Option<GrpcHealthCheck> {
    if let Some(expect) = check.get("expect") {
        let text = "is not for grpc_health checks: SERVING passes, within timeout";
        problems.add(expect.at, &check.path_of("expect"), text);
    }
    let fields = Fields::read(node, &check.path_of("grpc_health"), &["service"], problems)?;
    let service = fields.text("service", problems);
    if let (Some(""), Some(node)) = (service.as_deref(), fields.get("service")) {
        let text = "must not be empty; leave it out to ask for the server as a whole";
        problems.add(node.at, &fields.path_of("service"), text);
    }
    Some(GrpcHealthCheck { service: service.unwrap_or_default() })
}
