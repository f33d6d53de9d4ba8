//! Ends the process when an input takes too long: a test that hangs could not say which one it was.

use std::collections::HashMap;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

/// Longest that one input may take. On a busy machine, without optimization, the slowest take well under a second.
const PATIENCE: Duration = Duration::from_secs(30);

/// What each thread is at, and since when.
type Current = Arc<Mutex<HashMap<ThreadId, (u64, Instant)>>>;

/// Watches the inputs of a target for as long as it lives.
pub(super) struct Watch {
    current: Current,
    _end: mpsc::Sender<()>,
}

impl Watch {
    pub(super) fn new(target: &'static str, seed: u64) -> Self {
        let current = Current::default();
        let (end, ended) = mpsc::channel();
        let watched = Arc::clone(&current);
        thread::spawn(move || {
            while ended.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
                let now = Instant::now();
                let slow = watched.lock().unwrap().values().find(|(_, since)| now - *since > PATIENCE).copied();
                if let Some((at, _)) = slow {
                    eprintln!("{target}: input {at} takes more than {PATIENCE:?} (SECCTX_SEED={seed})");
                    std::process::abort();
                }
            }
        });
        Self { current, _end: end }
    }

    /// Does something with an input.
    pub(super) fn during<T>(&self, at: u64, work: impl FnOnce() -> T) -> T {
        let thread = thread::current().id();
        self.current.lock().unwrap().insert(thread, (at, Instant::now()));
        let done = work();
        self.current.lock().unwrap().remove(&thread);
        done
    }
}
