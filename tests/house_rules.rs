//! The rules of the house that no compiler checks: which package may know which, and how a file begins and ends.
//! It reads manifests and sources; it runs nothing of the project.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const CHECKS: &str = "greenlight-checks";
const HOOKS: &str = "greenlight-hooks";
const DRIVER: &str = "greenlight";
const REHEARSAL: &str = "greenlight-rehearsal";

/// A file past this is two nouns.
const LONGEST_FILE: usize = 420;

#[test]
fn no_forbidden_arrow_between_the_packages() {
    let reaches = Dependencies::read();
    for (package, forbidden) in [
        (HOOKS, DRIVER),
        (HOOKS, REHEARSAL),
        (CHECKS, HOOKS),
        (CHECKS, DRIVER),
        (CHECKS, REHEARSAL),
        (REHEARSAL, HOOKS),
        (REHEARSAL, DRIVER),
        (REHEARSAL, CHECKS),
        (DRIVER, HOOKS),
    ] {
        assert!(!reaches.of(package).contains(forbidden), "{package} must not depend on {forbidden}");
    }
    // The engine and the stand-in share nothing with AWS's own clients: a shared type would let both sides agree
    // with each other and disagree with AWS.
    for package in [CHECKS, REHEARSAL] {
        let aws: Vec<_> = reaches.of(package).into_iter().filter(|name| is_aws(name)).collect();
        assert!(aws.is_empty(), "{package} must not depend on an AWS crate, but reaches {aws:?}");
    }
}

#[test]
fn the_allowed_arrows_are_there() {
    let reaches = Dependencies::read();
    for (package, wanted) in [
        (HOOKS, CHECKS),
        (DRIVER, CHECKS),
        (DRIVER, REHEARSAL),
        (HOOKS, "lambda_runtime"),
        (HOOKS, "aws-sdk-codedeploy"),
    ] {
        assert!(
            reaches.of(package).contains(wanted),
            "{package} should depend on {wanted}; is the test reading the right graph?"
        );
    }
}

#[test]
fn one_tls_provider_in_everything_that_ships() {
    let reaches = Dependencies::read();
    for package in [HOOKS, DRIVER] {
        let names = reaches.of(package);
        assert!(names.contains("ring"), "{package} speaks TLS with ring");
        assert!(
            !names.contains("aws-lc-rs") && !names.contains("openssl-sys"),
            "{package} carries a second TLS provider"
        );
    }
}

#[test]
fn every_source_file_says_what_it_is_for_and_stays_short() {
    let mut faults = Vec::new();
    for file in sources() {
        let text = fs::read_to_string(&file).expect("a listed source can be read");
        if !text.starts_with("//!") {
            faults.push(format!("{} does not open with //!", file.display()));
        }
        let lines = text.lines().count();
        if lines > LONGEST_FILE {
            faults.push(format!("{} has {lines} lines; {LONGEST_FILE} are allowed", file.display()));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// `tests/` belongs to no package: a file that no manifest names would never run, and nobody would miss it.
#[test]
fn every_test_file_is_declared_by_the_package_that_runs_it() {
    let manifests = ["driver", "driver/rehearsal", "functions", "functions/checks"]
        .map(|package| fs::read_to_string(root().join(package).join("Cargo.toml")).expect("a manifest can be read"))
        .concat();
    let files: Vec<_> = fs::read_dir(root().join("tests"))
        .expect("tests/ can be listed")
        .map(|entry| entry.expect("an entry can be read").file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".rs"))
        .collect();
    assert!(files.len() > 30, "found only {}", files.len());
    let missed: Vec<_> = files.iter().filter(|name| !manifests.contains(&format!("/tests/{name}\""))).collect();
    assert!(missed.is_empty(), "no package runs {missed:?}");
}

#[test]
fn the_top_level_holds_nothing_else() {
    let allowed: BTreeSet<_> = [
        "Cargo.toml",
        "Cargo.lock",
        "LICENSE",
        "README.md",
        "driver",
        "events",
        "functions",
        "target",
        "template.yaml",
        "tests",
    ]
    .into();
    let found: Vec<_> = fs::read_dir(root())
        .expect("the workspace root can be listed")
        .map(|entry| entry.expect("an entry can be read").file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.') && !allowed.contains(name.as_str()))
        .collect();
    assert!(found.is_empty(), "unexpected at the top level: {found:?}");
}

/// Normal and build dependencies of every package, transitively, as cargo resolves them.
struct Dependencies(BTreeMap<String, BTreeSet<String>>);

impl Dependencies {
    fn read() -> Self {
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--locked", "--manifest-path"])
            .arg(root().join("Cargo.toml"))
            .output()
            .expect("cargo can be started");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");

        let name_of: BTreeMap<&str, &str> = metadata["packages"]
            .as_array()
            .expect("metadata lists packages")
            .iter()
            .map(|package| (text(&package["id"]), text(&package["name"])))
            .collect();
        let mut direct: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for node in metadata["resolve"]["nodes"].as_array().expect("metadata resolves") {
            let edges = direct.entry(name_of[text(&node["id"])].to_owned()).or_default();
            for edge in node["deps"].as_array().expect("a node lists its dependencies") {
                let ships =
                    edge["dep_kinds"].as_array().expect("an edge has kinds").iter().any(|kind| kind["kind"] != "dev");
                if ships {
                    edges.insert(name_of[text(&edge["pkg"])].to_owned());
                }
            }
        }
        Self(direct)
    }

    fn of(&self, package: &str) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        let mut open = vec![package];
        while let Some(name) = open.pop() {
            for next in &self.0[name] {
                if found.insert(next.as_str()) {
                    open.push(next);
                }
            }
        }
        found
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("cargo metadata writes ids and names as strings")
}

fn is_aws(name: &str) -> bool {
    name.starts_with("aws-") || name.starts_with("aws_") || name == "lambda_runtime"
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace root exists")
}

fn sources() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open: Vec<_> = ["driver", "functions", "tests"].map(|folder| root().join(folder)).into();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("a source folder can be listed") {
            let path = entry.expect("an entry can be read").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                files.push(path);
            }
        }
    }
    assert!(files.len() > 20, "found only {} sources; is the root right?", files.len());
    files
}
