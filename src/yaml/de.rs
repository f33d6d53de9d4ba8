//! Decodes a document into Rust types as strictly as the API server decodes JSON, and says where it does not fit.
//!
//! Go's rules: a boolean field takes booleans only, a string field strings only, an integer field numbers without a
//! fraction that fit; `null` leaves the field at its zero value, whatever its type.

use std::cell::RefCell;
use std::fmt;

use serde::de::{self, DeserializeSeed, IntoDeserializer, Visitor};

use super::tree::{Kind, Span};
use super::value::{Entry, Value, ValueRef};
use crate::model::FieldPath;

/// A value that does not have the type its field needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeError {
    /// Path from where decoding started.
    pub path: FieldPath,
    /// Where the value is; `None` only when the error came from outside any value.
    pub span: Option<Span>,
    /// As `expected a boolean, found the string "yes"`.
    pub message: String,
}

impl fmt::Display for TypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

impl std::error::Error for TypeError {}

/// A [`TypeError`] on its way out: small, as every value's result has room for one.
#[derive(Debug)]
struct Fault(Box<TypeError>);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(Box::new(TypeError { path: FieldPath::root(), span: None, message: message.to_string() }))
    }

    fn invalid_value(unexpected: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::custom(format_args!("expected {expected}, found {unexpected}"))
    }

    fn invalid_type(unexpected: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::invalid_value(unexpected, expected)
    }
}

/// A field that the type does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownField {
    /// Its path from where decoding started, its own name last.
    pub path: FieldPath,
    /// Where its key is.
    pub span: Span,
    /// The fields that the type has.
    pub known: &'static [&'static str],
}

/// Decodes `value`; fields that `T` does not have are passed over.
///
/// # Errors
///
/// The first value that does not have its field's type.
pub fn decode<'d, T: de::Deserialize<'d>>(value: ValueRef<'d>) -> Result<T, TypeError> {
    T::deserialize(Decoder { value, step: &Step::ROOT, strict: None }).map_err(|fault| *fault.0)
}

/// Decodes `value` and also tells which fields `T` does not have, in the order of the text.
///
/// # Errors
///
/// The first value that does not have its field's type.
pub fn decode_strictly<'d, T: de::Deserialize<'d>>(value: ValueRef<'d>) -> Result<(T, Vec<UnknownField>), TypeError> {
    let strict = Strict::default();
    let decoded = T::deserialize(Decoder { value, step: &Step::ROOT, strict: Some(&strict) });
    decoded.map(|decoded| (decoded, strict.unknown.into_inner())).map_err(|fault| *fault.0)
}

/// A list that was not looked into.
#[derive(Debug, Clone)]
pub struct SetAside<'d> {
    /// Its path from where decoding started.
    pub path: FieldPath,
    /// The field that it is the value of.
    pub field: &'static str,
    /// The list.
    pub list: ValueRef<'d>,
}

/// What does not fit into a type.
#[derive(Debug, Clone)]
pub struct Misfits<'d> {
    /// The first value that does not have its field's type; nothing behind it was looked at.
    pub error: Option<TypeError>,
    /// Fields that it does not have, in the order of the text.
    pub unknown: Vec<UnknownField>,
    /// Lists of large things, to be looked into item by item.
    pub set_aside: Vec<SetAside<'d>>,
}

/// Holds `value` against a type without keeping anything of it. Lists that are the values of the fields `large` are set
/// aside: a whole list of things that have very many fields takes a hundred times as much memory as its text.
pub fn misfits<'d, T: de::Deserialize<'d>>(value: ValueRef<'d>, large: &'static [&'static str]) -> Misfits<'d> {
    let strict = Strict { large, ..Strict::default() };
    let decoded = T::deserialize(Decoder { value, step: &Step::ROOT, strict: Some(&strict) }).map(drop);
    let (unknown, set_aside) = (strict.unknown.into_inner(), strict.set_aside.into_inner());
    Misfits { error: decoded.err().map(|fault| *fault.0), unknown, set_aside }
}

/// What is noted while decoding strictly.
#[derive(Default)]
struct Strict<'d> {
    /// Fields that the types do not have.
    unknown: RefCell<Vec<UnknownField>>,
    /// Fields whose lists are set aside.
    large: &'static [&'static str],
    set_aside: RefCell<Vec<SetAside<'d>>>,
}

/// How decoding got to a value. Each step lives on the stack and knows the one before it, so that a path costs nothing
/// before somebody asks for it.
#[derive(Clone, Copy)]
struct Step<'d, 'c> {
    before: Option<&'c Step<'d, 'c>>,
    by: By<'d>,
}

