//! What is known so far, kept outside the work: a work that panics, hangs or is cut off leaves its evidence behind.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use greenlight_checks::evidence::{Attestation, CheckEvidence, Moment, Observed, PlanIdentity};
use greenlight_checks::plan::Approval;

use crate::clock;

/// Shared between the work and the path around it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress {
    known: Arc<Mutex<Known>>,
}

/// The parts of the evidence that the work fills in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    pub(crate) plan: Option<PlanIdentity>,
    pub(crate) attestation: Attestation,
    pub(crate) checks: Vec<CheckEvidence>,
    pub(crate) observed: Option<Observed>,
    /// Who is asked, once everything else was looked at.
    pub(crate) approval: Option<Approval>,
    pub(crate) timeline: Vec<Moment>,
    /// What the work is doing, to be read after "while".
    pub(crate) doing: &'static str,
}

impl Progress {
    /// A copy of what is known now.
    pub(crate) fn known(&self) -> Known {
        self.lock().clone()
    }

    /// Changes it.
    pub(crate) fn update(&self, change: impl FnOnce(&mut Known)) {
        change(&mut self.lock());
    }

    /// Says what begins, to be read after "while".
    pub(crate) fn begins(&self, doing: &'static str) {
        self.update(|known| known.doing = doing);
    }

    /// Writes a line of the timeline.
    pub(crate) fn happened(&self, what: impl Into<String>) {
        let what = what.into();
        tracing::info!("{what}");
        self.update(|known| known.timeline.push(Moment { at: clock::timestamp(), what }));
    }

    /// A panic in the work must not take the evidence with it.
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
