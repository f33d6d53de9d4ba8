//! All rows of the table.

use super::commands::Grounds;
use super::{Group, answers, credentials, writes};

pub(super) fn all(grounds: &Grounds) -> Vec<Group> {
    vec![
        answers::time(),
        answers::cuts(),
        answers::refusals(),
        answers::expiry(),
        writes::all(),
        credentials::tokens(),
        credentials::certificates(),
        credentials::rights(grounds),
    ]
}
