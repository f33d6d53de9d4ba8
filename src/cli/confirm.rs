//! Asks a person whether to go on.

use std::io::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dialoguer::Confirm;
use signal_hook::consts::SIGINT;
use signal_hook::flag;

use super::{Failure, Streams};

/// What a terminal needs to show its cursor again.
const SHOW_CURSOR: &[u8] = b"\x1b[?25h";

/// Asks on the terminal; no is what Enter means. Esc and Ctrl-C are `None`.
pub(super) fn confirm(question: &str, streams: &mut Streams) -> Result<Option<bool>, Failure> {
    streams.out.flush()?;
    streams.err.flush()?;
    let guard = InterruptGuard::new()?;
    let answer = Confirm::new().with_prompt(question).default(false).interact_opt();
    drop(guard);
    match answer {
        Ok(answer) => Ok(answer),
        Err(dialoguer::Error::IO(error)) if error.kind() == io::ErrorKind::Interrupted => {
            streams.err.write_all(SHOW_CURSOR)?;
            writeln!(streams.err)?;
            Ok(None)
        }
        Err(dialoguer::Error::IO(error)) => {
            streams.err.write_all(SHOW_CURSOR)?;
            Err(Failure::Message(format!("could not ask: {error}")))
        }
    }
}

/// While it lives, Ctrl-C does not end the process at once: the prompt sees it, and the cursor can be shown again.
struct InterruptGuard {
    ends: Arc<AtomicBool>,
}

impl InterruptGuard {
    fn new() -> io::Result<Self> {
        let ends = Arc::new(AtomicBool::new(false));
        flag::register_conditional_default(SIGINT, Arc::clone(&ends))?;
        Ok(Self { ends })
    }
}

impl Drop for InterruptGuard {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
    }
}
