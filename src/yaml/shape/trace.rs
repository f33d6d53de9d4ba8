//! Finds out what a type is made of, by letting it decode itself from a source that notes what it asks for.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{self, Deserialize, DeserializeSeed, Visitor};

use super::{Fields, Form, FormId, Rule, Shape};

/// A type that asks for something whose form is not known here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Untraceable(String);

impl de::Error for Untraceable {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// Taken by all texts with rules of their own: times are times, and quantities anything.
const SAMPLE: &str = "1970-01-01T00:00:00Z";

/// Fields that are texts. Kinds take their own name there only, which is no matter of types.
const TEXTS: [&str; 2] = ["apiVersion", "kind"];

impl Shape {
    /// What `T` is made of. `rule` knows the types with rules of their own: by the names of newtype structs, and by the
    /// empty one that which takes anything.
    ///
    /// # Errors
    ///
    /// What is not known here: enums, tuples, other numbers, types within themselves, newtypes without a rule.
    pub fn of<T: for<'de> Deserialize<'de>>(rule: fn(&str) -> Option<Rule>) -> Result<Self, Untraceable> {
        let notes = Notes { rule, forms: RefCell::default(), structs: RefCell::default() };
        let last = RefCell::default();
        T::deserialize(Tracer { notes: &notes, found: &last })?;
        Ok(Self { forms: notes.forms.into_inner() })
    }
}

/// What is found out on the way.
struct Notes {
    rule: fn(&str) -> Option<Rule>,
    forms: RefCell<Vec<Form>>,
    /// The structs that are known, and those that are still looked at: the same ones are met again and again.
    structs: RefCell<HashMap<StructId, Option<FormId>>>,
}

/// Name and fields of a struct: names alone may come twice.
type StructId = (&'static str, &'static [&'static str]);

impl Notes {
    fn add(&self, form: Form) -> Result<FormId, Untraceable> {
        let mut forms = self.forms.borrow_mut();
        let id = u16::try_from(forms.len()).map_err(|_| Untraceable("there are too many fields".to_owned()))?;
        forms.push(form);
        Ok(FormId(id))
    }

    fn rule(&self, name: &str) -> Result<FormId, Untraceable> {
        let rule = (self.rule)(name).ok_or_else(|| Untraceable(format!("there is no rule for {name:?}")))?;
        self.add(Form::Ruled(rule))
    }
}

/// The form of one value: it says what it wants to be, and gets something that it takes.
#[derive(Clone, Copy)]
struct Tracer<'n> {
    notes: &'n Notes,
    /// Where the answer goes.
    found: &'n RefCell<Option<FormId>>,
}

impl<'n> Tracer<'n> {
    fn note(self, form: Form) -> Result<(), Untraceable> {
        self.found.replace(Some(self.notes.add(form)?));
        Ok(())
    }

    /// The form of something within, which `decode` decodes.
    fn inner<T>(self, decode: impl FnOnce(Tracer<'_>) -> Result<T, Untraceable>) -> Result<(T, FormId), Untraceable> {
        let found = RefCell::default();
        let value = decode(Tracer { notes: self.notes, found: &found })?;
        let form = found.into_inner().ok_or_else(|| Untraceable("a value did not say what it is".to_owned()))?;
        Ok((value, form))
    }
}

macro_rules! scalars {
    ($($method:ident => $form:ident, $visit:ident($value:expr);)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Untraceable> {
            self.note(Form::$form)?;
            visitor.$visit($value)
        })*
    };
}

macro_rules! untraceable {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Untraceable> {
            Err(Untraceable(concat!(stringify!($method), " is not known").to_owned()))
        })*
    };
}

