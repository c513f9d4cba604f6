//! Functions: keeps sandboxes warm, starts further ones for concurrent invocations, retries as Lambda does.
//!
//! It does not know what a function is for, and it never gives an invocation a second request id.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc::UnboundedSender;

use super::reaper::Reaper;
use super::sandbox::Sandbox;
use crate::clock::Pace;
use crate::effect::{FunctionSpec, InvocationOutcome, Observation};
use crate::machine::life::Life;

/// How long Lambda waits before the second and the third attempt of an asynchronous invocation that failed
/// (aws-facts.md §9).
const RETRIES: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(120)];

/// An invocation as it was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Invocation {
    /// The request id, the same for every attempt.
    pub(crate) id: String,
    /// The function's name or ARN.
    pub(crate) function: String,
    /// The event.
    pub(crate) payload: Bytes,
}

#[derive(Debug)]
struct Function {
    spec: Arc<FunctionSpec>,
    idle: Vec<Sandbox>,
}

/// All functions of the machine.
#[derive(Debug)]
pub(crate) struct Functions {
    known: Mutex<HashMap<String, Function>>,
    environment: BTreeMap<String, String>,
    pace: Pace,
    reaper: Arc<Reaper>,
    observations: UnboundedSender<Observation>,
    life: Life,
}

impl Functions {
    pub(crate) fn new(
        environment: BTreeMap<String, String>,
        pace: Pace,
        reaper: Arc<Reaper>,
        observations: UnboundedSender<Observation>,
        life: Life,
    ) -> Arc<Functions> {
        Arc::new(Functions { known: Mutex::default(), environment, pace, reaper, observations, life })
    }

    /// Add a function or replace the one of that name. What runs ends on the old specification.
    pub(crate) fn set(&self, spec: FunctionSpec) {
        let function = Function { spec: Arc::new(spec), idle: Vec::new() };
        let replaced = self.known().insert(function.spec.name.clone(), function);
        for sandbox in replaced.into_iter().flat_map(|function| function.idle) {
            self.life.spawn(async move {
                sandbox.end().await;
            });
        }
    }

    /// Run once; the outcome is the last whatever it is.
    pub(crate) fn invoke_once(self: &Arc<Self>, invocation: Invocation) {
        self.begin(invocation, &[]);
    }

    /// Run, and after a failure run again as Lambda does for asynchronous invocations.
    pub(crate) fn invoke_with_retries(self: &Arc<Self>, invocation: Invocation) {
        self.begin(invocation, &RETRIES);
    }

    /// End every idle sandbox; busy ones end with the machine's life.
    pub(crate) async fn end(&self) {
        let idle: Vec<Sandbox> = self.known().drain().flat_map(|(_, function)| function.idle).collect();
        futures_util::future::join_all(idle.into_iter().map(Sandbox::end)).await;
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Function>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(self: &Arc<Self>, invocation: Invocation, delays: &'static [Duration]) {
        let functions = Arc::clone(self);
        self.life.spawn(async move { functions.attempts(&invocation, delays).await });
    }

    async fn attempts(&self, invocation: &Invocation, delays: &[Duration]) {
        let mut delays = delays.iter();
        let mut attempt = 1;
        // Nothing is said of an attempt that the end of the machine cut short.
        while let Some(outcome) = self.attempt(invocation).await {
            let delay = match outcome {
                InvocationOutcome::Returned(_) => None,
                InvocationOutcome::Failed(_) | InvocationOutcome::TimedOut | InvocationOutcome::Crashed(_) => {
                    delays.next()
                }
            };
            let Invocation { id, function, .. } = invocation.clone();
            let last = delay.is_none();
            let invoked = Observation::Invoked { invocation: id, function, attempt, outcome, last };
            self.observations.send(invoked).ok();
            let Some(delay) = delay else { return };
            tokio::select! {
                () = tokio::time::sleep(self.pace.compress(*delay)) => attempt += 1,
                () = self.life.ending() => return,
            }
        }
    }

    async fn attempt(&self, invocation: &Invocation) -> Option<InvocationOutcome> {
        let Some((spec, idle)) = self.take(&invocation.function) else {
            let unknown = format!("there is no function {}", invocation.function);
            return Some(InvocationOutcome::Crashed(unknown));
        };
        let mut sandbox = match idle {
            Some(sandbox) => sandbox,
            None => match self.start(&spec).await {
                Ok(sandbox) => sandbox,
                Err(outcome) => return Some(outcome),
            },
        };
        let invoked = tokio::select! {
            invoked = sandbox.invoke(&invocation.id, invocation.payload.clone()) => invoked,
            () = self.life.ending() => {
                sandbox.end().await;
                return None;
            }
        };
        let concluded = sandbox.conclude(&invocation.id, invoked).await;
        if let Some(sandbox) = concluded.sandbox {
            self.give_back(&spec, sandbox).await;
        }
        Some(concluded.outcome)
    }

    async fn start(&self, spec: &Arc<FunctionSpec>) -> Result<Sandbox, InvocationOutcome> {
        let observations = self.observations.clone();
        Sandbox::start(Arc::clone(spec), &self.environment, &self.reaper, observations, &self.life).await.map_err(
            |error| {
                tracing::error!(function = spec.name, error = &error as &dyn std::error::Error, "no sandbox");
                let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
                InvocationOutcome::Crashed(format!("failed to {error}{cause}"))
            },
        )
    }

    /// The function and one of its idle sandboxes that still lives.
    fn take(&self, name: &str) -> Option<(Arc<FunctionSpec>, Option<Sandbox>)> {
        let mut known = self.known();
        let function = known.values_mut().find(|function| function.spec.name == name || function.spec.arn == name)?;
        let spec = Arc::clone(&function.spec);
        // Dropping a dead one clears it away.
        while let Some(mut sandbox) = function.idle.pop() {
            if sandbox.serves(&spec) {
                return Some((spec, Some(sandbox)));
            }
        }
        Some((spec, None))
    }

    async fn give_back(&self, spec: &Arc<FunctionSpec>, sandbox: Sandbox) {
        let unwanted = {
            let mut known = self.known();
            match known.get_mut(&spec.name) {
                Some(function) if Arc::ptr_eq(&function.spec, spec) => {
                    function.idle.push(sandbox);
                    None
                }
                Some(_) | None => Some(sandbox),
            }
        };
        if let Some(sandbox) = unwanted {
            sandbox.end().await;
        }
    }
}
