//! What a hook finds out about a deployment, and that exactly one right report follows from it.
//!
//! The real binary runs as a child process behind a Runtime API; AWS answers over HTTP.

#[path = "support/hook/mod.rs"]
mod bench;

use bench::aws::{DEPLOYMENT, Fault};
use bench::{Bench, Function, PLAN};

fn bench() -> impl Future<Output = Bench> {
    Bench::of(Function::AfterAllowTestTraffic)
}

#[tokio::test]
async fn a_good_replacement_behind_the_test_listener_succeeds() {
    let mut bench = bench().await;
    assert_eq!(bench.invoke().await.response()["status"], "Succeeded");
    assert_eq!(bench.blue.requests(), 0, "production was not touched");
    assert_eq!(bench.green.requests(), 2);
    let story = bench.story().await;
    let evidence = story.one_report("Succeeded");
    assert_eq!(evidence["attestation"]["routing"], "proven");
    assert_eq!(evidence["attestation"]["targets"], "proven");
    let summary = evidence["attestation"]["summary"].as_str().unwrap();
    assert!(summary.starts_with("test listener (port "), "{summary}");
    assert!(summary.ends_with(") -> shop-b, 2 of 2 targets healthy"), "{summary}");
    let outcomes: Vec<&str> =
        evidence["checks"].as_array().unwrap().iter().map(|check| check["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["passed", "passed"]);
    assert_eq!(evidence["plan"]["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(evidence["function"], "CodeDeployHook_test");
}

#[tokio::test]
async fn before_production_traffic_shifts_its_own_checks_run() {
    let mut bench = Bench::of(Function::BeforeAllowTraffic).await;
    assert_eq!(bench.invoke().await.response()["status"], "Succeeded");
    assert_eq!(bench.green.requests(), 1);
    let story = bench.story().await;
    assert_eq!(story.one_report("Succeeded")["event"], "BeforeAllowTraffic");
}

#[tokio::test]
async fn a_check_that_fails_fails_the_deployment_and_says_which() {
    let mut bench = Bench::with_green(Function::AfterAllowTestTraffic, "wrong").await;
    assert_eq!(bench.invoke().await.response()["status"], "Failed");
    let story = bench.story().await;
    let reason = story.failed_with("GL1201");
    assert!(reason.starts_with("product: "), "{reason}");
    assert!(reason.contains("9.50"), "{reason}");
}

#[tokio::test]
async fn an_unreachable_replacement_is_not_a_pass() {
    let mut bench = bench().await;
    // Nothing listens on port 1 of the loopback interface.
    bench.aws.state().test_port = 1;
    bench.invoke().await.response();
    let story = bench.story().await;
    let evidence = story.one_report("Failed");
    let code = evidence["verdict"]["because"][0]["code"].as_str().unwrap();
    assert!(["GL1202", "GL1203"].contains(&code), "{evidence:#}");
}

#[tokio::test]
async fn unhealthy_targets_fail_although_the_load_balancer_answers() {
    let mut bench = bench().await;
    bench.aws.state().targets = vec![("healthy", None), ("unhealthy", Some("Target.ResponseCodeMismatch"))];
    bench.invoke().await.response();
    assert_eq!(bench.green.requests(), 0, "nothing is judged before the targets are healthy");
    let story = bench.story().await;
    let reason = story.failed_with("GL1103");
    assert!(reason.contains("1 of 2") && reason.contains("10.0.3.8:80: unhealthy"), "{reason}");
}

#[tokio::test]
async fn targets_that_become_healthy_within_the_window_are_waited_for() {
    let mut bench = bench().await;
    bench.plan(&PLAN.replace("stabilise: 1s", "stabilise: 30s"));
    bench.aws.state().targets = vec![("healthy", None), ("initial", Some("Elb.InitialHealthChecking"))];
    let aws = bench.aws.clone();
    let cured = tokio::spawn(async move {
        while aws.calls("DescribeTargetHealth") == 0 {
            tokio::task::yield_now().await;
        }
        aws.state().targets[1] = ("healthy", None);
    });
    assert_eq!(bench.invoke().await.response()["status"], "Succeeded");
    cured.await.unwrap();
    bench.story().await.one_report("Succeeded");
}

#[tokio::test]
async fn no_target_at_all_is_not_healthy() {
    let mut bench = bench().await;
    bench.aws.state().targets.clear();
    bench.invoke().await.response();
    let story = bench.story().await;
    assert!(story.failed_with("GL1103").contains("2 not registered"));
}

#[tokio::test]
async fn a_test_listener_on_the_original_is_the_old_version_tested() {
    let mut bench = bench().await;
    bench.aws.state().test = [1, 0];
    bench.invoke().await.response();
    assert_eq!(bench.green.requests(), 0);
    let story = bench.story().await;
    let reason = story.failed_with("GL1101");
    assert!(reason.contains("shop-a, which belongs to the ORIGINAL task set; expected shop-b"), "{reason}");
}

#[tokio::test]
async fn production_that_has_shifted_already_contradicts_the_event() {
    let mut bench = bench().await;
    bench.aws.state().production = [90, 10];
    bench.invoke().await.response();
    let story = bench.story().await;
    let reason = story.failed_with("GL1101");
    assert!(reason.contains("10% to target group shop-b, which belongs to the REPLACEMENT task set"), "{reason}");
}

#[tokio::test]
async fn a_listener_that_moves_while_the_checks_run_proves_nothing() {
    let mut bench = bench().await;
    let aws = bench.aws.clone();
    bench.green.on_request(move || aws.state().test = [1, 0]);
    bench.invoke().await.response();
    let story = bench.story().await;
    story.failed_with("GL1105");
    assert_eq!(story.evidence[0]["evidence"]["checks"][0]["outcome"], "passed");
    assert_eq!(story.evidence[0]["evidence"]["attestation"]["routing"], "not_attestable");
}

#[tokio::test]
async fn a_plan_that_only_warns_validates_nothing() {
    let mut bench = bench().await;
    bench.plan(&PLAN.replace("    http:", "    severity: warn\n    http:"));
    bench.invoke().await.response();
    bench.story().await.failed_with("GL1205");
}

#[tokio::test]
async fn routing_that_the_plan_only_warns_of_decides_where_it_is_contradicted_and_not_where_it_is_unknown() {
    let mut contradicted = bench().await;
    contradicted.plan(&PLAN.replace("hooks:", "attest: { routing: warn }\nhooks:"));
    contradicted.aws.state().test = [1, 0];
    contradicted.invoke().await.response();
    assert_eq!(contradicted.green.requests() + contradicted.blue.requests(), 0, "nothing is left to test");
    let story = contradicted.story().await;
    assert!(story.failed_with("GL1101").contains("belongs to the ORIGINAL task set"));

    let mut unknown = bench().await;
    let endpoints = format!(
        "endpoints: {{ green: {{ url: \"http://{}\" }} }}\nattest: {{ routing: warn }}\nhooks:",
        unknown.green.address
    );
    unknown.plan(&PLAN.replace("hooks:", &endpoints));
    unknown.invoke().await.response();
    let story = unknown.story().await;
    let attestation = &story.one_report("Succeeded")["attestation"];
    assert_eq!(attestation["routing"], "not_attestable");
    assert_eq!(attestation["messages"][0]["code"], "GL1102");
}

#[tokio::test]
async fn an_address_of_the_plans_own_proves_no_routing() {
    let mut bench = bench().await;
    let endpoints = format!("endpoints: {{ green: {{ url: \"http://{}\" }} }}\nhooks:", bench.green.address);
    bench.plan(&PLAN.replace("hooks:", &endpoints));
    bench.invoke().await.response();
    let story = bench.story().await;
    assert!(story.failed_with("GL1102").contains("no listener says who answers there"));
}

#[tokio::test]
async fn as_many_healthy_targets_as_the_plan_asks_for_are_enough() {
    let mut bench = bench().await;
    bench.plan(&PLAN.replace("hooks:", "attest: { targets_healthy: { at_least: 1 } }\nhooks:"));
    bench.aws.state().targets[1] = ("unhealthy", Some("Target.Timeout"));
    bench.invoke().await.response();
    let story = bench.story().await;
    let summary = story.one_report("Succeeded")["attestation"]["summary"].as_str().unwrap();
    assert!(summary.ends_with("1 of 2 targets healthy"), "{summary}");
}

#[tokio::test]
async fn a_group_without_a_test_listener_never_falls_back_to_production() {
    let mut bench = bench().await;
    bench.aws.state().test_listener = false;
    bench.invoke().await.response();
    assert_eq!(bench.blue.requests() + bench.green.requests(), 0);
    let story = bench.story().await;
    assert!(story.failed_with("GL1001").contains("no test listener"));
}

#[tokio::test]
async fn a_function_that_is_wired_to_the_wrong_hook_says_so() {
    let mut bench = bench().await;
    bench.aws.state().event = "BeforeAllowTraffic";
    bench.invoke().await.response();
    let story = bench.story().await;
    assert_eq!(
        story.failed_with("GL1104"),
        "hook: this function serves AfterAllowTestTraffic, but the deployment is at BeforeAllowTraffic: it is wired to the \
         wrong hook in the AppSpec"
    );
}

#[tokio::test]
async fn a_deployment_that_was_stopped_is_not_validated() {
    let mut bench = bench().await;
    bench.aws.state().status = "Stopped";
    bench.invoke().await.response();
    assert_eq!(
        bench.story().await.failed_with("GL1104"),
        "hook: deployment d-GREEN0001 is Stopped, not in progress, so that nothing is left to validate; `greenlight why \
         d-GREEN0001` says how it ended"
    );
}

#[tokio::test]
async fn a_replacement_that_cannot_be_found_is_not_attestable() {
    let mut bench = bench().await;
    bench.aws.state().replacement = false;
    bench.invoke().await.response();
    bench.story().await.failed_with("GL1102");
}

#[tokio::test]
async fn facts_that_may_not_be_read_name_the_missing_permission() {
    for (operation, fault, action) in [
        ("GetDeployment", Fault(400, "AccessDeniedException"), "codedeploy:GetDeployment"),
        ("DescribeServices", Fault(400, "AccessDeniedException"), "ecs:DescribeServices"),
        ("DescribeRules", Fault(403, "AccessDenied"), "elasticloadbalancing:DescribeRules"),
        ("DescribeTargetHealth", Fault(403, "AccessDenied"), "elasticloadbalancing:DescribeTargetHealth"),
    ] {
        let mut bench = bench().await;
        bench.aws.state().always.insert(operation, fault);
        bench.invoke().await.response();
        let story = bench.story().await;
        let reason = story.failed_with("GL1102");
        assert!(reason.contains(&format!("allow {action} in the function's role")), "{reason}");
    }
}

#[tokio::test]
async fn a_permission_that_is_new_is_waited_for_within_the_window() {
    let mut bench = bench().await;
    bench.plan(&PLAN.replace("stabilise: 1s", "stabilise: 30s"));
    let denied = [
        ("GetDeployment", Fault(400, "AccessDeniedException")),
        ("DescribeServices", Fault(400, "AccessDeniedException")),
        ("DescribeRules", Fault(403, "AccessDenied")),
        ("DescribeTargetHealth", Fault(403, "AccessDenied")),
    ];
    bench.aws.state().next.extend(denied.map(|(operation, fault)| (operation, [fault, fault].into())));
    assert_eq!(bench.invoke().await.response()["status"], "Succeeded");
    // Two denials and the answer; the facts are read once more after the checks.
    assert_eq!([bench.aws.calls("GetDeployment"), bench.aws.calls("DescribeTargetHealth")], [4, 4]);
    bench.story().await.one_report("Succeeded");
}

#[tokio::test]
async fn a_permission_that_does_not_come_within_the_window_is_missing() {
    let mut bench = bench().await;
    bench.aws.state().always.insert("GetDeploymentGroup", Fault(400, "AccessDeniedException"));
    bench.invoke().await.response();
    let calls = bench.aws.calls("GetDeploymentGroup");
    assert!((2..=3).contains(&calls), "{calls} calls in a window of a second");
    bench.story().await.failed_with("GL1102");
}

#[tokio::test]
async fn without_a_window_a_denial_is_believed_at_once() {
    let mut bench = bench().await;
    bench.plan(&PLAN.replace("stabilise: 1s", "stabilise: 0s"));
    bench.aws.state().always.insert("GetDeploymentGroup", Fault(400, "AccessDeniedException"));
    bench.invoke().await.response();
    assert_eq!(bench.aws.calls("GetDeploymentGroup"), 1);
    bench.story().await.failed_with("GL1102");
}

#[tokio::test]
async fn a_service_that_fails_is_asked_again_and_then_the_hook_fails() {
    let mut bench = bench().await;
    bench.aws.state().always.insert("BatchGetDeploymentTargets", Fault(500, "InternalFailure"));
    bench.invoke().await.response();
    assert_eq!(bench.aws.calls("BatchGetDeploymentTargets"), 3);
    let story = bench.story().await;
    assert!(story.failed_with("GL1102").contains("HTTP 500"));
}

#[tokio::test]
async fn a_throttled_read_does_not_cost_the_deployment() {
    let mut bench = bench().await;
    bench.aws.state().next.insert("GetDeployment", [Fault(400, "ThrottlingException")].into());
    bench.invoke().await.response();
    bench.story().await.one_report("Succeeded");
}

#[tokio::test]
async fn a_rollback_is_not_stood_in_the_way_of() {
    for (production, said) in [
        ([100, 0], "production listener (port "),
        ([0, 100], "the original task set ecs-svc/9223370493425779968 (shop-a) is there to go back to; not yet: "),
    ] {
        let mut bench = bench().await;
        {
            let mut state = bench.aws.state();
            (state.creator, state.rolls_back) = ("codeDeployRollback", Some(DEPLOYMENT));
            state.production = production;
        }
        bench.set("GREENLIGHT_PLAN", None);
        bench.set("GREENLIGHT_DRILL", Some("panic"));
        assert_eq!(bench.invoke().await.response()["status"], "Succeeded");
        assert_eq!(bench.blue.requests() + bench.green.requests(), 0);
        let story = bench.story().await;
        let evidence = story.one_report("Succeeded");
        let summary = evidence["attestation"]["summary"].as_str().unwrap();
        assert!(summary.starts_with(&format!("rollback of {DEPLOYMENT}: {said}")), "{summary}");
    }
}

#[tokio::test]
async fn a_rollback_with_nothing_to_go_back_to_is_not_a_success() {
    let mut bench = bench().await;
    {
        let mut state = bench.aws.state();
        (state.creator, state.rolls_back, state.original) = ("codeDeployRollback", Some(DEPLOYMENT), false);
    }
    bench.invoke().await.response();
    bench.story().await.failed_with("GL1101");
}
