//! The shape of a Rust type that the API is decoded into, so that a value can be held against it and nothing is made of
//! it. Decoding a pod makes hundreds of strings and lists, and takes many times as much memory as the pod's text, only to
//! find out that it may be decoded.

mod fields;
mod fit;
mod trace;

use fields::Fields;
pub use trace::Untraceable;

use super::ValueRef;
use super::mismatch::TypeError;

/// Says what is wrong with a value whose type has rules of its own, as a time or a quantity; its paths start at the value.
pub type Rule = fn(ValueRef<'_>) -> Result<(), TypeError>;

/// What a type is made of. The default one takes everything.
#[derive(Debug, Default)]
pub struct Shape {
    /// The form of the type itself stands last, those of its fields and items before it.
    forms: Vec<Form>,
}

/// The position of a form in a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FormId(u16);

/// What a value must be. `null` is always taken: it leaves a field as it would be without.
#[derive(Debug)]
enum Form {
    Boolean,
    Text,
    Int32,
    Int64,
    Number,
    List(FormId),
    /// A map with free keys.
    Map(FormId),
    Struct(Fields),
    /// Something with rules of its own.
    Ruled(Rule),
}

impl Shape {
    fn form(&self, id: FormId) -> Option<&Form> {
        self.forms.get(usize::from(id.0))
    }

    fn root(&self) -> Option<FormId> {
        u16::try_from(self.forms.len().checked_sub(1)?).ok().map(FormId)
    }
}
