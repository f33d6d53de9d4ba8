//! JSON as Go's `encoding/json` reads it, which is how kubectl reads files of JSON objects.

use std::borrow::Cow;

use super::builder::{Builder, MAX_DEPTH, Place};
use super::bytes;
use super::problem::{Problem, shown};
use super::scalar::Scalar;
use super::scanner::Scan;
use super::tree::{Document, Kind, Style};

/// Reads a document that is one JSON value.
pub(super) fn read(document: Document<'_>) -> Scan<Document<'_>> {
    let text = document.text;
    let mut sink = Values { text, builder: Builder::new(document) };
    let end = Reader { text, bytes: text.as_bytes(), at: 0, open: Vec::new(), sink: &mut sink }.value()?;
    debug_assert_eq!(end, text.len(), "a chunk is one value");
    sink.builder.finish()
}

/// Where the JSON value ends that starts at `start`.
pub(super) fn end_of_value(text: &str, start: usize) -> Scan<usize> {
    Reader { text, bytes: text.as_bytes(), at: start, open: Vec::new(), sink: &mut Nothing }.value()
}

/// Where the white space ends that may stand between JSON values.
pub(super) fn skip_space(text: &[u8], at: usize) -> usize {
    bytes::skip(text, at, |byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
}

/// Takes what is found.
trait Sink {
    fn literal(&mut self, value: Scalar, place: Place) -> Scan<()>;
    fn number(&mut self, place: Place) -> Scan<()>;
    /// A string or a key, its quotes included.
    fn string(&mut self, place: Place, has_escapes: bool) -> Scan<()>;
    fn start(&mut self, is_object: bool, at: usize) -> Scan<()>;
    fn end(&mut self, end: usize) -> Scan<()>;
}

/// Takes no notice.
struct Nothing;

impl Sink for Nothing {
    fn literal(&mut self, _: Scalar, _: Place) -> Scan<()> {
        Ok(())
    }

    fn number(&mut self, _: Place) -> Scan<()> {
        Ok(())
    }

    fn string(&mut self, _: Place, _: bool) -> Scan<()> {
        Ok(())
    }

    fn start(&mut self, _: bool, _: usize) -> Scan<()> {
        Ok(())
    }

    fn end(&mut self, _: usize) -> Scan<()> {
        Ok(())
    }
}

struct Reader<'t, 's, S> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    /// Whether each open collection is an object, outermost first.
    open: Vec<bool>,
    sink: &'s mut S,
}

/// What must come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Value,
    /// A value, or the end of the list.
    FirstItem,
    Key,
    /// A key, or the end of the object.
    FirstKey,
    /// A comma, or the end of the collection.
    Comma,
}

impl<S: Sink> Reader<'_, '_, S> {
    /// Reads a value; returns where it ends.
    fn value(mut self) -> Scan<usize> {
        let mut next = Next::Value;
        loop {
            self.at = skip_space(self.bytes, self.at);
            let byte = self.bytes.get(self.at).copied();
            next = match (next, byte) {
                (Next::Value | Next::FirstItem, Some(b'{')) => self.start(true)?,
                (Next::Value | Next::FirstItem, Some(b'[')) => self.start(false)?,
                (Next::FirstItem, Some(b']')) | (Next::FirstKey, Some(b'}')) => self.end()?,
                (Next::Value | Next::FirstItem, _) => self.scalar(byte)?,
                (Next::Key | Next::FirstKey, Some(b'"')) => self.key()?,
                (Next::Key | Next::FirstKey, _) => return Err(self.unexpected("a key in double quotes")),
                (Next::Comma, Some(b',')) => {
                    self.at += 1;
                    if self.is_in_object() { Next::Key } else { Next::Value }
                }
                (Next::Comma, Some(b'}')) if self.is_in_object() => self.end()?,
                (Next::Comma, Some(b']')) if !self.is_in_object() => self.end()?,
                (Next::Comma, _) if self.is_in_object() => return Err(self.unexpected("\",\" or \"}\"")),
                (Next::Comma, _) => return Err(self.unexpected("\",\" or \"]\"")),
            };
            if next == Next::Comma && self.open.is_empty() {
                return Ok(self.at);
            }
        }
    }

    fn is_in_object(&self) -> bool {
        self.open.last() == Some(&true)
    }

    fn start(&mut self, is_object: bool) -> Scan<Next> {
        self.open.push(is_object);
        if self.open.len() > MAX_DEPTH {
            return Err(Problem::new(self.at, format!("collections nest deeper than {MAX_DEPTH} levels")));
        }
        self.sink.start(is_object, self.at)?;
        self.at += 1;
        Ok(if is_object { Next::FirstKey } else { Next::FirstItem })
    }

