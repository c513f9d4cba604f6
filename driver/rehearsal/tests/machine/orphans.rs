//! The claim that no child outlives the stand-in, whatever ends it.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use greenlight_rehearsal::clock;
use greenlight_rehearsal::effect::{Effect, Observation};
use rustix::process::{Pid, test_kill_process};

use crate::bench::{BLUE, Bench, shell, spec, task_arn};
use crate::functions::function;
use crate::player;

/// Wait until a process does not run any more. One that only waits to be reaped by whoever inherited it counts as gone.
pub async fn is_gone(process: i32) {
    let deadline = clock::instant() + Duration::from_secs(20);
    let runs = || {
        let state = std::fs::read_to_string(format!("/proc/{process}/stat"));
        let zombie = state.is_ok_and(|state| state.rsplit(')').next().is_some_and(|rest| rest.trim().starts_with('Z')));
        !zombie && test_kill_process(Pid::from_raw(process).unwrap()).is_ok()
    };
    while runs() {
        assert!(clock::instant() < deadline, "process {process} still runs");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A stand-in to be killed: tells the ids of its children, and waits.
#[test]
fn plays_a_stand_in() {
    if player::variable("PLAY").as_deref() != Some("stand-in") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut bench = Bench::start(spec(&[(BLUE, 1)], vec![function("hangs", Duration::from_secs(900))])).await;
        let script = "trap '' TERM INT HUP; sleep 300 & echo child $!; echo child $$; wait";
        for id in ["one", "two"] {
            bench.machine.carry_out(Effect::StartTask { task: task_arn(id), command: shell(script) });
        }
        let (invocation, payload) = ("one".to_owned(), Bytes::new());
        let function = "hangs".to_owned();
        bench.machine.carry_out(Effect::Invoke { invocation, function, payload, asynchronous: true });
        for _ in 0..5 {
            let child = bench
                .until("a child", |observation| match observation {
                    Observation::Logged { message, .. } => {
                        let id = message.strip_prefix("child ").or_else(|| message.strip_prefix("process "))?;
                        Some(id.split(' ').next()?.to_owned())
                    }
                    _ => None,
                })
                .await;
            println!("\nchild {child}");
        }
        std::future::pending::<()>().await;
    });
}

#[tokio::test]
async fn no_child_outlives_a_stand_in_that_is_killed() {
    let line = player::command("orphans::plays_a_stand_in");
    let mut stand_in =
        Command::new(&line[0]).args(&line[1..]).env("PLAY", "stand-in").stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(stand_in.stdout.take().unwrap()).lines().map_while(Result::ok);
    let children: Vec<i32> = lines.filter_map(|line| line.strip_prefix("child ")?.parse().ok()).take(5).collect();
    assert_eq!(children.len(), 5, "{children:?}");
    for child in &children {
        test_kill_process(Pid::from_raw(*child).unwrap()).unwrap();
    }
    stand_in.kill().unwrap();
    stand_in.wait().unwrap();
    for child in children {
        is_gone(child).await;
    }
}
