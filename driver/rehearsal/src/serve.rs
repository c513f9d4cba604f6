//! The one HTTP endpoint of all services: finds out which service and operation a request means, and puts answers and refusals
//! into the shapes of that service's protocol. Credentials are not looked at.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::access::action;
use crate::call::{Answer, Call};
use crate::desk::{self, CALLS, Desk, FAULTS, Spoilt};
use crate::elbv2::xml::Xml;
use crate::engine::{Ask, Asked, Reply};
use crate::identifiers::numbered_uuid;
use crate::journal::Journal;
use crate::refusal::Refusal;
use crate::{autoscaling, cloudwatch, ecr, elbv2, iam, lambda, s3, sts};

/// Where the journal is.
pub(crate) const JOURNAL: &str = "/_greenlight/journal";

const JSON: &str = "application/x-amz-json-1.1";
const FUNCTIONS: &str = "/2015-03-31/functions/";
/// The largest request: a synchronous invocation's payload.
const LARGEST_BODY: usize = 6 * 1024 * 1024;

/// A protocol's shape of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Cbor,
    Json,
    Query { namespace: &'static str },
    Rest,
    S3,
}

#[derive(Debug)]
struct Endpoint {
    ask: Ask,
    journal: Journal,
    desk: Desk,
    requests: AtomicU64,
}

/// The endpoint, ready to be served.
pub(crate) fn router(ask: Ask, journal: Journal) -> Router {
    let endpoint = Arc::new(Endpoint { ask, journal, desk: Desk::default(), requests: AtomicU64::new(0) });
    Router::new().fallback(handle).with_state(endpoint)
}

async fn handle(State(endpoint): State<Arc<Endpoint>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if parts.method == Method::GET && parts.uri.path() == JOURNAL {
        return response(StatusCode::OK, "application/x-ndjson", endpoint.journal.json_lines());
    }
    if parts.method == Method::GET && parts.uri.path() == CALLS {
        return response(StatusCode::OK, "application/json", endpoint.desk.counts());
    }
    let id = numbered_uuid("request", endpoint.requests.fetch_add(1, Ordering::Relaxed) + 1);
    let mut response = match to_bytes(body, LARGEST_BODY).await {
        Ok(body) if parts.method == Method::POST && parts.uri.path() == FAULTS => match endpoint.desk.inject(&body) {
            Ok(()) => response(StatusCode::NO_CONTENT, "application/json", Body::empty()),
            Err(problem) => response(StatusCode::BAD_REQUEST, "text/plain", problem),
        },
        Ok(body) => answer(&endpoint, &parts, body, &id).await,
        Err(error) => {
            let refusal = Refusal { code: "RequestTooLargeException", message: error.to_string(), status: 413 };
            refuse(Protocol::Rest, &refusal, &id)
        }
    };
    response.headers_mut().insert("x-amzn-requestid", id.parse().expect("a UUID is a header value"));
    response
}

async fn answer(endpoint: &Endpoint, parts: &Parts, body: Bytes, id: &str) -> Response {
    let (protocol, call) = match read(parts, body) {
        Ok(read) => read,
        Err((protocol, refusal)) => return refuse(protocol, &refusal, id),
    };
    let patch =
        match endpoint.desk.receive(client(&parts.headers), &action(&call).unwrap_or_else(|| "other".to_owned())) {
            Some(Spoilt::Refused(error)) => return refuse_as(protocol, &error.code, &error.message, error.status, id),
            Some(Spoilt::Patched(patch)) => Some(patch),
            None => None,
        };
    let (reply, replied) = oneshot::channel();
    let asked = Asked { call, request: id.to_owned(), reply };
    if endpoint.ask.send(asked).is_err() {
        return refuse(protocol, &ending(), id);
    }
    match replied.await {
        Ok(Reply::Now(Ok(Answer::Json(mut document)))) => {
            if let Some(patch) = patch {
                desk::merge(&mut document, &patch);
            }
            accept(protocol, Answer::Json(document))
        }
        Ok(Reply::Now(Ok(answer))) => accept(protocol, answer),
        Ok(Reply::Now(Err(refusal))) => refuse(protocol, &refusal, id),
        Ok(Reply::Ended { invocation, outcome }) => {
            let (body, failed) = lambda::ended(outcome, &invocation);
            let mut response = response(StatusCode::OK, "application/json", body);
            response.headers_mut().insert("x-amz-executed-version", "$LATEST".parse().expect("it is a header value"));
            if failed {
                response
                    .headers_mut()
                    .insert("x-amz-function-error", "Unhandled".parse().expect("it is a header value"));
            }
            response
        }
        Err(_) => refuse(protocol, &ending(), id),
    }
}

