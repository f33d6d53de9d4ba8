//! Which tokens turn out to be keys.
//!
//! A key without `?` must fit on one line, within 1024 characters up to its colon.

use super::{Scan, Scanner, Token, TokenKind};
use crate::yaml::bytes::{self, BLANK};
use crate::yaml::problem::{Problem, characters, shown};

/// A node that a colon may turn into a key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    /// How many brackets there are around it.
    flow: u32,
    /// The number of its first token, counted from the start of the document.
    token: usize,
    at: usize,
    column: i32,
    /// Whether only a key may stand there.
    is_required: bool,
    /// Whether its tokens wait for the colon.
    waits: bool,
}

/// Where a scalar or an alias starts, and what may come of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct NodeStart {
    at: usize,
    column: i32,
    could_be_key: bool,
    /// Whether only a key may stand there.
    is_required: bool,
}

/// How many characters may lie between the start of a key and its colon.
const LONGEST: usize = 1024;

impl Scanner<'_> {
    /// Whether a colon may still turn the node at the front of the queue into a key.
    pub(super) fn may_become_key(&mut self) -> Scan<bool> {
        match self.candidates.front() {
            Some(candidate) if candidate.token == self.taken && candidate.waits => {
                if self.is_in_reach(candidate) {
                    return Ok(true);
                }
                let stale = self.candidates.pop_front();
                self.must_not_be_required(stale).map(|()| false)
            }
            _ => Ok(false),
        }
    }

    fn is_in_reach(&self, candidate: &Candidate) -> bool {
        candidate.at >= self.line && self.is_short(candidate.at)
    }

    /// Whether a key from there to here is short enough.
    fn is_short(&self, from: usize) -> bool {
        let length = self.at - from;
        // A character takes up to four bytes.
        length <= LONGEST || (length <= 4 * LONGEST && characters(&self.bytes[from..self.at]) <= LONGEST)
    }

    fn must_not_be_required(&self, candidate: Option<Candidate>) -> Scan<()> {
        match candidate {
            Some(Candidate { is_required: true, at, .. }) => Err(self.no_colon(at)),
            _ => Ok(()),
        }
    }

    fn no_colon(&self, at: usize) -> Box<Problem> {
        let line = self.text[at..self.line_end(at)].trim_end();
        let expected = if line.contains(':') { "a blank behind the colon of the key" } else { "a key with a colon" };
        Problem::new(at, format!("expected {expected}, found {}", shown(line)))
    }

    /// In a block collection only a key may stand at the column of the collection's own.
    fn is_required_at(&self, column: i32) -> bool {
        self.flow == 0 && self.indent == column
    }

    /// Notes that what starts here may be a key.
    pub(super) fn add_candidate(&mut self) -> Scan<()> {
        if !self.key_allowed {
            return Ok(());
        }
        self.drop_candidate()?;
        self.bracket_is_bare &= self.flow != 1;
        let column = self.column();
        self.candidates.push_back(Candidate {
            flow: self.flow,
            token: self.taken + self.queue.len(),
            at: self.at,
            column,
            is_required: self.is_required_at(column),
            waits: true,
        });
        Ok(())
    }

    /// The brackets that just closed do not wait for a colon if there was nothing in them.
    ///
    /// libyaml in Go forgets about them then. That shows only at the root, where `{}: a` is an empty mapping and text
    /// behind it that nobody reads; elsewhere a collection as a key is an error anyway.
    pub(super) fn release_bare_bracket(&mut self) {
        if self.flow == 0 && self.bracket_is_bare {
            for candidate in self.candidates.iter_mut().filter(|candidate| candidate.token == self.bracket) {
                candidate.waits = false;
            }
        }
    }

    /// The candidate inside the innermost brackets, which then is one no more.
    #[inline]
    fn take_candidate(&mut self) -> Option<Candidate> {
        let is_there = self.candidates.back().is_some_and(|candidate| candidate.flow == self.flow);
        if is_there { self.candidates.pop_back() } else { None }
    }

    /// The candidate inside the innermost brackets will be no key.
    #[inline]
    pub(super) fn drop_candidate(&mut self) -> Scan<()> {
        let candidate = self.take_candidate();
        self.must_not_be_required(candidate)
    }

    /// Notes where a scalar or an alias starts.
    pub(super) fn start_node(&mut self) -> Scan<NodeStart> {
        self.node = self.at;
        let column = self.column();
        let (at, could_be_key) = (self.at, self.key_allowed);
        if could_be_key {
            self.drop_candidate()?;
            self.bracket_is_bare &= self.flow != 1;
            // Nothing but a colon makes a key possible again on this line.
            self.key_allowed = false;
        }
        Ok(NodeStart { at, column, could_be_key, is_required: could_be_key && self.is_required_at(column) })
    }

    /// Adds a scalar or an alias that ends here; if a colon follows, a key.
    pub(super) fn end_node(&mut self, token: Token, start: NodeStart) -> Scan<()> {
        if start.could_be_key {
            let is_on_one_line = start.at >= self.line;
            if is_on_one_line && self.reach_colon() && self.is_short(start.at) {
                return self.simple_key(token, start);
            }
            if start.is_required {
                return Err(self.no_colon(start.at));
            }
            if is_on_one_line && self.flow == 0 && self.indent < 0 {
                // Only here may something else than a colon follow and nobody complain: what follows the root is not
                // read. So the document's fate hangs on whether a colon comes after that.
                let (at, column) = (start.at, start.column);
                let token = self.taken + self.queue.len();
                self.candidates.push_back(Candidate { flow: 0, token, at, column, is_required: false, waits: true });
            }
        }
        self.queue.push_back(token);
        Ok(())
    }

    /// Goes over blanks to a colon that ends a key, if there is one.
    fn reach_colon(&mut self) -> bool {
        let colon = bytes::skip_class(self.bytes, self.at, BLANK);
        let is_there = self.byte(colon) == Some(b':') && (self.flow > 0 || self.is_blank_or_end(colon + 1));
        if is_there {
            self.at = colon;
        }
        is_there
    }

    /// Adds the key with the colon here.
    fn simple_key(&mut self, mut token: Token, start: NodeStart) -> Scan<()> {
        self.roll(start.column, None, TokenKind::BlockMappingStart, start.at)?;
        let colon = self.at;
        self.at += 1;
        self.key_allowed = false;
        if token.kind == TokenKind::Scalar {
            token.kind = TokenKind::SimpleKey;
            token.colon = super::small(self.at);
            self.queue.push_back(token);
        } else {
            self.push(TokenKind::Key, start.at, start.at);
            self.queue.push_back(token);
            self.push(TokenKind::Value, colon, self.at);
        }
        Ok(())
    }

    /// A `?`.
    pub(super) fn explicit_key(&mut self) -> Scan<()> {
        if self.flow == 0 {
            if !self.key_allowed {
                return Err(Problem::new(self.at, "a key (\"? \") cannot start here; put it on a line of its own"));
            }
            self.roll(self.column(), None, TokenKind::BlockMappingStart, self.at)?;
        }
        self.drop_candidate()?;
        self.key_allowed = self.flow == 0;
        self.push(TokenKind::Key, self.at, self.at + 1);
        self.at += 1;
        Ok(())
    }

    /// A `:` that does not follow a scalar or an alias which could be a key.
    pub(super) fn value(&mut self) -> Scan<()> {
        match self.take_candidate() {
            Some(key) if self.is_in_reach(&key) => {
                let token = Token::new(TokenKind::Key, key.at, key.at);
                let index = key.token.checked_sub(self.taken);
                match index {
                    Some(index) => self.queue.insert(index, token),
                    None => self.queue.push_back(token),
                }
                self.roll(key.column, index, TokenKind::BlockMappingStart, key.at)?;
                self.key_allowed = false;
            }
            other => {
                self.must_not_be_required(other)?;
                if self.flow == 0 {
                    if !self.key_allowed {
                        return Err(self.second_colon());
                    }
                    self.roll(self.column(), None, TokenKind::BlockMappingStart, self.at)?;
                }
                self.key_allowed = self.flow == 0;
            }
        }
        self.push(TokenKind::Value, self.at, self.at + 1);
        self.at += 1;
        Ok(())
    }

    fn second_colon(&self) -> Box<Problem> {
        if self.node < self.line {
            let started = &self.text[self.node..self.line_end(self.node)];
            let before = self.text[..self.node].rsplit('\n').next().unwrap_or_default();
            if started.contains(':') && before.bytes().all(|byte| matches!(byte, b' ' | b'-')) {
                return self.no_colon(self.node);
            }
            let at = bytes::skip_class(self.bytes, self.line, BLANK);
            let message = "this line goes on with the value before it, which then cannot hold \": \"; \
                           indent it like the key before, or put quotes around the value";
            return Problem::new(at, message);
        }
        Problem::new(
            self.at,
            "found a second \": \"; put quotes around a value that holds one, or the mapping on its own lines",
        )
    }
}

