//! Scalars in single and in double quotes.

use std::borrow::Cow;

use super::{ScalarStyle, Scan, Scanner, Token, TokenKind, fold};
use crate::yaml::bytes::{self, BLANK, BREAK, DOUBLE, SINGLE};
use crate::yaml::problem::Problem;

impl Scanner<'_> {
    pub(super) fn quoted(&mut self, quote: u8) -> Scan<()> {
        let node = self.start_node()?;
        let start = self.at;
        self.at += 1;
        let string = match self.end_of_simple_quoted(quote) {
            Some(end) => {
                self.at = end;
                None
            }
            None => Some(Quoted { start, quote, value: String::new(), solid: 0 }.read(self)?),
        };
        self.at += 1;
        let mut token = Token::new(TokenKind::Scalar, start, self.at);
        token.style = if quote == b'\'' { ScalarStyle::SingleQuoted } else { ScalarStyle::DoubleQuoted };
        if let Some(string) = string {
            token.string = self.keep(Cow::Owned(string));
        }
        self.end_node(token, node)
    }

    /// Where the closing quote is, if the text up to there is the value as it stands.
    fn end_of_simple_quoted(&self, quote: u8) -> Option<usize> {
        let mut at = self.at;
        loop {
            at = bytes::find(self.bytes, at, BREAK | self.odd | class_of(quote));
            let byte = self.byte(at)?;
            if byte == quote {
                let is_doubled = quote == b'\'' && self.byte(at + 1) == Some(b'\'');
                return (!is_doubled).then_some(at);
            }
            if byte.is_ascii() || self.break_length(at) > 0 {
                return None;
            }
            at += 1;
        }
    }
}

/// The class of the bytes that mean something between such quotes.
fn class_of(quote: u8) -> u8 {
    if quote == b'\'' { SINGLE } else { DOUBLE }
}

/// A quoted scalar that is not the text between its quotes.
struct Quoted {
    /// Where the opening quote is.
    start: usize,
    quote: u8,
    value: String,
    /// How much of the value no line break can take away: all but blanks at its end.
    solid: usize,
}

impl Quoted {
    /// Reads up to the closing quote.
    fn read(mut self, scanner: &mut Scanner<'_>) -> Scan<String> {
        let stops = BLANK | BREAK | scanner.odd | class_of(self.quote);
        loop {
            let from = scanner.at;
            scanner.at = bytes::find(scanner.bytes, from, stops);
            if scanner.at > from {
                self.push(&scanner.text[from..scanner.at]);
            }
            let Some(byte) = scanner.byte(scanner.at) else { return Err(self.unclosed()) };
            match byte {
                b' ' | b'\t' => {
                    let from = scanner.at;
                    scanner.at = bytes::skip_class(scanner.bytes, from, BLANK);
                    self.value.push_str(&scanner.text[from..scanner.at]);
                }
                b'\'' if self.quote == b'\'' && scanner.byte(scanner.at + 1) == Some(b'\'') => {
                    scanner.at += 2;
                    self.push("'");
                }
                b'\\' => self.escape(scanner)?,
                _ if byte == self.quote => return Ok(self.value),
                _ if scanner.break_length(scanner.at) > 0 => {
                    self.value.truncate(self.solid);
                    let from = scanner.at;
                    self.skip_breaks(scanner)?;
                    fold(&scanner.text[from..scanner.at], &mut self.value);
                    self.solid = self.value.len();
                }
                // The first byte of a character that only looked like a line break.
                _ => self.push_character(scanner),
            }
        }
    }

    fn push(&mut self, text: &str) {
        self.value.push_str(text);
        self.solid = self.value.len();
    }

    fn push_character(&mut self, scanner: &mut Scanner<'_>) {
        if let Some(c) = scanner.text[scanner.at..].chars().next() {
            scanner.at += c.len_utf8();
            self.value.push(c);
            self.solid = self.value.len();
        }
    }

    /// Goes over line breaks and the blanks around them.
    fn skip_breaks(&self, scanner: &mut Scanner<'_>) -> Scan<()> {
        loop {
            scanner.at = bytes::skip_class(scanner.bytes, scanner.at, BLANK);
            if !scanner.skip_break() {
                break;
            }
            if scanner.is_document_marker() {
                return Err(self.unclosed());
            }
        }
        Ok(())
    }

    fn unclosed(&self) -> Box<Problem> {
        Problem::new(self.start, format!("this quote ({}) is never closed", char::from(self.quote)))
    }

