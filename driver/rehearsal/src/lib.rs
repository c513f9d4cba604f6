//! A stand-in for the AWS services around an ECS blue/green deployment, in one process on loopback.

pub mod announcement;
mod call;
pub mod clock;
mod codedeploy;
mod ecs;
pub mod effect;
mod elbv2;
mod engine;
mod epoch;
mod identifiers;
pub mod journal;
mod lambda;
mod logs;
pub mod machine;
mod names;
mod refusal;
pub mod scenario;
mod serve;
pub mod stand_in;
mod sts;
mod world;

pub use announcement::Announcement;
pub use clock::Pace;
pub use scenario::{Demo, GreenFails, Scenario};
pub use stand_in::{Options, StandIn, StartError};
