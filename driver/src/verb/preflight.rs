//! The preflight of `deploy`: the doctor's checks that can block and cost few calls, before anything is registered. What the
//! deployment has read already is not read again.

use super::gathering::{self, Beginning};
use super::preparation::Preparation;
use crate::aws::Aws;
use crate::clock;
use crate::configuration::Configuration;
use crate::decide::doctor::{self, Check, Severity};
use crate::failure::Failure;
use crate::show::Printer;

/// Tells what was found, and ends the deployment where something blocks.
pub(super) async fn run(
    aws: &Aws,
    configuration: &Configuration,
    preparation: &Preparation,
    skipped: bool,
    printer: &mut Printer,
) -> Result<(), Failure> {
    if skipped {
        skip(printer);
        return Ok(());
    }
    let Preparation { group, service, definition, container, port, bounds, .. } = preparation;
    let load_balancer = Ok((container.clone(), *port));
    let beginning = Beginning {
        group: Ok(group.clone()),
        service: Ok(service.clone()),
        revision: Ok(gathering::revision_of(definition, definition.family().to_owned(), load_balancer)),
        shift: bounds.shift.clone(),
    };
    let diagnosis = doctor::preflight(&gathering::facts(aws, configuration, beginning).await);
    printer.preflight(&diagnosis, clock::now());
    let mut blocking: Vec<&str> = diagnosis.of(Severity::Blocking).map(|finding| finding.check.id()).collect();
    // One check finds one thing a hook.
    blocking.dedup();
    if blocking.is_empty() { Ok(()) } else { Err(Failure::Preflight(blocking.join(", "))) }
}

/// `--skip-preflight`: nobody shall believe that it had passed.
fn skip(printer: &mut Printer) {
    let skipped = Check::ALL.into_iter().filter(|check| check.is_in_preflight());
    let claims: Vec<_> = skipped.map(|check| format!("{} {}", check.id(), check.claim())).collect();
    let text = format!("the preflight is skipped; it is not known whether: {}", claims.join("; "));
    printer.warning(&text, clock::now());
}
