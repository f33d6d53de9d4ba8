//! Objects that a report holds on to, in little room.

use std::sync::Arc;

use serde_json::Value;

/// An object as it was read. Few are looked at again, and a tree of values takes ten times as much memory as its text.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept(Form);

#[derive(Debug, Clone, PartialEq)]
enum Form {
    Json(Arc<str>),
    /// Where JSON would not give the same object again: it is nested too deeply, or has floats of very many digits.
    Tree(Arc<Value>),
}

impl Kept {
    /// Keeps an object.
    #[must_use]
    pub fn new(object: &Value) -> Self {
        let text = object.to_string();
        let comes_back = serde_json::from_str::<Value>(&text).is_ok_and(|read| read == *object);
        Self(if comes_back { Form::Json(text.into()) } else { Form::Tree(Arc::new(object.clone())) })
    }

    /// The object again.
    #[must_use]
    pub fn value(&self) -> Value {
        match &self.0 {
            // It was read once before.
            Form::Json(text) => serde_json::from_str(text).unwrap_or_default(),
            Form::Tree(object) => (**object).clone(),
        }
    }

    /// Whether both were kept as one, and are not only equal.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Form::Json(one), Form::Json(other)) => Arc::ptr_eq(one, other),
            (Form::Tree(one), Form::Tree(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
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
    }
}
