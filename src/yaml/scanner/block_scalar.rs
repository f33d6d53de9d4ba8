//! Block scalars: literal (`|`) and folded (`>`).

use std::borrow::Cow;

use super::{ScalarStyle, Scan, Scanner, Token, TokenKind};
use crate::yaml::bytes::{self, BLANK};
use crate::yaml::problem::Problem;

/// What happens to the line breaks at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chomping {
    Strip,
    Clip,
    Keep,
}

impl Scanner<'_> {
    pub(super) fn block_scalar(&mut self, indicator: u8) -> Scan<()> {
        self.drop_candidate()?;
        self.key_allowed = true;
        let start = self.at;
        self.at += 1;
        let (chomping, increment) = self.block_header()?;
        let header_end = self.at;
        self.end_header(start)?;
        let mut body = Body { literal: indicator == b'|', chomping, indent: None, end: header_end, lines: 0, first: 0 };
        if let Some(increment) = increment {
            body.indent = Some(self.indent.max(0) + i32::from(increment));
        }
        let value = body.read(self)?;
        let mut token = Token::new(TokenKind::Scalar, start, body.end);
        token.style = if body.literal { ScalarStyle::Literal } else { ScalarStyle::Folded };
        // A single line stands in the text as it is.
        let as_written = self.text.get(body.first..body.first + value.len()).filter(|text| *text == value);
        token.string = match as_written {
            Some(text) => self.keep(Cow::Borrowed(text)),
            None => self.keep(Cow::Owned(value)),
        };
        self.queue.push_back(token);
        Ok(())
    }

    /// Chomping and indentation behind the `|`, in either order.
    fn block_header(&mut self) -> Scan<(Chomping, Option<u8>)> {
        let chomping = self.chomping();
        let increment = match self.byte(self.at) {
            Some(b'0') => {
                return Err(Problem::new(self.at, "a block scalar cannot be indented by 0"));
            }
            Some(digit @ b'1'..=b'9') => {
                self.at += 1;
                Some(digit - b'0')
            }
            _ => None,
        };
        let chomping = chomping.or_else(|| increment.and_then(|_| self.chomping()));
        Ok((chomping.unwrap_or(Chomping::Clip), increment))
    }

    fn chomping(&mut self) -> Option<Chomping> {
        let chomping = match self.byte(self.at)? {
            b'+' => Chomping::Keep,
            b'-' => Chomping::Strip,
            _ => return None,
        };
        self.at += 1;
        Some(chomping)
    }

    /// Goes to the line behind the header; only a comment may be left in its own.
    fn end_header(&mut self, start: usize) -> Scan<()> {
        self.at = bytes::skip_class(self.bytes, self.at, BLANK);
        if self.byte(self.at) == Some(b'#') {
            self.at = self.line_end(self.at);
        }
        if self.at == self.bytes.len() {
            // This line needs no other end.
            self.ends_open = false;
        } else if !self.skip_break() {
            let indicator = char::from(self.bytes[start]);
            let message =
                format!("only a comment may follow {indicator:?} on its line; the text starts on the next one");
            return Err(Problem::new(self.at, message));
        }
        Ok(())
    }
}

/// The lines of a block scalar.
struct Body {
    literal: bool,
    chomping: Chomping,
    /// The column at which lines start, once it is known.
    indent: Option<i32>,
    /// Where the scalar ends: behind the last line that counts.
    end: usize,
    lines: usize,
    /// Where the first line starts.
    first: usize,
}

impl Body {
    fn read(&mut self, scanner: &mut Scanner<'_>) -> Scan<String> {
        let mut value = String::new();
        // Line breaks are added only with the line behind them: those at the end may not count.
        let (mut last_break, mut empty_lines) = (String::new(), String::new());
        let mut was_indented = false;
        let indent = self.skip_empty_lines(scanner, &mut empty_lines)?;
        while scanner.at < scanner.bytes.len() && scanner.column() == indent {
            let is_indented = matches!(scanner.byte(scanner.at), Some(b' ' | b'\t'));
            let folds = !self.literal && !was_indented && !is_indented && last_break == "\n";
            if !folds {
                value.push_str(&last_break);
            } else if empty_lines.is_empty() {
                value.push(' ');
            }
            last_break.clear();
            value.push_str(&empty_lines);
            empty_lines.clear();
            was_indented = is_indented;
            if self.lines == 0 {
                self.first = scanner.at;
            }
            self.lines += 1;
            self.end = scanner.line_end(scanner.at);
            value.push_str(&scanner.text[scanner.at..self.end]);
            scanner.at = self.end;
            scanner.take_break(&mut last_break);
            self.skip_empty_lines(scanner, &mut empty_lines)?;
        }
        if self.chomping != Chomping::Strip {
            value.push_str(&last_break);
        }
        if self.chomping == Chomping::Keep {
            value.push_str(&empty_lines);
            if !(last_break.is_empty() && empty_lines.is_empty()) {
                self.end = scanner.line;
            }
        }
        Ok(value)
    }

