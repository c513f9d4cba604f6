//! What a warm process remembers: the verdict of the executions that it has served.
//!
//! Lambda invokes a failed function again with the same event, often in the same process. The second time the checks
//! are not run again: the deployment may have moved on, and one execution has one verdict.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use greenlight_checks::evidence::Evidence;

/// More than one deployment group can share a function; more than this many executions do not overlap.
const KEPT: usize = 8;

/// Evidence by execution hash.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    kept: Mutex<VecDeque<Evidence>>,
}

impl Memory {
    /// The evidence of an execution that was decided before.
    pub(crate) fn recall(&self, execution: &str) -> Option<Evidence> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|evidence| evidence.execution == execution).cloned()
    }

    /// Keeps evidence before it is reported.
    pub(crate) fn keep(&self, evidence: &Evidence) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back(evidence.clone());
        if kept.len() > KEPT {
            kept.pop_front();
        }
    }
}
