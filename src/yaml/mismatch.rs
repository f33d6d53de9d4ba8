//! What is said of values that do not have the type which their field needs, and of fields that a type does not have.

use std::fmt;

use super::tree::Span;
use super::value::{Entry, Value, ValueRef};
use crate::model::FieldPath;

/// A value that does not have the type its field needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeError {
    /// Path from where decoding started.
    pub path: FieldPath,
    /// Where the value is; `None` only when the error came from outside any value.
    pub span: Option<Span>,
    /// As `expected a boolean, found the string "yes"`.
    pub message: String,
}

impl TypeError {
    /// The error of a value that is not what is `expected`, as `a boolean`; its path starts at the value.
    #[must_use]
    pub fn expected(value: ValueRef<'_>, expected: &str) -> Self {
        mismatch(value, &Step::ROOT, expected)
    }
}

impl fmt::Display for TypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

impl std::error::Error for TypeError {}

/// A field that the type does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownField {
    /// Its path from where decoding started, its own name last.
    pub path: FieldPath,
    /// Where its key is.
    pub span: Span,
    /// The fields that the type has.
    pub known: &'static [&'static str],
}

/// How decoding got to a value. Each step lives on the stack and knows the one before it, so that a path costs nothing
/// before somebody asks for it.
#[derive(Clone, Copy)]
pub(super) struct Step<'d, 'c> {
    pub(super) before: Option<&'c Step<'d, 'c>>,
    pub(super) by: By<'d>,
}

#[derive(Clone, Copy)]
pub(super) enum By<'d> {
    /// Where decoding started.
    Root,
    /// A field, and the fields that there are.
    Field(Entry<'d>, &'static [&'static str]),
    Key(Entry<'d>),
    Index(usize),
}

impl Step<'_, '_> {
    pub(super) const ROOT: Self = Self { before: None, by: By::Root };

    /// What is said of the field that this is the step to, if its type does not have it.
    pub(super) fn unknown_field(&self) -> Option<UnknownField> {
        let By::Field(entry, known) = self.by else { return None };
        Some(UnknownField { path: self.path(), span: entry.key_ref.span(), known })
    }

    pub(super) fn path(&self) -> FieldPath {
        let mut steps = Vec::new();
        let mut step = Some(self);
        while let Some(Step { before, by }) = step {
            steps.push(*by);
            step = *before;
        }
        steps.iter().rev().fold(FieldPath::root(), |path, by| match by {
            By::Root => path,
            By::Field(entry, _) => path.name(entry.key),
            By::Key(entry) => path.key(entry.key),
            By::Index(index) => path.index(*index),
        })
    }
}

/// The error of a value that is not what is `expected`, as `a boolean`.
#[cold]
pub(super) fn mismatch(value: ValueRef<'_>, step: &Step<'_, '_>, expected: &str) -> TypeError {
    let mut message = format!("expected {expected}, found {}", describe(value));
    if expected == STRING {
        message.push_str(&quoting(value));
    }
    TypeError { path: step.path(), span: Some(value.span()), message }
}

/// What string fields expect.
pub(super) const STRING: &str = "a string";

/// How a scalar that is no string is made one, and why it is none where that is not seen at once: `y` is a boolean in
/// YAML 1.1, and `0o17` is not written as the number that it is.
fn quoting(value: ValueRef<'_>) -> String {
    let shown = match value.get() {
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Uint(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        _ => return String::new(),
    };
    match value.plain_text() {
        Some(text) if text == shown => format!("; in quotes it is one: {text:?}"),
        Some(text) if text.len() <= 40 => {
            format!(": YAML 1.1, which kubectl reads, takes {text} for that; in quotes it is a string: {text:?}")
        }
        _ => "; in quotes it is one".to_owned(),
    }
}

/// A value in the words of an error message.
fn describe(value: ValueRef<'_>) -> String {
    match value.get() {
        Value::Null => "nothing".to_owned(),
        Value::Bool(value) => format!("the boolean {value}"),
        Value::Int(value) => format!("the number {value}"),
        Value::Uint(value) => format!("the number {value}"),
        Value::Float(value) => format!("the number {value}"),
        Value::String(text) if text.chars().count() > 40 => {
            format!("the string {:?}…", text.chars().take(40).collect::<String>())
        }
        Value::String(text) => format!("the string {text:?}"),
        Value::Sequence => "a list".to_owned(),
        Value::Mapping => "an object".to_owned(),
    }
}

/// The integer that a value is, if Go would decode it into an integer field of this type, or the error that says why not.
pub(super) fn integer<T: TryFrom<i128>>(value: ValueRef<'_>, step: &Step<'_, '_>) -> Result<T, TypeError> {
    let number = as_integer(value.get()).ok_or_else(|| mismatch(value, step, "an integer"))?;
    let fitting = || format!("an integer that fits into {}", std::any::type_name::<T>());
    T::try_from(number).map_err(|_| mismatch(value, step, &fitting()))
}

fn as_integer(value: Value<'_>) -> Option<i128> {
    match value {
        Value::Null => Some(0),
        Value::Int(value) => Some(value.into()),
        Value::Uint(value) => Some(value.into()),
        // Go writes floats without an exponent below 1e21, so a whole one then reads as an integer.
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 1e21")]
        Value::Float(value) if value.fract() == 0.0 && value.abs() < 1e21 => Some(value as i128),
        _ => None,
    }
}
