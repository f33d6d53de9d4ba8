//! The patch between two states of an object, as JSON patch operations that only do what they say they do.

use serde_json::{Map, Value, json};

/// Where two states of an object differ.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Difference {
    /// As in a JSON pointer (RFC 6901).
    pub(super) pointer: String,
    /// What is there now; `None` for nothing.
    now: Option<Value>,
    /// What is to be there.
    then: Option<Value>,
}

/// Where `now` differs from `then`. Lists that keep their length are compared item by item, others are taken whole.
pub(super) fn differences(now: &Value, then: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(String::new(), Some(now), Some(then), &mut found);
    found
}

fn compare(pointer: String, now: Option<&Value>, then: Option<&Value>, found: &mut Vec<Difference>) {
    match (now, then) {
        (Some(now), Some(then)) if now == then => {}
        (Some(Value::Object(now)), Some(Value::Object(then))) => {
            for key in keys(now, then) {
                compare(format!("{pointer}/{}", escaped(key)), now.get(key), then.get(key), found);
            }
        }
        (Some(Value::Array(now)), Some(Value::Array(then))) if now.len() == then.len() => {
            for (index, (now, then)) in now.iter().zip(then).enumerate() {
                compare(format!("{pointer}/{index}"), Some(now), Some(then), found);
            }
        }
        (now, then) => found.push(Difference { pointer, now: now.cloned(), then: then.cloned() }),
    }
}

fn keys<'m>(now: &'m Map<String, Value>, then: &'m Map<String, Value>) -> impl Iterator<Item = &'m String> {
    now.keys().chain(then.keys().filter(|key| !now.contains_key(*key)))
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

impl Difference {
    /// The operations that make of the field what it is to be, if it is still what it is now.
    fn operations(&self) -> Vec<Value> {
        let path = &self.pointer;
        let test = self.now.as_ref().map(|now| json!({"op": "test", "path": path, "value": now}));
        let change = match (&self.now, &self.then) {
            (Some(_), Some(then)) => json!({"op": "replace", "path": path, "value": then}),
            (None, Some(then)) => json!({"op": "add", "path": path, "value": then}),
            (_, None) => json!({"op": "remove", "path": path}),
        };
        test.into_iter().chain([change]).collect()
    }

    /// What is there now.
    pub(super) fn now(&self) -> Option<&Value> {
        self.now.as_ref()
    }

    /// What is to be there.
    pub(super) fn then(&self) -> Option<&Value> {
        self.then.as_ref()
    }

    /// Whether an object still has here what it had.
    pub(super) fn is_as_it_was(&self, object: &Value) -> bool {
        object.pointer(&self.pointer) == self.now.as_ref()
    }

    /// Whether an object has here what it is to have.
    pub(super) fn is_done(&self, object: &Value) -> bool {
        object.pointer(&self.pointer) == self.then.as_ref()
    }

    /// The field as people write it: `spec.template.spec.containers[0].image`.
    pub(super) fn field(&self) -> String {
        field(&self.pointer)
    }
}

/// A JSON pointer as a path of fields.
pub(super) fn field(pointer: &str) -> String {
    let mut text = String::new();
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        if part.bytes().all(|byte| byte.is_ascii_digit()) || part.contains(['.', '/']) {
            text.push_str(&format!("[{part}]"));
        } else {
            text.push_str(if text.is_empty() { "" } else { "." });
            text.push_str(&part);
        }
    }
    text
}

/// A JSON patch that makes all differences, of this very object and no other of its name.
pub(super) fn patch(uid: &str, differences: &[Difference]) -> Vec<Value> {
    let own = json!({"op": "test", "path": "/metadata/uid", "value": uid});
    std::iter::once(own).chain(differences.iter().flat_map(Difference::operations)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_test_what_they_take_away() {
        let now = json!({"metadata": {"annotations": {"a/b": "1"}}, "list": [{"x": 1, "y": 2}], "v": [1, 2]});
        let then = json!({"metadata": {"annotations": {}}, "list": [{"x": 3, "z": null}], "v": [1]});
        let expected = json!([
            {"op": "test", "path": "/metadata/uid", "value": "u"},
            {"op": "test", "path": "/metadata/annotations/a~1b", "value": "1"},
            {"op": "remove", "path": "/metadata/annotations/a~1b"},
            {"op": "test", "path": "/list/0/x", "value": 1},
            {"op": "replace", "path": "/list/0/x", "value": 3},
            {"op": "test", "path": "/list/0/y", "value": 2},
            {"op": "remove", "path": "/list/0/y"},
            {"op": "add", "path": "/list/0/z", "value": null},
            {"op": "test", "path": "/v", "value": [1, 2]},
            {"op": "replace", "path": "/v", "value": [1]},
        ]);
        assert_eq!(Value::Array(patch("u", &differences(&now, &then))), expected);
        assert_eq!(differences(&now, &now), []);
    }

    #[test]
    fn fields_read_as_everywhere() {
        assert_eq!(field("/spec/containers/0/image"), "spec.containers[0].image");
        assert_eq!(field("/metadata/annotations/a.b~1c"), "metadata.annotations[a.b/c]");
    }
}
