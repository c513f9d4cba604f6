//! The tasks behind the targets: read before the checks and again after them, and who answered in between. What they come to
//! is decided in `roll_call`, `image` and the engine's `identity`.

use std::sync::Arc;

use greenlight_checks::evidence::{CheckEvidence, Standing};
use greenlight_checks::identity::Witness;
use greenlight_checks::message::{Message, codes};
use greenlight_checks::plan::{Attest, EventPlan, Plan};
use tokio::time::{Instant, sleep};

use super::{Examination, SETTLE, SETTLE_POLL};
use crate::aws::ReadError;
use crate::clock;
use crate::discovery;
use crate::facts::{Facts, Target};
use crate::roll_call::RollCall;
use crate::sides::Sides;

/// `sha256:` and twelve digits are enough for people.
const SHORT_DIGEST: usize = 19;

impl Examination {
    /// Reads the tasks until they are what they should be, or have had the time to settle: load balancer and ECS are two
    /// views of one thing, and a task may be replaced between two looks.
    pub(super) async fn call_the_roll(
        &self,
        facts: &Facts,
        sides: &Sides,
        plan: &Plan,
        mut targets: Vec<Target>,
        until: Instant,
    ) -> Result<RollCall, Vec<Message>> {
        self.progress.begins("reading the tasks");
        let until = until.min(clock::now() + SETTLE);
        loop {
            let call = self
                .look(facts, sides, &plan.attest, &targets)
                .await
                .unwrap_or_else(|error| RollCall::unread(&plan.attest, &self.demands(), &error.message().text));
            let refusals = call.refusals(&plan.attest);
            if refusals.is_empty() || clock::now() + SETTLE_POLL >= until {
                self.record_call(&call, plan);
                return if refusals.is_empty() { Ok(call) } else { Err(refusals) };
            }
            sleep(SETTLE_POLL).await;
            if let Ok(read) = self.targets_of(sides).await {
                targets = read;
            }
        }
    }

    /// Reads targets and tasks again after the checks: gives those that may have answered, before or after.
    pub(super) async fn call_again(
        &self,
        facts: &Facts,
        sides: &Sides,
        plan: &Plan,
        before: RollCall,
    ) -> Result<RollCall, Vec<Message>> {
        if !RollCall::is_wanted(&plan.attest) {
            return Ok(before);
        }
        self.progress.begins("reading the tasks again");
        let after = match self.targets_of(sides).await {
            Ok(targets) => self.look(facts, sides, &plan.attest, &targets).await,
            Err(error) => Err(error),
        };
        let (after, compared) = match after {
            Ok(after) => {
                let compared = before.unchanged(&after);
                (after, compared)
            }
            // Nobody knows whether anything changed, and the message must not say that it did.
            Err(error) => {
                let reason = error.message_of_second_look();
                let message = Message::new(codes::TASKS_NOT_ATTESTABLE, "tasks", reason.text);
                (RollCall::unread(&plan.attest, &self.demands(), &message.text), Err(message))
            }
        };
        match compared {
            Ok(()) => self.progress.happened("tasks as before"),
            Err(message) => {
                let refuses = self.record_change(&message, &plan.attest, &before);
                // What is contradicted now decides at every level, like what was before.
                if refuses || !after.refusals(&plan.attest).is_empty() {
                    return Err(vec![message]);
                }
            }
        }
        let mut both = before;
        both.answering.extend(after.answering);
        both.answering.sort_unstable();
        both.answering.dedup();
        Ok(both)
    }

    /// Who answered the checks.
    pub(super) fn identify(
        &self,
        witness: &Arc<Witness>,
        call: &RollCall,
        checks: &EventPlan,
        results: &[CheckEvidence],
    ) -> Result<(), Vec<Message>> {
        let identified = witness.judge(&call.answering, &call.whose, checks.asks_the_service(), results);
        self.progress.update(|known| {
            known.attestation.identity = identified.standing;
            known.attestation.messages.extend(identified.messages.iter().cloned());
        });
        self.summarise(identified.summary);
        match identified.standing {
            Standing::Proven | Standing::NotRequired => Ok(()),
            Standing::Contradicted | Standing::NotAttestable | Standing::Unknown => Err(identified.messages),
        }
    }

    async fn look(
        &self,
        facts: &Facts,
        sides: &Sides,
        attest: &Attest,
        targets: &[Target],
    ) -> Result<RollCall, ReadError> {
        let demands = self.demands();
        if !RollCall::is_wanted(attest) {
            return Ok(RollCall::unread(attest, &demands, ""));
        }
        let present = self.patience.read(|| discovery::present(&self.aws, facts, targets)).await?;
        Ok(RollCall::take(facts, sides, &demands, attest, targets, &present))
    }

    async fn targets_of(&self, sides: &Sides) -> Result<Vec<Target>, ReadError> {
        let target_group = match sides.of(self.demands().targets) {
            Ok(side) => side.target_group.as_str(),
            Err(_) => return Ok(Vec::new()),
        };
        self.patience.read(|| self.aws.targets(target_group)).await
    }

    fn record_call(&self, call: &RollCall, plan: &Plan) {
        self.progress.update(|known| {
            let attestation = &mut known.attestation;
            for (standing, finding) in [
                (&mut attestation.tasks, &call.tasks),
                (&mut attestation.image, &call.image),
                (&mut attestation.identity, &call.identity),
            ] {
                *standing = finding.standing;
                attestation.messages.extend(finding.messages.iter().cloned());
            }
            attestation.running.clone_from(&call.running);
        });
        if let Some(told) = &call.told {
            self.progress.happened(told.clone());
        }
        if let Some(spec) = plan.attest.image.as_ref().filter(|_| call.image.standing == Standing::Proven) {
            let short = spec.digest.get(..SHORT_DIGEST).unwrap_or(&spec.digest);
            self.summarise(Some(format!("{} is {short} in all {} tasks", spec.container, call.running.len())));
        }
    }

    /// Whether the change decides: it makes unknown what the plan demands.
    fn record_change(&self, message: &Message, attest: &Attest, before: &RollCall) -> bool {
        self.progress.update(|known| {
            let attestation = &mut known.attestation;
            for (standing, finding) in
                [(&mut attestation.tasks, &before.tasks), (&mut attestation.image, &before.image)]
            {
                if finding.standing == Standing::Proven {
                    *standing = Standing::NotAttestable;
                }
            }
            attestation.messages.push(message.clone());
        });
        attest.routing.refuses(Standing::NotAttestable) || attest.image.is_some() || attest.identity.is_some()
    }
}