#[cfg(test)]
mod tests {
    use crate::yaml::testing::{assert_read, assert_refused};

    // Expected values: kubectl 1.37 (go.yaml.in/yaml/v2 2.4.4, sigs.k8s.io/yaml 1.6.0).
    #[test]
    fn keys_are_where_kubectl_sees_them() {
        assert_read(&[
            ("? a\n: b", "{\"a\":\"b\"}"),
            ("? a", "{\"a\":null}"),
            ("{a: }", "{\"a\":null}"),
            ("{a:}", "{\"a:\":null}"),
            ("{? a : b}", "{\"a\":\"b\"}"),
            ("[a: b, c]", "[{\"a\":\"b\"},\"c\"]"),
            ("[? a]", "[{\"a\":null}]"),
            ("? a\n? b\n: c", "{\"a\":null,\"b\":\"c\"}"),
            ("a : b", "{\"a\":\"b\"}"),
            ("\"a\" : b", "{\"a\":\"b\"}"),
            ("'a':\n  b", "{\"a\":\"b\"}"),
            ("a:\n- b\n- c", "{\"a\":[\"b\",\"c\"]}"),
            ("- a: b\n  c: d\n-\n  e: f", "[{\"a\":\"b\",\"c\":\"d\"},{\"e\":\"f\"}]"),
            ("- - a\n  - b\n-  - c", "[[\"a\",\"b\"],[\"c\"]]"),
            ("{}: a", "{}"),
            ("[]: a", "[]"),
            ("a:\tb", "{\"a\":\"b\"}"),
            ("a\t: b", "{\"a\":\"b\"}"),
            ("{\ta: b}", "{\"a\":\"b\"}"),
            ("- ? a\n  : b", "[{\"a\":\"b\"}]"),
            (" a: b\n c: d", "{\"a\":\"b\",\"c\":\"d\"}"),
            ("a: b\n c", "{\"a\":\"b c\"}"),
            ("a: [\nb\n]", "{\"a\":[\"b\"]}"),
            ("a: {\n\tb: c}", "{\"a\":{\"b\":\"c\"}}"),
            ("a: 1\n...\nb: 2", "{\"a\":1}"),
        ]);
    }

