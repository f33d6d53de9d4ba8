//! Nodes: scalars, aliases and the starts of collections, with anchors and tags before them.

use super::{Context, Expect, Parser};
use crate::yaml::builder::Place;
use crate::yaml::problem::Problem;
use crate::yaml::scalar::{self, Scalar};
use crate::yaml::scanner::{ScalarStyle, Scan, Token, TokenKind};
use crate::yaml::tags::{Tag, Tagged};
use crate::yaml::tree::{Kind, NodeId, Style};
use crate::yaml::written::Places;

#[derive(Default)]
struct Properties<'a> {
    anchor: Option<&'a str>,
    tag: Option<Tag>,
    place: Places,
}

impl<'a> Parser<'a> {
    /// A node, or an absent one where a token says that there is none.
    #[inline]
    pub(super) fn node_unless(&mut self, is_absent: impl Fn(&Token) -> bool, context: Context) -> Scan<()> {
        let token = self.scanner.peek()?;
        match token.kind {
            // Nearly all nodes are scalars without a tag.
            TokenKind::Scalar => {
                self.skip(&token);
                self.scalar(&token).map(drop)
            }
            _ if is_absent(&token) => self.absent().map(drop),
            _ => self.node(context),
        }
    }

    /// Anything that may have an anchor or a tag before it.
    pub(super) fn node(&mut self, context: Context) -> Scan<()> {
        let token = self.scanner.peek()?;
        if token.kind == TokenKind::Alias {
            self.skip(&token);
            let (start, end) = (token.start as usize, token.end as usize);
            return self.builder.alias(&self.text[start + 1..end], Place { start, end });
        }
        let properties = self.properties()?;
        let id = self.content(&properties, context)?;
        if properties.anchor.is_some() || properties.tag.is_some() {
            self.builder.properties(id, properties.place);
        }
        if let Some(name) = properties.anchor {
            self.builder.anchor(name, id);
        }
        Ok(())
    }

    /// An anchor and a tag, in either order.
    fn properties(&mut self) -> Scan<Properties<'a>> {
        let mut properties = Properties::default();
        loop {
            let token = self.scanner.peek()?;
            match token.kind {
                TokenKind::Anchor if properties.anchor.is_none() => {
                    properties.anchor = Some(&self.text[token.start as usize + 1..token.end as usize]);
                    properties.place.anchor = Some((token.start, token.end));
                }
                TokenKind::Tag if properties.tag.is_none() => {
                    let (handle, suffix) = self.scanner.take_pair(&token);
                    properties.tag = Some(self.tags.resolve(&token, &handle, suffix)?);
                    properties.place.has_tag = true;
                }
                _ => return Ok(properties),
            }
            if properties.place.end == 0 {
                properties.place.start = token.start;
            }
            properties.place.end = token.end;
            self.skip(&token);
        }
    }

    fn content(&mut self, properties: &Properties<'a>, context: Context) -> Scan<NodeId> {
        let token = self.scanner.peek()?;
        let start = token.start as usize;
        let is_block = context != Context::Flow;
        match token.kind {
            TokenKind::Scalar => {
                self.skip(&token);
                match &properties.tag {
                    Some(tag) => self.tagged_scalar(&token, tag),
                    None => self.scalar(&token),
                }
            }
            TokenKind::BlockEntry if context == Context::BlockInMapping => {
                self.open(false, Style::Block, start, Expect::UnindentedEntry)
            }
            TokenKind::FlowSequenceStart => {
                self.skip(&token);
                self.open(false, Style::Flow, start, Expect::FirstFlowEntry)
            }
            TokenKind::FlowMappingStart => {
                self.skip(&token);
                self.open(true, Style::Flow, start, Expect::FirstFlowKey)
            }
            TokenKind::BlockSequenceStart if is_block => {
                self.scanner.skip();
                self.open(false, Style::Block, start, Expect::BlockEntry)
            }
            TokenKind::BlockMappingStart if is_block => {
                self.scanner.skip();
                self.open(true, Style::Block, start, Expect::BlockKey)
            }
            _ => match properties {
                Properties { tag: Some(tag), .. } => {
                    let place = Place { start: self.end, end: self.end };
                    let kind = match tag.apply("").map_err(|message| Problem::new(place.start, message))? {
                        Tagged::Scalar(Scalar::Null) => Kind::Null,
                        _ => Kind::Text,
                    };
                    self.builder.scalar(kind, Style::Absent, place)
                }
                Properties { anchor: Some(_), .. } => self.absent(),
                _ => Err(self.unexpected(&token, "a value")),
            },
        }
    }

    /// A scalar without a tag.
    #[inline]
    pub(super) fn scalar(&mut self, token: &Token) -> Scan<NodeId> {
        let place = place_of(token);
        let made = self.scanner.take_string(token);
        if token.style != ScalarStyle::Plain {
            let kind = made.map_or(Kind::Inner, |text| self.builder.string(text));
            return self.builder.scalar(kind, style_of(token), place);
        }
        let text = made.as_deref().unwrap_or(&self.text[place.start..place.end]);
        let resolved = scalar::resolve(text);
        let is_merge_key = text == MERGE_KEY;
        let kind = match (resolved, made) {
            (Scalar::String, Some(text)) => self.builder.string(text),
            (Scalar::String, None) => Kind::Text,
            (other, _) => other.into(),
        };
        let id = self.builder.scalar(kind, Style::Plain, place)?;
        if is_merge_key {
            self.builder.may_merge(id);
        }
        Ok(id)
    }

    fn tagged_scalar(&mut self, token: &Token, tag: &Tag) -> Scan<NodeId> {
        let place = place_of(token);
        let made = self.scanner.take_string(token);
        let is_quoted = token.style != ScalarStyle::Plain && made.is_none();
        let written =
            if is_quoted { &self.text[place.start + 1..place.end - 1] } else { &self.text[place.start..place.end] };
        let text = made.as_deref().unwrap_or(written);
        let merges = text == MERGE_KEY && tag.is_of_merge_key();
        let value = tag.apply(text).map_err(|message| Problem::new(place.start, message))?;
        let kind = match (value, made) {
            (Tagged::Decoded(text), _) => self.builder.string(text.into()),
            (Tagged::Scalar(Scalar::String), Some(text)) => self.builder.string(text),
            (Tagged::Scalar(Scalar::String), None) if is_quoted => Kind::Inner,
            (Tagged::Scalar(Scalar::String), None) => Kind::Text,
            (Tagged::Scalar(other), _) => other.into(),
        };
        let id = self.builder.scalar(kind, style_of(token), place)?;
        if merges {
            self.builder.may_merge(id);
        }
        Ok(id)
    }
}

/// The key that brings in other mappings' entries.
const MERGE_KEY: &str = "<<";

fn place_of(token: &Token) -> Place {
    Place { start: token.start as usize, end: token.end as usize }
}

fn style_of(token: &Token) -> Style {
    match token.style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted => Style::SingleQuoted,
        ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
        ScalarStyle::Literal => Style::Literal,
        ScalarStyle::Folded => Style::Folded,
    }
}
