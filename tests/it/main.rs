//! All integration tests in one binary: linking it once is faster than linking many.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod apply;
mod architecture;
mod cli;
mod cluster;
mod completion;
mod conformance;
mod docs;
mod editing;
mod explain;
mod fuzzing;
mod generated;
mod harden;
mod harden_live;
mod hostile;
mod krew;
mod label;
mod live;
mod messages;
mod node_agent;
mod planning;
mod plugin;
mod release;
mod reliability;
mod robustness;
mod rollout;
mod schema;
mod server;
mod streaming;
mod support;
mod version;
mod yaml_reading;
