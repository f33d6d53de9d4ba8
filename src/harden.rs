//! Plans the smallest edits that reach a level, makes them, and proves it by judging the result.
//!
//! [`plan()`] is pure: from a pod template to a plan. [`harden()`] goes through manifests with it: `document` plans what is
//! to become of a document, `proof` reads the edited text again. [`patch`] says the same edits as patches, `stream` puts the
//! edited texts together, and [`mod@write`] puts them where they belong.

mod document;
mod files;
mod order;
pub mod patch;
mod pieces;
mod plan;
mod proof;
mod read;
mod stream;
mod tidy;
mod windows;
mod wishes;
mod writable;
pub mod write;

pub use files::{FileOrigin, Hardening, Job, harden};
pub use plan::{Plan, Task, plan};
