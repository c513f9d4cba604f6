//! The work between the event and the verdict: facts, routing, readiness, checks, routing again.
//!
//! It reads, waits and hands over; what the facts mean is decided in `attest`, `targets` and the check engine.
//!
//! A rollback deployment creates no task set, so there is nothing to validate, and a plan's checks would test what is on
//! its way out. AWS was seen not to call hooks then, but does not promise it. To fail a rollback would do harm, and
//! success without evidence is not reported here: the hook attests that there is an original task set to go back to, says
//! in the evidence how far production is, and reports that. The plan is not looked at and no drill is held, because
//! neither a broken plan nor an exercise must stand in the way of going back.

mod tasks;

use std::sync::Arc;
use std::time::Duration;

use greenlight_checks::event::HookEvent;
use greenlight_checks::evidence::{Attestation, CheckEvidence, Decision, Standing, Verdict};
use greenlight_checks::identity::Witness;
use greenlight_checks::message::Message;
use greenlight_checks::observation;
use greenlight_checks::plan::{EventPlan, Plan, Requirement};
use greenlight_checks::run::run;
use greenlight_checks::surroundings::{Endpoints, Limits, Surroundings};
use greenlight_checks::verdict::{Case, decide};
use tokio::time::{Instant, sleep};

use crate::attest::{self, Routing};
use crate::aws::Aws;
use crate::demands::Demands;
use crate::drill::Drill;
use crate::facts::{Deployment, Facts, Target};
use crate::invocation::DeploymentId;
use crate::patience::Patience;
use crate::progress::Progress;
use crate::sides::{Sides, sides};
use crate::targets::Targets;
use crate::{clock, discovery, endpoints, stage};

/// AWS's own views of one deployment lag behind each other; contradictions are believed after this long, or after the
/// plan's stabilise window where that is shorter.
const SETTLE: Duration = Duration::from_secs(3);
const SETTLE_POLL: Duration = Duration::from_millis(500);
/// Between two looks at the targets' health: short at first, since most often nothing is missing but a moment.
const TARGETS_POLL: Duration = Duration::from_millis(250);
const LONGEST_TARGETS_POLL: Duration = Duration::from_secs(2);
/// Kept for reading the routing again after the checks.
const CLOSING: Duration = Duration::from_secs(3);

/// Everything that one examination needs.
#[derive(Debug)]
pub(crate) struct Examination {
    pub(crate) aws: Aws,
    pub(crate) event: HookEvent,
    pub(crate) deployment: DeploymentId,
    /// The execution's hash, which names it where its id must not be seen.
    pub(crate) execution: String,
    pub(crate) plan: Result<Plan, Vec<Message>>,
    pub(crate) drill: Result<Option<Drill>, Message>,
    /// When it is cut off.
    pub(crate) ends: Instant,
    /// How long a denied read may be a permission that is on its way.
    pub(crate) patience: Patience,
    pub(crate) progress: Progress,
}

/// A verdict for reasons that leave nothing to weigh.
pub(crate) fn failed(because: Vec<Message>) -> Verdict {
    Verdict { decision: Decision::Failed, because }
}

impl Examination {
    /// Examines the deployment. Whatever ends it early leaves what was established in the progress.
    pub(crate) async fn verdict(self) -> Verdict {
        self.progress.begins("reading the deployment");
        let deployment = self.patience.read(|| self.aws.deployment(&self.deployment)).await;
        match (&self.plan, deployment) {
            (_, Ok(deployment)) if deployment.created_by_rollback || deployment.rolls_back.is_some() => {
                self.rollback(deployment).await
            }
            (Err(problems), _) => failed(problems.clone()),
            (Ok(plan), deployment) => {
                let verdict = self.validate(plan, deployment).await.unwrap_or_else(failed);
                let (verdict, observed) = observation::under(plan.mode, verdict);
                self.progress.update(|known| known.observed = observed);
                verdict
            }
        }
    }

