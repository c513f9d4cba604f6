//! A stand-in for the AWS services around an ECS blue/green deployment, in one process on loopback. It speaks AWS's own wire
//! protocols, runs tasks and functions as real child processes, and shifts real HTTP traffic between them. It shares no code
//! with the hooks and the driver that are rehearsed on it: they have nothing in common but the wire.
//!
//! ```text
//!   aws, boto3, any SDK, the driver, the hooks            curl, browsers, load
//!                  | HTTP                                        | HTTP
//!   +--------------v--------------+                              |
//!   | serve    which call is it,  |                              |
//!   |          in which shape is  |                              |
//!   |          it answered        |                              |
//!   +--------------+--------------+                              |
//!                  | calls                                       |
//!   +--------------v--------------+   effects   +----------------v---------------+
//!   | engine   one loop; owns the +-------------> machine                        |
//!   |          world, decides     |             |   traffic    listeners, groups,|
//!   |          nothing            <-------------+              health checks     |
//!   +--------------+--------------+ observations|   processes  tasks, functions  |
//!                  | now                        |              behind a Runtime  |
//!   +--------------v--------------+             |              API, the reaper   |
//!   | world    pure: codedeploy,  |             +--------------------------------+
//!   |          ecs, elbv2, lambda,|
//!   |          logs, sts; journal |
//!   +-----------------------------+
//! ```
//!
//! `world` is told what was asked, what was seen and what time it is, and leaves [`effect::Effect`]s; the same code runs in
//! simulated time in the tests. Only [`clock`] reads a clock. [`clock::Pace`] divides the stand-in's own waits (event gaps,
//! canary and linear intervals, ready and termination waits, health-check intervals, the hour of a silent hook, Lambda's
//! retries) and never what bounds the code under test (a function's timeout, a health check's timeout, the stop grace).
//!
//! # What there is
//!
//! - **CodeDeploy**: CreateDeployment, GetDeployment, BatchGetDeployments, ListDeployments, ListDeploymentTargets,
//!   BatchGetDeploymentTargets, GetDeploymentTarget, GetDeploymentGroup, ListDeploymentGroups, GetApplication,
//!   ListApplications, GetApplicationRevision, GetDeploymentConfig, ListDeploymentConfigs, CreateDeploymentConfig,
//!   StopDeployment, ContinueDeployment, PutLifecycleEventHookExecutionStatus. One application, one group, one ECS service.
//! - **ECS**: DescribeServices, DescribeTaskSets, ListTasks, DescribeTasks, DescribeClusters, ListServices, task definitions
//!   (register, describe, deregister, list), UpdateService as far as CodeDeploy's services allow it.
//! - **ELBv2**: DescribeListeners, DescribeRules, DescribeTargetGroups, DescribeTargetHealth, DescribeLoadBalancers.
//! - **S3**: CreateBucket, PutObject, GetObject, HeadObject, ListObjectsV2, DeleteObject, of buckets that the scenario names or a
//!   client creates; path style, and virtual-host style below `localhost`.
//! - **Lambda**: Invoke, GetFunction, GetFunctionConfiguration. **CloudWatch Logs**: FilterLogEvents, DescribeLogGroups.
//!   **STS**: GetCallerIdentity. **ECR**: DescribeImages. **IAM**: SimulatePrincipalPolicy.
//! - **CloudWatch** (in CBOR, as the SDKs and the AWS CLI speak to it now): DescribeAlarms, PutMetricAlarm, SetAlarmState,
//!   DeleteAlarms, PutMetricData, GetMetricData.
//! - **Application Auto Scaling**: DescribeScalableTargets, RegisterScalableTarget, TagResource, UntagResource,
//!   ListTagsForResource, of the service's desired count, which nothing scales.
//!
//! Everything else is refused in the service's own error shape, with a message that says what there is.
//!
//! # What differs from AWS
//!
//! - Credentials, signatures and permissions are not looked at, but for the calls that the scenario denies; nothing is throttled,
//!   unless a fault is injected (`desk`). There is one region and one account.
//! - The load balancer is at `127.0.0.1`, its listeners on whatever ports were free; `DescribeListeners` answers those ports.
//!   A listener has its default rule only. There is no stickiness.
//! - A task is one child process: the container that the AppSpec's load balancer info names. Other containers, volumes, roles,
//!   CPU and memory are kept in the task definition and otherwise ignored. A target is `127.0.0.1` with the task's own port,
//!   which `DescribeTasks` shows as the container's network binding. There is no image: its digest is that of its name.
//! - Revisions of type GitHub are refused; one of type S3 whose object is not there is refused at once. There are no triggers, tags or paging of more than one page
//!   (but for tasks, task definitions and log events).
//! - An alarm's state changes by the scenario and by SetAlarmState; it is not evaluated from metrics. There are no composite
//!   alarms. An alarm that is red stops a deployment at once, at whatever it is; one that does not exist never does, whatever
//!   `ignorePollAlarmFailure` says.
//! - A group that the scenario describes has existed for a while: its creation has already put both target groups on the
//!   production listener (weights 0 and 100), and left the test listener as a single forward. It leads to the group that serves,
//!   as after a first deployment; AWS was seen with the idle one.
//! - An S3 object is kept whole and in memory, at most 6 MiB; a `Range` is answered with the whole object, an `ETag` is no MD5, and
//!   a checksum that a client sends is not verified.
//! - The journal has no entry for calls that only read.
//! - Ids are drawn from a fixed seed: two rehearsals that do the same show the same ids.
//!
//! Where AWS's behaviour was looked for and not found, the stand-in takes one answer. Nothing may depend on it; some have a
//! switch in the scenario ([`scenario::Switches`]) that shows the other.
//!
//! | Unknown | The stand-in |
//! |---|---|
//! | how hooks are invoked | asynchronously (`Event`), with Lambda's two retries; the same execution id again |
//! | a hook function that does not exist | its event fails at once, `INVALID_LAMBDA_FUNCTION` |
//! | the code of a hook's timeout | `HOOK_EXECUTION_FAILURE` with the documented text |
//! | events of a rollback deployment | the same rows, all Succeeded, hooks not invoked; switch `rollback_invokes_hooks` |
//! | when a rollback moves the listeners | at its start, before its first event |
//! | a failure before Install | no rollback deployment: nothing was changed |
//! | the pre-check of the test listener | there is none: a run was seen to begin with it on the idle group |
//! | the test listener at the end | on the new PRIMARY after success, back on the original after a rollback; weighted form |
//! | no rollback configured | weights, listeners and task sets stay as they were at the failure |
//! | `startedBy` of a task set's tasks | the task set's id |
//! | CreateDeploymentGroup with an all-at-once configuration | rewrites the production listener too |
//! | texts of `MANUAL_STOP` and StopDeployment, `diagnostics` of ECS events, a wrong sha256 | own words |
//! | a stop, or the end of the ready wait: target status and overview | `Failed`, counted as failed |
//! | code of the ready wait's timeout, and of a replacement that is never steady | `TIMEOUT` |
//! | status in the termination wait | `InProgress`; switch `baking` |
//! | target calls while a deployment is `Created` | answered; switch `targets_not_started` |
//! | `rollbackInfo` without a rollback | absent |
//! | ContinueDeployment without a wait type | `READY_WAIT` |
//! | delays before ECS replaces a task that keeps stopping | 10 s, doubling to 5 min |
//! | a target group behind no listener | its `unused` targets do not hold up the steady state |

mod access;
pub mod announcement;
mod autoscaling;
mod call;
pub mod clock;
mod cloudwatch;
mod codedeploy;
pub mod demo;
mod desk;
mod ecr;
mod ecs;
pub mod effect;
mod elbv2;
mod engine;
mod environment;
mod epoch;
mod iam;
mod identifiers;
pub mod journal;
mod lambda;
mod logs;
pub mod machine;
mod names;
mod processes;
mod refusal;
mod s3;
pub mod scenario;
mod serve;
pub mod stand_in;
mod sts;
mod traffic;
mod world;

pub use announcement::Announcement;
pub use clock::Pace;
pub use scenario::{Demo, GreenFails, Scenario};
pub use stand_in::{Options, StandIn, StartError};
