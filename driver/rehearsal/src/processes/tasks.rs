//! Tasks: programs that listen on a port of this machine. Starts them, ends them, reports both.
//!
//! A task that ends is not started again: that is the service scheduler's business.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::Signal;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::chance;
use super::child::{Child, Program, StartError};
use super::output::LogStream;
use super::reaper::Reaper;
use crate::clock;
use crate::effect::{Command, Observation};
use crate::machine::life::Life;

/// How long a task may take to end when the stand-in itself ends. ECS waits 30 s; a person at a terminal does not.
const LAST_GRACE: Duration = Duration::from_secs(2);

/// Where ports are looked for: below what Linux and macOS hand out to clients, so that no connection of our own sits on
/// a port between our look and the child's bind.
const PORTS: std::ops::Range<u16> = 12_000..32_000;

/// All tasks of the machine.
#[derive(Debug)]
pub(crate) struct Tasks {
    /// How to stop each task; nothing for those that have ended.
    known: Mutex<HashMap<String, Option<UnboundedSender<Duration>>>>,
    reaper: Arc<Reaper>,
    observations: UnboundedSender<Observation>,
    life: Life,
}

impl Tasks {
    pub(crate) fn new(reaper: Arc<Reaper>, observations: UnboundedSender<Observation>, life: Life) -> Arc<Tasks> {
        Arc::new(Tasks { known: Mutex::default(), reaper, observations, life })
    }

    /// Start a task; [`Observation::TaskStarted`] or [`Observation::TaskStopped`] tells what came of it.
    pub(crate) fn start(self: &Arc<Self>, task: String, command: &Command) {
        if let Some(Some(_)) = self.known().get(&task) {
            tracing::error!(task, "a task that runs cannot be started");
            return;
        }
        let (address, child) = match self.launch(&task, command) {
            Ok(launched) => launched,
            Err(error) => {
                self.known().insert(task.clone(), None);
                let reason = format!("CannotStartContainerError: {}", chain(&error));
                self.report(Observation::TaskStopped { task, exit_code: None, reason });
                return;
            }
        };
        let (stop, stops) = mpsc::unbounded_channel();
        self.known().insert(task.clone(), Some(stop));
        self.report(Observation::TaskStarted { task: task.clone(), address });
        let (tasks, life) = (Arc::clone(self), self.life.clone());
        self.life.spawn(async move {
            let (exit_code, reason) = attend(child, stops, &life).await;
            tasks.known().insert(task.clone(), None);
            tasks.report(Observation::TaskStopped { task, exit_code, reason });
        });
    }

    /// SIGTERM now, SIGKILL after `grace`. A task that has ended meanwhile is not an error: its end is on its way.
    pub(crate) fn stop(&self, task: &str, grace: Duration) {
        match self.known().get(task) {
            Some(Some(stop)) => {
                stop.send(grace).ok();
            }
            Some(None) => {}
            None => tracing::error!(task, "there is no such task to stop"),
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Option<UnboundedSender<Duration>>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn launch(&self, task: &str, command: &Command) -> Result<(SocketAddr, Child), StartError> {
        let program = command.line.first().cloned().unwrap_or_default();
        let address = free_address().ok_or_else(|| StartError::Spawn {
            program,
            source: std::io::Error::other("no port of 127.0.0.1 is free"),
        })?;
        let port = address.port().to_string();
        let line: Vec<String> = command.line.iter().map(|word| word.replace("${PORT}", &port)).collect();
        let mut environment = command.environment.clone();
        environment.insert("PORT".to_owned(), port);
        let program = Program { line: &line, environment: &environment, directory: command.directory.as_deref() };
        let (group, stream) = log_of(task);
        let log = LogStream { group, stream, observations: self.observations.clone() };
        let _inside = self.life.runtime().enter();
        Ok((address, Child::start(&program, log, &self.reaper, &self.life)?))
    }

    fn report(&self, observation: Observation) {
        // Nobody listens any more when the stand-in is going down.
        self.observations.send(observation).ok();
    }
}

/// From a task's ARN `…:task/<cluster>/<id>`: log group `/ecs/<cluster>`, stream `<id>`.
fn log_of(task: &str) -> (String, String) {
    let mut parts = task.rsplit('/');
    let stream = parts.next().unwrap_or(task).to_owned();
    let cluster = parts.next().filter(|part| !part.contains(':')).unwrap_or("default");
    (format!("/ecs/{cluster}"), stream)
}

async fn attend(mut child: Child, mut stops: UnboundedReceiver<Duration>, life: &Life) -> (Option<i32>, String) {
    let exited_alone = "Essential container in task exited";
    let grace = tokio::select! {
        _ = child.exited() => return (child.finish().await.container_code(), exited_alone.to_owned()),
        Some(grace) = stops.recv() => grace,
        () = life.ending() => LAST_GRACE,
    };
    child.signal(Signal::TERM);
    let mut deadline = clock::instant() + grace;
    let reason = loop {
        tokio::select! {
            _ = child.exited() => break "Task stopped on request",
            () = tokio::time::sleep_until(deadline.into()) => break "Task stopped on request; killed after its stop timeout",
            Some(grace) = stops.recv() => deadline = deadline.min(clock::instant() + grace),
            () = life.ending(), if deadline > clock::instant() + LAST_GRACE => deadline = clock::instant() + LAST_GRACE,
        }
    };
    (child.finish().await.container_code(), reason.to_owned())
}

/// A port that nobody listens on. The child binds it a moment later; the look starts at a random place, so that two
/// stand-ins that look at the same time do not find the same one.
fn free_address() -> Option<SocketAddr> {
    let size = u64::from(PORTS.end - PORTS.start);
    let start = chance::bits() % size;
    (0..size).find_map(|step| {
        let port = PORTS.start + u16::try_from((start + step) % size).ok()?;
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()?.local_addr().ok()
    })
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(&format!(": {next}"));
        cause = next.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tasks_log_is_named_after_cluster_and_id() {
        let (group, stream) = log_of("arn:aws:ecs:eu-west-1:123456789012:task/greenlight-demo/0123abcd");
        assert_eq!((group.as_str(), stream.as_str()), ("/ecs/greenlight-demo", "0123abcd"));
        assert_eq!(log_of("arn:aws:ecs:eu-west-1:123456789012:task/0123abcd").0, "/ecs/default");
    }

    #[test]
    fn free_ports_differ() {
        let ports: std::collections::HashSet<u16> = (0..20).map(|_| free_address().unwrap().port()).collect();
        assert!(ports.len() > 15, "{ports:?}");
    }
}
