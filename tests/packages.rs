//! The functions' packages, made by the command that the README names: whole, small enough, and a deployment whose five hooks run
//! from nothing but what is inside them.

#![allow(clippy::print_stderr, reason = "a skipped test says so by name")]
#![allow(clippy::disallowed_methods, reason = "a test reads its own environment")]

mod support {
    pub(crate) mod cargo;
    pub(crate) mod lambda_tools;
    pub(crate) mod stand_in;
}

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use support::lambda_tools::{command, root};
use support::stand_in::StandIn;

/// Event, binary, and the plan that the template gives it.
const FUNCTIONS: [(&str, &str, &str); 5] = [
    ("BeforeInstall", "before-install", "install-checks.yaml"),
    ("AfterInstall", "after-install", "install-checks.yaml"),
    ("AfterAllowTestTraffic", "after-allow-test-traffic", "checks.yaml"),
    ("BeforeAllowTraffic", "before-allow-traffic", "checks.yaml"),
    ("AfterAllowTraffic", "after-allow-traffic", "checks.yaml"),
];

/// Unpacks as Lambda does: with the files' modes.
const UNPACK: &str = "
import os, sys, zipfile
package = zipfile.ZipFile(sys.argv[1])
for entry in package.infolist():
    os.chmod(package.extract(entry, sys.argv[2]), entry.external_attr >> 16)
";

#[test]
fn the_packages_of_the_readmes_command_carry_a_whole_deployment() {
    let Some(mut package) = command("the_packages_of_the_readmes_command_carry_a_whole_deployment") else { return };
    let readme = fs::read_to_string(root().join("README.md")).expect("the README exists");
    assert!(readme.contains("\nfunctions/package\n"), "the README names the command");
    let made = package.output().expect("functions/package can be started");
    let sizes = text(&made.stdout);
    assert!(made.status.success(), "{sizes}{}", text(&made.stderr));
    for (_, binary, _) in FUNCTIONS {
        let line = sizes.lines().find(|line| line.ends_with(&format!("target/lambda/{binary}/bootstrap.zip")));
        let bytes: u64 = line.and_then(|line| line.split_whitespace().next()?.parse().ok()).expect("a size is printed");
        assert!((500_000..=8_000_000).contains(&bytes), "{binary}: {bytes} bytes");
    }
    eprintln!("{sizes}");

    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for (_, binary, _) in FUNCTIONS {
        let unpacked = unpack(binary, folder.path());
        assert!(unpacked.join("bootstrap").is_file(), "{binary} has its binary");
    }
    let scenario = write_scenario(folder.path());
    let stand_in = StandIn::start(&[scenario.to_str().expect("a temporary path is text")]);
    let deployed = stand_in
        .greenlight()
        .args(["deploy", "--poll", "200ms", "--output", "json"])
        .current_dir(folder.path())
        .output()
        .expect("greenlight can be started");
    assert_eq!(deployed.status.code(), Some(0), "{}{}", text(&deployed.stdout), text(&deployed.stderr));
    let evidence = evidence(&deployed);
    let heard: Vec<_> = evidence.iter().map(|evidence| evidence["event"].as_str().unwrap_or_default()).collect();
    for (event, _, plan) in FUNCTIONS {
        let found = evidence.iter().find(|evidence| evidence["event"] == event);
        let found = found.unwrap_or_else(|| panic!("no evidence of {event} among {heard:?}"));
        assert_eq!(found["verdict"]["decision"], "Succeeded", "{found:#}");
        assert_eq!(found["plan"]["source"], plan, "the plan of the package: {found:#}");
    }
}

#[test]
fn a_package_without_its_plan_is_refused() {
    let Some(mut package) = command("a_package_without_its_plan_is_refused") else { return };
    // A folder like functions/, whose package holds everything but the plan.
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    };
    write("functions/checks.yaml", "version: 1\n");
    write("functions/src/bin/after-install.rs", "//! A function.\n");
    write("bootstrap", "binary");
    let zip = folder.path().join("target/lambda/after-install/bootstrap.zip");
    fs::create_dir_all(zip.parent().expect("a package has a folder")).expect("a folder can be made");
    let zipped = Command::new("python3")
        .args(["-m", "zipfile", "--create"])
        .arg(&zip)
        .arg("bootstrap")
        .current_dir(folder.path())
        .status()
        .expect("python3 can be started");
    assert!(zipped.success());
    let refused = package.arg("--check").arg(folder.path()).output().expect("functions/package can be started");
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused.stdout));
    assert!(text(&refused.stderr).ends_with("bootstrap.zip: checks.yaml is missing\n"), "{}", text(&refused.stderr));
}

fn unpack(binary: &str, folder: &Path) -> PathBuf {
    let unpacked = folder.join(binary);
    let status = Command::new("python3")
        .args(["-c", UNPACK])
        .arg(root().join("target/lambda").join(binary).join("bootstrap.zip"))
        .arg(&unpacked)
        .status()
        .expect("python3 can be started");
    assert!(status.success(), "{binary} cannot be unpacked");
    unpacked
}

/// The demo's deployment, with a function for every event, each run from its unpacked package.
fn write_scenario(folder: &Path) -> PathBuf {
    let shop = env!("CARGO_BIN_EXE_greenlight");
    let definition = |version: &str| {
        json!({"family": "shop", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
            "containerDefinitions": [{"name": "web", "image": format!("shop:{version}"), "essential": true, "portMappings": [{"containerPort": 80}]}]})
    };
    let image = |version: &str| json!({"run": [shop, "demo-shop"], "environment": {"SHOP_VERSION": version}});
    let functions: serde_json::Map<String, Value> = FUNCTIONS
        .into_iter()
        .map(|(event, binary, plan)| {
            let unpacked = folder.join(binary);
            let function = json!({"event": event, "run": [unpacked.join("bootstrap")], "plan": unpacked.join(plan), "timeout": "600s", "memory": 256});
            (format!("CodeDeployHook_{event}"), function)
        })
        .collect();
    let scenario = json!({"version": 1, "cluster": "packages", "service": "shop", "application": "shop-app", "deployment_group": "shop-dg",
        "deployment_config": "CodeDeployDefault.ECSAllAtOnce", "desired_count": 2, "container": "web", "port": 80,
        "termination_wait": "1m", "rollback_on": ["failure"],
        "task_definitions": {"blue": "blue.json", "green": "green.json"},
        "images": {"shop:1": image("1"), "shop:2": image("2")},
        "health_check": {"path": "/healthz", "interval": "10s", "timeout": "5s", "healthy": 2, "unhealthy": 2},
        "functions": functions, "deploy": "greenlight.yaml"});
    let hooks: String = FUNCTIONS.iter().map(|(event, ..)| format!("  {event}: CodeDeployHook_{event}\n")).collect();
    let configuration = format!(
        "version: 1\napplication: shop-app\ndeployment_group: shop-dg\ntask_definition: green.json\nhooks:\n{hooks}"
    );
    let files = [
        ("blue.json", definition("1").to_string()),
        ("green.json", definition("2").to_string()),
        ("greenlight.yaml", configuration),
        // JSON is YAML.
        ("scenario.yaml", scenario.to_string()),
    ];
    for (name, text) in files {
        fs::write(folder.join(name), text).expect("a scenario's file can be written");
    }
    folder.join("scenario.yaml")
}

fn evidence(output: &Output) -> Vec<Value> {
    text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a line is JSON"))
        .filter(|line| line["type"] == "evidence")
        .map(|line| line["evidence"].clone())
        .collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
