//! Indented JSON with nothing in it that could harm a terminal.

use std::io::{self, Write};

use serde_json::ser::Formatter;

use super::style::is_harmful;

/// How far a line is indented per level.
const INDENTATION: usize = 4;

/// What stands between two items, with the indentation of the deepest that is written in one go.
const NEXT: &[u8] = b",\n                                                                                ";

/// JSON with kubectl's indentation in which whatever could steer a terminal or deceive a reader is written as
/// `\u202e`: the same data for any reader of JSON.
///
/// It is `serde_json`'s own layout, but a line's indentation is one write in place of one per level.
#[derive(Default)]
pub(super) struct Escaping {
    /// How many collections are open.
    depth: usize,
    /// Whether the innermost of them has an item.
    has_item: bool,
}

impl Escaping {
    /// For an item of a list, indented as far as it stands in a document this deep.
    pub(super) fn of_item(depth: usize) -> Self {
        Self { depth, has_item: false }
    }

    fn begin(&mut self) {
        self.depth += 1;
        self.has_item = false;
    }

    fn end<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        if self.has_item { self.next_line(writer, true) } else { Ok(()) }
    }

    /// Begins the line of an item, behind a comma but for the first.
    fn next_line<W: Write + ?Sized>(&self, writer: &mut W, is_first: bool) -> io::Result<()> {
        let end = 2 + INDENTATION * self.depth;
        writer.write_all(&NEXT[usize::from(is_first)..end.min(NEXT.len())])?;
        (NEXT.len()..end).try_for_each(|_| writer.write_all(b" "))
    }
}

impl Formatter for Escaping {
    fn write_string_fragment<W: Write + ?Sized>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        // Most texts are plain, which is seen faster than it is escaped.
        if is_plain(fragment) {
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
        self.begin();
        writer.write_all(b"[")
    }

    fn end_array<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(writer)?;
        writer.write_all(b"]")
    }

    fn begin_array_value<W: Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.next_line(writer, first)
    }

    fn end_array_value<W: Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_item = true;
        Ok(())
    }

    fn begin_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.begin();
        writer.write_all(b"{")
    }

    fn end_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(writer)?;
        writer.write_all(b"}")
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.next_line(writer, first)
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn end_object_value<W: Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_item = true;
        Ok(())
    }
}

/// Whether a text is ASCII without control characters. Looked at in blocks, which the compiler makes few instructions of.
fn is_plain(text: &str) -> bool {
    text.as_bytes()
        .chunks(32)
        .all(|block| block.iter().fold(true, |so_far, byte| so_far & (b' '..=b'~').contains(byte)))
}

#[cfg(test)]
mod tests {
    use serde::Serialize;
    use serde_json::ser::PrettyFormatter;
    use serde_json::{Value, json};

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

    fn laid_out(value: &impl Serialize, formatter: impl Formatter) -> String {
        let mut out = Vec::new();
        value.serialize(&mut serde_json::Serializer::with_formatter(&mut out, formatter)).expect("a value");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn the_layout_is_that_of_serde_json_at_any_depth() {
        let deep = (0..30)
            .fold(json!([]), |inner, depth| if depth % 2 == 0 { json!([inner, 1]) } else { json!({"a": inner}) });
        for value in [json!({}), json!([[], {}, [1], {"a": []}]), json!({"a": [1, {"b": {}}], "c": null}), deep] {
            let pretty = PrettyFormatter::with_indent(b"    ");
            assert_eq!(laid_out(&value, Escaping::default()), laid_out(&value, pretty));
        }
        let item = json!({"a": [1, 2]});
        let whole: Vec<Value> = vec![json!([item])];
        assert!(laid_out(&whole, Escaping::default()).contains(&laid_out(&item, Escaping::of_item(2))));
    }
}
