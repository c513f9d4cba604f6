//! Scenario files: what is read, from where, and what each mistake is told.

#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]

use std::path::Path;
use std::time::Duration;

use greenlight_rehearsal::Scenario;
use greenlight_rehearsal::scenario::{Program, RollbackOn};

const FILE: &str = r#"
version: 1
cluster: c
service: s
application: a
deployment_group: g
deployment_config: CodeDeployDefault.ECSLinear10PercentEvery1Minutes
desired_count: 3
container: web
port: 8080
termination_wait: 1h
ready_wait: 10m
rollback_on: [failure, stop]
test_listener: false
task_definitions: { blue: blue.json, green: green.json }
images:
  "web:1": { run: [./serve, "${PORT}"], environment: { MODE: old } }
health_check: { path: /up, interval: 10s, timeout: 2s, healthy: 2, unhealthy: 3 }
functions:
  hook: { event: BeforeAllowTraffic, binary: before-allow-traffic, plan: checks.yaml, timeout: 60s }
  other: { run: [./other], memory: 256 }
deploy: greenlight.yaml
"#;

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let definition = r#"{"family": "f", "containerDefinitions": [{"name": "web", "image": "web:1"}]}"#;
    for (name, text) in
        [("blue.json", definition), ("green.json", definition), ("checks.yaml", "x"), ("greenlight.yaml", "x")]
    {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn refusal(folder: &Path, text: &str) -> String {
    let error = Scenario::read(text, "scenario.yaml", folder).unwrap_err();
    let source = std::error::Error::source(&error).map(|source| format!(" because {source}")).unwrap_or_default();
    format!("{error}{source}")
}

#[test]
fn a_scenario_is_read_with_its_files() {
    let folder = folder();
    let mut scenario = Scenario::read(FILE, "scenario.yaml", folder.path()).unwrap();
    assert_eq!((scenario.desired_count, scenario.port, scenario.test_listener), (3, 8080, false));
    assert_eq!(
        (scenario.termination_wait, scenario.ready_wait),
        (Duration::from_secs(3600), Some(Duration::from_secs(600)))
    );
    assert_eq!(scenario.rollback_on.iter().copied().collect::<Vec<_>>(), [RollbackOn::Failure, RollbackOn::Stop]);
    assert_eq!(scenario.images["web:1"].run, ["./serve", "${PORT}"]);
    assert_eq!(scenario.images["web:1"].directory.as_deref(), Some(folder.path()));
    assert_eq!(scenario.task_definitions.green["family"], "f");
    assert_eq!(scenario.deploy, Some(folder.path().join("greenlight.yaml")));
    assert_eq!(scenario.functions["hook"].plan, Some(folder.path().join("checks.yaml")));
    assert_eq!(
        scenario.hooks().into_iter().collect::<Vec<_>>(),
        [("BeforeAllowTraffic".to_owned(), "hook".to_owned())]
    );
    assert_eq!(scenario.functions["other"].timeout, Duration::from_secs(60));
    scenario.find_binaries(&|name| Some(format!("/bin/{name}").into())).unwrap();
    assert_eq!(scenario.functions["hook"].program, Program::Run(vec!["/bin/before-allow-traffic".into()]));
}

#[test]
fn a_plan_that_is_not_there_is_the_hooks_to_find_out() {
    let folder = folder();
    let scenario =
        Scenario::read(&FILE.replace("checks.yaml", "missing.yaml"), "scenario.yaml", folder.path()).unwrap();
    assert_eq!(scenario.functions["hook"].plan, Some(folder.path().join("missing.yaml")));
}

#[test]
fn a_scenario_may_be_json() {
    let folder = folder();
    let value: serde_json::Value = serde_saphyr::from_str(FILE).unwrap();
    let json = serde_json::to_string_pretty(&value).unwrap();
    let read = |text: &str| Scenario::read(text, "scenario.yaml", folder.path()).unwrap();
    assert_eq!(read(&json), read(FILE));
}

#[test]
fn what_is_left_out_has_a_default() {
    let folder = folder();
    let short: String = FILE
        .lines()
        .filter(|line| {
            let kept = [
                "version",
                "cluster",
                "service",
                "application",
                "deployment_group",
                "container",
                "port",
                "task_definitions",
                "images",
                "  \"web",
            ];
            kept.iter().any(|key| line.starts_with(key))
        })
        .map(|line| format!("{line}\n"))
        .collect();
    let scenario = Scenario::read(&short, "scenario.yaml", folder.path()).unwrap();
    assert_eq!(scenario.deployment_config, "CodeDeployDefault.ECSAllAtOnce");
    assert_eq!((scenario.desired_count, scenario.test_listener, scenario.ready_wait), (1, true, None));
    assert_eq!(scenario.rollback_on.into_iter().collect::<Vec<_>>(), [RollbackOn::Failure]);
    assert!(scenario.functions.is_empty());
}

#[test]
fn mistakes_are_told_with_their_place() {
    let folder = folder();
    let with = |from: &str, to: &str| refusal(folder.path(), &FILE.replace(from, to));
    for (from, to, told) in [
        ("cluster: c", "clustr: c", "clustr"),
        ("version: 1", "version: 2", "version: 2 is not known"),
        ("60s }", "60 }", "60"),
        ("desired_count: 3", "desired_count: 0", "desired_count"),
        ("green.json", "none.json", "task_definitions.green"),
        ("event: BeforeAllowTraffic", "event: AllowTraffic", "functions.hook.event"),
        ("binary: before-allow-traffic,", "", "needs one of `binary` and `run`"),
        ("run: [./serve, \"${PORT}\"]", "run: []", "images.web:1.run"),
    ] {
        let message = with(from, to);
        assert!(message.contains(told) && message.contains("scenario.yaml"), "{from} -> {to}: {message}");
    }
    std::fs::write(folder.path().join("green.json"), "{}").unwrap();
    assert!(refusal(folder.path(), FILE).contains("is no task definition"));
}
