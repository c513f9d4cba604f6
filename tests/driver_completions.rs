//! `greenlight completions` and `greenlight man`: what they print is what a shell and `man` can read, and names every verb.

use std::io::Write as _;
use std::process::{Command, Stdio};

fn greenlight(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_greenlight")).args(arguments).output();
    let output = output.expect("greenlight can be started");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// The verbs that `--help` lists.
fn verbs() -> Vec<String> {
    let (_, help, _) = greenlight(&["--help"]);
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = listed.filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn bash_takes_its_completions_and_offers_every_verb() {
    let verbs = verbs();
    assert!(verbs.len() > 10, "{verbs:?}");
    let (code, script, _) = greenlight(&["completions", "bash"]);
    assert_eq!(code, Some(0));
    let ask =
        "COMP_WORDS=(greenlight ''); COMP_CWORD=1; _greenlight greenlight '' greenlight; echo \"${COMPREPLY[@]}\"";
    let mut bash = Command::new("bash")
        .args(["--norc", "-s"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("bash can be started");
    let mut input = bash.stdin.take().expect("standard input is piped");
    input.write_all(format!("{script}\n{ask}\n").as_bytes()).expect("bash reads");
    drop(input);
    let output = bash.wait_with_output().expect("bash ends");
    let offered = String::from_utf8_lossy(&output.stdout).into_owned();
    let offered: Vec<_> = offered.split_whitespace().collect();
    for verb in &verbs {
        assert!(offered.contains(&verb.as_str()), "bash is not offered {verb}: {offered:?}");
    }
    for shell in ["zsh", "fish", "elvish", "powershell"] {
        let (code, script, _) = greenlight(&["completions", shell]);
        assert_eq!(code, Some(0));
        assert!(script.contains("rehearse"), "{shell}: {script}");
    }
}

#[test]
fn every_verb_has_a_manual_page_with_its_options_and_the_exit_codes() {
    let (code, page, _) = greenlight(&["man"]);
    assert_eq!(code, Some(0));
    assert!(page.contains(".TH greenlight 1"), "{page}");
    for verb in verbs() {
        let (code, page, errors) = greenlight(&["man", &verb]);
        assert_eq!(code, Some(0), "{verb}: {errors}");
        assert!(page.contains(&format!(".TH greenlight-{verb} 1")), "{verb}: {page}");
        assert!(page.contains("failed by a hook, rolled back"), "{verb} has no exit codes: {page}");
    }
}
