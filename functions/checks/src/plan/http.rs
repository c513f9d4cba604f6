//! The `http` check: one request and what is expected of its answer; and the reading of requests, which other kinds send
//! too.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Method, Uri, Version, header};
use serde_json_path::JsonPath;

use super::expectation::assertions;
use super::fields::{Fields, Problems, text};
use super::givens::Givens;
use super::http_version::{HTTP_1_1, http_version};
use super::predicate::Predicate;
use super::schema::Schema;
use super::tree::{Node, Position};

/// One request, and what is expected of its answer.
#[derive(Clone, Debug)]
pub(crate) struct HttpCheck {
    pub(crate) request: HttpRequest,
    pub(crate) assertions: Vec<Assertion>,
}

/// A request to a version.
#[derive(Clone, Debug)]
pub(crate) struct HttpRequest {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) path: String,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Option<String>,
    /// How many redirects are followed.
    pub(crate) follow: usize,
    /// HTTP/1.1 or HTTP/2.
    pub(crate) version: Version,
}

/// Headers whose values are secrets; so are those of every header whose name says `token`, `secret`, `key` or `password`.
const SECRET_HEADERS: [HeaderName; 3] = [header::AUTHORIZATION, header::PROXY_AUTHORIZATION, header::COOKIE];

impl HttpRequest {
    /// What a service may echo and the evidence must not hold. A very short value is none: replacing it would hide
    /// ordinary text.
    pub(crate) fn secrets(&self) -> Vec<&str> {
        secret_values(&self.headers)
    }
}

/// The same, of any headers.
pub(crate) fn secret_values(headers: &[(HeaderName, HeaderValue)]) -> Vec<&str> {
    let is_secret = |name: &HeaderName| {
        SECRET_HEADERS.contains(name)
            || ["token", "secret", "key", "password"].iter().any(|word| name.as_str().contains(word))
    };
    let values = headers.iter().filter(|(name, _)| is_secret(name)).filter_map(|(_, value)| value.to_str().ok());
    let mut secrets: Vec<&str> = values
        .flat_map(|value| [value, value.rsplit(' ').next().unwrap_or(value)])
        .filter(|value| value.len() >= 6)
        .collect();
    // The longest first, so that none leaves a rest of another.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets.dedup();
    secrets
}

/// One expectation.
#[derive(Clone, Debug)]
pub(crate) struct Assertion {
    pub(crate) subject: Subject,
    /// `checks.yaml:38`.
    pub(crate) place: String,
}

/// What is expected of what.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    Status(Predicate),
    /// The answer's last byte came within this time.
    Within(Duration),
    Header(HeaderName, Predicate),
    /// The body, as text.
    Body(Predicate),
    Json(JsonPath, Predicate),
    /// The body, as JSON.
    Schema(Schema),
    /// The body, by its SHA-256 in lower-case hex.
    BodySha256(String),
    HttpVersion(Version),
}

/// The methods that a check may use; those that may change something need `side_effects: accepted`.
const METHODS: [(&str, Method, bool); 7] = [
    ("get", Method::GET, true),
    ("head", Method::HEAD, true),
    ("options", Method::OPTIONS, true),
    ("post", Method::POST, false),
    ("put", Method::PUT, false),
    ("patch", Method::PATCH, false),
    ("delete", Method::DELETE, false),
];

/// Headers that the engine sets, and what to do instead.
const SET_HERE: [(&str, &str); 5] = [
    ("host", "use endpoints.green.host"),
    ("idempotency-key", "it is made of execution and check id"),
    ("content-length", "it follows from the body"),
    ("transfer-encoding", "it follows from the body"),
    ("connection", "every request has its own"),
];

const FURTHER: [&str; 2] = ["follow", "version"];

/// Reads `http` and its `expect`.
pub(crate) fn read(node: &Node, check: &Fields<'_>, givens: &Givens<'_>, problems: &mut Problems) -> Option<HttpCheck> {
    let fields = request_fields(node, &check.path_of("http"), &FURTHER, problems);
    let request = fields.and_then(|fields| request(&fields, &FURTHER, check, problems));
    let expect = check.required("expect", problems);
    let path = check.path_of("expect");
    let assertions = expect.map(|node| assertions(node, &path, givens, problems)).unwrap_or_default();
    let request = request?;
    if let Some(expect) = expect {
        for assertion in &assertions {
            possible(&assertion.subject, &request, expect.place_of("http_version"), &path, problems);
        }
    }
    Some(HttpCheck { request, assertions })
}

