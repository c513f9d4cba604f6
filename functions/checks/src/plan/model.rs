//! What a check plan says, once it has been read: every value typed, every reference resolved. It cannot be built wrong
//! from outside, and it reads nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::approval::Approval;
use super::attest::Attest;
use super::kind::Kind;
use super::mode::Mode;
use crate::authorities::Authorities;
use crate::cloudwatch::MetricQuery;
use crate::event::HookEvent;
use crate::evidence::{PlanIdentity, Severity};
use crate::message::{Message, codes};
use crate::secrets::Secrets;

/// A valid plan.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where it was read from, and what it was.
    pub(crate) identity: PlanIdentity,
    /// Whether its checks decide.
    pub mode: Mode,
    /// How time is divided.
    pub budget: Budget,
    /// Where the two versions are reached.
    pub endpoints: EndpointSpecs,
    /// What must be proven besides the checks.
    pub attest: Attest,
    pub(crate) hooks: BTreeMap<HookEvent, Vec<String>>,
    pub(crate) checks: Vec<Check>,
    pub(crate) secrets: Secrets,
}

/// How the time of a hook is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Bound on everything, stabilising included; none is the time left minus the reserve.
    pub total: Option<Duration>,
    /// Kept for evidence and report; 30 s unless the plan says otherwise, at least 10 s.
    pub report_reserve: Duration,
    /// How long "not ready yet" is tolerated; 60 s unless the plan says otherwise.
    pub stabilise: Duration,
}

impl Default for Budget {
    fn default() -> Self {
        Self { total: None, report_reserve: Duration::from_secs(30), stabilise: Duration::from_secs(60) }
    }
}

/// The endpoints of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointSpecs {
    /// The version under test; the test listener unless the plan says otherwise.
    pub green: EndpointSpec,
    /// The version that serves; the production listener unless the plan says otherwise.
    pub blue: EndpointSpec,
}

/// How one version is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointSpec {
    /// The way there.
    pub via: Via,
    /// `Host` (and SNI), apart from the address.
    pub host: Option<String>,
    /// Whom its certificate must come from; without it, those that the machine trusts.
    pub ca: Option<Authorities>,
}

/// The way to a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Via {
    /// The deployment group's test listener.
    TestListener,
    /// The deployment group's production listener.
    ProductionListener,
    /// An address of the plan's own.
    Url(String),
}

/// One check.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    pub(crate) id: String,
    /// `checks.yaml:38`.
    pub(crate) place: String,
    pub(crate) kind: Kind,
    pub(crate) severity: Severity,
    pub(crate) inconclusive_excused: bool,
    /// One attempt, from connect to the last byte.
    pub(crate) timeout: Duration,
    pub(crate) retry: Option<Retry>,
    pub(crate) after: Vec<String>,
}

/// Repeated attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Retry {
    /// Counted from the first attempt.
    pub(crate) until: Duration,
    pub(crate) every: Duration,
    /// This many consecutive attempts must pass.
    pub(crate) pass_after: u32,
}

/// The checks of one event, in the plan's order.
#[derive(Clone, Debug)]
pub struct EventPlan {
    /// Whether every check is run, whatever another one came to.
    pub(crate) observed: bool,
    pub(crate) checks: Vec<Check>,
    /// Who is asked once they have passed.
    pub(crate) approval: Option<Approval>,
    /// What they must not show.
    pub(crate) secrets: Secrets,
}

impl EventPlan {
    /// The ids of the checks, in the plan's order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.checks.iter().map(|check| check.id.as_str())
    }

    /// The person who is asked once all checks have passed, where there is one. A plan that only observes asks nobody.
    pub fn approval(&self) -> Option<&Approval> {
        self.approval.as_ref().filter(|_| !self.observed)
    }

    /// Whether any check asks CloudWatch.
    pub fn asks_cloudwatch(&self) -> bool {
        self.checks.iter().any(|check| check.kind.asks_cloudwatch())
    }

    /// The names of the alarms that its checks ask about, each once.
    pub fn alarms(&self) -> Vec<String> {
        let names = self.checks.iter().flat_map(|check| match &check.kind {
            Kind::Alarm(alarm) => alarm.names.as_slice(),
            _ => &[],
        });
        names.collect::<BTreeSet<_>>().into_iter().cloned().collect()
    }

    /// The metrics that its checks ask for.
    pub fn metrics(&self) -> Vec<&MetricQuery> {
        let metrics = self.checks.iter().filter_map(|check| match &check.kind {
            Kind::Metric(metric) => Some(&metric.query),
            _ => None,
        });
        metrics.collect()
    }

    /// Whether any check asks the service itself. The others look at what stands before or beside it.
    pub fn asks_the_service(&self) -> bool {
        self.checks.iter().any(|check| check.kind.asks_the_service())
    }
}

impl Plan {
    /// Where it was read from, and the SHA-256 of its bytes.
    pub fn identity(&self) -> &PlanIdentity {
        &self.identity
    }

    /// The checks of one event.
    ///
    /// # Errors
    ///
    /// [`codes::PLAN_EMPTY_FOR_EVENT`] where the plan lists none: nothing would be validated.
    pub fn for_event(&self, event: HookEvent) -> Result<EventPlan, Message> {
        let listed = self.hooks.get(&event).map(Vec::as_slice).unwrap_or_default();
        let checks: Vec<Check> = self.checks.iter().filter(|check| listed.contains(&check.id)).cloned().collect();
        if checks.is_empty() {
            return Err(Message::new(
                codes::PLAN_EMPTY_FOR_EVENT,
                "plan",
                format!(
                    "this function runs as {event} but the plan lists no checks for it; nothing would be validated"
                ),
            )
            .at(self.identity.source.clone()));
        }
        Ok(self.with_secrets(checks))
    }

    /// The checks that any event lists, each once: for a run that no deployment asks for.
    pub fn for_every_event(&self) -> EventPlan {
        let listed = |check: &&Check| self.hooks.values().any(|ids| ids.contains(&check.id));
        self.with_secrets(self.checks.iter().filter(listed).cloned().collect())
    }

    /// These checks, whoever lists them.
    ///
    /// # Errors
    ///
    /// The first id that is none of the plan's.
    pub fn for_checks<'a>(&self, ids: &'a [String]) -> Result<EventPlan, &'a str> {
        if let Some(unknown) = ids.iter().find(|id| self.checks.iter().all(|check| check.id != **id)) {
            return Err(unknown);
        }
        Ok(self.with_secrets(self.checks.iter().filter(|check| ids.contains(&check.id)).cloned().collect()))
    }

    /// The ids of all checks, in the plan's order.
    pub fn check_ids(&self) -> impl Iterator<Item = &str> {
        self.checks.iter().map(|check| check.id.as_str())
    }

    fn with_secrets(&self, checks: Vec<Check>) -> EventPlan {
        let approval = checks.iter().find_map(|check| match &check.kind {
            Kind::Approval(asked) => {
                Some(Approval { id: check.id.clone(), from: asked.from.clone(), within: asked.within })
            }
            _ => None,
        });
        let checks: Vec<Check> = checks.into_iter().filter(|check| !matches!(check.kind, Kind::Approval(_))).collect();
        let mut secrets = self.secrets.clone();
        checks.iter().flat_map(|check| check.kind.secrets()).for_each(|value| secrets.add(value));
        EventPlan { observed: matches!(self.mode, Mode::Observe { .. }), checks, approval, secrets }
    }
}