    fn end(&mut self) -> Scan<Next> {
        self.at += 1;
        self.open.pop();
        self.sink.end(self.at)?;
        Ok(Next::Comma)
    }

    fn key(&mut self) -> Scan<Next> {
        self.string()?;
        self.at = skip_space(self.bytes, self.at);
        if self.bytes.get(self.at) != Some(&b':') {
            return Err(self.unexpected("\":\" behind the key"));
        }
        self.at += 1;
        Ok(Next::Value)
    }

    fn scalar(&mut self, byte: Option<u8>) -> Scan<Next> {
        match byte {
            Some(b'"') => self.string()?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.literal("true", Scalar::Bool(true))?,
            Some(b'f') => self.literal("false", Scalar::Bool(false))?,
            Some(b'n') => self.literal("null", Scalar::Null)?,
            _ => return Err(self.unexpected("a value")),
        }
        Ok(Next::Comma)
    }

    fn literal(&mut self, word: &str, value: Scalar) -> Scan<()> {
        let start = self.at;
        if !self.text[start..].starts_with(word) {
            return Err(self.unexpected("a value"));
        }
        self.at += word.len();
        self.sink.literal(value, Place { start, end: self.at })
    }

    fn number(&mut self) -> Scan<()> {
        let start = self.at;
        if self.bytes[start] == b'-' {
            self.at += 1;
        }
        if self.bytes.get(self.at) == Some(&b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.bytes.get(self.at) {
                self.at += 1;
            }
            self.digits()?;
        }
        self.sink.number(Place { start, end: self.at })
    }

    fn digits(&mut self) -> Scan<()> {
        let from = self.at;
        self.at = bytes::skip(self.bytes, from, |byte| byte.is_ascii_digit());
        if self.at == from { Err(self.unexpected("a digit")) } else { Ok(()) }
    }

    fn string(&mut self) -> Scan<()> {
        let start = self.at;
        let mut has_escapes = false;
        self.at += 1;
        loop {
            self.at = bytes::skip(self.bytes, self.at, |byte| byte >= b' ' && byte != b'"' && byte != b'\\');
            match self.bytes.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    has_escapes = true;
                    self.escape()?;
                }
                Some(byte) => {
                    let message =
                        format!("invalid JSON: the control character U+{byte:04X} must be escaped in a string");
                    return Err(Problem::new(self.at, message));
                }
                None => return Err(Problem::new(start, "invalid JSON: this quote (\") is never closed")),
            }
        }
        self.at += 1;
        self.sink.string(Place { start, end: self.at }, has_escapes)
    }

    fn escape(&mut self) -> Scan<()> {
        let rest = &self.bytes[self.at + 1..];
        let length = match rest {
            [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 2,
            [b'u', a, b, c, d, ..] if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) => 6,
            _ => return Err(Problem::new(self.at, "invalid JSON: unknown escape in a string")),
        };
        self.at += length;
        Ok(())
    }

    fn unexpected(&self, expected: &str) -> Box<Problem> {
        let found = if self.at == self.bytes.len() { "the end".to_owned() } else { shown(&self.text[self.at..]) };
        Problem::new(self.at, format!("invalid JSON: expected {expected}, found {found}"))
    }
}

/// Puts what is found into a document.
struct Values<'a> {
    text: &'a str,
    builder: Builder<'a>,
}

impl Sink for Values<'_> {
    fn literal(&mut self, value: Scalar, place: Place) -> Scan<()> {
        self.builder.scalar(value.into(), Style::Plain, place).map(drop)
    }

    fn number(&mut self, place: Place) -> Scan<()> {
        let text = &self.text[place.start..place.end];
        let value = number(text)
            .ok_or_else(|| Problem::new(place.start, format!("the number {} is too large", shown(text))))?;
        self.builder.scalar(value.into(), Style::Plain, place).map(drop)
    }

    fn string(&mut self, place: Place, has_escapes: bool) -> Scan<()> {
        let kind = if has_escapes {
            let text = unescape(&self.text[place.start + 1..place.end - 1]);
            self.builder.string(Cow::Owned(text))
        } else {
            Kind::Inner
        };
        self.builder.scalar(kind, Style::DoubleQuoted, place).map(drop)
    }

    fn start(&mut self, is_object: bool, at: usize) -> Scan<()> {
        self.builder.start(is_object, Style::Flow, at).map(drop)
    }

    fn end(&mut self, end: usize) -> Scan<()> {
        self.builder.end(end)
    }
}

