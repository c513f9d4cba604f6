//! The machine with real sockets and real children: what it promises the control plane, one claim a test.
#![expect(clippy::unwrap_used, reason = "what a test did not expect may end it anywhere")]
#![expect(unreachable_pub, reason = "the modules of a test have no outside")]

mod bench;
mod client;
mod functions;
mod orphans;
mod player;
mod targets;
mod tasks;
mod traffic;
