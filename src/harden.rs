//! Plans the smallest edits that reach a level, makes them, and proves it by judging the result.
//!
//! [`plan()`] is pure: from a pod template to a plan. The files of manifests, and what becomes of them, are around it.

mod order;
pub mod patch;
mod plan;
mod tidy;
mod windows;
mod wishes;
mod writable;

pub use plan::{Plan, Task, plan};
