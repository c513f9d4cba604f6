//! The `approval` check: a person who is asked once everything else has passed. It validates nothing by itself, so an event
//! that lists one lists other checks beside it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::check::Entry;
use super::fields::{Fields, Problems, text, texts};
use super::kind::Kind;
use super::tree::{Node, Value};
use crate::event::HookEvent;

/// How long a person has, where the plan says nothing else.
const DEFAULT_WITHIN: Duration = Duration::from_secs(30 * 60);
/// CodeDeploy waits an hour for a hook; five minutes of it are for the way there and for saying that nobody came.
pub(crate) const LONGEST_WITHIN: Duration = Duration::from_secs(55 * 60);
const MOST_NAMES: usize = 10;
const LONGEST_NAME: usize = 100;

/// Whom to ask, and how long an answer is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApprovalCheck {
    /// Names or roles, for people: nothing here knows who somebody is.
    pub(crate) from: Vec<String>,
    pub(crate) within: Duration,
}

/// The approval of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// Its id in the plan.
    pub id: String,
    /// Who is asked.
    pub from: Vec<String>,
    /// How long an answer is waited for.
    pub within: Duration,
}

/// Reads `approval`.
pub(crate) fn read(node: &Node, check: &Fields<'_>, problems: &mut Problems) -> Option<ApprovalCheck> {
    for name in ["expect", "timeout", "retry", "severity", "on_inconclusive", "after", "side_effects"] {
        if let Some(given) = check.get(name) {
            let text = "is not for approvals: a person is asked last, and the answer decides";
            problems.add(given.at, &check.path_of(name), text);
        }
    }
    let fields = Fields::read(node, &check.path_of("approval"), &["from", "within"], problems)?;
    let from = fields.required("from", problems).map(|node| from(node, &fields.path_of("from"), problems));
    let within = fields.duration("within", problems).unwrap_or(DEFAULT_WITHIN);
    if let Some(node) = fields.get("within")
        && (within.is_zero() || within > LONGEST_WITHIN)
    {
        let text = "expected more than 0 and at most 55m; CodeDeploy waits one hour for a hook";
        problems.add(node.at, &fields.path_of("within"), text);
    }
    Some(ApprovalCheck { from: from?, within })
}

fn from(node: &Node, path: &str, problems: &mut Problems) -> Vec<String> {
    let named = match &node.value {
        Value::List(_) => texts(node, path, problems),
        _ => text(node, path, problems).map(|text| (text.to_owned(), node.at)).into_iter().collect(),
    };
    if matches!(&node.value, Value::List(items) if items.is_empty() || items.len() > MOST_NAMES) {
        problems.add(node.at, path, format_args!("expected 1 to {MOST_NAMES} names; somebody must be asked"));
    }
    for (name, at) in &named {
        if name.trim().is_empty() || name.chars().count() > LONGEST_NAME {
            let text = format_args!("{name:?} is nobody to ask; a name has 1 to {LONGEST_NAME} characters");
            problems.add(*at, path, text);
        }
    }
    named.into_iter().map(|(name, _)| name).collect()
}

/// What holds between an approval and the other checks: it is the only one of its event, it is not alone, and nothing waits
/// for it.
pub(crate) fn placed(
    checks: &[Entry],
    hooks: Option<&Node>,
    lists: &BTreeMap<HookEvent, Vec<String>>,
    problems: &mut Problems,
) {
    let is_approval = |entry: &Entry| matches!(&entry.check, Some(check) if matches!(check.kind, Kind::Approval(_)));
    let approvals: Vec<&str> =
        checks.iter().filter(|entry| is_approval(entry)).map(|entry| entry.id.as_str()).collect();
    for (event, listed) in lists {
        let asked: Vec<_> = listed.iter().filter(|id| approvals.contains(&id.as_str())).collect();
        let Some(at) = hooks.map(|hooks| hooks.place_of(event.name())) else { continue };
        let path = format!("hooks.{event}");
        if asked.len() > 1 {
            problems.add(at, &path, "lists more than one approval; one person's answer is reported");
        } else if asked.len() == 1 && listed.len() == 1 {
            let text =
                "lists an approval and nothing else; a person alone validates nothing, so list a check beside it";
            problems.add(at, &path, text);
        }
    }
    for (index, entry) in checks.iter().enumerate() {
        for (needed, at) in entry.after.iter().filter(|(id, _)| approvals.contains(&id.as_str())) {
            let text = format_args!("{needed:?} is an approval, and a person is asked when all checks have ended");
            problems.add(*at, &format!("checks[{index}].after"), text);
        }
    }
}
