//! Decodes a document into Rust types as strictly as the API server decodes JSON, and says where it does not fit.
//!
//! Go's rules: a boolean field takes booleans only, a string field strings only, an integer field numbers without a
//! fraction that fit; `null` leaves the field at its zero value, whatever its type.

use std::cell::RefCell;
use std::fmt;

use serde::de::{self, DeserializeSeed, Visitor};

use super::mismatch::{By, STRING, Step, integer, mismatch};
use super::tree::Kind;
use super::value::{Entry, Value, ValueRef};
use crate::model::FieldPath;

pub use super::mismatch::{TypeError, UnknownField};

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

/// Decodes `value`; fields that `T` does not have are passed over.
///
/// # Errors
///
/// The first value that does not have its field's type.
pub fn decode<'d, T: de::Deserialize<'d>>(value: ValueRef<'d>) -> Result<T, TypeError> {
    T::deserialize(Decoder { value, step: &Step::ROOT, unknown: None }).map_err(|fault| *fault.0)
}

/// Decodes `value` and also tells which fields `T` does not have, in the order of the text.
///
/// # Errors
///
/// The first value that does not have its field's type.
pub fn decode_strictly<'d, T: de::Deserialize<'d>>(value: ValueRef<'d>) -> Result<(T, Vec<UnknownField>), TypeError> {
    let unknown = RefCell::default();
    let decoded = T::deserialize(Decoder { value, step: &Step::ROOT, unknown: Some(&unknown) });
    decoded.map(|decoded| (decoded, unknown.into_inner())).map_err(|fault| *fault.0)
}

/// Decodes one value.
#[derive(Clone, Copy)]
struct Decoder<'d, 'c> {
    value: ValueRef<'d>,
    step: &'c Step<'d, 'c>,
    /// Where fields are noted that the types do not have, if somebody asks.
    unknown: Option<&'c RefCell<Vec<UnknownField>>>,
}

impl<'d> Decoder<'d, '_> {
    #[cold]
    fn mismatch(&self, expected: &str) -> Fault {
        Fault(Box::new(mismatch(self.value, self.step, expected)))
    }

    /// Decodes a value one step further down, and gives its error a place if it has none yet.
    #[inline]
    fn further<T: DeserializeSeed<'d>>(&self, by: By<'d>, value: ValueRef<'d>, seed: T) -> Result<T::Value, Fault> {
        let step = Step { before: Some(self.step), by };
        seed.deserialize(Decoder { value, step: &step, unknown: self.unknown }).map_err(|mut fault| {
            if fault.0.span.is_none() {
                fault.0.path = step.path();
                fault.0.span = Some(value.span());
            }
            fault
        })
    }

    /// Notes a value that nobody wants, if it is that of a field which the type does not have.
    fn note_unwanted(&self) {
        let (By::Field(entry, known), Some(unknown)) = (self.step.by, self.unknown) else { return };
        if !known.contains(&entry.key) {
            unknown.borrow_mut().extend(self.step.unknown_field());
        }
    }
}

macro_rules! integers {
    ($($method:ident $type:ty => $visit:ident;)*) => {
        $(fn $method<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, Fault> {
            let number = integer::<$type>(self.value, self.step);
            visitor.$visit(number.map_err(|error| Fault(Box::new(error)))?)
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

    fn deserialize_newtype_struct<V: Visitor<'d>>(self, _name: &'static str, visitor: V) -> Result<V::Value, Fault> {
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
