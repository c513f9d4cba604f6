//! The machine: carries out effects with real processes and real sockets, and reports what it sees.
//!
//! It knows no deployment and decides nothing about one; it never blocks its caller.

pub(crate) mod life;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;

use crate::clock::Pace;
use crate::effect::{Effect, FunctionSpec, ListenerSpec, Observation, TargetGroupSpec};
use crate::processes::functions::{Functions, Invocation};
use crate::processes::reaper::Reaper;
use crate::processes::tasks::Tasks;
use crate::traffic::{Listener, Routes};
use life::{Afterlife, Life};

/// What there is from the start.
#[derive(Clone, Debug)]
pub struct MachineSpec {
    /// Listeners to open.
    pub listeners: Vec<ListenerSpec>,
    /// Target groups, empty at first.
    pub target_groups: Vec<TargetGroupSpec>,
    /// Functions; their processes start at the first invocation.
    pub functions: Vec<FunctionSpec>,
    /// Divides health-check intervals and Lambda's retry delays.
    pub pace: Pace,
    /// What every function gets besides its own environment: endpoint, credentials, region.
    pub function_environment: BTreeMap<String, String>,
}

/// Why the machine did not start.
#[derive(Debug, thiserror::Error)]
pub enum MachineError {
    /// A listener's port is taken or not allowed.
    #[error("open listener {arn} on 127.0.0.1:{port}")]
    Listener {
        /// The listener's ARN.
        arn: String,
        /// The port that was asked for; 0 is any.
        port: u16,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The process that ends children when this one cannot did not start.
    #[error("start the reaper, /bin/sh")]
    Reaper(#[source] io::Error),
}

/// Real processes and real traffic behind [`Effect`] and [`Observation`].
#[derive(Debug)]
pub struct Machine {
    tasks: Arc<Tasks>,
    functions: Arc<Functions>,
    routes: Arc<Routes>,
    listeners: BTreeMap<String, Listener>,
    reaper: Arc<Reaper>,
    life: Ending,
    afterlife: Afterlife,
}

/// Ends the life when the machine is dropped without [`Machine::shutdown`].
#[derive(Debug)]
struct Ending(Life);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Machine {
    /// Open the listeners; observations go to `observations` from now on.
    ///
    /// # Errors
    /// When a listener's port cannot be had, or the reaper does not start.
    pub async fn start(spec: MachineSpec, observations: UnboundedSender<Observation>) -> Result<Machine, MachineError> {
        let MachineSpec { listeners: listener_specs, target_groups, functions: function_specs, pace, .. } = spec;
        let (life, afterlife) = Life::begin();
        let ending = Ending(life.clone());
        let reaper = Arc::new(Reaper::start().map_err(MachineError::Reaper)?);
        let routes = Routes::new(target_groups, pace, observations.clone(), life.clone());
        let mut listeners = BTreeMap::new();
        for ListenerSpec { arn, port, weights } in listener_specs {
            routes.open(&arn, weights);
            let opened = Listener::open(&arn, port, Arc::clone(&routes), &life).await;
            let listener = opened.map_err(|source| MachineError::Listener { arn: arn.clone(), port, source })?;
            listeners.insert(arn, listener);
        }
        let tasks = Tasks::new(Arc::clone(&reaper), observations.clone(), life.clone());
        let functions =
            Functions::new(spec.function_environment, pace, Arc::clone(&reaper), observations, life.clone());
        for function in function_specs {
            functions.set(function);
        }
        Ok(Machine { tasks, functions, routes, listeners, reaper, life: ending, afterlife })
    }

    /// Begin to carry out an effect. Never waits; results come back as observations.
    pub fn carry_out(&self, effect: Effect) {
        match effect {
            Effect::StartTask { task, command } => self.tasks.start(task, &command),
            Effect::StopTask { task, grace } => self.tasks.stop(&task, grace),
            Effect::RegisterTarget { group, target } => self.routes.register(&group, target),
            Effect::DeregisterTarget { group, target, drain } => self.routes.deregister(&group, target, drain),
            Effect::Route { listener, weights } => self.routes.route(&listener, weights),
            Effect::Invoke { invocation, function, payload, asynchronous } => {
                let invocation = Invocation { id: invocation, function, payload };
                if asynchronous {
                    self.functions.invoke_with_retries(invocation);
                } else {
                    self.functions.invoke_once(invocation);
                }
            }
        }
    }

    /// Where a listener listens, or nothing when there is none of that ARN.
    #[must_use]
    pub fn listener_address(&self, arn: &str) -> Option<SocketAddr> {
        self.listeners.get(arn).map(Listener::address)
    }

    /// Add a function or replace the one of the same name. A running invocation ends on the old one.
    pub fn set_function(&self, spec: FunctionSpec) {
        self.functions.set(spec);
    }

    /// End all children, reap them, and close all sockets. Tasks have two seconds to end in their own way, requests
    /// under way one; an invocation that this cuts short has no outcome.
    pub async fn shutdown(self) {
        let Machine { tasks, functions, routes, listeners, reaper, life, afterlife } = self;
        life.0.end();
        functions.end().await;
        // Whatever holds a share of the life must let go of it, or it would never be over.
        drop((tasks, functions, routes, listeners, life));
        afterlife.come().await;
        // Blocks for as long as a shell takes to see the end of its input.
        tokio::task::spawn_blocking(move || reaper.dismiss()).await.ok();
    }
}
