//! Collections by indentation.

use super::{Context, Expect, Parser};
use crate::yaml::scanner::{Scan, Token, TokenKind};

/// Whether a mapping goes on or ends where a value could be.
fn ends_block_value(token: &Token) -> bool {
    token.is_key() || matches!(token.kind, TokenKind::Value | TokenKind::BlockEnd)
}

impl Parser<'_> {
    pub(super) fn block_entry(&mut self) -> Scan<()> {
        let token = self.scanner.peek()?;
        match token.kind {
            TokenKind::BlockEntry => {
                self.skip(&token);
                self.node_unless(
                    |next| matches!(next.kind, TokenKind::BlockEntry | TokenKind::BlockEnd),
                    Context::Block,
                )
            }
            TokenKind::BlockEnd => {
                self.scanner.skip();
                self.close()
            }
            _ => Err(self.unexpected_in_block(&token, "a list item (\"- \")", "list")),
        }
    }

    pub(super) fn unindented_entry(&mut self) -> Scan<()> {
        let token = self.scanner.peek()?;
        if token.kind != TokenKind::BlockEntry {
            return self.close();
        }
        self.skip(&token);
        let is_absent = |next: &Token| {
            next.is_key() || matches!(next.kind, TokenKind::BlockEntry | TokenKind::Value | TokenKind::BlockEnd)
        };
        self.node_unless(is_absent, Context::Block)
    }

    pub(super) fn block_key(&mut self) -> Scan<()> {
        let token = self.scanner.peek()?;
        match token.kind {
            TokenKind::SimpleKey => {
                self.simple_key(&token)?;
                self.node_unless(ends_block_value, Context::BlockInMapping)
            }
            TokenKind::Key => {
                self.skip(&token);
                self.expect(Expect::BlockValue);
                self.node_unless(ends_block_value, Context::BlockInMapping)
            }
            TokenKind::BlockEnd => {
                self.scanner.skip();
                self.close()
            }
            _ => Err(self.unexpected_in_block(&token, "a key", "mapping")),
        }
    }

    pub(super) fn block_value(&mut self) -> Scan<()> {
        self.expect(Expect::BlockKey);
        let token = self.scanner.peek()?;
        if token.kind != TokenKind::Value {
            self.absent()?;
            return Ok(());
        }
        self.skip(&token);
        self.node_unless(ends_block_value, Context::BlockInMapping)
    }
}
