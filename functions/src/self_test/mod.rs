//! The self-test: `{"greenlight": "self-test"}` lets a function look at its own wiring from where it runs, without a
//! deployment. It reads, resolves and connects, writes one small object where an evidence bucket is configured, and reports
//! nothing to CodeDeploy.

mod calls;
mod finding;
mod rules;

use std::sync::Arc;
use std::time::Duration;

use greenlight_checks::event::HookEvent;
use greenlight_checks::plan::{Plan, Via};
use serde_json::{Value, json};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use self::finding::Finding;
use crate::aws::Aws;
use crate::environment::Environment;
use crate::evidence_store::{EvidenceStore, Kept};
use crate::facts::{Listener, Role};
use crate::{clock, plan_source};

/// The version of the answer's shape.
const SCHEMA: u32 = 1;
/// No finding takes longer; it is longer than the plan's source and the SDK's retries take.
const WITHIN: Duration = Duration::from_secs(25);
/// Kept for the answer.
const FAREWELL: Duration = Duration::from_secs(1);
const CONNECT: Duration = Duration::from_secs(2);

/// What one self-test needs.
#[derive(Debug)]
pub(crate) struct SelfTest<'a> {
    pub(crate) event: HookEvent,
    pub(crate) environment: &'a Arc<Environment>,
    pub(crate) aws: &'a Aws,
    pub(crate) store: &'a EvidenceStore,
    pub(crate) left: Duration,
}

/// Whether a payload asks for the self-test.
pub(crate) fn is_asked(payload: &Value) -> bool {
    payload["greenlight"] == "self-test"
}

impl SelfTest<'_> {
    /// Looks at everything, and answers with what was found.
    pub(crate) async fn run(&self, payload: &Value) -> Value {
        let plan = self.plan();
        let ((plan, found), calls, bucket) =
            async { tokio::join!(plan, self.calls_of_every_plan(), self.bucket()) }.await;
        let mut findings = vec![found, rules::time(self.left, plan.as_ref()), rules::memory(self.environment.memory())];
        findings.extend(calls);
        findings.push(bucket);
        findings.extend(self.calls_of_this_plan(plan.as_ref()).await);
        findings.extend(self.listeners(payload, plan.as_ref()).await);
        findings.extend(unknown_fields(payload));
        let ok = findings.iter().all(|finding| finding.ok != Some(false));
        for finding in &findings {
            tracing::info!(finding = finding.id, ok = finding.ok, took_ms = finding.took_ms, "{}", finding.text);
        }
        let unknown: Vec<&str> =
            findings.iter().filter(|finding| finding.ok.is_none()).map(|finding| finding.id.as_str()).collect();
        json!({
            "greenlight": "self-test",
            "schema": SCHEMA,
            "function": self.environment.function(),
            "event": self.event,
            "ok": ok,
            "not_checked": unknown,
            "findings": findings,
        })
    }

    async fn plan(&self) -> (Option<Plan>, Finding) {
        let load = plan_source::load(Arc::clone(self.environment), self.aws.clone());
        let (plan, finding) = self
            .timed("plan", async {
                let plan = load.await;
                let finding = rules::plan(&plan, self.event);
                (plan.ok(), finding)
            })
            .await;
        (plan, finding)
    }

    async fn bucket(&self) -> Finding {
        self.seen("evidence-bucket", async {
            match self.store.try_out(self.event).await {
                Kept::At(object) => Finding::good("evidence-bucket", format!("{object} was written")),
                Kept::Failed(reason) => Finding::bad(
                    "evidence-bucket",
                    reason,
                    "evidence stays in the log only, and a retry in a new process runs the checks again",
                ),
                Kept::Nowhere => Finding::unknown(
                    "evidence-bucket",
                    "no evidence bucket is configured",
                    "set GREENLIGHT_EVIDENCE_BUCKET to keep evidence beyond the log",
                ),
            }
        })
        .await
    }

    /// The listeners that the checks go through, and the way to each.
    async fn listeners(&self, payload: &Value, plan: Option<&Plan>) -> Vec<Finding> {
        let named = |field: &str, variable: &str| {
            let field = payload[field].as_str().filter(|name| !name.is_empty());
            field.or(self.environment.get(variable).filter(|name| !name.is_empty())).map(str::to_owned)
        };
        let mut findings = Vec::new();
        if let Some(Via::Url(url)) = plan.map(|plan| &plan.endpoints.green.via) {
            findings.push(self.seen("endpoints.green", reach("endpoints.green", url)).await);
        }
        let group = named("application", "GREENLIGHT_APPLICATION")
            .zip(named("deployment_group", "GREENLIGHT_DEPLOYMENT_GROUP"));
        let Some((application, group)) = group else {
            findings.push(Finding::unknown(
                "listeners",
                "no deployment group is named, and its listeners were not looked at",
                "send \"application\" and \"deployment_group\" with the event, or set GREENLIGHT_APPLICATION and \
                 GREENLIGHT_DEPLOYMENT_GROUP",
            ));
            return findings;
        };
        let (known, finding) = self
            .timed("deployment-group", async {
                let known = self.aws.group(&application, &group).await;
                let finding = rules::read("deployment-group", &known, |known| {
                    format!(
                        "{application}/{group} has {} production and {} test listener(s)",
                        known.production.len(),
                        known.test.len()
                    )
                });
                (known.ok(), finding)
            })
            .await;
        findings.push(finding);
        let Some(known) = known else { return findings };
        for (role, arns) in [(Role::Production, &known.production), (Role::Test, &known.test)] {
            let id = format!("listener-{}", role.name());
            let (listeners, finding) = self
                .timed(&id, async {
                    let listeners = self.aws.listeners(role, arns).await;
                    let finding = rules::read(&id, &listeners, |listeners| format!("{} read", listeners.len()));
                    (listeners.ok(), finding)
                })
                .await;
            match listeners {
                None => findings.push(finding),
                Some(listeners) if listeners.is_empty() && role == Role::Test => {
                    findings.extend(rules::test_listener_missing(plan, &group));
                }
                Some(listeners) => {
                    for listener in listeners {
                        findings.push(self.seen(&id, self.way_to(&id, &listener)).await);
                    }
                }
            }
        }
        findings
    }

    async fn way_to(&self, id: &str, listener: &Listener) -> Finding {
        let found = self.aws.load_balancers(std::slice::from_ref(&listener.load_balancer)).await;
        let name = match &found {
            Ok(found) => found.first().map(|found| found.dns_name.clone()).unwrap_or_default(),
            Err(_) => return rules::read(id, &found, |_| String::new()),
        };
        match listener.port {
            Some(port) if !name.is_empty() => connect(id, &name, port).await,
            _ => Finding::unknown(id, format!("{} has no port or no DNS name", listener.arn), "look at the listener"),
        }
    }

    async fn seen(&self, id: &str, look: impl Future<Output = Finding>) -> Finding {
        self.timed(id, async { (None::<()>, look.await) }).await.1
    }

    /// Bounds one look and says how long it took.
    async fn timed<T>(&self, id: &str, look: impl Future<Output = (Option<T>, Finding)>) -> (Option<T>, Finding) {
        let started = clock::now();
        let within = WITHIN.min(self.left.saturating_sub(FAREWELL));
        let (value, finding) = timeout(within, look).await.unwrap_or_else(|_| {
            let text = format!("not found out within {:.0}s", within.as_secs_f64());
            (None, Finding::bad(id, text, "look at the function's network and its timeout"))
        });
        (value, finding.took(clock::now().duration_since(started)))
    }
}

