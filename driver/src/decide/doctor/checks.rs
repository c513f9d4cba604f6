//! The catalogue: every check with its id, its claim, and the worst that it can find. The README's table is held against it.

use super::Severity;

/// A check, in the order of the ids. An id is never given to another check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each one's claim says what it is")]
pub enum Check {
    Group,
    Service,
    Controller,
    TargetGroups,
    TargetGroupInUse,
    ProductionListener,
    TestListener,
    OneLoadBalancer,
    NetworkLoadBalancer,
    Stickiness,
    Validation,
    FunctionActive,
    FunctionArchitecture,
    FunctionTimeout,
    MayInvoke,
    MayReport,
    MayPass,
    Container,
    Images,
    AppSpec,
    Plan,
    ActiveDeployment,
    AlarmLimit,
    AlarmState,
    AlarmOfTestTraffic,
    Rollback,
    DesiredCount,
    Scaling,
    SelfTest,
    Suspension,
}

impl Check {
    /// All of them.
    pub const ALL: [Self; 30] = [
        Self::Group,
        Self::Service,
        Self::Controller,
        Self::TargetGroups,
        Self::TargetGroupInUse,
        Self::ProductionListener,
        Self::TestListener,
        Self::OneLoadBalancer,
        Self::NetworkLoadBalancer,
        Self::Stickiness,
        Self::Validation,
        Self::FunctionActive,
        Self::FunctionArchitecture,
        Self::FunctionTimeout,
        Self::MayInvoke,
        Self::MayReport,
        Self::MayPass,
        Self::Container,
        Self::Images,
        Self::AppSpec,
        Self::Plan,
        Self::ActiveDeployment,
        Self::AlarmLimit,
        Self::AlarmState,
        Self::AlarmOfTestTraffic,
        Self::Rollback,
        Self::DesiredCount,
        Self::Scaling,
        Self::SelfTest,
        Self::Suspension,
    ];

    /// `DR01`: the same in every version.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Group => "DR01",
            Self::Service => "DR02",
            Self::Controller => "DR03",
            Self::TargetGroups => "DR04",
            Self::TargetGroupInUse => "DR05",
            Self::ProductionListener => "DR06",
            Self::TestListener => "DR07",
            Self::OneLoadBalancer => "DR08",
            Self::NetworkLoadBalancer => "DR09",
            Self::Stickiness => "DR10",
            Self::Validation => "DR11",
            Self::FunctionActive => "DR12",
            Self::FunctionArchitecture => "DR13",
            Self::FunctionTimeout => "DR14",
            Self::MayInvoke => "DR15",
            Self::MayReport => "DR16",
            Self::MayPass => "DR17",
            Self::Container => "DR18",
            Self::Images => "DR19",
            Self::AppSpec => "DR20",
            Self::Plan => "DR21",
            Self::ActiveDeployment => "DR22",
            Self::AlarmLimit => "DR23",
            Self::AlarmState => "DR24",
            Self::AlarmOfTestTraffic => "DR25",
            Self::Rollback => "DR26",
            Self::DesiredCount => "DR27",
            Self::Scaling => "DR28",
            Self::SelfTest => "DR29",
            Self::Suspension => "DR30",
        }
    }

    /// What has to be so; reads after "whether".
    pub const fn claim(self) -> &'static str {
        match self {
            Self::Group => "the deployment group is of the compute platform ECS and names a service",
            Self::Service => "the service is there and ACTIVE",
            Self::Controller => "the service's deployment controller is CODE_DEPLOY",
            Self::TargetGroups => "the group has exactly two target groups, of the type that the tasks' network needs",
            Self::TargetGroupInUse => "the service's PRIMARY task set is in one of the group's target groups",
            Self::ProductionListener => {
                "the production listener and its rules send everything to the PRIMARY task set's target group"
            }
            Self::TestListener => "the group has a test listener where AfterAllowTestTraffic has a function",
            Self::OneLoadBalancer => "listeners and target groups belong to one load balancer",
            Self::NetworkLoadBalancer => "traffic shifts at once where the load balancer is a Network Load Balancer",
            Self::Stickiness => "every listener lets clients go over to the replacement",
            Self::Validation => "a function validates the replacement",
            Self::FunctionActive => "every hook's function exists and is active",
            Self::FunctionArchitecture => "every function's architecture is the one that its package is built for",
            Self::FunctionTimeout => "every function's timeout leaves time to check and to report",
            Self::MayInvoke => "CodeDeploy's service role may invoke every function",
            Self::MayReport => "every function's role may report to CodeDeploy",
            Self::MayPass => "CodeDeploy's service role may pass the roles of the task definition",
            Self::Container => "the container and the port behind the load balancer are in the task definition",
            Self::Images => "every image is there, as far as ECR answers for it",
            Self::AppSpec => "the AppSpec says what the replacement does not inherit, and fits the tasks' network",
            Self::Plan => "the check plan is valid and lists checks for every event with a function",
            Self::ActiveDeployment => "the group is free of another deployment",
            Self::AlarmLimit => "the group watches at most ten alarms",
            Self::AlarmState => "every alarm that the group watches is there and is not in ALARM",
            Self::AlarmOfTestTraffic => "the group's alarms leave the errors of test traffic out",
            Self::Rollback => "CodeDeploy rolls back by itself when a deployment fails or an alarm stops it",
            Self::DesiredCount => "the service has tasks to replace",
            Self::Scaling => "nothing scales the service just now",
            Self::SelfTest => "every function finds its own wiring good",
            Self::Suspension => "the service's auto-scaling is in force",
        }
    }

    /// The worst that it finds where everything could be read.
    pub const fn worst(self) -> Severity {
        match self {
            Self::Group
            | Self::Service
            | Self::Controller
            | Self::TargetGroups
            | Self::TargetGroupInUse
            | Self::ProductionListener
            | Self::TestListener
            | Self::OneLoadBalancer
            | Self::NetworkLoadBalancer
            | Self::FunctionActive
            | Self::FunctionTimeout
            | Self::MayInvoke
            | Self::MayReport
            | Self::MayPass
            | Self::Container
            | Self::Images
            | Self::AppSpec
            | Self::Plan
            | Self::ActiveDeployment
            | Self::AlarmLimit
            | Self::AlarmState
            | Self::DesiredCount
            | Self::SelfTest => Severity::Blocking,
            Self::FunctionArchitecture
            | Self::AlarmOfTestTraffic
            | Self::Rollback
            | Self::Scaling
            | Self::Suspension => Severity::Warning,
            Self::Stickiness | Self::Validation => Severity::Info,
        }
    }

    /// Whether `deploy` asks before it registers anything: it can block, and the calls for it are few and cheap. What only IAM can
    /// answer is left to the doctor, and the check plan and a second deployment are `deploy`'s own affair.
    pub const fn is_in_preflight(self) -> bool {
        matches!(
            self,
            Self::Group
                | Self::Service
                | Self::Controller
                | Self::TargetGroups
                | Self::TargetGroupInUse
                | Self::ProductionListener
                | Self::TestListener
                | Self::OneLoadBalancer
                | Self::NetworkLoadBalancer
                | Self::FunctionActive
                | Self::FunctionTimeout
                | Self::Container
                | Self::Images
                | Self::AppSpec
                | Self::AlarmLimit
                | Self::AlarmState
                | Self::DesiredCount
        )
    }
}
