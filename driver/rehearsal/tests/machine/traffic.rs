//! Claims about listeners, target groups and health checks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use greenlight_rehearsal::effect::{Observation, TargetHealth};
use http::{Request, StatusCode};
use http_body_util::Full;
use tokio::sync::mpsc;

use crate::bench::{BLUE, Bench, GREEN, shop, spec};
use crate::client::Client;
use crate::targets::{Target, nobody};

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn ten_percent_of_ten_requests_is_exactly_one() {
    let mut bench = Bench::start(spec(&[(BLUE, 90), (GREEN, 10)], vec![])).await;
    bench.serve(BLUE, Target::serve("blue").await.address).await;
    bench.serve(GREEN, Target::serve("green").await.address).await;
    let client = Client::new(bench.production());
    for round in 0..5 {
        let mut green = 0;
        for _ in 0..10 {
            green += usize::from(client.get("/").await.body == "green");
        }
        assert_eq!(green, 1, "in round {round}");
    }
    bench.machine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_while_weights_change_a_thousand_times() {
    let mut bench = Bench::start(spec(&[(BLUE, 100), (GREEN, 0)], vec![])).await;
    for (group, name) in [(BLUE, "blue"), (BLUE, "blue"), (GREEN, "green"), (GREEN, "green")] {
        bench.serve(group, Target::serve(name).await.address).await;
    }
    let done = Arc::new(AtomicBool::new(false));
    let (answered, mut answers) = mpsc::unbounded_channel();
    let clients: Vec<_> = (0..6)
        .map(|number| {
            let (client, done, answered) = (Client::new(bench.production()), Arc::clone(&done), answered.clone());
            tokio::spawn(async move {
                while !done.load(Ordering::SeqCst) {
                    let answer = client.get("/").await;
                    assert_eq!(answer.status, StatusCode::OK, "client {number}: {}", answer.body);
                    answered.send(answer.body).unwrap();
                    let echo = client.post("/echo", "a body that cannot be sent twice").await;
                    assert_eq!((echo.status, echo.body.as_str()), (StatusCode::OK, "a body that cannot be sent twice"));
                }
            })
        })
        .collect();
    let mut by_group = BTreeMap::new();
    for flip in 0..1000_u32 {
        let green = flip * 37 % 101;
        bench.route(&[(BLUE, 100 - green), (GREEN, green)]).await;
        // Traffic keeps pace with the changes.
        *by_group.entry(answers.recv().await.unwrap()).or_insert(0) += 1;
    }
    done.store(true, Ordering::SeqCst);
    for client in clients {
        client.await.unwrap();
    }
    assert_eq!(by_group.keys().collect::<Vec<_>>(), ["blue", "green"]);
    bench.machine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_while_tasks_are_replaced_under_load() {
    let mut bench = Bench::start(spec(&[(BLUE, 1)], vec![])).await;
    let mut serving = bench.start_task("0", shop("0")).await;
    bench.serve(BLUE, serving).await;
    let done = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let (client, done) = (Client::new(bench.production()), Arc::clone(&done));
            tokio::spawn(async move {
                let mut answered = 0_usize;
                while !done.load(Ordering::SeqCst) {
                    let answer = client.get("/api/products/42").await;
                    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
                    answered += 1;
                }
                answered
            })
        })
        .collect();
    for generation in 1..6 {
        let next = bench.start_task(&generation.to_string(), shop(&generation.to_string())).await;
        bench.serve(BLUE, next).await;
        bench.deregister(BLUE, serving, LONG);
        bench.drained(serving).await;
        let previous = (generation - 1).to_string();
        bench.stop_task(&previous, LONG);
        assert_eq!(bench.stopped(&previous).await.0, Some(0), "the shop ends gracefully");
        serving = next;
    }
    done.store(true, Ordering::SeqCst);
    for client in clients {
        assert!(client.await.unwrap() > 0);
    }
    bench.machine.shutdown().await;
}

