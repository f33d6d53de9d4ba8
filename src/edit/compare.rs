//! Values of a document against JSON: whether they are equal, and how one becomes the other.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::changes::{Change, Within};
use crate::model::{FieldPath, Step};
use crate::yaml::{NodeId, Value, ValueRef};

/// Whether a value is this JSON. Recursive, as deep as the JSON is.
#[must_use]
pub fn equal(value: ValueRef<'_>, json: &Json) -> bool {
    match (value.get(), json) {
        (Value::Sequence, Json::Array(items)) => {
            value.items().len() == items.len() && value.items().zip(items).all(|(value, item)| equal(value, item))
        }
        (Value::Mapping, Json::Object(fields)) => {
            value.entries().len() == fields.len()
                && fields.iter().all(|(key, field)| value.entry(key).is_some_and(|entry| equal(entry.value, field)))
        }
        (Value::Sequence | Value::Mapping, _) | (_, Json::Array(_) | Json::Object(_)) => false,
        _ => same_scalar(&value.to_json(), json),
    }
}

/// One and 1.0 are the same number: which of them a document makes of its text depends on its format.
fn same_scalar(a: &Json, b: &Json) -> bool {
    a == b
        || matches!((a, b), (Json::Number(a), Json::Number(b)) if (a.is_f64() || b.is_f64()) && a.as_f64() == b.as_f64())
}

/// The changes that make a collection out of another of the same kind.
pub(super) fn difference<'e>(old: ValueRef<'e>, new: &'e Json, path: &'e FieldPath) -> Option<Within<'e>> {
    let mut changes = Within::default();
    match (old.get(), new) {
        (Value::Mapping, Json::Object(fields)) => {
            for entry in old.entries().filter(|entry| !fields.contains_key(entry.key)) {
                changes.add(Step::Key(entry.key), Change::Remove(path));
            }
            for (key, value) in fields {
                changes.add(Step::Key(key), Change::Set(value, path));
            }
        }
        (Value::Sequence, Json::Array(items)) => {
            for (at, kept) in matched(old, items).into_iter().enumerate() {
                let change = kept.map_or(Change::Remove(path), |item| Change::Set(&items[item], path));
                changes.add(Step::Index(at), change);
            }
            for item in items.iter().skip(old.items().len()) {
                changes.add(Step::Index(old.items().len()), Change::Set(item, path));
            }
        }
        _ => return None,
    }
    Some(changes)
}

/// Which of the new items each old one becomes: itself where the new ones are some of the old ones in their order, else
/// the one at its place.
fn matched(old: ValueRef<'_>, new: &[Json]) -> Vec<Option<usize>> {
    let mut next = 0;
    let kept: Vec<Option<usize>> = old
        .items()
        .map(|item| {
            let is_next = new.get(next).is_some_and(|new| equal(item, new));
            next += usize::from(is_next);
            is_next.then(|| next - 1)
        })
        .collect();
    if next == new.len() {
        return kept;
    }
    (0..old.items().len()).map(|at| (at < new.len()).then_some(at)).collect()
}

/// Whether a value becomes another one by changes in some of its nodes, and nothing else is different.
pub(super) fn becomes<'d, 'e>(old: ValueRef<'d>, new: ValueRef<'d>, changes: &'e HashMap<NodeId, Within<'e>>) -> bool {
    is_right(old, new, changes, |_, _| None)
}

/// Whether two values are equal. Of some of the old ones `judge` says whether the new ones are right instead.
pub fn equal_but<'d>(
    old: ValueRef<'d>,
    new: ValueRef<'d>,
    judge: impl FnMut(ValueRef<'d>, ValueRef<'d>) -> Option<bool>,
) -> bool {
    is_right(old, new, &HashMap::new(), judge)
}

/// Not recursive: documents may nest as deep as kubectl allows.
fn is_right<'d, 'e>(
    old: ValueRef<'d>,
    new: ValueRef<'d>,
    changes: &'e HashMap<NodeId, Within<'e>>,
    mut judge: impl FnMut(ValueRef<'d>, ValueRef<'d>) -> Option<bool>,
) -> bool {
    let mut todo: Vec<Pair<'d, 'e>> = vec![(old, new, None)];
    while let Some((old, new, within)) = todo.pop() {
        match judge(old, new) {
            Some(true) => continue,
            Some(false) => return false,
            None => {}
        }
        let within = within.or_else(|| changes.get(&old.id()));
        let is_same = match (old.get(), new.get(), within) {
            (Value::Null, _, Some(within)) if !within.steps.is_empty() => {
                within.made().is_ok_and(|made| equal(new, &made))
            }
            (Value::Mapping, Value::Mapping, within) => fields(old, new, within, &mut todo),
            (Value::Sequence, Value::Sequence, within) => items(old, new, within, &mut todo),
            (old, new, _) => old == new,
        };
        if !is_same {
            return false;
        }
    }
    true
}

