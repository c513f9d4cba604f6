//! Plays one deployment to its end: ticks when it wants, answers what it asks, and keeps what it wanted.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::Pace;
use crate::codedeploy::appspec::AppSpec;
use crate::codedeploy::deployment::{Deployment, Direction, Phase, Plan, Revision, RevisionForm, RowStatus, Status};
use crate::codedeploy::event::Event;
use crate::codedeploy::failure::Failure;
use crate::codedeploy::group::AutoRollback;
use crate::codedeploy::rules::{Action, Input, advance, created_until, wake};
use crate::codedeploy::traffic::Traffic;
use crate::scenario::RollbackOn;

const ALL: [RollbackOn; 3] = [RollbackOn::Failure, RollbackOn::Alarm, RollbackOn::Stop];

/// How the world answers in a test. Anything not answered stays silent.
pub(super) struct Answers {
    pub(super) check: Result<(), Failure>,
    pub(super) task_set: Result<String, Failure>,
    pub(super) steady_after: Option<f64>,
    pub(super) hook: Result<Option<bool>, Failure>,
    /// Seconds after the start, and what then comes from outside.
    pub(super) outside: Vec<(f64, Input)>,
}

impl Default for Answers {
    fn default() -> Self {
        Self {
            check: Ok(()),
            task_set: Ok("green".into()),
            steady_after: Some(60.0),
            hook: Ok(Some(true)),
            outside: Vec::new(),
        }
    }
}

pub(super) struct Played {
    pub(super) deployment: Deployment,
    /// Seconds, and what was wanted.
    pub(super) wanted: Vec<(f64, Action)>,
}

impl Played {
    pub(super) fn production(&self) -> Vec<(f64, u32)> {
        let route = |(at, action): &(f64, Action)| match action {
            Action::RouteProduction(percent) => Some((*at, *percent)),
            _ => None,
        };
        self.wanted.iter().filter_map(route).collect()
    }

    pub(super) fn rows(&self) -> String {
        let letter = |status: RowStatus| match status {
            RowStatus::Pending => 'p',
            RowStatus::InProgress => 'i',
            RowStatus::Succeeded => 'S',
            RowStatus::Failed => 'F',
            RowStatus::Skipped => '-',
        };
        self.deployment.rows.iter().map(|row| letter(row.status)).collect()
    }

    pub(super) fn rolls_back(&self) -> bool {
        self.wanted.iter().any(|(_, action)| *action == Action::RollBack)
    }

    pub(super) fn code(&self) -> &str {
        self.deployment.failure.as_ref().map_or("", |failure| failure.code)
    }

    pub(super) fn seconds(&self) -> f64 {
        let end = self.deployment.complete_time.expect("it is over");
        end.duration_since(self.deployment.start_time.expect("it began")).as_secs_f64()
    }
}

pub(super) fn plan() -> Plan {
    let appspec = AppSpec {
        task_definition: "shop:2".into(),
        container: "web".into(),
        port: 80,
        platform_version: None,
        network_configuration: None,
        capacity_provider_strategy: None,
        hooks: BTreeMap::new(),
    };
    Plan {
        direction: Direction::Forward,
        appspec: Ok(appspec),
        hooks: BTreeMap::new(),
        traffic: Traffic::AllAtOnce,
        auto_rollback: AutoRollback { enabled: true, events: BTreeSet::from(ALL) },
        ready_wait: None,
        termination_wait: Duration::from_secs(300),
        waiting_status: Status::InProgress,
    }
}

pub(super) fn hooked(event: Event) -> Plan {
    Plan { hooks: BTreeMap::from([(event, "hook".to_owned())]), ..plan() }
}

/// A deployment that was just created, with a test listener.
pub(super) fn created(plan: Plan, now: Timestamp) -> Deployment {
    created_with(plan, true, now)
}

fn created_with(plan: Plan, test_listener: bool, now: Timestamp) -> Deployment {
    let phase = Phase::Created { until: created_until(&plan.direction, now, Pace::ORDINARY) };
    let revision = Revision::new(RevisionForm::AppSpecContent, "x".into());
    Deployment::new("d-TEST00000".into(), "c".into(), revision, plan, phase, &Event::rows(test_listener), now)
}

/// Play a deployment to its end, at pace 1.
pub(super) fn play(plan: Plan, test_listener: bool, answers: Answers) -> Played {
    let start = Timestamp::from_second(1_000_000).unwrap();
    let at = |seconds: f64| start + Duration::from_secs_f64(seconds);
    let mut deployment = created_with(plan, test_listener, start);
    let mut coming: Vec<(Timestamp, Input)> =
        answers.outside.iter().map(|(when, input)| (at(*when), input.clone())).collect();
    let mut wanted = Vec::new();
    while deployment.phase != Phase::Over {
        coming.sort_by_key(|(when, _)| *when);
        let next = coming.first().map(|(when, _)| *when);
        let tick = wake(&deployment, Pace::ORDINARY);
        let (now, input) = match (next, tick) {
            (Some(next), tick) if tick.is_none_or(|tick| next <= tick) => coming.remove(0),
            (_, Some(tick)) => (tick, Input::Tick),
            (_, None) => panic!("it waits for nothing: {:?}", deployment.phase),
        };
        for action in advance(&mut deployment, input, now, Pace::ORDINARY) {
            let mut later = |seconds: f64, input: Input| coming.push((now + Duration::from_secs_f64(seconds), input));
            match &action {
                Action::CheckListeners => later(0.0, Input::Checked(answers.check.clone())),
                Action::CreateTaskSet => {
                    later(0.0, Input::TaskSetCreated(answers.task_set.clone()));
                    if let Some(seconds) = answers.steady_after {
                        later(seconds, Input::Steady);
                    }
                }
                Action::Invoke { .. } => match &answers.hook {
                    Ok(reported) => {
                        later(0.0, Input::Invoked(Ok(now + Duration::from_secs(3600))));
                        if let Some(succeeded) = reported {
                            later(3.0, Input::Reported { succeeded: *succeeded });
                        }
                    }
                    Err(failure) => later(0.0, Input::Invoked(Err(failure.clone()))),
                },
                Action::RouteTest | Action::RouteProduction(_) | Action::RouteBack => later(0.0, Input::Routed),
                Action::MakePrimary | Action::DeleteTaskSet | Action::RollBack => {}
            }
            wanted.push((now.duration_since(start).as_secs_f64(), action));
        }
    }
    Played { deployment, wanted }
}
