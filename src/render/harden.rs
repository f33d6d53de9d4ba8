//! Writes what hardening came to: one file per format.

mod diff;
mod format;
mod json;
mod live;
mod patches;
mod plan;
mod values;

pub use diff::{diff, stream};
pub use format::HardenFormat;
pub use json::{many, objects, plan_json};
pub use live::{FateRow, Mark, aside, command, fates, heading, step};
pub use patches::{kustomization, patch_files, patches};
pub use plan::{PlanView, closing, next, plan};

#[cfg(test)]
mod sample;