/// An old value, its new one, and the changes in it.
type Pair<'d, 'e> = (ValueRef<'d>, ValueRef<'d>, Option<&'e Within<'e>>);

fn fields<'d, 'e>(
    old: ValueRef<'d>,
    new: ValueRef<'d>,
    within: Option<&'e Within<'e>>,
    todo: &mut Vec<Pair<'d, 'e>>,
) -> bool {
    // Nearly all mappings have the same keys in the same order.
    let has_same_keys = old.entries().len() == new.entries().len()
        && old.entries().zip(new.entries()).all(|(old, new)| old.key == new.key);
    if within.is_none() && has_same_keys {
        todo.extend(old.entries().zip(new.entries()).map(|(old, new)| (old.value, new.value, None)));
        return true;
    }
    let found: HashMap<&str, ValueRef<'d>> = new.entries().map(|entry| (entry.key, entry.value)).collect();
    let steps = within.map_or(&[][..], |within| &within.steps);
    let changes: HashMap<&str, &'e Change<'e>> = steps
        .iter()
        .filter_map(|(step, change)| match step {
            Step::Key(key) => Some((*key, change)),
            Step::Index(_) => None,
        })
        .collect();
    let mut count = 0;
    let mut is_right = |key: &str, change: Option<&&'e Change<'e>>, old: Option<ValueRef<'d>>| {
        let new = found.get(key).copied();
        count += usize::from(new.is_some());
        match (change, old, new) {
            (Some(Change::Remove(_)), Some(_), None) => true,
            (Some(Change::Within(within)), Some(old), Some(new)) => {
                todo.push((old, new, Some(within)));
                true
            }
            (Some(change), _, Some(new)) => change.made().is_ok_and(|made| equal(new, &made)),
            (None, Some(old), Some(new)) => {
                todo.push((old, new, None));
                true
            }
            _ => false,
        }
    };
    let of_old = old.entries().all(|entry| is_right(entry.key, changes.get(entry.key), Some(entry.value)));
    let has_all = steps.iter().all(|(step, _)| match step {
        Step::Key(key) => old.entry(key).is_some() || is_right(key, changes.get(key), None),
        Step::Index(_) => false,
    });
    of_old && has_all && count == found.len()
}

fn items<'d, 'e>(
    old: ValueRef<'d>,
    new: ValueRef<'d>,
    within: Option<&'e Within<'e>>,
    todo: &mut Vec<Pair<'d, 'e>>,
) -> bool {
    let steps = within.map_or(&[][..], |within| &within.steps);
    let count = old.items().len();
    let changes: HashMap<usize, &'e Change<'e>> = steps
        .iter()
        .filter_map(|(step, change)| match step {
            Step::Index(index) if *index < count => Some((*index, change)),
            _ => None,
        })
        .collect();
    let mut found = new.items();
    for (at, old) in old.items().enumerate() {
        let change = changes.get(&at);
        if let Some(Change::Remove(_)) = change {
            continue;
        }
        let Some(new) = found.next() else { return false };
        match change {
            Some(Change::Set(value, _)) if !equal(new, value) => return false,
            Some(Change::Set(..)) => {}
            Some(Change::Within(within)) => todo.push((old, new, Some(within))),
            _ => todo.push((old, new, None)),
        }
    }
    let appended = steps.iter().filter(|(step, _)| matches!(step, Step::Index(index) if *index >= count));
    appended
        .into_iter()
        .all(|(_, change)| found.next().is_some_and(|new| change.made().is_ok_and(|made| equal(new, &made))))
        && found.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::{Document, chunks};

    #[test]
    fn what_is_judged_otherwise_may_differ_and_nothing_else() {
        let texts = ["a: {x: 1}\nb: [1, {z: 2}]\n", "b: [1, {z: 3}]\na: {x: 1}\n", "b: [1, {z: 3}]\na: {x: 2}\n"];
        let cut = texts.map(chunks);
        let documents = cut.each_ref().map(|cut| Document::parse(&cut[0]).unwrap());
        let [old, new, other] = documents.each_ref().map(|document| document.root().unwrap());
        let judged = old.field("b").and_then(|list| list.item(1)).unwrap();
        let judge = |verdict: bool| {
            move |old: ValueRef<'_>, new: ValueRef<'_>| {
                (old.id() == judged.id()).then(|| verdict && equal(new, &serde_json::json!({"z": 3})))
            }
        };
        assert!(equal_but(old, old, |_, _| None) && !equal_but(old, new, |_, _| None));
        assert!(equal_but(old, new, judge(true)));
        assert!(!equal_but(old, new, judge(false)));
        assert!(!equal_but(old, other, judge(true)));
    }
}
