//! What is reported, and why: the order of the design, as one pure function. It reads nothing and knows no time.
//!
//! Succeeded needs positive evidence: a proven (or not required) attestation, and at least one blocking check that passed.

#![deny(clippy::wildcard_enum_match_arm)]

use crate::evidence::{Attestation, CheckEvidence, Decision, Outcome, Severity, Standing, Verdict};
use crate::message::{Message, codes};
use crate::plan::Requirement;

/// What there is to decide on, once the plan was valid and its checks were run.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// What was established.
    pub attestation: &'a Attestation,
    /// What the plan demands of the routing.
    pub routing: Requirement,
    /// Every check of the event.
    pub checks: &'a [CheckEvidence],
}

/// Decides, in this order: attestation, blocking checks that failed, errored or were skipped, blocking checks that are
/// inconclusive and not excused, and that at least one blocking check passed.
pub fn decide(case: &Case<'_>) -> Verdict {
    for reasons in [unproven(case), not_passed(case), inconclusive(case), nothing_validated(case)] {
        if !reasons.is_empty() {
            return Verdict { decision: Decision::Failed, because: reasons };
        }
    }
    Verdict { decision: Decision::Succeeded, because: Vec::new() }
}

/// Facts that somebody demands and that are not proven. That the targets are tasks of the task set is the last link of the
/// routing, and weighs as much; the other facts are demanded by being in the plan at all.
fn unproven(case: &Case<'_>) -> Vec<Message> {
    let attestation = case.attestation;
    let refused = [
        ("routing", case.routing.refuses(attestation.routing)),
        ("targets", !holds(attestation.targets)),
        ("tasks", case.routing.refuses(attestation.tasks)),
        ("image", !holds(attestation.image)),
        ("identity", !holds(attestation.identity)),
    ];
    let Some((what, _)) = refused.into_iter().find(|(_, refused)| *refused) else { return Vec::new() };
    if !attestation.messages.is_empty() {
        return attestation.messages.clone();
    }
    vec![Message::new(codes::ROUTING_NOT_ATTESTABLE, what, "was not established")]
}

/// Proven, or asked for by nobody. Not looked at is not proven.
const fn holds(standing: Standing) -> bool {
    match standing {
        Standing::Proven | Standing::NotRequired => true,
        Standing::Contradicted | Standing::NotAttestable | Standing::Unknown => false,
    }
}

fn blocking<'a>(case: &Case<'a>) -> impl Iterator<Item = &'a CheckEvidence> {
    case.checks.iter().filter(|check| match check.severity {
        Severity::Block => true,
        Severity::Warn => false,
    })
}

fn not_passed(case: &Case<'_>) -> Vec<Message> {
    reasons(blocking(case).filter(|check| match check.outcome {
        Outcome::Failed | Outcome::Errored | Outcome::Skipped => true,
        Outcome::Passed | Outcome::Inconclusive => false,
    }))
}

fn inconclusive(case: &Case<'_>) -> Vec<Message> {
    reasons(blocking(case).filter(|check| check.outcome == Outcome::Inconclusive && !check.inconclusive_excused))
}

fn nothing_validated(case: &Case<'_>) -> Vec<Message> {
    if blocking(case).any(|check| check.outcome == Outcome::Passed) {
        return Vec::new();
    }
    let text = format!(
        "nothing was validated: none of {} checks is blocking and passed; let at least one that can pass block (without \
         severity: warn)",
        case.checks.len()
    );
    vec![Message::new(codes::NOTHING_VALIDATED, "hook", text)]
}

