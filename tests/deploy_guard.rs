//! The guard of a canary: checks that run from `greenlight deploy` through the production listener while traffic shifts, and stop
//! the deployment when one fails.

mod support {
    pub(crate) mod deploy_site;
    pub(crate) mod stand_in;
}

use serde_json::json;
use support::deploy_site::{Plan, Site, outcome, text};

/// The canary lasts half a minute.
const CANARY: Plan = Plan {
    config: "CodeDeployDefault.ECSCanary10Percent5Minutes",
    ready_wait: None,
    termination_wait: "1m",
    test_listener: true,
    rollback_on: &["failure"],
    green: &[("SHOP_VERSION", "2"), ("SHOP_FAILS", "500")],
    pace: "10",
};

/// Ten requests a round: a tenth of production traffic is not asked by one.
const REQUESTS: usize = 10;

fn guarded(plan: &Plan) -> Site {
    let site = Site::start(plan);
    let ids: Vec<String> = (0..REQUESTS).map(|number| format!("product-{number}")).collect();
    let checks: String = ids
        .iter()
        .map(|id| format!("  - id: {id}\n    http: {{ get: /api/products/42 }}\n    expect: {{ status: 200 }}\n"))
        .collect();
    let listed = ids.join(", ");
    site.write(
        "checks.yaml",
        &format!("version: 1\nhooks: {{ AfterAllowTestTraffic: [{listed}] }}\nchecks:\n{checks}"),
    );
    site.configure(&format!("checks: checks.yaml\nguard: {{ checks: [{listed}], every: 1s }}\n"));
    site
}

fn assert_says(printed: &str, wanted: &[&str]) {
    for wanted in wanted {
        assert!(printed.contains(wanted), "no {wanted:?} in\n{printed}");
    }
}

#[test]
fn a_check_that_fails_in_the_canary_stops_the_deployment_and_rolls_it_back() {
    let site = guarded(&CANARY);
    let output = site.run(&["deploy"]);
    let printed = text(&output);
    assert_eq!(output.status.code(), Some(10), "{printed}");
    let id = site.deployments().last().expect("it was made").clone();
    assert_says(
        &printed,
        &[
            "warning: the guard failed: GL1201 product-",
            "via production listener",
            &format!("the guard failed: stop of {id} requested, with rollback: "),
            "STOPPED at AllowTraffic; the new version had up to 10 % of production traffic",
            "the guard of the shift stopped it: GL1201 product-",
            "rolled back by d-",
            "exit 10",
        ],
    );
    assert_eq!(site.deployment(&id)["status"], "Stopped");
}

#[test]
fn a_program_is_told_of_the_guard_in_the_reason() {
    let site = guarded(&CANARY);
    let output = site.run(&["deploy", "--output", "json"]);
    let last = outcome(&output);
    assert_eq!((&last["outcome"], &last["exit_code"]), (&json!("failed_rolled_back"), &json!(10)), "{last}");
    let reason = last["reason"].as_str().expect("a reason");
    assert_says(reason, &["STOPPED at AllowTraffic", "the guard: GL1201 product-"]);
}

#[test]
fn a_guard_that_is_content_lets_the_traffic_shift() {
    let site = guarded(&Plan { green: &[("SHOP_VERSION", "2")], pace: "50", ..CANARY });
    let output = site.run(&["deploy", "--until", "traffic-shifted"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert!(!text(&output).contains("guard"), "{}", text(&output));
}

#[test]
fn a_guard_that_could_not_work_is_refused_before_anything_is_made() {
    let site = guarded(&CANARY);
    for (more, wanted) in [
        ("guard: { checks: [product-0] }\n", "guard: its checks are those of a plan; name one with checks:"),
        (
            "checks: checks.yaml\nguard: { checks: [product-10] }\n",
            "guard: no check \"product-10\" in checks.yaml; did you mean \"product-0\"?",
        ),
    ] {
        site.configure(more);
        let output = site.run(&["deploy"]);
        assert_eq!(output.status.code(), Some(2), "{}", text(&output));
        assert_says(&text(&output), &[wanted]);
    }
    assert_eq!(site.deployments().len(), 0);
}

#[test]
fn where_traffic_shifts_all_at_once_there_is_nothing_to_guard_and_that_is_said() {
    let site = guarded(&Plan {
        config: "CodeDeployDefault.ECSAllAtOnce",
        green: &[("SHOP_VERSION", "2")],
        pace: "400",
        ..CANARY
    });
    let output = site.run(&["deploy"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert_says(
        &text(&output),
        &["warning: guard: production traffic shifts all at once, so there is nothing to guard"],
    );
}
