//! The one path of every hook: an event comes in, exactly one report goes out, before any deadline.
//!
//! The work runs in a task of its own. It may panic, hang or lose its way; this path keeps the time, takes what is known
//! and reports. Nothing between the event and the report returns early: the only errors are an event without ids (there
//! is nobody to report to) and a report that cannot be delivered (Lambda then invokes the function again).

use std::sync::Arc;
use std::time::Duration;

use greenlight_checks::event::HookEvent;
use greenlight_checks::evidence::{Decision, Evidence, SCHEMA, Verdict};
use greenlight_checks::gate;
use greenlight_checks::message::{Message, codes};
use lambda_runtime::Diagnostic;
use serde_json::{Value, json};
use tokio::task::JoinError;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use crate::aws::Aws;
use crate::drill::Drill;
use crate::environment::Environment;
use crate::evidence_store::{EvidenceStore, Kept, Recalled};
use crate::examination::{Examination, failed};
use crate::invocation::{Invocation, MalformedEvent};
use crate::log::Labels;
use crate::memory::Memory;
use crate::metrics::{self, Figures};
use crate::patience::Patience;
use crate::progress::Progress;
use crate::report::{Delivered, Delivery, Report, deliver};
use crate::self_test::{self, SelfTest};
use crate::watchdog::{LEAST_RESERVE, NoTime, Watchdog};
use crate::{clock, log, plan_source};

/// One hook function, for as long as its process lives.
#[derive(Debug)]
pub(crate) struct Hook {
    event: HookEvent,
    environment: Arc<Environment>,
    aws: Aws,
    memory: Memory,
    store: EvidenceStore,
}

/// What Lambda is told. The verdict is none of these.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HookError {
    /// There is nobody to report to.
    #[error("failed to read the event: {0}")]
    MalformedEvent(#[from] MalformedEvent),
    /// CodeDeploy does not have the verdict.
    #[error("{0}")]
    Unreported(Message),
}

impl From<HookError> for Diagnostic {
    fn from(error: HookError) -> Self {
        let error_type = match &error {
            HookError::MalformedEvent(_) => "Greenlight.MalformedEvent",
            HookError::Unreported(_) => "Greenlight.Unreported",
        };
        Self { error_type: error_type.to_owned(), error_message: error.to_string() }
    }
}

impl Hook {
    /// A hook of one lifecycle event.
    pub(crate) fn new(event: HookEvent, environment: Environment, aws: Aws) -> Self {
        let store = EvidenceStore::new(&environment, aws.s3.clone());
        Self { event, environment: Arc::new(environment), aws, memory: Memory::default(), store }
    }