    /// Goes over empty lines and over the indentation of the next one; the first time it finds out how far that goes.
    fn skip_empty_lines(&mut self, scanner: &mut Scanner<'_>, empty_lines: &mut String) -> Scan<i32> {
        let mut deepest = 0;
        loop {
            while scanner.byte(scanner.at) == Some(b' ') && self.indent.is_none_or(|indent| scanner.column() < indent) {
                scanner.at += 1;
            }
            let column = scanner.column();
            deepest = deepest.max(column);
            if scanner.byte(scanner.at) == Some(b'\t') && self.indent.is_none_or(|indent| column < indent) {
                return Err(Problem::new(scanner.at, "found a tab where spaces must indent the text"));
            }
            if !scanner.take_break(empty_lines) {
                break;
            }
        }
        Ok(*self.indent.get_or_insert(deepest.max(scanner.indent + 1).max(1)))
    }
}

#[cfg(test)]
mod tests {
    use crate::yaml::testing::{assert_read, assert_refused};

    // Expected values: kubectl 1.37 (go.yaml.in/yaml/v2 2.4.4, sigs.k8s.io/yaml 1.6.0).
    #[test]
    fn block_scalars_keep_what_kubectl_keeps() {
        assert_read(&[
            ("a: |\n  x\n  y\n", "{\"a\":\"x\\ny\\n\"}"),
            ("a: |-\n  x\n\n", "{\"a\":\"x\"}"),
            ("a: |+\n  x\n\n", "{\"a\":\"x\\n\\n\"}"),
            ("a: >\n  x\n  y\n\n  z\n    more\n  w\n", "{\"a\":\"x y\\nz\\n  more\\nw\\n\"}"),
            ("a: |2\n   x\n", "{\"a\":\" x\\n\"}"),
            ("a: |1-\n x", "{\"a\":\"x\"}"),
            ("a: |+2\n  x\n", "{\"a\":\"x\\n\"}"),
            ("a: |\n", "{\"a\":\"\"}"),
            ("a: |", "{\"a\":\"\"}"),
            ("a: |\n  x", "{\"a\":\"x\\n\"}"),
            ("|\none", "\"\""),
            ("|2\n  b", "\"b\\n\""),
            ("|2\nb", "\"\""),
            ("a:\n|", "{\"a\":\"\"}"),
            ("- |\n x\n- >\n\n y\n", "[\"x\\n\",\"\\ny\\n\"]"),
            ("a: |#c\n  x\n", "{\"a\":\"x\\n\"}"),
            ("a: |\n  x\u{2028}  y\n", "{\"a\":\"x\u{2028}y\\n\"}"),
            ("a: |\r\n  x\r\n  y\r\n", "{\"a\":\"x\\ny\\n\"}"),
            ("a: >+\n  x\n\n\n", "{\"a\":\"x\\n\\n\\n\"}"),
            ("a: |+\n\n\n", "{\"a\":\"\\n\\n\"}"),
        ]);
    }

    #[test]
    fn wrong_headers_and_indentation_are_pointed_at() {
        assert_refused(&[
            ("a: |\n\tx", "2:1: found a tab where spaces must indent the text"),
            ("a: |\n  x\n \ty", "3:2: found a tab where spaces must indent the text"),
            ("a: |0\n  x", "1:5: a block scalar cannot be indented by 0"),
            ("a: | x\n", "1:6: only a comment may follow '|' on its line; the text starts on the next one"),
            ("a: |\n   x\n  y", "3:3: this line is indented by 2 spaces, but the mapping that it follows by none"),
            ("a: |\n\n    \n  x\n", "4:3: this line is indented by 2 spaces, but the mapping that it follows by none"),
        ]);
    }
}