fn ending() -> Refusal {
    Refusal { code: "ServiceUnavailableException", message: "the rehearsal is ending".into(), status: 503 }
}

/// Which call a request is.
fn read(parts: &Parts, body: Bytes) -> Result<(Protocol, Call), (Protocol, Refusal)> {
    if let Some(target) = header(&parts.headers, "x-amz-target") {
        return read_json(target, &body)
            .map(|call| (Protocol::Json, call))
            .map_err(|refusal| (Protocol::Json, refusal));
    }
    if let Some(operation) = parts.uri.path().strip_prefix(cloudwatch::serve::PATH) {
        return read_cbor(operation, &parts.headers, &body)
            .map(|call| (Protocol::Cbor, call))
            .map_err(|refusal| (Protocol::Cbor, refusal));
    }
    if let Some(path) = parts.uri.path().strip_prefix(FUNCTIONS) {
        let invocation_type = header(&parts.headers, "x-amz-invocation-type").map(str::to_owned);
        let call = Call::Lambda { method: parts.method.clone(), path: path.to_owned(), invocation_type, body };
        return Ok((Protocol::Rest, call));
    }
    if is_s3(parts) {
        let call = s3::Request::read(parts, body).map(Call::S3).map_err(|refusal| (Protocol::S3, refusal))?;
        return Ok((Protocol::S3, call));
    }
    let query = parts.uri.query().unwrap_or_default().as_bytes();
    let form = if parts.method == Method::POST { &body[..] } else { query };
    let mut parameters: BTreeMap<String, String> = serde_urlencoded::from_bytes(form).unwrap_or_default();
    let Some(operation) = parameters.remove("Action") else {
        let service = signed_service(&parts.headers);
        let message = format!(
            "the rehearsal does not implement {} {} of {}; it has CodeDeploy, ECS, ECR, ELBv2, Application Auto Scaling, IAM, Lambda, CloudWatch, CloudWatch Logs, S3 and STS, and its journal at {JOURNAL}",
            parts.method,
            parts.uri.path(),
            service.unwrap_or("an unknown service")
        );
        return Err((Protocol::Rest, Refusal { code: "UnknownOperationException", message, status: 404 }));
    };
    match parameters.get("Version").map(String::as_str) {
        Some("2015-12-01") => {
            Ok((Protocol::Query { namespace: elbv2::serve::NAMESPACE }, Call::Elbv2 { operation, parameters }))
        }
        Some("2011-06-15") => Ok((Protocol::Query { namespace: sts::NAMESPACE }, Call::Sts { operation })),
        Some(iam::VERSION) => Ok((Protocol::Query { namespace: iam::NAMESPACE }, Call::Iam { operation, parameters })),
        version => {
            let message = format!(
                "the rehearsal does not implement {operation} of API version {}; of the Query services it has ELBv2, IAM and STS",
                version.unwrap_or("(none)")
            );
            let protocol = Protocol::Query { namespace: elbv2::serve::NAMESPACE };
            Err((protocol, Refusal::new("InvalidAction", message)))
        }
    }
}

fn read_cbor(operation: &str, headers: &HeaderMap, body: &[u8]) -> Result<Call, Refusal> {
    if let Some(encoding) = header(headers, "content-encoding") {
        let message = format!("the rehearsal reads no body in {encoding}; send fewer data at once");
        return Err(Refusal::new("InvalidParameterValue", message));
    }
    let body = cloudwatch::cbor::read(body).map_err(|problem| Refusal::new("SerializationException", problem))?;
    Ok(Call::CloudWatch { operation: operation.to_owned(), body })
}

fn read_json(target: &str, body: &[u8]) -> Result<Call, Refusal> {
    let (service, operation) = target.split_once('.').unwrap_or((target, ""));
    let operation = operation.to_owned();
    let body: Value = if body.is_empty() {
        json!({})
    } else {
        serde_json::from_slice(body).map_err(|error| Refusal::new("SerializationException", error.to_string()))?
    };
    match service {
        "CodeDeploy_20141006" => Ok(Call::CodeDeploy { operation, body }),
        "AmazonEC2ContainerServiceV20141113" => Ok(Call::Ecs { operation, body }),
        ecr::TARGET => Ok(Call::Ecr { operation, body }),
        "Logs_20140328" => Ok(Call::Logs { operation, body }),
        autoscaling::serve::TARGET => Ok(Call::AutoScaling { operation, body }),
        cloudwatch::serve::TARGET => Ok(Call::CloudWatch { operation, body }),
        _ => {
            let message = format!(
                "the rehearsal does not implement {target}; of the JSON services it has CodeDeploy, ECS, ECR, Application Auto Scaling, CloudWatch and CloudWatch Logs"
            );
            Err(Refusal::new("UnknownOperationException", message))
        }
    }
}

