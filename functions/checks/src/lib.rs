//! The check engine behind the hooks: plan file, probes, judgement, evidence.
//!
//! It knows nothing of AWS, Lambda or CodeDeploy's API: it is given endpoints and a time limit, and answers with
//! evidence. The hooks run it inside a VPC; the driver reads the same evidence back.
//!
//! ```text
//! plan::read      text -> Plan, or every problem with its place     pure
//! run::run        EventPlan + surroundings -> evidence              the one loop that waits
//!   probe           one file a kind: what a check sees              touches the network
//!   judge           what was seen + expectations -> messages        pure
//! identity        what answers say of where they come from -> a standing
//! verdict::decide attestation + evidence -> Succeeded or Failed     pure
//! gate::opened    Succeeded -> Waiting, where a person is asked      pure
//! observation::under the same for a plan that only observes         pure
//! ```

pub mod authorities;
mod clock;
pub mod cloudwatch;
#[cfg(test)]
mod defaults_tests;
pub mod event;
pub mod evidence;
pub mod gate;
pub mod identity;
mod judge;
pub mod message;
pub mod observation;
pub mod plan;
mod probe;
pub mod run;
#[cfg(feature = "schema")]
pub mod schema;
mod secrets;
pub mod surroundings;
#[cfg(test)]
mod test_authority;
#[cfg(test)]
mod test_server;
pub mod verdict;
