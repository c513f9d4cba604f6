//! Child processes: tasks with ports, and functions behind Lambda's Runtime API.
//!
//! Every child leads a process group of its own and is known to the reaper before it runs a line of its program, so
//! that none outlives the stand-in. Nothing here knows a deployment.
//!
//! What differs from AWS: a program that leaves its process group is out of reach. A function is not frozen between
//! invocations and its memory is not limited; its time to initialise is not part of its timeout but at most 10 s, and is
//! not tried a second time within one invocation; there are no extensions. Asynchronous invocations are delivered once
//! per attempt, at once, and never throttled.

pub(crate) mod chance;
pub(crate) mod child;
pub(crate) mod functions;
pub(crate) mod output;
pub(crate) mod reaper;
mod report;
mod runtime_api;
mod sandbox;
pub(crate) mod tasks;
