//! What is taken for a reason, and what is not.

use std::time::Duration;

use super::*;
use crate::decide::schedule::Shift;
use crate::decide::testing::{at, error, set_event, snapshot};
use crate::decide::watch::Patience;
use crate::snapshot::EventStatus;

/// Install began at 10 and failed at 12.
fn failed_at_install() -> Snapshot {
    let mut seen = snapshot("Failed");
    set_event(&mut seen, "Install", EventStatus::Failed);
    seen.deployment.error = Some(error("TIMEOUT"));
    seen
}

fn judged(snapshot: &Snapshot, facts: Facts) -> Why {
    let heading = Heading {
        service: "shop".to_owned(),
        deployment_id: "d-1".to_owned(),
        group: "dg".to_owned(),
        versions: None,
        shift: Shift::AllAtOnce,
        deadline: None,
        hooks: BTreeMap::new(),
        evidence: None,
    };
    let patience = Patience { floor: Duration::from_secs(1), pace: 1.0, shift: Shift::AllAtOnce, deadline: at(10_000) };
    why(&heading, &Watch::new(patience, at(0)), snapshot, None, facts)
}

fn task(set: &str, stopping: i64, reason: &str, exit_code: Option<i32>) -> StoppedTask {
    StoppedTask {
        started_by: Some(set.to_owned()),
        reason: Some(reason.to_owned()),
        created: Some(at(stopping - 1)),
        stopping: Some(at(stopping)),
        containers: vec![ContainerEnd { name: "web".to_owned(), exit_code, reason: None }],
        ..StoppedTask::default()
    }
}

fn told<T: Clone>(gathered: &Gathered<Vec<T>>) -> Vec<T> {
    gathered.known().cloned().unwrap()
}

fn once(what: &str) -> Counted {
    Counted { count: 1, what: what.to_owned() }
}

#[test]
fn ends_of_the_replacements_tasks_are_counted_and_what_the_failure_ended_is_not_a_reason() {
    let tasks = vec![
        task("ecs-svc/shop-b", 11, "Essential container in task exited", Some(1)),
        task("ecs-svc/shop-b", 11, "Task failed ELB health checks", Some(143)),
        task("ecs-svc/shop-b", 11, "Essential container in task exited", Some(1)),
        task("ecs-svc/shop-b", 12, "Scaling activity initiated by deployment", Some(143)),
        task("ecs-svc/shop-a", 11, "Spot interruption", Some(137)),
    ];
    let why = judged(&failed_at_install(), Facts { tasks: Gathered::Known(tasks), ..Facts::default() });
    assert_eq!(
        told(&why.task_ends),
        [
            Counted { count: 2, what: "Essential container in task exited; web exited with 1".to_owned() },
            once("Task failed ELB health checks; web exited with 143"),
        ]
    );
}

#[test]
fn without_a_replacement_task_set_the_time_tells_whose_tasks_they_are() {
    let mut seen = failed_at_install();
    seen.target.as_mut().unwrap().task_sets.truncate(1);
    let mut late = task("ecs-svc/unknown", 11, "CannotPullContainerError: no such image", None);
    late.containers[0].reason = Some("pull access denied".to_owned());
    let early = StoppedTask { created: Some(at(-50)), ..late.clone() };
    let why = judged(&seen, Facts { tasks: Gathered::Known(vec![early, late]), ..Facts::default() });
    assert_eq!(told(&why.task_ends), [once("CannotPullContainerError: no such image; web: pull access denied")]);
}

#[test]
fn a_task_without_a_reason_is_told_as_such() {
    let bare =
        StoppedTask { started_by: Some("ecs-svc/shop-b".to_owned()), stopping: Some(at(11)), ..StoppedTask::default() };
    let why = judged(&failed_at_install(), Facts { tasks: Gathered::Known(vec![bare]), ..Facts::default() });
    assert_eq!(told(&why.task_ends), [once("ECS gives no reason")]);
}

#[test]
fn targets_that_are_not_healthy_are_told_with_reason_and_description() {
    let unhealthy = TargetState {
        target: "10.0.0.7:80".to_owned(),
        state: "unhealthy".to_owned(),
        reason: Some("Target.ResponseCodeMismatch".to_owned()),
        description: Some("Health checks failed with these codes: [503]".to_owned()),
    };
    let healthy = TargetState { state: "healthy".to_owned(), ..TargetState::default() };
    let facts = Facts { targets: Gathered::Known(vec![healthy, unhealthy]), ..Facts::default() };
    let expected = once("unhealthy: Target.ResponseCodeMismatch: Health checks failed with these codes: [503]");
    assert_eq!(told(&judged(&failed_at_install(), facts).targets), [expected]);
}

