//! Who answered the checks? Every answer names the task that it comes from in a header that the plan says; what the answers
//! said is kept while the checks run and judged afterwards, against the tasks that there are by then.
//!
//! Nothing here knows which tasks are the right ones, and no answer is refused when it comes: a check judges what it got, and
//! this judges from whom. An answer of 500 and above without the header is not counted, because a load balancer gives those
//! itself when no task does, and what they mean is the checks' to say; a check that passes on nothing else is told of.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use http::{HeaderMap, HeaderName, StatusCode};

use crate::evidence::{CheckEvidence, Outcome, Standing, redacted};
use crate::message::{Message, codes};
use crate::secrets::Secrets;

/// As many different values are kept; a service that names itself differently every time has failed long before.
const KEPT: usize = 32;
/// Longer than any ARN of a task.
const LONGEST: usize = 256;
/// So many tasks are named in a message.
const NAMED: usize = 4;

/// Keeps what the answers of one run say of where they come from.
#[derive(Debug)]
pub struct Witness {
    header: HeaderName,
    seen: Mutex<BTreeMap<String, Seen>>,
    /// What no message may show.
    secrets: OnceLock<Secrets>,
}

/// What the answers to one check said.
#[derive(Clone, Debug, Default)]
struct Seen {
    answers: usize,
    /// Each value, and the first answer that had it.
    named: BTreeMap<String, String>,
    /// How many answers had no such header, and the first.
    unnamed: usize,
    first_unnamed: Option<String>,
}

/// What the answers come to, together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identified {
    /// Whether all of them come from the tasks that they should.
    pub standing: Standing,
    /// Why not, or why nobody knows.
    pub messages: Vec<Message>,
    /// `12 answers name a task of the replacement set`, where they do.
    pub summary: Option<String>,
}

impl Witness {
    /// One that looks at this header.
    pub fn of(header: HeaderName) -> Self {
        Self { header, seen: Mutex::default(), secrets: OnceLock::new() }
    }

    /// From now on, no message shows the secrets of this run.
    pub(crate) fn hide(&self, secrets: &Secrets) {
        self.secrets.get_or_init(|| secrets.clone());
    }

    /// Keeps what one answer says; `request` is what messages call it, and no secret of it is kept.
    pub(crate) fn saw(&self, check: &str, request: &str, status: StatusCode, headers: &HeaderMap, secrets: &[&str]) {
        let mut seen = self.lock();
        let seen = seen.entry(check.to_owned()).or_default();
        seen.answers += 1;
        let told = || redacted(&format!("{request}, {}", status.as_u16()), secrets);
        match headers.get(&self.header) {
            Some(value) => {
                let mut value = redacted(&String::from_utf8_lossy(value.as_bytes()), secrets);
                value.truncate(value.floor_char_boundary(LONGEST));
                if seen.named.len() < KEPT || seen.named.contains_key(&value) {
                    seen.named.entry(value).or_insert_with(told);
                }
            }
            None if status.is_server_error() => {}
            None => {
                seen.unnamed += 1;
                seen.first_unnamed.get_or_insert_with(told);
            }
        }
    }

    /// What the answers come to: `tasks` are the ARNs of those that may have answered, `whose` is what they are called.
    /// `asked` says whether any check asked the service at all; where none did, there is nothing to identify.
    pub fn judge(&self, tasks: &[String], whose: &str, asked: bool, checks: &[CheckEvidence]) -> Identified {
        let seen = self.lock().clone();
        let header = &self.header;
        let answers: usize = seen.values().map(|seen| seen.answers).sum();
        let silent = seen.values().all(|seen| seen.named.is_empty());
        if !asked {
            return Identified { standing: Standing::NotRequired, messages: Vec::new(), summary: None };
        }
        if silent {
            let text = format!(
                "no answer of {answers} has the header {header}, so nothing says which task answered; let the service send \
                 its task's ARN in it (TaskARN of ${{ECS_CONTAINER_METADATA_URI_V4}}/task)"
            );
            let message = Message::new(codes::IDENTITY_NOT_ATTESTABLE, "identity", text);
            return Identified { standing: Standing::NotAttestable, messages: vec![message], summary: None };
        }
        let passed = |id: &str| checks.iter().any(|check| check.id == id && check.outcome == Outcome::Passed);
        let mut messages = Vec::new();
        for (check, seen) in &seen {
            for (value, first) in seen.named.iter().filter(|(value, _)| !tasks.iter().any(|task| names(value, task))) {
                let text = format!(
                    "{check} was answered by {value:?}, which is no task of the {whose} ({}); {first}",
                    listed(tasks)
                );
                messages.push(Message::new(codes::IDENTITY_CONTRADICTED, "identity", text));
            }
            if let Some(first) = &seen.first_unnamed {
                let text = format!(
                    "{check} got {} of {} answers without the header {header}, while others have it; expected a task of \
                     the {whose} in every one; {first}",
                    seen.unnamed, seen.answers
                );
                messages.push(Message::new(codes::IDENTITY_CONTRADICTED, "identity", text));
            } else if seen.named.is_empty() && passed(check) {
                let text = format!(
                    "{check} passed on {} answers without the header {header}, which the load balancer may have given \
                     itself; expected a task of the {whose} in every one",
                    seen.answers
                );
                messages.push(Message::new(codes::IDENTITY_CONTRADICTED, "identity", text));
            }
        }
        if messages.is_empty() {
            let summary = Some(format!("{answers} answers from tasks of the {whose}"));
            Identified { standing: Standing::Proven, messages, summary }
        } else {
            let secrets = self.secrets.get().cloned().unwrap_or_default();
            for message in &mut messages {
                message.text = secrets.redacted(&message.text);
            }
            Identified { standing: Standing::Contradicted, messages, summary: None }
        }
    }

    /// A panic elsewhere must not hide what was seen.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a header's value is the ARN of a task, or its id: `arn:aws:ecs:…:task/<cluster>/<id>`.
fn names(value: &str, task: &str) -> bool {
    let value = value.trim();
    value == task || task.rsplit_once('/').is_some_and(|(_, id)| value == id)
}

fn listed(tasks: &[String]) -> String {
    match tasks {
        [] => "none is known".to_owned(),
        tasks if tasks.len() <= NAMED => tasks.join(", "),
        tasks => format!("{} and {} more", tasks[..NAMED].join(", "), tasks.len() - NAMED),
    }
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;
