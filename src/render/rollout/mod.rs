//! How a rollout goes, for people.

use std::io::{self, Write};

use super::Style;
use crate::report::rollout::RolloutStatus;

/// One line on how a rollout goes, without a line break, no wider than the terminal: it can be drawn over with the next.
#[must_use]
pub fn rollout_line(_status: &RolloutStatus, _style: &Style) -> String {
    String::new()
}

/// What a rollout came to: the line, what fails and why, and what helps.
///
/// # Errors
/// Those of `out`.
pub fn rollout(status: &RolloutStatus, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", rollout_line(status, style))
}
