//! The dialogue before objects of a cluster are hardened: questions as plain data, and the asking.

mod answers;
mod ask;
mod known;
mod question;
mod questions;
#[cfg(test)]
mod tests;

pub(super) use answers::Answers;
pub(super) use ask::ask_all;
pub(super) use question::Question;
pub(super) use questions::{level_question, questions};
