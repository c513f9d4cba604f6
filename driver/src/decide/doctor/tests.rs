//! Every check, over facts. The whole texts are in the snapshot.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::cases::{CASES, IMAGE, ROLE, TEST, denied, further, sound};
use super::facts::*;
use super::*;
use crate::appspec::CapacityProvider;

fn diagnosed(case: fn(&mut Facts)) -> Diagnosis {
    let mut facts = sound();
    case(&mut facts);
    examine(&facts)
}

#[test]
fn of_a_sound_deployment_nothing_is_said() {
    let diagnosis = examine(&sound());
    assert_eq!(diagnosis.findings, []);
    // There is no Network Load Balancer in it.
    assert_eq!(diagnosis.inapplicable, [Check::NetworkLoadBalancer]);
    assert_eq!((diagnosis.clean.len(), diagnosis.behind.len()), (Check::ALL.len() - 1, 0));
    assert!(!diagnosis.blocks());
}

#[test]
fn every_finding_says_what_is_wrong_what_will_happen_and_what_to_do() {
    let mut told = String::new();
    for (check, what, case) in CASES {
        writeln!(told, "== {} {}: {what}", check.id(), check.claim()).unwrap();
        let diagnosis = diagnosed(*case);
        for finding in &diagnosis.findings {
            writeln!(told, "{} {}: {}", finding.severity.name(), finding.check.id(), finding.finding).unwrap();
            writeln!(told, "    then: {}\n    do:   {}", finding.consequence, finding.fix).unwrap();
        }
        let ids = |checks: &[Check]| checks.iter().map(|check| check.id()).collect::<Vec<_>>().join(" ");
        if !diagnosis.behind.is_empty() {
            writeln!(told, "not judged: {}", ids(&diagnosis.behind)).unwrap();
        }
        told.push('\n');
    }
    insta::assert_snapshot!(told);
}

#[test]
fn every_check_has_a_case_that_it_finds_and_finds_nothing_worse_than_it_says() {
    for check in Check::ALL {
        let cases: Vec<_> = CASES.iter().filter(|(of, ..)| *of == check).collect();
        let found: Vec<Finding> = cases
            .iter()
            .flat_map(|(_, what, case)| {
                let findings: Vec<_> =
                    diagnosed(*case).findings.into_iter().filter(|found| found.check == check).collect();
                assert!(!findings.is_empty(), "{} finds nothing of: {what}", check.id());
                findings
            })
            .collect();
        // Where the group or the service cannot be read, nothing can be judged: that blocks whatever.
        let worst = found.iter().map(|found| found.severity).min().expect("each check has a case");
        assert_eq!(worst, check.worst(), "{}", check.id());
    }
}

#[test]
fn ids_are_in_order_and_never_twice() {
    let ids: Vec<String> = Check::ALL.iter().map(|check| check.id().to_owned()).collect();
    let expected: Vec<String> = (1..=Check::ALL.len()).map(|number| format!("DR{number:02}")).collect();
    assert_eq!(ids, expected);
}

#[test]
fn what_cannot_be_read_is_never_clean() {
    let mut facts = sound();
    let all = denied("everything");
    facts.target_groups = Err(all.clone());
    facts.listeners = Err(all.clone());
    facts.alarms = Err(all.clone());
    facts.functions.insert(TEST, Err(all.clone()));
    facts.images.insert(IMAGE.to_owned(), Image::Unread(all.clone()));
    let further = further(&mut facts);
    further.rules = Err(all.clone());
    further.active = Err(all.clone());
    further.scaling = Err(all.clone());
    further.scalable_target = Err(all.clone());
    further.invocation.insert(TEST, Err(all.clone()));
    further.reporting.insert(TEST, Err(all.clone()));
    further.passing.insert(ROLE.to_owned(), Err(all.clone()));
    further.self_tests = Some(BTreeMap::from([(TEST, Err(all))]));
    let diagnosis = examine(&facts);
    let rest_on_known_facts = [
        Check::Group,
        Check::Service,
        Check::Controller,
        Check::TargetGroupInUse,
        Check::Validation,
        Check::Container,
        Check::AppSpec,
        Check::Plan,
        Check::AlarmLimit,
        Check::Rollback,
        Check::DesiredCount,
    ];
    assert_eq!(diagnosis.clean, rest_on_known_facts);
    assert!(diagnosis.findings.iter().all(|finding| finding.finding.contains("could not be judged")));
}

#[test]
fn a_preflight_asks_what_can_block_and_leaves_the_rest_to_the_doctor() {
    let mut facts = sound();
    facts.further = None;
    let diagnosis = preflight(&facts);
    assert_eq!((diagnosis.findings.as_slice(), diagnosis.behind.as_slice()), (&[][..], &[][..]));
    let asked: Vec<Check> = diagnosis.clean.iter().chain(&diagnosis.inapplicable).copied().collect();
    assert_eq!(asked.len(), Check::ALL.into_iter().filter(|check| check.is_in_preflight()).count());
    for (check, what, case) in CASES {
        let mut facts = sound();
        case(&mut facts);
        facts.further = None;
        let blocked = preflight(&facts).blocks();
        let examined = diagnosed(*case).of(Severity::Blocking).any(|found| found.check.is_in_preflight());
        let by_rules = *what == "a rule to the idle group";
        assert_eq!(blocked, examined && !by_rules, "{} {what}", check.id());
    }
}

#[test]
fn a_strategy_that_the_appspec_repeats_is_enough() {
    let diagnosis = diagnosed(|facts| {
        facts.service.as_mut().unwrap().standing.capacity_providers = vec!["FARGATE_SPOT".to_owned()];
        let provider = CapacityProvider { provider: "FARGATE_SPOT".to_owned(), base: None, weight: Some(1) };
        facts.wanted.appspec.capacity_provider_strategy = vec![provider];
    });
    assert_eq!(diagnosis.findings, []);
}