#[derive(Clone, Copy)]
enum By<'d> {
    /// Where decoding started.
    Root,
    /// A field, and the fields that there are.
    Field(Entry<'d>, &'static [&'static str]),
    Key(Entry<'d>),
    Index(usize),
}

impl Step<'_, '_> {
    const ROOT: Self = Self { before: None, by: By::Root };

    fn path(&self) -> FieldPath {
        let mut steps = Vec::new();
        let mut step = Some(self);
        while let Some(Step { before, by }) = step {
            steps.push(*by);
            step = *before;
        }
        steps.iter().rev().fold(FieldPath::root(), |path, by| match by {
            By::Root => path,
            By::Field(entry, _) => path.name(entry.key),
            By::Key(entry) => path.key(entry.key),
            By::Index(index) => path.index(*index),
        })
    }
}

/// Decodes one value.
#[derive(Clone, Copy)]
struct Decoder<'d, 'c> {
    value: ValueRef<'d>,
    step: &'c Step<'d, 'c>,
    strict: Option<&'c Strict<'d>>,
}

impl<'d> Decoder<'d, '_> {
    #[cold]
    fn mismatch(&self, expected: &str) -> Fault {
        let mut message = format!("expected {expected}, found {}", describe(self.value));
        if expected == STRING {
            message.push_str(&quoting(self.value));
        }
        Fault(Box::new(TypeError { path: self.step.path(), span: Some(self.value.span()), message }))
    }

    /// Decodes a value one step further down, and gives its error a place if it has none yet.
    #[inline]
    fn further<T: DeserializeSeed<'d>>(&self, by: By<'d>, value: ValueRef<'d>, seed: T) -> Result<T::Value, Fault> {
        let step = Step { before: Some(self.step), by };
        seed.deserialize(Decoder { value, step: &step, strict: self.strict }).map_err(|mut fault| {
            if fault.0.span.is_none() {
                fault.0.path = step.path();
                fault.0.span = Some(value.span());
            }
            fault
        })
    }

    /// Notes a value that nobody wants, if it is that of a field which the type does not have.
    fn note_unwanted(&self) {
        let (By::Field(entry, known), Some(strict)) = (self.step.by, self.strict) else { return };
        if !known.contains(&entry.key) {
            let field = UnknownField { path: self.step.path(), span: entry.key_ref.span(), known };
            strict.unknown.borrow_mut().push(field);
        }
    }

    /// Notes a list that is to be looked into later; whether it is such a one.
    fn is_set_aside(&self) -> bool {
        let (By::Field(entry, known), Some(strict)) = (self.step.by, self.strict) else { return false };
        let is_field = |large: &&&str| **large == entry.key && known.contains(*large);
        let Some(field) = strict.large.iter().find(is_field) else { return false };
        strict.set_aside.borrow_mut().push(SetAside { path: self.step.path(), field, list: self.value });
        true
    }
}

/// What string fields expect.
const STRING: &str = "a string";

