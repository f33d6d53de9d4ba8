//! A parsed document: nodes in an arena, each with its place in the text.

use std::borrow::Cow;
use std::ops::Range;

use crate::model::{FieldPath, Segment};

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

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    String(Cow<'a, str>),
    /// Items in `edges`.
    Sequence(Range<u32>),
    /// Keys and values in turn in `edges`: what counts, merge keys applied and overwritten entries left out.
    Mapping(Range<u32>),
    /// The node that the alias stands for.
    Alias(NodeId),
}

#[derive(Debug, Clone)]
pub(super) struct Node<'a> {
    pub(super) kind: Kind<'a>,
    /// Offsets from the start of the document's text.
    pub(super) start: u32,
    pub(super) end: u32,
    /// Counted from 0, from the start of the document's text.
    pub(super) line: u32,
    pub(super) column: u32,
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
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) edges: Vec<NodeId>,
    pub(super) root: Option<NodeId>,
    pub(super) duplicates: Vec<Duplicate>,
    /// Where the document's text starts in the file.
    pub(super) offset: usize,
    pub(super) line: usize,
    pub(super) column: usize,
}

/// A value in a document; aliases are followed.
#[derive(Debug, Clone, Copy)]
pub struct ValueRef<'d> {
    pub(super) document: &'d Document<'d>,
    /// The node as it stands in the text, which may be an alias.
    pub(super) id: NodeId,
}

/// What a [`ValueRef`] holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'d> {
    /// `null`, or nothing at all.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// An integer past `i64`.
    Uint(u64),
    /// A float.
    Float(f64),
    /// A string.
    String(&'d str),
    /// A list.
    Sequence,
    /// An object.
    Mapping,
}

/// One entry of a mapping.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'d> {
    /// The key as kubectl makes a string of it.
    pub key: &'d str,
    /// Where the key is.
    pub key_ref: ValueRef<'d>,
    /// The value.
    pub value: ValueRef<'d>,
}

impl<'d> Document<'d> {
    /// The document's value; `None` when it is empty.
    #[must_use]
    pub fn root(&'d self) -> Option<ValueRef<'d>> {
        self.root.map(|id| ValueRef { document: self, id })
    }

    /// Keys that a mapping has twice, in the order of the text.
    #[must_use]
    pub fn duplicates(&self) -> &[Duplicate] {
        &self.duplicates
    }

    /// The value of a node.
    #[must_use]
    pub fn value(&'d self, id: NodeId) -> ValueRef<'d> {
        ValueRef { document: self, id }
    }
}

impl<'a> Document<'a> {
    pub(super) fn node(&self, id: NodeId) -> &Node<'a> {
        &self.nodes[id.0 as usize]
    }

    /// Follows aliases, which may stand for one another, to a node that holds a value.
    pub(super) fn resolve(&self, mut id: NodeId) -> NodeId {
        while let Kind::Alias(target) = self.node(id).kind {
            id = target;
        }
        id
    }

    pub(super) fn children(&self, range: &Range<u32>) -> &[NodeId] {
        &self.edges[range.start as usize..range.end as usize]
    }

    pub(super) fn span(&self, id: NodeId) -> Span {
        let node = self.node(id);
        let (line, column) = (node.line as usize, node.column as usize);
        Span {
            start: self.offset + node.start as usize,
            end: self.offset + node.end as usize,
            line: self.line + line,
            column: if line == 0 { self.column + column } else { column + 1 },
        }
    }
}

impl<'d> ValueRef<'d> {
    /// What it holds.
    #[must_use]
    pub fn get(self) -> Value<'d> {
        match &self.document.node(self.document.resolve(self.id)).kind {
            Kind::Null | Kind::Alias(_) => Value::Null,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Int(value) => Value::Int(*value),
            Kind::Uint(value) => Value::Uint(*value),
            Kind::Float(value) => Value::Float(*value),
            Kind::String(text) => Value::String(text),
            Kind::Sequence(_) => Value::Sequence,
            Kind::Mapping(_) => Value::Mapping,
        }
    }

    /// The node as it stands in the text.
    #[must_use]
    pub fn id(self) -> NodeId {
        self.id
    }

    /// Where it stands in the text: an alias' own place, not that of what it stands for.
    #[must_use]
    pub fn span(self) -> Span {
        self.document.span(self.id)
    }

    /// Whether it is `null` or nothing.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.get() == Value::Null
    }

    /// The string it is, if it is one.
    #[must_use]
    pub fn as_str(self) -> Option<&'d str> {
        match self.get() {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// Items of a list; nothing for any other value.
    pub fn items(self) -> impl ExactSizeIterator<Item = ValueRef<'d>> + use<'d> {
        let document = self.document;
        let ids = match &document.node(document.resolve(self.id)).kind {
            Kind::Sequence(range) => document.children(range),
            _ => &[],
        };
        ids.iter().map(move |id| ValueRef { document, id: *id })
    }

    /// Entries of an object, in the order of the text; nothing for any other value.
    pub fn entries(self) -> impl ExactSizeIterator<Item = Entry<'d>> + use<'d> {
        let document = self.document;
        let ids = match &document.node(document.resolve(self.id)).kind {
            Kind::Mapping(range) => document.children(range),
            _ => &[],
        };
        let (pairs, _) = ids.as_chunks::<2>();
        pairs.iter().map(move |[key, value]| {
            let key_ref = ValueRef { document, id: *key };
            Entry { key: key_ref.as_str().unwrap_or_default(), key_ref, value: ValueRef { document, id: *value } }
        })
    }

    /// The entry of an object with this key.
    #[must_use]
    pub fn entry(self, key: &str) -> Option<Entry<'d>> {
        self.entries().find(|entry| entry.key == key)
    }

    /// The value of an object's key, `None` also where that is null.
    #[must_use]
    pub fn field(self, key: &str) -> Option<ValueRef<'d>> {
        self.entry(key).map(|entry| entry.value).filter(|value| !value.is_null())
    }

    /// Walks a path as far as it exists.
    #[must_use]
    pub fn locate(self, path: &FieldPath) -> Located<'d> {
        let mut located = Located { value: self, key: None, steps: 0 };
        for segment in path.segments() {
            let next = match segment {
                Segment::Index(index) => located.value.items().nth(*index).map(|item| (item, None)),
                _ => segment
                    .as_key()
                    .and_then(|key| located.value.entry(key))
                    .map(|entry| (entry.value, Some(entry.key_ref))),
            };
            let Some((value, key)) = next else { break };
            located = Located { value, key, steps: located.steps + 1 };
        }
        located
    }

    /// The value as JSON. Recursive: only for documents whose depth is bounded elsewhere.
    #[must_use]
    pub fn to_json(self) -> serde_json::Value {
        match self.get() {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => value.into(),
            Value::Int(value) => value.into(),
            Value::Uint(value) => value.into(),
            Value::Float(value) => value.into(),
            Value::String(text) => text.into(),
            Value::Sequence => self.items().map(ValueRef::to_json).collect(),
            Value::Mapping => self
                .entries()
                .map(|entry| (entry.key.to_owned(), entry.value.to_json()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }
}

/// How far a path leads into a document.
#[derive(Debug, Clone, Copy)]
pub struct Located<'d> {
    /// The deepest value on the path.
    pub value: ValueRef<'d>,
    /// Its key, where it is the value of one.
    pub key: Option<ValueRef<'d>>,
    /// How many steps of the path exist.
    pub steps: usize,
}
