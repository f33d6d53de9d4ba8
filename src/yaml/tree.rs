//! A parsed document: nodes in an arena, each with its place in the text.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

use super::builder::MAX_VALUES;
use super::keys::Keys;
use super::lines::Lines;
use super::written::Places;
use super::{Chunk, ChunkKind, Error, ValueRef, json, parser};

/// A node of a [`Document`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NodeId(pub(super) u32);

/// Where a node is. Offsets count bytes from the start of the file's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// First byte behind it.
    pub end: usize,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Not at all: there is nothing where a value could stand.
    Absent,
    /// A scalar without quotes.
    Plain,
    /// `'…'`
    SingleQuoted,
    /// `"…"`
    DoubleQuoted,
    /// `|` and lines below.
    Literal,
    /// `>` and lines below.
    Folded,
    /// A collection by indentation.
    Block,
    /// A collection in brackets.
    Flow,
    /// A mapping of one entry inside a list in brackets, with no brackets of its own: `[a: b]`.
    Pair,
    /// `*name`, for a value that stands elsewhere.
    Alias,
    /// An entry that a merge key (`<<`) brought in; it stands elsewhere.
    Merged,
}

/// What a node holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    Int(Bits),
    Uint(Bits),
    Float(Bits),
    /// A string: the node's text as it stands.
    Text,
    /// A string: the node's text without its quotes.
    Inner,
    /// A string in `strings`.
    Made(u32),
    /// Items in `edges`.
    Sequence(Range),
    /// Keys and values in turn in `edges`: what counts, merge keys applied and overwritten entries left out.
    Mapping(Range),
    /// The node that the alias stands for.
    Alias(NodeId),
}

/// A number of 64 bits that needs no more alignment than the rest of a node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bits([u8; 8]);

impl From<u64> for Bits {
    fn from(bits: u64) -> Self {
        Self(bits.to_ne_bytes())
    }
}

impl From<Bits> for u64 {
    fn from(bits: Bits) -> Self {
        Self::from_ne_bytes(bits.0)
    }
}

/// A range of `edges`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Range {
    pub(super) first: u32,
    pub(super) end: u32,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) style: Style,
    /// Whether it is a merge key where it is a key.
    pub(super) may_merge: bool,
    /// Offsets from the start of the document's text.
    pub(super) start: u32,
    pub(super) end: u32,
}

/// A key that a mapping has more than once; the last one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duplicate {
    /// The key that counts for nothing.
    pub overwritten: NodeId,
    /// The key that counts.
    pub by: NodeId,
}

/// One document of a file.
#[derive(Debug, Clone)]
pub struct Document<'a> {
    /// Position in the file, counted from 0, empty documents included.
    pub index: usize,
    pub(super) is_json: bool,
    pub(super) text: &'a str,
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<NodeId>,
    /// Strings that do not stand in the text as they are.
    pub(super) strings: Vec<Cow<'a, str>>,
    pub(super) root: Option<NodeId>,
    pub(super) duplicates: Vec<Duplicate>,
    /// All entries, of the mappings that do not count as they stand.
    pub(super) written: HashMap<NodeId, Range>,
    /// Anchors and tags, in the order of the nodes.
    pub(super) properties: Vec<(NodeId, Places)>,
    /// Where the document's text starts in the file.
    pub(super) offset: usize,
    line: usize,
    column: usize,
    lines: OnceLock<Lines>,
    keys: Keys,
}

impl<'a> Document<'a> {
    /// Parses a document; only the first of those that `...` may end, as kubectl drops what follows.
    ///
    /// # Errors
    ///
    /// Syntax, control characters, nesting past 10,000 levels, unknown, recursive or excessive aliases, keys that are
    /// no strings, numbers or booleans, infinite numbers: whatever kubectl refuses.
    pub fn parse(chunk: &Chunk<'a>) -> Result<Self, Error> {
        let read = match &chunk.kind {
            ChunkKind::Broken(error) => return Err(Error::clone(error)),
            ChunkKind::Json => json::read,
            ChunkKind::Yaml => parser::read,
        };
        if chunk.text.len() >= u32::MAX as usize / 2 {
            let message = "a document must be smaller than 2 GiB".to_owned();
            return Err(Error { line: chunk.line, column: chunk.column, message });
        }
        read(Self::empty(chunk)).map_err(|problem| problem.in_file(chunk))
    }

