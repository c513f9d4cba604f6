//! Prepares the guard: reads its checks and finds the production listener, before anything is made.

use std::path::Path;
use std::sync::Arc;

use greenlight_checks::plan::{self, Givens, Plan};
use greenlight_checks::surroundings::Endpoint;

use crate::aws::Aws;
use crate::clock;
use crate::configuration::Configuration;
use crate::decide::schedule::Shift;
use crate::document::hint;
use crate::environment;
use crate::failure::Failure;
use crate::show::Printer;
use crate::verb::following::Guard;
use crate::verb::preparation::Preparation;

/// The configured guard.
pub(super) async fn prepare(
    aws: &Aws,
    configuration: &Configuration,
    read: &Preparation,
    printer: &mut Printer,
) -> Result<Option<Guard>, Failure> {
    let Some(settings) = &configuration.guard else { return Ok(None) };
    let Some(path) = &configuration.checks else {
        return Err(Failure::Unfit("guard: its checks are those of a plan; name one with checks:".to_owned()));
    };
    let plan = plan_at(path)?;
    let checks = plan.for_checks(&settings.checks).map_err(|unknown| {
        let near = hint(unknown, plan.check_ids());
        Failure::Unfit(format!("guard: no check {unknown:?} in {}{near}", path.display()))
    })?;
    if read.bounds.shift == Shift::AllAtOnce {
        printer.warning("guard: production traffic shifts all at once, so there is nothing to guard", clock::now());
    }
    let base = match &settings.url {
        Some(url) => url.clone(),
        None => production(aws, read).await?,
    };
    let spec = &plan.endpoints.green;
    let via = settings.url.clone().unwrap_or_else(|| "production listener".to_owned());
    let endpoint = Endpoint { host: spec.host.clone(), ca: spec.ca.clone(), base, via };
    Ok(Some(Guard { checks: Arc::new(checks), every: settings.every, endpoint }))
}

async fn production(aws: &Aws, read: &Preparation) -> Result<String, Failure> {
    let listeners = &read.group.wiring.production;
    let url = aws.listener_url(listeners).await;
    url.map_err(Failure::aws("find the address of the production listener"))?.ok_or_else(|| {
        let text = "guard: the production listener's address cannot be told; say where production is asked with guard: { url: … }";
        Failure::Unfit(text.to_owned())
    })
}

/// Its variables come from here, because its checks run here.
fn plan_at(path: &Path) -> Result<Plan, Failure> {
    let text = std::fs::read_to_string(path).map_err(|source| Failure::File { path: path.to_owned(), source })?;
    let beside = |file: &str| std::fs::read(path.with_file_name(file)).map_err(|error| error.to_string());
    let variable = |name: &str| environment::variable(name);
    let givens = Givens::at(clock::now()).with_variables(&variable).with_secrets(&variable).with_files(&beside);
    plan::read(&text, &path.display().to_string(), &givens).map_err(|errors| Failure::CheckPlan(errors.into()))
}
