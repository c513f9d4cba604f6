//! The check plan: what a team writes down to prove a version good.
//!
//! Text comes in (`read`), a [`Plan`] that cannot be wrong or every problem at once comes out. `tree` gives every key and
//! value a place, `variables` fills in `${NAME}`, `fields` reads mappings and keeps the problems, `givens` is what a plan refers to and `beside` reads its
//! files, `reading`, `endpoint`, `check`, `expectation` and a file a kind know the plan's shape, and
//! `model` and `predicate` are what is left in the end. Nothing here reads a file, a clock or the environment.

mod alarm;
mod approval;
mod attest;
#[cfg(test)]
mod bad_plans;
mod beside;
mod check;
#[cfg(test)]
mod cloudwatch_tests;
mod compare;
#[cfg(feature = "schema")]
pub(crate) mod document;
mod endpoint;
mod expectation;
mod fields;
mod givens;
mod grpc_health;
mod http;
mod http_version;
pub(crate) mod json_path;
mod kind;
mod load;
mod metric;
mod mode;
mod model;
pub(crate) mod predicate;
mod reading;
#[cfg(test)]
mod reading_tests;
mod schema;
mod tls;
mod tree;
mod variables;
mod websocket;
#[cfg(test)]
mod websocket_tests;

pub(crate) use alarm::{AlarmCheck, AlreadyRed};
pub use approval::Approval;
pub use attest::{Attest, IdentitySpec, ImageSpec, Requirement, TargetsHealthy};
pub(crate) use compare::{CompareCheck, LatencyLimit, ResponseRules};
#[cfg(test)]
pub(crate) use expectation::CONDITIONS;
pub use givens::Givens;
pub(crate) use grpc_health::GrpcHealthCheck;
pub(crate) use http::{HttpCheck, HttpRequest, Subject};
pub(crate) use kind::Kind;
pub(crate) use load::{LoadCheck, Measure, WarmUp};
pub(crate) use metric::{MetricCheck, Missing};
pub use mode::Mode;
pub(crate) use model::Check;
pub use model::{Budget, EndpointSpec, EndpointSpecs, EventPlan, Plan, Via};
pub use reading::{PlanErrors, read};
pub(crate) use schema::Schema;
pub(crate) use tls::{TlsCheck, TlsSubject};
pub(crate) use websocket::WebsocketCheck;
