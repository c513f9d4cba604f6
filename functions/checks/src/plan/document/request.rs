//! A request, as a document. `load` has the same methods and fields without `follow`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::{Value, json};

use super::scalars::{AskedVersion, Path, Whole};

/// One request: one method with its path, and what else it has.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("oneOf" = one_method()))]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
pub(super) struct HttpRequest {
    #[schemars(flatten)]
    request: Request,
    /// How many redirects are followed.
    #[schemars(extend("default" = 0))]
    follow: Option<Whole<0, 20>>,
    /// The version of HTTP to ask in: 1.1, or 2, which without TLS is spoken with prior knowledge.
    #[schemars(extend("default" = 1.1))]
    version: Option<AskedVersion>,
}

/// A request has one method.
pub(super) fn one_method() -> Value {
    let methods = ["get", "head", "options", "post", "put", "patch", "delete"];
    methods.map(|method| json!({ "required": [method] })).into_iter().collect()
}

/// The fields of every request.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
pub(super) struct Request {
    /// GET this path.
    get: Option<Path>,
    /// HEAD this path.
    head: Option<Path>,
    /// OPTIONS of this path.
    options: Option<Path>,
    /// POST to this path; needs `side_effects: accepted`.
    post: Option<Path>,
    /// PUT to this path; needs `side_effects: accepted`.
    put: Option<Path>,
    /// PATCH this path; needs `side_effects: accepted`.
    patch: Option<Path>,
    /// DELETE this path; needs `side_effects: accepted`.
    delete: Option<Path>,
    /// Headers by name. Values may have `${secret:NAME}`, which is never shown. Host is `endpoints.green.host`.
    headers: Option<BTreeMap<String, String>>,
    /// The body, as text; for methods that take one.
    body: Option<String>,
}
