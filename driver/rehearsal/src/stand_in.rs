//! Starts the stand-in and ends it: the only file that puts world, machine and endpoint together.

use std::collections::BTreeMap;
use std::future::IntoFuture;
use std::io;
use std::net::Ipv4Addr;

use tokio::net::TcpListener;
use tokio::sync::mpsc::unbounded_channel;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::announcement::Announcement;
use crate::clock::{Clock, Pace};
use crate::engine::Engine;
use crate::journal::{Entry, Journal};
use crate::machine::{Machine, MachineError, MachineSpec};
use crate::names::{ACCOUNT, REGION};
use crate::scenario::Scenario;
use crate::serve::{JOURNAL, router};
use crate::world::World;

/// How to start.
#[derive(Clone, Debug)]
pub struct Options {
    /// What to rehearse.
    pub scenario: Scenario,
    /// How much faster than AWS the stand-in's own waits pass.
    pub pace: Pace,
    /// The endpoint's port; 0 takes a free one.
    pub port: u16,
    /// Register the green task definition too, for clients that only deploy.
    pub register_green: bool,
}

/// Why the stand-in did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The endpoint's port is taken or not allowed.
    #[error("open the endpoint on 127.0.0.1:{port}")]
    Endpoint {
        /// The port that was asked for.
        port: u16,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Listeners or the reaper.
    #[error("start the machine")]
    Machine(#[from] MachineError),
    /// The scenario cannot be run as it is.
    #[error("run the scenario: {0}")]
    Scenario(String),
    /// The service's first version does not come up.
    #[error("bring up the blue task set: {0}")]
    Blue(String),
}

/// A running stand-in.
#[derive(Debug)]
pub struct StandIn {
    announcement: Announcement,
    journal: Journal,
    engine: JoinHandle<()>,
    endpoint: JoinHandle<io::Result<()>>,
    /// Ends the engine, also when the stand-in is dropped.
    end: DropGuard,
}

impl StandIn {
    /// Start; returns when everything listens and the blue task set is steady behind the production listener.
    ///
    /// # Errors
    /// When a port cannot be had, or the scenario's first version does not come up.
    pub async fn start(options: Options) -> Result<StandIn, StartError> {
        let Options { scenario, pace, port, register_green } = options;
        let clock = Clock::start();
        let journal = Journal::default();
        let mut world = World::new(&scenario, pace, journal.clone(), clock.now()).map_err(StartError::Scenario)?;

        let refused = |source| StartError::Endpoint { port, source };
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(refused)?;
        let endpoint = format!("http://{}", socket.local_addr().map_err(refused)?);

        let (observations, observed) = unbounded_channel();
        let spec = MachineSpec {
            listeners: world.listener_specs(),
            target_groups: world.target_group_specs(),
            functions: world.function_specs().map_err(StartError::Scenario)?,
            pace,
            function_environment: function_environment(&endpoint),
        };
        let machine = Machine::start(spec, observations).await?;
        for listener in &mut world.elb.listeners {
            listener.port = machine.listener_address(&listener.arn).map_or(0, |address| address.port());
        }
        let listener = |arn: &str| machine.listener_address(arn).map(|address| format!("http://{address}"));
        let production = listener(&world.names.production_listener()).unwrap_or_default();
        let test = world.names.test_listener().and_then(|arn| listener(&arn));

        let begun = world.begin(&scenario, register_green, clock.now());
        let task_definitions = match begun {
            Ok(task_definitions) => task_definitions,
            Err(problem) => {
                machine.shutdown().await;
                return Err(StartError::Scenario(problem));
            }
        };
        let announcement = Announcement {
            schema: 1,
            journal: format!("{endpoint}{JOURNAL}"),
            endpoint,
            region: REGION.into(),
            account: ACCOUNT.into(),
            production,
            test,
            hooks: scenario.hooks(),
            cluster: scenario.cluster,
            service: scenario.service,
            application: scenario.application,
            deployment_group: scenario.deployment_group,
            container: scenario.container,
            container_port: scenario.port,
            task_definitions,
        };

        let (ask, asked) = unbounded_channel();
        let (ready, is_ready) = oneshot::channel();
        let end = CancellationToken::new();
        let engine = tokio::spawn(Engine::new(world, machine, clock, asked, observed, ready).run(end.clone()));
        let endpoint = tokio::spawn(axum::serve(socket, router(ask, journal.clone())).into_future());
        let stand_in = StandIn { announcement, journal, engine, endpoint, end: end.drop_guard() };
        match is_ready.await {
            Ok(Ok(())) => Ok(stand_in),
            Ok(Err(problem)) => {
                stand_in.shutdown().await;
                Err(StartError::Blue(problem))
            }
            Err(_) => {
                stand_in.shutdown().await;
                Err(StartError::Blue("the stand-in has ended".into()))
            }
        }
    }

    /// Where everything is.
    #[must_use]
    pub fn announcement(&self) -> &Announcement {
        &self.announcement
    }

    /// Everything that happened so far.
    #[must_use]
    pub fn journal(&self) -> Vec<Entry> {
        self.journal.entries()
    }

    /// End all children and close all sockets.
    pub async fn shutdown(self) {
        drop(self.end);
        if let Err(error) = self.engine.await {
            tracing::error!(%error, "the stand-in's engine did not end in order");
        }
        self.endpoint.abort();
        // It was just aborted; what it says about that is of no use.
        self.endpoint.await.ok();
    }
}

/// What a function needs to find the stand-in in place of AWS.
fn function_environment(endpoint: &str) -> BTreeMap<String, String> {
    let pairs = [
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_REGION", REGION),
        ("AWS_DEFAULT_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", "rehearsal"),
        ("AWS_SECRET_ACCESS_KEY", "rehearsal"),
        ("AWS_SESSION_TOKEN", "rehearsal"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
