//! The values of a document, for those who read it.

use serde::{Serialize, Serializer};

use super::tree::{Document, Kind, NodeId, Span, Style};
use crate::model::{FieldPath, Segment};

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

impl<'d> Entry<'d> {
    #[inline]
    fn new(document: &'d Document<'d>, [key, value]: [NodeId; 2]) -> Self {
        let key_ref = ValueRef { document, id: key };
        Self { key: key_ref.as_str().unwrap_or_default(), key_ref, value: ValueRef { document, id: value } }
    }
}

impl<'d> ValueRef<'d> {
    #[inline]
    pub(super) fn new(document: &'d Document<'d>, id: NodeId) -> Self {
        Self { document, id }
    }

    /// What it holds.
    #[must_use]
    #[inline]
    pub fn get(self) -> Value<'d> {
        let node = self.document.node(self.document.resolve(self.id));
        match node.kind {
            Kind::Null | Kind::Alias(_) => Value::Null,
            Kind::Bool(value) => Value::Bool(value),
            Kind::Int(bits) => Value::Int(u64::from(bits).cast_signed()),
            Kind::Uint(bits) => Value::Uint(bits.into()),
            Kind::Float(bits) => Value::Float(f64::from_bits(bits.into())),
            Kind::Text | Kind::Inner | Kind::Made(_) => Value::String(self.document.string(node).unwrap_or_default()),
            Kind::Sequence(_) => Value::Sequence,
            Kind::Mapping(_) => Value::Mapping,
        }
    }

    /// What it holds, aliases followed.
    #[inline]
    pub(super) fn kind(self) -> Kind {
        self.document.node(self.document.resolve(self.id)).kind
    }

    /// How it is written where it stands; aliases are not followed.
    #[must_use]
    pub fn style(self) -> Style {
        self.document.node(self.id).style
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
    #[inline]
    pub fn is_null(self) -> bool {
        matches!(self.kind(), Kind::Null)
    }

    /// The string it is, if it is one.
    #[must_use]
    #[inline]
    pub fn as_str(self) -> Option<&'d str> {
        match self.get() {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// Items of a list; nothing for any other value.
    #[inline]
    pub fn items(self) -> impl ExactSizeIterator<Item = ValueRef<'d>> + use<'d> {
        let document = self.document;
        let ids = match self.kind() {
            Kind::Sequence(range) => document.children(range),
            _ => &[],
        };
        ids.iter().map(move |id| ValueRef { document, id: *id })
    }

    /// The item of a list at a position. In one step, which `items().nth()` is not.
    #[must_use]
    pub fn item(self, index: usize) -> Option<ValueRef<'d>> {
        let Kind::Sequence(range) = self.kind() else { return None };
        self.document.children(range).get(index).map(|id| ValueRef { document: self.document, id: *id })
    }

    /// Entries of an object, in the order of the text; nothing for any other value.
    #[inline]
    pub fn entries(self) -> impl ExactSizeIterator<Item = Entry<'d>> + use<'d> {
        let document = self.document;
        self.pairs().iter().map(move |pair| Entry::new(document, *pair))
    }

    /// Keys and values of an object.
    #[inline]
    fn pairs(self) -> &'d [[NodeId; 2]] {
        let ids = match self.kind() {
            Kind::Mapping(range) => self.document.children(range),
            _ => &[],
        };
        ids.as_chunks::<2>().0
    }

    /// The entry of an object with this key.
    #[must_use]
    pub fn entry(self, key: &str) -> Option<Entry<'d>> {
        let pairs = self.pairs();
        if pairs.len() <= WIDE {
            return self.entries().find(|entry| entry.key == key);
        }
        let at = self.document.position(self.id, key)?;
        pairs.get(at).map(|pair| Entry::new(self.document, *pair))
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
                Segment::Index(index) => located.value.item(*index).map(|item| (item, None)),
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
        let json = serde_json::to_value(self);
        debug_assert!(json.is_ok(), "keys are strings and numbers are finite");
        json.unwrap_or_default()
    }
}

/// As JSON. Recursive: only for documents whose depth is bounded elsewhere.
impl Serialize for ValueRef<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.get() {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(value),
            Value::Int(value) => serializer.serialize_i64(value),
            Value::Uint(value) => serializer.serialize_u64(value),
            Value::Float(value) if self.document.is_json => serializer.serialize_f64(value),
            Value::Float(value) => number(value).serialize(serializer),
            Value::String(text) => serializer.serialize_str(text),
            Value::Sequence => serializer.collect_seq(self.items()),
            Value::Mapping => serializer.collect_map(self.entries().map(|entry| (entry.key, entry.value))),
        }
    }
}

/// A float as it comes out of the way through Go's JSON: written without an exponent below 1e21, a whole one reads as
/// an integer. The digits are the fewest that give the float, zeros behind them.
fn number(value: f64) -> serde_json::Value {
    let is_negative_zero = value == 0.0 && value.is_sign_negative();
    if value.fract() == 0.0 && value.abs() < 1e21 && !is_negative_zero {
        let digits = value.to_string();
        if let Ok(integer) = digits.parse::<i64>() {
            return integer.into();
        }
        if let Ok(integer) = digits.parse::<u64>() {
            return integer.into();
        }
    }
    value.into()
}

/// Up to here, looking through the entries of a mapping is faster than looking one up.
const WIDE: usize = 64;

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