#[tokio::test]
async fn draining_waits_for_the_request_under_way() {
    let mut bench = Bench::start(spec(&[(BLUE, 1)], vec![])).await;
    let target = Target::serve("blue").await;
    bench.serve(BLUE, target.address).await;
    let client = Client::new(bench.production());
    let held = tokio::spawn({
        let client = client.clone();
        async move { client.get("/held").await }
    });
    target.arrived.notified().await;
    bench.deregister(BLUE, target.address, LONG);
    bench.until_health(BLUE, target.address, |health| *health == TargetHealth::Draining).await;
    assert_eq!(client.get("/").await.status, StatusCode::SERVICE_UNAVAILABLE, "it gets nothing new");
    assert!(!held.is_finished());
    let drained = |seen: &Observation| matches!(seen, Observation::TargetDrained { .. });
    assert!(!bench.seen.iter().any(drained));
    target.release.notify_one();
    assert_eq!(held.await.unwrap().body, "blue");
    bench.drained(target.address).await;
    bench.machine.shutdown().await;
}

#[tokio::test]
async fn draining_ends_at_its_limit_whatever_is_under_way() {
    let mut bench = Bench::start(spec(&[(BLUE, 1)], vec![])).await;
    let target = Target::serve("blue").await;
    bench.serve(BLUE, target.address).await;
    let client = Client::new(bench.production());
    let held = tokio::spawn(async move { client.get("/held").await });
    target.arrived.notified().await;
    bench.deregister(BLUE, target.address, Duration::from_millis(50));
    bench.drained(target.address).await;
    target.release.notify_one();
    assert_eq!(held.await.unwrap().body, "blue", "the request itself goes on");
    bench.machine.shutdown().await;
}

#[tokio::test]
async fn a_draining_target_that_is_registered_again_serves_again() {
    let mut bench = Bench::start(spec(&[(BLUE, 1)], vec![])).await;
    let target = Target::serve("blue").await;
    bench.serve(BLUE, target.address).await;
    let client = Client::new(bench.production());
    let held = tokio::spawn({
        let client = client.clone();
        async move { client.get("/held").await }
    });
    target.arrived.notified().await;
    bench.deregister(BLUE, target.address, LONG);
    bench.serve(BLUE, target.address).await;
    assert_eq!(client.get("/").await.body, "blue");
    target.release.notify_one();
    assert_eq!(held.await.unwrap().body, "blue");
    bench.deregister(BLUE, target.address, LONG);
    bench.drained(target.address).await;
    bench.machine.shutdown().await;
}

/// aws-facts.md §14: the load balancer fails open, so a 200 proves nothing.
#[tokio::test]
async fn traffic_goes_to_unhealthy_targets_when_none_is_healthy() {
    let mut bench = Bench::start(spec(&[(BLUE, 1)], vec![])).await;
    let (sick, well) = (Target::serve("sick").await, Target::serve("well").await);
    sick.health.store(503, Ordering::SeqCst);
    bench.register(BLUE, sick.address);
    let health =
        bench.until_health(BLUE, sick.address, |health| matches!(health, TargetHealth::Unhealthy { .. })).await;
    let description = "Health checks failed with these codes: [503]".to_owned();
    assert_eq!(health, TargetHealth::Unhealthy { reason: "Target.ResponseCodeMismatch", description });
    let client = Client::new(bench.production());
    assert_eq!(client.get("/").await.body, "sick");
    bench.serve(BLUE, well.address).await;
    for _ in 0..4 {
        assert_eq!(client.get("/").await.body, "well");
    }
    sick.health.store(200, Ordering::SeqCst);
    bench.until_health(BLUE, sick.address, |health| *health == TargetHealth::Healthy).await;
    let bodies = [client.get("/").await.body, client.get("/").await.body];
    assert_ne!(bodies[0], bodies[1], "healthy targets take turns");
    bench.machine.shutdown().await;
}

/// aws-facts.md §7: `unused` with Target.NotInUse behind no listener; a weight-0 entry is behind the listener.
#[tokio::test]
async fn a_group_is_checked_only_while_a_listener_names_it() {
    let mut bench = Bench::start(spec(&[(BLUE, 1)], vec![])).await;
    let target = Target::serve("green").await;
    bench.register(GREEN, target.address);
    assert_eq!(bench.until_health(GREEN, target.address, |_| true).await, TargetHealth::Unused);
    assert_eq!(target.checks.load(Ordering::SeqCst), 0);
    bench.route(&[(BLUE, 1), (GREEN, 0)]).await;
    bench.until_health(GREEN, target.address, |health| *health == TargetHealth::Healthy).await;
    let initial = |seen: &Observation| match seen {
        Observation::TargetHealth { health: TargetHealth::Initial { reason }, .. } => Some(*reason),
        _ => None,
    };
    assert_eq!(bench.seen.iter().find_map(initial), Some("Elb.InitialHealthChecking"));
    bench.route(&[(BLUE, 1)]).await;
    let unused = |seen: &&Observation| matches!(seen, Observation::TargetHealth { health: TargetHealth::Unused, .. });
    assert_eq!(bench.seen.iter().filter(unused).count(), 2);
    bench.machine.shutdown().await;
}

