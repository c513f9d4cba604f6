//! What is decided: pure, no clock, no environment, no I/O, no SDK type. `now` is an argument.

pub mod auto_scaling;
pub mod clean_up;
pub mod conflict;
pub mod difference;
pub mod doctor;
pub mod gate;
pub mod guard;
pub mod history;
pub mod initial;
pub mod interruption;
pub mod outcome;
pub mod plan;
pub mod poll;
pub mod recovery;
pub mod report;
pub mod rollback;
pub mod schedule;
pub mod task_definition;
#[cfg(test)]
pub(crate) mod testing;
pub mod until;
pub mod view;
pub mod waiting;
pub mod watch;
pub mod why;
