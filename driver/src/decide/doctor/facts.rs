//! What a diagnosis is made of: what was read of AWS and of the files, or why it was not. Plain values; whoever reads them is
//! elsewhere, and nothing is concluded here.

use std::collections::{BTreeMap, BTreeSet};

use greenlight_checks::event::HookEvent;

use crate::appspec::Extras;
use crate::decide::auto_scaling::ScalableTarget;
use crate::decide::schedule::Shift;
use crate::snapshot::RollbackEvent;

/// Something that was read, or why not.
pub type Read<T> = Result<T, Unread>;

/// Why something could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The permission that it takes, as IAM spells it: `lambda:GetFunctionConfiguration`.
    pub action: String,
    /// Whether that permission is what is missing.
    pub denied: bool,
    /// For people: what AWS said.
    pub text: String,
}

/// Everything that was looked at. What is absent was not asked for.
#[derive(Clone, Debug)]
pub struct Facts {
    /// What is to be deployed.
    pub wanted: Wanted,
    /// The deployment group.
    pub group: Read<Group>,
    /// The ECS service of the group.
    pub service: Read<Service>,
    /// How production traffic will shift.
    pub shift: Shift,
    /// The group's target groups.
    pub target_groups: Read<Vec<TargetGroup>>,
    /// The group's listeners.
    pub listeners: Read<Vec<Listener>>,
    /// What will run.
    pub revision: Result<Revision, String>,
    /// The hooks' functions, by event; a function that does not exist is `None`.
    pub functions: BTreeMap<HookEvent, Read<Option<Function>>>,
    /// Images of the revision, by reference.
    pub images: BTreeMap<String, Image>,
    /// The alarms that the group watches, as far as they exist.
    pub alarms: Read<Vec<Alarm>>,
    /// What only the whole examination asks.
    pub further: Option<Further>,
}

/// What only the whole examination asks.
#[derive(Clone, Debug)]
pub struct Further {
    /// The listeners' rules besides the default ones.
    pub rules: Read<Vec<Rule>>,
    /// The group's active deployments.
    pub active: Read<Vec<String>>,
    /// Scaling activities of the service that are not over.
    pub scaling: Read<Vec<ScalingActivity>>,
    /// The service's scalable target, where it has one.
    pub scalable_target: Read<Option<ScalableTarget>>,
    /// Whether the service role may invoke each function, by event.
    pub invocation: BTreeMap<HookEvent, Read<Verdict>>,
    /// Whether the service role may pass each role of the task definition.
    pub passing: BTreeMap<String, Read<Verdict>>,
    /// Whether a function's role may report, by event.
    pub reporting: BTreeMap<HookEvent, Read<Verdict>>,
    /// The check plan, where one is configured.
    pub plan: Option<PlanRead>,
    /// What the functions found of themselves, by event, where they were asked.
    pub self_tests: Option<BTreeMap<HookEvent, Read<SelfTest>>>,
}

/// What `greenlight.yaml` says.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// CodeDeploy application.
    pub application: String,
    /// CodeDeploy deployment group.
    pub group: String,
    /// Functions by event.
    pub hooks: BTreeMap<HookEvent, String>,
    /// Deployment configuration; the group's own when absent.
    pub config: Option<String>,
    /// When CodeDeploy rolls back; as the group says when absent.
    pub rollback_on: Option<Vec<RollbackEvent>>,
    /// Optional properties of the AppSpec.
    pub appspec: Extras,
}

/// A deployment group.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// `ECS`, `Server`, `Lambda`.
    pub platform: String,
    /// Cluster and service.
    pub service: Option<(String, String)>,
    /// The deployment configuration.
    pub config: Option<String>,
    /// How it is wired.
    pub wiring: Wiring,
}

/// What a deployment group refers to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wiring {
    /// Names of the target groups of its pair.
    pub target_groups: Vec<String>,
    /// ARNs.
    pub production: Vec<String>,
    /// ARNs.
    pub test: Vec<String>,
    /// The role that CodeDeploy works with.
    pub service_role: Option<String>,
    /// Names of the alarms that stop a deployment.
    pub alarms: Vec<String>,
    /// Whether a failure to read the alarms is passed over.
    pub ignores_unread_alarms: bool,
    /// When CodeDeploy rolls back.
    pub rollback_on: BTreeSet<RollbackEvent>,
}

