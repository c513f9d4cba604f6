//! The loop that owns the world: waits for a call, an observation or the time, hands it over, carries out what comes back. It
//! decides nothing.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::call::{Answer, Call};
use crate::clock::Clock;
use crate::effect::{InvocationOutcome, Observation};
use crate::lambda;
use crate::machine::Machine;
use crate::refusal::Refusal;
use crate::world::World;

/// A call with the place for its answer.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) call: Call,
    /// The request's id.
    pub(crate) request: String,
    pub(crate) reply: oneshot::Sender<Reply>,
}

/// What the endpoint answers.
#[derive(Debug)]
pub(crate) enum Reply {
    /// At once.
    Now(Result<Answer, Refusal>),
    /// A synchronous invocation has ended.
    Ended { invocation: String, outcome: InvocationOutcome },
}

/// World and machine, and the ways in.
#[derive(Debug)]
pub(crate) struct Engine {
    world: World,
    machine: Machine,
    clock: Clock,
    asked: UnboundedReceiver<Asked>,
    observed: UnboundedReceiver<Observation>,
    /// Told once whether the first task set came up.
    ready: Option<oneshot::Sender<Result<(), String>>>,
    /// Synchronous invocations by id.
    waiting: HashMap<String, oneshot::Sender<Reply>>,
}

enum Next {
    Asked(Asked),
    Observed(Observation),
    Due,
    End,
}

impl Engine {
    pub(crate) fn new(
        world: World,
        machine: Machine,
        clock: Clock,
        asked: UnboundedReceiver<Asked>,
        observed: UnboundedReceiver<Observation>,
        ready: oneshot::Sender<Result<(), String>>,
    ) -> Self {
        Self { world, machine, clock, asked, observed, ready: Some(ready), waiting: HashMap::new() }
    }

    /// Run until `end`; all children are gone when it returns.
    pub(crate) async fn run(mut self, end: CancellationToken) {
        self.carry_out();
        loop {
            match self.next(&end).await {
                Next::Asked(asked) => self.ask(asked),
                Next::Observed(observation) => self.observe(observation),
                Next::Due => self.world.tick(self.clock.now()),
                Next::End => break,
            }
            self.carry_out();
            self.tell_ready();
        }
        self.machine.shutdown().await;
    }

    async fn next(&mut self, end: &CancellationToken) -> Next {
        let wake = self.world.next_wake();
        let now = self.clock.now();
        tokio::select! {
            biased;
            () = end.cancelled() => Next::End,
            Some(observation) = self.observed.recv() => Next::Observed(observation),
            Some(asked) = self.asked.recv() => Next::Asked(asked),
            () = due(wake, now) => Next::Due,
        }
    }

    fn ask(&mut self, asked: Asked) {
        let answer = self.world.answer(asked.call, &asked.request, self.clock.now());
        match answer {
            Ok(Answer::Lambda(lambda::Answer::Later { invocation })) => {
                self.waiting.insert(invocation, asked.reply);
            }
            answer => {
                // A caller that has gone away needs no answer.
                asked.reply.send(Reply::Now(answer)).ok();
            }
        }
    }

    fn observe(&mut self, observation: Observation) {
        if let Observation::Invoked { invocation, outcome, .. } = &observation
            && let Some(reply) = self.waiting.remove(invocation)
        {
            reply.send(Reply::Ended { invocation: invocation.clone(), outcome: outcome.clone() }).ok();
        }
        self.world.observe(observation, self.clock.now());
    }

    fn carry_out(&mut self) {
        for effect in self.world.take_effects() {
            self.machine.carry_out(effect);
        }
    }

    fn tell_ready(&mut self) {
        if self.ready.is_none() {
            return;
        }
        let outcome = if self.world.blue_is_steady() { Some(Ok(())) } else { self.world.blue_trouble().map(Err) };
        if let (Some(outcome), Some(ready)) = (outcome.clone(), self.ready.take_if(|_| outcome.is_some())) {
            ready.send(outcome).ok();
        }
    }
}

async fn due(wake: Option<Timestamp>, now: Timestamp) {
    let Some(wake) = wake else { return std::future::pending().await };
    let wait = Duration::try_from(wake.duration_since(now)).unwrap_or(Duration::ZERO);
    tokio::time::sleep(wait).await;
}

/// Where calls go in.
pub(crate) type Ask = UnboundedSender<Asked>;
