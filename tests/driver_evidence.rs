//! Where the driver looks for a hook's evidence: in the bucket that `greenlight.yaml` names, in the one that the function's
//! environment names, in its log; and what it says when it is in none of them.

mod support {
    pub(crate) mod output;
    pub(crate) mod scenario;
}

use std::process::Command;

use serde_json::json;
use support::output::text;
use support::scenario::{Function, Scenario};

const FINDING: &str = "  GL1201 health: status expected 201, got 200";
const ENVIRONMENT: &str = "lambda:GetFunctionConfiguration";
const LOG: &str = "logs:FilterLogEvents";

#[test]
fn the_bucket_of_the_file_goes_first_and_neither_function_nor_log_is_asked() {
    let told = rehearsed("evidence: { bucket: evidence, prefix: teams/shop }\n", &[ENVIRONMENT, LOG]);
    assert!(told.contains(FINDING), "{told}");
    assert!(!told.contains("looked for evidence"), "what was found is not explained: {told}");
}

#[test]
fn where_the_bucket_of_the_file_has_none_the_functions_environment_is_asked() {
    for line in ["evidence: { bucket: plans }\n", "evidence: { bucket: evidence }\n", ""] {
        let told = rehearsed(line, &[LOG]);
        assert!(told.contains(FINDING), "{line:?}: {told}");
    }
}

#[test]
fn what_was_looked_at_and_what_could_not_be_read_is_named_where_there_is_no_evidence() {
    let told = rehearsed("evidence: { bucket: evidence, prefix: wrong }\n", &[ENVIRONMENT, LOG]);
    for wanted in [
        "  the function's log could not be read: logs:FilterLogEvents: AccessDeniedException: User: ",
        "  looked for evidence: s3://evidence/wrong/d-",
        "/AfterAllowTestTraffic/ has none\n",
        "  looked for evidence: which bucket the function names could not be read: lambda:GetFunctionConfiguration: AccessDeniedException: ",
    ] {
        assert!(told.contains(wanted), "no {wanted:?} in:\n{told}");
    }
    let told = rehearsed("evidence: { bucket: no-such-bucket }\n", &[ENVIRONMENT, LOG]);
    for wanted in [
        "  looked for evidence: s3://no-such-bucket/greenlight/d-",
        "/AfterAllowTestTraffic/ could not be read: s3:ListBucket: NoSuchBucket: ",
    ] {
        assert!(told.contains(wanted), "no {wanted:?} in:\n{told}");
    }
}

/// What is told of a hook that fails, with this line in the driver's configuration and these calls denied. Its function keeps its
/// evidence in the bucket `evidence`, under `teams/shop`.
fn rehearsed(line: &str, denied: &[&str]) -> String {
    let function = Function::after_allow_test_traffic()
        .set("GREENLIGHT_EVIDENCE_BUCKET", "evidence")
        .set("GREENLIGHT_EVIDENCE_PREFIX", "teams/shop");
    let scenario = Scenario::write(&function).set("ailments", &json!({"denied": denied})).configure(line);
    let plan = scenario.configuration().with_file_name("checks.yaml");
    let wrong = std::fs::read_to_string(&plan).expect("the plan was written").replace("status: 200", "status: 201");
    std::fs::write(&plan, wrong).expect("the plan can be written");
    let output = Command::new(env!("CARGO_BIN_EXE_greenlight")).args(["rehearse", scenario.path()]).output();
    let output = output.expect("greenlight can be started");
    assert_eq!(output.status.code(), Some(11), "{}", text(&output));
    text(&output)
}
