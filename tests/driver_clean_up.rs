//! `greenlight clean-up`: lists, asks, deletes in order, and is content with what is gone already.

mod support {
    pub(crate) mod output;
    pub(crate) mod python;
    pub(crate) mod stand_in;
}

use std::io::{BufRead, BufReader, Write as _};
use std::process::Stdio;

use serde_json::json;
use support::output::{lines, text};
use support::python;
use support::stand_in::StandIn;

#[test]
fn it_deletes_what_it_listed_in_order_and_a_second_run_finds_nothing() {
    let stand_in = StandIn::start(&[]);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    stand_in.write_configuration(folder.path());
    let run = |arguments: &[&str]| {
        let output = stand_in.greenlight().args(arguments).current_dir(folder.path()).output();
        output.expect("greenlight can be started")
    };
    let deployed = run(&["deploy", "--poll", "100ms"]);
    assert_eq!(deployed.status.code(), Some(0), "{}", text(&deployed));

    let unasked = run(&["clean-up"]);
    assert_eq!(unasked.status.code(), Some(2), "{}", text(&unasked));
    assert_eq!(
        text(&unasked),
        "to be deleted, in this order\n  \
           deployment group  ecs-demo-dg\n  \
           application       ecs-demo-codedeploy-app\n  \
           function          CodeDeployHook_AfterAllowTestTraffic\n  \
           function          CodeDeployHook_BeforeAllowTraffic\n  \
           log group         /aws/lambda/CodeDeployHook_AfterAllowTestTraffic\n  \
           log group         /aws/lambda/CodeDeployHook_BeforeAllowTraffic\n\
         the service, its task definitions, the load balancer, roles and evidence stay\n\
         error: nothing was deleted: it takes a yes, and standard input is no terminal; give --yes\n"
    );

    let cleaned = run(&["clean-up", "--yes", "--output", "json"]);
    assert_eq!(cleaned.status.code(), Some(0), "{}", text(&cleaned));
    let told = lines(&cleaned);
    assert_eq!((&told[0]["type"], &told[0]["gone"]), (&json!("clean_up"), &json!([])));
    let deleted: Vec<_> = told.iter().filter(|line| line["type"] == "deleted").collect();
    let listed = told[0]["delete"].as_array().expect("it lists what it will delete");
    assert_eq!(deleted.len(), 6);
    for (line, wanted) in deleted.iter().zip(listed) {
        assert_eq!(
            (&line["kind"], &line["name"], &line["was_there"]),
            (&wanted["kind"], &wanted["name"], &json!(true))
        );
    }
    let last = told.last().expect("there is an outcome");
    assert_eq!((&last["exit_code"], &last["reason"]), (&json!(0), &json!("everything is deleted")));

    let again = run(&["clean-up", "--yes"]);
    assert_eq!(again.status.code(), Some(0), "{}", text(&again));
    assert!(text(&again).starts_with("gone already\n  deployment group  ecs-demo-dg\n"), "{}", text(&again));
    assert!(text(&again).ends_with("nothing to delete: everything is gone already\n"), "{}", text(&again));
    let after = run(&["deploy"]);
    assert_eq!(after.status.code(), Some(2), "{}", text(&after));
    assert!(text(&after).contains("ApplicationDoesNotExistException"), "{}", text(&after));
}

#[test]
fn nothing_is_deleted_while_a_deployment_is_active() {
    let stand_in = StandIn::start(&["--pace", "20"]);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    stand_in.write_configuration(folder.path());
    let greenlight = |arguments: &[&str]| {
        let mut command = stand_in.greenlight();
        command.args(arguments).current_dir(folder.path());
        command
    };
    let mut deploying =
        greenlight(&["deploy", "--output", "json"]).stdout(Stdio::piped()).spawn().expect("greenlight can be started");
    let mut lines = BufReader::new(deploying.stdout.take().expect("standard output is piped")).lines();
    let created = lines.any(|line| line.expect("standard output can be read").contains(r#""type":"deployment""#));
    assert!(created, "a deployment was created");

    let refused = greenlight(&["clean-up", "--yes"]).output().expect("greenlight can be started");
    assert_eq!(refused.status.code(), Some(16), "{}", text(&refused));
    assert!(text(&refused).contains("error: another deployment of the group is active: d-"), "{}", text(&refused));
    assert!(text(&refused).ends_with(" --rollback; nothing was deleted\n"), "{}", text(&refused));
    let known = greenlight(&["status"]).output().expect("greenlight can be started");
    assert_eq!(known.status.code(), Some(0), "{}", text(&known));
    deploying.kill().expect("the child can be ended");
    deploying.wait().expect("the child can be waited for");
}

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