fn accept(protocol: Protocol, answer: Answer) -> Response {
    match answer {
        Answer::Cbor(document) if matches!(protocol, Protocol::Json) => {
            response(StatusCode::OK, JSON, cloudwatch::cbor::as_json(document).to_string())
        }
        Answer::Json(document) => response(StatusCode::OK, JSON, document.to_string()),
        Answer::Cbor(document) => cbor(StatusCode::OK, &document),
        Answer::Empty => response(StatusCode::OK, JSON, Body::empty()),
        Answer::Xml(text) => response(StatusCode::OK, "text/xml", text),
        Answer::S3(answer) => {
            let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let response = Response::builder().status(status);
            let response =
                answer.headers.into_iter().fold(response, |response, (name, value)| response.header(name, value));
            // What a client may store as metadata and HTTP cannot carry back is the client's mistake.
            response.body(answer.body.into()).unwrap_or_else(|_| bad_header())
        }
        Answer::Lambda(lambda::Answer::Document(document)) => {
            response(StatusCode::OK, "application/json", document.to_string())
        }
        Answer::Lambda(lambda::Answer::Accepted) => response(StatusCode::ACCEPTED, "application/json", Body::empty()),
        Answer::Lambda(lambda::Answer::Dry | lambda::Answer::Deleted | lambda::Answer::Later { .. }) => {
            response(StatusCode::NO_CONTENT, "application/json", Body::empty())
        }
    }
}

/// A refusal in the shape of its protocol.
fn refuse(protocol: Protocol, refusal: &Refusal, id: &str) -> Response {
    refuse_as(protocol, refusal.code, &refusal.message, refusal.status, id)
}

fn refuse_as(protocol: Protocol, code: &str, message: &str, status: u16, id: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    match protocol {
        Protocol::Cbor => {
            let document = cloudwatch::cbor::map([
                ("__type", format!("com.amazonaws.cloudwatch#{code}").into()),
                ("message", message.into()),
            ]);
            let mut response = cbor(status, &document);
            // The code as the Query protocol had it, for clients that know it by that.
            let fault = if status.is_server_error() { "Receiver" } else { "Sender" };
            let code = format!("{code};{fault}").parse().expect("a code is a header value");
            response.headers_mut().insert("x-amzn-query-error", code);
            response
        }
        Protocol::Json => {
            let body = json!({"__type": code, "message": message});
            response(status, JSON, body.to_string())
        }
        Protocol::Query { namespace } => response(status, "text/xml", Xml::error(namespace, id, code, message)),
        Protocol::S3 => response(status, "application/xml", Xml::s3_error(id, code, message)),
        Protocol::Rest => {
            // One Lambda exception spells its member with a capital.
            let member = if code == "ResourceNotFoundException" { "Message" } else { "message" };
            let body = json!({member: message, "Type": "User"});
            let mut response = response(status, "application/json", body.to_string());
            response.headers_mut().insert("x-amzn-errortype", code.parse().expect("a code is a header value"));
            response
        }
    }
}

fn response(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response {
    Response::builder()
        .status(status)
        .header("content-type", content_type)
        .body(body.into())
        .expect("status and content type are constants")
}

fn cbor(status: StatusCode, document: &ciborium::Value) -> Response {
    let mut response = response(status, "application/cbor", cloudwatch::cbor::written(document));
    response.headers_mut().insert("smithy-protocol", "rpc-v2-cbor".parse().expect("it is a header value"));
    response
}

fn bad_header() -> Response {
    response(
        StatusCode::BAD_REQUEST,
        "application/xml",
        Xml::s3_error("", "InvalidRequest", "the metadata is no header"),
    )
}

/// S3 has no word for the operation: a request is S3's if it is signed for it, in a header or in the query.
fn is_s3(parts: &Parts) -> bool {
    let presigned = || {
        let query: BTreeMap<String, String> = serde_urlencoded::from_str(parts.uri.query()?).ok()?;
        Some(query.get("X-Amz-Credential")?.split('/').nth(3)? == "s3")
    };
    signed_service(&parts.headers) == Some("s3") || presigned().unwrap_or(false)
}

/// Who calls: the access key of a signature.
fn client(headers: &HeaderMap) -> &str {
    let credential = header(headers, "authorization").and_then(|text| text.split_once("Credential="));
    credential.and_then(|(_, rest)| rest.split('/').next()).unwrap_or("unsigned")
}

/// The service in the credential scope of a signature: `Credential=<key>/<date>/<region>/<service>/aws4_request`.
fn signed_service(headers: &HeaderMap) -> Option<&str> {
    let (_, credential) = header(headers, "authorization")?.split_once("Credential=")?;
    credential.split(',').next()?.split('/').nth(3)
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
