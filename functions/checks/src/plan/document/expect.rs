//! `expect` of `http` and `tls`, as a document.

use std::collections::BTreeMap;

use schemars::JsonSchema;

use super::predicate::{JsonAssertion, Predicate, Strict};
use super::scalars::{Duration, File, Sha256, SpokenVersion, Whole};

/// What is expected of an answer; every assertion must hold.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("minProperties" = 1))]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
pub(super) struct HttpExpect {
    /// A status, a list of which any will do, or conditions. Default: a 2xx status, or whatever the other assertions hold
    /// for.
    status: Option<Status>,
    /// The answer's last byte comes within this time.
    within: Option<Duration>,
    /// What is expected of headers, by name.
    #[schemars(extend("minProperties" = 1))]
    headers: Option<BTreeMap<String, Predicate>>,
    /// What is expected of the body, as text. The body may have 1 MiB.
    body: Option<Predicate>,
    /// What is expected of the body, as JSON.
    #[schemars(extend("minItems" = 1))]
    json: Option<Vec<JsonAssertion>>,
    /// A file beside the plan with a JSON Schema that the body must satisfy; it may not refer to the network.
    schema: Option<File>,
    /// The SHA-256 of the body's bytes.
    body_sha256: Option<Sha256>,
    /// The version of HTTP that was spoken.
    http_version: Option<SpokenVersion>,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, clippy::large_enum_variant, reason = "the schema is made of the variants; none is ever built")]
enum Status {
    /// This status.
    One(Whole<100, 599>),
    /// Any of these.
    Any(#[schemars(extend("minItems" = 1))] Vec<Whole<100, 599>>),
    /// Conditions.
    Conditions(Strict),
}

/// What is expected of a certificate, besides that it is valid, trusted and for the endpoint's host.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("minProperties" = 1))]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
pub(super) struct TlsExpect {
    /// From now on it is valid for at least this long: 21d.
    valid_for_at_least: Option<Duration>,
    /// A name, or several, that it is for as well.
    names_include: Option<Names>,
    /// The issuer, as `C=US, O=Example, CN=Example CA`.
    issuer: Option<Predicate>,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "the schema is made of the variants")]
enum Names {
    /// One host name, without a port.
    One(String),
    /// Several.
    All(#[schemars(extend("minItems" = 1))] Vec<String>),
}
