//! `greenlight clean-up` on a terminal, where it asks. What it lists and deletes is in `transcripts_by_hand`.

mod support {
    pub(crate) mod python;
    pub(crate) mod stand_in;
}

use std::io::Write as _;
use std::process::Stdio;

use support::python;
use support::stand_in::StandIn;

/// A terminal of one's own for a command; what is typed comes from standard input.
const TERMINAL: &str = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";

#[test]
fn on_a_terminal_it_asks_and_only_a_yes_is_one() {
    let Some(tools) = python::tools("on_a_terminal_it_asks_and_only_a_yes_is_one") else { return };
    let stand_in = StandIn::start(&[]);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    stand_in.write_configuration(folder.path());
    let answer = |typed: &str| {
        let mut child = stand_in
            .client(tools.join("python"))
            .args(["-c", TERMINAL, env!("CARGO_BIN_EXE_greenlight"), "clean-up"])
            .env("NO_COLOR", "1")
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python can be started");
        // Typed ahead: a terminal keeps it until somebody reads.
        let mut input = child.stdin.take().expect("standard input is piped");
        input.write_all(typed.as_bytes()).expect("it can be typed");
        let output = child.wait_with_output().expect("the child can be waited for");
        drop(input);
        (output.status.code(), String::from_utf8_lossy(&output.stdout).replace('\r', ""))
    };
    for no in ["n\n", "\n", "yep\n"] {
        let (code, shown) = answer(no);
        assert_eq!(code, Some(1), "{no:?}: {shown}");
        assert!(shown.contains("Delete these? [y/N] "), "{shown}");
        assert!(shown.contains("error: nothing was deleted: the answer was not yes"), "{shown}");
    }
    let (code, shown) = answer("Yes\n");
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("application ecs-demo-codedeploy-app deleted"), "{shown}");
    assert!(shown.contains("everything is deleted"), "{shown}");
}
