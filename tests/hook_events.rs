//! What each lifecycle event demands of the world, and that no check passes against another task set than it is about.
//!
//! The real binaries run as child processes behind a Runtime API; AWS answers over HTTP.

#[path = "support/hook/mod.rs"]
mod bench;

use bench::{Bench, Function, PLAN};

/// A bench whose plan can work at the function's event.
async fn bench(function: Function) -> Bench {
    let bench = Bench::of(function).await;
    if [Function::BeforeInstall, Function::AfterInstall].contains(&function) {
        bench.test_through_production();
    }
    bench
}

#[tokio::test]
async fn every_event_has_a_function_that_succeeds_when_all_is_as_it_should_be() {
    for (function, requests, summary) in [
        (Function::BeforeInstall, [1, 0], ["production", "shop-a, the original task set, 2 of 2 targets healthy"]),
        (
            Function::AfterInstall,
            [1, 0],
            ["production", "shop-a, the original task set, 2 of 2 replacement targets healthy"],
        ),
        (Function::AfterAllowTestTraffic, [0, 2], ["test", "shop-b, 2 of 2 targets healthy"]),
        (Function::BeforeAllowTraffic, [0, 1], ["test", "shop-b, 2 of 2 targets healthy"]),
        (Function::AfterAllowTraffic, [0, 2], ["test", "shop-b, 2 of 2 targets healthy"]),
    ] {
        let mut bench = bench(function).await;
        assert_eq!(bench.invoke().await.response()["status"], "Succeeded", "{function:?}");
        assert_eq!([bench.blue.requests(), bench.green.requests()], requests, "{function:?}");
        let story = bench.story().await;
        let evidence = story.one_report("Succeeded");
        assert_eq!(evidence["event"], function.event());
        assert_eq!(evidence["attestation"]["routing"], "proven");
        assert_eq!(evidence["attestation"]["targets"], "proven");
        let [listener, rest] = summary;
        let told = evidence["attestation"]["summary"].as_str().unwrap();
        assert!(told.starts_with(&format!("{listener} listener (port ")), "{told}");
        assert!(told.ends_with(&format!(") -> {rest}")), "{told}");
    }
}

#[tokio::test]
async fn every_function_refuses_every_event_but_its_own() {
    for function in Function::ALL {
        let others = Function::ALL.into_iter().filter(|other| *other != function);
        let refused: Vec<_> = others.map(|other| tokio::spawn(refuses(function, other))).collect();
        for refused in refused {
            refused.await.unwrap();
        }
    }
}

async fn refuses(function: Function, other: Function) {
    let mut bench = bench(function).await;
    bench.aws.state().event = other.event();
    bench.invoke().await.response();
    assert_eq!(bench.blue.requests() + bench.green.requests(), 0, "{function:?} at {other:?}");
    let story = bench.story().await;
    let reason = story.failed_with("GL1104");
    let expected = format!("serves {}, but the deployment is at {}", function.event(), other.event());
    assert!(reason.contains(&expected), "{reason}");
}

#[tokio::test]
async fn before_the_test_listener_leads_to_the_replacement_it_is_refused_and_never_replaced() {
    for function in [Function::BeforeInstall, Function::AfterInstall] {
        for routing in ["required", "warn", "off"] {
            let mut bench = Bench::of(function).await;
            bench.plan(&PLAN.replace("hooks:", &format!("attest: {{ routing: {routing} }}\nhooks:")));
            bench.invoke().await.response();
            assert_eq!(bench.blue.requests() + bench.green.requests(), 0);
            let story = bench.story().await;
            let reason = story.failed_with("GL1001");
            let expected = format!("at {} no listener leads to the replacement yet", function.event());
            assert!(reason.contains(&expected), "{reason}");
            assert!(reason.contains("endpoints.green.via: production_listener"), "{reason}");
        }
    }
}

#[tokio::test]
async fn before_the_shift_production_must_serve_the_original_alone() {
    for (function, owner) in
        [(Function::BeforeInstall, ""), (Function::AfterInstall, ", which belongs to the REPLACEMENT task set")]
    {
        let mut bench = bench(function).await;
        bench.aws.state().production = [90, 10];
        bench.invoke().await.response();
        assert_eq!(bench.blue.requests() + bench.green.requests(), 0);
        let story = bench.story().await;
        let reason = story.failed_with("GL1101");
        assert!(reason.contains(&format!("sends 10% to target group shop-b{owner}; expected shop-a")), "{reason}");
        let because = story.evidence[0]["evidence"]["verdict"]["because"].as_array().unwrap();
        assert_eq!(because.len(), 1, "one listener is told of once: {because:?}");
    }
}

#[tokio::test]
async fn before_install_the_originals_targets_must_be_healthy() {
    let mut bench = bench(Function::BeforeInstall).await;
    bench.aws.state().blue_targets[1] = ("unhealthy", Some("Target.Timeout"));
    bench.invoke().await.response();
    assert_eq!(bench.blue.requests(), 0);
    let story = bench.story().await;
    let reason = story.failed_with("GL1103");
    assert!(reason.contains("1 of 2 original targets unhealthy"), "{reason}");
}

#[tokio::test]
async fn before_install_a_replacement_contradicts_the_event() {
    let mut bench = bench(Function::BeforeInstall).await;
    bench.aws.state().replacement = true;
    bench.invoke().await.response();
    let story = bench.story().await;
    assert!(story.failed_with("GL1101").contains("has already created the task set ecs-svc/9223370493423413672"));
}