    #[test]
    fn wrong_keys_are_pointed_at() {
        assert_refused(&[
            ("? - a\n: b", "1:3: a key must be a string, a number or a boolean"),
            ("{a}", "1:2: invalid JSON: expected a key in double quotes, found \"a}\""),
            ("[: a]", "1:2: expected a value, found \":\""),
            ("[:a]", "1:2: expected a value, found \":\""),
            ("{a: :b}", "1:5: expected a value, found \":\""),
            (
                "a: b: c",
                "1:5: found a second \": \"; put quotes around a value that holds one, or the mapping on its own lines",
            ),
            ("a: - b", "1:4: a list item (\"- \") cannot start here; put it on a line of its own"),
            ("a:\n  b: 1\n c: 2", "3:2: this line is indented by 1 space, but the mapping that it follows by none"),
            (
                "a\nb: c",
                "2:1: this line goes on with the value before it, which then cannot hold \": \"; indent it like the key before, or put quotes around the value",
            ),
            (
                "\"a\nb\": c",
                "2:1: this line goes on with the value before it, which then cannot hold \": \"; indent it like the key before, or put quotes around the value",
            ),
            ("[a]: b", "1:1: a key must be a string, a number or a boolean"),
            ("-\ta", "1:2: found a tab where spaces must indent"),
            ("\ta: b", "1:1: found a tab where spaces must indent"),
            ("...", "1:1: expected a value, found \"...\""),
            (
                "a: 1\n b: 2",
                "2:2: this line goes on with the value before it, which then cannot hold \": \"; indent it like the key before, or put quotes around the value",
            ),
        ]);
    }
}
