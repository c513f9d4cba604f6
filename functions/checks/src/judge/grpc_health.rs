//! What a health service answered held against SERVING. Pure: no clock, no network.

use http::StatusCode;
use tonic::Code;
use tonic_health::pb::health_check_response::ServingStatus;

use super::expected::expectation;
use super::http::clipped;
use crate::evidence::Expectation;
use crate::message::{Message, codes};
use crate::plan::{Check, GrpcHealthCheck};
use crate::probe::grpc_health::Answered;

/// The message, unless it is SERVING.
pub(crate) fn contradictions(
    check: &Check,
    health: &GrpcHealthCheck,
    answered: &Answered,
    context: &str,
) -> Vec<Message> {
    let Some(hint) = hint(health, answered) else { return Vec::new() };
    let text = format!("expected SERVING, got {}; {hint}", told(answered));
    vec![Message::new(codes::ASSERTION_FAILED, &check.id, text).with_context(context).at(&*check.place)]
}

/// What the check expects, and what the answer was.
pub(crate) fn expectations(health: &GrpcHealthCheck, answered: Option<&Answered>) -> Vec<Expectation> {
    let expected = format!("{} SERVING", health.service).trim_start().to_owned();
    vec![expectation(expected, answered.map(told))]
}

/// What the answer is called.
pub(crate) fn told(answered: &Answered) -> String {
    match answered {
        Answered::State(number) => match ServingStatus::try_from(*number) {
            Ok(state) => state.as_str_name().to_owned(),
            Err(_) => format!("state {number}"),
        },
        Answered::Refused(code, message) if message.is_empty() => name(*code).to_owned(),
        Answered::Refused(code, message) => format!("{}: {}", name(*code), clipped(message)),
        Answered::Http(status) => format!("HTTP status {}", status.as_u16()),
        Answered::NotGrpc(content_type) => format!("an answer of content type {}", clipped(content_type)),
    }
}

/// Whether a service that is still starting answers like this, itself or through its load balancer.
pub(crate) fn is_not_ready(answered: &Answered) -> bool {
    match answered {
        Answered::Refused(code, _) => *code == Code::Unavailable,
        Answered::Http(status) => {
            [StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE, StatusCode::GATEWAY_TIMEOUT].contains(status)
        }
        Answered::State(_) | Answered::NotGrpc(_) => false,
    }
}

/// What an answer that is not SERVING usually means, and what to do.
fn hint(health: &GrpcHealthCheck, answered: &Answered) -> Option<String> {
    let unknown_service = || match health.service.as_str() {
        "" => "the server keeps no health of itself as a whole; name a service".to_owned(),
        service => format!(
            "the server keeps no health of {service:?}; is the name written with its package, and registered with the health service?"
        ),
    };
    Some(match answered {
        Answered::State(number) => match ServingStatus::try_from(*number) {
            Ok(ServingStatus::Serving) => return None,
            Ok(ServingStatus::NotServing) => {
                "the service itself says that it cannot serve; its log or what it depends on says why".to_owned()
            }
            Ok(ServingStatus::Unknown) => {
                "the server has not said yet how the service is; it must set its health once it can serve".to_owned()
            }
            Ok(ServingStatus::ServiceUnknown) => unknown_service(),
            Err(_) => "the protocol has no such state, so it is no pass".to_owned(),
        },
        Answered::Refused(Code::NotFound, _) => unknown_service(),
        Answered::Refused(Code::Unimplemented, _) => {
            "the server does not offer grpc.health.v1.Health; add the health service to it".to_owned()
        }
        Answered::Refused(Code::Unavailable, _) => {
            "the server is starting, draining, or reaches no backend; raise budget.stabilise if it starts slowly".to_owned()
        }
        Answered::Refused(Code::Unauthenticated | Code::PermissionDenied, _) => {
            "the health service must be reachable without credentials, as load balancers need it too".to_owned()
        }
        Answered::Refused(..) => "the health service could not answer".to_owned(),
        Answered::Http(_) | Answered::NotGrpc(_) => {
            "that is no gRPC server; is the endpoint's listener one for gRPC, and does its rule match /grpc.health.v1.Health/Check?".to_owned()
        }
    })
}

