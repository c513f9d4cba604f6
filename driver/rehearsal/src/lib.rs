//! A stand-in for the AWS services around an ECS blue/green deployment, in one process on loopback.

pub mod announcement;
mod call;
pub mod clock;
mod codedeploy;
pub mod demo;
mod ecs;
pub mod effect;
mod elbv2;
mod engine;
mod environment;
mod epoch;
mod identifiers;
pub mod journal;
mod lambda;
mod logs;
pub mod machine;
mod names;
mod processes;
mod refusal;
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
