//! The lifecycle as tables: what a deployment is told, and what it wants when. The clock is a number here.

mod play;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;

use super::deployment::{Direction, Plan, RowStatus, Status};
use super::event::Event;
use super::failure::Failure;
use super::group::AutoRollback;
use super::rules::{Action, Input, advance, created_until};
use super::traffic::{PREDEFINED, Traffic};
use crate::clock::Pace;
use crate::scenario::RollbackOn;
use play::{Answers, hooked, plan, play};

#[test]
fn every_predefined_configuration_shifts_by_its_numbers() {
    let tens =
        |interval: f64| (0..10).map(|step| (f64::from(step) * interval, (step as u32 + 1) * 10)).collect::<Vec<_>>();
    let expected: BTreeMap<&str, Vec<(f64, u32)>> = BTreeMap::from([
        ("CodeDeployDefault.ECSAllAtOnce", vec![(0.0, 100)]),
        ("CodeDeployDefault.ECSLinear10PercentEvery1Minutes", tens(60.0)),
        ("CodeDeployDefault.ECSLinear10PercentEvery3Minutes", tens(180.0)),
        ("CodeDeployDefault.ECSCanary10Percent5Minutes", vec![(0.0, 10), (300.0, 100)]),
        ("CodeDeployDefault.ECSCanary10Percent15Minutes", vec![(0.0, 10), (900.0, 100)]),
    ]);
    for (name, traffic) in PREDEFINED {
        let played = play(Plan { traffic, ..plan() }, true, Answers::default());
        let begin = played.production()[0].0;
        let shifts: Vec<_> = played.production().iter().map(|(at, percent)| ((at - begin).round(), *percent)).collect();
        assert_eq!(shifts, expected[name], "{name}");
        assert_eq!((played.deployment.status, played.rows().as_str()), (Status::Succeeded, "SSSSSSSS"), "{name}");
        let shifted = expected[name].last().unwrap().0;
        // Sixty seconds of Install, the shift, five minutes of termination wait, and the gaps.
        assert!((0.0..10.0).contains(&(played.seconds() - 60.0 - shifted - 300.0)), "{name}: {}", played.seconds());
    }
}

#[test]
fn a_custom_configuration_shifts_by_its_numbers() {
    let played =
        play(Plan { traffic: Traffic::Linear { percentage: 40, minutes: 2 }, ..plan() }, true, Answers::default());
    let percents: Vec<_> = played.production().iter().map(|(_, percent)| *percent).collect();
    assert_eq!(percents, [40, 80, 100]);
}

#[test]
fn facts_2_six_rows_without_a_test_listener_and_eight_with_one() {
    let played = play(plan(), false, Answers::default());
    let names: Vec<_> = played.deployment.rows.iter().map(|row| row.event.name()).collect();
    assert_eq!(
        names,
        ["BeforeInstall", "Install", "AfterInstall", "BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic"]
    );
    assert!(played.wanted.iter().all(|(_, action)| *action != Action::RouteTest));
    assert_eq!(play(plan(), true, Answers::default()).rows().len(), 8);
}

