//! Runs the guard's checks beside the loop, round after round while production traffic shifts. It stops nothing itself: a round
//! is handed to the loop, which does.

use std::sync::Arc;
use std::time::Duration;

use greenlight_checks::plan::EventPlan;
use greenlight_checks::run;
use greenlight_checks::surroundings::{Endpoint, Endpoints, Limits, Surroundings};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::aws::Aws;
use crate::clock;
use crate::decide::guard::{self, Round};
use crate::snapshot::Snapshot;

/// A round that takes longer than this is over: its checks have not been measured.
const LONGEST_ROUND: Duration = Duration::from_secs(60);

/// What watches over a shift.
#[derive(Clone, Debug)]
pub struct Guard {
    /// Its checks.
    pub checks: Arc<EventPlan>,
    /// From the start of one round to the start of the next.
    pub every: Duration,
    /// Where production traffic is asked.
    pub endpoint: Endpoint,
}

/// The guard at work.
#[derive(Debug, Default)]
pub(super) struct Watch {
    running: Option<Running>,
    /// Whether it was told that a round could not be measured.
    pub(super) is_blind: bool,
}

#[derive(Debug)]
struct Running {
    task: JoinHandle<()>,
    rounds: mpsc::Receiver<Round>,
}

impl Watch {
    /// Begins when traffic begins to move, and ends when it has moved.
    pub(super) fn saw(&mut self, guard: &Guard, aws: &Aws, snapshot: &Snapshot) {
        match (guard::is_shifting(snapshot), &self.running) {
            (true, None) => self.running = Some(Running::start(guard.clone(), aws)),
            (false, Some(_)) => self.end(),
            (true, Some(_)) | (false, None) => {}
        }
    }

    /// The next round; pending while it does not watch.
    pub(super) async fn next(&mut self) -> Round {
        if let Some(running) = &mut self.running
            && let Some(round) = running.rounds.recv().await
        {
            return round;
        }
        std::future::pending().await
    }

    fn end(&mut self) {
        if let Some(running) = self.running.take() {
            running.task.abort();
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.end();
    }
}

impl Running {
    fn start(guard: Guard, aws: &Aws) -> Self {
        let (sender, rounds) = mpsc::channel(1);
        let cloudwatch = guard.checks.asks_cloudwatch().then(|| aws.cloudwatch());
        let task = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(guard.every);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                let limits = Limits {
                    // Nothing is still coming up: not ready is bad.
                    stabilise_until: clock::within(Duration::ZERO),
                    deadline: clock::within(LONGEST_ROUND),
                    execution: format!("greenlight-guard-{}", clock::now().as_millisecond()),
                };
                let endpoints = Endpoints { green: Some(guard.endpoint.clone()), blue: None };
                let mut surroundings = Surroundings::new(endpoints, limits);
                if let Some(reader) = &cloudwatch {
                    surroundings.cloudwatch = Some(Arc::new(reader.clone()));
                }
                let round = guard::round(&run::run(&guard.checks, &surroundings).await);
                if sender.send(round).await.is_err() {
                    return;
                }
            }
        });
        Self { task, rounds }
    }
}
