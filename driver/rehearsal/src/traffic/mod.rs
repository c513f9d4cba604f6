//! Listeners, target groups and health checks: real HTTP traffic between real sockets on loopback.
//!
//! What is decided under one lock is decided at once: which group, which target, one more in flight. So new weights and
//! deregistration never catch a request half-way. What differs from an Application Load Balancer: HTTP/1.1 only, no
//! rules, no stickiness, no slow start; every target is its own zone.

mod connections;
mod forward;
mod health;
mod listener;
mod probe;
mod routes;
mod split;
mod targets;

pub(crate) use listener::Listener;
pub(crate) use routes::Routes;