/// How a scalar that is no string is made one, and why it is none where that is not seen at once: `y` is a boolean in
/// YAML 1.1, and `0o17` is not written as the number that it is.
fn quoting(value: ValueRef<'_>) -> String {
    let shown = match value.get() {
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Uint(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        _ => return String::new(),
    };
    match value.plain_text() {
        Some(text) if text == shown => format!("; in quotes it is one: {text:?}"),
        Some(text) if text.len() <= 40 => {
            format!(": YAML 1.1, which kubectl reads, takes {text} for that; in quotes it is a string: {text:?}")
        }
        _ => "; in quotes it is one".to_owned(),
    }
}

/// A value in the words of an error message.
fn describe(value: ValueRef<'_>) -> String {
    match value.get() {
        Value::Null => "nothing".to_owned(),
        Value::Bool(value) => format!("the boolean {value}"),
        Value::Int(value) => format!("the number {value}"),
        Value::Uint(value) => format!("the number {value}"),
        Value::Float(value) => format!("the number {value}"),
        Value::String(text) if text.chars().count() > 40 => {
            format!("the string {:?}…", text.chars().take(40).collect::<String>())
        }
        Value::String(text) => format!("the string {text:?}"),
        Value::Sequence => "a list".to_owned(),
        Value::Mapping => "an object".to_owned(),
    }
}

/// The integer that a number is, if Go would decode it into an integer field.
fn as_integer(value: Value<'_>) -> Option<i128> {
    match value {
        Value::Null => Some(0),
        Value::Int(value) => Some(value.into()),
        Value::Uint(value) => Some(value.into()),
        // Go writes floats without an exponent below 1e21, so a whole one then reads as an integer.
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 1e21")]
        Value::Float(value) if value.fract() == 0.0 && value.abs() < 1e21 => Some(value as i128),
        _ => None,
    }
}

macro_rules! integers {
    ($($method:ident $type:ty => $visit:ident;)*) => {
        $(fn $method<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, Fault> {
            let number = as_integer(self.value.get()).ok_or_else(|| self.mismatch("an integer"))?;
            let fitting = <$type>::try_from(number);
            visitor.$visit(fitting.map_err(|_| {
                self.mismatch(concat!("an integer that fits into ", stringify!($type)))
            })?)
        })*
    };
}

impl<'d> de::Deserializer<'d> for Decoder<'d, '_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value.get() {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Int(value) => visitor.visit_i64(value),
            Value::Uint(value) => visitor.visit_u64(value),
            Value::Float(value) => visitor.visit_f64(value),
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Sequence => self.deserialize_seq(visitor),
            Value::Mapping => self.deserialize_map(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value.get() {
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Null => visitor.visit_bool(false),
            _ => Err(self.mismatch("a boolean")),
        }
    }

    integers! {
        deserialize_i8 i8 => visit_i8;
        deserialize_i16 i16 => visit_i16;
        deserialize_i32 i32 => visit_i32;
        deserialize_i64 i64 => visit_i64;
        deserialize_u8 u8 => visit_u8;
        deserialize_u16 u16 => visit_u16;
        deserialize_u32 u32 => visit_u32;
        deserialize_u64 u64 => visit_u64;
    }

    fn deserialize_f32<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value.get() {
            Value::Float(value) => visitor.visit_f64(value),
            Value::Int(value) => visitor.visit_i64(value),
            Value::Uint(value) => visitor.visit_u64(value),
            Value::Null => visitor.visit_f64(0.0),
            _ => Err(self.mismatch("a number")),
        }
    }

    fn deserialize_str<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value.get() {
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Null => visitor.visit_borrowed_str(""),
            _ => Err(self.mismatch(STRING)),
        }
    }

    fn deserialize_string<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    #[inline]
    fn deserialize_option<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.value.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_seq<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value.kind() {
            Kind::Sequence(_) if self.is_set_aside() => {
                visitor.visit_seq(de::value::SeqDeserializer::new(std::iter::empty::<()>()))
            }
            Kind::Sequence(_) | Kind::Null => {
                visitor.visit_seq(Items { decoder: self, items: self.value.items().enumerate() })
            }
            _ => Err(self.mismatch("a list")),
        }
    }

    fn deserialize_map<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.visit_fields(visitor, None)
    }

    fn deserialize_struct<V: Visitor<'d>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.visit_fields(visitor, Some(fields))
    }

    fn deserialize_newtype_struct<V: Visitor<'d>>(self, name: &'static str, visitor: V) -> Result<V::Value, Fault> {
        // Go reads quantities from numbers too: `cpu: 1`.
        if name == "Quantity" && matches!(self.value.get(), Value::Int(_) | Value::Uint(_) | Value::Float(_)) {
            return visitor.visit_newtype_struct("0".into_deserializer());
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.note_unwanted();
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        <V: Visitor<'d>>
        i128 u128 char bytes byte_buf unit unit_struct tuple tuple_struct enum identifier
    }
}

impl<'d> Decoder<'d, '_> {
    fn visit_fields<V: Visitor<'d>>(
        self,
        visitor: V,
        known: Option<&'static [&'static str]>,
    ) -> Result<V::Value, Fault> {
        match self.value.kind() {
            Kind::Mapping(_) | Kind::Null => {
                visitor.visit_map(Fields { decoder: self, entries: self.value.entries(), current: None, known })
            }
            _ => Err(self.mismatch("an object")),
        }
    }
}

struct Items<'d, 'c, I> {
    decoder: Decoder<'d, 'c>,
    items: I,
}

impl<'d, I> de::SeqAccess<'d> for Items<'d, '_, I>
where
    I: ExactSizeIterator<Item = (usize, ValueRef<'d>)>,
{
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'d>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let Some((index, value)) = self.items.next() else { return Ok(None) };
        self.decoder.further(By::Index(index), value, seed).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

struct Fields<'d, 'c, I> {
    decoder: Decoder<'d, 'c>,
    entries: I,
    current: Option<Entry<'d>>,
    /// The type's fields; `None` for free maps.
    known: Option<&'static [&'static str]>,
}

impl<'d, I: Iterator<Item = Entry<'d>>> de::MapAccess<'d> for Fields<'d, '_, I> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'d>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        self.current = self.entries.next();
        let Some(entry) = self.current else { return Ok(None) };
        seed.deserialize(de::value::BorrowedStrDeserializer::new(entry.key)).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'d>>(&mut self, seed: T) -> Result<T::Value, Fault> {
        let entry = self.current.take().ok_or_else(|| de::Error::custom("a value was asked for before its key"))?;
        let by = self.known.map_or(By::Key(entry), |known| By::Field(entry, known));
        self.decoder.further(by, entry.value, seed)
    }
}