    fn empty(chunk: &Chunk<'a>) -> Self {
        /// How many bytes of text a node takes in manifests, a little below the average.
        const NODE: usize = 10;
        /// A long text may be all nodes. Room for as many as an object may have is taken at once then: what is not used of
        /// it costs nothing, and to move them later would take it twice.
        const LONG: usize = 1 << 20;
        let most = if chunk.text.len() < LONG { 0 } else { MAX_VALUES.min(chunk.text.len() / 2) };
        let expected = (chunk.text.len() / NODE).max(most) + 1;
        Self {
            index: chunk.index,
            is_json: chunk.kind == ChunkKind::Json,
            text: chunk.text,
            nodes: Vec::with_capacity(expected),
            edges: Vec::with_capacity(chunk.text.len() / NODE + 1),
            strings: Vec::new(),
            root: None,
            duplicates: Vec::new(),
            written: HashMap::new(),
            properties: Vec::new(),
            offset: chunk.offset,
            line: chunk.line,
            column: chunk.column,
            lines: OnceLock::new(),
            keys: Keys::default(),
        }
    }

    /// The document's value; `None` when it is empty.
    #[must_use]
    pub fn root(&self) -> Option<ValueRef<'_>> {
        self.root.map(|id| self.value(id))
    }

    /// Keys that a mapping has twice, in the order of the text.
    #[must_use]
    pub fn duplicates(&self) -> &[Duplicate] {
        &self.duplicates
    }

    /// The value of a node.
    #[must_use]
    pub fn value(&self, id: NodeId) -> ValueRef<'_> {
        ValueRef::new(self, id)
    }

    #[inline]
    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// Follows aliases, which may stand for one another, to a node that holds a value.
    #[inline]
    pub(super) fn resolve(&self, mut id: NodeId) -> NodeId {
        while let Kind::Alias(target) = self.node(id).kind {
            id = target;
        }
        id
    }

    #[inline]
    pub(super) fn children(&self, range: Range) -> &[NodeId] {
        &self.edges[range.first as usize..range.end as usize]
    }

    /// The string that a node is, aliases not followed.
    #[inline]
    pub(super) fn string(&self, node: &Node) -> Option<&str> {
        let (start, end) = (node.start as usize, node.end as usize);
        match node.kind {
            Kind::Text => self.text.get(start..end),
            Kind::Inner => self.text.get(start + 1..end - 1),
            Kind::Made(at) => self.strings.get(at as usize).map(AsRef::as_ref),
            _ => None,
        }
    }

    /// The position of the entry with this key among those of a mapping.
    pub(super) fn position(&self, mapping: NodeId, key: &str) -> Option<usize> {
        let id = self.resolve(mapping);
        let Kind::Mapping(range) = self.node(id).kind else { return None };
        let (entries, _) = self.children(range).as_chunks::<2>();
        let key_at = |at: usize| entries.get(at).and_then(|[key, _]| self.value(*key).as_str());
        self.keys.position(id, entries.len(), key_at, key)
    }

    pub(super) fn span(&self, id: NodeId) -> Span {
        let node = self.node(id);
        let lines = self.lines.get_or_init(|| Lines::of(self.text));
        let (line, column) = lines.place(self.text, node.start);
        Span {
            start: self.offset + node.start as usize,
            end: self.offset + node.end as usize,
            line: self.line + line,
            column: if line == 0 { self.column + column } else { column + 1 },
        }
    }
}
