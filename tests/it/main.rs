//! All integration tests in one binary: linking it once is faster than linking many.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod architecture;
mod cli;
mod cluster;
mod conformance;
mod docs;
mod explain;
mod live;
mod messages;
mod node_agent;
mod planning;
mod plugin;
mod robustness;
mod rollout;
mod server;
mod support;
mod yaml_reading;
