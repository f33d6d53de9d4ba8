//! Errors on the way, before lines and columns are counted.

use super::{Chunk, Error};

/// Something that cannot be read, at a byte offset in the document's text.
///
/// Boxed wherever it travels: it is rare, and results stay small.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) at: usize,
    pub(super) message: String,
    /// The bracket around it, where that may be the one to blame.
    pub(super) opened: Option<usize>,
}

impl Problem {
    pub(super) fn new(at: usize, message: impl Into<String>) -> Box<Self> {
        Box::new(Self { at, message: message.into(), opened: None })
    }

    /// The error at its place in the file.
    pub(super) fn in_file(self, chunk: &Chunk<'_>) -> Error {
        let place = |at: usize| {
            let (line, column) = place(chunk.text, at);
            (chunk.line + line, if line == 0 { chunk.column + column } else { column + 1 })
        };
        let (line, column) = place(self.at);
        let mut message = self.message;
        if let Some((line, column)) = self.opened.map(place) {
            message += &format!("; the bracket was opened in line {line}, column {column}");
        }
        Error { line, column, message }
    }
}

/// Line, and column in characters, of an offset; both counted from 0. Runs over the text: for errors only.
pub(super) fn place(text: &str, at: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..at.min(text.len())];
    let line = memchr::memrchr(b'\n', before).map_or(0, |feed| feed + 1);
    (memchr::memchr_iter(b'\n', before).count(), characters(&before[line..]))
}

/// How many characters UTF-8 text has.
pub(super) fn characters(text: &[u8]) -> usize {
    // Every character has one byte that does not continue another.
    text.iter().filter(|byte| (**byte & 0xC0) != 0x80).count()
}

/// A piece of the document as a message shows it.
pub(super) fn shown(text: &str) -> String {
    const MOST: usize = 40;
    let line = text.lines().next().unwrap_or_default();
    let short: String = line.chars().take(MOST).collect();
    if short.len() == line.len() { format!("{short:?}") } else { format!("{short:?}…") }
}
