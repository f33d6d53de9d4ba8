//! Holds values against shapes, by Go's rules as `de` does.

use super::{Form, FormId, Shape};
use crate::yaml::ValueRef;
use crate::yaml::mismatch::{By, STRING, Step, TypeError, UnknownField, integer, mismatch};
use crate::yaml::tree::Kind;

impl Shape {
    /// Holds a value against the shape; returns the fields that its type does not have, in the order of the text.
    ///
    /// # Errors
    ///
    /// The first value that does not have its field's type.
    pub fn fit(&self, value: ValueRef<'_>) -> Result<Vec<UnknownField>, TypeError> {
        let mut walk = Walk { shape: self, unknown: Vec::new() };
        if let Some(root) = self.root() {
            walk.value(root, value, &Step::ROOT).map_err(|error| *error)?;
        }
        Ok(walk.unknown)
    }
}

/// Small, as every value's result has room for one.
type Fault = Box<TypeError>;

struct Walk<'s> {
    shape: &'s Shape,
    unknown: Vec<UnknownField>,
}

impl Walk<'_> {
    /// As deep as the shape, which ends, and no deeper.
    fn value(&mut self, form: FormId, value: ValueRef<'_>, step: &Step<'_, '_>) -> Result<(), Fault> {
        let (Some(form), false) = (self.shape.form(form), value.is_null()) else { return Ok(()) };
        let fits = |fits: bool, expected| if fits { Ok(()) } else { wrong(value, step, expected) };
        match form {
            Form::Boolean => fits(matches!(value.kind(), Kind::Bool(_)), "a boolean"),
            Form::Text => fits(value.as_str().is_some(), STRING),
            Form::Number => fits(matches!(value.kind(), Kind::Int(_) | Kind::Uint(_) | Kind::Float(_)), "a number"),
            Form::Int32 => Ok(integer::<i32>(value, step).map(|_| ())?),
            Form::Int64 => Ok(integer::<i64>(value, step).map(|_| ())?),
            Form::List(item) => self.list(*item, value, step),
            Form::Map(_) | Form::Struct(_) => self.entries(form, value, step),
            Form::Ruled(rule) => rule(value).map_err(|mut error| {
                error.path = step.path().join(&error.path);
                error.span = error.span.or_else(|| Some(value.span()));
                error.into()
            }),
        }
    }

    fn list(&mut self, form: FormId, list: ValueRef<'_>, step: &Step<'_, '_>) -> Result<(), Fault> {
        let Kind::Sequence(_) = list.kind() else { return wrong(list, step, "a list") };
        let mut items = list.items().enumerate();
        items.try_for_each(|(at, item)| self.value(form, item, &Step { before: Some(step), by: By::Index(at) }))
    }

    fn entries(&mut self, form: &Form, object: ValueRef<'_>, step: &Step<'_, '_>) -> Result<(), Fault> {
        let Kind::Mapping(_) = object.kind() else { return wrong(object, step, "an object") };
        for entry in object.entries() {
            let (by, form) = match form {
                Form::Struct(fields) => (By::Field(entry, fields.names), fields.form(entry.key)),
                Form::Map(form) => (By::Key(entry), Some(*form)),
                _ => continue,
            };
            let step = Step { before: Some(step), by };
            match form {
                Some(form) => self.value(form, entry.value, &step)?,
                None => self.unknown.extend(step.unknown_field()),
            }
        }
        Ok(())
    }
}

#[cold]
fn wrong(value: ValueRef<'_>, step: &Step<'_, '_>, expected: &str) -> Result<(), Fault> {
    Err(mismatch(value, step, expected).into())
}
