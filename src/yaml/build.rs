//! From parser events to a [`Document`].

use std::borrow::Cow;
use std::collections::HashMap;

use base64::Engine;
use granit_parser::{Event, Marker, Options, Parser, ScalarStyle, Span as SourceSpan, Tag};

use super::scalar::{self, Scalar};
use super::tree::{Document, Duplicate, Kind, Node, NodeId};
use super::{Chunk, ChunkKind, Error, aliases};

/// How many entries merge keys may bring in: goyaml never decodes more than some 400,000 nodes through aliases, and an
/// entry is two.
const MAX_MERGED: usize = 200_000;

/// How deep collections may nest, as in goyaml and in Go's JSON decoder.
const MAX_DEPTH: usize = 10_000;

impl<'a> Document<'a> {
    /// Parses a document; only the first of those that `...` may end, as kubectl drops what follows.
    ///
    /// # Errors
    ///
    /// Syntax, control characters, nesting past 10,000 levels, unknown, recursive or excessive aliases, keys that are
    /// no strings, numbers or booleans, infinite numbers: whatever kubectl refuses.
    pub fn parse(chunk: &Chunk<'a>) -> Result<Self, Error> {
        if let ChunkKind::Broken(error) = &chunk.kind {
            return Err(error.clone());
        }
        if chunk.text.len() >= u32::MAX as usize / 2 {
            let message = "a document must be smaller than 2 GiB".to_owned();
            return Err(Error { line: chunk.line, column: chunk.column, message });
        }
        let document = Document {
            index: chunk.index,
            nodes: Vec::with_capacity(chunk.text.len() / 16),
            edges: Vec::with_capacity(chunk.text.len() / 16),
            root: None,
            duplicates: Vec::new(),
            offset: chunk.offset,
            line: chunk.line,
            column: chunk.column,
        };
        let mut builder = Builder {
            document,
            text: chunk.text,
            open: Vec::new(),
            pending: Vec::new(),
            anchors: HashMap::new(),
            merged: 0,
        };
        builder.run()?;
        let mut document = builder.document;
        document.duplicates.sort_by_key(|duplicate| duplicate.by.0);
        Ok(document)
    }
}

struct Builder<'a> {
    document: Document<'a>,
    text: &'a str,
    /// Collections not ended yet, outermost first.
    open: Vec<Open>,
    /// Children of the open collections, in one stack.
    pending: Vec<NodeId>,
    /// Nodes by the parser's anchor numbers.
    anchors: HashMap<usize, NodeId>,
    /// How many entries merge keys have brought in.
    merged: usize,
}

struct Open {
    node: NodeId,
    /// Where its children start in `pending`.
    first: usize,
    is_mapping: bool,
}

fn options() -> Options {
    let mut options = granit_parser::options! {
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
        bom_inside_document_as_content: true,
    };
    // Comments are not read here, and the parser buffers only so many of them.
    options.set_emit_comments(false);
    options
}

impl<'a> Builder<'a> {
    fn run(&mut self) -> Result<(), Error> {
        if let Some(at) = forbidden_character(self.text) {
            return Err(self.error_at(at, "control characters are not allowed".to_owned()));
        }
        let mut has_aliases = false;
        for event in Parser::new_from_str_with_options(self.text, options()) {
            let (event, span) = event.map_err(|error| self.error(error.marker(), syntax_message(&error)))?;
            match event {
                Event::Scalar(text, style, anchor, tag) => self.scalar(text, style, anchor, tag.as_deref(), &span)?,
                Event::SequenceStart(_, anchor, _) => self.start(Kind::Sequence(0..0), anchor, &span),
                Event::MappingStart(_, anchor, _) => self.start(Kind::Mapping(0..0), anchor, &span),
                Event::SequenceEnd | Event::MappingEnd => self.end(&span)?,
                Event::Alias(anchor) => {
                    has_aliases = true;
                    self.alias(anchor, &span)?;
                }
                Event::DocumentEnd => break,
                _ => {}
            }
        }
        if has_aliases { aliases::check(&self.document) } else { Ok(()) }
    }

