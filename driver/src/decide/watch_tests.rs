//! What following a deployment does in each case.

use super::*;
use crate::decide::testing::{at, error, set_event, set_weight, snapshot};
use crate::snapshot::RollbackEvent;

fn watch() -> Watch {
    let patience = Patience {
        floor: Duration::from_secs(1),
        pace: 1.0,
        shift: Shift::predefined("CodeDeployDefault.ECSCanary10Percent5Minutes").unwrap(),
        deadline: at(10_000),
    };
    Watch::new(patience, at(0))
}

fn seconds(seconds: u64) -> Next {
    Next::Wait(Duration::from_secs(seconds))
}

#[test]
fn a_target_that_succeeded_does_not_end_a_deployment_that_is_in_progress() {
    let mut seen = snapshot("InProgress");
    for event in &mut seen.target.as_mut().unwrap().events {
        event.status = EventStatus::Succeeded;
    }
    set_weight(&mut seen, 100.0);
    assert_eq!(watch().saw_deployment(seen, at(5)).next, seconds(1));
    assert_eq!(watch().saw_deployment(snapshot("Succeeded"), at(5)).next, Next::Ended);
}

#[test]
fn a_failed_deployment_ends_with_its_rollback() {
    let mut watch = watch();
    let mut failed = snapshot("Failed");
    failed.deployment.error = Some(error("HOOK_EXECUTION_FAILURE"));
    // Its rollback is configured but not named yet.
    assert_eq!(watch.saw_deployment(failed.clone(), at(5)).next, seconds(1));
    assert_eq!(watch.follows_rollback(), None);
    failed.deployment.rolled_back_by = Some("d-2".to_owned());
    assert_eq!(watch.saw_deployment(failed, at(6)).next, seconds(0));
    assert_eq!(watch.follows_rollback(), Some("d-2"));
    assert_eq!(watch.saw_rollback(snapshot("InProgress"), at(7)).next, seconds(1));
    assert_eq!(watch.saw_rollback(snapshot("Succeeded"), at(8)).next, Next::Ended);
}

#[test]
fn a_rollback_that_is_not_configured_is_not_waited_for() {
    let mut failed = snapshot("Failed");
    failed.deployment.rollback_on.clear();
    assert_eq!(watch().saw_deployment(failed, at(5)).next, Next::Ended);
}

#[test]
fn a_rollback_that_never_gets_a_name_is_waited_for_a_minute() {
    let mut watch = watch();
    assert_eq!(watch.saw_deployment(snapshot("Failed"), at(5)).next, seconds(1));
    assert_eq!(watch.saw_deployment(snapshot("Failed"), at(64)).next, seconds(1));
    assert_eq!(watch.saw_deployment(snapshot("Failed"), at(65)).next, Next::Ended);
}

#[test]
fn an_unknown_status_is_shown_and_not_waited_on_for_ever() {
    let mut watch = watch();
    let step = watch.saw_deployment(snapshot("Hibernating"), at(0));
    let status = DeploymentStatus::Other("Hibernating".to_owned());
    assert_eq!(step.changes[0], Change::Status { deployment_id: "d-1".to_owned(), status });
    assert!(matches!(step.next, Next::Wait(_)));
    assert!(matches!(watch.saw_deployment(snapshot("Hibernating"), at(899)).next, Next::Wait(_)));
    assert_eq!(watch.saw_deployment(snapshot("Hibernating"), at(900)).next, Next::DeadlinePassed);
}

#[test]
fn the_deadline_ends_the_following_of_a_deployment_that_still_runs() {
    assert_eq!(watch().saw_deployment(snapshot("InProgress"), at(10_000)).next, Next::DeadlinePassed);
}

#[test]
fn a_shift_is_left_alone_while_it_waits_and_looked_at_when_its_step_is_due() {
    let mut watch = watch();
    let mut seen = snapshot("InProgress");
    set_event(&mut seen, "AllowTraffic", EventStatus::InProgress);
    set_weight(&mut seen, 10.0);
    assert_eq!(watch.saw_deployment(seen.clone(), at(100)).next, seconds(16), "for an alarm, or a person");
    assert_eq!(watch.asks(), Ask::TARGET);
    // AllowTraffic began at 10: the rest moves at 310.
    assert_eq!(watch.saw_deployment(seen, at(308)).next, Next::Wait(Duration::from_millis(2500)));
    assert_eq!(watch.asks(), Ask::BOTH, "the deployment's own status was not asked for in a while");
}

