//! Edits of collections in brackets: entries and their commas come and go.

use std::ops::Range;

use serde_json::{Map, Value as Json};

use super::editor::{Editor, Holder, Outcome, Plan};
use super::entries::{Entry, comments};
use super::scalar::{Quoting, like};
use super::write::FlowStyle;
use crate::model::FieldPath;
use crate::yaml::{Style, Value, ValueRef};

impl<'d> Editor<'_, 'd> {
    /// Makes what is planned for the entries of a collection.
    pub(super) fn flow<'e>(&mut self, plan: &Plan<'d, 'e>, holder: Option<Holder<'_, 'd>>) -> Outcome<'e> {
        let span = plan.collection.span();
        let inside = span.start + 1..span.end.saturating_sub(1);
        if plan.entries.is_empty() {
            return if plan.added.is_empty() { Ok(()) } else { self.fill(plan, holder, inside) };
        }
        let is_bare = comments(&self.lines, inside.start, inside.end, &plan.entries).is_empty();
        if plan.tail() == 0 && plan.added.is_empty() && is_bare {
            self.splice(inside, "");
            return Ok(());
        }
        let style = self.flow_style(plan.collection, &plan.entries, holder);
        let tail = plan.tail();
        for at in (0..tail).filter(|at| plan.is_removed[*at]) {
            self.remove_in_flow(&plan.entries[at], plan.path)?;
        }
        match (tail < plan.entries.len(), plan.added.is_empty()) {
            (false, true) => Ok(()),
            (false, false) => {
                self.append_in_flow(&plan.entries[tail - 1], &self.texts(plan, &style), &style);
                Ok(())
            }
            (true, true) => self.remove_tail(plan, tail),
            (true, false) => self.exchange_tail(plan, tail, &style),
        }
    }

    fn texts(&self, plan: &Plan<'d, '_>, style: &FlowStyle) -> Vec<String> {
        let style = style.entries();
        let text = |(key, value): &(Option<&str>, Json)| match key {
            Some(key) => style.field(key, value),
            None => style.text(value),
        };
        plan.added.iter().map(text).collect()
    }

    /// How a collection is written: quotes, blanks, lines.
    fn flow_style(&self, collection: ValueRef<'d>, entries: &[Entry<'d>], holder: Option<Holder<'_, 'd>>) -> FlowStyle {
        let is_outer_flow = |holder: &Holder<'_, 'd>| holder.collection.style() == Style::Flow;
        let outer = holder.filter(is_outer_flow).map(|holder| self.flow_style(holder.collection, holder.entries, None));
        let mut style = outer.clone().unwrap_or_else(|| FlowStyle::yaml(self.habits().single));
        style.lines = None;
        /// A long list is written alike all through.
        const SAMPLE: usize = 64;
        let entries_looked_at = &entries[..entries.len().min(SAMPLE)];
        let values = entries_looked_at.iter().map(|entry| entry.key.unwrap_or(entry.value));
        let sample = values.into_iter().find(|value| value.as_str().is_some());
        style.quoting = match sample.map(ValueRef::style) {
            _ if self.is_json() => Quoting::Always,
            Some(Style::DoubleQuoted) => Quoting::Always,
            Some(Style::SingleQuoted) if collection.get() == Value::Sequence => Quoting::Single,
            Some(_) => Quoting::Needed { in_flow: true, single: self.habits().single },
            None => style.quoting,
        };
        if let Some((slot, value)) = entries_looked_at.iter().find_map(|entry| Some((entry.slot?, entry.value)))
            && value.style() != Style::Absent
        {
            style.colon = if slot == value.span().start { ":" } else { ": " };
            style.comma = if slot == value.span().start { "," } else { ", " };
        }
        if let [first, second, ..] = entries {
            let is_tight = self.lines.text[first.end..second.start].ends_with(',');
            style.comma = if is_tight { "," } else { ", " };
        }
        style.lines = match entries.last() {
            Some(last) if self.lines.starts_line(last.start) => Some(self.line_style(collection, last)),
            Some(_) => None,
            // An empty one is laid out like the one that it is in, a level deeper.
            None => outer.and_then(|outer| outer.lines).map(|(indent, step)| (format!("{indent}{step}"), step)),
        };
        style
    }

    /// The line break and indentation of the closing bracket, and what entries are indented further.
    fn line_style(&self, collection: ValueRef<'d>, last: &Entry<'d>) -> (String, String) {
        let own = self.lines.indentation(last.start);
        let outer = self.lines.indentation(collection.span().start);
        let line_break = self.lines.break_like(last.start);
        let (outer, step) = match own.strip_prefix(outer) {
            Some(step) => (outer, step),
            None => (own, ""),
        };
        (format!("{line_break}{outer}"), step.to_owned())
    }

    /// Puts entries into empty brackets.
    fn fill<'e>(&mut self, plan: &Plan<'d, 'e>, holder: Option<Holder<'_, 'd>>, inside: Range<usize>) -> Outcome<'e> {
        let is_bare = comments(&self.lines, inside.start, inside.end, &[]).is_empty();
        let is_scalar = |value: &Json| !matches!(value, Json::Array(_) | Json::Object(_));
        let stays = plan.collection.get() == Value::Sequence && plan.added.iter().all(|(_, value)| is_scalar(value));
        if let Some(holder) = holder.filter(|holder| holder.collection.style() == Style::Block && is_bare && !stays) {
            return self.set_in_block(holder, &made(plan), plan.path);
        }
        let style = self.flow_style(plan.collection, &[], holder);
        let texts = self.texts(plan, &style);
        match &style.lines {
            Some((indent, step)) if is_bare => {
                let text = texts.join(&format!(",{indent}{step}"));
                self.splice(inside, format!("{indent}{step}{text}{indent}"));
            }
            _ if is_bare => self.splice(inside, texts.join(style.comma)),
            _ => self.splice(inside.start..inside.start, texts.join(style.comma)),
        }
        Ok(())
    }

    /// Puts entries behind the last one.
    fn append_in_flow(&mut self, last: &Entry<'d>, texts: &[String], style: &FlowStyle) {
        let comma = self.lines.skip_gap(last.end);
        let has_comma = self.lines.byte(comma) == b',';
        let base = if has_comma { comma + 1 } else { last.end };
        // A colon and a comma with nothing between them would be read as one word.
        let gap = if last.value.style() == Style::Absent && !has_comma { " " } else { "" };
        let Some((indent, step)) = &style.lines else {
            let text = texts.join(style.comma);
            return match has_comma {
                true => self.splice(base..base, format!("{}{text},", &style.comma[1..])),
                false => self.splice(base..base, format!("{gap}{}{text}", style.comma)),
            };
        };
        let text = texts.join(&format!(",{indent}{step}"));
        let behind = if has_comma { "," } else { "" };
        if !has_comma {
            self.splice(base..base, format!("{gap},"));
        }
        let at = if self.ends_line(base) { self.lines.line_end(base) } else { base };
        self.splice(at..at, format!("{indent}{step}{text}{behind}"));
    }

    /// Whether only blanks and a comment follow in the line.
    fn ends_line(&self, at: usize) -> bool {
        let at = self.lines.skip_blanks(at);
        self.lines.byte(at) == b'#' || !self.lines.break_at(at).is_empty()
    }

    /// Takes an entry away with the comma behind it, if there is one.
    fn remove_in_flow<'e>(&mut self, entry: &Entry<'d>, path: &'e FieldPath) -> Outcome<'e> {
        let comma = self.lines.skip_gap(entry.end);
        let end = if self.lines.byte(comma) == b',' { comma + 1 } else { entry.end };
        if self.lines.text[entry.end..end].contains('#') {
            return Err((path, "there is a comment between the entry and its comma"));
        }
        let kept = self.comment_lines(entry.start..entry.end, &[*entry]);
        if self.lines.starts_line(entry.start) && self.ends_line(end) {
            let (indent, line_break) = (self.lines.indentation(entry.start), self.lines.break_like(entry.start));
            let text: String = kept.iter().map(|comment| format!("{indent}{comment}{line_break}")).collect();
            let range = self.lines.line_start(entry.start)..self.lines.next_line(end);
            self.splice(range, text);
            return Ok(());
        }
        if !kept.is_empty() {
            return Err((path, "there are comments in what would be removed"));
        }
        let behind = self.lines.skip_blanks(end);
        let mut start = entry.start;
        if !self.lines.break_at(behind).is_empty() {
            let before = &self.lines.text[..start];
            start = before.trim_end_matches([' ', '\t']).len();
        }
        self.splice(start..behind, "");
        Ok(())
    }

    /// Takes away all entries from one on, and the comma before them if none is behind them.
    fn remove_tail<'e>(&mut self, plan: &Plan<'d, 'e>, tail: usize) -> Outcome<'e> {
        let entries = &plan.entries;
        let end = entries[entries.len() - 1].end;
        let has_comma = self.lines.byte(self.lines.skip_gap(end)) == b',';
        let kept = if tail > 0 { entries[tail - 1].end } else { end };
        if tail > 0 && comments(&self.lines, kept, end, &entries[tail..]).is_empty() {
            self.splice(kept..end, "");
            return Ok(());
        }
        if tail > 0 && !has_comma {
            let comma = self.lines.skip_gap(kept);
            self.splice(comma..comma + 1, "");
            if self.lines.byte(comma) != b',' {
                return Err((plan.path, "there is no comma before the entry"));
            }
        }
        entries[tail..].iter().try_for_each(|entry| self.remove_in_flow(entry, plan.path))
    }

    /// New entries take the place of the last ones.
    fn exchange_tail<'e>(&mut self, plan: &Plan<'d, 'e>, tail: usize, style: &FlowStyle) -> Outcome<'e> {
        let last = plan.entries.len() - 1;
        for entry in &plan.entries[tail..last] {
            self.remove_in_flow(entry, plan.path)?;
        }
        let Entry { start, end, .. } = plan.entries[last];
        if !self.comment_lines(start..end, &plan.entries[last..]).is_empty() {
            return Err((plan.path, "there are comments in what would be replaced"));
        }
        let texts = self.texts(plan, style);
        let text = match &style.lines {
            Some((indent, step)) => texts.join(&format!(",{indent}{step}")),
            None => texts.join(style.comma),
        };
        self.splice(start..end, text);
        Ok(())
    }

    /// Gives an entry of a collection in brackets another value.
    pub(super) fn set_in_flow<'e>(&mut self, holder: Holder<'_, 'd>, value: &Json, path: &'e FieldPath) -> Outcome<'e> {
        let old = holder.entry.value;
        let style = self.flow_style(holder.collection, holder.entries, None);
        let text = like(old, value).unwrap_or_else(|| style.entries().text(value));
        let span = old.span();
        if old.style() == Style::Absent {
            let lead = if holder.entry.slot.is_some() { " " } else { ": " };
            let at = span.start;
            let tag = old.properties().filter(|properties| properties.has_tag);
            let text = tag
                .and_then(|tag| tag.anchor)
                .map_or(text.clone(), |(start, end)| format!("{} {text}", &self.lines.text[start..end]));
            self.splice(tag.map_or(at, |tag| tag.start)..at, format!("{lead}{text}"));
            return Ok(());
        }
        self.check_uncommented(span.start..span.end, holder.entry, path)?;
        let tag = Some(old).filter(|old| old.style() != Style::Alias).and_then(ValueRef::properties);
        match tag.filter(|tag| tag.has_tag) {
            None => self.splice(span.start..span.end, text),
            Some(tag) => {
                let anchor =
                    tag.anchor.map_or_else(String::new, |(start, end)| format!("{} ", &self.lines.text[start..end]));
                self.splice(tag.start..span.end, anchor + &text);
            }
        }
        Ok(())
    }
}

/// What is added, as a value of its own.
fn made(plan: &Plan<'_, '_>) -> Json {
    if plan.collection.get() == Value::Sequence {
        return plan.added.iter().map(|(_, value)| value.clone()).collect();
    }
    let fields = plan.added.iter().map(|(key, value)| (key.unwrap_or_default().to_owned(), value.clone()));
    Json::Object(fields.collect::<Map<_, _>>())
}
