//! What became of each object, and of the whole run.

use super::super::{Exit, Failure, Streams};
use super::Live;
use crate::apply::Subject;
use crate::render::harden::{self as render_harden, FateRow, Mark};

/// What became of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// It has reached the level.
    Reached(String),
    /// It was left alone, or does not reach the level.
    Left(String),
    /// It did not come up, whether rolled back or not, or was refused.
    Failed(String),
    /// It is not known, or could not be asked.
    Error(String),
    /// The user did not want it.
    Cancelled(String),
}

impl Fate {
    fn mark(&self) -> Mark {
        match self {
            Self::Reached(_) => Mark::Good,
            Self::Left(_) | Self::Cancelled(_) => Mark::Left,
            Self::Failed(_) | Self::Error(_) => Mark::Bad,
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::Reached(text) | Self::Left(text) | Self::Failed(text) | Self::Error(text) | Self::Cancelled(text) => {
                text
            }
        }
    }
}

/// Objects with their fates.
#[derive(Debug, Default)]
pub(super) struct Fates {
    rows: Vec<FateRow>,
    fates: Vec<Fate>,
}

impl Fates {
    pub(super) fn add(&mut self, subject: &Subject, fate: Fate) {
        self.rows.push(FateRow {
            mark: fate.mark(),
            name: subject.short_name(),
            namespace: subject.namespace.clone().unwrap_or_default(),
            text: fate.text().to_owned(),
        });
        self.fates.push(fate);
    }

    fn any(&self, is: fn(&Fate) -> bool) -> bool {
        self.fates.iter().any(is)
    }
}

impl Live<'_> {
    /// Writes what became of all, and what that means for the exit code.
    pub(super) fn conclude(&self, fates: &Fates, has_errors: bool, streams: &mut Streams) -> Result<Exit, Failure> {
        if !self.args.quiet && !fates.rows.is_empty() {
            if self.asks {
                render_harden::fates(&fates.rows, &self.style(streams), &mut streams.err)?;
            } else {
                render_harden::fates(&fates.rows, &streams.out_style(Some(self.args.color)), &mut streams.out)?;
                streams.out.flush()?;
            }
        }
        if has_errors || fates.any(|fate| matches!(fate, Fate::Error(_))) {
            return Ok(Exit::Failure);
        }
        if fates.any(|fate| matches!(fate, Fate::Cancelled(_))) {
            return Ok(Exit::Cancelled);
        }
        Ok(self.exit_of(!fates.any(|fate| matches!(fate, Fate::Left(_) | Fate::Failed(_)))))
    }
}
