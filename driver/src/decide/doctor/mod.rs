//! The doctor: what speaks against the next deployment, from facts that were gathered elsewhere. Each check is one claim with an
//! id; what it finds says what is wrong, what will happen, and what to do.
//!
//! What could not be read is a finding too, and never a pass. A check that rests on something that another one found missing
//! says nothing of its own, and is counted as not judged.

#![deny(clippy::wildcard_enum_match_arm)]

#[cfg(test)]
mod cases;
mod checks;
mod circumstances;
pub mod facts;
mod finding;
mod functions;
mod group;
mod revision;
mod routing;
#[cfg(test)]
mod tests;

pub use checks::Check;
use facts::Facts;
pub use finding::{Finding, Severity};
use finding::{Judged, Skipped};

/// What was found, and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnosis {
    /// What was found, the worst first, then in the order of the checks.
    pub findings: Vec<Finding>,
    /// Checks that found nothing.
    pub clean: Vec<Check>,
    /// Checks of something that this deployment does not have.
    pub inapplicable: Vec<Check>,
    /// Checks that rest on something that another one found missing.
    pub behind: Vec<Check>,
}

impl Diagnosis {
    /// Findings of this severity.
    pub fn of(&self, severity: Severity) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.severity == severity)
    }

    /// Whether a deployment would fail, or do harm.
    pub fn blocks(&self) -> bool {
        self.of(Severity::Blocking).next().is_some()
    }
}

/// Every check.
pub fn examine(facts: &Facts) -> Diagnosis {
    diagnose(facts, &Check::ALL)
}

/// The checks that can block and cost few calls: what is asked before every deployment.
pub fn preflight(facts: &Facts) -> Diagnosis {
    let checks: Vec<Check> = Check::ALL.into_iter().filter(|check| check.is_in_preflight()).collect();
    diagnose(facts, &checks)
}

fn diagnose(facts: &Facts, checks: &[Check]) -> Diagnosis {
    let mut diagnosis = Diagnosis::default();
    for check in checks {
        match judge(*check, facts) {
            Ok(found) if found.is_empty() => diagnosis.clean.push(*check),
            Ok(found) => diagnosis.findings.extend(found),
            Err(Skipped::Inapplicable) => diagnosis.inapplicable.push(*check),
            Err(Skipped::Behind) => diagnosis.behind.push(*check),
        }
    }
    diagnosis.findings.sort_by_key(|finding| (finding.severity, finding.check));
    diagnosis
}

fn judge(check: Check, facts: &Facts) -> Judged {
    match check {
        Check::Group => group::group(facts),
        Check::Service => group::service(facts),
        Check::Controller => group::controller(facts),
        Check::TargetGroups => routing::target_groups(facts),
        Check::TargetGroupInUse => routing::target_group_in_use(facts),
        Check::ProductionListener => routing::production_listener(facts),
        Check::TestListener => routing::test_listener(facts),
        Check::OneLoadBalancer => routing::one_load_balancer(facts),
        Check::NetworkLoadBalancer => routing::network_load_balancer(facts),
        Check::Stickiness => routing::stickiness(facts),
        Check::Validation => functions::validation(facts),
        Check::FunctionActive => functions::active(facts),
        Check::FunctionArchitecture => functions::architecture(facts),
        Check::FunctionTimeout => functions::timeout(facts),
        Check::MayInvoke => functions::may_invoke(facts),
        Check::MayReport => functions::may_report(facts),
        Check::MayPass => revision::may_pass(facts),
        Check::Container => revision::container(facts),
        Check::Images => revision::images(facts),
        Check::AppSpec => revision::appspec(facts),
        Check::Plan => revision::plan(facts),
        Check::ActiveDeployment => circumstances::active_deployment(facts),
        Check::AlarmLimit => circumstances::alarm_limit(facts),
        Check::AlarmState => circumstances::alarm_state(facts),
        Check::AlarmOfTestTraffic => circumstances::alarm_of_test_traffic(facts),
        Check::Rollback => circumstances::rollback(facts),
        Check::DesiredCount => circumstances::desired_count(facts),
        Check::Scaling => circumstances::scaling(facts),
        Check::SelfTest => functions::self_test(facts),
        Check::Suspension => circumstances::suspension(facts),
    }
}

/// The last part of an ARN's resource that people know a thing by.
fn short(arn: &str) -> &str {
    match arn.split_once(":targetgroup/") {
        Some((_, rest)) => rest.split('/').next().unwrap_or(rest),
        None => arn.rsplit('/').next().unwrap_or(arn),
    }
}

/// `a, b and c`.
fn listed<T: AsRef<str>>(names: &[T]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [only] => only.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}
