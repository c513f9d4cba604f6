//! `compare`, as a document.

use schemars::JsonSchema;

use super::request::{Request, one_method};
use super::scalars::{JsonPath, Percentage, Whole};

/// Requests that both versions get, and what of their answers is compared.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
pub(super) struct Compare {
    /// The requests, at most 20.
    #[schemars(extend("minItems" = 1, "maxItems" = 20))]
    requests: Vec<ComparedRequest>,
    /// How often each request is sent to each version and judged, interleaved; a tenth as many come before. At least 50
    /// where latency is compared.
    #[schemars(extend("default" = 100))]
    pairs: Option<Whole<1, 1_000>>,
    /// How answers are compared: status and body, with what is said here. What differs between two answers of blue is
    /// noise. `off` compares none. Default: everything, in order.
    response: Option<Response>,
    /// How much slower the new version may be. `off` compares no latency. Default: 25%, with a confidence of 99%.
    latency: Option<Latency>,
}

/// One request to both versions.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("oneOf" = one_method()))]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
struct ComparedRequest {
    #[schemars(flatten)]
    request: Request,
    /// How many redirects are followed.
    #[schemars(extend("default" = 0))]
    follow: Option<Whole<0, 20>>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "the schema is made of the variants")]
enum Off {
    /// It is not compared.
    Off,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "the schema is made of the variants")]
enum Response {
    /// Answers are not compared.
    Off(Off),
    /// With these exceptions.
    Rules(ResponseRules),
}

/// What of the answers is compared, besides the status.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
struct ResponseRules {
    /// What these select is not looked at. Default: nothing.
    ignore: Option<Vec<JsonPath>>,
    /// Lists that these select have no order. Default: none.
    unordered: Option<Vec<JsonPath>>,
    /// Headers that are compared as well. Default: none.
    headers: Option<Vec<String>>,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "the schema is made of the variants")]
enum Latency {
    /// Latencies are not compared.
    Off(Off),
    /// Within these limits.
    Limit(LatencyLimit),
}

/// It fails only where the one-sided Mann-Whitney test and the Hodges-Lehmann ratio both say so.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
struct LatencyLimit {
    /// How much slower the new version may be, up to 1000%.
    #[schemars(extend("default" = "25%"))]
    slower_by_at_most: Option<Percentage>,
    /// How certain a failure must be, from 50% to 99.999%.
    #[schemars(extend("default" = "99%"))]
    confidence: Option<Percentage>,
}