/// An integer if it is one and fits, else a float if that is finite. Only floats know a negative zero.
fn number(text: &str) -> Option<Scalar> {
    if text != "-0" {
        if let Ok(value) = text.parse() {
            return Some(Scalar::Int(value));
        }
        if let Ok(value) = text.parse() {
            return Some(Scalar::Uint(value));
        }
    }
    text.parse().ok().filter(|value: &f64| value.is_finite()).map(Scalar::Float)
}

/// The string that valid escapes stand for. A surrogate without its other half becomes U+FFFD.
fn unescape(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, escape)) = rest.split_once('\\') {
        value.push_str(plain);
        let (c, length) = match escape.as_bytes().first() {
            Some(b'u') => unicode(escape),
            Some(b'b') => ('\u{8}', 1),
            Some(b'f') => ('\u{C}', 1),
            Some(b'n') => ('\n', 1),
            Some(b'r') => ('\r', 1),
            Some(b't') => ('\t', 1),
            Some(byte) => (char::from(*byte), 1),
            None => break,
        };
        value.push(c);
        rest = &escape[length..];
    }
    value.push_str(rest);
    value
}

/// The character that `uXXXX` starts with, and the length of what makes it.
fn unicode(escape: &str) -> (char, usize) {
    let unit = |from: usize| escape.get(from..from + 4).and_then(|digits| u16::from_str_radix(digits, 16).ok());
    let first = unit(1).unwrap_or_default();
    let second = if escape.get(5..7) == Some("\\u") { unit(7) } else { None };
    match char::decode_utf16([first, second.unwrap_or_default()]).next() {
        Some(Ok(c)) => (c, if u32::from(c) > 0xFFFF { 11 } else { 5 }),
        _ => (char::REPLACEMENT_CHARACTER, 5),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::{ValueRef, chunks};

    fn end(text: &str) -> Result<usize, (usize, String)> {
        end_of_value(text, 0).map_err(|problem| (problem.at, problem.message))
    }

    // Expected values: Go 1.26, encoding/json.
    #[test]
    fn values_end_where_go_ends_them() {
        assert_eq!(end("{} x"), Ok(2));
        assert_eq!(end("01"), Ok(1));
        assert_eq!(end("[1, 2.5e-3, -0, {\"a\": null}]]"), Ok(28));
        assert_eq!(end("  \"a\" "), Ok(5));
        assert_eq!(end("\"\u{7F}\u{FFFF}\\ud800\""), Ok(12));
        assert_eq!(end(&format!("{}{}", "[".repeat(10_000), "]".repeat(10_000))), Ok(20_000));
    }

    #[test]
    fn what_go_refuses_is_an_error_with_its_place() {
        let at = |text| end(text).map_err(|(at, _)| at);
        for (text, place) in [
            ("", 0),
            ("{", 1),
            ("{a: 1}", 1),
            ("{\"a\" 1}", 5),
            ("{\"a\": 1,}", 8),
            ("[1,]", 3),
            ("[1 2]", 3),
            ("[1}", 2),
            ("[01]", 2),
            ("[1.]", 3),
            ("[-]", 2),
            ("[1e]", 3),
            ("[tru]", 1),
            ("\"a", 0),
            ("\"a\nb\"", 2),
            ("\"\\x\"", 1),
            ("\"\\u12g4\"", 1),
            ("\u{A0}1", 0),
        ] {
            assert_eq!(at(text), Err(place), "{text:?}");
        }
        assert_eq!(at(&"[".repeat(10_001)), Err(10_000));
    }

    #[test]
    fn strings_and_numbers_are_gos() {
        let text = r#"{"a": "\ud83d\ude00\ud800\u0041\/\n", "b": [1, 18446744073709551615, 1e20, 1.0, -0], "a\u0062": true, "b": 2}"#;
        let chunks = chunks(text);
        let document = Document::parse(&chunks[0]).unwrap();
        let root = document.root().unwrap();
        assert_eq!(root.field("a").and_then(ValueRef::as_str), Some("😀\u{FFFD}A/\n"));
        assert_eq!(root.field("ab").map(ValueRef::to_json), Some(true.into()));
        assert_eq!(root.field("b").map(ValueRef::to_json), Some(2.into()));
        assert_eq!(document.duplicates().len(), 1);
        assert_eq!(number("18446744073709551615"), Some(Scalar::Uint(u64::MAX)));
        assert_eq!(number("1.0"), Some(Scalar::Float(1.0)));
        assert_eq!(number("-0"), Some(Scalar::Float(-0.0)));
        assert_eq!(number("1e400"), None);
    }
}