/// What ends a deployment early: (name, plan, answers, rows, status, code, rolled back).
type Early = (&'static str, Plan, Answers, &'static str, Status, &'static str, bool);

fn early() -> Vec<Early> {
    use Event::{AfterAllowTestTraffic, AfterAllowTraffic, BeforeAllowTraffic, BeforeInstall};
    let hook = |hook| Answers { hook, ..Answers::default() };
    let outside = |input| Answers { outside: vec![(30.0, input)], ..Answers::default() };
    let failed = Status::Failed;
    let no_rollback = Plan { auto_rollback: AutoRollback::default(), ..hooked(BeforeAllowTraffic) };
    let only = |event| AutoRollback { enabled: true, events: BTreeSet::from([event]) };
    vec![
        (
            "failed test hook",
            hooked(AfterAllowTestTraffic),
            hook(Ok(Some(false))),
            "SSSSF---",
            failed,
            "HOOK_EXECUTION_FAILURE",
            true,
        ),
        (
            "failed last hook",
            hooked(AfterAllowTraffic),
            hook(Ok(Some(false))),
            "SSSSSSSF",
            failed,
            "HOOK_EXECUTION_FAILURE",
            true,
        ),
        (
            "failed first hook: nothing to undo",
            hooked(BeforeInstall),
            hook(Ok(Some(false))),
            "F-------",
            failed,
            "HOOK_EXECUTION_FAILURE",
            false,
        ),
        ("silent hook", hooked(BeforeAllowTraffic), hook(Ok(None)), "SSSSSF--", failed, "HOOK_EXECUTION_FAILURE", true),
        (
            "uninvokable hook",
            hooked(BeforeAllowTraffic),
            hook(Err(Failure::hook_missing("hook"))),
            "SSSSSF--",
            failed,
            "INVALID_LAMBDA_FUNCTION",
            true,
        ),
        (
            "failed hook, no rollback",
            no_rollback,
            hook(Ok(Some(false))),
            "SSSSSF--",
            failed,
            "HOOK_EXECUTION_FAILURE",
            false,
        ),
        (
            "never steady",
            plan(),
            Answers { steady_after: None, ..Answers::default() },
            "SF------",
            failed,
            "TIMEOUT",
            true,
        ),
        (
            "refused task set",
            plan(),
            Answers { task_set: Err(Failure::ecs("no", "id")), steady_after: None, ..Answers::default() },
            "SF------",
            failed,
            "ECS_UPDATE_ERROR",
            true,
        ),
        (
            "pre-check",
            plan(),
            Answers { check: Err(Failure::load_balancer("no")), ..Answers::default() },
            "--------",
            failed,
            "ELASTIC_LOAD_BALANCING_INVALID",
            false,
        ),
        (
            "bad AppSpec",
            Plan { appspec: Err("no".into()), ..plan() },
            Answers::default(),
            "--------",
            failed,
            "INVALID_REVISION",
            false,
        ),
        (
            "stop, as the group says",
            plan(),
            outside(Input::Stop { rollback: None }),
            "SF------",
            Status::Stopped,
            "MANUAL_STOP",
            true,
        ),
        (
            "stop, group rolls back on failure only",
            Plan { auto_rollback: only(RollbackOn::Failure), ..plan() },
            outside(Input::Stop { rollback: None }),
            "SF------",
            Status::Stopped,
            "MANUAL_STOP",
            false,
        ),
        (
            "stop with rollback asked for",
            Plan { auto_rollback: AutoRollback::default(), ..plan() },
            outside(Input::Stop { rollback: Some(true) }),
            "SF------",
            Status::Stopped,
            "MANUAL_STOP",
            true,
        ),
        (
            "stop without rollback asked for",
            plan(),
            outside(Input::Stop { rollback: Some(false) }),
            "SF------",
            Status::Stopped,
            "MANUAL_STOP",
            false,
        ),
        (
            "ready wait",
            Plan { ready_wait: Some(Duration::from_secs(600)), ..plan() },
            Answers::default(),
            "SSSSS---",
            Status::Stopped,
            "TIMEOUT",
            true,
        ),
        (
            "ready wait, rollback on failure only",
            Plan { ready_wait: Some(Duration::from_secs(600)), auto_rollback: only(RollbackOn::Failure), ..plan() },
            Answers::default(),
            "SSSSS---",
            Status::Stopped,
            "TIMEOUT",
            false,
        ),
    ]
}

#[test]
fn what_ends_a_deployment_early_leaves_the_right_rows_status_and_rollback() {
    for (name, plan, answers, rows, status, code, rolled_back) in early() {
        let played = play(plan, true, answers);
        assert_eq!(played.rows(), rows, "{name}");
        assert_eq!((played.deployment.status, played.code()), (status, code), "{name}");
        assert_eq!(played.rolls_back(), rolled_back, "{name}");
        let failed = played.deployment.rows.iter().find(|row| row.status == RowStatus::Failed);
        assert!(failed.is_none_or(|row| row.failure.is_some() && row.end.is_some()), "{name}");
        assert!(played.production().is_empty() || name == "failed last hook", "{name} sent production requests");
    }
}

#[test]
fn facts_3_a_silent_hook_has_one_hour() {
    let answers = Answers { hook: Ok(None), ..Answers::default() };
    let played = play(hooked(Event::AfterAllowTestTraffic), true, answers);
    let row = played.deployment.row(Event::AfterAllowTestTraffic).unwrap();
    assert_eq!(row.end.unwrap().duration_since(row.start.unwrap()).as_secs(), 3600);
    assert!(played.deployment.failure.unwrap().message.contains("within one hour"));
}

#[test]
fn facts_2_ready_ends_with_continue_or_with_its_timeout() {
    let waiting = Plan { ready_wait: Some(Duration::from_secs(600)), ..plan() };
    let continued = Answers { outside: vec![(200.0, Input::ContinueReady)], ..Answers::default() };
    let played = play(waiting.clone(), true, continued);
    assert_eq!((played.deployment.status, played.rows().as_str()), (Status::Succeeded, "SSSSSSSS"));
    let before = played.deployment.row(Event::BeforeAllowTraffic).unwrap().start.unwrap();
    assert_eq!(before.duration_since(played.deployment.create_time).as_secs(), 200);
    let timed_out = play(waiting, true, Answers::default()).deployment.failure.unwrap().message;
    assert_eq!(
        timed_out,
        "The deployment timed out while waiting for a notification to continue. This time out period is 10 minutes."
    );
}

#[test]
fn facts_2_the_termination_wait_is_in_progress_and_can_be_ended() {
    let played =
        play(plan(), true, Answers { outside: vec![(100.0, Input::ContinueTermination)], ..Answers::default() });
    assert_eq!(played.deployment.status, Status::Succeeded);
    assert!(played.seconds() < 101.0, "{}", played.seconds());
    let last = played.wanted.iter().map(|(_, action)| action.clone()).next_back();
    assert_eq!(last, Some(Action::DeleteTaskSet));
    assert!(played.deployment.terminating);
}

#[test]
fn a_stop_in_the_termination_wait_can_still_roll_back() {
    let played = play(
        plan(),
        true,
        Answers { outside: vec![(100.0, Input::Stop { rollback: Some(true) })], ..Answers::default() },
    );
    assert_eq!((played.deployment.status, played.rows().as_str()), (Status::Stopped, "SSSSSSSS"));
    assert!(played.rolls_back());
}

#[test]
fn facts_2_a_rollback_moves_listeners_first_and_calls_no_one() {
    let back = Plan {
        direction: Direction::Back { of: "d-FAILED000".into() },
        auto_rollback: AutoRollback::default(),
        ..plan()
    };
    let played = play(back, true, Answers::default());
    let actions: Vec<_> = played.wanted.iter().map(|(at, action)| (at.round(), action.clone())).collect();
    assert_eq!(actions, [(0.0, Action::RouteBack), (0.0, Action::MakePrimary), (0.0, Action::DeleteTaskSet)]);
    assert_eq!((played.deployment.status, played.rows().as_str()), (Status::Succeeded, "SSSSSSSS"));
    assert!(played.seconds() < 10.0, "within seconds: {}", played.seconds());
}

#[test]
fn a_late_report_changes_nothing() {
    let mut played =
        play(hooked(Event::AfterAllowTestTraffic), true, Answers { hook: Ok(Some(false)), ..Answers::default() });
    let before = played.deployment.clone();
    let actions = advance(&mut played.deployment, Input::Reported { succeeded: true }, Timestamp::MAX, Pace::ORDINARY);
    assert_eq!((actions, played.deployment), (Vec::new(), before));
}

#[test]
fn pace_divides_every_wait() {
    let pace = Pace::new(200.0).unwrap();
    let now = Timestamp::from_second(1_000_000).unwrap();
    assert_eq!(created_until(&Direction::Forward, now, pace).duration_since(now).as_millis(), 10);
    assert_eq!(super::rules::after(now, Duration::from_secs(300), pace).duration_since(now).as_millis(), 1500);
}

fn any_input() -> impl Strategy<Value = Input> {
    prop_oneof![
        6 => Just(Input::Tick),
        2 => Just(Input::Routed),
        2 => Just(Input::Steady),
        1 => Just(Input::Checked(Ok(()))),
        1 => Just(Input::Checked(Err(Failure::foreign_target_group()))),
        1 => Just(Input::TaskSetCreated(Ok("green".into()))),
        1 => Just(Input::TaskSetCreated(Err(Failure::ecs("no", "id")))),
        1 => Just(Input::Invoked(Ok(Timestamp::MAX))),
        1 => Just(Input::Invoked(Err(Failure::hook_missing("f")))),
        2 => any::<bool>().prop_map(|succeeded| Input::Reported { succeeded }),
        1 => any::<Option<bool>>().prop_map(|rollback| Input::Stop { rollback }),
        1 => Just(Input::ContinueReady),
        1 => Just(Input::ContinueTermination),
    ]
}

proptest! {
    /// Inputs in any order: at most one event runs, events end in order, production only moves forward, and the end is the end.
    #[test]
    fn whatever_comes_the_rows_stay_in_order(inputs in proptest::collection::vec((any_input(), 0_u64..400), 0..200)) {
        let mut now = Timestamp::from_second(1_000_000).unwrap();
        let plan = Plan { traffic: Traffic::Linear { percentage: 25, minutes: 1 }, ..hooked(Event::AfterAllowTestTraffic) };
        let mut deployment = play::created(plan, now);
        let mut weight = 0;
        for (input, seconds) in inputs {
            now += Duration::from_secs(seconds);
            let before = deployment.clone();
            let actions = advance(&mut deployment, input, now, Pace::ORDINARY);
            let running = deployment.rows.iter().filter(|row| row.status == RowStatus::InProgress).count();
            prop_assert!(running <= 1);
            let first_open = deployment.rows.iter().position(|row| row.status != RowStatus::Succeeded).unwrap_or(8);
            prop_assert!(deployment.rows[first_open..].iter().all(|row| row.status != RowStatus::Succeeded));
            for action in &actions {
                if let Action::RouteProduction(percent) = action {
                    prop_assert!(*percent > weight);
                    weight = *percent;
                }
            }
            if before.status.is_over() {
                prop_assert_eq!(&before, &deployment);
                prop_assert!(actions.is_empty());
            }
            prop_assert_eq!(deployment.status.is_over(), deployment.complete_time.is_some());
        }
    }
}
