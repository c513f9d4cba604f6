//! The machine with real sockets and real children: what it promises the control plane, one claim a test.

mod bench;
mod client;
mod functions;
mod orphans;
mod player;
mod targets;
mod tasks;
mod traffic;
