//! A stand-in for the AWS services around an ECS blue/green deployment, in one process on loopback.

pub mod clock;
pub mod effect;
pub mod machine;
