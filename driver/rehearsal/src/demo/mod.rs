//! The demo: a small shop to deploy, and the plan that checks it, so that a newcomer needs nothing of their own.
//!
//! The shop is an ordinary program; the stand-in treats it as it treats anybody's.

pub mod shop;

/// The embedded check plan.
pub const PLAN: &str = include_str!("checks.yaml");