#[tokio::test]
async fn before_install_a_service_without_a_primary_task_set_is_not_attestable() {
    let mut bench = bench(Function::BeforeInstall).await;
    bench.aws.state().original = false;
    bench.invoke().await.response();
    bench.story().await.failed_with("GL1102");
}

#[tokio::test]
async fn after_install_the_replacement_must_be_there_and_its_targets_healthy() {
    let mut without = bench(Function::AfterInstall).await;
    without.aws.state().replacement = false;
    without.invoke().await.response();
    let story = without.story().await;
    assert!(story.failed_with("GL1102").contains("has no task set that deployment d-GREEN0001 created"));

    let mut unhealthy = bench(Function::AfterInstall).await;
    unhealthy.aws.state().targets[0] = ("unhealthy", Some("Target.ResponseCodeMismatch"));
    unhealthy.invoke().await.response();
    let story = unhealthy.story().await;
    assert!(story.failed_with("GL1103").contains("1 of 2 replacement targets unhealthy"));
}

#[tokio::test]
async fn after_install_targets_behind_no_listener_are_not_attestable_and_say_where_they_will_be() {
    let mut bench = bench(Function::AfterInstall).await;
    bench.aws.state().targets = vec![("unused", Some("Target.NotInUse")); 2];
    bench.invoke().await.response();
    let story = bench.story().await;
    let reason = story.failed_with("GL1103");
    assert!(reason.contains("behind no listener (Target.NotInUse)"), "{reason}");
    assert!(reason.contains("validate the replacement at AfterAllowTestTraffic"), "{reason}");
    assert_eq!(story.evidence[0]["evidence"]["attestation"]["targets"], "not_attestable");
}

#[tokio::test]
async fn after_the_shift_the_production_listener_leads_to_the_replacement_too() {
    let mut bench = bench(Function::AfterAllowTraffic).await;
    bench.test_through_production();
    // Nothing listens there: a request that went to the test listener would fail.
    bench.aws.state().test_port = 1;
    assert_eq!(bench.invoke().await.response()["status"], "Succeeded");
    assert_eq!([bench.blue.requests(), bench.green.requests()], [0, 2]);
    let story = bench.story().await;
    let summary = story.one_report("Succeeded")["attestation"]["summary"].as_str().unwrap();
    assert!(summary.starts_with("production listener (port ") && summary.contains("-> shop-b, 2 of 2"), "{summary}");
}

#[tokio::test]
async fn after_the_shift_anything_that_production_still_sends_to_the_original_is_told() {
    for through_production in [false, true] {
        for (production, share) in [([100, 0], 100), ([10, 90], 10)] {
            let mut bench = bench(Function::AfterAllowTraffic).await;
            if through_production {
                bench.test_through_production();
            }
            bench.aws.state().production = production;
            bench.invoke().await.response();
            assert_eq!(bench.blue.requests() + bench.green.requests(), 0);
            let story = bench.story().await;
            let reason = story.failed_with("GL1101");
            let expected = format!("sends {share}% to target group shop-a, which belongs to the ORIGINAL task set");
            assert!(reason.contains("the production listener") && reason.contains(&expected), "{reason}");
        }
    }
}

#[tokio::test]
async fn after_the_shift_a_test_listener_on_the_original_is_the_old_version_tested() {
    let mut bench = bench(Function::AfterAllowTraffic).await;
    bench.aws.state().test = [1, 0];
    bench.invoke().await.response();
    assert_eq!(bench.blue.requests() + bench.green.requests(), 0);
    let story = bench.story().await;
    assert!(story.failed_with("GL1101").contains("the test listener (port "));
}

#[tokio::test]
async fn after_the_shift_the_part_that_ecs_says_the_task_sets_play_does_not_matter() {
    let mut bench = bench(Function::AfterAllowTraffic).await;
    bench.aws.state().promoted = false;
    assert_eq!(bench.invoke().await.response()["status"], "Succeeded");
    bench.story().await.one_report("Succeeded");
}

#[tokio::test]
async fn after_the_shift_the_original_must_still_be_there_to_go_back_to() {
    let mut bench = bench(Function::AfterAllowTraffic).await;
    bench.aws.state().original = false;
    bench.invoke().await.response();
    let story = bench.story().await;
    assert!(story.failed_with("GL1102").contains("the original, which a rollback needs, is gone"));
}

#[tokio::test]
async fn a_listener_that_moves_while_the_checks_run_proves_nothing_at_any_event() {
    for function in [Function::BeforeInstall, Function::AfterInstall, Function::AfterAllowTraffic] {
        let mut bench = bench(function).await;
        let aws = bench.aws.clone();
        let move_production = move || {
            let mut state = aws.state();
            state.production = [50, 50];
        };
        bench.blue.on_request(move_production.clone());
        bench.green.on_request(move_production);
        bench.invoke().await.response();
        bench.story().await.failed_with("GL1105");
    }
}

#[tokio::test]
async fn a_rollback_is_stood_in_the_way_of_at_no_event() {
    for function in Function::ALL {
        let mut bench = bench(function).await;
        {
            let mut state = bench.aws.state();
            (state.creator, state.rolls_back) = ("codeDeployRollback", Some(bench::aws::DEPLOYMENT));
            (state.replacement, state.promoted) = (true, false);
        }
        assert_eq!(bench.invoke().await.response()["status"], "Succeeded", "{function:?}");
        assert_eq!(bench.blue.requests() + bench.green.requests(), 0);
        bench.story().await.one_report("Succeeded");
    }
}
