//! Ctrl-C and other signals that end the process: what is said before it ends, and when it does not end.

use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// What a terminal needs to show its cursor again.
pub(super) const SHOW_CURSOR: &str = "\x1b[?25h";

/// Whether a question stands on the terminal, which takes Ctrl-C for an answer.
static ASKING: AtomicBool = AtomicBool::new(false);
/// How many signals came so far.
static SEEN: AtomicUsize = AtomicUsize::new(0);
/// What is said when the process is ended.
static FAREWELL: Mutex<String> = Mutex::new(String::new());
static LISTENING: Once = Once::new();

/// While it lives, Ctrl-C is an answer to a question and does not end the process.
pub(super) struct Asking {
    seen: usize,
}

impl Asking {
    pub(super) fn new() -> Self {
        listen();
        ASKING.store(true, Ordering::SeqCst);
        Self { seen: SEEN.load(Ordering::SeqCst) }
    }

    /// Waits until the signal that the question took for its answer has gone by; it comes in on a thread of its own.
    pub(super) fn was_interrupted(&self) {
        // On Windows there is no such thread.
        let started = Instant::now();
        while cfg!(unix) && SEEN.load(Ordering::SeqCst) == self.seen && started.elapsed() < Duration::from_secs(1) {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        ASKING.store(false, Ordering::SeqCst);
    }
}

/// While it lives, something may have to be said before a signal ends the process.
pub(super) struct Farewell(());

impl Farewell {
    pub(super) fn new() -> Self {
        listen();
        Self(())
    }
}

impl Drop for Farewell {
    fn drop(&mut self) {
        last_words(String::new());
    }
}

/// From now on this is said before a signal ends the process; safe to print, with its line break.
pub(super) fn last_words(text: String) {
    *FAREWELL.lock().unwrap_or_else(PoisonError::into_inner) = text;
}

/// A signal has come.
#[cfg_attr(windows, expect(dead_code, reason = "signals are handled where they come"))]
fn on_signal(signal: i32) {
    let is_answer = ASKING.load(Ordering::SeqCst) && signal == signal_hook::consts::SIGINT;
    if !is_answer {
        let text = FAREWELL.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut err = io::stderr();
        // There is nowhere left to tell if standard error is gone.
        if !text.is_empty() {
            let cursor = if io::IsTerminal::is_terminal(&err) { SHOW_CURSOR } else { "" };
            let _ = write!(err, "{cursor}\n{text}");
        }
        let _ = err.flush();
        let _ = signal_hook::low_level::emulate_default_handler(signal);
    }
    SEEN.fetch_add(1, Ordering::SeqCst);
}

#[cfg(unix)]
fn listen() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    LISTENING.call_once(|| {
        // Without a handler the process ends as any other does.
        let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) else { return };
        thread::spawn(move || signals.forever().for_each(on_signal));
    });
}

/// On Windows Ctrl-C ends the process without a word, unless a question takes it.
#[cfg(windows)]
fn listen() {
    use std::sync::Arc;
    LISTENING.call_once(|| {
        let ends = Arc::new(AtomicBool::new(true));
        let registered =
            signal_hook::flag::register_conditional_default(signal_hook::consts::SIGINT, Arc::clone(&ends));
        if registered.is_ok() {
            thread::spawn(move || {
                loop {
                    ends.store(!ASKING.load(Ordering::SeqCst), Ordering::SeqCst);
                    thread::sleep(Duration::from_millis(10));
                }
            });
        }
    });
}
