//! What the two kinds of checks have in common that ask CloudWatch: somebody to ask, time enough, and no answer.

use std::time::Duration;

use super::ended;
use crate::cloudwatch::{CloudWatch, Unanswered};
use crate::evidence::{CheckEvidence, Outcome};
use crate::message::{Message, codes};
use crate::plan::Check;
use crate::surroundings::Surroundings;

/// Whom to ask; without anybody the check could not be run.
pub(super) fn to_be_asked<'a>(
    check: &Check,
    surroundings: &'a Surroundings,
) -> Result<&'a dyn CloudWatch, Box<CheckEvidence>> {
    surroundings.cloudwatch.as_deref().ok_or_else(|| {
        let text = "there is no CloudWatch to ask from here; run the check where AWS can be reached with credentials and a region, or leave it out of this event";
        let message = Message::new(codes::CLOUDWATCH_UNREADABLE, &check.id, text).at(&*check.place);
        Box::new(ended(check, Outcome::Errored, message))
    })
}

/// A check that could not end in time is not begun.
pub(super) fn not_started(check: &Check, field: &str, takes: Duration, left: Duration) -> Option<CheckEvidence> {
    let text = format!(
        "not started: it takes up to {} s ({field}), and {} s are left for checks; shorten it or raise budget.total",
        takes.as_secs(),
        left.as_secs()
    );
    let message = Message::new(codes::OUT_OF_TIME, &check.id, text).at(&*check.place);
    (takes > left).then(|| ended(check, Outcome::Errored, message))
}

/// There was no answer.
pub(super) fn unreadable(check: &Check, unanswered: &Unanswered) -> Message {
    let text = format!("CloudWatch could not be asked: {}", unanswered.text);
    Message::new(codes::CLOUDWATCH_UNREADABLE, &check.id, text).at(&*check.place)
}
