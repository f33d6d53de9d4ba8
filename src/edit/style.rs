//! The habits of a document: indentation, lists, quotes.

use super::entries::Entry;
use super::lines::Lines;
use super::write::BlockStyle;
use crate::yaml::{Document, Style, Value, ValueRef};

/// Farther than this nobody indents.
const FARTHEST: usize = 16;

/// How often things are seen in a document.
#[derive(Debug, Default)]
struct Seen {
    steps: [usize; FARTHEST + 1],
    dashes: [usize; FARTHEST + 1],
    flow_lists: usize,
    block_lists: usize,
    single: usize,
    double: usize,
}

/// What most of a document does; where it does nothing of the kind, what kubectl does.
pub(super) fn of_document(lines: &Lines<'_>, document: &Document<'_>) -> BlockStyle {
    let mut seen = Seen::default();
    let mut todo: Vec<ValueRef<'_>> = document.root().into_iter().collect();
    while let Some(value) = todo.pop() {
        seen.quotes(value);
        match (value.style(), value.get()) {
            (Style::Alias | Style::Merged, _) => {}
            (style, Value::Mapping) => {
                for entry in value.written_entries() {
                    if style == Style::Block {
                        seen.child(lines, value, entry.value);
                    }
                    todo.push(entry.value);
                }
            }
            (_, Value::Sequence) => todo.extend(value.items()),
            _ => {}
        }
    }
    seen.style()
}

/// The same, with what the fields of one mapping do before it.
pub(super) fn of_mapping(lines: &Lines<'_>, entries: &[Entry<'_>], column: usize, document: BlockStyle) -> BlockStyle {
    let mut style = document;
    let (mut has_step, mut has_dash) = (false, false);
    for entry in entries.iter().filter(|entry| entry.value.style() == Style::Block) {
        let Some(by) = lines.column(entry.value.span().start).checked_sub(column) else { continue };
        match entry.value.get() {
            Value::Mapping if !has_step && by > 0 => (style.step, has_step) = (by, true),
            Value::Sequence if !has_dash => (style.dash, has_dash) = (by, true),
            _ => {}
        }
    }
    style
}

impl Seen {
    fn quotes(&mut self, value: ValueRef<'_>) {
        match value.style() {
            Style::SingleQuoted => self.single += 1,
            Style::DoubleQuoted => self.double += 1,
            _ => {}
        }
    }

    fn child(&mut self, lines: &Lines<'_>, mapping: ValueRef<'_>, value: ValueRef<'_>) {
        let is_list = value.get() == Value::Sequence;
        match value.style() {
            Style::Flow if is_list && value.items().len() > 0 => self.flow_lists += 1,
            Style::Block => {
                let column = |value: ValueRef<'_>| lines.column(value.span().start);
                let by = column(value).saturating_sub(column(mapping)).min(FARTHEST);
                if is_list {
                    self.dashes[by] += 1;
                    let is_scalar = |item: ValueRef<'_>| !matches!(item.get(), Value::Mapping | Value::Sequence);
                    self.block_lists += usize::from(value.items().all(is_scalar));
                } else if by > 0 {
                    self.steps[by] += 1;
                }
            }
            _ => {}
        }
    }

    fn style(&self) -> BlockStyle {
        // Of what is as frequent, the usual one.
        let most = |counts: &[usize], usual: usize| {
            let by = |(at, count): &(usize, &usize)| (**count, *at == usual);
            let (at, count) = counts.iter().enumerate().rev().max_by_key(by).unwrap_or((0, &0));
            (*count > 0).then_some(at)
        };
        BlockStyle {
            step: most(&self.steps, 2).unwrap_or(2),
            dash: most(&self.dashes, 0).unwrap_or(0),
            flow_lists: self.flow_lists > self.block_lists,
            single: self.single > self.double,
        }
    }
}
