//! Golden transcripts: the documents that the command prints about itself. Long ones are held by how they begin; what is in them
//! is held by `driver_schema` and `driver_completions`.

mod support {
    pub(crate) mod deploy_site;
    pub(crate) mod stand_in;
    pub(crate) mod transcript;
}

use support::transcript::{Play, document};
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}

/// The verbs that `--help` lists.
fn verbs(help: &str) -> Vec<&str> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = listed.filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").collect()
}

/// How a document begins, of which more must come.
fn begins(play: &mut Play<TempDir>, arguments: &[&str], lines: usize) {
    let output = play.run_and_tell_the_beginning(arguments, lines, 0);
    let all = String::from_utf8_lossy(&output.stdout).lines().count();
    assert!(all > 2 * lines, "{arguments:?}: {all} lines are no whole document");
}

#[test]
fn each_document_has_a_schema_that_says_what_it_is_of() {
    document(
        "schema_of_each_document",
        "The schema of each document says what it is of, and a document that there is not is refused by name.",
        &folder(),
        |play| {
            for document in ["checks", "evidence", "config", "scenario", "report"] {
                begins(play, &["schema", document], 5);
            }
            play.run_as_it_is(&["schema", "chekcs"], 2);
            play.run_as_it_is(&["schema"], 2);
        },
    );
}

#[test]
fn each_shell_gets_its_completions() {
    document(
        "completions_of_each_shell",
        "Each shell gets its completions, and one that there is not is refused by name.",
        &folder(),
        |play| {
            for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
                begins(play, &["completions", shell], 5);
            }
            play.run_as_it_is(&["completions", "tcsh"], 2);
        },
    );
}

#[test]
fn the_command_and_each_verb_have_a_manual_page_and_help() {
    document(
        "man_and_help",
        "The command and each of its verbs have a manual page and a help text, which begin with what they do.",
        &folder(),
        |play| {
            play.run_as_it_is(&["--version"], 0);
            let help = play.run_as_it_is(&["--help"], 0);
            let help = String::from_utf8_lossy(&help.stdout).into_owned();
            let verbs = verbs(&help);
            assert!(verbs.len() > 15, "{verbs:?}");
            begins(play, &["man"], 6);
            for verb in verbs {
                begins(play, &["man", verb], 6);
                begins(play, &[verb, "--help"], 3);
            }
            play.run_as_it_is(&["man", "deplyo"], 2);
            play.run_as_it_is(&["deplyo"], 2);
        },
    );
}