async fn reach(id: &str, url: &str) -> Finding {
    let parsed = reqwest::Url::parse(url).ok();
    let target = parsed.as_ref().and_then(|url| Some((url.host_str()?, url.port_or_known_default()?)));
    match target {
        Some((host, port)) => connect(id, host.trim_matches(['[', ']']), port).await,
        None => Finding::bad(id, format!("{url:?} names no host"), "give endpoints.green a URL with a host"),
    }
}

/// Resolves and connects; nothing is sent.
async fn connect(id: &str, host: &str, port: u16) -> Finding {
    let way = "let the function's subnets and security group reach it";
    let addresses: Vec<_> = match lookup_host((host, port)).await {
        Ok(addresses) => addresses.collect(),
        Err(error) => return Finding::bad(id, format!("{host} cannot be resolved: {error}"), way),
    };
    let mut refused = format!("{host} has no address");
    for address in addresses {
        match timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(_)) => return Finding::good(id, format!("{host}:{port} is {address} and accepts connections")),
            Ok(Err(error)) => refused = format!("{host}:{port} ({address}) cannot be reached: {error}"),
            Err(_) => {
                refused =
                    format!("{host}:{port} ({address}) cannot be reached: no answer within {}s", CONNECT.as_secs());
            }
        }
    }
    Finding::bad(id, refused, way)
}

/// A misspelt field would leave the group unnamed.
fn unknown_fields(payload: &Value) -> Option<Finding> {
    let known = ["greenlight", "application", "deployment_group"];
    let unknown: Vec<&str> = payload
        .as_object()
        .into_iter()
        .flat_map(|fields| fields.keys())
        .map(String::as_str)
        .filter(|name| !known.contains(name))
        .collect();
    (!unknown.is_empty()).then(|| {
        Finding::bad(
            "event",
            format!("the event has unknown fields: {}", unknown.join(", ")),
            "a self-test takes \"application\" and \"deployment_group\"",
        )
    })
}
