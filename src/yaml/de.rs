//! Decodes a document into Rust types as strictly as the API server decodes JSON, and says where it does not fit.
//!
//! Go's rules: a boolean field takes booleans only, a string field strings only, an integer field numbers without a
//! fraction that fit; `null` leaves the field at its zero value, whatever its type.

use std::cell::RefCell;
use std::fmt;

use serde::de::{self, DeserializeSeed, IntoDeserializer, Visitor};

use super::tree::{Span, Value, ValueRef};
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

impl de::Error for TypeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { path: FieldPath::root(), span: None, message: message.to_string() }
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
    let context = Context::default();
    T::deserialize(Decoder { value, context: &context })
}

/// Decodes `value` and also tells which fields `T` does not have, in the order of the text.
///
/// # Errors
///
/// The first value that does not have its field's type.
pub fn decode_strictly<'d, T: de::Deserialize<'d>>(value: ValueRef<'d>) -> Result<(T, Vec<UnknownField>), TypeError> {
    let context = Context { unknown: Some(RefCell::default()), ..Context::default() };
    let decoded = T::deserialize(Decoder { value, context: &context })?;
    Ok((decoded, context.unknown.map(RefCell::into_inner).unwrap_or_default()))
}

/// Where decoding is.
#[derive(Default)]
struct Context<'d> {
    path: RefCell<Vec<Step<'d>>>,
    unknown: Option<RefCell<Vec<UnknownField>>>,
}

#[derive(Clone, Copy)]
enum Step<'d> {
    Field(&'d str),
    Key(&'d str),
    Index(usize),
}

impl<'d> Context<'d> {
    fn path(&self) -> FieldPath {
        self.path.borrow().iter().fold(FieldPath::root(), |path, step| match step {
            Step::Field(name) => path.name(*name),
            Step::Key(key) => path.key(*key),
            Step::Index(index) => path.index(*index),
        })
    }

    /// Runs `decode` one step further down, and gives its error a place if it has none yet.
    fn within<T>(
        &self,
        step: Step<'d>,
        value: ValueRef<'d>,
        decode: impl FnOnce() -> Result<T, TypeError>,
    ) -> Result<T, TypeError> {
        self.path.borrow_mut().push(step);
        let result = decode().map_err(|error| match error.span {
            Some(_) => error,
            None => TypeError { path: self.path(), span: Some(value.span()), message: error.message },
        });
        self.path.borrow_mut().pop();
        result
    }
}

#[derive(Clone, Copy)]
struct Decoder<'d, 'c> {
    value: ValueRef<'d>,
    context: &'c Context<'d>,
}

impl Decoder<'_, '_> {
    fn mismatch(&self, expected: &str) -> TypeError {
        let message = format!("expected {expected}, found {}", describe(self.value));
        TypeError { path: self.context.path(), span: Some(self.value.span()), message }
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
        $(fn $method<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, TypeError> {
            let number = as_integer(self.value.get()).ok_or_else(|| self.mismatch("an integer"))?;
            let fitting = <$type>::try_from(number);
            visitor.$visit(fitting.map_err(|_| {
                self.mismatch(concat!("an integer that fits into ", stringify!($type)))
            })?)
        })*
    };
}

impl<'d> de::Deserializer<'d> for Decoder<'d, '_> {
    type Error = TypeError;

    fn deserialize_any<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, TypeError> {
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

    fn deserialize_bool<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, TypeError> {
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

    fn deserialize_f32<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, TypeError> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, TypeError> {
        match self.value.get() {
            Value::Float(value) => visitor.visit_f64(value),
            Value::Int(value) => visitor.visit_i64(value),
            Value::Uint(value) => visitor.visit_u64(value),
            Value::Null => visitor.visit_f64(0.0),
            _ => Err(self.mismatch("a number")),
        }
    }

    fn deserialize_str<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, TypeError> {
        match self.value.get() {
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Null => visitor.visit_borrowed_str(""),
            _ => Err(self.mismatch("a string")),
        }
    }

    fn deserialize_string<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, TypeError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, TypeError> {
        if self.value.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_seq<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, TypeError> {
        match self.value.get() {
            Value::Sequence | Value::Null => visitor.visit_seq(Items { decoder: self, next: 0 }),
            _ => Err(self.mismatch("a list")),
        }
    }

    fn deserialize_map<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, TypeError> {
        self.visit_fields(visitor, None)
    }

    fn deserialize_struct<V: Visitor<'d>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TypeError> {
        self.visit_fields(visitor, Some(fields))
    }

    fn deserialize_newtype_struct<V: Visitor<'d>>(self, name: &'static str, visitor: V) -> Result<V::Value, TypeError> {
        // Go reads quantities from numbers too: `cpu: 1`.
        if name == "Quantity" && matches!(self.value.get(), Value::Int(_) | Value::Uint(_) | Value::Float(_)) {
            return visitor.visit_newtype_struct("0".into_deserializer());
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, TypeError> {
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
    ) -> Result<V::Value, TypeError> {
        match self.value.get() {
            Value::Mapping | Value::Null => {
                visitor.visit_map(Fields { context: self.context, entries: self.value.entries(), current: None, known })
            }
            _ => Err(self.mismatch("an object")),
        }
    }
}

struct Items<'d, 'c> {
    decoder: Decoder<'d, 'c>,
    next: usize,
}

impl<'d> de::SeqAccess<'d> for Items<'d, '_> {
    type Error = TypeError;

    fn next_element_seed<T: DeserializeSeed<'d>>(&mut self, seed: T) -> Result<Option<T::Value>, TypeError> {
        let Some(value) = self.decoder.value.items().nth(self.next) else { return Ok(None) };
        let context = self.decoder.context;
        let step = Step::Index(self.next);
        self.next += 1;
        context.within(step, value, || seed.deserialize(Decoder { value, context })).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.decoder.value.items().len().saturating_sub(self.next))
    }
}

struct Fields<'d, 'c, I> {
    context: &'c Context<'d>,
    entries: I,
    current: Option<super::Entry<'d>>,
    /// The type's fields; `None` for free maps.
    known: Option<&'static [&'static str]>,
}

impl<'d, I: Iterator<Item = super::Entry<'d>>> de::MapAccess<'d> for Fields<'d, '_, I> {
    type Error = TypeError;

    fn next_key_seed<K: DeserializeSeed<'d>>(&mut self, seed: K) -> Result<Option<K::Value>, TypeError> {
        self.current = self.entries.next();
        let Some(entry) = self.current else { return Ok(None) };
        seed.deserialize(de::value::BorrowedStrDeserializer::new(entry.key)).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'d>>(&mut self, seed: T) -> Result<T::Value, TypeError> {
        let entry = self.current.take().ok_or_else(|| de::Error::custom("a value was asked for before its key"))?;
        let context = self.context;
        let step = if self.known.is_some() { Step::Field(entry.key) } else { Step::Key(entry.key) };
        context.within(step, entry.value, || {
            self.note_unknown(&entry);
            seed.deserialize(Decoder { value: entry.value, context })
        })
    }
}

impl<'d, I> Fields<'d, '_, I> {
    fn note_unknown(&self, entry: &super::Entry<'d>) {
        let (Some(known), Some(unknown)) = (self.known, &self.context.unknown) else { return };
        if !known.contains(&entry.key) {
            let field = UnknownField { path: self.context.path(), span: entry.key_ref.span(), known };
            unknown.borrow_mut().push(field);
        }
    }
}