#[test]
fn of_what_ecs_says_only_reasons_about_the_replacement_in_its_time_are_told() {
    let event = |seconds: i64, message: &str| ServiceEvent { at: Some(at(seconds)), message: message.to_owned() };
    let ill = |port: u16| {
        format!(
            "(service shop, taskSet ecs-svc/shop-b) (port {port}) is unhealthy in (target-group arn) due to (reason Health checks failed with these codes: [503])"
        )
    };
    let events = vec![
        event(11, &ill(2)),
        event(11, &ill(1)),
        event(11, "(service shop, taskSet ecs-svc/shop-b) has started 1 tasks: (task 5a)."),
        event(11, &ill(1).replace("shop-b", "shop-a")),
        event(90, &ill(3)),
        event(-9, &ill(4)),
    ];
    let why = judged(&failed_at_install(), Facts { service_events: Gathered::Known(events), ..Facts::default() });
    let expected = Counted { count: 2, what: "Health checks failed with these codes: [503]".to_owned() };
    assert_eq!(told(&why.service_events), [expected]);
}

#[test]
fn alarms_that_are_ok_are_no_reason_and_one_in_an_unknown_state_may_be() {
    let alarm = |name: &str, state| Alarm { name: name.to_owned(), state, since: None, reason: None };
    let alarms = vec![
        alarm("calm", AlarmState::Ok),
        alarm("red", AlarmState::Alarm),
        alarm("odd", AlarmState::Other("MUTED".to_owned())),
    ];
    let why = judged(&failed_at_install(), Facts { alarms: Gathered::Known(alarms), ..Facts::default() });
    let names: Vec<_> = told(&why.alarms).into_iter().map(|alarm| alarm.name).collect();
    assert_eq!(names, ["red", "odd"]);
}

#[test]
fn what_could_not_be_read_stays_unreadable() {
    let facts = Facts { tasks: Gathered::Unreadable("AccessDeniedException".to_owned()), ..Facts::default() };
    let why = judged(&failed_at_install(), facts);
    assert_eq!(why.task_ends, Gathered::Unreadable("AccessDeniedException".to_owned()));
    assert_eq!(why.targets, Gathered::NotAsked);
}

#[test]
fn targets_that_were_ill_before_they_drained_are_remembered() {
    let look = |state: &str| Gathered::Known(vec![TargetState { state: state.to_owned(), ..TargetState::default() }]);
    assert_eq!(telling(look("draining"), look("unhealthy")), look("unhealthy"));
    assert_eq!(telling(look("unhealthy"), look("initial")), look("unhealthy"));
    assert_eq!(telling(look("draining"), look("initial")), look("draining"));
    assert_eq!(telling(Gathered::NotAsked, Gathered::NotAsked), Gathered::NotAsked);
}

#[test]
fn only_a_failure_that_is_no_rollback_is_asked_about() {
    let mut deployment = snapshot("Failed").deployment;
    assert!(worth_asking(&deployment));
    deployment.rolls_back = Some("d-0".to_owned());
    assert!(!worth_asking(&deployment));
    for status in ["Succeeded", "InProgress", "Hibernating"] {
        assert!(!worth_asking(&snapshot(status).deployment), "{status}");
    }
}

#[test]
fn the_alarms_of_a_deployment_are_its_own_and_switched_off_they_are_none_unless_one_stopped_it() {
    let mut seen = snapshot("Stopped").deployment;
    assert_eq!(own_alarms(&seen), None, "the group's watch it");
    let own = vec!["shop-5xx".to_owned()];
    seen.override_alarms = Some(own.clone());
    assert_eq!(own_alarms(&seen), Some(own.as_slice()));
    seen.override_alarms = Some(Vec::new());
    assert_eq!(own_alarms(&seen), Some(&[][..]));
    seen.error = Some(error("ALARM_ACTIVE"));
    assert_eq!(own_alarms(&seen), None, "something watched it");
}

#[test]
fn an_alarm_that_is_ok_is_told_only_where_one_has_stopped_the_deployment_and_none_is_red_any_more() {
    let alarm =
        |name: &str, state: AlarmState| Alarm { name: name.to_owned(), state, since: Some(at(5)), reason: None };
    let calm = vec![alarm("a", AlarmState::Ok), alarm("b", AlarmState::Ok)];
    let red = vec![alarm("a", AlarmState::Ok), alarm("b", AlarmState::Alarm)];
    for (code, alarms, names) in [
        ("TIMEOUT", &calm, &[][..]),
        ("TIMEOUT", &red, &["b"]),
        ("ALARM_ACTIVE", &red, &["b"]),
        ("ALARM_ACTIVE", &calm, &["a", "b"]),
    ] {
        let mut seen = failed_at_install();
        seen.deployment.error = Some(error(code));
        let facts = Facts { alarms: Gathered::Known(alarms.clone()), ..Facts::default() };
        let told: Vec<_> = told(&judged(&seen, facts).alarms).into_iter().map(|alarm| alarm.name).collect();
        assert_eq!(told, names, "{code} {alarms:?}");
    }
}