/// What the checks say of themselves; one that says nothing still counts.
fn reasons<'a>(checks: impl Iterator<Item = &'a CheckEvidence>) -> Vec<Message> {
    checks
        .flat_map(|check| {
            if check.messages.is_empty() {
                vec![Message::new(codes::SKIPPED, check.id.clone(), "did not pass and does not say why")]
            } else {
                check.messages.clone()
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn standing() -> impl Strategy<Value = Standing> {
        prop::sample::select(vec![
            Standing::Unknown,
            Standing::NotRequired,
            Standing::Proven,
            Standing::Contradicted,
            Standing::NotAttestable,
        ])
    }

    fn requirement() -> impl Strategy<Value = Requirement> {
        prop::sample::select(vec![Requirement::Required, Requirement::Warn, Requirement::Off])
    }

    prop_compose! {
        fn check()(
            outcome in prop::sample::select(vec![Outcome::Passed, Outcome::Failed, Outcome::Inconclusive, Outcome::Errored, Outcome::Skipped]),
            severity in prop::sample::select(vec![Severity::Block, Severity::Warn]),
            inconclusive_excused in any::<bool>(),
        ) -> CheckEvidence {
            CheckEvidence { id: "any".into(), kind: "http".into(), severity, inconclusive_excused, outcome, attempts: 1, took_ms: 1, numbers: std::collections::BTreeMap::new(), series: std::collections::BTreeMap::new(), expectations: vec![], messages: vec![], samples: vec![] }
        }
    }

    prop_compose! {
        fn attestation()(routing in standing(), targets in standing(), tasks in standing(), image in standing(), identity in standing()) -> Attestation {
            Attestation { routing, targets, tasks, image, identity, ..Attestation::default() }
        }
    }

    fn proven() -> Attestation {
        let proven = Standing::Proven;
        Attestation {
            routing: proven,
            targets: proven,
            tasks: proven,
            image: proven,
            identity: proven,
            ..Attestation::default()
        }
    }

    fn decision(attestation: &Attestation, routing: Requirement, checks: &[CheckEvidence]) -> Decision {
        decide(&Case { attestation, routing, checks }).decision
    }

    proptest! {
        #[test]
        fn without_a_passed_blocking_check_it_is_never_succeeded(attestation in attestation(), routing in requirement(), checks in prop::collection::vec(check(), 0..6)) {
            let validated = checks.iter().any(|check| check.severity == Severity::Block && check.outcome == Outcome::Passed);
            if !validated {
                prop_assert_eq!(decision(&attestation, routing, &checks), Decision::Failed);
            }
        }

        #[test]
        fn a_contradicted_or_unproven_attestation_is_never_succeeded(attestation in attestation(), checks in prop::collection::vec(check(), 0..6)) {
            let routed = [attestation.routing, attestation.tasks].iter().all(|standing| *standing == Standing::Proven);
            let demanded = [attestation.targets, attestation.image, attestation.identity];
            let demanded = demanded.iter().all(|standing| matches!(standing, Standing::Proven | Standing::NotRequired));
            if !(routed && demanded) {
                prop_assert_eq!(decision(&attestation, Requirement::Required, &checks), Decision::Failed);
            }
        }

        #[test]
        fn a_contradiction_is_never_succeeded_unless_routing_is_off(attestation in attestation(), checks in prop::collection::vec(check(), 0..6)) {
            let facts = [attestation.routing, attestation.tasks, attestation.targets, attestation.image, attestation.identity];
            if facts.contains(&Standing::Contradicted) {
                prop_assert_eq!(decision(&attestation, Requirement::Warn, &checks), Decision::Failed);
            }
        }

        #[test]
        fn what_the_plan_demands_by_name_is_never_succeeded_without_proof_at_any_level(attestation in attestation(), routing in requirement(), checks in prop::collection::vec(check(), 0..6)) {
            let demanded = [attestation.targets, attestation.image, attestation.identity];
            if !demanded.iter().all(|standing| matches!(standing, Standing::Proven | Standing::NotRequired)) {
                prop_assert_eq!(decision(&attestation, routing, &checks), Decision::Failed);
            }
        }

        #[test]
        fn a_lower_level_never_fails_what_a_higher_one_lets_through(attestation in attestation(), checks in prop::collection::vec(check(), 0..6)) {
            let [required, warn, off] = [Requirement::Required, Requirement::Warn, Requirement::Off].map(|level| decision(&attestation, level, &checks));
            prop_assert!(required == Decision::Failed || warn == Decision::Succeeded);
            prop_assert!(warn == Decision::Failed || off == Decision::Succeeded);
        }

        #[test]
        fn a_further_failure_never_turns_failed_into_succeeded(attestation in attestation(), routing in requirement(), checks in prop::collection::vec(check(), 0..6), mut further in check()) {
            further.outcome = Outcome::Failed;
            let mut more = checks.clone();
            more.push(further);
            if decision(&attestation, routing, &checks) == Decision::Failed {
                prop_assert_eq!(decision(&attestation, routing, &more), Decision::Failed);
            }
        }

        #[test]
        fn a_failed_verdict_says_why(attestation in attestation(), routing in requirement(), checks in prop::collection::vec(check(), 0..6)) {
            let verdict = decide(&Case { attestation: &attestation, routing, checks: &checks });
            prop_assert_eq!(verdict.because.is_empty(), verdict.decision == Decision::Succeeded);
        }
    }

    #[test]
    fn proof_and_a_passed_blocking_check_are_a_success() {
        let passed = CheckEvidence {
            id: "health".into(),
            kind: "http".into(),
            severity: Severity::Block,
            inconclusive_excused: false,
            outcome: Outcome::Passed,
            attempts: 1,
            took_ms: 3,
            numbers: std::collections::BTreeMap::new(),
            series: std::collections::BTreeMap::new(),
            expectations: Vec::new(),
            messages: vec![],
            samples: vec![],
        };
        assert_eq!(decision(&proven(), Requirement::Required, std::slice::from_ref(&passed)), Decision::Succeeded);
        let warned = Attestation { routing: Standing::NotAttestable, tasks: Standing::NotAttestable, ..proven() };
        assert_eq!(decision(&warned, Requirement::Warn, std::slice::from_ref(&passed)), Decision::Succeeded);
        assert_eq!(decision(&warned, Requirement::Required, std::slice::from_ref(&passed)), Decision::Failed);
        assert_eq!(decision(&Attestation::not_required(), Requirement::Off, &[passed]), Decision::Succeeded);
    }

    #[test]
    fn each_fact_that_is_demanded_decides_alone_and_is_named() {
        for (what, attestation) in [
            ("routing", Attestation { routing: Standing::Unknown, ..proven() }),
            ("targets", Attestation { targets: Standing::Unknown, ..proven() }),
            ("tasks", Attestation { tasks: Standing::Unknown, ..proven() }),
            ("image", Attestation { image: Standing::Unknown, ..proven() }),
            ("identity", Attestation { identity: Standing::Unknown, ..proven() }),
        ] {
            let verdict = decide(&Case { attestation: &attestation, routing: Requirement::Required, checks: &[] });
            assert_eq!(verdict.because[0].to_string(), format!("GL1102 {what}: was not established"));
        }
    }
}
