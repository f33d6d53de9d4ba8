//! Makes of all wanted edits a list without repeats, without empty leftovers, in the order of the document.

use serde_json::Value;

use super::order;
use crate::model::{Edit, FieldPath, Misfit, Op, Segment};
use crate::report::harden::PlannedEdit;

/// What may go when an edit takes its last field or item away: it says nothing when it is empty.
const PRUNED: &[&str] = &[
    "add",
    "annotations",
    "appArmorProfile",
    "capabilities",
    "metadata",
    "seLinuxOptions",
    "seccompProfile",
    "securityContext",
    "sysctls",
    "volumeDevices",
    "volumeMounts",
    "volumes",
    "windowsOptions",
];

/// The edits, each path once, none within another, sorted as the document has them.
pub(super) fn tidy(template: &Value, edits: Vec<PlannedEdit>) -> Result<Vec<PlannedEdit>, Misfit> {
    let mut edits = without_repeats(template, edits);
    while let Some(parent) = emptied(template, &edits)? {
        edits = pruned(template, edits, &parent);
    }
    order::sort(template, &mut edits);
    Ok(edits)
}

/// Merges edits of the same path. Who sets a field knows more than who removes it; items appended to a list share their
/// path and stay apart.
fn without_repeats(template: &Value, edits: Vec<PlannedEdit>) -> Vec<PlannedEdit> {
    let mut kept: Vec<PlannedEdit> = Vec::new();
    for planned in edits {
        let same = kept.iter_mut().find(|other| other.edit.path == planned.edit.path);
        match same {
            Some(other) if !appends(template, &planned.edit.path) || other.edit == planned.edit => {
                merge(other, &planned);
            }
            _ => kept.push(planned),
        }
    }
    let removed: Vec<FieldPath> =
        kept.iter().filter(|planned| planned.edit.op == Op::Remove).map(|planned| planned.edit.path.clone()).collect();
    kept.retain(|planned| !removed.iter().any(|path| planned.edit.path != *path && planned.edit.path.is_within(path)));
    kept
}

fn merge(into: &mut PlannedEdit, other: &PlannedEdit) {
    if into.edit.op == Op::Remove {
        into.edit.op.clone_from(&other.edit.op);
    }
    absorb(into, other);
}

/// Adds what should be known about one edit to another one that does its work too.
fn absorb(into: &mut PlannedEdit, other: &PlannedEdit) {
    into.fix = into.fix.min(other.fix);
    if into.risk.is_empty() {
        into.risk.clone_from(&other.risk);
    } else if !into.risk.contains(&other.risk) {
        into.risk = format!("{}; {}", into.risk, other.risk);
    }
}

fn appends(template: &Value, path: &FieldPath) -> bool {
    let Some(Segment::Index(at)) = path.last() else { return false };
    let list = path.parent();
    *at >= list.find(template).and_then(Value::as_array).map_or(0, Vec::len)
}

/// A parent that removals leave empty.
fn emptied(template: &Value, edits: &[PlannedEdit]) -> Result<Option<FieldPath>, Misfit> {
    let mut result = template.clone();
    Edit::apply(&mut result, edits.iter().map(|planned| &planned.edit))?;
    let removals = edits.iter().filter(|planned| planned.edit.op == Op::Remove);
    let parents = removals.map(|planned| planned.edit.path.parent());
    // No list on the way loses items: only volumes, mounts, sysctls and capabilities do, and they hold no lists.
    let is_empty = |path: &FieldPath| match path.find(&result) {
        Some(Value::Object(fields)) => fields.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        _ => false,
    };
    let may_go = |path: &FieldPath| path.last().and_then(Segment::as_key).is_some_and(|key| PRUNED.contains(&key));
    Ok(parents.filter(|parent| may_go(parent)).find(is_empty))
}

/// The edits with one removal of `parent` in place of those within it.
fn pruned(template: &Value, edits: Vec<PlannedEdit>, parent: &FieldPath) -> Vec<PlannedEdit> {
    let (within, mut others): (Vec<_>, Vec<_>) =
        edits.into_iter().partition(|planned| planned.edit.path.is_within(parent));
    let parts = within.iter().flat_map(|planned| match planned.parts.as_slice() {
        [] => std::slice::from_ref(planned),
        parts => parts,
    });
    let parts: Vec<_> = parts.cloned().collect();
    let mut within = within.into_iter();
    if let Some(mut whole) = within.next() {
        within.for_each(|planned| absorb(&mut whole, &planned));
        whole.edit = Edit::remove(parent.clone());
        whole.parts = parts;
        whole.before = parent.find(template).cloned().unwrap_or_default();
        others.push(whole);
    }
    others
}