    /// Validates the replacement task set; an error is a verdict that needs no weighing.
    async fn validate(
        &self,
        plan: &Plan,
        deployment: Result<Deployment, crate::aws::ReadError>,
    ) -> Result<Verdict, Vec<Message>> {
        let checks = plan.for_event(self.event).map_err(|message| vec![message])?;
        let drill = self.drill.clone().map_err(|message| vec![message])?;
        let deployment = deployment.map_err(|error| vec![self.not_attestable(&error.message())])?;
        endpoints::admit(&plan.endpoints.green, &self.demands()).map_err(|message| vec![message])?;
        self.demands().admit(&plan.attest).map_err(|message| vec![message])?;

        let way = endpoints::way(&plan.endpoints.green);
        let stabilise_until = self.ends.min(clock::now() + plan.budget.stabilise);
        let (facts, sides, routing) = self.settled(deployment, &way, plan).await?;
        if plan.attest.routing.refuses(routing.standing) {
            return Err(routing.messages);
        }

        self.progress.begins("waiting for healthy targets");
        let targets = self.await_targets(&facts, &sides, plan, stabilise_until).await?;
        let call = self.call_the_roll(&facts, &sides, plan, targets, stabilise_until).await?;

        self.progress.begins("running the checks");
        let endpoints = Endpoints {
            green: Some(endpoints::resolve(&facts, "green", &plan.endpoints.green).map_err(|message| vec![message])?),
            blue: endpoints::serving(&facts, &plan.endpoints.blue, &self.demands()),
        };
        let witness = plan.attest.identity.as_ref().map(|spec| Arc::new(Witness::of(spec.header.clone())));
        self.progress.happened("checks started");
        let cloudwatch = checks.asks_cloudwatch().then(|| self.aws.cloudwatch(self.patience));
        let surroundings = Surroundings {
            cloudwatch,
            witness: witness.clone(),
            deployment_began: facts.deployment.began,
            ..Surroundings::new(endpoints, self.limits(stabilise_until))
        };
        let results = self.run(&checks, &surroundings, drill).await;
        self.progress.happened("checks ended");

        if routing.standing == Standing::Proven && plan.attest.routing != Requirement::Off {
            self.progress.begins("reading the routing again");
            self.confirm(&facts, &routing, &way, plan).await?;
        }
        let answering = self.call_again(&facts, &sides, plan, call).await?;
        if let Some(witness) = witness {
            self.identify(&witness, &answering, &checks, &results)?;
        }
        self.progress.update(|known| known.approval = checks.approval().cloned());
        let attestation = self.progress.known().attestation;
        let verdict = decide(&Case { attestation: &attestation, routing: plan.attest.routing, checks: &results });
        Ok(match verdict.decision {
            Decision::Succeeded if drill.is_some() => failed(vec![Drill::survived()]),
            Decision::Succeeded | Decision::Failed | Decision::Waiting => verdict,
        })
    }

    /// Reads the facts until they say what they should, or have had the time to settle.
    async fn settled(
        &self,
        deployment: Deployment,
        way: &attest::Way,
        plan: &Plan,
    ) -> Result<(Facts, Sides, Routing), Vec<Message>> {
        self.progress.begins("reading the routing");
        let demands = self.demands();
        let settle_until = self.ends.min(clock::now() + SETTLE.min(plan.budget.stabilise));
        let mut facts = self.read(self.patience.read(|| discovery::facts(&self.aws, &deployment)).await)?;
        endpoints::resolve(&facts, "green", &plan.endpoints.green).map_err(|message| vec![message])?;
        loop {
            let over = clock::now() + SETTLE_POLL >= settle_until;
            let found = stage::confirm(&facts, self.event).and_then(|()| sides(&facts, &demands));
            match found {
                Ok(sides) => {
                    let routing = attest::routing(&facts, &sides, way, &demands);
                    let settled = routing.standing == Standing::Proven || plan.attest.routing == Requirement::Off;
                    if settled || over {
                        self.record_routing(&routing, plan.attest.routing);
                        self.progress.update(|known| known.attestation.notes = attest::notes(&facts, way));
                        return Ok((facts, sides, routing));
                    }
                }
                Err(message) if over => {
                    self.progress.update(|known| known.attestation.routes = attest::routes(&facts));
                    return Err(vec![self.unproven(attest::standing_of(&message), &message)]);
                }
                Err(_) => {}
            }
            sleep(SETTLE_POLL).await;
            facts = self.read(self.patience.read(|| discovery::again(&self.aws, &facts)).await)?;
        }
    }

    const fn demands(&self) -> Demands {
        Demands::at(self.event)
    }

    /// Facts that could not be read are told of in the attestation too.
    fn read<T>(&self, facts: Result<T, crate::aws::ReadError>) -> Result<T, Vec<Message>> {
        facts.map_err(|error| vec![self.not_attestable(&error.message())])
    }

    fn not_attestable(&self, message: &Message) -> Message {
        self.unproven(Standing::NotAttestable, message)
    }

    fn unproven(&self, standing: Standing, message: &Message) -> Message {
        self.progress.update(|known| {
            known.attestation.routing = standing;
            known.attestation.messages.push(message.clone());
        });
        message.clone()
    }

    fn record_routing(&self, routing: &Routing, requirement: Requirement) {
        self.progress.update(|known| {
            let attestation = &mut known.attestation;
            attestation.routes.clone_from(&routing.routes);
            attestation.summary.clone_from(&routing.summary);
            if requirement == Requirement::Off {
                attestation.routing = Standing::NotRequired;
            } else {
                attestation.routing = routing.standing;
                attestation.messages.extend(routing.messages.iter().cloned());
            }
        });
        if routing.standing == Standing::Proven {
            self.progress.happened("routing proven");
        }
    }

