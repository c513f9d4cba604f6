//! The check plan: what a team writes down to prove a version good.
//!
//! Text comes in (`read`), a [`Plan`] that cannot be wrong or every problem at once comes out. `tree` gives every key and
//! value a place, `variables` fills in `${NAME}`, `fields` reads mappings and keeps the problems, `reading`, `check` and `expectation` know the plan's shape, and
//! `model` and `predicate` are what is left in the end. Nothing here reads a file, a clock or the environment.

mod check;
mod expectation;
mod fields;
pub(crate) mod json_path;
mod model;
pub(crate) mod predicate;
mod reading;
#[cfg(test)]
mod reading_tests;
mod tree;
mod variables;

pub use model::{Attest, Budget, EndpointSpec, EndpointSpecs, EventPlan, Plan, Requirement, TargetsHealthy, Via};
pub(crate) use model::{Check, HttpRequest, Subject};
pub use reading::{PlanErrors, read};
