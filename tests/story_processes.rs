//! What the rehearsal leaves behind: nothing, whatever ends it. Read from the process table, not from its own word.

#![allow(clippy::disallowed_methods, reason = "a test bounds its waits by the clock and reads its own environment")]

mod support {
    pub(crate) mod stand_in;
}

use std::process::Command;
use std::time::{Duration, Instant};

use support::stand_in::StandIn;

#[test]
fn no_child_outlives_a_stand_in_that_is_asked_to_end() {
    for signal in ["TERM", "INT"] {
        let mut stand_in = StandIn::start(&[]);
        let children = descendants(stand_in.id());
        assert!(children.len() >= 2, "two tasks and the reaper run below {}: {children:?}", stand_in.id());
        stand_in.signal(signal);
        let status = stand_in.wait();
        assert!(status.success(), "SIG{signal} ends the service as asked: {status}");
        gone(&children);
    }
}

#[test]
fn no_child_outlives_a_stand_in_that_is_killed() {
    let mut stand_in = StandIn::start(&[]);
    let children = descendants(stand_in.id());
    assert!(children.len() >= 2, "two tasks and the reaper run below {}: {children:?}", stand_in.id());
    stand_in.signal("KILL");
    stand_in.wait();
    gone(&children);
}

/// Every process below this one.
fn descendants(root: u32) -> Vec<u32> {
    let output = Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output().expect("ps can be started");
    let table: Vec<(u32, u32)> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| {
            let mut columns = line.split_whitespace().map(|column| column.parse().expect("ps prints numbers"));
            Some((columns.next()?, columns.next()?))
        })
        .collect();
    let mut found = Vec::new();
    let mut open = vec![root];
    while let Some(parent) = open.pop() {
        for (id, _) in table.iter().filter(|(_, of)| *of == parent) {
            found.push(*id);
            open.push(*id);
        }
    }
    found
}

/// Waits until none of them runs. A zombie whose new parent has not reaped it yet runs no more.
fn gone(processes: &[u32]) {
    let bound = Instant::now() + Duration::from_secs(10);
    loop {
        let running: Vec<_> = processes.iter().filter(|id| runs(**id)).collect();
        if running.is_empty() {
            return;
        }
        assert!(Instant::now() < bound, "still running: {running:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn runs(id: u32) -> bool {
    let output = Command::new("ps").args(["-o", "stat=", "-p", &id.to_string()]).output().expect("ps can be started");
    let state = String::from_utf8_lossy(&output.stdout);
    !state.trim().is_empty() && !state.trim_start().starts_with('Z')
}
