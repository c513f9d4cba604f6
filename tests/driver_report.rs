//! The report of a deployment: its four files, held against their schema and looked at in a real browser.

mod support {
    pub(crate) mod browser;
    pub(crate) mod scenario;
    pub(crate) mod stand_in;
}

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use support::browser::Browser;
use support::scenario::{Function, Scenario};
use support::stand_in::StandIn;

/// A load, a comparison, one check that fails, and one that only warns.
const PLAN: &str = "version: 1
budget: { report_reserve: 10s, stabilise: 5s }
hooks: { AfterAllowTestTraffic: [health, load, same-as-blue, slow] }
checks:
  - { id: health, http: { get: /healthz }, expect: { status: 200 } }
  - { id: load, load: { get: /healthz, rate: 60/s, for: 2s }, expect: [ \"errors <= 99%\" ], on_inconclusive: warn }
  - { id: same-as-blue, compare: { requests: [ { get: /healthz } ], pairs: 60 }, severity: warn }
  - { id: slow, http: { get: /no/such/page }, expect: { status: 200 }, severity: SEVERITY }
";

#[test]
fn a_deployment_leaves_four_files_and_each_tells_the_same() {
    let (scenario, folder) = rehearsed("warn", 0);
    let report = report(folder.path());
    let schema = run(greenlight().args(["schema", "report"]));
    let schema: Value = serde_json::from_slice(&schema.stdout).expect("a schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("it is a schema");
    let errors: Vec<_> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
    assert_eq!(errors, [""; 0]);

    assert_eq!(
        (&report["schema"], &report["outcome"]["name"], &report["outcome"]["exit_code"]),
        (&1.into(), &"succeeded".into(), &0.into())
    );
    let events: Vec<_> = list(&report["events"]).iter().map(|event| text(&event["name"])).collect();
    assert_eq!(events[..2], ["BeforeInstall", "Install"], "in their order");
    assert_eq!(events.len(), 8);
    assert_eq!(list(&report["traffic"]).last().expect("traffic moved")["replacement_percent"], 100.0);
    let checks = list(&report["hooks"][0]["evidence"]["checks"]);
    assert_eq!(checks.len(), 4);
    for check in checks {
        let expectations = list(&check["expectations"]);
        assert!(!expectations.is_empty(), "every check says what it expected: {check}");
        for each in expectations {
            assert!(each["expected"].is_string() && each["seen"].is_string(), "and what it saw: {check}");
        }
    }
    assert_eq!(checks[0]["expectations"], serde_json::json!([{"expected": "status 200", "seen": "200"}]));
    assert_eq!(checks[3]["expectations"], serde_json::json!([{"expected": "status 200", "seen": "404"}]));

    let junit = read(folder.path(), "junit.xml");
    assert!(junit.contains(r#"<testcase name="AllowTraffic" classname="lifecycle""#), "{junit}");
    assert!(junit.contains(r#"<testcase name="outcome" classname="deployment""#), "{junit}");
    assert!(
        junit.contains(r#"<skipped message="failed (severity: warn): GL1201 slow: status expected 200, got 404"#),
        "what only warns is no success: {junit}"
    );
    assert!(junit.contains(r#"failures="0" errors="0""#), "{junit}");
    assert!(junit.contains("expected status 200, seen 200"), "{junit}");

    let summary = read(folder.path(), "summary.md");
    assert!(summary.starts_with("## Succeeded `d-"), "{summary}");
    assert!(summary.contains("| slow | failed (warns only) |"), "{summary}");
    let health = summary.lines().find(|line| line.starts_with("| health | passed |")).expect("health is told");
    assert!(health.ends_with(" | status 200 | 200 |"), "{health}");
    drop(scenario);
}

#[test]
fn a_deployment_that_fails_is_a_failure_in_every_form() {
    let (_scenario, folder) = rehearsed("block", 11);
    let report = report(folder.path());
    assert_eq!(report["outcome"]["name"], "failed_by_hook_rolled_back");
    assert_eq!(report["failure"]["event"], "AfterAllowTestTraffic");
    assert_eq!(report["rollback"]["done"], true);
    let told: Vec<_> = list(&report["failure"]["told"]).iter().map(text).collect();
    assert!(told.contains(&"  GL1201 slow: status expected 200, got 404"), "{told:?}");
    let junit = read(folder.path(), "junit.xml");
    for failed in [
        r#"type="failed_by_hook_rolled_back""#,
        r#"<failure message="CodeDeploy says Failed""#,
        r#"<skipped message="CodeDeploy says Skipped""#,
    ] {
        assert!(junit.contains(failed), "no {failed} in {junit}");
    }
    let summary = read(folder.path(), "summary.md");
    assert!(summary.starts_with("## Not succeeded `d-") && summary.contains("### Why"), "{summary}");
    let page = read(folder.path(), "report.html");
    assert!(page.contains("NOT SUCCEEDED") && page.contains("<h2>Why</h2>"), "{page}");
}

#[test]
fn a_look_at_a_deployment_that_runs_leaves_a_report_that_claims_no_end() {
    // The canary takes a minute and a half.
    let stand_in = StandIn::start(&["--pace", "3"]);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    stand_in.write_configuration(folder.path());
    let deployed = run(stand_in.greenlight().args(["deploy", "--detach"]).current_dir(folder.path()));
    assert_eq!(deployed.status.code(), Some(0), "{}", String::from_utf8_lossy(&deployed.stderr));
    let looked = run(stand_in.greenlight().args(["status", "--report", "report"]).current_dir(folder.path()));
    assert_eq!(looked.status.code(), Some(0), "{}", String::from_utf8_lossy(&looked.stderr));
    let kept = folder.path().join("report");
    let report = report(&kept);
    assert_eq!((&report["outcome"]["name"], &report["outcome"]["exit_code"]), (&"running".into(), &Value::Null));
    assert!(read(&kept, "junit.xml").contains(r#"<skipped message="it still runs ("#), "what runs is no success");
    assert!(read(&kept, "summary.md").starts_with("## Running `d-"));
    assert!(read(&kept, "report.html").contains("RUNNING"));
}

#[test]
fn a_folder_that_cannot_be_made_is_told_before_anything_is_deployed() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("file");
    std::fs::write(&file, "").expect("a file can be written");
    let output = run(greenlight().args(["rehearse", "--report"]).arg(file.join("report")));
    assert_eq!(output.status.code(), Some(2));
    let printed = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(printed.starts_with(&format!("error: failed to write {}", file.display())), "{printed}");
    assert!(printed.contains("Not a directory"), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_works_in_a_browser_light_and_dark_wide_and_narrow_and_by_keyboard() {
    let name = "the_page_works_in_a_browser_light_and_dark_wide_and_narrow_and_by_keyboard";
    let Some(mut browser) = Browser::start(name).await else { return };
    let (_scenario, folder) = rehearsed("warn", 0);
    browser.look(1280, "light").await;
    browser.open(&folder.path().join("report.html")).await;
    browser.screenshot("light").await;

    // Charts have the data: as many bars as events, and a point for each percentile of both versions.
    let report = report(folder.path());
    assert_eq!(browser.value("document.querySelectorAll('.events .bar').length").await, 8);
    let lines = browser.value("[...document.querySelectorAll('.plot polyline')].map(line => [line.getAttribute('class'), line.points.length])").await;
    let lines: Vec<(String, u64)> = serde_json::from_value(lines).expect("names and numbers");
    assert_eq!(lines[0].0, "line green", "traffic: {lines:?}");
    assert_eq!(lines[1], ("line green".to_owned(), 5), "the load: p50, p90, p95, p99, p99.9: {lines:?}");
    assert_eq!(lines[2].0, "line blue", "{lines:?}");
    assert_eq!(lines[2].1, lines[3].1, "both versions have the same percentiles: {lines:?}");
    assert!(lines[2].1 >= 3, "{lines:?}");
    let labels = browser
        .value("[...document.querySelectorAll('.plot svg[role=img]')].map(svg => svg.getAttribute('aria-label'))")
        .await;
    let labels: Vec<String> = serde_json::from_value(labels).expect("each has one");
    assert!(labels[0].starts_with("The replacement's share of production traffic over time: "), "{labels:?}");
    assert!(labels[0].ends_with("100 %"), "{labels:?}");
    let seen = browser.value("document.querySelector('main').innerText").await;
    let seen = text(&seen);
    assert!(seen.contains(text(&report["outcome"]["reason"])), "{seen}");
    for check in ["health", "load", "same-as-blue", "slow"] {
        assert!(seen.contains(check), "no {check} in {seen}");
    }
    assert!(seen.contains("GL1201 slow: status expected 200, got 404"), "{seen}");

    // Every check has what was expected beside what was seen, the ones that passed as well.
    let groups = browser
        .value("[...document.querySelectorAll('table.checks tbody')].map(group => [group.querySelector('th').innerText.split('\\n')[0], [...group.querySelectorAll('td.expected')].map(cell => [cell.innerText, cell.nextElementSibling.innerText])])")
        .await;
    type Groups = Vec<(String, Vec<(String, String)>)>;
    let groups: Groups = serde_json::from_value(groups).expect("names and pairs of texts");
    let pair = |expected: &str, seen: &str| (expected.to_owned(), seen.to_owned());
    assert_eq!(groups[0], ("health".to_owned(), vec![pair("status 200", "200")]));
    let (errors, seen) = &groups[1].1[0];
    assert!(errors == "errors <= 99%" && seen.starts_with("0% of 1"), "{groups:?}");
    let compared: Vec<_> = groups[2].1.iter().map(|(expected, _)| expected.as_str()).collect();
    assert_eq!(
        compared,
        [
            "GET /healthz: no difference from blue in status, body",
            "GET /healthz: median latency <= 1.25x blue's, 99% certain",
            "no more errors than blue"
        ]
    );
    assert!(groups[2].1.iter().all(|(_, seen)| seen.contains("60")), "of so many pairs: {groups:?}");
    assert_eq!(groups[3], ("slow".to_owned(), vec![pair("status 200", "404")]));

    // By keyboard: to the content, then every table that scrolls and everything that unfolds, in the order of the page.
    let order = "[...document.querySelectorAll('a, summary, [tabindex=\"0\"]')].filter(each => !each.closest('details:not([open])') || each.matches('summary')).length";
    let stops = browser.value(order).await.as_u64().expect("a number");
    assert!(stops >= 5, "{stops} places to go to");
    for stop in 0..stops {
        browser.tab().await;
        let place = "(() => { const all = [...document.querySelectorAll('a, summary, [tabindex=\"0\"]')].filter(each => !each.closest('details:not([open])') || each.matches('summary')); return all.indexOf(document.activeElement); })()";
        assert_eq!(browser.value(place).await, stop, "the order of the tabulator key is the page's");
        let visible = browser.value("getComputedStyle(document.activeElement).outlineStyle").await;
        assert_eq!(visible, "solid", "where the keyboard is can be seen");
    }

    let light = browser.value("getComputedStyle(document.body).backgroundColor").await;
    browser.look(1280, "dark").await;
    browser.screenshot("dark").await;
    assert_eq!(
        (light.as_str(), browser.value("getComputedStyle(document.body).backgroundColor").await.as_str()),
        (Some("rgb(255, 255, 255)"), Some("rgb(13, 17, 23)"))
    );

    for width in [320, 360, 414] {
        browser.look(width, "light").await;
        let wide = browser.value("document.scrollingElement.scrollWidth").await;
        assert!(wide.as_u64().is_some_and(|wide| wide <= u64::from(width)), "{wide} wide on a screen of {width}");
        browser.value("document.querySelectorAll('details').forEach(each => each.open = true)").await;
        let wide = browser.value("document.scrollingElement.scrollWidth").await;
        assert!(
            wide.as_u64().is_some_and(|wide| wide <= u64::from(width)),
            "unfolded {wide} wide on a screen of {width}"
        );
    }
    browser.screenshot("phone").await;

    assert_eq!(browser.console, [""; 0], "nothing is written to the console");
    let asked: Vec<_> =
        browser.requests.iter().filter(|url| !url.starts_with("file:") && !url.starts_with("data:")).collect();
    assert!(asked.is_empty(), "the page asks the network for nothing: {asked:?}");
    assert_eq!(browser.requests.iter().filter(|url| url.starts_with("file:")).count(), 1, "{:?}", browser.requests);
}

/// A rehearsal that keeps its report; the last check has this severity.
fn rehearsed(severity: &str, exit_code: i32) -> (Scenario, tempfile::TempDir) {
    let scenario = Scenario::write(&Function::after_allow_test_traffic());
    let plan = scenario.configuration().with_file_name("checks.yaml");
    std::fs::write(plan, PLAN.replace("SEVERITY", severity)).expect("the plan can be written");
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let output = run(greenlight().args(["rehearse", scenario.path(), "--report"]).arg(folder.path()));
    let printed = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(exit_code), "{printed}");
    let kept = format!("report kept in {}: report.html, report.json, junit.xml, summary.md", folder.path().display());
    assert!(printed.contains(&kept), "{printed}");
    (scenario, folder)
}

fn report(folder: &Path) -> Value {
    serde_json::from_str(&read(folder, "report.json")).expect("the report is JSON")
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

fn greenlight() -> Command {
    Command::new(env!("CARGO_BIN_EXE_greenlight"))
}

fn run(command: &mut Command) -> Output {
    command.output().expect("greenlight can be started")
}
