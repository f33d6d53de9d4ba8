//! Where collections start, end, and go on.

use super::{Scan, Scanner, Token, TokenKind};
use crate::yaml::problem::Problem;

/// How deep brackets may nest, and block collections.
const MAX_DEPTH: usize = 10_000;

impl Scanner<'_> {
    /// Starts a block collection at a column, unless there is one already.
    ///
    /// `index` is the place in the queue that its first token has, `None` where that is yet to come.
    pub(super) fn roll(&mut self, column: i32, index: Option<usize>, kind: TokenKind, at: usize) -> Scan<()> {
        if self.flow > 0 || self.indent >= column {
            return Ok(());
        }
        self.indents.push(self.indent);
        self.indent = column;
        if self.indents.len() > MAX_DEPTH {
            return Err(too_deep(at));
        }
        let token = Token::new(kind, at, at);
        match index {
            Some(index) => self.queue.insert(index, token),
            None => self.queue.push_back(token),
        }
        Ok(())
    }

    /// Ends all block collections that are further right than a column.
    #[inline]
    pub(super) fn unroll(&mut self, column: i32) {
        while self.indent > column {
            self.push(TokenKind::BlockEnd, self.at, self.at);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    pub(super) fn block_entry(&mut self) -> Scan<()> {
        if self.flow == 0 {
            if !self.key_allowed {
                return Err(Problem::new(
                    self.at,
                    "a list item (\"- \") cannot start here; put it on a line of its own",
                ));
            }
            self.roll(self.column(), None, TokenKind::BlockSequenceStart, self.at)?;
        }
        self.drop_candidate()?;
        self.key_allowed = true;
        self.push(TokenKind::BlockEntry, self.at, self.at + 1);
        self.at += 1;
        Ok(())
    }

    pub(super) fn open_bracket(&mut self, byte: u8) -> Scan<()> {
        self.add_candidate()?;
        self.flow += 1;
        if self.flow == 1 {
            self.bracket = self.taken + self.queue.len();
            self.bracket_is_bare = true;
        }
        if self.flow as usize > MAX_DEPTH {
            return Err(too_deep(self.at));
        }
        self.key_allowed = true;
        let kind = if byte == b'[' { TokenKind::FlowSequenceStart } else { TokenKind::FlowMappingStart };
        self.push(kind, self.at, self.at + 1);
        self.at += 1;
        Ok(())
    }

    pub(super) fn close_bracket(&mut self, byte: u8) -> Scan<()> {
        self.drop_candidate()?;
        self.flow = self.flow.saturating_sub(1);
        self.release_bare_bracket();
        self.key_allowed = false;
        let kind = if byte == b']' { TokenKind::FlowSequenceEnd } else { TokenKind::FlowMappingEnd };
        self.push(kind, self.at, self.at + 1);
        self.at += 1;
        Ok(())
    }

    pub(super) fn flow_entry(&mut self) -> Scan<()> {
        self.drop_candidate()?;
        self.key_allowed = true;
        self.push(TokenKind::FlowEntry, self.at, self.at + 1);
        self.at += 1;
        Ok(())
    }

    pub(super) fn document_marker(&mut self, byte: u8) -> Scan<()> {
        self.unroll(-1);
        self.drop_candidate()?;
        self.key_allowed = false;
        let kind = if byte == b'-' { TokenKind::DocumentStart } else { TokenKind::DocumentEnd };
        self.push(kind, self.at, self.at + 3);
        self.at += 3;
        Ok(())
    }

    pub(super) fn stream_end(&mut self) -> Scan<()> {
        // Whatever waits for a colon waits in vain.
        self.line = self.at + 1;
        if self.flow == 0 {
            self.unroll(-1);
        }
        self.drop_candidate()?;
        self.key_allowed = false;
        self.push(TokenKind::StreamEnd, self.at, self.at);
        Ok(())
    }
}

fn too_deep(at: usize) -> Box<Problem> {
    Problem::new(at, format!("collections nest deeper than {MAX_DEPTH} levels"))
}