    fn push(&mut self, kind: Kind<'a>, span: &SourceSpan) -> NodeId {
        let start = small(span.start.byte_offset().unwrap_or_default());
        let end = small(span.end.byte_offset().unwrap_or_default());
        let (line, column) = (small(span.start.line().saturating_sub(1)), small(span.start.col()));
        self.push_node(Node { kind, start, end, line, column })
    }

    fn push_node(&mut self, node: Node<'a>) -> NodeId {
        let id = NodeId(small(self.document.nodes.len()));
        self.document.nodes.push(node);
        id
    }

    /// A finished node: a child of the innermost open collection, or the document itself.
    fn place(&mut self, id: NodeId) {
        if self.open.is_empty() {
            self.document.root.get_or_insert(id);
        } else {
            self.pending.push(id);
        }
    }

    fn remember(&mut self, anchor: usize, id: NodeId) {
        if anchor != 0 {
            self.anchors.insert(anchor, id);
        }
    }

    fn scalar(
        &mut self,
        text: Cow<'a, str>,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        span: &SourceSpan,
    ) -> Result<(), Error> {
        let is_plain = style == ScalarStyle::Plain;
        // The parser gives "~" for a value that is not there; its span is empty.
        let is_absent = is_plain && span.start.index() == span.end.index();
        let text = if is_absent { Cow::Borrowed("") } else { text };
        let kind = match tag {
            None if is_plain => plain_kind(text),
            None => Kind::String(text),
            Some(tag) => tagged_kind(text, tag).map_err(|message| self.error(&span.start, message))?,
        };
        let id = self.push(kind, span);
        self.remember(anchor, id);
        self.place(id);
        Ok(())
    }

    fn alias(&mut self, anchor: usize, span: &SourceSpan) -> Result<(), Error> {
        let Some(target) = self.anchors.get(&anchor).copied() else {
            return Err(self.error(&span.start, "unknown anchor".to_owned()));
        };
        let id = self.push(Kind::Alias(target), span);
        self.place(id);
        Ok(())
    }

    fn start(&mut self, kind: Kind<'a>, anchor: usize, span: &SourceSpan) {
        let is_mapping = matches!(kind, Kind::Mapping(_));
        let id = self.push(kind, span);
        self.remember(anchor, id);
        self.open.push(Open { node: id, first: self.pending.len(), is_mapping });
    }

    fn end(&mut self, span: &SourceSpan) -> Result<(), Error> {
        let Some(Open { node, first, is_mapping }) = self.open.pop() else { return Ok(()) };
        let last = self.pending[first..].last().map(|id| self.document.node(*id).end);
        if is_mapping {
            self.finish_mapping(first)?;
        }
        let from = small(self.document.edges.len());
        self.document.edges.extend(self.pending.drain(first..));
        let range = from..small(self.document.edges.len());
        let slot = &mut self.document.nodes[node.0 as usize];
        slot.kind = if is_mapping { Kind::Mapping(range) } else { Kind::Sequence(range) };
        // The end event of a block collection stands at the next token: the last child's end is the true one.
        let end = span.end.byte_offset().map_or(slot.start, small);
        slot.end =
            if span.start.index() == span.end.index() { last.unwrap_or(slot.start).max(slot.start) } else { end };
        self.place(node);
        Ok(())
    }

    /// Makes strings of the keys, applies merge keys and drops overwritten entries, in place in `pending[first..]`.
    fn finish_mapping(&mut self, first: usize) -> Result<(), Error> {
        let mut merges = false;
        for at in (first..self.pending.len()).step_by(2) {
            let key = self.pending[at];
            if self.is_merge_key(key) {
                merges = true;
            } else {
                self.make_string_key(key)?;
            }
        }
        if merges || self.has_duplicates(first) {
            let entries: Vec<NodeId> = self.pending.drain(first..).collect();
            let effective = self.effective_entries(&entries)?;
            self.pending.extend(effective);
        }
        Ok(())
    }

    fn is_merge_key(&self, key: NodeId) -> bool {
        let node = self.document.node(key);
        // A quoted "<<" is an ordinary key: only the plain one has the length of its text.
        matches!(&node.kind, Kind::String(text) if text == "<<") && node.end - node.start == 2
    }

