//! A stand-in for the AWS services around an ECS blue/green deployment, in one process on loopback.

pub mod clock;
pub mod demo;
pub mod effect;
mod environment;
pub mod machine;
mod processes;
mod traffic;
