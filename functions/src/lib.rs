//! The Lambda hooks: one path from CodeDeploy's event to exactly one report.
//!
//! A binary names its lifecycle event and calls [`serve`]; everything else is here. `hook` is the path, with `plan_source` before
//! the work and `evidence_store` before the report; `self_test` is a path of its own that reports nothing. `watchdog`,
//! `demands`, `stage`, `sides`, `attest`, `targets`, `roll_call` and `image` decide and touch nothing; `aws` touches the world and
//! decides nothing;
//! `examination` reads, waits and hands over. Nothing here answers `Succeeded` without positive evidence.

mod attest;
mod aws;
#[cfg(test)]
mod catalogue_tests;
mod clock;
mod demands;
mod discovery;
mod drill;
mod endpoints;
mod environment;
mod evidence_store;
mod examination;
mod facts;
mod hook;
mod image;
mod invocation;
mod log;
mod memory;
mod metrics;
mod output;
mod patience;
mod plan_source;
mod progress;
mod report;
mod roll_call;
mod self_test;
mod sides;
mod stage;
mod targets;
mod watchdog;
mod web;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use greenlight_checks::event::HookEvent;
use lambda_runtime::{LambdaEvent, Runtime, service_fn};
use serde_json::Value;
use tracing::Instrument;

/// What the Runtime API's client needs and panics without.
const RUNTIME_VARIABLES: [&str; 4] = [
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
];

/// How long the answer to Lambda waits for whoever reads the log.
const LOG_WITHIN: Duration = Duration::from_secs(5);

/// The time keeper must run while the work blocks a thread, even on a fraction of a processor.
const WORKERS: usize = 2;

/// Serves the invocations of one lifecycle event's function until the process is ended.
pub fn serve(event: HookEvent) -> ExitCode {
    let environment = environment::Environment::of_this_process();
    log::start(environment.log());
    if let Some(missing) = RUNTIME_VARIABLES.iter().find(|name| environment.get(name).is_none()) {
        tracing::error!("{missing} is not set: this program is a Lambda function and runs behind a Lambda Runtime API");
        output::last_words();
        return ExitCode::FAILURE;
    }
    // An error means that a provider is installed already, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(serve_until_ended(event, environment)),
        Err(error) => Err(error.into()),
    };
    let code = match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error, "the Runtime API cannot be served any longer");
            ExitCode::FAILURE
        }
    };
    output::last_words();
    code
}

async fn serve_until_ended(
    event: HookEvent,
    environment: environment::Environment,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let aws = aws::Aws::from_environment(&environment).await;
    let hook = Arc::new(hook::Hook::new(event, environment, aws));
    let handler = service_fn(move |call: LambdaEvent<Value>| {
        let hook = Arc::clone(&hook);
        async move {
            let started = clock::now();
            let left = clock::until(call.context.deadline);
            let deployment = call.payload.get("DeploymentId").and_then(Value::as_str).unwrap_or_default().to_owned();
            let span = tracing::info_span!(
                "invocation",
                request_id = call.context.request_id,
                deployment_id = deployment,
                event = %event
            );
            let answer = hook.serve(&call.context.request_id, &call.payload, started, left).instrument(span).await;
            // Lambda freezes a function that has answered, and with it what is not written yet.
            let by = watchdog::answers_by(started, left).saturating_duration_since(clock::now());
            output::written(by.min(LOG_WITHIN)).await;
            answer
        }
    });
    Runtime::new(handler).run().await
}
