//! Tables for identity: what answers may say of where they come from, and what follows from it.

use std::collections::BTreeMap;

use super::*;
use crate::evidence::Severity;

const GREEN: &str = "arn:aws:ecs:eu-west-1:111122223333:task/main/0000000000000000000000000000002a";
const BLUE: &str = "arn:aws:ecs:eu-west-1:111122223333:task/main/0000000000000000000000000000001a";
const WHOSE: &str = "replacement task set ecs-svc/2";

fn witness() -> Witness {
    Witness::of(HeaderName::from_static("x-task-arn"))
}

fn saw(witness: &Witness, check: &str, status: u16, value: Option<&str>) {
    let headers = value.map(|value| (HeaderName::from_static("x-task-arn"), value.parse().unwrap())).into_iter();
    let status = StatusCode::from_u16(status).unwrap();
    witness.saw(check, "GET / via test listener", status, &headers.collect(), &["s3cr3t"]);
}

fn judged(witness: &Witness, checks: &[CheckEvidence]) -> Identified {
    witness.judge(&[GREEN.to_owned()], WHOSE, true, checks)
}

fn passed(id: &str) -> CheckEvidence {
    CheckEvidence {
        id: id.into(),
        kind: "http".into(),
        severity: Severity::Block,
        inconclusive_excused: false,
        outcome: Outcome::Passed,
        attempts: 1,
        took_ms: 1,
        numbers: BTreeMap::new(),
        series: BTreeMap::new(),
        expectations: Vec::new(),
        messages: Vec::new(),
        samples: Vec::new(),
    }
}

#[test]
fn the_arn_and_the_id_of_a_task_name_it_and_nothing_else_does() {
    let id = GREEN.rsplit('/').next().unwrap();
    for (value, standing) in [
        (GREEN, Standing::Proven),
        (id, Standing::Proven),
        (BLUE, Standing::Contradicted),
        (&id[1..], Standing::Contradicted),
        ("main", Standing::Contradicted),
        ("", Standing::Contradicted),
    ] {
        let witness = witness();
        saw(&witness, "health", 200, Some(value));
        assert_eq!(judged(&witness, &[passed("health")]).standing, standing, "{value:?}");
    }
}

#[test]
fn an_answer_of_a_stranger_is_told_with_the_check_the_value_and_the_tasks_expected() {
    let witness = witness();
    saw(&witness, "health", 200, Some(GREEN));
    saw(&witness, "product", 200, Some(BLUE));
    let identified = judged(&witness, &[]);
    assert_eq!(
        identified.messages[0].to_string(),
        format!(
            "GL1108 identity: product was answered by \"{BLUE}\", which is no task of the {WHOSE} ({GREEN}); GET / via test \
             listener, 200"
        )
    );
    assert_eq!(identified.messages.len(), 1);
}

#[test]
fn no_answer_with_the_header_is_not_attestable_and_says_where_a_task_learns_its_arn() {
    let witness = witness();
    saw(&witness, "health", 200, None);
    let identified = judged(&witness, &[passed("health")]);
    assert_eq!(identified.standing, Standing::NotAttestable);
    assert_eq!(
        identified.messages[0].to_string(),
        "GL1109 identity: no answer of 1 has the header x-task-arn, so nothing says which task answered; let the service \
         send its task's ARN in it (TaskARN of ${ECS_CONTAINER_METADATA_URI_V4}/task)"
    );
    assert_eq!(judged(&self::witness(), &[]).standing, Standing::NotAttestable, "not even an answer");
}

#[test]
fn some_answers_with_the_header_make_those_without_it_a_contradiction() {
    let witness = witness();
    saw(&witness, "health", 200, Some(GREEN));
    saw(&witness, "health", 404, None);
    let identified = judged(&witness, &[passed("health")]);
    assert_eq!(
        identified.messages[0].to_string(),
        format!(
            "GL1108 identity: health got 1 of 2 answers without the header x-task-arn, while others have it; expected a task \
             of the {WHOSE} in every one; GET / via test listener, 404"
        )
    );
}

#[test]
fn what_a_load_balancer_says_itself_counts_only_where_a_check_passes_on_it() {
    let witness = witness();
    saw(&witness, "health", 200, Some(GREEN));
    saw(&witness, "closed", 503, None);
    assert_eq!(judged(&witness, &[]).standing, Standing::Proven, "the check did not pass");
    let identified = judged(&witness, &[passed("closed")]);
    assert_eq!(identified.standing, Standing::Contradicted);
    assert!(identified.messages[0].text.starts_with("closed passed on 1 answers without the header"), "{identified:?}");
}

#[test]
fn where_no_check_asks_the_service_there_is_nothing_to_identify() {
    let identified = witness().judge(&[], WHOSE, false, &[]);
    assert_eq!((identified.standing, identified.messages), (Standing::NotRequired, Vec::new()));
}

#[test]
fn what_is_kept_is_bounded_and_holds_no_secret() {
    let witness = witness();
    for number in 0..(KEPT + 10) {
        saw(&witness, "load", 200, Some(&format!("s3cr3t-{number}-{}", "x".repeat(2 * LONGEST))));
    }
    let identified = judged(&witness, &[]);
    assert_eq!(identified.messages.len(), KEPT);
    let told = format!("{identified:?}");
    assert!(!told.contains("s3cr3t") && told.contains("[redacted]-0-"), "{told}");
    assert!(identified.messages.iter().all(|message| message.text.len() < 2 * LONGEST + 200));
}
