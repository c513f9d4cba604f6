//! `greenlight check` against a server that is really there: what it prints, for people and for programs, and how it ends.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

const PLAN: &str = r#"version: 1
budget: { stabilise: 20s, report_reserve: 10s }
hooks:
  AfterAllowTestTraffic: [health, product]
  BeforeAllowTraffic: [health]
checks:
  - id: health
    http: { get: /healthz }
    expect: { status: 200 }
  - id: product
    http: { get: "/api/products/${PRODUCT}" }
    expect:
      status: 200
      within: 1500ms
      json:
        - { at: $.price, greater_than: 0 }
  - id: unlisted
    http: { get: /nowhere }
    expect: { status: 200 }
"#;

/// The demo shop as a child process.
struct Shop {
    child: Child,
    url: String,
}

impl Shop {
    fn start(fails: Option<&str>) -> Self {
        let url = free_address();
        let port = url.rsplit(':').next().expect("there is a port");
        let mut command = Command::new(env!("CARGO_BIN_EXE_greenlight"));
        command.arg("demo-shop").env("PORT", port).env("SHOP_VERSION", "2").stdin(Stdio::null());
        if let Some(mode) = fails {
            command.env("SHOP_FAILS", mode);
        }
        Self { child: command.spawn().expect("the demo shop can be started"), url }
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        // Both fail only where it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_address() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port can be bound");
    format!("http://{}", listener.local_addr().expect("a bound listener has an address"))
}

fn check(plan: &str, url: &str, arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    std::fs::write(folder.path().join("checks.yaml"), plan).expect("the plan can be written");
    check_in(folder.path(), url, arguments)
}

fn check_in(folder: &Path, url: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_greenlight"))
        .args(["check", "--plan", "checks.yaml", "--green", url])
        .args(arguments)
        .current_dir(folder)
        .env_remove("PRODUCT")
        .output()
        .expect("greenlight can be started")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Times vary; columns do not matter here.
fn words(line: &str) -> Vec<&str> {
    let is_time = |word: &&str| word.ends_with('s') && word.starts_with(|c: char| c.is_ascii_digit());
    line.split_whitespace().filter(|word| !is_time(word)).collect()
}

#[test]
fn the_last_line_of_json_output_is_the_outcome_with_the_exit_code() {
    for (mode, exit_code, outcome) in [(None, 0, "succeeded"), (Some("slow"), 1, "not_passed")] {
        let shop = Shop::start(mode);
        let output = check(PLAN, &shop.url, &["--var", "PRODUCT=42", "--output", "json"]);
        let lines: Vec<Value> = text(&output.stdout)
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line:?} is no JSON: {error}")))
            .collect();
        for line in &lines {
            assert_eq!(line["schema"], 1, "{line}");
            assert!(line["at"].as_str().is_some_and(|at| at.ends_with('Z')), "{line}");
        }
        let kinds: Vec<_> = lines.iter().map(|line| line["type"].as_str().expect("a line has a type")).collect();
        assert_eq!(kinds, ["note", "plan", "check", "check", "verdict", "outcome"]);
        assert_eq!(lines[1]["routing"], "not_attested");
        assert_eq!(lines[2]["outcome"], "passed");
        let last = &lines[5];
        assert_eq!((&last["exit_code"], &last["outcome"]), (&exit_code.into(), &outcome.into()), "{last}");
        assert_eq!(last["deployment_id"], Value::Null);
        assert_eq!(output.status.code(), Some(exit_code));
        assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    }
}

#[test]
fn a_plan_that_only_observes_passes_and_says_what_would_have_failed() {
    let shop = Shop::start(Some("wrong-body"));
    let plan = PLAN.replacen("version: 1\n", "version: 1\nmode: observe\nuntil: 9999-12-31\n", 1);
    let output = check(&plan, &shop.url, &["--var", "PRODUCT=42"]);
    let printed = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{printed}");
    assert!(printed.contains("GL1201 product: $.price expected > 0"), "{printed}");
    let last =
        "WOULD HAVE FAILED: 1 of 2 checks passed; routing is not attested from here; mode: observe until 9999-12-31";
    assert!(printed.ends_with(&format!("{last}\nexit 0\n")), "{printed}");
    let output = check(&plan, &shop.url, &["--var", "PRODUCT=42", "--output", "json"]);
    let verdict = text(&output.stdout).lines().map(str::to_owned).rev().nth(1).expect("there is a verdict");
    let verdict: Value = serde_json::from_str(&verdict).expect("a line is JSON");
    assert_eq!((&verdict["type"], &verdict["decision"]), (&"verdict".into(), &"Succeeded".into()));
    assert_eq!(verdict["observed"]["would_have_failed"], true, "{verdict}");
}

#[test]
fn a_bad_plan_is_told_whole_and_nothing_is_asked() {
    let plan = "version: 1\nhooks: { AfterAllowTestTraffic: [health] }\nchecks:\n  - id: health\n    http: { get: \"/${NOPE}\" }\n    expect: { staus: 200 }\n";
    let output = check(plan, &free_address(), &[]);
    assert_eq!(output.status.code(), Some(2));
    let error = text(&output.stderr);
    assert!(output.stdout.is_empty());
    assert!(error.contains("unknown field \"staus\"") && error.contains("did you mean \"status\""), "{error}");
    assert!(error.contains("NOPE") && error.matches("GL1001").count() == 2, "{error}");
}

#[test]
fn a_service_that_is_not_there_could_not_be_checked() {
    let plan = PLAN.replace("stabilise: 20s", "stabilise: 1s");
    let output = check(&plan, &free_address(), &["--var", "PRODUCT=42"]);
    assert_eq!(output.status.code(), Some(1));
    let printed = text(&output.stdout);
    assert!(printed.contains("GL1203 health: not ready when the stabilise window was over"), "{printed}");
    assert!(printed.contains("could not be run"), "{printed}");
}

#[test]
fn each_check_is_told_of_on_standard_error_as_it_ends() {
    let shop = Shop::start(None);
    let output = check(PLAN, &shop.url, &["--var", "PRODUCT=42"]);
    let progress = text(&output.stderr);
    let lines: Vec<_> = progress.lines().skip(1).map(words).collect();
    assert_eq!(lines.len(), 2, "{progress}");
    assert_eq!((&lines[0][..2], &lines[1][..2]), (&["1/2", "ok"][..], &["2/2", "ok"][..]), "{progress}");
}

#[test]
fn a_report_of_an_earlier_run_never_passes_for_one_of_this_run() {
    let shop = Shop::start(None);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let report = folder.path().join("checks.xml");
    std::fs::write(folder.path().join("checks.yaml"), PLAN).expect("the plan can be written");
    let arguments = ["--var", "PRODUCT=42", "--output", "junit", "--output-file", "checks.xml"];
    let output = check_in(folder.path(), &shop.url, &arguments);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(output.stdout.is_empty(), "{}", text(&output.stdout));
    let written = std::fs::read_to_string(&report).expect("the report was written");
    assert!(written.contains(r#"tests="3" skipped="0" failures="0" errors="0""#), "{written}");

    std::fs::write(folder.path().join("checks.yaml"), PLAN.replace("status:", "staus:")).expect("it can be broken");
    let output = check_in(folder.path(), &shop.url, &arguments);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(&report).expect("the file is there"), "");
}

#[test]
fn a_file_for_the_report_that_cannot_be_written_or_is_for_another_form_is_a_usage_error() {
    let elsewhere = check(PLAN, &free_address(), &["--output", "junit", "--output-file", "nowhere/checks.xml"]);
    assert_eq!(elsewhere.status.code(), Some(2));
    assert!(
        text(&elsewhere.stderr).starts_with("error: failed to write nowhere/checks.xml\n"),
        "{}",
        text(&elsewhere.stderr)
    );
    let human = check(PLAN, &free_address(), &["--output-file", "checks.txt"]);
    assert_eq!(human.status.code(), Some(2));
    assert_eq!(
        text(&human.stderr),
        "error: --output-file goes with --output junit; redirect standard output for the other forms\n"
    );
}