    /// Serves one invocation; `left` is what Lambda grants from `started` on.
    pub(crate) async fn serve(
        &self,
        request: &str,
        payload: &Value,
        started: Instant,
        left: Duration,
    ) -> Result<Value, HookError> {
        if self_test::is_asked(payload) {
            return Ok(self.self_test(left).run(payload).await);
        }
        let invocation = Invocation::read(payload).inspect_err(|error| tracing::error!(%error, "malformed event"))?;
        tracing::info!(left_s = left.as_secs(), "invoked");
        let execution = invocation.execution.hash();
        let progress = Progress::default();
        let (evidence, watchdog, repeated) = match self.known(&invocation, &execution, &progress, left).await {
            Some(evidence) => {
                tracing::info!("this execution was decided before; reporting the same verdict");
                (evidence, Watchdog::set(started, left, None), true)
            }
            None => {
                let (evidence, watchdog) = self.examine(&invocation, execution, &progress, started, left).await;
                (evidence, watchdog, false)
            }
        };
        let decision = evidence.verdict.decision;
        for reason in &evidence.verdict.because {
            match decision {
                Decision::Failed => tracing::error!(code = reason.code, "{reason}"),
                // What would have failed, had the plan not only observed.
                Decision::Succeeded => tracing::warn!(code = reason.code, "{reason}"),
                Decision::Waiting => tracing::info!(code = reason.code, "{reason}"),
            }
        }
        let labels =
            Labels { request: request.to_owned(), deployment: invocation.deployment.0.clone(), event: self.event };
        let decided = clock::now();
        let evidence = Arc::new(evidence);
        let ((), kept) = tokio::join!(log::evidence(&labels, Arc::clone(&evidence)), self.store.keep(&evidence));
        if let Kept::Failed(reason) = &kept {
            tracing::warn!("the evidence is in this log only: {reason}");
        }
        let written = clock::now();
        let delivery = match Report::of(decision) {
            Some(report) => deliver(&self.aws, &invocation, report, watchdog.end, watchdog.reserve).await,
            // An earlier attempt's gate is not opened again either: whoever answers it may have done so already.
            None => Delivery { result: Delivered::Held, attempts: 0 },
        };
        log::report(&labels, decision, &delivery, &kept);
        let ended = clock::now();
        let figures = Figures {
            total: ended.duration_since(started),
            evidence: written.duration_since(decided),
            report: ended.duration_since(written),
            repeated,
            delivery: &delivery,
        };
        let function = self.environment.function().unwrap_or_default();
        log::metrics(&labels, metrics::line(&evidence, function, &figures, clock::timestamp()));
        match delivery.result {
            Delivered::Accepted | Delivered::AlreadyCompleted | Delivered::Held => {
                Ok(json!({"status": decision, "report": delivery.result.name()}))
            }
            Delivered::Failed(message) => Err(HookError::Unreported(message)),
        }
    }

