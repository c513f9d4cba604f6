//! Asks, beside the loop, why a deployment does not get on: its targets while the replacement takes long to become steady, and
//! everything once it has failed. What it asks is no part of the polling, and a deployment that gets on is never asked about.

use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinHandle;

use crate::aws::Aws;
use crate::aws::aftermath::Scene;
use crate::decide::view::since;
use crate::decide::why::{self, Facts, Gathered, TargetState};
use crate::snapshot::{EventStatus, Snapshot, TaskSetLabel};

/// A replacement is usually steady sooner; after a failure its targets are gone within seconds, and with them why they were ill.
const LONG: Duration = Duration::from_secs(150);

/// What was asked so far.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    facts: Option<JoinHandle<Facts>>,
    looking: Option<JoinHandle<Gathered<Vec<TargetState>>>>,
    looks: u32,
    targets: Gathered<Vec<TargetState>>,
}

impl Gathering {
    /// After each look at the deployment.
    pub(super) async fn saw(&mut self, aws: &Aws, snapshot: &Snapshot, pace: f64, now: Timestamp) {
        if why::worth_asking(&snapshot.deployment) {
            self.facts.get_or_insert_with(|| {
                let (aws, scene) = (aws.clone(), scene(snapshot));
                tokio::spawn(async move { aws.aftermath(&scene).await })
            });
            return;
        }
        if self.looking.as_ref().is_some_and(JoinHandle::is_finished) {
            self.take_look().await;
        }
        let install = snapshot.target.as_ref().and_then(|target| target.event("Install"));
        let Some(started) = install.filter(|event| event.status == EventStatus::InProgress).and_then(|it| it.started)
        else {
            return;
        };
        // Each look is due twice as late as the one before: six in the hour that CodeDeploy waits.
        let due = LONG.saturating_mul(1 << self.looks.min(10)).div_f64(pace);
        let Some(group) = scene(snapshot).target_group.filter(|_| since(started, now) >= due) else { return };
        if self.looking.is_none() {
            self.looks += 1;
            let aws = aws.clone();
            self.looking = Some(tokio::spawn(async move { aws.targets(&group).await }));
        }
    }

    /// Everything that was gathered; each question has its own bound.
    pub(super) async fn facts(&mut self) -> Facts {
        self.take_look().await;
        let facts = match self.facts.take() {
            Some(facts) => facts.await.unwrap_or_default(),
            None => Facts::default(),
        };
        Facts { targets: why::telling(facts.targets, std::mem::take(&mut self.targets)), ..facts }
    }

    async fn take_look(&mut self) {
        if let Some(looking) = self.looking.take()
            && let Ok(targets) = looking.await
        {
            self.targets = targets;
        }
    }
}

fn scene(snapshot: &Snapshot) -> Scene {
    let replacement = snapshot.target.as_ref().and_then(|target| target.task_set(TaskSetLabel::Replacement));
    Scene {
        application: snapshot.deployment.application.clone(),
        group: snapshot.deployment.group.clone(),
        target_group: replacement.and_then(|set| set.target_group.clone()),
        alarms: why::own_alarms(&snapshot.deployment).map(<[String]>::to_vec),
    }
}