    fn make_string_key(&mut self, key: NodeId) -> Result<(), Error> {
        let text = match &self.document.node(self.document.resolve(key)).kind {
            Kind::String(_) if self.document.resolve(key) == key => return Ok(()),
            Kind::String(text) => text.clone(),
            Kind::Bool(value) => value.to_string().into(),
            Kind::Int(value) => value.to_string().into(),
            Kind::Float(value) => scalar::float_key(*value).into(),
            Kind::Null => return Err(self.error_of(key, "a key must not be null")),
            Kind::Uint(_) => return Err(self.error_of(key, "a number as a key must fit into 64 bits")),
            Kind::Sequence(_) | Kind::Mapping(_) | Kind::Alias(_) => {
                return Err(self.error_of(key, "a key must be a string, a number or a boolean"));
            }
        };
        self.document.nodes[key.0 as usize].kind = Kind::String(text);
        Ok(())
    }

    fn key_text(&self, key: NodeId) -> &str {
        match &self.document.node(key).kind {
            Kind::String(text) => text,
            _ => "",
        }
    }

    fn has_duplicates(&self, first: usize) -> bool {
        /// Up to here comparing each with each is faster than hashing.
        const FEW: usize = 16;
        let keys = self.pending[first..].iter().step_by(2).map(|key| self.key_text(*key));
        if keys.len() <= FEW {
            let keys: Vec<&str> = keys.collect();
            return keys.iter().enumerate().any(|(at, key)| keys[..at].contains(key));
        }
        let mut seen = std::collections::HashSet::with_capacity(keys.len());
        let mut keys = keys;
        keys.any(|key| !seen.insert(key))
    }

    /// Entries as goyaml collects them: in order, a merge key's entries where it stands, the last one of a key wins.
    fn effective_entries(&mut self, entries: &[NodeId]) -> Result<Vec<NodeId>, Error> {
        let mut collected = Entries::default();
        let (pairs, _) = entries.as_chunks::<2>();
        for [key, value] in pairs {
            if self.is_merge_key(*key) {
                for source in self.merge_sources(*value)? {
                    self.merge(&mut collected, source, *value)?;
                }
                continue;
            }
            let text = self.key_text(*key).to_owned();
            if let Some((overwritten, false)) = collected.set(text, *key, *value, false) {
                self.document.duplicates.push(Duplicate { overwritten, by: *key });
            }
        }
        Ok(collected.list)
    }

    /// The mappings that a merge key's value names, in the order in which they are applied: of a list the last first,
    /// so that the earlier ones win.
    fn merge_sources(&self, value: NodeId) -> Result<Vec<NodeId>, Error> {
        let is_mapping = |id: NodeId| matches!(self.document.node(self.document.resolve(id)).kind, Kind::Mapping(_));
        let is_open = |id: NodeId| self.open.iter().any(|open| open.node == self.document.resolve(id));
        let wrong = || self.error_of(value, "a merge key needs a mapping or a list of mappings");
        let sources: Vec<NodeId> = match &self.document.node(value).kind {
            Kind::Sequence(range) => self.document.children(range).iter().rev().copied().collect(),
            _ => vec![value],
        };
        if sources.iter().any(|id| is_open(*id)) {
            return Err(self.error_of(value, "an anchor's value contains itself"));
        }
        if !sources.iter().all(|id| is_mapping(*id)) {
            return Err(wrong());
        }
        Ok(sources.into_iter().map(|id| self.document.resolve(id)).collect())
    }

    /// Brings in a mapping's entries, each value as an alias of the original: that is what it is, and so the alias
    /// check counts it.
    fn merge(&mut self, collected: &mut Entries, source: NodeId, at: NodeId) -> Result<(), Error> {
        let Kind::Mapping(range) = self.document.node(source).kind.clone() else { return Ok(()) };
        for edge in range.step_by(2) {
            let (key, original) = (self.document.edges[edge as usize], self.document.edges[edge as usize + 1]);
            let mut node = self.document.node(original).clone();
            node.kind = Kind::Alias(original);
            let value = self.push_node(node);
            collected.set(self.key_text(key).to_owned(), key, value, true);
            self.merged += 1;
        }
        if self.merged > MAX_MERGED { Err(self.error_of(at, "document contains excessive aliasing")) } else { Ok(()) }
    }

