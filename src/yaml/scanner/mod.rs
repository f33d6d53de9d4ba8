//! From text to tokens: YAML 1.1 as kubectl's reader cuts it, which is where libyaml cuts it.
//!
//! What starts a token depends on the column, on whether there are brackets around it, and on whether a key may start
//! there. That a scalar was a key shows only at the colon behind it. For nearly all keys the colon is looked for right
//! behind the scalar ([`Scanner::end_node`]); where a node takes several tokens (an anchor and a scalar, brackets),
//! its tokens wait in the queue until the colon has come or can come no more ([`keys`]).
//!
//! Columns are counted in bytes: whatever stands before a column that matters is ASCII.

mod block_scalar;
mod collections;
mod directive;
mod keys;
mod plain;
mod properties;
mod quoted;
mod token;

use std::borrow::Cow;
use std::collections::VecDeque;

use super::bytes::{self, BLANK, BREAK, ODD};
use super::problem::{Problem, shown};
use keys::Candidate;
pub(super) use token::{ScalarStyle, Token, TokenKind, small};

pub(super) type Scan<T> = Result<T, Box<Problem>>;

pub(super) struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// Where the line of `at` starts.
    line: usize,
    /// Column of the innermost block collection; -1 outside of all.
    indent: i32,
    /// Columns of the block collections around it.
    indents: Vec<i32>,
    /// How many brackets are open.
    flow: u32,
    /// Whether a key may start here.
    key_allowed: bool,
    /// Where the last scalar or alias starts.
    node: usize,
    /// Nodes in the queue that a colon may still turn into keys, outermost first; at most one for each level of brackets.
    candidates: VecDeque<Candidate>,
    /// The number of the outermost bracket's token.
    bracket: usize,
    /// Whether no node has started in it that might have been a key.
    bracket_is_bare: bool,
    queue: VecDeque<Token>,
    /// How many tokens have left the queue.
    taken: usize,
    /// [`ODD`] where the text has such line breaks, so that nobody looks for them anywhere else.
    odd: u8,
    /// Whether the text ends within a line: kubectl's reader puts a line feed there.
    ends_open: bool,
    /// Texts of tokens that are no slices of the document.
    strings: Vec<Cow<'a, str>>,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str, has_odd_breaks: bool) -> Self {
        const MARK: &str = "\u{FEFF}";
        // A byte order mark is not there; a second one takes a column.
        let marks = text.bytes().zip(MARK.bytes().cycle()).take_while(|(byte, mark)| byte == mark).count() / MARK.len();
        let at = marks.min(2) * MARK.len();
        Self {
            text,
            bytes: text.as_bytes(),
            at,
            line: if marks >= 2 { at - 1 } else { at },
            indent: -1,
            indents: Vec::new(),
            flow: 0,
            key_allowed: true,
            node: 0,
            candidates: VecDeque::new(),
            bracket: 0,
            bracket_is_bare: false,
            queue: VecDeque::with_capacity(8),
            taken: 0,
            odd: if has_odd_breaks { ODD } else { 0 },
            ends_open: !text.ends_with(['\n', '\r']),
            strings: Vec::new(),
        }
    }

    /// The next token, which stays the next one.
    #[inline]
    pub(super) fn peek(&mut self) -> Scan<Token> {
        match self.queue.front() {
            Some(token) if self.candidates.is_empty() => Ok(*token),
            _ => self.peek_slowly(),
        }
    }

    fn peek_slowly(&mut self) -> Scan<Token> {
        loop {
            if let Some(token) = self.queue.front().copied()
                && !self.may_become_key()?
            {
                return Ok(token);
            }
            self.fetch()?;
        }
    }

    /// Goes past the token that was peeked at.
    #[inline]
    pub(super) fn skip(&mut self) {
        self.queue.pop_front();
        self.taken += 1;
    }

    /// The text of a token, taken out where it was made up.
    #[inline]
    pub(super) fn take_string(&mut self, token: &Token) -> Option<Cow<'a, str>> {
        self.strings.get_mut(token.string as usize).map(std::mem::take)
    }

    /// Keeps a text that is no slice of the document; returns its number.
    fn keep(&mut self, text: Cow<'a, str>) -> u32 {
        self.strings.push(text);
        small(self.strings.len() - 1)
    }

    /// The two texts of a tag or a tag directive.
    pub(super) fn take_pair(&mut self, token: &Token) -> (String, String) {
        let mut take = |at: u32| self.strings.get_mut(at as usize).map(std::mem::take).unwrap_or_default().into_owned();
        (take(token.string), take(token.string + 1))
    }

    /// How far the text has been looked at.
    pub(super) fn reached(&self) -> usize {
        self.at
    }

    #[inline]
    fn column(&self) -> i32 {
        i32::try_from(self.at.saturating_sub(self.line)).unwrap_or(i32::MAX)
    }

    #[inline]
    fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    fn push(&mut self, kind: TokenKind, start: usize, end: usize) {
        self.queue.push_back(Token::new(kind, start, end));
    }

    /// Reads at least one more token into the queue.
    fn fetch(&mut self) -> Scan<()> {
        self.skip_to_token();
        if self.flow == 0 {
            self.unroll(self.column());
        }
        let Some(byte) = self.byte(self.at) else { return self.stream_end() };
        match byte {
            b'%' if self.at == self.line => self.directive(),
            b'-' | b'.' if self.at == self.line && self.is_document_marker() => self.document_marker(byte),
            b'[' | b'{' => self.open_bracket(byte),
            b']' | b'}' => self.close_bracket(byte),
            b',' => self.flow_entry(),
            b'-' if self.is_blank_or_end(self.at + 1) => self.block_entry(),
            b'?' if self.flow > 0 || self.is_blank_or_end(self.at + 1) => self.explicit_key(),
            b':' if self.flow > 0 || self.is_blank_or_end(self.at + 1) => self.value(),
            b'*' => self.alias(),
            b'&' => self.anchor(),
            b'!' => self.tag(),
            b'|' | b'>' if self.flow == 0 => self.block_scalar(byte),
            b'\'' | b'"' => self.quoted(byte),
            b'|' | b'>' | b'%' | b'@' | b'`' | b'\t' => Err(self.no_token(byte)),
            _ => self.plain(),
        }
    }

    /// Goes over blanks, comments and line breaks.
    fn skip_to_token(&mut self) {
        loop {
            // A tab must not indent what might be a key.
            self.at = if self.flow > 0 || !self.key_allowed {
                bytes::skip_class(self.bytes, self.at, BLANK)
            } else {
                bytes::skip(self.bytes, self.at, |byte| byte == b' ')
            };
            if self.byte(self.at) == Some(b'#') {
                self.at = self.line_end(self.at);
            }
            if !self.skip_break() {
                return;
            }
            if self.flow == 0 {
                self.key_allowed = true;
            }
        }
    }

    /// Where the line ends, its break not included.
    fn line_end(&self, at: usize) -> usize {
        if self.odd == 0 {
            return memchr::memchr2(b'\n', b'\r', &self.bytes[at..]).map_or(self.bytes.len(), |length| at + length);
        }
        let mut at = bytes::find(self.bytes, at, BREAK | ODD);
        while at < self.bytes.len() && self.break_length(at) == 0 {
            at = bytes::find(self.bytes, at + 1, BREAK | ODD);
        }
        at
    }

    /// How many bytes the line break at `at` takes; 0 if there is none.
    #[inline]
    fn break_length(&self, at: usize) -> usize {
        match self.byte(at) {
            Some(b'\n') => 1,
            Some(b'\r') => match self.bytes.get(at + 1..) {
                Some([b'\n', ..]) => 2,
                // The reader that cuts lines takes the last two for one line feed.
                Some([b'\r', b'\n', ..]) => 3,
                _ => 1,
            },
            Some(0xC2 | 0xE2) if self.odd != 0 => match self.bytes.get(at..) {
                Some([0xC2, 0x85, ..]) => 2,
                Some([0xE2, 0x80, 0xA8 | 0xA9, ..]) => 3,
                _ => 0,
            },
            _ => 0,
        }
    }

    #[inline]
    fn skip_break(&mut self) -> bool {
        let length = self.break_length(self.at);
        if length == 0 {
            return false;
        }
        self.at += length;
        self.line = self.at;
        true
    }

    /// Goes over a line break and adds what it stands for; at the end of a text that ends within a line there is one too.
    fn take_break(&mut self, into: &mut String) -> bool {
        if self.at == self.bytes.len() && std::mem::take(&mut self.ends_open) {
            self.line = self.at;
            into.push('\n');
            return true;
        }
        let from = self.at;
        let is_break = self.skip_break();
        if is_break {
            into.push_str(meaning_of_break(&self.text[from..self.at]));
        }
        is_break
    }

    #[inline]
    fn is_blank_or_end(&self, at: usize) -> bool {
        match self.byte(at) {
            None | Some(b' ' | b'\t' | b'\n' | b'\r') => true,
            Some(0xC2 | 0xE2) => self.break_length(at) > 0,
            Some(_) => false,
        }
    }

    /// Whether `---` or `...` stands here on its own.
    fn is_document_marker(&self) -> bool {
        matches!(self.bytes.get(self.at..), Some([b'-', b'-', b'-', ..] | [b'.', b'.', b'.', ..]))
            && self.is_blank_or_end(self.at + 3)
    }

    fn no_token(&self, byte: u8) -> Box<Problem> {
        let message = match byte {
            b'\t' => "found a tab where spaces must indent".to_owned(),
            b'|' | b'>' => format!("a block scalar ({:?}) cannot stand inside brackets", char::from(byte)),
            _ => format!(
                "no value can start with {:?}; put quotes around {}",
                char::from(byte),
                shown(&self.text[self.at..])
            ),
        };
        Problem::new(self.at, message)
    }
}

/// The line break that the reader makes of one: only LS and PS stay what they are.
fn meaning_of_break(text: &str) -> &str {
    if text.starts_with(['\u{2028}', '\u{2029}']) { text } else { "\n" }
}

/// Makes one space of a line break, or as many line feeds as there are empty lines.
///
/// `gap` holds the line breaks between two pieces of a scalar, and blanks that do not count.
fn fold(gap: &str, into: &mut String) {
    let mut breaks = Breaks { rest: gap };
    match breaks.next() {
        Some("\n") => {
            let length = into.len();
            into.extend(breaks);
            if into.len() == length {
                into.push(' ');
            }
        }
        Some(first) => {
            into.push_str(first);
            into.extend(breaks);
        }
        None => {}
    }
}

/// What the line breaks in a text stand for.
struct Breaks<'t> {
    rest: &'t str,
}

impl<'t> Iterator for Breaks<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        let rest = self.rest.trim_start_matches([' ', '\t']);
        let length = ["\r\r\n", "\r\n", "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"]
            .iter()
            .find_map(|known| rest.starts_with(known).then_some(known.len()))?;
        let (found, rest) = rest.split_at(length);
        self.rest = rest;
        Some(meaning_of_break(found))
    }
}
