//! The history of a group, as a table and as NDJSON.

#![deny(clippy::wildcard_enum_match_arm)]

use jiff::Timestamp;
use serde_json::json;

use super::paint::Paint;
use super::{json, words};
use crate::decide::history::{Ending, Entry};
use crate::exit::Exit;

/// Enough of a SHA-256 to tell revisions apart.
const SHORT: usize = 12;

const HEADINGS: [&str; 7] = ["DEPLOYMENT", "CREATED (UTC)", "TOOK", "OUTCOME", "REVISION", "CREATOR", "ABOUT"];

/// A heading and a line for each; nothing without any.
pub fn table(entries: &[Entry], paint: Paint) -> Vec<String> {
    if entries.is_empty() {
        return Vec::new();
    }
    let rows: Vec<_> = entries.iter().map(cells).collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or(0).max(HEADINGS[column].len())
    };
    let widths: Vec<_> = (0..HEADINGS.len()).map(width).collect();
    let line = |cells: [&str; 7]| {
        let padded: Vec<_> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    let heading = format!("      {}", paint.bold(&line(HEADINGS)));
    let lines = entries
        .iter()
        .zip(&rows)
        .map(|(entry, row)| format!("{}   {}", mark(entry, paint), line(row.each_ref().map(String::as_str))));
    std::iter::once(heading).chain(lines).collect()
}

fn mark(entry: &Entry, paint: Paint) -> String {
    let mark = match entry.ending {
        Ending::Ended(Exit::Succeeded) => paint.green("ok"),
        Ending::Ended(_) => paint.red("!!"),
        Ending::Runs => paint.cyan(">>"),
        Ending::RollbackOpen => paint.yellow("??"),
    };
    format!(" {mark}")
}

fn cells(entry: &Entry) -> [String; 7] {
    let deployment = &entry.past.deployment;
    let revision = deployment.revision_sha256().map(|sha256| sha256.get(..SHORT).unwrap_or(sha256));
    let links = [
        deployment.rolled_back_by.as_ref().map(|id| format!("rollback: {id}")),
        deployment.rolls_back.as_ref().map(|id| format!("rolls back {id}")),
    ];
    let about: Vec<_> = links.into_iter().flatten().chain(entry.past.description.clone()).collect();
    [
        deployment.id.clone(),
        deployment.created.map(|created| created.strftime("%Y-%m-%d %H:%M").to_string()).unwrap_or_default(),
        entry.took.map(words::duration).unwrap_or_default(),
        outcome(entry),
        revision.unwrap_or_default().to_owned(),
        entry.past.creator.clone().unwrap_or_default(),
        about.join("; "),
    ]
}

fn outcome(entry: &Entry) -> String {
    let status = entry.past.deployment.status.as_str();
    match entry.ending {
        Ending::Ended(exit) => exit.meaning().to_owned(),
        Ending::Runs => status.to_owned(),
        Ending::RollbackOpen => format!("{status}, rollback not seen to end"),
    }
}

/// A line of type `history` for each.
pub(super) fn write(entries: &[Entry], now: Timestamp) {
    for entry in entries {
        let deployment = &entry.past.deployment;
        let ended = match entry.ending {
            Ending::Ended(exit) => Some(exit),
            Ending::Runs | Ending::RollbackOpen => None,
        };
        let members = json!({
            "deployment_id": deployment.id,
            "status": deployment.status.as_str(),
            "outcome": ended.map(Exit::name),
            "created_at": deployment.created,
            "completed_at": deployment.completed,
            "took_ms": entry.took.and_then(|took| u64::try_from(took.as_millis()).ok()),
            "revision_sha256": deployment.revision_sha256(),
            "deployment_config": deployment.config,
            "creator": entry.past.creator,
            "description": entry.past.description,
            "rollback_deployment_id": deployment.rolled_back_by,
            "rolls_back_deployment_id": deployment.rolls_back,
            "error": deployment.error.as_ref().map(|error| json!({"code": error.code, "message": error.message})),
        });
        json::write("history", now, members);
    }
}
