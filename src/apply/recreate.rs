//! Makes a pod or a job anew: asked first, deleted, awaited, created, and put back where that fails.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::{Recreation, Session};
use crate::report::apply::{Reason, Rejection, WayBack};

/// How to make something anew.
#[derive(Debug, Clone)]
pub struct RecreateOptions {
    /// How long the old object may take to go.
    pub timeout: Duration,
    /// Where the old manifest is kept meanwhile.
    pub folder: PathBuf,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecreateStep {
    /// The server would take the new one.
    Checked,
    /// The old one is asked to go.
    Deleting,
    /// The old one is gone.
    Gone,
    /// The new one is there.
    Created,
}

/// What became of it.
#[derive(Debug, Clone)]
pub enum Recreated {
    /// The new one is there.
    Done {
        /// As the server has it.
        object: Arc<Value>,
        /// What the server warned of, each once.
        warnings: Vec<String>,
        /// Whether it meets the policy, judged by what the server has.
        reached: bool,
    },
    /// Nothing was done.
    Rejected(Rejection),
    /// The new one could not be created, and the old one was created again.
    PutBack(Rejection),
    /// The old one is gone or going, and neither is there: this is how to get it back.
    Lost {
        /// What happened.
        rejection: Rejection,
        /// How to get the old one back by hand.
        way_back: WayBack,
    },
}

impl Session<'_> {
    /// Makes it anew. `on_step` hears how far it is.
    pub fn recreate(
        &self,
        recreation: &Recreation,
        options: &RecreateOptions,
        on_step: &dyn Fn(RecreateStep),
    ) -> Recreated {
        let _ = (recreation, options, on_step);
        Recreated::Rejected(Rejection {
            reason: Reason::Impossible,
            sentence: "not built yet".to_owned(),
            warnings: Vec::new(),
        })
    }
}
