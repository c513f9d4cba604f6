//! `greenlight invoke`: runs a hook's binary once behind a Lambda Runtime API on this machine, with this process's
//! environment, and so against whatever AWS that names. What the hook reports is its own affair and really reported.

use std::path::{Path, PathBuf};
use std::time::Duration;

use greenlight_checks::event::HookEvent;
use greenlight_rehearsal::Pace;
use greenlight_rehearsal::effect::{Effect, FunctionSpec, InvocationOutcome, Observation};
use greenlight_rehearsal::machine::{Machine, MachineSpec};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::interruption;
use super::rehearse::{failed_to, hook_binaries};
use crate::clock;
use crate::environment;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::show::Printer;
use crate::show::invoked::{Ending, Invoked};

/// The functions of the template have as much.
const MEMORY: u32 = 256;

/// What to invoke, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// Whose hook.
    pub hook: HookEvent,
    /// The payload's file; it is sent as it stands.
    pub event: PathBuf,
    /// The check plan; without it what `GREENLIGHT_PLAN` names.
    pub plan: Option<PathBuf>,
    /// The function's timeout.
    pub timeout: Duration,
}

/// Invokes once and prints log, evidence and result.
pub async fn run(invocation: &Invocation, printer: &mut Printer) -> Result<Exit, Failure> {
    let mut interruption = interruption::listen()?;
    let payload =
        std::fs::read(&invocation.event).map_err(|source| Failure::File { path: invocation.event.clone(), source })?;
    let function = function(invocation, printer).await?;
    let (name, id) = (function.name.clone(), format!("greenlight-invoke-{}", clock::now().as_millisecond()));
    let spec = MachineSpec {
        listeners: Vec::new(),
        target_groups: Vec::new(),
        functions: vec![function],
        pace: Pace::new(1.0).expect("one is a pace"),
        function_environment: environment::all(),
    };
    let (sender, mut seen) = unbounded_channel();
    let machine = Machine::start(spec, sender).await.map_err(failed_to("start a Lambda Runtime API"))?;
    machine.carry_out(Effect::Invoke { invocation: id, function: name, payload: payload.into(), asynchronous: false });
    let mut invoked = Invoked::new(invocation.hook);
    let ended = tokio::select! {
        biased;
        exit = interruption.wait() => Err(Failure::InterruptedBefore("the hook had ended", exit)),
        ending = listen(&mut seen, &mut invoked, printer) => Ok(ending),
    };
    machine.shutdown().await;
    invoked.ending = ended?;
    // What the process said last may come after its end.
    while let Ok(observation) = seen.try_recv() {
        log(observation, &mut invoked, printer);
    }
    printer.invoked(&invoked, clock::now());
    Ok(invoked.exit())
}

async fn function(invocation: &Invocation, printer: &mut Printer) -> Result<FunctionSpec, Failure> {
    let binary = binary(invocation.hook);
    let program = std::env::current_exe().map_err(failed_to("find this program"))?;
    let paths = hook_binaries::find(&program, &[binary], printer).await?;
    let name = format!("CodeDeployHook_{}", invocation.hook);
    let mut own = std::collections::BTreeMap::new();
    let mut task_root = PathBuf::from(".");
    if let Some(plan) = &invocation.plan {
        std::fs::metadata(plan).map_err(|source| Failure::File { path: plan.clone(), source })?;
        let file = plan.file_name().map(|file| file.to_string_lossy().into_owned()).unwrap_or_default();
        own.insert("GREENLIGHT_PLAN".to_owned(), file);
        task_root = plan.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new(".")).to_owned();
    }
    Ok(FunctionSpec {
        // An ARN would name a region, and a region of ours would go before the profile's.
        arn: name.clone(),
        name,
        line: paths.values().map(|path| path.display().to_string()).collect(),
        environment: own,
        task_root: std::path::absolute(&task_root).unwrap_or(task_root),
        timeout: invocation.timeout,
        memory: MEMORY,
    })
}

fn binary(hook: HookEvent) -> &'static str {
    match hook {
        HookEvent::BeforeInstall => "before-install",
        HookEvent::AfterInstall => "after-install",
        HookEvent::AfterAllowTestTraffic => "after-allow-test-traffic",
        HookEvent::BeforeAllowTraffic => "before-allow-traffic",
        HookEvent::AfterAllowTraffic => "after-allow-traffic",
    }
}

/// The hook that is meant by an event's name or a binary's.
pub fn hook(text: &str) -> Option<HookEvent> {
    HookEvent::ALL.into_iter().find(|event| event.name() == text || binary(*event) == text)
}

async fn listen(seen: &mut UnboundedReceiver<Observation>, invoked: &mut Invoked, printer: &mut Printer) -> Ending {
    while let Some(observation) = seen.recv().await {
        if let Some(ending) = log(observation, invoked, printer) {
            return ending;
        }
    }
    Ending::Crashed("the function's machine ended".to_owned())
}

/// Shows and keeps a line of the log; answers how the invocation ended, when that was what was seen.
fn log(observation: Observation, invoked: &mut Invoked, printer: &mut Printer) -> Option<Ending> {
    match observation {
        Observation::Logged { message, at, .. } => {
            let line = message.trim_end();
            printer.function_log(line, at);
            invoked.heard(line);
            None
        }
        Observation::Invoked { outcome, .. } => Some(match outcome {
            InvocationOutcome::Returned(body) => Ending::Returned(String::from_utf8_lossy(&body).into_owned()),
            InvocationOutcome::Failed(body) => Ending::Failed(String::from_utf8_lossy(&body).into_owned()),
            InvocationOutcome::TimedOut => Ending::TimedOut,
            InvocationOutcome::Crashed(text) => Ending::Crashed(text),
        }),
        Observation::TaskStarted { .. }
        | Observation::TaskStopped { .. }
        | Observation::TargetHealth { .. }
        | Observation::TargetDrained { .. }
        | Observation::Routed { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_is_named_by_its_event_or_its_binary() {
        assert_eq!(hook("AfterAllowTestTraffic"), Some(HookEvent::AfterAllowTestTraffic));
        assert_eq!(hook("before-allow-traffic"), Some(HookEvent::BeforeAllowTraffic));
        assert_eq!(hook("AllowTraffic"), None);
    }
}
