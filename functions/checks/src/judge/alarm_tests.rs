//! Alarms and messages, as a table.

use super::*;
use crate::event::HookEvent;
use crate::plan::{self, Kind};

/// When the deployment of these tests began.
const BEGAN: &str = "2026-02-08T12:00:00Z";

pub(crate) fn alarm(name: &str, state: &str, since: Option<&str>) -> Alarm {
    let reason = (state == "ALARM").then(|| "Threshold Crossed: 7 > 5".to_owned());
    Alarm { name: name.to_owned(), state: state.into(), since: since.map(|time| time.parse().unwrap()), reason }
}

pub(crate) fn judged(fields: &str, seen: &[Alarm], began: Option<&str>) -> (Outcome, Vec<String>) {
    let text = format!(
        "version: 1\nhooks: {{ BeforeAllowTraffic: [alarms] }}\nchecks:\n  - id: alarms\n    alarm: {{ names: [shop-5xx, shop-p99]{fields} }}\n"
    );
    let plan = plan::read(&text, "checks.yaml", &plan::Givens::at(Timestamp::UNIX_EPOCH))
        .unwrap_or_else(|errors| panic!("{errors}"));
    let event = plan.for_event(HookEvent::BeforeAllowTraffic).unwrap();
    let Kind::Alarm(check) = &event.checks[0].kind else { panic!("it is an alarm check") };
    let (outcome, messages) = judge(&event.checks[0], check, seen, began.map(|time| time.parse().unwrap()));
    (outcome, messages.iter().map(ToString::to_string).collect())
}

#[test]
fn ok_passes_alarm_fails_and_what_is_not_known_is_inconclusive() {
    use Outcome::{Errored, Failed, Inconclusive, Passed};
    let before = Some("2026-02-08T11:30:00.123Z");
    let during = Some("2026-02-08T12:01:00Z");
    let ignore = ", already_red: ignore";
    let table = [
        ("", alarm("shop-5xx", "OK", before), Passed, ""),
        (
            "",
            alarm("shop-5xx", "ALARM", during),
            Failed,
            "GL1311 alarms: shop-5xx expected OK, got ALARM since 2026-02-08T12:01:00Z (Threshold Crossed: 7 > 5)",
        ),
        (
            "",
            alarm("shop-5xx", "ALARM", before),
            Failed,
            "GL1311 alarms: shop-5xx expected OK, got ALARM since 2026-02-08T11:30:00Z (Threshold Crossed: 7 > 5); it was red before the deployment began (2026-02-08T12:00:00Z), so this version is not its cause: put it right first, or leave it out with already_red: ignore",
        ),
        (ignore, alarm("shop-5xx", "ALARM", before), Passed, ""),
        (
            ignore,
            alarm("shop-5xx", "ALARM", during),
            Failed,
            "GL1311 alarms: shop-5xx expected OK, got ALARM since 2026-02-08T12:01:00Z (Threshold Crossed: 7 > 5)",
        ),
        (
            ignore,
            alarm("shop-5xx", "ALARM", Some(BEGAN)),
            Failed,
            "GL1311 alarms: shop-5xx expected OK, got ALARM since 2026-02-08T12:00:00Z (Threshold Crossed: 7 > 5)",
        ),
        (
            ignore,
            alarm("shop-5xx", "ALARM", None),
            Failed,
            "GL1311 alarms: shop-5xx expected OK, got ALARM (Threshold Crossed: 7 > 5); since when it is red is not known, so already_red: ignore does not leave it out",
        ),
        (
            ignore,
            alarm("shop-5xx", "INSUFFICIENT_DATA", before),
            Inconclusive,
            "GL1312 alarms: shop-5xx expected OK, got INSUFFICIENT_DATA since 2026-02-08T11:30:00Z; it has no data to judge by: watch it for longer (watch_for), or accept with on_inconclusive: warn",
        ),
        (
            "",
            alarm("shop-5xx", "PAUSED", None),
            Inconclusive,
            "GL1312 alarms: shop-5xx expected OK, got PAUSED, a state that this version does not know",
        ),
        (
            "",
            alarm("Shop-5xx", "OK", None),
            Errored,
            "GL1313 alarms: shop-5xx does not exist in this account and region; correct the name in the plan (upper and lower case count), or create the alarm",
        ),
    ];
    for (fields, seen, outcome, said) in table {
        let said: Vec<String> = Some(said)
            .filter(|said| !said.is_empty())
            .map(|said| format!("{said} [checks.yaml:4]"))
            .into_iter()
            .collect();
        let other = alarm("shop-p99", "OK", before);
        assert_eq!(judged(fields, &[other, seen.clone()], Some(BEGAN)), (outcome, said), "{fields} {seen:?}");
    }
}

#[test]
fn a_red_alarm_fails_also_where_another_is_missing_or_unsettled() {
    let (outcome, said) = judged("", &[alarm("shop-p99", "ALARM", None)], Some(BEGAN));
    assert_eq!(outcome, Outcome::Failed);
    let codes: Vec<_> = said.iter().map(|text| &text[..6]).collect();
    assert_eq!(codes, ["GL1311", "GL1313"]);
}

#[test]
fn alarms_that_are_all_left_out_prove_nothing() {
    let before = Some("2026-02-08T11:30:00Z");
    let seen = [alarm("shop-5xx", "ALARM", before), alarm("shop-p99", "ALARM", before)];
    let (outcome, said) = judged(", already_red: ignore", &seen, Some(BEGAN));
    assert_eq!(outcome, Outcome::Inconclusive);
    assert_eq!(
        said,
        [
            "GL1312 alarms: nothing was watched: shop-5xx, shop-p99 are red since before the deployment began, and already_red: ignore leaves that out; put it right, or watch another alarm beside it [checks.yaml:4]"
        ]
    );
}

#[test]
fn without_a_deployment_nothing_is_left_out() {
    let seen = [alarm("shop-5xx", "ALARM", Some("2026-02-08T11:30:00Z")), alarm("shop-p99", "OK", None)];
    let (outcome, said) = judged(", already_red: ignore", &seen, None);
    assert_eq!(outcome, Outcome::Failed);
    assert!(
        said[0].contains("; when the deployment began is not known here, so already_red: ignore leaves nothing out"),
        "{said:?}"
    );
}

#[test]
fn an_empty_answer_is_never_a_pass() {
    assert_eq!(judged("", &[], Some(BEGAN)).0, Outcome::Errored);
}
