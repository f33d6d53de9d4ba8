//! Edits: what is to change in an object, before anyone knows where and how it is written.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::{FieldPath, Segment, Step};

/// One change of an object.
///
/// The paths of all edits of an object are those of the object before any of them, so that they can be told, written
/// into a text or turned into a patch in any order. No edit's path leads into a field that another one sets or removes.
#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    /// What is set or removed.
    pub path: FieldPath,
    /// What is done to it.
    pub op: Op,
}

/// What an [`Edit`] does.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// Gives the field this value, whatever it had; objects on the way to it are made where they are missing or null. A
    /// list position just behind the last item appends one, and of a missing list position 0 is that; several appended
    /// items have the same position, and come in the order of the edits.
    Set(Value),
    /// Takes the field or the list item away. What held it stays, empty if need be.
    Remove,
}

/// An edit that does not fit the object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {why}")]
pub struct Misfit {
    /// The edit's path.
    pub path: FieldPath,
    /// What is wrong.
    pub why: &'static str,
}

impl Edit {
    /// An edit that sets a field.
    #[must_use]
    pub fn set(path: FieldPath, value: impl Into<Value>) -> Self {
        Self { path, op: Op::Set(value.into()) }
    }

    /// An edit that takes a field or a list item away.
    #[must_use]
    pub fn remove(path: FieldPath) -> Self {
        Self { path, op: Op::Remove }
    }

    /// Applies edits to an object: what is set first, then what is removed.
    ///
    /// # Errors
    /// The first edit that does not fit; the object is then half changed.
    pub fn apply<'e>(object: &mut Value, edits: impl IntoIterator<Item = &'e Edit>) -> Result<(), Misfit> {
        let mut appended: HashMap<FieldPath, usize> = HashMap::new();
        let mut removed: HashMap<&[Segment], Vec<&FieldPath>> = HashMap::new();
        for edit in edits {
            match &edit.op {
                Op::Set(value) => set(object, &edit.path, value, &mut appended)?,
                Op::Remove => removed.entry(way_to(&edit.path)).or_default().push(&edit.path),
            }
        }
        // List items change their places when others go, so what is deepest in the object goes first.
        let mut removed: Vec<_> = removed.into_iter().collect();
        removed.sort_by_key(|(way, _)| Reverse(way.len()));
        removed.into_iter().try_for_each(|(way, paths)| remove(object, way, &paths))
    }
}

/// All steps of a path but the last one.
fn way_to(path: &FieldPath) -> &[Segment] {
    path.segments().split_last().map_or(&[], |(_, way)| way)
}

fn set(
    object: &mut Value,
    path: &FieldPath,
    value: &Value,
    appended: &mut HashMap<FieldPath, usize>,
) -> Result<(), Misfit> {
    let misfit = |why| Misfit { path: path.clone(), why };
    let mut at = object;
    let count = path.segments().len();
    for (step, segment) in path.segments().iter().enumerate() {
        if at.is_null() {
            *at = if matches!(segment, Segment::Index(_)) { Value::Array(Vec::new()) } else { Map::new().into() };
        }
        at = match (segment, at) {
            (Segment::Index(index), Value::Array(items)) => {
                let list = path.head(step);
                let length = appended.get(&list).copied().unwrap_or(items.len());
                if *index == length && step + 1 == count {
                    appended.insert(list, length);
                    items.push(Value::Null);
                    items.last_mut().ok_or_else(|| misfit("the list has no such item"))?
                } else if *index < length {
                    &mut items[*index]
                } else {
                    return Err(misfit("the list has no such item"));
                }
            }
            (Segment::Index(_), _) => return Err(misfit("it is no list")),
            (key, Value::Object(fields)) => fields.entry(key.as_key().unwrap_or_default()).or_insert(Value::Null),
            _ => return Err(misfit("it leads through something that is no object")),
        };
    }
    *at = value.clone();
    Ok(())
}

/// Removes fields or items of what stands at the end of `way`, all at once: one by one, those behind would be moved for each.
fn remove(object: &mut Value, way: &[Segment], paths: &[&FieldPath]) -> Result<(), Misfit> {
    let misfit = |path: &FieldPath, why| Misfit { path: path.clone(), why };
    let holder = Segment::find_mut(way, object);
    let mut gone: HashSet<Step<'_>> = HashSet::new();
    for path in paths {
        let last = path.last().ok_or_else(|| misfit(path, "an object cannot be removed"))?.step();
        let is_there = match (last, holder.as_deref()) {
            (Step::Index(index), Some(Value::Array(items))) => index < items.len(),
            (Step::Key(key), Some(Value::Object(fields))) => fields.contains_key(key),
            _ => false,
        };
        if !is_there || !gone.insert(last) {
            return Err(misfit(path, "there is no such field"));
        }
    }
    match holder {
        Some(Value::Array(items)) => {
            let mut at = 0..;
            items.retain(|_| !at.next().is_some_and(|at| gone.contains(&Step::Index(at))));
        }
        Some(Value::Object(fields)) => fields.retain(|key, _| !gone.contains(&Step::Key(key))),
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn applied(mut object: Value, edits: &[Edit]) -> Result<Value, String> {
        Edit::apply(&mut object, edits).map(|()| object).map_err(|misfit| misfit.to_string())
    }

    fn list() -> FieldPath {
        FieldPath::fields(&["list"])
    }

    #[test]
    fn objects_and_lists_are_made_on_the_way() {
        let path = FieldPath::fields(&["spec", "securityContext"]);
        let edits = [
            Edit::set(path.clone().field("runAsNonRoot"), true),
            Edit::set(path.field("capabilities").field("drop").index(0), "ALL"),
        ];
        let expected = json!({"spec": {"securityContext": {"runAsNonRoot": true, "capabilities": {"drop": ["ALL"]}}}});
        assert_eq!(applied(json!({}), &edits), Ok(expected.clone()));
        assert_eq!(applied(json!({"spec": {"securityContext": null}}), &edits), Ok(expected));
    }

    #[test]
    fn paths_are_those_of_the_object_before_all_edits() {
        let edits = [
            Edit::remove(list().index(0)),
            Edit::remove(list().index(2)),
            Edit::set(list().index(1), "B"),
            Edit::set(list().index(3), "d"),
            Edit::set(list().index(3), "e"),
        ];
        assert_eq!(applied(json!({"list": ["a", "b", "c"]}), &edits), Ok(json!({"list": ["B", "d", "e"]})));
        assert_eq!(applied(json!({"list": ["a"]}), &edits[..1]), Ok(json!({"list": []})));
    }

    #[test]
    fn edits_that_do_not_fit_are_told() {
        let no_item = "list[2]: the list has no such item".to_owned();
        assert_eq!(applied(json!({"list": ["a"]}), &[Edit::set(list().index(2), "b")]), Err(no_item));
        let no_field = "list: there is no such field".to_owned();
        assert_eq!(applied(json!({}), &[Edit::remove(list())]), Err(no_field));
        let no_object = "list.a: it leads through something that is no object".to_owned();
        assert_eq!(applied(json!({"list": 3}), &[Edit::set(list().field("a"), 1)]), Err(no_object));
    }
}
