//! Collections in brackets.

use super::{Context, Expect, Parser};
use crate::yaml::scanner::{Scan, Token, TokenKind};
use crate::yaml::tree::Style;

impl Parser<'_> {
    pub(super) fn flow_entry(&mut self, is_first: bool) -> Scan<()> {
        let Some(token) = self.next_in_flow(is_first, TokenKind::FlowSequenceEnd)? else { return self.close() };
        self.expect(Expect::FlowEntry);
        match token.kind {
            TokenKind::SimpleKey => {
                self.open(true, Style::Pair, token.start as usize, Expect::PairEnd)?;
                self.simple_key(&token)?;
                self.flow_node(TokenKind::FlowSequenceEnd)
            }
            TokenKind::Key => {
                self.skip(&token);
                self.open(true, Style::Pair, token.start as usize, Expect::PairKey)?;
                Ok(())
            }
            _ => self.node(Context::Flow),
        }
    }

    pub(super) fn pair_key(&mut self) -> Scan<()> {
        self.expect(Expect::PairValue);
        let token = self.scanner.peek()?;
        match token.kind {
            TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowSequenceEnd => {
                // Whatever it is, it is gone: `[? : b]` has neither key nor value, and then something unexpected.
                self.absent()?;
                self.skip(&token);
                Ok(())
            }
            _ => self.node(Context::Flow),
        }
    }

    pub(super) fn flow_key(&mut self, is_first: bool) -> Scan<()> {
        let Some(token) = self.next_in_flow(is_first, TokenKind::FlowMappingEnd)? else { return self.close() };
        match token.kind {
            TokenKind::SimpleKey => {
                self.expect(Expect::FlowKey);
                self.simple_key(&token)?;
                self.flow_node(TokenKind::FlowMappingEnd)
            }
            TokenKind::Key => {
                self.skip(&token);
                self.expect(Expect::FlowValue);
                let is_absent = |next: &Token| {
                    matches!(next.kind, TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowMappingEnd)
                };
                self.node_unless(is_absent, Context::Flow)
            }
            _ => {
                self.expect(Expect::NoFlowValue);
                self.node(Context::Flow)
            }
        }
    }

    /// The value behind a key in brackets, if a colon is there.
    pub(super) fn flow_value(&mut self, then: Expect, end: TokenKind) -> Scan<()> {
        self.expect(then);
        let token = self.scanner.peek()?;
        if token.kind != TokenKind::Value {
            self.absent()?;
            return Ok(());
        }
        self.skip(&token);
        self.flow_node(end)
    }

    /// A node in brackets that may be absent.
    pub(super) fn flow_node(&mut self, end: TokenKind) -> Scan<()> {
        self.node_unless(|next| next.kind == TokenKind::FlowEntry || next.kind == end, Context::Flow)
    }

    /// Goes past the comma between entries; `None` at the end of the collection, past its bracket.
    pub(super) fn next_in_flow(&mut self, is_first: bool, end: TokenKind) -> Scan<Option<Token>> {
        let mut token = self.scanner.peek()?;
        if token.kind != end && !is_first {
            if token.kind != TokenKind::FlowEntry {
                return Err(self.unexpected_in_flow(&token, end));
            }
            self.skip(&token);
            token = self.scanner.peek()?;
        }
        if token.kind == end {
            self.skip(&token);
            return Ok(None);
        }
        Ok(Some(token))
    }
}
