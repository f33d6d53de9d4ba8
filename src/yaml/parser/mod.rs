//! From tokens to a document: the grammar of YAML 1.1 as libyaml reads it.
//!
//! There is no recursion: each open collection is a [`Frame`] that says what may come next in it.

mod block;
mod flow;
mod messages;
mod node;

use super::builder::{Builder, Place};
use super::bytes::survey;
use super::problem::{Problem, shown};
use super::scanner::{Scan, Scanner, Token, TokenKind, small};
use super::tags::Tags;
use super::tree::{Document, Kind, NodeId, Style};

/// Reads a YAML document.
pub(super) fn read(document: Document<'_>) -> Scan<Document<'_>> {
    /// kubectl's reader takes up the text in such pieces.
    const PIECE: usize = 512;
    let text = document.text;
    let survey = survey(text);
    let scanner = Scanner::new(text, survey.has_odd_breaks);
    let mut parser =
        Parser { text, scanner, builder: Builder::new(document), frames: Vec::new(), tags: Tags::default(), end: 0 };
    let result = parser.run();
    let Some(at) = survey.forbidden else {
        result?;
        return parser.builder.finish();
    };
    match result {
        Err(problem) if problem.at < at => Err(problem),
        // What follows the document's value is not read.
        Ok(()) if parser.scanner.reached() / PIECE < at / PIECE => parser.builder.finish(),
        _ => Err(forbidden(text, at)),
    }
}

fn forbidden(text: &str, at: usize) -> Box<Problem> {
    let c = text[at..].chars().next().unwrap_or_default();
    Problem::new(at, format!("the control character U+{:04X} is not allowed", u32::from(c)))
}

/// What may come next in an open collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    BlockEntry,
    /// In a list that is no further right than the key it belongs to.
    UnindentedEntry,
    BlockKey,
    BlockValue,
    FirstFlowEntry,
    FlowEntry,
    FirstFlowKey,
    FlowKey,
    FlowValue,
    /// Behind a key that no colon follows.
    NoFlowValue,
    /// In an entry of a list in brackets that is a mapping without its own.
    PairKey,
    PairValue,
    PairEnd,
}

#[derive(Debug, Clone, Copy)]
struct Frame {
    expect: Expect,
    start: u32,
}

/// Which collections may start where a node may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Context {
    Flow,
    Block,
    /// Also a list that is not indented.
    BlockInMapping,
}

struct Parser<'a> {
    text: &'a str,
    scanner: Scanner<'a>,
    builder: Builder<'a>,
    frames: Vec<Frame>,
    tags: Tags,
    /// Where the last token ends that is more than an end of something.
    end: usize,
}

impl<'a> Parser<'a> {
    fn run(&mut self) -> Scan<()> {
        let token = self.scanner.peek()?;
        match token.kind {
            TokenKind::StreamEnd => return Ok(()),
            TokenKind::VersionDirective
            | TokenKind::UnknownVersion
            | TokenKind::TagDirective
            | TokenKind::DocumentStart => self.document_start()?,
            _ => self.node(Context::Block)?,
        }
        while let Some(frame) = self.frames.last() {
            match frame.expect {
                Expect::BlockEntry => self.block_entry()?,
                Expect::UnindentedEntry => self.unindented_entry()?,
                Expect::BlockKey => self.block_key()?,
                Expect::BlockValue => self.block_value()?,
                Expect::FirstFlowEntry => self.flow_entry(true)?,
                Expect::FlowEntry => self.flow_entry(false)?,
                Expect::FirstFlowKey => self.flow_key(true)?,
                Expect::FlowKey => self.flow_key(false)?,
                Expect::FlowValue => self.flow_value(Expect::FlowKey, TokenKind::FlowMappingEnd)?,
                Expect::NoFlowValue => {
                    self.expect(Expect::FlowKey);
                    self.absent()?;
                }
                Expect::PairKey => self.pair_key()?,
                Expect::PairValue => self.flow_value(Expect::PairEnd, TokenKind::FlowSequenceEnd)?,
                Expect::PairEnd => self.close()?,
            }
        }
        // One more token must be there and be right, whatever it is.
        self.scanner.peek()?;
        Ok(())
    }

    fn document_start(&mut self) -> Scan<()> {
        let start = self.scanner.peek()?.start as usize;
        loop {
            let token = self.take()?;
            match token.kind {
                TokenKind::VersionDirective => self.tags.version(&token)?,
                TokenKind::UnknownVersion => {
                    let directive = shown(&self.text[token.start as usize..token.end as usize]);
                    let message = format!("only YAML version 1.1 can be read, found {directive}");
                    return Err(Problem::new(token.start as usize, message));
                }
                TokenKind::TagDirective => {
                    let (handle, prefix) = self.scanner.take_pair(&token);
                    self.tags.define(&token, handle, prefix)?;
                }
                TokenKind::DocumentStart => break,
                // A file is cut where its "---" is, so kubectl never sees one behind a directive either.
                _ => {
                    let message =
                        "a line that starts with \"%\" cannot stand before \"---\": kubectl cuts the file between them";
                    return Err(Problem::new(start, message));
                }
            }
        }
        match self.scanner.peek()?.kind {
            TokenKind::VersionDirective
            | TokenKind::UnknownVersion
            | TokenKind::TagDirective
            | TokenKind::DocumentStart
            | TokenKind::DocumentEnd
            | TokenKind::StreamEnd => {
                self.absent()?;
                Ok(())
            }
            _ => self.node(Context::Block),
        }
    }

