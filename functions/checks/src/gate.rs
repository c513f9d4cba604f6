//! A person's approval on top of a verdict. Pure: whether the gate opens, and until when an answer counts.
//!
//! It opens only where everything else decided for Succeeded. It is never passed here: the verdict becomes Waiting, which is
//! reported by nobody but a person, or by the driver as Failed when nobody came.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::evidence::{Decision, Gate, Verdict};
use crate::message::{Message, codes};
use crate::plan::Approval;

/// CodeDeploy waits one hour for a hook's report (user guide, limits). Before that the driver reports that nobody came.
const LAST_ANSWER: Duration = Duration::from_secs(55 * 60);

/// Opens the gate of a verdict for Succeeded; every other verdict stays as it is. `execution_id` is what the answer is
/// reported with.
pub fn opened(
    verdict: Verdict,
    approval: Option<&Approval>,
    started: Timestamp,
    now: Timestamp,
    execution_id: &str,
) -> (Verdict, Option<Gate>) {
    let (Decision::Succeeded, Some(approval)) = (verdict.decision, approval) else { return (verdict, None) };
    let until = later(now, approval.within).min(later(started, LAST_ANSWER));
    let text = format!(
        "every other check passed; waits for approval by {} until {} UTC",
        asked(&approval.from),
        until.strftime("%H:%M")
    );
    let because = vec![Message::new(codes::WAITS_FOR_APPROVAL, &approval.id, text)];
    let gate = Gate {
        check: approval.id.clone(),
        from: approval.from.clone(),
        opened_at: now,
        until,
        execution_id: execution_id.to_owned(),
    };
    (Verdict { decision: Decision::Waiting, because }, Some(gate))
}

/// `ana, ben or the on-call engineer`.
pub fn asked(from: &[String]) -> String {
    match from {
        [] => "somebody".to_owned(),
        [one] => one.clone(),
        [others @ .., last] => format!("{} or {last}", others.join(", ")),
    }
}

fn later(from: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    from.checked_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn approval(minutes: u64) -> Approval {
        let from = vec!["ana".to_owned(), "ben".to_owned()];
        Approval { id: "go".to_owned(), from, within: Duration::from_secs(60 * minutes) }
    }

    fn verdict(decision: Decision) -> Verdict {
        Verdict { decision, because: Vec::new() }
    }

    #[test]
    fn it_opens_when_everything_else_passed_and_says_who_is_asked_until_when() {
        let approval = approval(30);
        let (verdict, gate) = opened(verdict(Decision::Succeeded), Some(&approval), at(0), at(60), "token");
        assert_eq!(verdict.decision, Decision::Waiting);
        assert_eq!(
            verdict.because[0].to_string(),
            "GL1906 go: every other check passed; waits for approval by ana or ben until 08:31 UTC"
        );
        let gate = gate.unwrap();
        assert_eq!((gate.until, gate.execution_id.as_str()), (at(60 + 30 * 60), "token"));
    }

    #[test]
    fn no_answer_counts_that_codedeploy_would_not_hear() {
        let approval = approval(55);
        let (_, gate) = opened(verdict(Decision::Succeeded), Some(&approval), at(0), at(600), "token");
        assert_eq!(gate.unwrap().until, at(55 * 60));
    }

    #[test]
    fn whoever_is_asked_is_named_in_a_sentence() {
        let names = |names: &[&str]| asked(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(names(&["the on-call engineer"]), "the on-call engineer");
        assert_eq!(names(&["ana", "ben", "eva"]), "ana, ben or eva");
    }

    proptest! {
        #[test]
        fn with_an_approval_nothing_is_ever_succeeded_and_nothing_failed_is_saved(failed in any::<bool>(), minutes in 1u64..56) {
            let before = if failed { Decision::Failed } else { Decision::Succeeded };
            let (after, gate) = opened(verdict(before), Some(&approval(minutes)), at(0), at(9), "token");
            prop_assert_ne!(after.decision, Decision::Succeeded);
            prop_assert_eq!(after.decision == Decision::Failed, failed);
            prop_assert_eq!(gate.is_none(), failed);
        }
    }
}
