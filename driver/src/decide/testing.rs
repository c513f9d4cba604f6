//! Snapshots for the tests of this folder.

use std::time::Duration;

use jiff::Timestamp;

use super::until::EVENTS;
use crate::snapshot::{
    Deployment, DeploymentStatus, ErrorInformation, EventStatus, LifecycleEvent, RollbackEvent, Snapshot, Target,
    TaskSet, TaskSetLabel,
};

/// Seconds after the beginning.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

/// A deployment in this status with eight pending events and two task sets.
pub(crate) fn snapshot(status: &str) -> Snapshot {
    let events = EVENTS
        .iter()
        .map(|name| LifecycleEvent {
            name: (*name).to_owned(),
            status: EventStatus::Pending,
            started: None,
            ended: None,
            diagnostics: None,
        })
        .collect();
    let set = |label, weight, group: &str| TaskSet {
        id: format!("ecs-svc/{group}"),
        label,
        status: "ACTIVE".to_owned(),
        desired: 2,
        running: 2,
        weight,
        target_group: Some(group.to_owned()),
    };
    Snapshot {
        deployment: Deployment {
            id: "d-1".to_owned(),
            application: "app".to_owned(),
            group: "dg".to_owned(),
            config: Some("CodeDeployDefault.ECSCanary10Percent5Minutes".to_owned()),
            status: DeploymentStatus::parse(status),
            created: Some(at(0)),
            completed: None,
            error: None,
            rolled_back_by: None,
            rolls_back: None,
            rollback_on: vec![RollbackEvent::Failure],
            override_alarms: None,
            appspec_sha256: None,
            appspec_object: None,
            ready_wait: Duration::ZERO,
            termination_wait: Duration::from_secs(300),
            production_listeners: Vec::new(),
            test_listeners: Vec::new(),
            is_ecs: true,
        },
        target: Some(Target {
            events,
            task_sets: vec![
                set(TaskSetLabel::Original, 100.0, "shop-a"),
                set(TaskSetLabel::Replacement, 0.0, "shop-b"),
            ],
        }),
    }
}

/// Sets one event's status.
pub(crate) fn set_event(snapshot: &mut Snapshot, name: &str, status: EventStatus) {
    let event = snapshot.target.as_mut().unwrap().events.iter_mut().find(|event| event.name == name).unwrap();
    let begun = !matches!(status, EventStatus::Pending | EventStatus::Skipped);
    let ended = begun && status != EventStatus::InProgress;
    event.status = status;
    event.started = begun.then(|| at(10));
    event.ended = ended.then(|| at(12));
}

/// Sets the replacement's share of production traffic.
pub(crate) fn set_weight(snapshot: &mut Snapshot, weight: f64) {
    let sets = &mut snapshot.target.as_mut().unwrap().task_sets;
    sets[0].weight = 100.0 - weight;
    sets[1].weight = weight;
}

/// An error of this code.
pub(crate) fn error(code: &str) -> ErrorInformation {
    ErrorInformation { code: code.to_owned(), message: format!("{code} happened.") }
}