    const fn self_test(&self, left: Duration) -> SelfTest<'_> {
        SelfTest { event: self.event, environment: &self.environment, aws: &self.aws, store: &self.store, left }
    }

    /// The evidence of an earlier attempt at this execution: this process's memory first, then the bucket.
    async fn known(
        &self,
        invocation: &Invocation,
        execution: &str,
        progress: &Progress,
        left: Duration,
    ) -> Option<Evidence> {
        if let Some(evidence) = self.memory.recall(execution) {
            return Some(evidence);
        }
        match self.store.recall(&invocation.deployment, self.event, execution, left).await {
            Recalled::Decided(evidence) => {
                self.memory.keep(&evidence);
                Some(*evidence)
            }
            Recalled::Nothing(why) => {
                progress.happened(why);
                None
            }
        }
    }

    /// From the event to the verdict, and its evidence, kept for a second invocation.
    async fn examine(
        &self,
        invocation: &Invocation,
        execution: String,
        progress: &Progress,
        started: Instant,
        left: Duration,
    ) -> (Evidence, Watchdog) {
        let started_at = clock::timestamp();
        let (verdict, watchdog) = self.guarded(invocation, progress, started, left).await;
        let known = progress.known();
        let decided = clock::timestamp();
        let token = invocation.execution.secret();
        let (verdict, gate) = gate::opened(verdict, known.approval.as_ref(), started_at, decided, token);
        let evidence = Evidence {
            schema: SCHEMA,
            tool: concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).to_owned(),
            deployment_id: invocation.deployment.0.clone(),
            execution,
            event: self.event,
            function: self.environment.function().map(str::to_owned),
            plan: known.plan,
            started_at,
            finished_at: decided,
            verdict,
            gate,
            observed: known.observed,
            attestation: known.attestation,
            checks: known.checks,
            timeline: known.timeline,
        };
        self.memory.keep(&evidence);
        (evidence, watchdog)
    }

    /// Lets the work happen under the watchdog, and makes a verdict of whatever ends it.
    async fn guarded(
        &self,
        invocation: &Invocation,
        progress: &Progress,
        started: Instant,
        left: Duration,
    ) -> (Verdict, Watchdog) {
        progress.begins("reading the plan");
        let least = Watchdog::set(started, left, Some(LEAST_RESERVE));
        let reading = plan_source::load(Arc::clone(&self.environment), self.aws.clone());
        let mut reading = tokio::spawn(reading.in_current_span());
        let plan = match timeout_at(least.bark, &mut reading).await {
            Ok(Ok(plan)) => plan,
            Ok(Err(panic)) => return (failed(vec![panicked(progress, panic)]), least),
            Err(_) => {
                reading.abort();
                let out = match least.admits_work(left) {
                    Ok(()) => out_of_time(progress, least.bark.duration_since(started), false),
                    Err(short) => no_time(short),
                };
                return (failed(vec![out]), least);
            }
        };
        let budget = plan.as_ref().ok().map(|plan| plan.budget);
        // Without a plan there is only one thing left to find out: whether this is a rollback.
        let reserve = budget.map_or(LEAST_RESERVE, |budget| budget.report_reserve);
        let watchdog = Watchdog::set(started, left, Some(reserve));
        if let Ok(plan) = &plan {
            progress.update(|known| known.plan = Some(plan.identity().clone()));
            progress.happened("plan read");
        }
        if let Err(short) = watchdog.admits_work(left) {
            let because = plan.err().unwrap_or_default().into_iter().chain([no_time(short)]).collect();
            return (failed(because), watchdog);
        }
        let ends = watchdog.work_ends(budget.and_then(|budget| budget.total));
        let examination = Examination {
            aws: self.aws.clone(),
            event: self.event,
            deployment: invocation.deployment.clone(),
            execution: invocation.execution.hash(),
            plan,
            drill: Drill::read(self.environment.drill()),
            ends,
            patience: Patience::starts(clock::now(), budget.map(|budget| budget.stabilise), ends),
            progress: progress.clone(),
        };
        let mut work = tokio::spawn(examination.verdict().in_current_span());
        let verdict = match timeout_at(ends, &mut work).await {
            Ok(Ok(verdict)) => verdict,
            Ok(Err(panic)) => failed(vec![panicked(progress, panic)]),
            Err(_) => {
                work.abort();
                failed(vec![out_of_time(progress, ends.duration_since(started), ends < watchdog.bark)])
            }
        };
        progress.happened(match verdict.decision {
            Decision::Succeeded => "verdict: Succeeded",
            Decision::Failed => "verdict: Failed",
            Decision::Waiting => "verdict: Waiting",
        });
        (verdict, watchdog)
    }
}

pub(crate) fn panicked(progress: &Progress, panic: JoinError) -> Message {
    let doing = progress.known().doing;
    let said = match panic.try_into_panic() {
        Ok(payload) => payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "without a text".to_owned()),
        Err(cancelled) => cancelled.to_string(),
    };
    Message::new(codes::PANICKED, "hook", format!("panicked while {doing}: {said}; the function's log says where"))
}

pub(crate) fn out_of_time(progress: &Progress, after: Duration, by_the_plan: bool) -> Message {
    let doing = progress.known().doing;
    let (limit, advice) = if by_the_plan {
        ("the plan's budget.total", "raise it, or let the plan do less at this event")
    } else {
        (
            "the function's timeout less the report's reserve",
            "raise the function's timeout, or let the plan do less at this event",
        )
    };
    let text = format!("out of time after {:.0}s ({limit}) while {doing}; {advice}", after.as_secs_f64());
    Message::new(codes::OUT_OF_TIME, "hook", text)
}

pub(crate) fn no_time(short: NoTime) -> Message {
    Message::new(
        codes::OUT_OF_TIME,
        "hook",
        format!(
            "no time: {:.0}s left at the start, and at least {}s are needed (twice the report's reserve of {}s); raise the \
             function's timeout or lower budget.report_reserve",
            short.left.as_secs_f64(),
            2 * short.reserve.as_secs(),
            short.reserve.as_secs()
        ),
    )
}
