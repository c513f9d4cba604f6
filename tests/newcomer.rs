//! The whole way that the README walks, from `init` to `clean-up`, command by command, against the rehearsal.

mod support {
    pub(crate) mod stand_in;
    pub(crate) mod steps;
}

use std::fs;
use std::path::Path;

use support::stand_in::StandIn;
use support::steps::steps;

#[test]
fn every_command_of_the_whole_way_does_what_the_readme_says() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = fs::read_to_string(readme).expect("the README exists");
    let steps = steps(&readme, "shell-session");
    let verbs = ["init", "plan", "doctor", "deploy", "status", "history", "rollback", "clean-up"];
    for verb in verbs {
        let command = format!("greenlight {verb}");
        assert!(steps.iter().any(|step| step.command.starts_with(&command)), "the way leads past {verb}");
    }
    let stand_in = StandIn::start(&[]);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let built = Path::new(env!("CARGO_BIN_EXE_greenlight")).parent().expect("a binary is in a folder");
    #[expect(clippy::disallowed_methods, reason = "the search path, to find the command in it as a user does")]
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([built.to_owned()].into_iter().chain(std::env::split_paths(&inherited)));
    let path = path.expect("a path has no colon");
    for step in steps {
        let output = stand_in
            .client("sh")
            .args(["-c", &format!("{{ {}\n}} 2>&1", step.command)])
            .current_dir(folder.path())
            .env("PATH", &path)
            .env("NO_COLOR", "1")
            .output()
            .expect("sh can be started");
        step.hold(output.status.code(), &String::from_utf8_lossy(&output.stdout));
    }
}
