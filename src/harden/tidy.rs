//! Makes of all wanted edits a list without repeats, without empty leftovers, in the order of the document.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::order;
use crate::model::{Edit, FieldPath, Op, Segment, Step};
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
pub(super) fn tidy(template: &Value, edits: Vec<PlannedEdit>) -> Vec<PlannedEdit> {
    let mut edits = without_repeats(template, edits);
    loop {
        let parents = emptied(template, &edits);
        if parents.is_empty() {
            break;
        }
        edits = pruned(template, edits, &parents);
    }
    order::sort(template, &mut edits);
    edits.shrink_to_fit();
    edits
}

/// Merges edits of the same path. Who sets a field knows more than who removes it; items appended to a list share their
/// path and stay apart.
fn without_repeats(template: &Value, edits: Vec<PlannedEdit>) -> Vec<PlannedEdit> {
    let mut kept: Vec<PlannedEdit> = Vec::new();
    let mut firsts: HashMap<FieldPath, usize> = HashMap::new();
    for planned in edits {
        let first = firsts.get(&planned.edit.path).and_then(|first| kept.get_mut(*first));
        match first {
            Some(other) if !appends(template, &planned.edit.path) || other.edit == planned.edit => {
                merge(other, &planned);
            }
            _ => {
                firsts.entry(planned.edit.path.clone()).or_insert(kept.len());
                kept.push(planned);
            }
        }
    }
    let removals = kept.iter().filter(|planned| planned.edit.op == Op::Remove);
    let removed: Vec<FieldPath> = removals.map(|planned| planned.edit.path.clone()).collect();
    let removed = Holders::new(&removed);
    kept.retain(|planned| removed.holder_of(&planned.edit.path.parent()).is_none());
    kept
}

/// Paths among which the one that holds another is found without looking at all of them.
struct Holders<'p>(HashMap<Vec<Step<'p>>, usize>);

impl<'p> Holders<'p> {
    fn new(paths: &'p [FieldPath]) -> Self {
        Self(paths.iter().enumerate().map(|(at, path)| (path.steps().collect(), at)).collect())
    }

    /// The position of the path that is this one or leads to it.
    fn holder_of(&self, path: &FieldPath) -> Option<usize> {
        let mut way: Vec<Step<'_>> = path.steps().collect();
        loop {
            if let Some(at) = self.0.get(way.as_slice()) {
                return Some(*at);
            }
            way.pop()?;
        }
    }
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

/// The parents that removals leave empty, each once; none of them is within another, which would not be empty.
fn emptied(template: &Value, edits: &[PlannedEdit]) -> Vec<FieldPath> {
    let mut removed: HashMap<Vec<Step<'_>>, usize> = HashMap::new();
    let mut filled: HashSet<Vec<Step<'_>>> = HashSet::new();
    for planned in edits {
        let mut way: Vec<Step<'_>> = planned.edit.path.steps().collect();
        way.pop();
        match planned.edit.op {
            Op::Remove => *removed.entry(way).or_default() += 1,
            Op::Set(_) => while filled.insert(way.clone()) && way.pop().is_some() {},
        }
    }
    let mut seen = HashSet::new();
    let is_emptied = |path: &FieldPath| {
        let way: Vec<Step<'_>> = path.steps().collect();
        let count = match path.find(template) {
            Some(Value::Object(fields)) => fields.len(),
            Some(Value::Array(items)) => items.len(),
            _ => return false,
        };
        removed.get(&way) == Some(&count) && !filled.contains(&way)
    };
    let may_go = |path: &FieldPath| path.last().and_then(Segment::as_key).is_some_and(|key| PRUNED.contains(&key));
    let removals = edits.iter().filter(|planned| planned.edit.op == Op::Remove);
    let parents = removals.map(|planned| planned.edit.path.parent()).filter(may_go).filter(is_emptied);
    parents.filter(|parent| seen.insert(parent.clone())).collect()
}

/// The edits with one removal of each of `parents` in place of those within it.
fn pruned(template: &Value, edits: Vec<PlannedEdit>, parents: &[FieldPath]) -> Vec<PlannedEdit> {
    let holders = Holders::new(parents);
    let mut within: Vec<Vec<PlannedEdit>> = parents.iter().map(|_| Vec::new()).collect();
    let mut kept = Vec::new();
    for planned in edits {
        match holders.holder_of(&planned.edit.path).and_then(|at| within.get_mut(at)) {
            Some(within) => within.push(planned),
            None => kept.push(planned),
        }
    }
    kept.extend(parents.iter().zip(within).filter_map(|(parent, within)| whole(template, within, parent)));
    kept
}

/// One removal of `parent` in place of the edits within it.
fn whole(template: &Value, within: Vec<PlannedEdit>, parent: &FieldPath) -> Option<PlannedEdit> {
    let risk = joined_risks(&within);
    let fix = within.iter().map(|planned| planned.fix).min()?;
    let PlannedEdit { check, container, .. } = within.first()?;
    let (check, container) = (*check, container.clone());
    let before = parent.find(template).cloned().unwrap_or_default();
    let parts = within.into_iter().flat_map(|mut planned| match std::mem::take(&mut planned.parts) {
        parts if parts.is_empty() => vec![planned],
        parts => parts,
    });
    Some(PlannedEdit {
        edit: Edit::remove(parent.clone()),
        check,
        fix,
        container,
        before,
        risk,
        parts: parts.collect(),
    })
}

/// What the edits may break, each of it once.
fn joined_risks(edits: &[PlannedEdit]) -> String {
    let mut seen = HashSet::new();
    let all = edits.iter().flat_map(|planned| planned.risk.split("; ")).filter(|risk| !risk.is_empty());
    let once: Vec<&str> = all.filter(|risk| seen.insert(*risk)).collect();
    once.join("; ")
}
