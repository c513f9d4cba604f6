//! Child processes: tasks with ports, and functions behind Lambda's Runtime API.
//!
//! Every child leads a process group of its own and is known to the reaper before it runs a line of its program, so
//! that none outlives the stand-in. Nothing here knows a deployment.

pub(crate) mod chance;
pub(crate) mod child;
pub(crate) mod functions;
pub(crate) mod output;
pub(crate) mod reaper;
mod report;
mod runtime_api;
mod sandbox;
pub(crate) mod tasks;
