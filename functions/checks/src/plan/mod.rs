//! The check plan: what a team writes down to prove a version good.
//!
//! Text comes in (`read`), a [`Plan`] that cannot be wrong or every problem at once comes out. `tree` gives every key and
//! value a place, `fields` reads mappings and keeps the problems, `reading` and `expectation` know the plan's shape, and
//! `model` and `predicate` are what is left in the end. Nothing here reads a file, a clock or the environment.

mod expectation;
mod fields;
mod model;
pub(crate) mod predicate;
mod reading;
#[cfg(test)]
mod reading_tests;
mod tree;

pub(crate) use model::{Assertion, Check, HttpRequest, Subject};
pub use model::{Attest, Budget, EndpointSpec, EndpointSpecs, EventPlan, Plan, Requirement, TargetsHealthy, Via};
pub use reading::{PlanErrors, read};
