//! What the tests stand on: a real control plane, a server that makes faults, and the Go reference.

pub(crate) mod authority;
mod client;
pub(crate) mod control_plane;
pub(crate) mod faults;
pub(crate) mod node_agent;
pub(crate) mod reference;
pub(crate) mod secctx;

use std::thread;
use std::time::{Duration, Instant};

/// Asks again and again until there is an answer, for at most half a minute.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, ask: impl Fn() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "waited in vain for {what}");
        thread::sleep(Duration::from_millis(50));
    }
}
