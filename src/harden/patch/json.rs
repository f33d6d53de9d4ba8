//! JSON patches (RFC 6902).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::model::{Edit, FieldPath, Op, Segment};

/// The operations that make `edits` of an object. Tests come first: that each list item on the way is the one that is
/// meant, by its name, and that what is replaced or removed has the value that is known. What is removed goes from the last
/// list item to the first.
#[must_use]
pub fn json_patch(object: &Value, edits: &[Edit]) -> Vec<Value> {
    let mut set = object.clone();
    let sets = edits.iter().filter(|edit| matches!(edit.op, Op::Set(_)));
    // The edits are those of this very object.
    let applied = Edit::apply(&mut set, sets);
    debug_assert!(applied.is_ok(), "{applied:?}");
    let mut patch = Patch { object, set: &set, tested: BTreeSet::new(), tests: Vec::new(), operations: Vec::new() };
    edits.iter().for_each(|edit| patch.guard(&edit.path));
    for edit in edits {
        if let Op::Set(value) = &edit.op {
            patch.set(&edit.path, value);
        }
    }
    let mut removed: Vec<_> = edits.iter().filter(|edit| edit.op == Op::Remove).map(|edit| &edit.path).collect();
    removed.sort_by_key(|path| std::cmp::Reverse(indices(path)));
    removed.into_iter().for_each(|path| patch.remove(path));
    patch.tests.append(&mut patch.operations);
    patch.tests
}

/// The list positions in a path, which give the order in which items can be removed.
fn indices(path: &FieldPath) -> Vec<(String, usize)> {
    let mut around = FieldPath::root();
    let mut indices = Vec::new();
    for (at, segment) in path.segments().iter().enumerate() {
        if let Segment::Index(index) = segment {
            indices.push((pointer(&around), *index));
        }
        around = path.head(at + 1);
    }
    indices
}

struct Patch<'a> {
    object: &'a Value,
    /// The object with all that is set.
    set: &'a Value,
    /// What has a test, or was added as a whole.
    tested: BTreeSet<String>,
    tests: Vec<Value>,
    operations: Vec<Value>,
}

impl Patch<'_> {
    /// Tests that the list items on a path are those that are meant.
    fn guard(&mut self, path: &FieldPath) {
        for (at, segment) in path.segments().iter().enumerate() {
            if matches!(segment, Segment::Index(_)) {
                self.test(&path.head(at + 1).field("name"));
            }
        }
    }

    /// Tests that a scalar still has its value.
    fn test(&mut self, path: &FieldPath) {
        let Some(value) = get(self.object, path).filter(|value| !matches!(value, Value::Object(_) | Value::Array(_)))
        else {
            return;
        };
        let pointer = pointer(path);
        if !value.is_null() && self.tested.insert(pointer.clone()) {
            self.tests.push(json!({"op": "test", "path": pointer, "value": value}));
        }
    }

    fn set(&mut self, path: &FieldPath, value: &Value) {
        let steps = path.segments().len();
        let known = (0..=steps).take_while(|count| get(self.object, &path.head(*count)).is_some_and(|v| !v.is_null()));
        let known = known.last().unwrap_or(0);
        if known == steps {
            self.test(path);
            return self.operations.push(json!({"op": "replace", "path": pointer(path), "value": value}));
        }
        let top = path.head(known + 1);
        if matches!(top.last(), Some(Segment::Index(_))) {
            let end = format!("{}/-", pointer(&path.head(known)));
            return self.operations.push(json!({"op": "add", "path": end, "value": value}));
        }
        // Several edits may need the same object around them: it is added once, with all of them.
        let pointer = pointer(&top);
        if self.tested.insert(pointer.clone()) {
            let value = get(self.set, &top).unwrap_or(value);
            self.operations.push(json!({"op": "add", "path": pointer, "value": value}));
        }
    }

    fn remove(&mut self, path: &FieldPath) {
        self.test(path);
        self.operations.push(json!({"op": "remove", "path": pointer(path)}));
    }
}

fn get<'v>(object: &'v Value, path: &FieldPath) -> Option<&'v Value> {
    path.segments().iter().try_fold(object, |value, segment| match segment {
        Segment::Index(index) => value.get(index),
        segment => value.get(segment.as_key().unwrap_or_default()),
    })
}

/// The path as a JSON pointer (RFC 6901).
fn pointer(path: &FieldPath) -> String {
    path.segments().iter().fold(String::new(), |pointer, segment| match segment {
        Segment::Index(index) => format!("{pointer}/{index}"),
        segment => {
            let key = segment.as_key().unwrap_or_default();
            format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> FieldPath {
        FieldPath::fields(&["spec"])
    }

    #[test]
    fn tests_come_first_and_objects_are_added_once() {
        let object = json!({"spec": {"hostPID": true, "containers": [{"name": "a", "securityContext": null}]}});
        let context = spec().field("containers").index(0).field("securityContext");
        let edits = [
            Edit::set(context.clone().field("privileged"), false),
            Edit::set(context.field("capabilities").field("drop").index(0), "ALL"),
            Edit::set(spec().field("hostPID"), false),
        ];
        let expected = json!([
            {"op": "test", "path": "/spec/containers/0/name", "value": "a"},
            {"op": "test", "path": "/spec/hostPID", "value": true},
            {"op": "add", "path": "/spec/containers/0/securityContext",
             "value": {"privileged": false, "capabilities": {"drop": ["ALL"]}}},
            {"op": "replace", "path": "/spec/hostPID", "value": false},
        ]);
        assert_eq!(Value::Array(json_patch(&object, &edits)), expected);
    }

    #[test]
    fn items_go_from_the_last_to_the_first_and_are_appended_in_order() {
        let object = json!({"spec": {"add": ["a", "b", "c"], "x~/": 1}});
        let add = || spec().field("add");
        let edits = [
            Edit::remove(add().index(0)),
            Edit::remove(add().index(2)),
            Edit::set(add().index(3), "d"),
            Edit::set(add().index(3), "e"),
            Edit::remove(spec().key("x~/")),
        ];
        let operations: Vec<_> = json_patch(&object, &edits)
            .iter()
            .map(|operation| format!("{} {}", operation["op"].as_str().unwrap(), operation["path"].as_str().unwrap()))
            .collect();
        assert_eq!(
            operations,
            [
                "test /spec/add/2",
                "test /spec/add/0",
                "test /spec/x~0~1",
                "add /spec/add/-",
                "add /spec/add/-",
                "remove /spec/add/2",
                "remove /spec/add/0",
                "remove /spec/x~0~1",
            ]
        );
    }
}
