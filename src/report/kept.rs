//! Objects that a report holds on to, in little room.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use serde::{Deserialize as _, Serialize};
use serde_json::Value;

/// An object as it was read. Few are looked at again, and a tree of values takes ten times as much memory as its text.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept(Arc<str>);

impl Kept {
    /// Keeps an object, which is anything that can be written as JSON.
    #[must_use]
    pub fn new(object: &impl Serialize) -> Self {
        let text = serde_json::to_string(object);
        debug_assert!(text.is_ok(), "objects have strings as keys");
        Self(text.unwrap_or_default().into())
    }

    /// The object again. Recursive, as whoever keeps an object must be to write it.
    #[must_use]
    pub fn value(&self) -> Value {
        let mut text = serde_json::Deserializer::from_str(&self.0);
        text.disable_recursion_limit();
        Value::deserialize(&mut text).unwrap_or_default()
    }

    /// Whether both were kept as one, and are not only equal.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// The object that was looked at last, as a tree: an object with many pod templates is asked for as often.
#[derive(Debug, Default)]
pub struct Opened(RefCell<Option<(Kept, Rc<Value>)>>);

impl Opened {
    /// An object as [`Kept::value`] has it.
    pub fn value(&self, kept: &Kept) -> Rc<Value> {
        let mut last = self.0.borrow_mut();
        if let Some((_, object)) = last.as_ref().filter(|(known, _)| known.is_same(kept)) {
            return Rc::clone(object);
        }
        let object = Rc::new(kept.value());
        *last = Some((kept.clone(), Rc::clone(&object)));
        object
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_kept_comes_back() {
        let deep = (0..250).fold(json!(1), |inner, _| json!([inner]));
        let floats = json!([0.1, 1e300, 5e-324, 8.533e68, f64::MAX, f64::MIN_POSITIVE, 0.123_456_789_012_345_67]);
        for value in [json!({"b": 1, "a": "\u{1b}\u{2028}é", "c": [null, 1.0, u64::MAX, i64::MIN]}), deep, floats] {
            assert_eq!(Kept::new(&value).value(), value);
        }
        let one = Kept::new(&json!({}));
        assert!(one.is_same(&one.clone()) && !one.is_same(&Kept::new(&json!({}))));
        let (opened, other) = (Opened::default(), Kept::new(&json!([])));
        let first = opened.value(&one);
        assert!(Rc::ptr_eq(&first, &opened.value(&one.clone())));
        assert_eq!((&*first, &*opened.value(&other), &*opened.value(&one)), (&json!({}), &json!([]), &json!({})));
    }
}
