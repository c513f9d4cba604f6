//! `alarm` and `metric`, as a document.

use std::collections::BTreeMap;

use schemars::JsonSchema;

use super::predicate::NumberConditions;
use super::scalars::Duration;

/// Alarms that must be OK, and stay so.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
pub(super) struct Alarm {
    /// The alarms' names, not their ARNs.
    #[schemars(extend("minItems" = 1, "uniqueItems" = true))]
    names: Vec<String>,
    /// How long they are watched, at most 50m. Default: one look.
    watch_for: Option<Duration>,
    /// Between two looks, at least 1s.
    #[schemars(extend("default" = "5s"))]
    every: Option<Duration>,
    /// What an alarm counts as that was red before the deployment began.
    #[schemars(extend("default" = "fail"))]
    already_red: Option<AlreadyRed>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "the schema is made of the variants")]
enum AlreadyRed {
    /// As any other.
    Fail,
    /// Left out, as long as it has been red since before.
    Ignore,
}

/// One metric over the last periods.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
pub(super) struct Metric {
    /// The namespace: AWS/ApplicationELB.
    #[schemars(extend("minLength" = 1, "maxLength" = 255))]
    namespace: String,
    /// The metric's name: HTTPCode_Target_5XX_Count.
    #[schemars(extend("minLength" = 1, "maxLength" = 255))]
    name: String,
    /// Dimensions by name, at most 30. Default: none.
    #[schemars(extend("maxProperties" = 30))]
    dimensions: Option<BTreeMap<String, DimensionValue>>,
    /// Average, Sum, Minimum, Maximum, SampleCount, IQM, or one like p99, tm95 or TM(5%:95%).
    #[schemars(extend("minLength" = 1))]
    statistic: String,
    /// The length of a period: 1s, 5s, 10s, 20s, 30s or whole minutes, at most 3h.
    #[schemars(extend("default" = "60s"))]
    period: Option<Duration>,
    /// How far back is looked: a multiple of the period, at most 3h. Default: 5m, or one period where that is longer.
    over: Option<Duration>,
    /// How long a value that is not there yet is waited for, at most 3h.
    #[schemars(extend("default" = "2m"))]
    wait_for: Option<Duration>,
    /// What a period counts as whose value is still not there after wait_for. Some metrics are published only when they are not
    /// 0 (HTTPCode_Target_5XX_Count among them), so that a quiet service has no values and the check is inconclusive; for
    /// those, and the statistics Sum and SampleCount, there is zero. A misspelt name is quiet too: see the check fail once.
    #[schemars(extend("default" = "inconclusive"))]
    missing: Option<Missing>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "the schema is made of the variants")]
enum Missing {
    /// Nothing is known of the period, and the check is inconclusive.
    Inconclusive,
    /// Nothing happened in the period.
    Zero,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "the schema is made of the variants")]
enum DimensionValue {
    /// A value.
    Text(String),
    /// A value that looks like a number.
    Number(f64),
}

/// A number, or conditions on it.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "the schema is made of the variants")]
pub(super) enum Numbers {
    /// Exactly this.
    Exactly(f64),
    /// Conditions.
    Conditions(NumberConditions),
}