impl<'de> de::Deserializer<'de> for Tracer<'_> {
    type Error = Untraceable;

    scalars! {
        deserialize_bool => Boolean, visit_bool(false);
        deserialize_i32 => Int32, visit_i32(0);
        deserialize_i64 => Int64, visit_i64(0);
        deserialize_f64 => Number, visit_f64(0.0);
        deserialize_str => Text, visit_borrowed_str("");
        deserialize_string => Text, visit_borrowed_str("");
    }

    untraceable! {
        deserialize_i8 deserialize_i16 deserialize_i128 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_u128 deserialize_f32 deserialize_char deserialize_bytes deserialize_byte_buf deserialize_unit
        deserialize_identifier deserialize_ignored_any
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Untraceable> {
        self.found.replace(Some(self.notes.rule("")?));
        visitor.visit_borrowed_str(SAMPLE)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Untraceable> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Untraceable> {
        self.found.replace(Some(self.notes.rule(name)?));
        visitor.visit_newtype_struct(BorrowedStrDeserializer::new(SAMPLE))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Untraceable> {
        let (value, form) = self.inner(|inner| visitor.visit_seq(Once(Some(inner))))?;
        self.note(Form::List(form))?;
        Ok(value)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Untraceable> {
        let (value, form) = self.inner(|inner| visitor.visit_map(Once(Some(inner))))?;
        self.note(Form::Map(form))?;
        Ok(value)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Untraceable> {
        let known = self.notes.structs.borrow_mut().insert((name, fields), None);
        let form = match known {
            None => None,
            Some(None) => return Err(Untraceable(format!("{name} holds itself"))),
            Some(Some(form)) => Some(form),
        };
        let mut entries = Entries { tracer: self, names: fields, forms: Vec::new() };
        // Nothing has to be set; so nothing is asked for that is known already.
        if form.is_some() {
            entries.names = &[];
        }
        let value = visitor.visit_map(&mut entries)?;
        let form = match form {
            Some(form) => form,
            None => {
                let fields = Fields::new(fields, entries.forms);
                let fields = fields.ok_or_else(|| Untraceable(format!("{name} did not ask for all its fields")))?;
                self.notes.add(Form::Struct(fields))?
            }
        };
        self.notes.structs.borrow_mut().insert((name, fields), Some(form));
        self.found.replace(Some(form));
        Ok(value)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, name: &'static str, _: V) -> Result<V::Value, Untraceable> {
        Err(Untraceable(format!("{name} has no fields")))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Untraceable> {
        Err(Untraceable("tuples are not known".to_owned()))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: usize,
        _: V,
    ) -> Result<V::Value, Untraceable> {
        Err(Untraceable(format!("{name} is a tuple")))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Untraceable> {
        Err(Untraceable(format!("{name} is an enum")))
    }
}

/// A list of one item, or a map of one entry.
struct Once<'n>(Option<Tracer<'n>>);

impl<'de> de::SeqAccess<'de> for Once<'_> {
    type Error = Untraceable;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Untraceable> {
        self.0.take().map(|tracer| seed.deserialize(tracer)).transpose()
    }
}

impl<'de> de::MapAccess<'de> for Once<'_> {
    type Error = Untraceable;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Untraceable> {
        self.0.map(|_| seed.deserialize(BorrowedStrDeserializer::new(""))).transpose()
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Untraceable> {
        seed.deserialize(self.0.take().ok_or_else(value_without_key)?)
    }
}

/// The fields of a struct, one after another.
struct Entries<'n> {
    tracer: Tracer<'n>,
    names: &'static [&'static str],
    /// Those of the fields so far.
    forms: Vec<FormId>,
}

impl Entries<'_> {
    /// The next field that the type may be asked about.
    fn next(&mut self) -> Result<Option<&'static str>, Untraceable> {
        while let Some(name) = self.names.get(self.forms.len()) {
            if !TEXTS.contains(name) {
                return Ok(Some(name));
            }
            self.forms.push(self.tracer.notes.add(Form::Text)?);
        }
        Ok(None)
    }
}

impl<'de> de::MapAccess<'de> for &mut Entries<'_> {
    type Error = Untraceable;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Untraceable> {
        self.next()?.map(|name| seed.deserialize(BorrowedStrDeserializer::new(name))).transpose()
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Untraceable> {
        let (value, form) = self.tracer.inner(|inner| seed.deserialize(inner))?;
        self.forms.push(form);
        Ok(value)
    }
}

fn value_without_key() -> Untraceable {
    Untraceable("a value was asked for before its key".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::shape::TypeError;
    use crate::yaml::{Document, ValueRef, chunks};

    #[derive(serde::Deserialize)]
    #[serde(default)]
    #[derive(Default)]
    struct Outer {
        number: Option<i64>,
        inner: Vec<Inner>,
        again: HashMap<String, Inner>,
    }

    #[derive(serde::Deserialize, Default)]
    #[serde(default)]
    struct Inner {
        text: String,
        set: bool,
    }

    #[derive(serde::Deserialize, Default)]
    #[serde(default)]
    struct Endless {
        inner: Option<Box<Endless>>,
    }

    fn no_rules(_: &str) -> Option<fn(ValueRef<'_>) -> Result<(), TypeError>> {
        None
    }

    fn fit(text: &str) -> Result<Vec<String>, String> {
        let cut = chunks(text);
        let document = Document::parse(&cut[0]).unwrap();
        let fit = Shape::of::<Outer>(no_rules).unwrap().fit(document.root().unwrap());
        let unknown =
            |fields: Vec<crate::yaml::de::UnknownField>| fields.iter().map(|field| field.path.to_string()).collect();
        fit.map(unknown).map_err(|error| error.to_string())
    }

    #[test]
    fn a_type_met_again_is_the_same() {
        assert_eq!(
            fit("{number: 1, inner: [{text: a}, null], again: {x: {set: true, zzz: 1}}}"),
            Ok(vec!["again[x].zzz".to_owned()])
        );
        assert_eq!(fit("inner: [{set: 1}]"), Err("inner[0].set: expected a boolean, found the number 1".to_owned()));
        assert_eq!(fit("again: {x: {set: []}}"), Err("again[x].set: expected a boolean, found a list".to_owned()));
    }

    #[test]
    fn what_cannot_be_told_is_an_error() {
        let error = |shape: Result<Shape, Untraceable>| shape.unwrap_err().to_string();
        assert_eq!(error(Shape::of::<Endless>(no_rules)), "Endless holds itself");
        assert_eq!(error(Shape::of::<serde_json::Value>(no_rules)), "there is no rule for \"\"");
        assert_eq!(error(Shape::of::<(i64, i64)>(no_rules)), "tuples are not known");
        assert_eq!(error(Shape::of::<u8>(no_rules)), "deserialize_u8 is not known");
    }
}
