//! Everything outside a plan that its checks need: where the versions are, how long there is, and what watches them. The
//! hook and the driver bring it; nothing here waits or decides.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::authorities::Authorities;
use crate::cloudwatch::CloudWatch;
use crate::evidence::CheckEvidence;
use crate::identity::Witness;

/// Is told of each check once, as it ends. It is called between two steps of the run, so it must not wait.
pub type OnEnd = Arc<dyn Fn(&CheckEvidence) + Send + Sync>;

/// Where a version is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// `http://127.0.0.1:8081`, without a path.
    pub base: String,
    /// `Host` (and SNI), apart from the address.
    pub host: Option<String>,
    /// Whom its certificate must come from; without it, those that the machine trusts.
    pub ca: Option<Authorities>,
    /// What messages call it: `test listener`.
    pub via: String,
}

/// Both versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// The version under test.
    pub green: Option<Endpoint>,
    /// The version that serves.
    pub blue: Option<Endpoint>,
}

/// Until when.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Until then, "not ready yet" is tolerated.
    pub stabilise_until: Instant,
    /// Then, everything ends.
    pub deadline: Instant,
    /// Names this execution in the `Idempotency-Key` of unsafe requests; not a secret.
    pub execution: String,
}

/// What the checks of one event run in.
#[derive(Clone)]
pub struct Surroundings {
    /// Where the versions are.
    pub endpoints: Endpoints,
    /// How long there is.
    pub limits: Limits,
    /// Alarms and metrics, for the checks that ask for them.
    pub cloudwatch: Option<Arc<dyn CloudWatch>>,
    /// When the deployment began; an alarm that was red before says so.
    pub deployment_began: Option<Timestamp>,
    /// Keeps which tasks the answers of the version under test say that they come from, where the plan asks for it.
    pub witness: Option<Arc<Witness>>,
    /// Who wants to see the checks end one by one.
    pub on_end: Option<OnEnd>,
}

impl Surroundings {
    /// Without alarms, metrics, a deployment and a witness.
    pub fn new(endpoints: Endpoints, limits: Limits) -> Self {
        Self { endpoints, limits, cloudwatch: None, deployment_began: None, witness: None, on_end: None }
    }

    /// Tells whoever wants to know that a check has ended.
    pub(crate) fn tell(&self, evidence: &CheckEvidence) {
        if let Some(on_end) = &self.on_end {
            on_end(evidence);
        }
    }
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Surroundings")
            .field("endpoints", &self.endpoints)
            .field("limits", &self.limits)
            .field("cloudwatch", &self.cloudwatch.is_some())
            .field("deployment_began", &self.deployment_began)
            .field("witness", &self.witness)
            .field("on_end", &self.on_end.is_some())
            .finish()
    }
}
