//! `approval`, as a document: it has none of the fields that other checks share.

use schemars::JsonSchema;

use super::scalars::Duration;

/// A person who is asked once every other check of the event has passed. The hook then ends without a report, and
/// `greenlight approve` or `greenlight reject` reports for it.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
pub(super) struct ApprovalCheck {
    /// Its name in messages and `hooks`: at most 64 letters, digits, -, _ and dots.
    #[schemars(extend("pattern" = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$|\$\{"))]
    id: String,
    /// Whom to ask, and how long.
    approval: Approval,
}

/// Whom to ask, and how long an answer is waited for.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
struct Approval {
    /// Names or roles, for people; who may answer is decided by who may report for a hook.
    from: From,
    /// How long an answer is waited for, at most 55m: CodeDeploy waits one hour for a hook.
    #[schemars(extend("default" = "30m"))]
    within: Option<Duration>,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "the schema is made of the variants")]
enum From {
    /// One, or a role.
    One(#[schemars(extend("minLength" = 1, "maxLength" = 100))] String),
    /// Any of them.
    Any(#[schemars(extend("minItems" = 1, "maxItems" = 10))] Vec<String>),
}
