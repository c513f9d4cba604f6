//! The check engine behind the hooks: plan file, probes, judgement, evidence.
//!
//! It knows nothing of AWS, Lambda or CodeDeploy's API: it is given endpoints and a time limit, and answers with
//! evidence. The hooks run it inside a VPC; the driver reads the same evidence back.

pub mod event;
pub mod evidence;
pub mod message;
