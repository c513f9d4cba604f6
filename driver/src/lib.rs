//! The `greenlight` command as a library: deciders, adapters, verbs, and what a person sees.

pub mod appspec;
pub mod arguments;
pub mod aws;
pub mod clock;
pub mod command_line;
pub mod configuration;
pub mod decide;
pub mod document;
pub mod environment;
pub mod exit;
pub mod failure;
pub mod run;
pub mod show;
pub mod snapshot;
pub mod verb;