/// An ECS service.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// `ACTIVE`, `DRAINING`, `INACTIVE`.
    pub status: String,
    /// The deployment controller's type.
    pub controller: String,
    /// How it stands.
    pub standing: Standing,
}

/// How a service stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// Tasks that it shall have.
    pub desired: i32,
    /// ARN of the target group of the PRIMARY task set.
    pub target_group: Option<String>,
    /// Capacity providers of the PRIMARY task set, or of the service.
    pub capacity_providers: Vec<String>,
}

/// A target group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetGroup {
    /// ARN.
    pub arn: String,
    /// Name.
    pub name: String,
    /// `ip`, `instance`, `lambda`, `alb`.
    pub target_type: String,
    /// ARNs of the load balancers that it is behind.
    pub load_balancers: Vec<String>,
}

/// A listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// ARN.
    pub arn: String,
    /// ARN of its load balancer.
    pub load_balancer: String,
    /// Target group ARNs with weights; nothing when its action is another.
    pub forwards: Vec<(String, u32)>,
    /// Whether a client keeps its target group.
    pub sticky: bool,
}

/// A listener's rule that is not the default one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// ARN.
    pub arn: String,
    /// Target group ARNs with weights.
    pub forwards: Vec<(String, u32)>,
}

/// A task definition, as far as it is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Where it comes from: a file, or the service.
    pub source: String,
    /// `awsvpc`, `bridge`, …; `bridge` when it does not say.
    pub network_mode: String,
    /// Container and port that the load balancer will reach, or why that is not clear.
    pub load_balancer: Result<(String, u16), String>,
    /// Images by container.
    pub images: BTreeMap<String, String>,
    /// Roles that its tasks take.
    pub roles: BTreeSet<String>,
}

/// How an image stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Image {
    /// It is there.
    There,
    /// The repository has no such tag or digest.
    NoSuchImage(String),
    /// There is no such repository.
    NoSuchRepository(String),
    /// It is in another registry than ECR, which is not asked.
    Elsewhere,
    /// It has a variable that is not set.
    Unset,
    /// It could not be read.
    Unread(Unread),
}

/// A Lambda function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// ARN.
    pub arn: String,
    /// ARN of its role.
    pub role: String,
    /// `Active`, `Pending`, `Inactive`, `Failed`.
    pub state: String,
    /// Why it is in that state.
    pub state_reason: Option<String>,
    /// `Successful`, `InProgress`, `Failed`.
    pub last_update: Option<String>,
    /// `x86_64`, `arm64`.
    pub architectures: Vec<String>,
    /// `provided.al2023`, ….
    pub runtime: Option<String>,
    /// In seconds.
    pub timeout: u64,
    /// `GREENLIGHT_PLAN` is set: it is one of the shipped hooks.
    pub is_ours: bool,
}

/// An alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Its name.
    pub name: String,
    /// `OK`, `ALARM`, `INSUFFICIENT_DATA`.
    pub state: String,
    /// CloudWatch's words.
    pub reason: Option<String>,
    /// It counts errors of the whole load balancer, the test listener's included.
    pub counts_test_traffic: bool,
}

/// A scaling activity that is not over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScalingActivity {
    /// `Pending`, `InProgress`.
    pub status: String,
    /// What it does.
    pub description: String,
}

/// IAM's answer to whether a role may do something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may.
    Allowed,
    /// A statement forbids it.
    Forbidden,
    /// No statement allows it.
    NotAllowed,
    /// Another word.
    Other(String),
}

/// The check plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanRead {
    /// The file.
    pub file: String,
    /// What speaks against it.
    pub outcome: PlanOutcome,
}

/// How a plan stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanOutcome {
    /// It has checks for every event with a function.
    Good,
    /// It has variables, which are the functions' own.
    HasVariables,
    /// Messages.
    Wrong(Vec<String>),
}

/// What a function found of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SelfTest {
    /// Each thing that it looked at.
    pub findings: Vec<SelfFinding>,
}

/// One thing that a function looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelfFinding {
    /// `plan`, `codedeploy`, ….
    pub id: String,
    /// Whether it is as it should be; none when it was not looked at.
    pub ok: Option<bool>,
    /// What was seen.
    pub text: String,
    /// What to do.
    pub advice: Option<String>,
}
