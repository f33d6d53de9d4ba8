//! Edits of collections by indentation: whole lines come and go.

use std::ops::Range;

use serde_json::Value as Json;

use super::editor::{Editor, Holder, Outcome, Plan};
use super::entries::Entry;
use super::lines::{is_blank, is_break};
use super::style;
use super::write::BlockStyle;
use crate::model::FieldPath;
use crate::yaml::{Style, Value, ValueRef};

impl<'d> Editor<'_, 'd> {
    /// Makes what is planned for the entries of a collection.
    pub(super) fn block<'e>(&mut self, plan: &Plan<'d, 'e>, holder: Option<Holder<'_, 'd>>) -> Outcome<'e> {
        let tail = plan.tail();
        match (plan.added.is_empty(), tail) {
            (true, 0) => self.empty(plan, holder),
            (true, _) => self.remove_runs(plan, plan.entries.len()),
            (false, _) => {
                self.remove_runs(plan, tail);
                if tail < plan.entries.len() { self.exchange(plan, tail) } else { self.append(plan) }
            }
        }
        Ok(())
    }

    /// New entries as lines from the collection's own column on.
    fn new_lines(&self, plan: &Plan<'d, '_>, column: usize) -> Vec<String> {
        let style = style::of_mapping(&self.lines, &plan.entries, column, self.habits());
        let lines = plan.added.iter().flat_map(|(key, value)| match key {
            Some(key) => style.field(key, value),
            None => style.item(value),
        });
        lines.collect()
    }

    fn append(&mut self, plan: &Plan<'d, '_>) {
        let Some(entry) = plan.entries.last() else { return };
        let column = self.lines.column(plan.entries[0].start);
        let lines = self.new_lines(plan, column);
        let is_at_end = self.lines.text[entry.end..self.lines.range.end].trim().is_empty()
            && self.lines.break_before(self.lines.range.end).is_empty();
        if is_at_end && entry.last_block_scalar().is_some() {
            // A line break at the end of the text would become part of the scalar.
            let line_break = self.break_with(entry.start, column);
            let text = lines.join(&line_break) + &line_break;
            self.splice(entry.start..entry.start, text);
            return;
        }
        self.put_below(entry.end, column, column, &lines);
    }

    /// A line break like those around `at`, and the spaces that the next line starts with.
    fn break_with(&self, at: usize, column: usize) -> String {
        format!("{}{}", self.lines.break_like(at), " ".repeat(column))
    }

    /// Puts lines below the one in which something ends, and below comments further right than `beyond`.
    fn put_below(&mut self, end: usize, beyond: usize, column: usize, lines: &[String]) {
        let is_line_start = end > self.lines.range.start && !self.lines.break_before(end).is_empty();
        let at = if is_line_start { end } else { self.lines.behind_comments(end, beyond).0 };
        let indent = " ".repeat(column);
        let line_break = self.lines.break_like(at.min(end));
        let text = lines.join(&format!("{line_break}{indent}"));
        if self.lines.break_before(at).is_empty() {
            self.splice(at..at, format!("{line_break}{indent}{text}"));
        } else {
            self.splice(at..at, format!("{indent}{text}{line_break}"));
        }
    }

    fn remove_runs(&mut self, plan: &Plan<'d, '_>, end: usize) {
        let mut at = 0;
        while at < end {
            let length = plan.is_removed[at..end].iter().take_while(|removed| **removed).count();
            if length > 0 {
                self.remove_run(&plan.entries, at..at + length);
            }
            at += length + 1;
        }
    }

    fn remove_run(&mut self, entries: &[Entry<'d>], run: Range<usize>) {
        let (first, last) = (&entries[run.start], &entries[run.end - 1]);
        if !self.lines.starts_line(first.start) {
            // The next one moves up, behind the dash.
            let Some(next) = entries.get(run.end) else { return };
            let kept = self.comment_lines(first.start..next.start, &entries[run]);
            let line = self.lines.line_start(first.start);
            let indent = self.lines.indentation(first.start);
            let line_break = self.lines.break_like(line);
            let text: String = kept.iter().map(|comment| format!("{indent}{comment}{line_break}")).collect();
            self.splice(line..line, text);
            self.splice(first.start..next.start, "");
            return;
        }
        let previous = run.start.checked_sub(1).map(|at| &entries[at]);
        let scalar = previous.and_then(Entry::last_block_scalar);
        let end = self.end_of_run(first, last, scalar);
        let range = self.lines.line_start(first.start)..end;
        let indent = self.lines.indentation(first.start);
        let kept = self.comment_lines(first.start..end, &entries[run]);
        self.replace_lines(range, indent, &kept, scalar.is_some());
    }

    /// Where lines end that go. What is further right than the lines of a block scalar before them would become a part of
    /// that, and of one with `+` empty lines would too.
    fn end_of_run(&self, first: &Entry<'d>, last: &Entry<'d>, scalar: Option<ValueRef<'d>>) -> usize {
        let mut end = self.behind(last.end);
        let Some(scalar) = scalar else { return end };
        if self.lines.break_before(last.end).is_empty() {
            end = self.lines.behind_comments(last.end, self.lines.column(first.start)).0;
        }
        let start = scalar.span().start;
        let header = &self.lines.text[start..self.lines.line_end(start)];
        while header.split('#').next().is_some_and(|header| header.contains('+')) {
            let next = self.lines.next_line(end);
            if next == end || !self.lines.text[end..next].trim().is_empty() {
                break;
            }
            end = next;
        }
        end
    }

    /// Where the line behind an entry starts.
    fn behind(&self, end: usize) -> usize {
        if self.lines.break_before(end).is_empty() { self.lines.next_line(end) } else { end }
    }

    /// Puts comments in the place of whole lines. A text that does not end with a line break goes on not to.
    fn replace_lines(&mut self, range: Range<usize>, indent: &str, kept: &[&str], is_behind_scalar: bool) {
        let line_break = self.lines.break_like(range.start);
        let lines: Vec<String> = kept.iter().map(|comment| format!("{indent}{comment}")).collect();
        let mut text = lines.join(line_break);
        let is_last = range.end == self.lines.range.end && self.lines.break_before(range.end).is_empty();
        if !is_last && !kept.is_empty() {
            text.push_str(line_break);
        }
        if is_last && kept.is_empty() && !is_behind_scalar {
            return self.cut_end(range.start);
        }
        self.splice(range, text);
    }

    /// Takes away the end of the text, which has no line break, from a line on, and the line break before it. Where
    /// something is put in before that line, its line break goes.
    fn cut_end(&mut self, line: usize) {
        let before = &self.lines.text[self.lines.range.start..line];
        let start = self.lines.range.start + before.trim_end_matches(|c| is_blank(c) || is_break(c)).len();
        let start = match self.last_splice_behind(start) {
            None => start,
            Some(splice) => {
                splice.text.truncate(splice.text.trim_end_matches(is_break).len());
                splice.range.end
            }
        };
        self.splice(start..self.lines.range.end, "");
    }

    /// New entries take the place of the last ones.
    fn exchange(&mut self, plan: &Plan<'d, '_>, tail: usize) {
        let old = &plan.entries[tail..];
        let Some((first, last)) = old.first().zip(old.last()) else { return };
        let column = self.lines.column(first.start);
        let indent = " ".repeat(column);
        let mut lines = self.new_lines(plan, column);
        let comments = self.comment_lines(first.start..last.end, old);
        lines.extend(comments.into_iter().map(str::to_owned));
        let line_break = self.lines.break_like(first.start);
        let end = self.lines.line_end(self.trimmed(first.start, last.end));
        self.splice(first.start..end, lines.join(&format!("{line_break}{indent}")));
    }

    /// Where the last line of something ends that may end with line breaks.
    fn trimmed(&self, start: usize, end: usize) -> usize {
        start + self.lines.text[start..end].trim_end().len()
    }

    /// Nothing is left of a collection but its brackets.
    fn empty(&mut self, plan: &Plan<'d, '_>, holder: Option<Holder<'_, 'd>>) {
        let Some((first, last)) = plan.entries.first().zip(plan.entries.last()) else { return };
        let brackets = if plan.collection.get() == Value::Mapping { "{}" } else { "[]" };
        let comments = self.comment_lines(first.start..last.end, &plan.entries);
        let end = self.trimmed(first.start, last.end);
        let slot = holder.and_then(|holder| slot(&holder));
        match slot.filter(|slot| self.lines.has_break(*slot..first.start)) {
            Some(slot) => {
                self.splice(slot..slot, format!(" {brackets}"));
                let indent = self.lines.indentation(first.start);
                let range = self.lines.line_start(first.start)..self.lines.next_line(end);
                self.replace_lines(range, indent, &comments, false);
            }
            None => {
                let line_break = self.break_with(first.start, self.lines.column(first.start));
                let lines: String = comments.iter().map(|comment| format!("{line_break}{comment}")).collect();
                self.splice(first.start..self.lines.line_end(end), format!("{brackets}{lines}"));
            }
        }
    }

    /// Gives an entry of a block collection another value.
    pub(super) fn set_in_block<'e>(
        &mut self,
        holder: Holder<'_, 'd>,
        value: &Json,
        path: &'e FieldPath,
    ) -> Outcome<'e> {
        let old = holder.entry.value;
        let column = self.lines.column(holder.collection.span().start);
        let style = style::of_mapping(&self.lines, holder.entries, column, self.habits());
        let (from, anchor) = self.place(&holder).ok_or((path, "the key has no colon"))?;
        let start = old.span().start;
        let end = from.max(self.trimmed(start, old.span().end));
        let change = Exchange { from, end, anchor, is_below: self.lines.has_break(from..start.max(from)) };
        let range = match (change.is_below && old.style() == Style::Block, has_own_place(old)) {
            (true, _) => self.lines.line_end(from)..self.lines.line_end(end),
            (false, true) => start..end,
            (false, false) => from..end,
        };
        self.check_uncommented(range, holder.entry, path)?;
        match super::scalar::like(old, value).or_else(|| style.inline(value)) {
            Some(text) => self.set_inline(old, &change, text),
            None => self.set_lines(&holder, value, style, &change),
        }
        Ok(())
    }

    fn set_inline(&mut self, old: ValueRef<'d>, change: &Exchange, text: String) {
        let Exchange { from, end, ref anchor, is_below } = *change;
        let start = old.span().start;
        let text = text + &self.header_comment(old);
        if old.style() != Style::Block {
            return match has_own_place(old) {
                true => self.splice(start..end, text),
                false => self.splice(from..end, format!("{anchor} {text}")),
            };
        }
        if is_below {
            self.splice(from..from, format!("{anchor} {text}"));
            self.splice(self.lines.line_end(from)..self.lines.line_end(end), "");
        } else {
            self.splice(from..self.lines.line_end(end), format!("{anchor} {text}"));
        }
    }

    /// A value that takes lines of its own.
    fn set_lines(&mut self, holder: &Holder<'_, 'd>, value: &Json, style: BlockStyle, change: &Exchange) {
        let Exchange { from, end, ref anchor, is_below } = *change;
        let lines = style.lines(value);
        let column = self.lines.column(holder.collection.span().start);
        let old = holder.entry.value;
        let is_block = old.style() == Style::Block;
        if holder.entry.key.is_none() && holder.entry.slot == Some(from) && anchor.is_empty() && !is_below {
            return self.set_item(from..end, &lines, column + 2, is_block);
        }
        if is_below && !is_block && has_own_place(old) {
            let start = old.span().start;
            let text = lines.join(&self.break_with(start, self.lines.column(start)));
            return self.splice(start..end, text);
        }
        if is_block {
            self.splice(from..from, anchor);
            self.splice(self.lines.line_end(from)..self.lines.line_end(end), "");
        } else {
            self.splice(from..end, anchor);
        }
        let is_explicit = holder
            .entry
            .key
            .is_none_or(|key| self.lines.byte(holder.entry.start) == b'?' && key.span().start > holder.entry.start);
        let by = match value.is_array() {
            // Only behind a simple key a list may be no further right.
            true if is_explicit => style.dash.max(style.step),
            true => style.dash,
            false => style.step,
        };
        let (_, of_comment) = self.lines.behind_comments(end, column);
        self.put_below(end, column, of_comment.unwrap_or(column + by), &lines);
    }

    /// A collection that starts behind its dash; a comment there stays in its line.
    fn set_item(&mut self, range: Range<usize>, lines: &[String], column: usize, is_block: bool) {
        let end = if is_block { self.lines.line_end(range.end) } else { range.end };
        let Some((first, rest)) = lines.split_first() else { return };
        self.splice(range.start..end, format!(" {first}"));
        if !rest.is_empty() {
            self.put_below(end, usize::MAX, column, rest);
        }
    }

    /// Where the value of an entry is to stand, and the anchor that must be written again: a tag goes with its value.
    fn place(&self, holder: &Holder<'_, 'd>) -> Option<(usize, String)> {
        let slot = holder.entry.slot?;
        let value = holder.entry.value;
        let properties = if value.style() == Style::Alias { None } else { value.properties() };
        Some(match properties {
            None => (slot, String::new()),
            Some(properties) if !properties.has_tag => (properties.end, String::new()),
            Some(properties) => {
                let anchor = properties.anchor.map(|(start, end)| format!(" {}", &self.lines.text[start..end]));
                (slot, anchor.unwrap_or_default())
            }
        })
    }

    /// The comment behind the `|` of a block scalar that is replaced.
    fn header_comment(&self, value: ValueRef<'d>) -> String {
        if !matches!(value.style(), Style::Literal | Style::Folded) {
            return String::new();
        }
        let start = value.span().start;
        let header = &self.lines.text[start..self.lines.line_end(start)];
        header.find('#').map_or_else(String::new, |at| format!(" {}", &header[at..]))
    }
}

/// Where an old value is whose place another one takes.
struct Exchange {
    /// Behind the colon or the dash, or behind the anchor.
    from: usize,
    /// Behind the old value, without line breaks at its end.
    end: usize,
    /// What is to stand before the new value.
    anchor: String,
    /// Whether the old value does not start in the line of its key or dash.
    is_below: bool,
}

/// Whether the new value can stand just where the old one does.
fn has_own_place(value: ValueRef<'_>) -> bool {
    let has_tag = value.style() != Style::Alias && value.properties().is_some_and(|properties| properties.has_tag);
    value.style() != Style::Absent && !has_tag
}

/// Where the value of an entry starts, behind its anchor and tag.
fn slot(holder: &Holder<'_, '_>) -> Option<usize> {
    let properties = holder.entry.value.properties();
    properties.map(|properties| properties.end).or(holder.entry.slot)
}
