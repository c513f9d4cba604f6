//! The AWS calls of the self-test: one of each that this plan will need. What only a deployment names is asked of something
//! that does not exist, because any answer shows that there is a way to the endpoint, and how long it takes. What the plan
//! names itself, alarms and metrics, is asked by its name, and must be answered.

use greenlight_checks::cloudwatch::MetricQuery;
use greenlight_checks::plan::Plan;
use jiff::Timestamp;

use super::finding::Finding;
use super::{SelfTest, rules};
use crate::clock;
use crate::invocation::DeploymentId;
use crate::roll_call::RollCall;

/// A name that nothing has, so that a service answers that there is no such thing.
const NOBODY: &str = "greenlight-self-test";
/// In the form of a target group's ARN, without which the load balancer answers about the form.
const NO_TARGET_GROUP: &str =
    "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/greenlight-self-test/0000000000000000";

impl SelfTest<'_> {
    /// Those that every plan needs.
    pub(super) async fn calls_of_every_plan(&self) -> Vec<Finding> {
        let nobody = DeploymentId("d-000000000".to_owned());
        let names = [NOBODY.to_owned()];
        let (codedeploy, ecs, load_balancing, health) = tokio::join!(
            self.seen("codedeploy", async { rules::reached("codedeploy", &self.aws.deployment(&nobody).await) }),
            self.seen("ecs", async { rules::reached("ecs", &self.aws.task_sets(NOBODY, NOBODY).await) }),
            self.seen("elasticloadbalancing", async {
                rules::reached("elasticloadbalancing", &self.aws.target_groups(&names).await)
            }),
            self.seen("target-health", async {
                rules::reached("target-health", &self.aws.targets(NO_TARGET_GROUP).await)
            }),
        );
        vec![codedeploy, ecs, load_balancing, health]
    }

    /// Those that this plan needs at this event; without a plan nobody knows.
    pub(super) async fn calls_of_this_plan(&self, plan: Option<&Plan>) -> Vec<Finding> {
        let Some((plan, checks)) = plan.and_then(|plan| Some((plan, plan.for_event(self.event).ok()?))) else {
            return Vec::new();
        };
        let tasks = async {
            if !RollCall::is_wanted(&plan.attest) {
                return Vec::new();
            }
            let nobody = [NOBODY.to_owned()];
            let (listed, described) = tokio::join!(
                self.seen("ecs-list-tasks", async {
                    rules::reached("ecs-list-tasks", &self.aws.task_arns(NOBODY, NOBODY).await)
                }),
                self.seen("ecs-describe-tasks", async {
                    rules::reached("ecs-describe-tasks", &self.aws.described_tasks(NOBODY, &nobody).await)
                }),
            );
            vec![listed, described]
        };
        let (names, queries) = (checks.alarms(), checks.metrics());
        let alarms = async {
            if names.is_empty() {
                return None;
            }
            let look = async { rules::alarms(&names, &self.aws.alarms(&names).await) };
            Some(self.seen(rules::ALARMS, look).await)
        };
        let metrics = async {
            if queries.is_empty() {
                return None;
            }
            Some(self.seen(rules::METRICS, self.metrics(&queries)).await)
        };
        let (mut findings, alarms, metrics) = tokio::join!(tasks, alarms, metrics);
        findings.extend(alarms);
        findings.extend(metrics);
        findings
    }

    /// The last whole period of each. Whether there is a value is no matter of the wiring.
    async fn metrics(&self, queries: &[&MetricQuery]) -> Finding {
        let mut values = 0;
        for query in queries {
            let period = i64::from(query.period_seconds);
            let to = clock::timestamp().as_second().div_euclid(period) * period;
            let at = |second| Timestamp::from_second(second).unwrap_or_default();
            match self.aws.metric(query, at(to - period), at(to)).await {
                Ok(found) => values += usize::from(!found.is_empty()),
                Err(error) => return rules::metrics(&Err(error)),
            }
        }
        rules::metrics(&Ok((queries.len(), values)))
    }
}