    fn escape(&mut self, scanner: &mut Scanner<'_>) -> Scan<()> {
        let at = scanner.at;
        scanner.at += 1;
        if scanner.break_length(scanner.at) > 0 {
            return self.escaped_break(scanner);
        }
        let Some(c) = scanner.text[scanner.at..].chars().next() else { return Err(self.unclosed()) };
        scanner.at += c.len_utf8();
        let meaning = match c {
            '0' => '\0',
            'a' => '\u{7}',
            'b' => '\u{8}',
            't' | '\t' => '\t',
            'n' => '\n',
            'v' => '\u{B}',
            'f' => '\u{C}',
            'r' => '\r',
            'e' => '\u{1B}',
            ' ' | '"' | '\'' | '\\' => c,
            'N' => '\u{85}',
            '_' => '\u{A0}',
            'L' => '\u{2028}',
            'P' => '\u{2029}',
            'x' => code(scanner, at, 2)?,
            'u' => code(scanner, at, 4)?,
            'U' => code(scanner, at, 8)?,
            _ => {
                let message = format!("unknown escape \"\\{}\" in double quotes", c.escape_debug());
                return Err(Problem::new(at, message));
            }
        };
        self.push(meaning.encode_utf8(&mut [0; 4]));
        Ok(())
    }

    /// A backslash before a line break joins the lines without a space; empty lines that follow still count.
    fn escaped_break(&mut self, scanner: &mut Scanner<'_>) -> Scan<()> {
        scanner.skip_break();
        if scanner.is_document_marker() {
            return Err(self.unclosed());
        }
        let from = scanner.at;
        self.skip_breaks(scanner)?;
        let breaks = super::Breaks { rest: &scanner.text[from..scanner.at] };
        self.value.extend(breaks);
        self.solid = self.value.len();
        Ok(())
    }
}

/// The character that hexadecimal digits stand for.
fn code(scanner: &mut Scanner<'_>, escape: usize, length: usize) -> Scan<char> {
    let digits = scanner.bytes.get(scanner.at..scanner.at + length).unwrap_or_default();
    let value = digits.iter().try_fold(0u32, |value, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        value.checked_mul(16).map(|value| value + digit)
    });
    let Some(value) = value.filter(|_| digits.len() == length) else {
        return Err(Problem::new(escape, format!("expected {length} hexadecimal digits in this escape")));
    };
    scanner.at += length;
    char::from_u32(value).ok_or_else(|| {
        let message =
            format!("this escape names no character (U+{value:04X}); write the character itself or \\U and 8 digits");
        Problem::new(escape, message)
    })
}

#[cfg(test)]
mod tests {
    use crate::yaml::testing::{assert_read, assert_refused};

    // Expected values: kubectl 1.37 (go.yaml.in/yaml/v2 2.4.4, sigs.k8s.io/yaml 1.6.0).
    #[test]
    fn quotes_hold_what_kubectl_reads() {
        assert_read(&[
            (
                "\"a\\x41\\u00e9\\U0001f600\\n\\t\\e\\_\\N\\L\\P\\0\\a\"",
                "\"aAé😀\\n\\t\\u001b\u{A0}\u{85}\u{2028}\u{2029}\\u0000\\u0007\"",
            ),
            ("'it''s'", "\"it's\""),
            ("\"it\\'s \\\"q\\\" \\\\\"", "\"it's \\\"q\\\" \\\\\""),
            ("\"a \n  b\n\n\n  c\"", "\"a b\\n\\nc\""),
            ("'a \n  b\n\n  c  '", "\"a b\\nc  \""),
            ("\"a  \\\n  b\"", "\"a  b\""),
            ("\"a\\\n\n  b\"", "\"a\\nb\""),
            ("\"a\\ \n b\"", "\"a  b\""),
            ("\"a\u{2028} b\"", "\"a\u{2028}b\""),
            ("\"a\u{85} b\"", "\"a b\""),
            ("\"a\r\n b\"", "\"a b\""),
            ("\"\"#c", "\"\""),
            ("\"\t\ta\"", "\"\\t\\ta\""),
            ("\"\\\t\"", "\"\\t\""),
        ]);
    }

    #[test]
    fn wrong_escapes_and_open_quotes_are_pointed_at() {
        assert_refused(&[
            ("\"\\/\"", "1:2: unknown escape \"\\/\" in double quotes"),
            (
                "\"\\ud83d\\ude00\"",
                "1:2: this escape names no character (U+D83D); write the character itself or \\U and 8 digits",
            ),
            ("\"\\x4\"", "1:2: expected 2 hexadecimal digits in this escape"),
            ("\"\\q\"", "1:2: unknown escape \"\\q\" in double quotes"),
            ("\"a", "1:1: this quote (\") is never closed"),
            ("'a", "1:1: this quote (') is never closed"),
            ("\"a\n... b\"", "1:1: this quote (\") is never closed"),
            ("\"a\n...\nb\"", "1:1: this quote (\") is never closed"),
        ]);
    }
}