/// A server answers in the version in which it is asked, or in HTTP/1.0; no other can be expected.
fn possible(subject: &Subject, request: &HttpRequest, at: Position, path: &str, problems: &mut Problems) {
    let Subject::HttpVersion(wanted) = subject else { return };
    if (*wanted == Version::HTTP_2) != (request.version == Version::HTTP_2) {
        let text = if *wanted == Version::HTTP_2 {
            "the request asks in HTTP/1.1; add `version: 2` to http"
        } else {
            "the request asks in HTTP/2 and nothing else; take `version: 2` from http"
        };
        problems.add(at, &format!("{path}.http_version"), text);
    }
}

/// The fields of a mapping that describes a request and has these further ones.
pub(crate) fn request_fields<'a>(
    node: &'a Node,
    path: &str,
    further: &[&str],
    problems: &mut Problems,
) -> Option<Fields<'a>> {
    Fields::read(node, path, &known(further), problems)
}

fn known<'a>(further: &[&'a str]) -> Vec<&'a str> {
    METHODS.iter().map(|(name, ..)| *name).chain(["headers", "body"]).chain(further.iter().copied()).collect()
}

/// The request that a mapping describes.
pub(crate) fn request(
    fields: &Fields<'_>,
    further: &[&str],
    check: &Fields<'_>,
    problems: &mut Problems,
) -> Option<HttpRequest> {
    let known = known(further);
    let given: Vec<_> = METHODS.iter().filter(|(name, ..)| fields.get(name).is_some()).collect();
    let accepted = check.word("side_effects", &[("accepted", ())], problems).is_some();
    let [(name, method, safe)] = given.as_slice() else {
        // A misspelt method has been told as unknown already.
        if !given.is_empty() || fields.entries().iter().all(|(key, _)| known.contains(&key.name.as_str())) {
            let text = format_args!("expected one method, got {}; write `get: /path`", given.len());
            problems.add(fields.at, fields.path(), text);
        }
        return None;
    };
    if !safe && !accepted {
        let text =
            format_args!("{method} may change something; add `side_effects: accepted` to the check if that is meant");
        problems.add(fields.at, fields.path(), text);
    }
    let target = fields.text(name, problems)?;
    if !is_path(&target) {
        let at = fields.get(name).map_or(fields.at, |node| node.at);
        let text = format_args!("expected a path that begins with / and is percent-encoded, got {target:?}");
        problems.add(at, &fields.path_of(name), text);
    }
    let headers = headers(fields, &SET_HERE, problems);
    let versions = [HTTP_1_1, ("2", Version::HTTP_2)];
    let version =
        fields.get("version").and_then(|node| http_version(node, &fields.path_of("version"), &versions, problems));
    let follow = fields.integer("follow", 0, 20, problems).unwrap_or(0);
    if let Some(node) = fields.get("body")
        && *safe
    {
        problems.add(node.at, &fields.path_of("body"), format_args!("{method} takes no body"));
    }
    Some(HttpRequest {
        method: method.clone(),
        path: target,
        headers,
        body: fields.text("body", problems),
        follow: usize::try_from(follow).unwrap_or(usize::MAX),
        version: version.unwrap_or(Version::HTTP_11),
    })
}

/// The headers of a request; some are `set_here`, each with what to do instead.
pub(crate) fn headers(
    fields: &Fields<'_>,
    set_here: &[(&str, &str)],
    problems: &mut Problems,
) -> Vec<(HeaderName, HeaderValue)> {
    let mut headers = Vec::new();
    let given = fields.get("headers").and_then(|node| Fields::any(node, &fields.path_of("headers"), problems));
    let Some(given) = given else { return headers };
    for (key, node) in given.entries() {
        let path = given.path_of(&key.name);
        if let Some((_, instead)) = set_here.iter().find(|(name, _)| key.name.eq_ignore_ascii_case(name)) {
            problems.add(key.at, &path, format_args!("cannot be set here; {instead}"));
            continue;
        }
        let value = text(node, &path, problems).and_then(|value| HeaderValue::try_from(value).ok());
        match (HeaderName::try_from(key.name.as_str()), value) {
            (Ok(name), Some(value)) => headers.push((name, value)),
            (Ok(_), None) => problems.add(node.at, &path, "is no HTTP header value"),
            (Err(_), _) => problems.add(key.at, &path, format_args!("{:?} is no HTTP header name", key.name)),
        }
    }
    headers
}

pub(crate) fn is_path(text: &str) -> bool {
    text.starts_with('/') && !text.starts_with("//") && !text.contains(['#', '\\']) && text.parse::<Uri>().is_ok()
}
