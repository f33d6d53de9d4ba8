//! Indented JSON with nothing in it that could harm a terminal.

use std::io::{self, Write};

use serde_json::ser::{Formatter, PrettyFormatter};

use super::style::is_harmful;

/// JSON with kubectl's indentation in which whatever could steer a terminal or deceive a reader is written as
/// `\u202e`: the same data for any reader of JSON.
pub(super) struct Escaping(PrettyFormatter<'static>);

impl Default for Escaping {
    fn default() -> Self {
        Self(PrettyFormatter::with_indent(b"    "))
    }
}

impl Escaping {
    /// For an item of a list, indented as far as it stands in a document this deep.
    pub(super) fn of_item(depth: usize) -> Self {
        let mut formatter = PrettyFormatter::with_indent(b"    ");
        // Beginning what is around the item, into nowhere.
        let around = (0..depth).try_for_each(|_| formatter.begin_array(&mut io::sink()));
        debug_assert!(around.is_ok(), "nowhere takes everything");
        Self(formatter)
    }
}

impl Formatter for Escaping {
    fn write_string_fragment<W: Write + ?Sized>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        // Most texts are plain, which is seen faster than it is escaped.
        if fragment.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return writer.write_all(fragment.as_bytes());
        }
        let mut rest = fragment;
        while let Some(at) = rest.find(is_harmful) {
            let (plain, tail) = rest.split_at(at);
            writer.write_all(plain.as_bytes())?;
            let mut chars = tail.chars();
            if let Some(c) = chars.next() {
                c.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(writer, "\\u{unit:04x}"))?;
            }
            rest = chars.as_str();
        }
        writer.write_all(rest.as_bytes())
    }

    fn begin_array<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize as _;

    use super::*;

    #[test]
    fn harmful_characters_are_escaped_and_come_back() {
        let text = "a\u{1b}[2J\u{7f}\u{9b}\u{202e}b\u{e0041}ü😀\"\\";
        let mut out = Vec::new();
        text.serialize(&mut serde_json::Serializer::with_formatter(&mut out, Escaping::default())).expect("a string");
        let written = String::from_utf8(out).expect("UTF-8");
        assert_eq!(written, r#""a\u001b[2J\u007f\u009b\u202eb\udb40\udc41ü😀\"\\""#);
        assert_eq!(serde_json::from_str::<String>(&written).expect("JSON"), text);
    }
}
