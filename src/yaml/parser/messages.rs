//! What is said about a token that cannot be where it is.

use super::{Expect, Parser};
use crate::yaml::problem::{Problem, place, shown};
use crate::yaml::scanner::{Token, TokenKind};

impl Parser<'_> {
    pub(super) fn unexpected(&self, token: &Token, expected: &str) -> Box<Problem> {
        if token.kind == TokenKind::StreamEnd
            && let Some(problem) = self.unclosed()
        {
            return problem;
        }
        Problem::new(token.start as usize, format!("expected {expected}, found {}", self.describe(token)))
    }

    /// In a block collection there is something that neither goes on with it nor ends it.
    pub(super) fn unexpected_in_block(&self, token: &Token, expected: &str, collection: &str) -> Box<Problem> {
        let (at, start) = (token.start as usize, self.start_of_frame());
        let (line, column) = place(self.text, at);
        let (_, own_column) = place(self.text, start);
        let starts_line = self.text[..at].rsplit('\n').next().is_some_and(|before| before.trim().is_empty());
        if starts_line && column != own_column && line > 0 {
            let (found, expected) = (spaces(column), spaces(own_column));
            let message =
                format!("this line is indented by {found}, but the {collection} that it follows by {expected}");
            return Problem::new(at, message);
        }
        Problem::new(at, format!("expected {expected}, found {}", self.describe(token)))
    }

    /// Between brackets there is something where a comma or the closing bracket should be.
    pub(super) fn unexpected_in_flow(&self, token: &Token, end: TokenKind) -> Box<Problem> {
        if token.kind == TokenKind::StreamEnd
            && let Some(problem) = self.unclosed()
        {
            return problem;
        }
        let closing = if end == TokenKind::FlowSequenceEnd { ']' } else { '}' };
        let message = format!("expected \",\" or {:?}, found {}", closing.to_string(), self.describe(token));
        let mut problem = Problem::new(token.start as usize, message);
        problem.opened = self.frames.last().map(|frame| frame.start as usize);
        problem
    }

    /// The innermost bracket that the text does not close.
    fn unclosed(&self) -> Option<Box<Problem>> {
        use Expect::{FirstFlowEntry, FirstFlowKey, FlowEntry, FlowKey, FlowValue, NoFlowValue};
        let is_bracket =
            |expect| matches!(expect, FirstFlowEntry | FirstFlowKey | FlowEntry | FlowKey | FlowValue | NoFlowValue);
        let frame = self.frames.iter().rev().find(|frame| is_bracket(frame.expect))?;
        let at = frame.start as usize;
        let bracket = &self.text[at..=at];
        Some(Problem::new(at, format!("this bracket ({bracket}) is never closed")))
    }

    fn start_of_frame(&self) -> usize {
        self.frames.last().map_or(0, |frame| frame.start as usize)
    }

    fn describe(&self, token: &Token) -> String {
        let text = &self.text[token.start as usize..token.end as usize];
        match token.kind {
            TokenKind::StreamEnd => "the end of the document".to_owned(),
            TokenKind::BlockEnd => "the end of the collection around it".to_owned(),
            TokenKind::BlockMappingStart => "a mapping".to_owned(),
            TokenKind::BlockSequenceStart => "a list".to_owned(),
            TokenKind::Key if text.is_empty() => "a key".to_owned(),
            TokenKind::SimpleKey => format!("the key {}", shown(text)),
            TokenKind::Alias => format!("the alias {}", shown(text)),
            TokenKind::Anchor => format!("the anchor {}", shown(text)),
            TokenKind::Tag => format!("the tag {}", shown(text)),
            _ => shown(text),
        }
    }
}

fn spaces(count: usize) -> String {
    match count {
        0 => "none".to_owned(),
        1 => "1 space".to_owned(),
        _ => format!("{count} spaces"),
    }
}

#[cfg(test)]
mod tests {
    use crate::yaml::testing::assert_refused;

    #[test]
    fn common_mistakes_are_named() {
        assert_refused(&[
            (
                "a: [b, c\nd: e\n",
                "2:2: expected \",\" or \"]\", found \":\"; the bracket was opened in line 1, column 4",
            ),
            (
                "a: {b: c\nd: e\n",
                "2:2: expected \",\" or \"}\", found \":\"; the bracket was opened in line 1, column 4",
            ),
            ("a: [b, {c: d\n", "1:8: this bracket ({) is never closed"),
            ("a:\n  - b\n c: d\n", "3:2: this line is indented by 1 space, but the mapping that it follows by none"),
            (
                "- a\n b: c\n",
                "2:2: this line goes on with the value before it, which then cannot hold \": \"; indent it like the key before, or put quotes around the value",
            ),
            ("a: 1\nb\nc: 2\n", "2:1: expected a key with a colon, found \"b\""),
            ("a: 1\nb:2\n", "2:1: expected a blank behind the colon of the key, found \"b:2\""),
            ("a:b\nc: d\n", "1:1: expected a blank behind the colon of the key, found \"a:b\""),
            ("a: b\n\tc: d\n", "2:1: found a tab where spaces must indent"),
            ("a: @b\n", "1:4: no value can start with '@'; put quotes around \"@b\""),
            ("a: 1\nb: }", "2:4: expected a value, found \"}\""),
            ("a: b\n\u{7}: c", "2:1: the control character U+0007 is not allowed"),
            ("a: {{ .Values.x }}\n", "1:5: a key must be a string, a number or a boolean"),
        ]);
    }

    #[test]
    fn what_follows_the_value_is_not_read() {
        crate::yaml::testing::assert_read(&[("a: 1\n... # c\n{", "{\"a\":1}"), ("[]\n\"a\" \"b\"", "[]")]);
        let behind = format!("a: 1\n...\n{}\u{7}", "#".repeat(1024));
        crate::yaml::testing::assert_read(&[(&behind, "{\"a\":1}")]);
    }
}
