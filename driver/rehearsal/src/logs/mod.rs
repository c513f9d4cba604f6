//! CloudWatch Logs: what functions and tasks wrote, by group, and what a client writes beside it. A group begins with its first
//! line.

pub(crate) mod serve;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

/// Lines kept per group; a chatty task must not fill the memory of a stand-in that is left running.
const LINES_KEPT: usize = 20_000;

/// All log groups.
#[derive(Clone, Debug, Default)]
pub(crate) struct Logs {
    groups: BTreeMap<String, Group>,
    drawn: u64,
}

/// A log group.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) created: Timestamp,
    /// Streams that a client made; functions and tasks write into theirs without.
    pub(crate) streams: BTreeSet<String>,
    pub(crate) lines: Vec<Line>,
}

/// A log event.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) number: u64,
    pub(crate) stream: String,
    pub(crate) at: Timestamp,
    pub(crate) ingested: Timestamp,
    pub(crate) message: String,
}

impl Logs {
    pub(crate) fn write(&mut self, group: &str, stream: String, at: Timestamp, message: String, now: Timestamp) {
        self.drawn += 1;
        let group = self.groups.entry(group.into()).or_insert_with(|| Group {
            created: now,
            streams: BTreeSet::new(),
            lines: Vec::new(),
        });
        if group.lines.len() >= LINES_KEPT {
            group.lines.drain(..LINES_KEPT / 10);
        }
        group.lines.push(Line { number: self.drawn, stream, at, ingested: now, message });
    }

    pub(crate) fn remove(&mut self, name: &str) -> Option<Group> {
        self.groups.remove(name)
    }

    pub(crate) fn group_mut(&mut self, name: &str) -> Option<&mut Group> {
        self.groups.get_mut(name)
    }

    pub(crate) fn group(&self, name: &str) -> Option<&Group> {
        self.groups.get(name)
    }

    pub(crate) fn groups(&self) -> impl Iterator<Item = (&String, &Group)> {
        self.groups.iter()
    }
}
