//! Scalars as text: quoted only where kubectl would read something else without.

use std::fmt::Write;

use serde_json::Value;

use super::lines::is_break;
use crate::yaml::{Style, ValueRef, reads_as_string};

/// How strings are quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quoting {
    /// In double quotes, as JSON has it.
    Always,
    /// Where it is needed.
    Needed {
        /// Whether they stand between brackets.
        in_flow: bool,
        /// Whether single quotes are taken where they can be.
        single: bool,
    },
    /// In single quotes, unless only double quotes can hold the string.
    Single,
}

/// A scalar, or an empty collection.
pub(super) fn scalar(value: &Value, quoting: Quoting) -> String {
    match value {
        Value::String(text) => string(text, quoting),
        Value::Array(_) => "[]".to_owned(),
        Value::Object(_) => "{}".to_owned(),
        other => other.to_string(),
    }
}

pub(super) fn string(text: &str, quoting: Quoting) -> String {
    match quoting {
        Quoting::Needed { in_flow, .. } if is_plain(text, in_flow) => text.to_owned(),
        Quoting::Single | Quoting::Needed { single: true, .. } if text.chars().all(is_printable) => {
            format!("'{}'", text.replace('\'', "''"))
        }
        _ => double_quoted(text),
    }
}

/// A string in the quotes of the one that it replaces.
pub(super) fn like(old: ValueRef<'_>, value: &Value) -> Option<String> {
    let text = value.as_str()?;
    match old.style() {
        Style::SingleQuoted => Some(string(text, Quoting::Single)),
        Style::DoubleQuoted => Some(string(text, Quoting::Always)),
        _ => None,
    }
}

/// Whether a string can stand without quotes, by a rule that is stricter than YAML's.
fn is_plain(text: &str, in_flow: bool) -> bool {
    starts_plain(text)
        && text.chars().all(is_printable)
        && !is_misread(text, in_flow)
        && reads_as_string(text)
        && !is_time(text)
}

/// Whether what is in or behind a string would end it, or make a key of it.
fn is_misread(text: &str, in_flow: bool) -> bool {
    let is_indicator = |c: char| matches!(c, ',' | '[' | ']' | '{' | '}' | '?' | ':');
    text.ends_with([' ', ':'])
        || text.contains(": ")
        || text.contains(" #")
        || (in_flow && text.contains(is_indicator))
        || matches!(text, "<<" | "=")
}

fn starts_plain(text: &str) -> bool {
    let mut chars = text.chars();
    match chars.next() {
        None => false,
        Some('-') => chars.next().is_some_and(|c| c == '-' || c.is_alphanumeric()) && !text.starts_with("---"),
        Some('.') => !text.starts_with("..."),
        Some(c) => !" ,[]{}#&*!|>'\"%@`?:".contains(c),
    }
}

/// Dates and times of day, which kubectl takes for strings and other readers of YAML 1.1 do not.
fn is_time(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let is_date = digits == 4 && text[digits..].starts_with('-');
    let is_sexagesimal = text.contains(':') && text.bytes().all(|b| b.is_ascii_digit() || b"+-_:.".contains(&b));
    is_date || is_sexagesimal
}

fn is_printable(c: char) -> bool {
    !c.is_control() && !is_break(c) && !matches!(c, '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}')
}

/// A string in double quotes, for YAML and JSON alike.
fn double_quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            c if !is_printable(c) => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(text: &str) -> String {
        string(text, Quoting::Needed { in_flow: false, single: false })
    }

    #[test]
    fn what_yaml_1_1_takes_for_something_else_is_quoted() {
        for text in ["yes", "No", "on", "y", "true", "~", "null", "0777", "1.5", "1_000", "0x1F", ".inf", "1e3"] {
            assert_eq!(block(text), format!("\"{text}\""));
        }
        for text in ["2001-12-14", "190:20:30", "<<", "=", "", " a", "a ", "a: b", "a #b", "a:", "- a", "---", "..."] {
            assert_eq!(block(text), format!("\"{text}\""));
        }
        for text in ["*a", "&a", "!a", "|", ">", "%a", "@a", "`a", "#a", "'a", "[a", "{a", "?a", ":a", ",a"] {
            assert_eq!(block(text), format!("\"{text}\""));
        }
        assert_eq!(block("\"a"), r#""\"a""#);
    }

    #[test]
    fn what_reads_as_a_string_is_not() {
        for text in ["ALL", "RuntimeDefault", "a b", "a:b", "a,b", "1.25-alpine", "10.0.0.1", "/tmp", "--flag=x", "é"]
        {
            assert_eq!(block(text), text);
        }
        let flow = |text| string(text, Quoting::Needed { in_flow: true, single: true });
        assert_eq!((flow("ALL"), flow("a,b"), flow("a:b")), ("ALL".into(), "'a,b'".into(), "'a:b'".into()));
    }

    #[test]
    fn quotes_hold_any_string() {
        assert_eq!(string("it's", Quoting::Single), "'it''s'");
        assert_eq!(string("a\nb", Quoting::Single), r#""a\nb""#);
        assert_eq!(string("\u{2028}\u{7}\u{85}\\", Quoting::Always), r#""\u2028\u0007\u0085\\""#);
    }
}
