//! Lines, blanks and comments of a text, as YAML 1.1 sees them.

use std::ops::Range;

/// A part of a file that is one document; all offsets are the file's.
#[derive(Debug, Clone)]
pub(super) struct Lines<'t> {
    pub(super) text: &'t str,
    pub(super) range: Range<usize>,
}

impl<'t> Lines<'t> {
    /// Where the line ends that `at` is in, without its line break.
    pub(super) fn line_end(&self, at: usize) -> usize {
        let rest = &self.text[at..self.range.end];
        rest.char_indices().find(|(_, c)| is_break(*c)).map_or(self.range.end, |(length, _)| at + length)
    }

    /// Where the line starts that `at` is in.
    pub(super) fn line_start(&self, at: usize) -> usize {
        let before = &self.text[self.range.start..at];
        before
            .char_indices()
            .rev()
            .find(|(_, c)| is_break(*c))
            .map_or(self.range.start, |(start, c)| self.range.start + start + c.len_utf8())
    }

    /// The line break that starts at `at`; empty where there is none.
    pub(super) fn break_at(&self, at: usize) -> &'t str {
        let rest = &self.text[at..self.range.end];
        let length = match rest.chars().next() {
            Some('\r') if rest.starts_with("\r\n") => 2,
            Some(c) if is_break(c) => c.len_utf8(),
            _ => 0,
        };
        &rest[..length]
    }

    /// Where the next line starts, or the end of the document.
    pub(super) fn next_line(&self, at: usize) -> usize {
        let end = self.line_end(at);
        end + self.break_at(end).len()
    }

    /// The line break before a line's start; empty at the start of the document.
    pub(super) fn break_before(&self, start: usize) -> &'t str {
        let before = &self.text[self.range.start..start];
        let length = match before.chars().next_back() {
            Some('\n') if before.ends_with("\r\n") => 2,
            Some(c) if is_break(c) => c.len_utf8(),
            _ => 0,
        };
        &self.text[start - length..start]
    }

    /// The line break that a line put in behind the one around `at` takes: that line's own, else that of the line
    /// before, else the file's first.
    pub(super) fn break_like(&self, at: usize) -> &'t str {
        let own = self.break_at(self.line_end(at));
        let before = if own.is_empty() { self.break_before(self.line_start(at)) } else { own };
        if !before.is_empty() {
            return before;
        }
        match self.text.find('\n') {
            Some(feed) if feed > 0 && self.text.as_bytes()[feed - 1] == b'\r' => "\r\n",
            _ => "\n",
        }
    }

    /// How many characters stand before `at` in its line.
    pub(super) fn column(&self, at: usize) -> usize {
        let before = &self.text[self.line_start(at)..at];
        before.trim_start_matches(BYTE_ORDER_MARK).chars().count()
    }

    /// Whether only blanks stand before `at` in its line.
    pub(super) fn starts_line(&self, at: usize) -> bool {
        let before = self.text[self.range.start..at].trim_end_matches(is_blank);
        before.is_empty() || before.ends_with(is_break)
    }

    /// The blanks before `at` that its line starts with.
    pub(super) fn indentation(&self, at: usize) -> &'t str {
        let line = &self.text[self.line_start(at)..at];
        &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
    }

    /// Past blanks, line breaks and comments between two tokens.
    pub(super) fn skip_gap(&self, mut at: usize) -> usize {
        loop {
            at = self.skip(at, |c| is_blank(c) || is_break(c));
            if !self.text[at..self.range.end].starts_with('#') {
                return at;
            }
            at = self.line_end(at);
        }
    }

    /// Past blanks in the line.
    pub(super) fn skip_blanks(&self, at: usize) -> usize {
        self.skip(at, is_blank)
    }

    fn skip(&self, at: usize, skipped: impl Fn(char) -> bool) -> usize {
        let rest = &self.text[at..self.range.end];
        at + rest.len() - rest.trim_start_matches(skipped).len()
    }

    /// The byte at `at`; 0 at the end of the document.
    pub(super) fn byte(&self, at: usize) -> u8 {
        self.text.as_bytes()[..self.range.end].get(at).copied().unwrap_or(0)
    }

    /// Where the line behind the one around `end` starts, comments passed over that are further right than `column`:
    /// they belong to what is before. Also the column of the first of them.
    pub(super) fn behind_comments(&self, end: usize, column: usize) -> (usize, Option<usize>) {
        let mut at = self.next_line(end);
        let (mut behind, mut first) = (at, None);
        while at < self.range.end {
            let content = self.skip_blanks(at);
            if self.byte(content) == b'#' {
                let own = self.column(content);
                if own <= column {
                    break;
                }
                first = first.or(Some(own));
                behind = self.next_line(content);
            } else if self.break_at(content).is_empty() {
                break;
            }
            at = self.next_line(content);
        }
        (behind, first)
    }

    /// Whether there is a line break in a range.
    pub(super) fn has_break(&self, range: Range<usize>) -> bool {
        self.text[range].contains(is_break)
    }
}

const BYTE_ORDER_MARK: char = '\u{FEFF}';

pub(super) fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | BYTE_ORDER_MARK)
}
