//! Plain scalars: those without quotes.

use std::borrow::Cow;

use super::{Scan, Scanner, Token, TokenKind, fold};
use crate::yaml::bytes::{self, BLANK, BREAK, COLON, FLOW, ODD};
use crate::yaml::problem::Problem;

impl Scanner<'_> {
    pub(super) fn plain(&mut self) -> Scan<()> {
        let node = self.start_node()?;
        let start = self.at;
        let mut end = self.plain_line();
        let mut folded = None;
        while self.break_length(self.at) > 0 {
            let gap = self.at;
            self.skip_gap()?;
            let from = self.at;
            let line_end = if self.plain_ends_here() { from } else { self.plain_line() };
            if line_end == from {
                // The line that follows is not the scalar's.
                self.key_allowed = true;
                break;
            }
            let value = folded.get_or_insert_with(|| self.text[start..end].to_owned());
            fold(&self.text[gap..from], value);
            value.push_str(&self.text[from..line_end]);
            end = line_end;
        }
        let mut token = Token::new(TokenKind::Scalar, start, end);
        if let Some(value) = folded {
            token.string = self.keep(Cow::Owned(value));
        }
        self.end_node(token, node)
    }

    /// Goes over what belongs to the scalar in this line, and over the blanks behind it; returns its end.
    #[inline]
    fn plain_line(&mut self) -> usize {
        let stops = BLANK | BREAK | COLON | self.odd | if self.flow > 0 { FLOW } else { 0 };
        let (mut at, mut end) = (self.at, self.at);
        loop {
            let stop = bytes::find(self.bytes, at, stops);
            if stop > at {
                end = stop;
            }
            at = stop;
            let Some(byte) = self.byte(at) else { break };
            match bytes::class(byte) {
                BLANK => {
                    at = bytes::skip_class(self.bytes, at, BLANK);
                    if self.byte(at) == Some(b'#') {
                        break;
                    }
                }
                COLON if !self.is_blank_or_end(at + 1) => {
                    at += 1;
                    end = at;
                }
                ODD if self.break_length(at) == 0 => {
                    at += 1;
                    end = at;
                }
                _ => break,
            }
        }
        self.at = at;
        end
    }

    /// Goes over line breaks and over the blanks that start lines.
    fn skip_gap(&mut self) -> Scan<()> {
        loop {
            if self.skip_break() {
                continue;
            }
            match self.byte(self.at) {
                Some(b' ') => self.at = bytes::skip(self.bytes, self.at, |byte| byte == b' '),
                Some(b'\t') if self.column() <= self.indent => {
                    let message = "found a tab where spaces must indent".to_owned();
                    return Err(Problem::new(self.at, message));
                }
                Some(b'\t') => self.at += 1,
                _ => return Ok(()),
            }
        }
    }

    /// Whether the line that starts here goes on with something else than the scalar.
    fn plain_ends_here(&self) -> bool {
        (self.flow == 0 && self.column() <= self.indent)
            || (self.at == self.line && self.is_document_marker())
            || self.byte(self.at) == Some(b'#')
    }
}

#[cfg(test)]
mod tests {
    use crate::yaml::testing::{assert_read, assert_refused};

    // Expected values: kubectl 1.37 (go.yaml.in/yaml/v2 2.4.4, sigs.k8s.io/yaml 1.6.0).
    #[test]
    fn plain_scalars_go_on_where_kubectl_reads_on() {
        assert_read(&[
            ("a b  # c", "\"a b\""),
            ("a#b", "\"a#b\""),
            ("a: b#c", "{\"a\":\"b#c\"}"),
            ("a: b:c", "{\"a\":\"b:c\"}"),
            ("a: b\n  c\n\n\n  d", "{\"a\":\"b c\\n\\nd\"}"),
            ("a: b\u{2028}\n  c", "{\"a\":\"b\u{2028}\\nc\"}"),
            ("a: b\u{85}  c", "{\"a\":\"b c\"}"),
            ("a: b\r\r\n  c", "{\"a\":\"b c\"}"),
            ("a: -b", "{\"a\":\"-b\"}"),
            ("a: ?b", "{\"a\":\"?b\"}"),
            ("a: :b", "{\"a\":\":b\"}"),
            ("[a#b, c]", "[\"a#b\",\"c\"]"),
            ("{a: b:c}", "{\"a\":\"b:c\"}"),
            ("a: b\n \tc", "{\"a\":\"b c\"}"),
            ("[a\n\tb]", "[\"a b\"]"),
            ("a: b \t # c", "{\"a\":\"b\"}"),
            ("é: €", "{\"é\":\"€\"}"),
            ("k: a", "{\"k\":\"a\"}"),
        ]);
    }

    #[test]
    fn wrong_continuations_are_pointed_at() {
        assert_refused(&[
            ("a: b\n  # c\n  d: e", "3:3: this line is indented by 2 spaces, but the mapping that it follows by none"),
            ("[a?b]", "1:3: expected \",\" or \"]\", found \"?\"; the bracket was opened in line 1, column 1"),
            ("a: b\n\t", "2:1: found a tab where spaces must indent"),
        ]);
    }
}
