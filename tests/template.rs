//! The SAM template, read by CloudFormation's own linter and held against the hook binaries that exist.

mod support {
    pub(crate) mod python;
}

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn cfn_lint_finds_nothing_in_the_template() {
    let Some(tools) = support::python::tools("cfn_lint_finds_nothing_in_the_template") else { return };
    let output = Command::new(tools.join("cfn-lint"))
        .arg("--include-checks=I")
        .arg(root().join("template.yaml"))
        .output()
        .expect("cfn-lint was installed");
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn cfn_lint_would_find_a_misspelt_property() {
    let Some(tools) = support::python::tools("cfn_lint_would_find_a_misspelt_property") else { return };
    let broken =
        fs::read_to_string(root().join("template.yaml")).expect("the template exists").replace("CodeUri:", "CodeUrl:");
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("template.yaml");
    fs::write(&file, broken).expect("the broken template can be written");
    let output = Command::new(tools.join("cfn-lint")).arg(&file).output().expect("cfn-lint was installed");
    assert!(String::from_utf8_lossy(&output.stdout).contains("CodeUrl"), "{output:?}");
    assert!(!output.status.success());
}

#[test]
fn every_hook_binary_has_a_function_that_ships_its_package() {
    let template = fs::read_to_string(root().join("template.yaml")).expect("the template exists");
    let binaries: Vec<String> = fs::read_dir(root().join("functions/src/bin"))
        .expect("the hook binaries have a folder")
        .map(|entry| {
            entry
                .expect("an entry can be read")
                .path()
                .file_stem()
                .expect("a source has a name")
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    assert!(binaries.len() >= 2, "{binaries:?}");
    for binary in binaries {
        let package = format!("CodeUri: target/lambda/{binary}/bootstrap.zip");
        assert!(template.contains(&package), "template.yaml has no function with `{package}`");
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