#[test]
fn where_install_took_seconds_no_wait_is_believed() {
    let mut watch = watch();
    let mut seen = snapshot("InProgress");
    set_event(&mut seen, "Install", EventStatus::Succeeded);
    set_event(&mut seen, "AllowTraffic", EventStatus::InProgress);
    set_weight(&mut seen, 10.0);
    assert_eq!(watch.saw_deployment(seen, at(100)).next, seconds(2));
}

#[test]
fn throttling_backs_off_and_is_forgotten_with_the_next_answer() {
    let mut watch = watch();
    assert_eq!(watch.was_throttled(at(1)), seconds(2));
    assert_eq!(watch.was_throttled(at(3)), seconds(4));
    for _ in 0..20 {
        let _ = watch.was_throttled(at(4));
    }
    assert_eq!(watch.was_throttled(at(5)), seconds(30));
    assert_eq!(watch.saw_deployment(snapshot("InProgress"), at(6)).next, seconds(2));
    assert_eq!(watch.was_throttled(at(7)), seconds(2));
}

#[test]
fn an_aws_that_does_not_answer_is_given_up_after_five_minutes() {
    let mut watch = watch();
    assert!(matches!(watch.was_unreachable(at(0)), Next::Wait(_)));
    assert!(matches!(watch.was_unreachable(at(299)), Next::Wait(_)));
    assert_eq!(watch.was_unreachable(at(300)), Next::Unreachable);
}

#[test]
fn each_change_is_told_once() {
    let mut watch = watch();
    let mut seen = snapshot("InProgress");
    set_event(&mut seen, "Install", EventStatus::InProgress);
    let first = watch.saw_deployment(seen.clone(), at(1)).changes;
    assert_eq!(first.len(), 3, "status, tasks, event: {first:?}");
    assert!(watch.saw_deployment(seen.clone(), at(2)).changes.is_empty());
    set_event(&mut seen, "AllowTraffic", EventStatus::InProgress);
    set_weight(&mut seen, 10.0);
    let later = watch.saw_deployment(seen, at(3)).changes;
    assert_eq!(later.last(), Some(&Change::Traffic { replacement: 10.0 }));
    assert_eq!(later.len(), 2);
    assert!((watch.highest_weight - 10.0).abs() < f64::EPSILON);
}

#[test]
fn a_stop_that_said_whether_to_roll_back_goes_before_the_configuration() {
    let mut stopped = snapshot("Stopped");
    stopped.deployment.error = Some(error("MANUAL_STOP"));
    stopped.deployment.rollback_on = vec![RollbackEvent::Stop];
    let mut without = watch();
    without.rollback_asked = Some(false);
    assert_eq!(without.saw_deployment(stopped.clone(), at(5)).next, Next::Ended);
    stopped.deployment.rollback_on = Vec::new();
    let mut with = watch();
    with.rollback_asked = Some(true);
    assert_eq!(with.saw_deployment(stopped.clone(), at(5)).next, seconds(1));
    assert_eq!(watch().saw_deployment(stopped, at(5)).next, Next::Ended);
}

#[test]
fn an_end_without_a_target_waits_some_seconds_for_it_before_it_follows_the_rollback() {
    let mut watch = watch();
    let mut failed = snapshot("Failed");
    failed.deployment.rolled_back_by = Some("d-2".to_owned());
    let unseen = Snapshot { target: None, ..failed.clone() };
    assert_eq!(watch.saw_deployment(unseen.clone(), at(5)).next, seconds(1));
    assert_eq!((watch.asks(), watch.follows_rollback()), (Ask::BOTH, None));
    assert_eq!(watch.saw_deployment(failed, at(6)).next, seconds(0));
    assert_eq!(watch.follows_rollback(), Some("d-2"));
    let mut never = self::watch();
    let _ = never.saw_deployment(unseen.clone(), at(5));
    assert_eq!(never.saw_deployment(unseen, at(10)).next, seconds(0), "it is not waited for for ever");
    assert_eq!(never.follows_rollback(), Some("d-2"));
}
