//! The order of a document's fields, those that edits add included.

use std::cmp::Ordering;

use serde_json::Value;

use crate::model::{FieldPath, Segment};
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
    edits.sort_by(|a, b| compare(template, &a.edit.path, &b.edit.path));
}

fn compare(template: &Value, a: &FieldPath, b: &FieldPath) -> Ordering {
    let mut at = Some(template);
    for (own, other) in a.segments().iter().zip(b.segments()) {
        let order = rank(at, own).cmp(&rank(at, other));
        if order != Ordering::Equal {
            return order;
        }
        at = at.and_then(|value| FieldPath::root().then(own.clone()).find(value));
    }
    a.segments().len().cmp(&b.segments().len())
}

/// Fields that are there come first, in their order; then new ones.
fn rank<'s>(holder: Option<&Value>, segment: &'s Segment) -> (bool, usize, &'s str) {
    let Some(key) = segment.as_key() else {
        let index = if let Segment::Index(index) = segment { *index } else { 0 };
        return (false, index, "");
    };
    let fields = holder.and_then(Value::as_object);
    match fields.and_then(|fields| fields.keys().position(|known| known == key)) {
        Some(position) => (false, position, key),
        None => (true, USUAL.iter().position(|known| *known == key).unwrap_or(USUAL.len()), key),
    }
}
