//! What was read from AWS, as far as a verdict depends on it: plain data, no SDK types, nothing decided.
//!
//! Statuses keep what we do not know as `Other`, so that an unknown value is shown and never passes for a known one.

use std::fmt;

use jiff::Timestamp;

/// Declares a status of AWS: the known names, and `Other` for the rest.
macro_rules! status {
    ($(#[$about:meta])* $name:ident { $($variant:ident = $wire:literal),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub(crate) enum $name {
            $(#[doc = concat!("`", $wire, "`.")] $variant,)+
            /// A value that is not known here, as it came.
            Other(String),
        }

        impl From<&str> for $name {
            fn from(wire: &str) -> Self {
                match wire {
                    $($wire => Self::$variant,)+
                    other => Self::Other(other.to_owned()),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$variant => $wire,)+
                    Self::Other(other) => other,
                })
            }
        }
    };
}

status! {
    /// What a deployment deploys to.
    Platform { Ecs = "ECS", Lambda = "Lambda", Server = "Server" }
}

status! {
    /// How a deployment stands.
    DeploymentStatus {
        Created = "Created", Queued = "Queued", InProgress = "InProgress", Baking = "Baking", Ready = "Ready",
        Succeeded = "Succeeded", Failed = "Failed", Stopped = "Stopped",
    }
}

status! {
    /// How a lifecycle event stands.
    EventStatus {
        Pending = "Pending", InProgress = "InProgress", Succeeded = "Succeeded", Failed = "Failed",
        Skipped = "Skipped", Unknown = "Unknown",
    }
}

status! {
    /// Which side of the deployment CodeDeploy says that a task set is on.
    Label { Blue = "Blue", Green = "Green" }
}

status! {
    /// The part that a task set plays in its service.
    TaskSetStatus { Primary = "PRIMARY", Active = "ACTIVE", Draining = "DRAINING" }
}

status! {
    /// What a load balancer says of a target.
    TargetState {
        Initial = "initial", Healthy = "healthy", Unhealthy = "unhealthy", UnhealthyDraining = "unhealthy.draining",
        Unused = "unused", Draining = "draining", Unavailable = "unavailable",
    }
}

status! {
    /// What a listener speaks. HTTP and HTTPS are an Application Load Balancer's, the others a Network Load Balancer's.
    Protocol { Http = "HTTP", Https = "HTTPS", Tcp = "TCP", Tls = "TLS", Udp = "UDP", TcpUdp = "TCP_UDP" }
}

status! {
    /// How far a task has come.
    TaskStatus {
        Provisioning = "PROVISIONING", Pending = "PENDING", Activating = "ACTIVATING", Running = "RUNNING",
        Deactivating = "DEACTIVATING", Stopping = "STOPPING", Deprovisioning = "DEPROVISIONING", Stopped = "STOPPED",
    }
}

/// `GetDeployment`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deployment {
    pub(crate) id: String,
    pub(crate) application: String,
    pub(crate) group: String,
    pub(crate) platform: Platform,
    pub(crate) status: DeploymentStatus,
    /// `CodeDeployDefault.ECSAllAtOnce`, ….
    pub(crate) configuration: Option<String>,
    /// `creator` is `codeDeployRollback`.
    pub(crate) created_by_rollback: bool,
    /// The deployment that this one rolls back.
    pub(crate) rolls_back: Option<String>,
    /// When it was created.
    pub(crate) began: Option<Timestamp>,
}

/// The ECS target of `BatchGetDeploymentTargets`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DeploymentTarget {
    pub(crate) cluster: String,
    pub(crate) service: String,
    pub(crate) events: Vec<LifecycleEvent>,
    pub(crate) task_sets: Vec<LabelledTaskSet>,
}

/// One lifecycle event of the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LifecycleEvent {
    pub(crate) name: String,
    pub(crate) status: EventStatus,
}

/// A task set as CodeDeploy shows it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LabelledTaskSet {
    pub(crate) id: String,
    /// Absent in old captures (ECS developer guide, 2018).
    pub(crate) label: Option<Label>,
}

/// A task set as ECS shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TaskSet {
    pub(crate) id: String,
    /// The CodeDeploy deployment that created it; the service's first one has none.
    pub(crate) external_id: Option<String>,
    pub(crate) status: TaskSetStatus,
    pub(crate) task_definition: String,
    /// ARNs.
    pub(crate) target_groups: Vec<String>,
    /// How many tasks it should run: desired count times scale.
    pub(crate) desired: usize,
}

/// What `GetDeploymentGroup` says of traffic. ARNs of listeners, names of target groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) production: Vec<String>,
    pub(crate) test: Vec<String>,
    pub(crate) pair: Vec<String>,
}

