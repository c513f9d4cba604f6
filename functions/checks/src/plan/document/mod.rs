//! The check plan as a document, for editors and for people who look a field up: types that mirror what `reading` accepts,
//! from which the JSON Schema is generated (`greenlight schema checks`). They read no plan and decide nothing: a schema
//! knows no lines, no variables and no nearest name. That both know the same fields is tested in both directions.

mod approval;
mod attest;
mod check;
mod cloudwatch;
mod compare;
mod expect;
mod load;
mod predicate;
mod request;
mod scalars;
#[cfg(test)]
mod tests;
mod websocket;

use schemars::JsonSchema;

use attest::Attest;
use check::Check;
use scalars::{Address, Duration, File, Whole};

/// Greenlight's check plan: what proves a new version good, before it gets production traffic.
#[derive(JsonSchema)]
#[schemars(title = "Greenlight check plan", deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
pub(crate) struct Plan {
    /// The version of the plan's model. There is one: 1.
    version: Whole<1, 1>,
    /// Whether the checks decide, or are only observed: run and recorded, while Succeeded is reported.
    #[schemars(extend("default" = "enforce"))]
    mode: Option<Mode>,
    /// The last day (UTC) of `mode: observe`; after it the plan is an error.
    until: Option<Day>,
    /// How the time of a hook is divided.
    budget: Option<Budget>,
    /// Where the two versions are reached.
    endpoints: Option<Endpoints>,
    /// What must be proven besides the checks.
    attest: Option<Attest>,
    /// Which checks run at which lifecycle event, by id.
    hooks: Hooks,
    /// The checks, at most 200. Those without an order run side by side.
    #[schemars(extend("minItems" = 1, "maxItems" = 200))]
    checks: Vec<Check>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "the schema is made of the variants")]
enum Mode {
    /// The checks decide.
    Enforce,
    /// They are run and recorded, and Succeeded is reported; needs `until`.
    Observe,
}

/// A day as `2026-12-31`.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
struct Day(#[schemars(extend("pattern" = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$|\$\{"))] String);

/// How the time of a hook is divided.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
struct Budget {
    /// Bound on everything, stabilising included. Default: the time left minus the reserve, at most 50 min from the
    /// hook's start.
    total: Option<Duration>,
    /// Kept for evidence and report, at least 10s. With less than twice the reserve left at the start the verdict is
    /// Failed.
    #[schemars(extend("default" = "30s"))]
    report_reserve: Option<Duration>,
    /// How long refused connections, 502, 503, 504 and unhealthy or missing targets count as "not ready yet". Shorter than
    /// `total`.
    #[schemars(extend("default" = "60s"))]
    stabilise: Option<Duration>,
}

/// Where the two versions are reached.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
struct Endpoints {
    /// The version under test. Default: the deployment group's test listener, never production instead of it.
    green: Option<Endpoint>,
    /// The version that serves. Default: the deployment group's production listener.
    blue: Option<Endpoint>,
}

/// How one version is reached: through a listener of the deployment group, or at a URL.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
struct Endpoint {
    /// The way. Default: test_listener for green, production_listener for blue; url where one is given.
    via: Option<Way>,
    /// Scheme, host and port, and nothing behind them; instead of a listener.
    url: Option<Address>,
    /// `Host` and TLS server name (SNI), apart from the address: shop.example.com. Default: the address's own.
    host: Option<String>,
    /// A file beside the plan with the certificate authorities (PEM) to trust. Default: the system's.
    ca: Option<File>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "the schema is made of the variants")]
enum Way {
    /// The deployment group's test listener.
    TestListener,
    /// The deployment group's production listener.
    ProductionListener,
    /// The address in `url`.
    Url,
}

/// Ids of checks.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
struct Ids(#[schemars(extend("minItems" = 1, "uniqueItems" = true))] Vec<String>);

/// Checks by lifecycle event; a function whose event is not listed here fails the deployment.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "PascalCase", extend("minProperties" = 1))]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
struct Hooks {
    /// Before the replacement task set is created; tests the original.
    before_install: Option<Ids>,
    /// When the replacement task set is steady and no listener leads to it yet; tests the original.
    after_install: Option<Ids>,
    /// When the test listener serves the replacement: the place for most checks.
    after_allow_test_traffic: Option<Ids>,
    /// The last look before production traffic shifts.
    before_allow_traffic: Option<Ids>,
    /// When production traffic has shifted to the replacement.
    after_allow_traffic: Option<Ids>,
}
