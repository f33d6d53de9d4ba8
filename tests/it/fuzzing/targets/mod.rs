//! What is done with an input, and what must hold then: the same functions for the tests here and for cargo-fuzz
//! (`tests/fuzz/`). Whatever the bytes, a target neither panics nor finds anything wrong.

mod editor;
mod evaluator;
mod hardened;
mod loader;
mod message;
mod random;

pub(crate) use editor::{editor, edits, reread};
pub(crate) use evaluator::evaluator;
pub(crate) use hardened::{Hardened, applied};
pub(crate) use loader::loader;
pub(crate) use message::{is_understood, message};
pub(crate) use random::Random;

/// `Ok`, or what is wrong.
pub(crate) type Outcome = Result<(), String>;

/// Something to feed with bytes.
#[derive(Clone, Copy)]
pub(crate) struct Target {
    /// As in `tests/fuzz/fuzz_targets`.
    pub(crate) name: &'static str,
    /// Takes an input.
    pub(crate) run: fn(&[u8]) -> Outcome,
}

/// All targets.
pub(crate) const TARGETS: [Target; 4] = [
    Target { name: "loader", run: loader },
    Target { name: "evaluator", run: evaluator },
    Target { name: "editor", run: editor },
    Target { name: "message", run: message },
];

/// An error with the same words, unless a condition holds.
fn ensure(holds: bool, why: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(why()) }
}