    /// Waits until the targets that the event is about suffice, at most until the stabilise window is over.
    async fn await_targets(
        &self,
        facts: &Facts,
        sides: &Sides,
        plan: &Plan,
        until: Instant,
    ) -> Result<Vec<Target>, Vec<Message>> {
        let needed = &plan.attest.targets_healthy;
        let demands = self.demands();
        let side = sides.of(demands.targets).map_err(|message| vec![self.not_attestable(&message)])?;
        let started = clock::now();
        let mut pause = TARGETS_POLL;
        loop {
            let seen = self.patience.read(|| self.aws.targets(&side.target_group)).await;
            let (seen, targets) = match seen {
                Ok(seen) => (seen.clone(), Targets::count(&seen, side.desired)),
                Err(error) => {
                    let message = Message { subject: "targets".to_owned(), ..error.message() };
                    self.record_targets(Standing::NotAttestable, None, Some(message.clone()));
                    return Err(vec![message]);
                }
            };
            if targets.suffice(needed) {
                self.record_targets(Standing::Proven, Some(targets.summary(&demands)), None);
                self.progress.happened(targets.summary(&demands));
                return Ok(seen);
            }
            let now = clock::now();
            if now + pause > until {
                let (standing, message) = targets.insufficient(needed, now.duration_since(started), &demands, facts);
                self.record_targets(standing, Some(targets.summary(&demands)), Some(message.clone()));
                return Err(vec![message]);
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_TARGETS_POLL);
        }
    }

    fn record_targets(&self, standing: Standing, summary: Option<String>, message: Option<Message>) {
        self.progress.update(|known| {
            known.attestation.targets = standing;
            known.attestation.messages.extend(message);
        });
        self.summarise(summary);
    }

    /// Adds a fragment to the one line for people.
    fn summarise(&self, fragment: Option<String>) {
        self.progress.update(|known| {
            let summary = &mut known.attestation.summary;
            let parts: Vec<String> = summary.take().into_iter().chain(fragment).collect();
            *summary = (!parts.is_empty()).then(|| parts.join(", "));
        });
    }

    fn limits(&self, stabilise_until: Instant) -> Limits {
        let left = self.ends.saturating_duration_since(clock::now());
        let deadline = self.ends - CLOSING.min(left / 4);
        Limits { stabilise_until: stabilise_until.min(deadline), deadline, execution: self.execution.clone() }
    }

    /// Runs the checks, and a drill beside them where there is one.
    async fn run(&self, checks: &EventPlan, surroundings: &Surroundings, drill: Option<Drill>) -> Vec<CheckEvidence> {
        let checked = async {
            let results = run(checks, surroundings).await;
            self.progress.update(|known| known.checks.clone_from(&results));
            results
        };
        match drill {
            None => checked.await,
            Some(drill) => tokio::join!(biased; checked, drill.strike()).0,
        }
    }

    /// Reads the routing again: what was proven before the checks must still be so after them.
    async fn confirm(
        &self,
        before: &Facts,
        routing: &Routing,
        way: &attest::Way,
        plan: &Plan,
    ) -> Result<(), Vec<Message>> {
        let (standing, confirmed) = match self.patience.read(|| discovery::again(&self.aws, before)).await {
            Err(error) => (Standing::NotAttestable, Err(error.message_of_second_look())),
            Ok(facts) => match stage::confirm(&facts, self.event).and_then(|()| sides(&facts, &self.demands())) {
                Err(message) => (attest::standing_of(&message), Err(message)),
                Ok(sides) => {
                    let after = attest::routing(&facts, &sides, way, &self.demands());
                    (attest::standing_of_change(&after), attest::unchanged(routing, &after))
                }
            },
        };
        match confirmed {
            Ok(()) => self.progress.happened("routing proven again"),
            Err(message) => {
                self.not_attestable(&message);
                if plan.attest.routing.refuses(standing) {
                    return Err(vec![message]);
                }
            }
        }
        Ok(())
    }

    /// A rollback: see the module's documentation.
    async fn rollback(&self, deployment: Deployment) -> Verdict {
        self.progress.begins("attesting a rollback");
        self.progress.happened("this is a rollback: no checks are run");
        let facts = match self.read(self.patience.read(|| discovery::facts(&self.aws, &deployment)).await) {
            Ok(facts) => facts,
            Err(because) => return failed(because),
        };
        let routing = attest::rollback(&facts);
        self.progress.update(|known| known.attestation = Attestation::not_required());
        self.record_routing(&routing, Requirement::Required);
        match routing.standing {
            Standing::Proven => Verdict { decision: Decision::Succeeded, because: Vec::new() },
            Standing::Contradicted | Standing::NotAttestable | Standing::NotRequired | Standing::Unknown => {
                failed(routing.messages)
            }
        }
    }
}
