//! `load` and its `expect`, as a document.

use schemars::JsonSchema;

use super::request::{Request, one_method};
use super::scalars::{Duration, Rate, Whole};

/// Requests at a steady rate, whether or not the answers keep up; latency counts from the scheduled moment.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("oneOf" = one_method()))]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
pub(super) struct Load {
    #[schemars(flatten)]
    request: Request,
    /// How many requests begin in a second.
    rate: Rate,
    /// How long requests are judged, more than 0 and at most 30m; the warm-up comes before.
    #[schemars(rename = "for")]
    duration: Duration,
    /// How many requests may be under way; what does not fit waits, and that counts.
    #[schemars(extend("default" = 40))]
    max_in_flight: Option<Whole<1, 1_000>>,
    /// What comes first and is not judged. Default: 5s or 20 requests, whichever takes longer.
    warm_up: Option<WarmUp>,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "the schema is made of the variants")]
enum WarmUp {
    /// So long, at most 30m.
    For(Duration),
    /// So many requests.
    Requests(Requests),
}

/// A number of requests.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
struct Requests {
    /// How many.
    requests: Whole<0, 10_000>,
}

/// Limits: `p95 <= 250ms`, `errors <= 0.5%`, `achieved_rate >= 19/s`.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
pub(super) struct Limits(#[schemars(extend("minItems" = 1))] Vec<Limit>);

/// One measure and its limit. p50, p90, p95, p99, p99.9, max and mean are durations, errors a percentage, and achieved_rate
/// a rate that has a floor. Too few samples (p95: 100, p99: 500, errors: 100) are inconclusive.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
struct Limit(
    #[schemars(extend(
        "pattern" = r"^\s*((p50|p90|p95|p99|p99\.9|max|mean)\s*<=?\s*[0-9]+(ms|s|m|h|d)|errors\s*<=?\s*[0-9]+(\.[0-9]+)?\s*%|achieved_rate\s*>=?\s*[0-9]+(\.[0-9]+)?\s*/s)\s*$|\$\{"
    ))]
    String,
);
