//! `greenlight schema`: what it prints is a JSON Schema that takes what the project ships and refuses what the readers
//! refuse; and the hooks are built without it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn greenlight(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_greenlight"));
    command.args(arguments).output().expect("greenlight can be started")
}

fn schema(document: &str) -> Value {
    let output = greenlight(&["schema", document]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("a schema is JSON, and nothing else is printed")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).expect("it is YAML")
}

/// What the schema says against a document.
fn errors(schema: &Value, document: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(schema).expect("it is a schema");
    validator.iter_errors(document).map(|error| error.to_string()).collect()
}

#[test]
fn every_schema_says_its_dialect_and_that_it_is_one() {
    for (document, title) in [
        ("checks", "Greenlight check plan"),
        ("config", "Greenlight configuration"),
        ("scenario", "Greenlight rehearsal scenario"),
        ("evidence", "Evidence"),
        ("report", "Greenlight deployment report"),
    ] {
        let schema = schema(document);
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert_eq!(schema["title"], title);
        jsonschema::meta::validate(&schema).unwrap_or_else(|error| panic!("{document}: {error}"));
    }
}

#[test]
fn the_packaged_plan_satisfies_the_schema_of_plans() {
    let packaged = std::fs::read_to_string(root().join("functions/checks.yaml")).expect("the packaged plan exists");
    let schema = schema("checks");
    let mut plan = yaml(&packaged);
    assert_eq!(errors(&schema, &plan), [""; 0]);
    plan["checks"][0]["expect"]["staus"] = 200.into();
    assert_eq!(errors(&schema, &plan).len(), 1, "a misspelt field is refused");
}

#[test]
fn a_configuration_and_a_scenario_are_held_against_theirs() {
    let config = yaml("version: 1\napplication: a\ndeployment_group: g\ntask_definition: live\n");
    assert_eq!(errors(&schema("config"), &config), [""; 0]);
    let mut wrong = config;
    wrong["aplication"] = "a".into();
    let told = errors(&schema("config"), &wrong);
    assert_eq!(told, ["Additional properties are not allowed ('aplication' was unexpected)"]);

    let scenario = "version: 1\ncluster: c\nservice: s\napplication: a\ndeployment_group: g\ncontainer: web\nport: 80\ntask_definitions: { blue: b.json, green: g.json }\nimages: { 'web:1': { run: [serve] } }\nready_wait: 10m\n";
    assert_eq!(errors(&schema("scenario"), &yaml(scenario)), [""; 0]);
    assert_eq!(errors(&schema("scenario"), &yaml(&scenario.replace("run: [serve]", "runs: [serve]"))).len(), 2);
}

#[test]
fn the_help_has_examples_and_names_the_documents() {
    let help = text(&greenlight(&["schema", "--help"]).stdout);
    assert!(help.contains("greenlight schema checks > checks.schema.json"), "{help}");
    for document in ["checks", "evidence", "config", "scenario", "report"] {
        assert!(help.contains(&format!("- {document}")), "{help}");
    }
}

#[test]
fn the_hooks_are_built_without_the_schemas() {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--package", "greenlight-hooks", "--edges", "normal,build", "--prefix", "none", "--locked"])
        .current_dir(root())
        .output()
        .expect("cargo can be started");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let tree = text(&output.stdout);
    assert!(tree.contains("greenlight-checks "), "{tree}");
    assert!(!tree.contains("schemars"), "the hooks carry schemars");
}
