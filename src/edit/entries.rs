//! Entries of mappings and items of lists, with the bytes that they take in the text.

use super::lines::Lines;
use crate::yaml::{Style, Value, ValueRef};

/// An entry of a mapping or an item of a list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'d> {
    /// Nothing for an item.
    pub(super) key: Option<ValueRef<'d>>,
    pub(super) value: ValueRef<'d>,
    /// Whether it is a merge key's.
    pub(super) is_merge: bool,
    /// Its first byte: of the dash, the question mark, the key or the anchor before it.
    pub(super) start: usize,
    /// Behind its value.
    pub(super) end: usize,
    /// Behind the colon or the dash; none where a key has no colon, and in lists between brackets.
    pub(super) slot: Option<usize>,
}

impl<'d> Entry<'d> {
    /// All entries of a collection as they stand in the text.
    pub(super) fn all(lines: &Lines<'_>, collection: ValueRef<'d>) -> Vec<Self> {
        let is_flow = collection.style() == Style::Flow;
        let start = collection.span().start;
        let mut end = if is_flow { start + 1 } else { start };
        let mut entries = Vec::new();
        let mut add = |key: Option<ValueRef<'d>>, value: ValueRef<'d>, is_merge| {
            let mut start = lines.skip_gap(end);
            if is_flow && lines.byte(start) == b',' {
                start = lines.skip_gap(start + 1);
            }
            let slot = match key {
                None => (!is_flow).then_some(start + 1),
                Some(key) => {
                    let colon = lines.skip_gap(key.span().end);
                    (lines.byte(colon) == b':').then_some(colon + 1)
                }
            };
            end = value.span().end.max(slot.unwrap_or(start)).max(key.map_or(0, |key| key.span().end));
            entries.push(Self { key, value, is_merge, start, end, slot });
        };
        if collection.get() == Value::Mapping {
            collection.written_entries().for_each(|entry| add(Some(entry.key), entry.value, entry.is_merge));
        } else {
            collection.items().for_each(|item| add(None, item, false));
        }
        entries
    }

    /// The key as kubectl makes a string of it.
    pub(super) fn name(&self) -> &'d str {
        self.key.and_then(ValueRef::as_str).unwrap_or_default()
    }

    /// The block scalar that ends where the entry does: lines put in behind it may change it.
    pub(super) fn last_block_scalar(&self) -> Option<ValueRef<'d>> {
        let mut value = self.value;
        loop {
            value = match (value.style(), value.get()) {
                (Style::Literal | Style::Folded, _) => return Some(value),
                (Style::Block, Value::Mapping) => value.written_entries().last()?.value,
                (Style::Block, _) => value.items().last()?,
                _ => return None,
            };
        }
    }
}

/// A comment between the tokens of a value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Comment<'t> {
    /// From the `#` to the end of the line.
    pub(super) text: &'t str,
    /// Whether nothing else is in its line.
    pub(super) is_line: bool,
}

/// The comments from `start` to `end`, where there is nothing but these values in order.
pub(super) fn comments<'t>(lines: &Lines<'t>, start: usize, end: usize, values: &[Entry<'_>]) -> Vec<Comment<'t>> {
    let mut tokens = Vec::new();
    for entry in values {
        tokens.extend(entry.key.map(|key| (key.span().start, key.span().end)));
        leaves(entry.value, &mut tokens);
    }
    let mut found = Vec::new();
    let mut at = start;
    for (token, behind) in tokens.into_iter().chain([(end, end)]) {
        between(lines, at, token.min(end), &mut found);
        at = behind.max(at);
    }
    found
}

/// The scalars and aliases of a value, in order.
fn leaves(value: ValueRef<'_>, into: &mut Vec<(usize, usize)>) {
    let mut todo = vec![value];
    while let Some(value) = todo.pop() {
        let first = todo.len();
        match (value.style(), value.get()) {
            (Style::Alias | Style::Merged, _) | (_, Value::String(_)) => {
                into.push((value.span().start, value.span().end))
            }
            (_, Value::Mapping) => todo.extend(value.written_entries().flat_map(|entry| [entry.key, entry.value])),
            (_, Value::Sequence) => todo.extend(value.items()),
            _ => into.push((value.span().start, value.span().end)),
        }
        todo[first..].reverse();
    }
}

fn between<'t>(lines: &Lines<'t>, mut at: usize, end: usize, found: &mut Vec<Comment<'t>>) {
    while at < end {
        let Some(length) = lines.text[at..end].find('#') else { return };
        let start = at + length;
        at = lines.line_end(start);
        found.push(Comment { text: lines.text[start..at].trim_end(), is_line: lines.starts_line(start) });
    }
}
