//! `attest`, as a document.

use schemars::JsonSchema;

use super::scalars::Whole;

/// What must be proven besides the checks.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
pub(super) struct Attest {
    /// That the tested listener leads to the replacement task set, before and after the checks.
    #[schemars(extend("default" = "required"))]
    routing: Option<Requirement>,
    /// How many targets of the replacement must be healthy before the checks run.
    #[schemars(extend("default" = "all"))]
    targets_healthy: Option<TargetsHealthy>,
    /// Which image every task of the replacement must run. Default: not looked at.
    image: Option<Image>,
    /// How an answer names the task that it comes from; every answer must come from a task of the replacement. Default:
    /// not looked at.
    identity: Option<Identity>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "the schema is made of the variants")]
enum Requirement {
    /// Without the proof the verdict is Failed.
    Required,
    /// That it is not possible is recorded and does not decide.
    Warn,
    /// It is not looked at.
    Off,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "the schema is made of the variants")]
enum TargetsHealthy {
    /// Every target that the task set should have.
    All(All),
    /// So many.
    AtLeast(AtLeast),
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "the schema is made of the variants")]
enum All {
    /// Every target that the task set should have.
    All,
}

/// So many targets.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
struct AtLeast {
    /// The least number of healthy targets.
    at_least: Whole<1, 10_000>,
}

/// The image of one container.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
struct Image {
    /// The container's name in the task definition.
    container: String,
    /// `sha256:…` or `repository@sha256:…`; a tag can be moved and proves nothing.
    #[schemars(extend("pattern" = r"sha256:[0-9a-fA-F]{64}\s*$|\$\{"))]
    digest: String,
}

/// Where an answer names the task that it comes from.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
struct Identity {
    /// The response header that holds the ARN or the id of the task: x-task-arn.
    header: String,
}
