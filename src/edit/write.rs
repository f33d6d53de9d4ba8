//! New values as lines of block style or as text between brackets.

use serde_json::Value;

use super::scalar::{Quoting, scalar, string};

/// How new block collections look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BlockStyle {
    /// How much further right the fields of an object stand than its key.
    pub(super) step: usize,
    /// How much further right the dashes of a list stand than its key.
    pub(super) dash: usize,
    /// Whether lists of scalars stand in brackets.
    pub(super) flow_lists: bool,
    /// Whether strings take single quotes.
    pub(super) single: bool,
}

impl BlockStyle {
    pub(super) fn quoting(self) -> Quoting {
        Quoting::Needed { in_flow: false, single: self.single }
    }

    /// The value where it fits behind its key.
    pub(super) fn inline(self, value: &Value) -> Option<String> {
        match value {
            Value::Object(fields) if !fields.is_empty() => None,
            Value::Array(items) if !items.is_empty() => {
                let is_short = self.flow_lists && items.iter().all(is_scalar);
                is_short.then(|| FlowStyle::yaml(self.single).text(value))
            }
            _ => Some(scalar(value, self.quoting())),
        }
    }

    /// An entry of a mapping, in lines from its own column on.
    pub(super) fn field(self, key: &str, value: &Value) -> Vec<String> {
        let key = string(key, self.quoting());
        if let Some(text) = self.inline(value) {
            return vec![format!("{key}: {text}")];
        }
        let by = " ".repeat(if value.is_array() { self.dash } else { self.step });
        let mut lines = vec![format!("{key}:")];
        lines.extend(self.lines(value).into_iter().map(|line| format!("{by}{line}")));
        lines
    }

    /// An item of a list, in lines from its dash's column on.
    pub(super) fn item(self, value: &Value) -> Vec<String> {
        let lines = match self.inline(value) {
            Some(text) => vec![text],
            None => self.lines(value),
        };
        let mark = |(at, line): (usize, String)| if at == 0 { format!("- {line}") } else { format!("  {line}") };
        lines.into_iter().enumerate().map(mark).collect()
    }

    /// A collection that is not empty, in lines from its own column on.
    pub(super) fn lines(self, value: &Value) -> Vec<String> {
        match value {
            Value::Object(fields) => fields.iter().flat_map(|(key, value)| self.field(key, value)).collect(),
            Value::Array(items) => items.iter().flat_map(|item| self.item(item)).collect(),
            other => vec![scalar(other, self.quoting())],
        }
    }
}

fn is_scalar(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => true,
    }
}

/// How new collections in brackets look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FlowStyle {
    pub(super) quoting: Quoting,
    /// What stands between key and value.
    pub(super) colon: &'static str,
    /// What stands between entries in a line.
    pub(super) comma: &'static str,
    /// Each entry on a line of its own: line break with indentation, and what a level adds.
    pub(super) lines: Option<(String, String)>,
}

impl FlowStyle {
    pub(super) fn yaml(single: bool) -> Self {
        Self { quoting: Quoting::Needed { in_flow: true, single }, colon: ": ", comma: ", ", lines: None }
    }

    /// A value; its closing bracket stands as far right as the line that it starts in.
    pub(super) fn text(&self, value: &Value) -> String {
        let deeper = self.deeper();
        match value {
            Value::Array(items) if !items.is_empty() => {
                let items: Vec<String> = items.iter().map(|item| deeper.text(item)).collect();
                self.between("[", &items, "]")
            }
            Value::Object(fields) if !fields.is_empty() => {
                let fields: Vec<String> = fields.iter().map(|(key, value)| deeper.field(key, value)).collect();
                self.between("{", &fields, "}")
            }
            other => scalar(other, self.quoting),
        }
    }

    pub(super) fn field(&self, key: &str, value: &Value) -> String {
        format!("{}{}{}", string(key, self.quoting), self.colon, self.text(value))
    }

    /// The style of what is in the entries: only JSON has lines of their own for the entries of those too.
    pub(super) fn entries(&self) -> Self {
        let mut style = self.deeper();
        style.lines = style.lines.filter(|_| self.quoting == Quoting::Always);
        style
    }

    fn deeper(&self) -> Self {
        let lines = self.lines.as_ref().map(|(indent, step)| (format!("{indent}{step}"), step.clone()));
        Self { lines, ..self.clone() }
    }

    fn between(&self, open: &str, entries: &[String], close: &str) -> String {
        match &self.lines {
            None => format!("{open}{}{close}", entries.join(self.comma)),
            Some((indent, step)) => {
                let entries = entries.join(&format!(",{indent}{step}"));
                format!("{open}{indent}{step}{entries}{indent}{close}")
            }
        }
    }
}
