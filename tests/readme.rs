//! The README's commands, run as a newcomer would: every `console` block, line by line, from the top of the checkout.
//! A command that ends as a block does not say fails the test. Blocks in other languages are not run.

mod support {
    pub(crate) mod cargo;
    pub(crate) mod steps;
}

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::cargo::afresh;
use support::steps::steps;

#[test]
fn every_console_command_of_the_readme_does_what_it_says() {
    let readme = fs::read_to_string(root().join("README.md")).expect("the README exists");
    let steps = steps(&readme, "console");
    assert!(steps.len() >= 2, "the README has console commands: {steps:?}");
    // A newcomer has not built the hooks: the first command must do it.
    for hook in ["after-allow-test-traffic", "before-allow-traffic"] {
        let built = Path::new(env!("CARGO_BIN_EXE_greenlight")).with_file_name(hook);
        if built.exists() {
            fs::remove_file(built).expect("a built hook can be removed");
        }
    }
    for step in steps {
        let output = afresh(Command::new("sh"))
            .args(["-c", &format!("{} 2>&1", step.command)])
            .current_dir(root())
            .env("NO_COLOR", "1")
            .output()
            .expect("sh can be started");
        step.hold(output.status.code(), &String::from_utf8_lossy(&output.stdout));
    }
}

#[test]
fn every_yaml_file_that_a_user_starts_from_is_valid() {
    let readme = fs::read_to_string(root().join("README.md")).expect("the README exists");
    let plan = |text: &str, name: &str| {
        let givens = greenlight_checks::plan::Givens::at(jiff::Timestamp::UNIX_EPOCH);
        let read = greenlight_checks::plan::read(text, name, &givens);
        read.unwrap_or_else(|errors| panic!("{name}:\n{errors}"));
    };
    let packaged = root().join("functions/checks.yaml");
    plan(&fs::read_to_string(packaged).expect("the packaged plan exists"), "functions/checks.yaml");
    let mut plans = 0;
    let mut configurations = 0;
    // The cookbook's plans refer to files and secrets; the check engine's own tests bring them and run each plan.
    let (before, rest) = readme.split_once("\n## Cookbook\n").expect("the README has a cookbook");
    let (_, after) = rest.split_once("\n## ").expect("something follows the cookbook");
    for block in blocks(&format!("{before}\n{after}"), "yaml") {
        if block.contains("\nchecks:") {
            plan(&block, "README.md");
            plans += 1;
        } else {
            let image = |name: &str| (name == "IMAGE").then(|| "shop:2".to_owned());
            let read = greenlight::configuration::reading::read(&block, "README.md", &root(), &image);
            read.unwrap_or_else(|error| panic!("{error}:\n{block}"));
            configurations += 1;
        }
    }
    assert_eq!((plans, configurations), (3, 1));
}

#[test]
fn every_message_code_is_in_the_table_of_messages_and_nothing_else_is() {
    let readme = fs::read_to_string(root().join("README.md")).expect("the README exists");
    let codes = fs::read_to_string(root().join("functions/checks/src/message.rs")).expect("the codes exist");
    let known: Vec<&str> = codes.split("&str = \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(known.len() > 20 && known.iter().all(|code| code.starts_with("GL1")), "{known:?}");
    let rows: Vec<Vec<&str>> = readme
        .lines()
        .filter(|line| line.starts_with("| GL"))
        .map(|line| line.split('|').map(str::trim).filter(|cell| !cell.is_empty()).collect())
        .collect();
    assert_eq!(rows.iter().map(|row| row[0]).collect::<Vec<_>>(), known, "in the order of the codes");
    assert!(rows.iter().all(|row| row.len() == 3), "code, meaning, what to do: {rows:?}");
}

#[test]
fn every_check_of_the_doctor_is_in_its_table_as_it_is_in_the_code() {
    use greenlight::decide::doctor::Check;

    let readme = fs::read_to_string(root().join("README.md")).expect("the README exists");
    let rows: Vec<&str> = readme.lines().filter(|line| line.starts_with("| DR")).collect();
    let row = |check: Check| {
        let asked = if check.is_in_preflight() { "yes " } else { "" };
        format!("| {} | {} | {} | {asked}|", check.id(), check.claim(), check.worst().name())
    };
    assert_eq!(rows, Check::ALL.map(row));
}

/// The texts of the README's blocks in a language.
fn blocks(readme: &str, language: &str) -> Vec<String> {
    let opening = format!("```{language}\n");
    let inner = |rest: &str| rest.split("```").next().unwrap_or_default().to_owned();
    readme.split(&opening).skip(1).map(inner).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
