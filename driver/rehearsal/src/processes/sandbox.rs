//! A sandbox: one process of a function and its Runtime API, one invocation at a time.
//!
//! A sandbox that has crashed or was killed is used no more; whoever holds it starts another one. It does not retry.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::mpsc::UnboundedSender;

use super::chance;
use super::child::{Child, Exit, Program, StartError};
use super::output::LogStream;
use super::reaper::Reaper;
use super::report::{self, Report};
use super::runtime_api::{LARGEST_RESPONSE, RuntimeApi, Said, Work};
use crate::clock;
use crate::effect::{FunctionSpec, InvocationOutcome, Observation};
use crate::machine::life::Life;

/// Lambda's limit for initialisation, in ordinary time.
const INIT: Duration = Duration::from_secs(10);

/// Why a sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub(super) enum SandboxError {
    #[error("open a port for the Runtime API")]
    RuntimeApi(#[source] std::io::Error),
    #[error("start the function's process")]
    Process(#[source] StartError),
}

/// A process that has answered, or will soon, and waits for work.
#[derive(Debug)]
pub(super) struct Sandbox {
    function: Arc<FunctionSpec>,
    api: RuntimeApi,
    child: Child,
    log: LogStream,
    started: Instant,
    warm: bool,
}

/// What an invocation came to.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) outcome: InvocationOutcome,
    /// Nothing when the process is gone.
    pub(super) sandbox: Option<Sandbox>,
}

/// How the process left an invocation.
enum Ending {
    /// It answered and asked for more.
    Answered(InvocationOutcome),
    /// It answered and then ended, or did not come back in time.
    AnsweredAndGone(InvocationOutcome),
    /// It cannot initialise.
    FailedToInit(Bytes),
    /// It did not ask for work in time.
    NeverAsked,
    TimedOut,
    Exited,
}

impl Sandbox {
    /// Start the process. It is asked for nothing yet.
    pub(super) async fn start(
        function: Arc<FunctionSpec>,
        shared_environment: &BTreeMap<String, String>,
        reaper: &Arc<Reaper>,
        observations: UnboundedSender<Observation>,
        life: &Life,
    ) -> Result<Sandbox, SandboxError> {
        let api = RuntimeApi::start(life).await.map_err(SandboxError::RuntimeApi)?;
        let day = clock::timestamp().strftime("%Y/%m/%d").to_string();
        let log = LogStream {
            group: format!("/aws/lambda/{}", function.name),
            stream: format!("{day}/[$LATEST]{}", chance::hex32()),
            observations,
        };
        let environment = environment(&function, shared_environment, &api, &log);
        let program = Program { line: &function.line, environment: &environment, directory: Some(&function.task_root) };
        let child = Child::start(&program, log.clone(), reaper, life).map_err(SandboxError::Process)?;
        Ok(Sandbox { function, api, child, log, started: clock::instant(), warm: false })
    }

    /// Whether it is of this specification and still alive.
    pub(super) fn serves(&mut self, function: &Arc<FunctionSpec>) -> bool {
        Arc::ptr_eq(&self.function, function) && !self.child.has_exited()
    }

    /// Run an invocation to its end.
    pub(super) async fn invoke(&mut self, invocation: &str, payload: Bytes) -> Invoked {
        let init = if self.warm { None } else { Some(self.initialise().await) };
        let began = clock::instant();
        self.log.line(report::start(invocation));
        let (ending, init) = match init {
            None => (self.run(invocation, payload).await, None),
            Some(Ok(took)) => (self.run(invocation, payload).await, Some(took)),
            Some(Err(ending)) => (ending, None),
        };
        self.warm = true;
        self.child.flush().await;
        Invoked { ending, init, took: began.elapsed(), used: self.child.memory() }
    }

    /// Write the platform's lines, and say what it came to. Ends the process unless it can be used again.
    pub(super) async fn conclude(self, invocation: &str, invoked: Invoked) -> Attempt {
        let Invoked { ending, init, took, used } = invoked;
        let (log, memory, timeout) = (self.log.clone(), self.function.memory, self.function.timeout);
        let (outcome, sandbox) = match ending {
            Ending::Answered(outcome) => (outcome, Some(self)),
            Ending::AnsweredAndGone(outcome) => {
                self.end().await;
                (outcome, None)
            }
            Ending::FailedToInit(body) => {
                self.end().await;
                (InvocationOutcome::Failed(body), None)
            }
            Ending::NeverAsked => {
                self.end().await;
                let text = format!("RequestId: {invocation} Error: the function did not ask for work within 10 s");
                log.line(text.clone());
                (InvocationOutcome::Crashed(text), None)
            }
            Ending::TimedOut => {
                self.end().await;
                log.line(report::timed_out(clock::timestamp(), invocation, timeout));
                (InvocationOutcome::TimedOut, None)
            }
            Ending::Exited => {
                let exit = self.end().await;
                let words = exit.words();
                let text = report::exited(invocation, (!exit.is_success()).then_some(words.as_str()));
                log.line(text.clone());
                log.line("Runtime.ExitError".to_owned());
                (InvocationOutcome::Crashed(text), None)
            }
        };
        log.line(report::end(invocation));
        log.line(Report { invocation, duration: took, memory, used, init }.line());
        Attempt { outcome, sandbox }
    }

