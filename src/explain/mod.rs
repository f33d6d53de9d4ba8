//! What people ask about: checks by any name, fields of a securityContext, and messages of the server pasted as text.
//!
//! Everything here is plain data from plain data. What a check means stands in the check's own file; only fields that
//! Pod Security does not judge are told about in here.

mod bare;
mod blame;
mod detail;
mod field;
mod json;
mod lookup;
mod message;
mod parts;
mod paste;
mod query;
mod unwrap;

pub use detail::Subject;
pub use field::{FIELDS, Field};
pub use lookup::{Answer, lookup, similar};
pub use message::{Kind, Message};
pub use parts::Part;
pub use paste::{Pasted, read};

use crate::checks::{CHECKS, Check};

/// From which version on another check stands in for this one at the restricted level.
#[must_use]
pub fn replaced_by(check: &Check) -> Option<(&'static Check, u16)> {
    CHECKS.iter().copied().find_map(|other| {
        let first = other.revisions.iter().find(|revision| revision.overrides.contains(&check.id))?;
        Some((other, first.since))
    })
}