/// As the gRPC documents spell it.
fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN (status)",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::HookEvent;
    use crate::plan::{self, Kind};

    fn judged(service: &str, answered: &Answered) -> Vec<String> {
        let text = format!(
            "version: 1\nhooks: {{ AfterAllowTestTraffic: [rpc] }}\nchecks:\n  - id: rpc\n    grpc_health: {service}\n"
        );
        let plan = plan::read(&text, "checks.yaml", &plan::Givens::at(jiff::Timestamp::UNIX_EPOCH))
            .unwrap_or_else(|errors| panic!("{errors}"));
        let event = plan.for_event(HookEvent::AfterAllowTestTraffic).unwrap();
        let Kind::GrpcHealth(health) = &event.checks[0].kind else { panic!("it is a grpc_health check") };
        contradictions(&event.checks[0], health, answered, "Check").iter().map(ToString::to_string).collect()
    }

    #[test]
    fn only_serving_passes_and_everything_else_has_its_own_message() {
        let cart = "{ service: shop.Cart }";
        let refused = |code, message: &str| Answered::Refused(code, message.to_owned());
        let table = [
            (cart, Answered::State(1), ""),
            (
                cart,
                Answered::State(2),
                "got NOT_SERVING; the service itself says that it cannot serve; its log or what it depends on says why",
            ),
            (
                cart,
                Answered::State(0),
                "got UNKNOWN; the server has not said yet how the service is; it must set its health once it can serve",
            ),
            (
                cart,
                Answered::State(3),
                "got SERVICE_UNKNOWN; the server keeps no health of \"shop.Cart\"; is the name written with its package, and registered with the health service?",
            ),
            (cart, Answered::State(7), "got state 7; the protocol has no such state, so it is no pass"),
            (
                cart,
                refused(Code::NotFound, "unknown service"),
                "got NOT_FOUND: unknown service; the server keeps no health of \"shop.Cart\"; is the name written with its package, and registered with the health service?",
            ),
            (
                "{}",
                refused(Code::NotFound, ""),
                "got NOT_FOUND; the server keeps no health of itself as a whole; name a service",
            ),
            (
                cart,
                refused(Code::Unimplemented, ""),
                "got UNIMPLEMENTED; the server does not offer grpc.health.v1.Health; add the health service to it",
            ),
            (
                cart,
                refused(Code::Unavailable, "draining"),
                "got UNAVAILABLE: draining; the server is starting, draining, or reaches no backend; raise budget.stabilise if it starts slowly",
            ),
            (
                cart,
                refused(Code::PermissionDenied, ""),
                "got PERMISSION_DENIED; the health service must be reachable without credentials, as load balancers need it too",
            ),
            (cart, refused(Code::Internal, "boom"), "got INTERNAL: boom; the health service could not answer"),
            (
                cart,
                Answered::Http(StatusCode::NOT_FOUND),
                "got HTTP status 404; that is no gRPC server; is the endpoint's listener one for gRPC, and does its rule match /grpc.health.v1.Health/Check?",
            ),
            (
                cart,
                Answered::NotGrpc("text/html".to_owned()),
                "got an answer of content type text/html; that is no gRPC server; is the endpoint's listener one for gRPC, and does its rule match /grpc.health.v1.Health/Check?",
            ),
        ];
        for (service, answered, got) in table {
            let said: Vec<String> = Some(got)
                .filter(|got| !got.is_empty())
                .map(|got| format!("GL1201 rpc: expected SERVING, {got}; Check [checks.yaml:4]"))
                .into_iter()
                .collect();
            assert_eq!(judged(service, &answered), said, "{answered:?}");
        }
    }

    #[test]
    fn only_what_a_starting_service_answers_is_not_ready() {
        assert!(is_not_ready(&Answered::Refused(Code::Unavailable, String::new())));
        assert!(
            [502, 503, 504].iter().all(|status| is_not_ready(&Answered::Http(StatusCode::from_u16(*status).unwrap())))
        );
        for answered in [
            Answered::State(2),
            Answered::State(0),
            Answered::Refused(Code::NotFound, String::new()),
            Answered::Http(StatusCode::INTERNAL_SERVER_ERROR),
            Answered::NotGrpc("text/html".to_owned()),
        ] {
            assert!(!is_not_ready(&answered), "{answered:?}");
        }
    }
}