    /// End the process and see its last lines off.
    pub(super) async fn end(self) -> Exit {
        self.child.finish().await
    }

    async fn initialise(&mut self) -> Result<Duration, Ending> {
        let deadline = self.started + INIT;
        loop {
            tokio::select! {
                biased;
                said = self.api.heard() => match said {
                    Said::Asked => return Ok(self.started.elapsed()),
                    Said::FailedToInit(body) => return Err(Ending::FailedToInit(body)),
                    // Not possible before work was handed out.
                    Said::Responded(_) | Said::Failed(_) | Said::TooLarge => {}
                },
                _ = self.child.exited() => {
                    return Err(match self.api.heard_already() {
                        Some(Said::FailedToInit(body)) => Ending::FailedToInit(body),
                        Some(Said::Asked | Said::Responded(_) | Said::Failed(_) | Said::TooLarge) | None => Ending::Exited,
                    });
                }
                () = tokio::time::sleep_until(deadline.into()) => return Err(Ending::NeverAsked),
            }
        }
    }

    async fn run(&mut self, invocation: &str, payload: Bytes) -> Ending {
        let timeout = self.function.timeout;
        let deadline = clock::instant() + timeout;
        let limit = i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX);
        self.api.offer(Work {
            invocation: invocation.to_owned(),
            payload,
            deadline: clock::timestamp().as_millisecond().saturating_add(limit),
            function: self.function.arn.clone(),
        });
        let mut outcome = None;
        loop {
            tokio::select! {
                biased;
                said = self.api.heard() => match answer(said) {
                    Some(answer) => outcome = Some(answer),
                    // It asks for more: the invocation is over when there was an answer.
                    None => if let Some(outcome) = outcome { return Ending::Answered(outcome) },
                },
                _ = self.child.exited() => {
                    while let Some(said) = self.api.heard_already() {
                        outcome = answer(said).or(outcome);
                    }
                    return outcome.map_or(Ending::Exited, Ending::AnsweredAndGone);
                }
                () = tokio::time::sleep_until(deadline.into()) => {
                    return outcome.map_or(Ending::TimedOut, Ending::AnsweredAndGone);
                }
            }
        }
    }
}

/// What [`Sandbox::conclude`] needs to know of an invocation that has ended.
pub(super) struct Invoked {
    ending: Ending,
    init: Option<Duration>,
    took: Duration,
    used: Option<u64>,
}

fn answer(said: Said) -> Option<InvocationOutcome> {
    match said {
        Said::Responded(body) => Some(InvocationOutcome::Returned(body)),
        Said::Failed(body) => Some(InvocationOutcome::Failed(body)),
        Said::TooLarge => {
            let message =
                format!("Response payload size exceeded maximum allowed payload size ({LARGEST_RESPONSE} bytes).");
            let body = serde_json::json!({
                "errorMessage": message,
                "errorType": "Function.ResponseSizeTooLarge",
            });
            Some(InvocationOutcome::Failed(Bytes::from(body.to_string())))
        }
        Said::Asked | Said::FailedToInit(_) => None,
    }
}

/// The function's own variables, then Lambda's reserved ones, which nothing overrides.
fn environment(
    function: &FunctionSpec,
    shared: &BTreeMap<String, String>,
    api: &RuntimeApi,
    log: &LogStream,
) -> BTreeMap<String, String> {
    let mut environment = shared.clone();
    environment.extend(function.environment.clone());
    if let Some(region) = function.arn.split(':').nth(3) {
        environment.entry("AWS_REGION".to_owned()).or_insert_with(|| region.to_owned());
    }
    if let Some(region) = environment.get("AWS_REGION").cloned() {
        environment.entry("AWS_DEFAULT_REGION".to_owned()).or_insert(region);
    }
    let root = function.task_root.display().to_string();
    environment.extend(
        [
            ("AWS_LAMBDA_RUNTIME_API", api.address().to_string()),
            ("AWS_LAMBDA_FUNCTION_NAME", function.name.clone()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.memory.to_string()),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", log.group.clone()),
            ("AWS_LAMBDA_LOG_STREAM_NAME", log.stream.clone()),
            ("LAMBDA_TASK_ROOT", root),
            ("_HANDLER", "bootstrap".to_owned()),
            ("TZ", ":UTC".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    environment
}
