//! Claims about tasks.

use std::collections::BTreeMap;
use std::time::Duration;

use greenlight_rehearsal::clock;
use greenlight_rehearsal::effect::{Command, Effect, TargetHealth};

use crate::bench::{BLUE, Bench, shell, shop, spec, task_arn};
use crate::client::Client;
use crate::orphans::is_gone;

const LOG: &str = "/ecs/greenlight-demo";
const LONG: Duration = Duration::from_secs(60);

async fn bench() -> Bench {
    Bench::start(spec(&[(BLUE, 1)], vec![])).await
}

#[tokio::test]
async fn a_task_that_ends_alone_is_reported_with_its_exit_code() {
    let mut bench = bench().await;
    bench.start_task("one", shell("echo last words; exit 3")).await;
    let stopped = bench.stopped("one").await;
    assert_eq!(stopped, (Some(3), "Essential container in task exited".to_owned()));
    assert_eq!(bench.lines(LOG), ["last words"], "all of its output is there before its end is told");
    bench.machine.shutdown().await;
}

#[tokio::test]
async fn a_killed_task_has_the_exit_code_of_a_container() {
    let mut bench = bench().await;
    bench.start_task("one", shell("kill -9 $$")).await;
    assert_eq!(bench.stopped("one").await.0, Some(137));
    bench.machine.shutdown().await;
}

#[tokio::test]
async fn a_task_ends_on_sigterm() {
    let mut bench = bench().await;
    bench.start_task("one", shell("trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.02; done")).await;
    bench.logged(LOG, |line| line == "ready").await;
    bench.stop_task("one", LONG);
    assert_eq!(bench.stopped("one").await, (Some(0), "Task stopped on request".to_owned()));
    assert!(bench.lines(LOG).contains(&"bye".to_owned()));
    bench.machine.shutdown().await;
}

#[tokio::test]
async fn a_task_that_ignores_sigterm_is_killed_after_its_grace() {
    let mut bench = bench().await;
    bench.start_task("one", shell("trap '' TERM; echo ready; while :; do sleep 0.02; done")).await;
    bench.logged(LOG, |line| line == "ready").await;
    let grace = Duration::from_millis(200);
    let asked = clock::instant();
    bench.stop_task("one", grace);
    let (code, reason) = bench.stopped("one").await;
    assert!(asked.elapsed() >= grace);
    assert_eq!((code, reason.as_str()), (Some(137), "Task stopped on request; killed after its stop timeout"));
    bench.machine.shutdown().await;
}

#[tokio::test]
async fn what_a_task_has_started_ends_with_it() {
    let mut bench = bench().await;
    bench.start_task("one", shell("sleep 300 & echo $!; exit 0")).await;
    let child = bench.logged(LOG, |_| true).await.parse().unwrap();
    bench.stopped("one").await;
    is_gone(child).await;
    bench.machine.shutdown().await;
}

#[tokio::test]
async fn a_task_gets_its_port_and_no_environment_but_its_own() {
    let mut bench = bench().await;
    let environment = BTreeMap::from([("a.b".to_owned(), "two words".to_owned())]);
    let line = ["/usr/bin/env"].map(str::to_owned).to_vec();
    let directory = Some(std::env::temp_dir());
    let port = bench.start_task("one", Command { line, environment, directory }).await.port();
    bench.stopped("one").await;
    let lines = bench.lines(LOG);
    assert!(lines.contains(&format!("PORT={port}")), "{lines:?}");
    assert!(lines.contains(&"a.b=two words".to_owned()), "{lines:?}");
    let names: Vec<&str> = lines.iter().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    assert!(names.iter().all(|name| ["PORT", "a.b", "PATH", "HOME"].contains(name)), "{names:?}");

    let port = bench.start_task("two", shell("echo argument ${PORT}")).await.port();
    bench.logged(LOG, |line| line == format!("argument {port}")).await;
    bench.machine.shutdown().await;
}

#[tokio::test]
async fn what_keeps_a_task_from_starting_is_named() {
    let mut bench = bench().await;
    let no_program = Command { line: vec!["no-such-shop".to_owned()], ..shell("") };
    let no_directory = Command { directory: Some("/no/such/place".into()), ..shell("") };
    for (id, command, reason) in [
        ("one", no_program, "find program no-such-shop: there is no such executable file"),
        ("two", no_directory, "enter working directory /no/such/place: there is no such directory"),
        ("three", Command { line: vec![], ..shell("") }, "start a program: the command is empty"),
    ] {
        bench.machine.carry_out(Effect::StartTask { task: task_arn(id), command });
        assert_eq!(bench.stopped(id).await, (None, format!("CannotStartContainerError: {reason}")));
    }
    bench.machine.shutdown().await;
}

#[tokio::test]
async fn the_shop_serves_its_product_and_names_its_version() {
    let mut bench = bench().await;
    let address = bench.start_task("one", shop("2")).await;
    bench.serve(BLUE, address).await;
    let answer = Client::new(bench.production()).get("/api/products/42").await;
    assert_eq!(answer.body, r#"{"id":42,"name":"Green tea","price":9.5,"tags":["tea"],"version":"2"}"#);
    assert_eq!(answer.headers["x-shop-version"], "2");
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(Client::new(address).get("/nowhere").await.headers["x-shop-version"], "2");
    bench.machine.shutdown().await;
}

#[tokio::test]
async fn the_broken_shops_are_broken_as_they_say() {
    let mut bench = bench().await;
    for (fault, path, status, body) in [
        ("500", "/api/products/42", 500, r#"{"error":"the product shelf is empty"}"#),
        (
            "wrong-body",
            "/api/products/42",
            200,
            r#"{"id":42,"name":"Green tea","price":"9.50","tags":["tea"],"version":"2"}"#,
        ),
        ("never-ready", "/healthz", 503, "not ready\n"),
    ] {
        let mut command = shop("2");
        command.environment.insert("SHOP_FAILS".to_owned(), fault.to_owned());
        let address = bench.start_task(fault, command).await;
        bench.register(BLUE, address);
        let answered = |seen: &TargetHealth| matches!(seen, TargetHealth::Healthy | TargetHealth::Unhealthy { .. });
        bench.until_health(BLUE, address, answered).await;
        let answer = Client::new(address).get(path).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (status, body), "{fault}");
    }
    bench.machine.shutdown().await;
}

#[tokio::test]
async fn shutdown_ends_and_reaps_every_task() {
    let mut bench = bench().await;
    bench.start_task("one", shell("echo $$; exec sleep 300")).await;
    let pid = bench.logged(LOG, |_| true).await;
    bench.machine.shutdown().await;
    assert!(!std::path::Path::new("/proc").join(pid).exists(), "not even a zombie is left");
}