#[tokio::test]
async fn a_new_target_is_initial_first() {
    let mut bench = Bench::start(spec(&[(BLUE, 1)], vec![])).await;
    let target = Target::serve("blue").await;
    bench.serve(BLUE, target.address).await;
    let states: Vec<_> = bench
        .seen
        .iter()
        .filter_map(|seen| match seen {
            Observation::TargetHealth { health, .. } => Some(health.clone()),
            _ => None,
        })
        .collect();
    let initial = |reason| TargetHealth::Initial { reason };
    let expected = [initial("Elb.RegistrationInProgress"), initial("Elb.InitialHealthChecking"), TargetHealth::Healthy];
    assert_eq!(states, expected);
    bench.machine.shutdown().await;
}

#[tokio::test]
async fn an_empty_group_is_503_and_a_target_that_refuses_is_502() {
    let bench = Bench::start(spec(&[(BLUE, 1)], vec![])).await;
    let client = Client::new(bench.production());
    let empty = client.get("/").await;
    assert_eq!(empty.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(empty.headers["server"], "awselb/2.0");
    bench.register(BLUE, nobody().await);
    assert_eq!(client.get("/").await.status, StatusCode::BAD_GATEWAY);
    assert_eq!(client.post("/", "body").await.status, StatusCode::BAD_GATEWAY);
    bench.machine.shutdown().await;
}

#[tokio::test]
async fn a_refused_connection_is_tried_on_another_target() {
    let mut bench = Bench::start(spec(&[(BLUE, 1)], vec![])).await;
    bench.register(BLUE, nobody().await);
    let target = Target::serve("blue").await;
    bench.register(BLUE, target.address);
    bench.until_health(BLUE, target.address, |_| true).await;
    let client = Client::new(bench.production());
    for _ in 0..6 {
        assert_eq!(client.get("/").await.body, "blue");
        assert_eq!(client.post("/echo", "unsent bodies too").await.body, "unsent bodies too");
    }
    bench.machine.shutdown().await;
}

#[tokio::test]
async fn a_target_learns_who_asked_and_sees_no_header_of_the_hop() {
    let mut bench = Bench::start(spec(&[(BLUE, 1)], vec![])).await;
    bench.serve(BLUE, Target::serve("blue").await.address).await;
    let client = Client::new(bench.production());
    let request = Request::get(client.uri("/headers"))
        .header("x-forwarded-for", "203.0.113.7")
        .header("host", "shop.example.com")
        .header("connection", "x-mine")
        .header("x-mine", "only to the proxy")
        .body(Full::<Bytes>::default())
        .unwrap();
    let headers = client.send(request).await.body;
    for expected in [
        r#""x-forwarded-for": "203.0.113.7, 127.0.0.1""#.to_owned(),
        r#""x-forwarded-proto": "http""#.to_owned(),
        format!(r#""x-forwarded-port": "{}""#, bench.production().port()),
        r#""host": "shop.example.com""#.to_owned(),
    ] {
        assert!(headers.contains(&expected), "{expected} in {headers}");
    }
    assert!(!headers.contains("x-mine"), "{headers}");
    bench.machine.shutdown().await;
}

#[tokio::test]
async fn large_bodies_stream_both_ways() {
    let mut bench = Bench::start(spec(&[(BLUE, 1)], vec![])).await;
    bench.serve(BLUE, Target::serve("blue").await.address).await;
    let body = "0123456789".repeat(800_000);
    let answer = Client::new(bench.production()).post("/echo", &body).await;
    assert!(answer.body == body, "{} bytes came back", answer.body.len());
    bench.machine.shutdown().await;
}