    /// Goes past the next token.
    #[inline]
    fn take(&mut self) -> Scan<Token> {
        let token = self.scanner.peek()?;
        self.skip(&token);
        Ok(token)
    }

    /// Goes past a token that was peeked at.
    #[inline]
    fn skip(&mut self, token: &Token) {
        self.scanner.skip();
        self.end = token.end as usize;
    }

    #[inline]
    fn expect(&mut self, expect: Expect) {
        if let Some(frame) = self.frames.last_mut() {
            frame.expect = expect;
        }
    }

    fn open(&mut self, is_mapping: bool, style: Style, start: usize, expect: Expect) -> Scan<NodeId> {
        let id = self.builder.start(is_mapping, style, start)?;
        self.frames.push(Frame { expect, start: small(start) });
        Ok(id)
    }

    fn close(&mut self) -> Scan<()> {
        self.frames.pop();
        self.builder.end(self.end)
    }

    /// A value that is not there.
    fn absent(&mut self) -> Scan<NodeId> {
        self.builder.scalar(Kind::Null, Style::Absent, Place { start: self.end, end: self.end })
    }

    /// A key that is a scalar, up to behind its colon.
    #[inline]
    fn simple_key(&mut self, token: &Token) -> Scan<()> {
        self.scanner.skip();
        self.scalar(token)?;
        self.end = token.colon as usize;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::yaml::{Document, Style, ValueRef, chunks};

    /// Styles and texts of all values in order, keys before their values.
    fn pieces(text: &str) -> Vec<(Style, String)> {
        fn collect(value: ValueRef<'_>, text: &str, into: &mut Vec<(Style, String)>) {
            let span = value.span();
            into.push((value.style(), text[span.start..span.end].to_owned()));
            if value.style() == Style::Alias || value.style() == Style::Merged {
                return;
            }
            value.items().for_each(|item| collect(item, text, into));
            for entry in value.entries() {
                collect(entry.key_ref, text, into);
                collect(entry.value, text, into);
            }
        }
        let mut found = Vec::new();
        for chunk in chunks(text) {
            let document = Document::parse(&chunk).unwrap();
            collect(document.root().unwrap(), text, &mut found);
        }
        found
    }

    fn assert_pieces(text: &str, expected: &[(Style, &str)]) {
        let found = pieces(text);
        let found: Vec<_> = found.iter().map(|(style, piece)| (*style, piece.as_str())).collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn spans_hold_the_value_and_nothing_else() {
        use Style::*;
        assert_pieces(
            "# c\na:  b c  # c\n'q' : \"d\"\nl: [1 , {x: y }]  # c\n\nend:\n",
            &[
                (Block, "a:  b c  # c\n'q' : \"d\"\nl: [1 , {x: y }]  # c\n\nend:"),
                (Plain, "a"),
                (Plain, "b c"),
                (SingleQuoted, "'q'"),
                (DoubleQuoted, "\"d\""),
                (Plain, "l"),
                (Flow, "[1 , {x: y }]"),
                (Plain, "1"),
                (Flow, "{x: y }"),
                (Plain, "x"),
                (Plain, "y"),
                (Plain, "end"),
                (Absent, ""),
            ],
        );
        assert_pieces(
            "- a\n-  - b\n   # c\n\n-\n",
            &[(Block, "- a\n-  - b\n   # c\n\n-"), (Plain, "a"), (Block, "- b"), (Plain, "b"), (Absent, "")],
        );
        assert_pieces(
            "a:\n- b: c\n  d: |\n    x\n\ne: >+\n  y\n\n",
            &[
                (Block, "a:\n- b: c\n  d: |\n    x\n\ne: >+\n  y\n\n"),
                (Plain, "a"),
                (Block, "- b: c\n  d: |\n    x"),
                (Block, "b: c\n  d: |\n    x"),
                (Plain, "b"),
                (Plain, "c"),
                (Plain, "d"),
                (Literal, "|\n    x"),
                (Plain, "e"),
                (Folded, ">+\n  y\n\n"),
            ],
        );
    }

    #[test]
    fn properties_are_not_part_of_the_span() {
        use Style::*;
        assert_pieces(
            "a: &x !t b\nc: *x\nd: [e: f]\ng: &y {<<: {h: i}, j: }\n---\nk: v\n",
            &[
                (Block, "a: &x !t b\nc: *x\nd: [e: f]\ng: &y {<<: {h: i}, j: }"),
                (Plain, "a"),
                (Plain, "b"),
                (Plain, "c"),
                (Alias, "*x"),
                (Plain, "d"),
                (Flow, "[e: f]"),
                (Pair, "e: f"),
                (Plain, "e"),
                (Plain, "f"),
                (Plain, "g"),
                (Flow, "{<<: {h: i}, j: }"),
                (Plain, "h"),
                (Merged, "i"),
                (Plain, "j"),
                (Absent, ""),
                (Block, "k: v"),
                (Plain, "k"),
                (Plain, "v"),
            ],
        );
    }

    #[test]
    fn places_count_lines_of_the_file_and_characters() {
        let text = "é: 1\n---\n\u{FEFF}x: {é: [€, b]}\n";
        let found = chunks(text);
        let document = Document::parse(&found[1]).unwrap();
        let list = document.root().unwrap().entry("x").unwrap().value.entry("é").unwrap().value;
        let place = |value: ValueRef<'_>| (value.span().line, value.span().column);
        assert_eq!(list.items().map(place).collect::<Vec<_>>(), [(3, 10), (3, 13)]);
        assert_eq!(&text[list.span().start..list.span().end], "[€, b]");
    }
}