    fn error(&self, at: &Marker, message: String) -> Error {
        let line = at.line().max(1);
        let column = if line == 1 { self.document.column + at.col() } else { at.col() + 1 };
        Error { line: self.document.line + line - 1, column, message }
    }

    fn error_of(&self, id: NodeId, message: &str) -> Error {
        let span = self.document.span(id);
        Error { line: span.line, column: span.column, message: message.to_owned() }
    }

    fn error_at(&self, offset: usize, message: String) -> Error {
        let before = &self.text[..offset];
        let line = super::json::newlines(before);
        let column = super::json::column(self.text, offset);
        let column = if line == 0 { self.document.column + column - 1 } else { column };
        Error { line: self.document.line + line, column, message }
    }
}

/// Entries by key, in the order in which the keys first came.
#[derive(Default)]
struct Entries {
    list: Vec<NodeId>,
    /// Position in `list` of each key, and whether a merge put it there.
    at: HashMap<String, (usize, bool)>,
}

impl Entries {
    /// Sets a key; returns the key node that it overwrites and whether that came through a merge.
    fn set(&mut self, text: String, key: NodeId, value: NodeId, merged: bool) -> Option<(NodeId, bool)> {
        if let Some((at, was_merged)) = self.at.get_mut(&text) {
            let before = (self.list[*at], *was_merged);
            self.list[*at] = key;
            self.list[*at + 1] = value;
            *was_merged = merged;
            return Some(before);
        }
        self.at.insert(text, (self.list.len(), merged));
        self.list.extend([key, value]);
        None
    }
}

/// Offsets and counts inside one document; [`Document::parse`] refuses those that do not fit.
fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn plain_kind(text: Cow<'_, str>) -> Kind<'_> {
    match scalar::resolve(&text) {
        Scalar::Null => Kind::Null,
        Scalar::Bool(value) => Kind::Bool(value),
        Scalar::Int(value) => Kind::Int(value),
        Scalar::Uint(value) => Kind::Uint(value),
        Scalar::Float(value) => Kind::Float(value),
        Scalar::String => Kind::String(text),
    }
}

/// A scalar with a tag: a known one must fit, an unknown one makes it a string.
fn tagged_kind<'a>(text: Cow<'a, str>, tag: &Tag) -> Result<Kind<'a>, String> {
    let Some(name) = tag.core_suffix().map(str::to_owned) else { return Ok(Kind::String(text)) };
    let resolved = match name.as_str() {
        "str" => return Ok(Kind::String(text)),
        "binary" => return base64(&text).map(|decoded| Kind::String(decoded.into())),
        "null" | "bool" | "int" | "float" | "timestamp" => plain_kind(text.clone()),
        _ => return Ok(Kind::String(text)),
    };
    match (name.as_str(), resolved) {
        ("null", _) if text.is_empty() => Ok(Kind::Null),
        ("null", kind @ Kind::Null)
        | ("bool", kind @ Kind::Bool(_))
        | ("int", kind @ (Kind::Int(_) | Kind::Uint(_)))
        | ("float", kind @ Kind::Float(_))
        | ("timestamp", kind @ Kind::String(_)) => Ok(kind),
        #[expect(clippy::cast_precision_loss, reason = "goyaml converts alike")]
        ("float", Kind::Int(value)) => Ok(Kind::Float(value as f64)),
        (name, _) => Err(format!("cannot read {text:?} as !!{name}")),
    }
}

/// Standard base64 with padding; line breaks are skipped, as in Go's decoder.
fn base64(text: &str) -> Result<String, String> {
    let digits: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(digits)
        .map_err(|_| "!!binary value contains invalid base64 data".to_owned())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The first character that goyaml's reader refuses.
fn forbidden_character(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let suspicious = |b: u8| (b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r')) || b >= 0x7F;
    let mut from = 0;
    while let Some(found) = bytes[from..].iter().position(|b| suspicious(*b)) {
        let at = from + found;
        let c = text[at..].chars().next()?;
        if !matches!(c, '\u{85}' | '\u{A0}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..) {
            return Some(at);
        }
        from = at + c.len_utf8();
    }
    None
}

fn syntax_message(error: &granit_parser::ScanError) -> String {
    error.kind().to_string()
}
