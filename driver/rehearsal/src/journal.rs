//! What happened in the stand-in, in order. It records and orders; it decides nothing, and it keeps what it was given.
//!
//! Calls that only read are not entered: a client that polls would bury what changed.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One thing that happened. Its `Display` line has no time, so that transcripts of two runs can be compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Counts from 1, without gaps.
    pub sequence: u64,
    /// When, in ordinary time.
    pub at: Timestamp,
    /// The service in which it happened: `codedeploy`, `ecs`, `elbv2`, `lambda`, `rehearsal`.
    pub service: String,
    /// What happened, in a few words that do not vary.
    pub what: String,
    /// To whom, with which values.
    pub detail: String,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<10} {:<24} {}", self.service, self.what, self.detail)
    }
}

/// The entries so far. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    entries: Arc<Mutex<Vec<Entry>>>,
}

impl Journal {
    /// All entries, in order.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// One entry a line, as JSON: what the announced journal address serves.
    #[must_use]
    pub fn json_lines(&self) -> String {
        let mut text = String::new();
        for entry in self.entries() {
            text.push_str(&serde_json::to_string(&entry).expect("an entry is strings and numbers"));
            text.push('\n');
        }
        text
    }

    /// Enter something.
    pub(crate) fn record(&self, at: Timestamp, service: &str, what: &str, detail: impl Into<String>) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let sequence = entries.len() as u64 + 1;
        let entry = Entry { sequence, at, service: service.into(), what: what.into(), detail: detail.into() };
        tracing::debug!(sequence, service, what, detail = entry.detail, "journal");
        entries.push(entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_counted_and_their_lines_carry_no_time() {
        let journal = Journal::default();
        journal.record(Timestamp::UNIX_EPOCH, "ecs", "task started", "web on 1");
        journal.clone().record(Timestamp::UNIX_EPOCH, "elbv2", "listener routed", "production a 100");
        let lines: Vec<_> = journal.entries().iter().map(|entry| (entry.sequence, entry.to_string())).collect();
        assert_eq!(lines[0], (1, "ecs        task started             web on 1".into()));
        assert_eq!(lines[1].0, 2);
        assert_eq!(journal.json_lines().lines().count(), 2);
    }
}