/// What a listener of the deployment group is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// It serves the world.
    Production,
    /// It serves the replacement task set before the world sees it.
    Test,
}

impl Role {
    /// The word for it in evidence and messages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Test => "test",
        }
    }
}

/// A listener with all of its rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listener {
    pub(crate) role: Role,
    pub(crate) arn: String,
    pub(crate) port: Option<u16>,
    pub(crate) protocol: Protocol,
    pub(crate) load_balancer: String,
    /// What it does with a request that no rule is for.
    pub(crate) default: Actions,
    /// Every rule except the default one. A Network Load Balancer's listeners have none.
    pub(crate) rules: Vec<Rule>,
}

/// A rule of a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) arn: String,
    pub(crate) actions: Actions,
}

/// What a listener or a rule does with a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Actions {
    /// Where it is forwarded to; empty where it is answered or redirected.
    pub(crate) forwards: Vec<Forward>,
    /// One client may keep being sent to the same target group.
    pub(crate) sticky: bool,
    /// Actions that are no forward, by their type: `redirect`, `fixed-response`, `authenticate-oidc`, …. Where there is a
    /// forward as well, they come before it.
    pub(crate) others: Vec<String>,
}

/// One share of a forward action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Forward {
    /// The target group's ARN.
    pub(crate) target_group: String,
    pub(crate) weight: u32,
}

/// The address of a load balancer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LoadBalancer {
    pub(crate) arn: String,
    pub(crate) dns_name: String,
}

/// A target group of the deployment group's pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TargetGroup {
    pub(crate) arn: String,
    pub(crate) name: String,
}

/// One target and its health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// An IP address or the id of an EC2 instance.
    pub(crate) id: String,
    pub(crate) port: Option<u16>,
    pub(crate) state: TargetState,
    /// `Target.ResponseCodeMismatch`, …; a healthy target has none.
    pub(crate) reason: Option<String>,
    pub(crate) description: Option<String>,
}

impl Target {
    /// `10.0.3.7:80`, `i-0a1b2c3d4e5f60718:32768`.
    pub(crate) fn address(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.id),
            None => self.id.clone(),
        }
    }
}

/// A task as ECS describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Task {
    pub(crate) arn: String,
    pub(crate) status: TaskStatus,
    /// ARN.
    pub(crate) task_definition: String,
    /// `service:<name>`.
    pub(crate) group: Option<String>,
    /// Of a service's task: `ecs-svc/<digits>`, which for a task set is its id as far as is known (aws-facts, U).
    pub(crate) started_by: Option<String>,
    pub(crate) containers: Vec<Container>,
    /// Its own addresses, where it has network interfaces of its own (`awsvpc`).
    pub(crate) addresses: Vec<String>,
    /// ARN of the container instance that it runs on; Fargate has none.
    pub(crate) container_instance: Option<String>,
}

/// A container of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Container {
    pub(crate) name: String,
    pub(crate) image: String,
    /// `sha256:…`.
    pub(crate) digest: Option<String>,
    /// The ports under which its host reaches it, where ECS names any.
    pub(crate) host_ports: Vec<u16>,
}

/// Everything that routing is attested from, read at one time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Facts {
    pub(crate) deployment: Deployment,
    pub(crate) target: DeploymentTarget,
    pub(crate) task_sets: Vec<TaskSet>,
    pub(crate) group: Group,
    pub(crate) listeners: Vec<Listener>,
    pub(crate) load_balancers: Vec<LoadBalancer>,
    pub(crate) target_groups: Vec<TargetGroup>,
}

impl Facts {
    /// The name of a target group: from the pair, or from the ARN itself (`…:targetgroup/<name>/<id>`).
    pub(crate) fn target_group_name<'a>(&'a self, arn: &'a str) -> &'a str {
        self.target_groups
            .iter()
            .find(|group| group.arn == arn)
            .map(|group| group.name.as_str())
            .or_else(|| arn.split_once(":targetgroup/").and_then(|(_, rest)| rest.split('/').next()))
            .unwrap_or(arn)
    }

    /// Whether a target group is one of the two that this deployment group switches between.
    pub(crate) fn in_pair(&self, arn: &str) -> bool {
        self.target_groups.iter().any(|group| group.arn == arn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_status_is_kept_as_it_came() {
        assert_eq!(DeploymentStatus::from("InProgress"), DeploymentStatus::InProgress);
        assert_eq!(DeploymentStatus::from("Paused"), DeploymentStatus::Other("Paused".to_owned()));
        assert_eq!(DeploymentStatus::from("Paused").to_string(), "Paused");
        assert_eq!(TargetState::from("HEALTHY"), TargetState::Other("HEALTHY".to_owned()));
    }
}
