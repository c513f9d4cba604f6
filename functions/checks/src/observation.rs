//! `mode: observe`: what is reported instead of a verdict, and what is kept of it. Pure.
//!
//! Observing covers what a valid plan comes to: its attestation and its checks, the codes GL11xx to GL13xx. A plan that
//! cannot be read or has nothing for the event, a panic, a function out of time and a drill stay Failed: then nothing was
//! observed, and Succeeded would claim that it was.

use crate::evidence::{Decision, Observed, Verdict};
use crate::message::{Message, codes};
use crate::plan::Mode;

/// What is reported under the plan's mode, and what was observed where it only observes.
pub fn under(mode: Mode, verdict: Verdict) -> (Verdict, Option<Observed>) {
    let Mode::Observe { until } = mode else { return (verdict, None) };
    let observed = Observed { until: until.to_string(), would_have_failed: verdict.decision == Decision::Failed };
    let verdict = match verdict.decision {
        Decision::Failed if verdict.because.iter().all(is_observable) => {
            let text = format!("would have failed; mode: observe reports Succeeded until {until}");
            let first = Message::new(codes::OBSERVED, "plan", text);
            let because = std::iter::once(first).chain(verdict.because).collect();
            Verdict { decision: Decision::Succeeded, because }
        }
        Decision::Failed | Decision::Succeeded | Decision::Waiting => verdict,
    };
    (verdict, Some(observed))
}

/// Attestation, assertions and statistics; see the table of [`codes`].
fn is_observable(message: &Message) -> bool {
    ["GL11", "GL12", "GL13"].iter().any(|group| message.code.starts_with(group))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OBSERVE: Mode = Mode::Observe { until: jiff::civil::date(2026, 12, 31) };

    fn failed(codes: &[&str]) -> Verdict {
        let because = codes.iter().map(|code| Message::new(code, "any", "any")).collect();
        Verdict { decision: Decision::Failed, because }
    }

    #[test]
    fn what_would_have_failed_is_reported_as_succeeded_and_says_so_first() {
        let (verdict, observed) = under(OBSERVE, failed(&["GL1201", "GL1301"]));
        assert_eq!(verdict.decision, Decision::Succeeded);
        let told: Vec<String> = verdict.because.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "GL1206 plan: would have failed; mode: observe reports Succeeded until 2026-12-31",
                "GL1201 any: any",
                "GL1301 any: any"
            ]
        );
        assert_eq!(observed, Some(Observed { until: "2026-12-31".to_owned(), would_have_failed: true }));
    }

    #[test]
    fn what_would_have_succeeded_is_marked_as_observed_and_nothing_else() {
        let succeeded = Verdict { decision: Decision::Succeeded, because: Vec::new() };
        let (verdict, observed) = under(OBSERVE, succeeded.clone());
        assert_eq!((verdict, observed.map(|observed| observed.would_have_failed)), (succeeded, Some(false)));
    }

    #[test]
    fn what_was_not_observed_stays_failed() {
        for code in [
            codes::PLAN_INVALID,
            codes::PLAN_EMPTY_FOR_EVENT,
            codes::PLAN_UNREADABLE,
            codes::OUT_OF_TIME,
            codes::PANICKED,
            codes::DRILL,
        ] {
            let verdict = failed(&[codes::ASSERTION_FAILED, code]);
            assert_eq!(under(OBSERVE, verdict.clone()).0, verdict, "{code}");
        }
    }

    proptest! {
        #[test]
        fn a_plan_that_enforces_reports_its_verdict_and_observes_nothing(codes in prop::collection::vec("GL1[0-9]{3}", 0..4)) {
            let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
            let verdict = failed(&codes);
            prop_assert_eq!(under(Mode::Enforce, verdict.clone()), (verdict, None));
        }

        #[test]
        fn no_reason_is_lost_by_observing(codes in prop::collection::vec("GL1[0-9]{3}", 0..4)) {
            let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
            let verdict = failed(&codes);
            let (reported, observed) = under(OBSERVE, verdict.clone());
            prop_assert!(observed.is_some_and(|observed| observed.would_have_failed));
            prop_assert!(verdict.because.iter().all(|reason| reported.because.contains(reason)));
        }
    }
}
