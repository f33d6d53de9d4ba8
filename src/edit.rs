//! Turns edits of an object into splices of the text that it stands in: every byte outside of them stays.
//!
//! [`changes`] makes a tree of the edits, [`editor`] walks the object along with it, [`block`] and [`flow`] know how
//! lines and commas come and go, and [`verify`] reads the new text again: whatever else it would change is refused.

mod block;
mod changes;
mod compare;
mod editor;
mod entries;
mod flow;
mod lines;
mod scalar;
mod style;
mod verify;
mod write;

use std::ops::Range;

use crate::model::FieldPath;
use crate::yaml::{Style, ValueRef};

pub use compare::{equal, equal_but};
pub use verify::{Edited, Target, Unedited, edited};

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

/// An object as a text of its own, in block style as kubectl writes it, with strings quoted where a reader of YAML 1.1
/// would take them for something else.
#[must_use]
pub fn manifest(object: &serde_json::Value) -> String {
    let style = write::BlockStyle { step: 2, dash: 0, flow_lists: false, single: false };
    let mut text = style.lines(object).join("\n");
    text.push('\n');
    text
}

impl Refused {
    /// The place of a path, or of the closest thing around it that stands there itself.
    fn at(object: ValueRef<'_>, path: &FieldPath, why: impl Into<String>) -> Self {
        let is_elsewhere = |value: ValueRef<'_>| matches!(value.style(), Style::Alias | Style::Merged);
        let mut located = object.locate(&FieldPath::root());
        for steps in 1..=path.segments().len() {
            let next = object.locate(&path.head(steps));
            if next.steps < steps || next.value.style() == Style::Merged {
                break;
            }
            located = next;
            if is_elsewhere(located.value) {
                break;
            }
        }
        let span = located.key.unwrap_or(located.value).span();
        Self { path: path.clone(), line: span.line, column: span.column, why: why.into() }
    }
}

/// The text with splices made, which do not overlap. What is put in at one place comes in the order of the splices.
#[must_use]
pub fn spliced(text: &str, splices: &[Splice]) -> String {
    let mut sorted: Vec<&Splice> = splices.iter().collect();
    sort(&mut sorted);
    part(text, 0..text.len(), &sorted)
}

fn sort(splices: &mut [&Splice]) {
    splices.sort_by_key(|splice| (splice.range.start, splice.range.end));
}

/// A part of a text with the splices in it made, which are sorted.
fn part(text: &str, range: Range<usize>, splices: &[&Splice]) -> String {
    let added: usize = splices.iter().map(|splice| splice.text.len()).sum();
    let mut result = String::with_capacity(range.len() + added);
    let mut done = range.start;
    for splice in splices {
        result.push_str(text.get(done..splice.range.start).unwrap_or_default());
        result.push_str(&splice.text);
        done = splice.range.end;
    }
    result.push_str(text.get(done..range.end).unwrap_or_default());
    result
}
