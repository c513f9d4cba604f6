//! A stand-in for the AWS services around an ECS blue/green deployment, in one process on loopback.

pub mod announcement;
pub mod clock;
pub mod effect;
pub mod journal;
pub mod machine;
pub mod scenario;
pub mod stand_in;

pub use announcement::Announcement;
pub use clock::Pace;
pub use scenario::{Demo, GreenFails, Scenario};
pub use stand_in::{Options, StandIn, StartError};
