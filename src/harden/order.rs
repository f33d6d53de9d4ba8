//! The order of a document's fields, those that edits add included.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::model::{FieldPath, Segment, Step};
use crate::report::harden::PlannedEdit;

/// New fields in the order in which people write them, whatever holds them; others come behind.
const USUAL: &[&str] = &[
    "metadata",
    "spec",
    "os",
    "name",
    "hostUsers",
    "automountServiceAccountToken",
    "securityContext",
    "allowPrivilegeEscalation",
    "capabilities",
    "drop",
    "privileged",
    "procMount",
    "readOnlyRootFilesystem",
    "runAsNonRoot",
    "runAsUser",
    "runAsGroup",
    "fsGroup",
    "seccompProfile",
    "type",
    "localhostProfile",
    "volumeMounts",
    "initContainers",
    "containers",
    "volumes",
];

/// Sorts edits as the template has their fields; items that are appended to one list keep their order.
pub(super) fn sort(template: &Value, edits: &mut [PlannedEdit]) {
    let mut wide = Wide::default();
    edits.sort_by_cached_key(|planned| ranks(template, &planned.edit.path, &mut wide));
}

/// Fields that are there come first, in their order; then new ones.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Written(usize),
    Usual(usize),
    Other(Box<str>),
}

/// The positions of the fields of wide objects, by where the objects are in memory: to look through them for each edit
/// would take too long.
type Wide<'v> = HashMap<*const Map<String, Value>, HashMap<&'v str, usize>>;

fn ranks<'v>(template: &'v Value, path: &FieldPath, wide: &mut Wide<'v>) -> Vec<Rank> {
    let mut at = Some(template);
    let rank = |segment: &Segment| {
        let rank = match segment.step() {
            Step::Index(index) => Rank::Written(index),
            Step::Key(key) => rank(at.and_then(Value::as_object), key, wide),
        };
        at = at.and_then(|value| segment.find(value));
        rank
    };
    path.segments().iter().map(rank).collect()
}

fn rank<'v>(fields: Option<&'v Map<String, Value>>, key: &str, wide: &mut Wide<'v>) -> Rank {
    match fields.and_then(|fields| position(fields, key, wide)) {
        Some(position) => Rank::Written(position),
        None => match USUAL.iter().position(|known| *known == key) {
            Some(position) => Rank::Usual(position),
            None => Rank::Other(key.into()),
        },
    }
}

fn position<'v>(fields: &'v Map<String, Value>, key: &str, wide: &mut Wide<'v>) -> Option<usize> {
    /// Up to here, looking through the fields is faster.
    const FEW: usize = 64;
    if fields.len() <= FEW {
        return fields.keys().position(|known| known == key);
    }
    let positions = || fields.keys().enumerate().map(|(at, key)| (key.as_str(), at)).collect();
    wide.entry(std::ptr::from_ref(fields)).or_insert_with(positions).get(key).copied()
}
