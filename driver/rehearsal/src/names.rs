//! Names and ARNs of everything in the stand-in's one account and region.

use crate::identifiers::tail;
use crate::scenario::Scenario;

/// The region of all ARNs.
pub(crate) const REGION: &str = "us-east-1";
/// The account of all ARNs.
pub(crate) const ACCOUNT: &str = "123456789012";

/// What things are called in one scenario.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    pub(crate) cluster: String,
    pub(crate) service: String,
    pub(crate) application: String,
    pub(crate) group: String,
    pub(crate) test_listener: bool,
    /// The load balancer is a Network Load Balancer, by name.
    pub(crate) network: bool,
}

impl Names {
    pub(crate) fn of(scenario: &Scenario) -> Self {
        Self {
            cluster: scenario.cluster.clone(),
            service: scenario.service.clone(),
            application: scenario.application.clone(),
            group: scenario.deployment_group.clone(),
            test_listener: scenario.test_listener,
            network: scenario.ailments.network_load_balancer,
        }
    }

    pub(crate) fn cluster_arn(&self) -> String {
        ecs(&format!("cluster/{}", self.cluster))
    }

    pub(crate) fn service_arn(&self) -> String {
        ecs(&format!("service/{}/{}", self.cluster, self.service))
    }

    pub(crate) fn task_set_arn(&self, id: &str) -> String {
        ecs(&format!("task-set/{}/{}/{id}", self.cluster, self.service))
    }

    pub(crate) fn task_arn(&self, id: &str) -> String {
        ecs(&format!("task/{}/{id}", self.cluster))
    }

    /// The deployment's target: `<cluster>:<service>`.
    pub(crate) fn target_id(&self) -> String {
        format!("{}:{}", self.cluster, self.service)
    }

    pub(crate) fn load_balancer_arn(&self) -> String {
        elb(&format!("loadbalancer/{}/{}/{}", self.kind(), self.service, tail(&self.service)))
    }

    pub(crate) fn production_listener(&self) -> String {
        self.listener("production")
    }

    pub(crate) fn test_listener(&self) -> Option<String> {
        self.test_listener.then(|| self.listener("test"))
    }

    fn listener(&self, which: &str) -> String {
        let (service, listener) = (tail(&self.service), tail(&format!("{} {which}", self.service)));
        elb(&format!("listener/{}/{}/{service}/{listener}", self.kind(), self.service))
    }

    const fn kind(&self) -> &'static str {
        if self.network { "net" } else { "app" }
    }

    /// Names of the two target groups; the first serves at the start.
    pub(crate) fn target_groups(&self) -> [String; 2] {
        [format!("{}-a", self.service), format!("{}-b", self.service)]
    }

    pub(crate) fn target_group_arn(name: &str) -> String {
        elb(&format!("targetgroup/{name}/{}", tail(name)))
    }

    pub(crate) fn role_arn(name: &str) -> String {
        format!("arn:aws:iam::{ACCOUNT}:role/{name}")
    }
}

/// ARN of a task definition's revision.
pub(crate) fn task_definition_arn(family: &str, revision: u32) -> String {
    ecs(&format!("task-definition/{family}:{revision}"))
}

/// ARN of a function.
pub(crate) fn function_arn(name: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}")
}

/// The name of a target group, from its ARN.
pub(crate) fn target_group_name(arn: &str) -> &str {
    arn.split('/').nth(1).unwrap_or(arn)
}

/// The last part of an ARN or a path.
pub(crate) fn short(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

fn ecs(resource: &str) -> String {
    format!("arn:aws:ecs:{REGION}:{ACCOUNT}:{resource}")
}

fn elb(resource: &str) -> String {
    format!("arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:{resource}")
}
