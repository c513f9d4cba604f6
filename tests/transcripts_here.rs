//! Golden transcripts of what runs on this machine alone: `greenlight check` against a service, `invoke` of a hook's binary, and
//! `rehearse`.

#![allow(clippy::disallowed_methods, reason = "a test bounds its waits by the clock")]

mod support {
    pub(crate) mod deploy_site;
    pub(crate) mod scenario;
    pub(crate) mod scene;
    pub(crate) mod stand_in;
    pub(crate) mod transcript;
}

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::scenario::{Function, Scenario};
use support::scene::Scene;
use support::transcript::{Form, Stage, document, transcript};
use tempfile::TempDir;

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
      json:
        - { at: $.price, greater_than: 0 }
"#;

/// Waits for what is to come, within a bound.
fn until(what: &str, come: impl Fn() -> bool) {
    let bound = Instant::now() + Duration::from_secs(120);
    while !come() {
        assert!(Instant::now() < bound, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port can be bound");
    listener.local_addr().expect("a bound listener has an address").port()
}

/// The demo shop, listening.
struct Shop {
    child: Child,
    url: String,
}

impl Shop {
    fn start(fails: Option<&str>) -> Self {
        let port = free_port();
        let mut command = Command::new(env!("CARGO_BIN_EXE_greenlight"));
        command.arg("demo-shop").env("PORT", port.to_string()).env("SHOP_VERSION", "2").stdin(Stdio::null());
        if let Some(mode) = fails {
            command.env("SHOP_FAILS", mode);
        }
        let child = command.spawn().expect("the demo shop can be started");
        let shop = Self { child, url: format!("http://127.0.0.1:{port}") };
        until("the shop listens", || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
        shop
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        // Both fail only where it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder with a version that is good and one that is not.
struct Shops {
    folder: TempDir,
    good: Shop,
    bad: Shop,
}

impl Shops {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        Self { folder, good: Shop::start(None), bad: Shop::start(Some("wrong-body")) }
    }
}

impl Stage for Shops {
    fn command(&self) -> Command {
        let mut command = Stage::command(&self.folder);
        command.env_remove("PRODUCT");
        command
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }
}

#[test]
fn check_tells_what_passed_and_what_speaks_against_it() {
    transcript(
        "check_a_good_and_a_bad_version",
        "Check runs a plan from here, tells what speaks against each check, and passes nothing that was not seen to be good.",
        Shops::start,
        |play| {
            play.write("checks.yaml", PLAN);
            let (good, bad) = (&play.stage.good.url, &play.stage.bad.url);
            let plan = ["check", "--plan", "checks.yaml", "--var", "PRODUCT=42", "--green"];
            play.run(&[&plan[..], &[good]].concat(), 0);
            play.remark("the price is a string");
            play.run(&[&plan[..], &[bad, "--blue", good]].concat(), 1);
            play.run(&[&plan[..], &[bad, "--event", "BeforeAllowTraffic"]].concat(), 0);
            play.run(&[&plan[..], &[bad, "--event", "AfterInstall"]].concat(), 2);
            play.run(&["check", "--plan", "checks.yaml", "--green", good], 2);
            play.run(&["check", "--plan", "nowhere.yaml", "--green", good], 2);
            play.run(
                &["check", "--plan", "checks.yaml", "--var", "PRODUCT=42", "--green", "http://127.0.0.1:1/healthz"],
                2,
            );
            play.write("wrong.yaml", &PLAN.replace("status:", "staus:"));
            play.run(&["check", "--plan", "wrong.yaml", "--var", "PRODUCT=42", "--green", good], 2);
        },
    );
}

#[test]
fn check_writes_junit_for_a_ci_server() {
    transcript(
        "check_junit",
        "Check writes JUnit XML as data or into a file, with what people read on standard error.",
        Shops::start,
        |play| {
            std::fs::write(play.stage.folder().join("checks.yaml"), PLAN).expect("a file can be written");
            let (good, bad) = (&play.stage.good.url, &play.stage.bad.url);
            let plan = ["check", "--plan", "checks.yaml", "--var", "PRODUCT=42", "--output", "junit", "--green"];
            play.run_as_it_is(&[&plan[..], &[bad]].concat(), 1);
            play.run_as_it_is(&[&plan[..], &[good, "--output-file", "checks.xml"]].concat(), 0);
            let written = std::fs::read_to_string(play.stage.folder().join("checks.xml")).expect("it was written");
            play.write("checks.xml", &written);
            play.run(&["check", "--plan", "checks.yaml", "--green", good, "--output-file", "checks.xml"], 2);
        },
    );
}

/// Takes its event, keeps it in a file, and stays silent.
const SILENT: &str = r#"curl -s -o "$KEPT.part" "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next" && mv "$KEPT.part" "$KEPT"; exec sleep 600"#;

/// A deployment whose hook hangs.
fn hanging() -> Scene {
    let scenario = Scenario::write(&Function::after_allow_test_traffic());
    let kept = Path::new(scenario.path()).with_file_name("event.json");
    let function = json!({"event": "AfterAllowTestTraffic", "run": ["/bin/sh", "-c", SILENT], "timeout": "60s",
        "environment": {"KEPT": kept}});
    let scenario = scenario.set("functions", &json!({"CodeDeployHook_AfterAllowTestTraffic": function}));
    Scene::start(scenario, &["--pace", "60"])
}

#[test]
fn invoke_runs_a_hook_here_and_passes_only_what_it_found_and_reported() {
    transcript(
        "invoke_here",
        "Invoke runs a hook's binary here: it fails for a deployment that is not there, and reports for one that hangs.",
        hanging,
        |play| {
            let nobodys =
                json!({"DeploymentId": "d-NOTHERE00", "LifecycleEventHookExecutionId": "eyJlbmNyeXB0ZWREYXRhIjoiNONE"});
            play.write("nobodys.json", &nobodys.to_string());
            play.run(&["invoke", "AllowTraffic", "--event", "nobodys.json"], 2);
            play.run(&["invoke", "AfterAllowTestTraffic", "--event", "nowhere.json"], 2);
            let nobodys = ["--event", "nobodys.json", "--plan", "checks.yaml", "--timeout", "60"];
            play.run(&[&["invoke", "before-allow-traffic"][..], &nobodys].concat(), 1);
            play.without_evidence();
            let deploying = play.start(&["deploy"]);
            let kept = play.stage.folder().join("event.json");
            until("the function is invoked", || kept.exists());
            play.run(&["invoke", "AfterAllowTestTraffic", "--event", "event.json", "--plan", "checks.yaml"], 0);
            play.end(deploying, 0);
        },
    );
}

/// An empty folder.
fn nothing() -> TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}

#[test]
fn a_rehearsal_of_the_demo_succeeds() {
    transcript(
        "rehearse_the_demo",
        "A rehearsal of the demo deploys its second version, tells what really ran, and keeps the journal and the report.",
        nothing,
        |play| {
            play.without_evidence();
            play.run(&["rehearse", "--pace", "150", "--keep-journal", "journal.ndjson", "--report", "report"], 0);
            let journal = std::fs::read_to_string(play.stage.path().join("journal.ndjson")).expect("it was kept");
            assert!(journal.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{journal}");
            assert!(play.stage.path().join("report/report.html").exists());
            play.run(&["rehearse", "nowhere.yaml"], 2);
            play.run(&["rehearse", "--green-fails", "nothing"], 2);
        },
    );
}

#[test]
fn a_rehearsal_of_a_version_that_fails_ends_as_the_deployment_would() {
    transcript(
        "rehearse_green_fails",
        "A rehearsal with a second version that fails ends as the deployment would: by a hook 11, and without a healthy task 10.",
        nothing,
        |play| {
            play.without_evidence();
            for mode in ["500", "slow", "wrong-body"] {
                play.run(&["rehearse", "--green-fails", mode, "--pace", "100"], 11);
            }
            play.run(&["rehearse", "--green-fails", "never-ready", "--pace", "1000"], 10);
        },
    );
}

#[test]
fn a_scenario_of_ones_own_is_rehearsed_with_its_variables() {
    transcript(
        "rehearse_a_scenario",
        "A scenario of one's own is rehearsed with its own commands, plan and configuration.",
        || OwnScenario(Scenario::write(&Function::after_allow_test_traffic()).configure("description: \"${WHY}\"\n")),
        |play| {
            play.without_evidence();
            play.run(&["rehearse", "scenario.yaml", "--pace", "100"], 2);
            play.run(&["rehearse", "scenario.yaml", "--pace", "100", "--var", "WHY=rehearsed"], 0);
        },
    );
}

/// A scenario's folder.
struct OwnScenario(Scenario);

impl Stage for OwnScenario {
    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_greenlight"));
        command.current_dir(self.folder()).env_remove("WHY");
        command
    }

    fn folder(&self) -> &Path {
        Path::new(self.0.path()).parent().expect("a file lies in a folder")
    }
}

#[test]
fn a_rehearsal_that_only_serves_ends_when_it_is_asked_to() {
    document(
        "rehearse_serve",
        "A rehearsal that only serves prints one line of JSON with where everything is, and ends 0 at a signal.",
        &nothing(),
        |play| {
            let port = free_port().to_string();
            play.vary(&port, "<port>");
            let serving = play.start(&["rehearse", "--serve", "--port", &port]);
            // Its one line is data, for whomever.
            serving.until(Form::Program, "", r#""schema":1"#);
            play.remark("SIGTERM");
            serving.signal("TERM");
            play.end(serving, 0);
        },
    );
}
