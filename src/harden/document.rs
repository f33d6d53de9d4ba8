//! Plans the edits of one document's pod templates, and where in its text they go.

use serde_json::json;

use super::files::Job;
use super::{Plan, Task, plan};
use crate::check::{Scene, Stop, walk};
use crate::edit::Refused;
use crate::model::{Edit, FieldPath};
use crate::report::Kept;
use crate::report::harden::{Hardened, PlannedEdit, Refusal, Residue};
use crate::source::{Found, Manifest, Object, generator};
use crate::yaml::{Chunk, Document, ValueRef};

/// What is to become of a document.
#[derive(Debug)]
pub(super) struct Draft<'d> {
    pub(super) document: &'d Document<'d>,
    pub(super) results: Vec<Hardened>,
    /// The objects with templates, in order.
    pub(super) objects: Vec<DraftObject<'d>>,
}

/// An object with pod templates.
#[derive(Debug)]
pub(super) struct DraftObject<'d> {
    pub(super) value: ValueRef<'d>,
    /// Where in the document it is.
    pub(super) path: FieldPath,
    kept: Kept,
    /// Whether its edits cannot be made.
    is_given_up: bool,
    /// The results that are about it, with the paths of their templates.
    pub(super) results: Vec<(usize, FieldPath)>,
}

/// How deep a document that is edited may be nested; manifests are never near that.
const DEEPEST: usize = 256;

/// How many values an object that is edited may have, aliases followed: it becomes a tree that takes many times as much
/// memory as its text, and manifests are never near that.
const MOST_VALUES: usize = 50_000;

/// Plans what is to become of a document, and what is wrong with it.
pub(super) fn draft<'a, 'd>(
    job: &Job,
    manifest: &'a Manifest,
    chunk: &Chunk<'_>,
    document: &'d Document<'d>,
) -> (Draft<'d>, Scene<'a>) {
    let draft = Draft { document, results: Vec::new(), objects: Vec::new() };
    let is_too_deep = document.root().is_some_and(is_too_deep);
    let mut planner = Planner { job, manifest, text: chunk.text, is_too_deep, too_large: None, draft };
    let scene = walk(manifest, document, job.namespace.as_deref(), &mut |scene, stop| {
        if let Stop::Template { object, found, .. } = stop
            && let Err(message) = planner.template(scene, object, found)
        {
            scene.error(object.value.span(), message);
        }
    });
    (planner.draft, scene)
}

struct Planner<'a, 'd> {
    job: &'a Job,
    manifest: &'a Manifest,
    /// The document's own text.
    text: &'a str,
    is_too_deep: bool,
    /// The last object that was too large, which is told once.
    too_large: Option<FieldPath>,
    draft: Draft<'d>,
}

impl<'d> Planner<'_, 'd> {
    fn template(&mut self, scene: &Scene<'_>, object: &Object<'d>, found: &Found<'_>) -> Result<(), String> {
        if self.is_too_deep {
            return Err(format!("this document is nested deeper than {DEEPEST} levels, so it was not edited"));
        }
        if self.too_large.as_ref() == Some(&object.path) {
            return Ok(());
        }
        if self.draft.objects.last().is_none_or(|last| last.path != object.path) {
            let mut room = MOST_VALUES;
            if has_more_values(object.value, &mut room) {
                self.too_large = Some(object.path.clone());
                return Err(format!("this object has more than {MOST_VALUES} values, so it was not edited"));
            }
            self.draft.objects.push(DraftObject::new(object));
        }
        let template = found.value.map_or_else(|| json!({}), ValueRef::to_json);
        let task = Task { template: &template, policy: self.job.policy, choices: &self.job.choices };
        let mut plan = plan(&task).map_err(|message| match found.path == FieldPath::root() {
            true => message,
            false => format!("{}: {message}", found.path),
        })?;
        if found.value.is_none() {
            leave_out(&mut plan, self.job);
        }
        let Some(known) = self.draft.objects.last() else { return Ok(()) };
        let hardened = self.hardened(scene, object, found, plan, known.kept.clone());
        let result = self.draft.results.len();
        if let Some(known) = self.draft.objects.last_mut() {
            known.results.push((result, found.path.clone()));
        }
        self.draft.results.push(hardened);
        Ok(())
    }

    fn hardened(
        &self,
        scene: &Scene<'_>,
        object: &Object<'_>,
        found: &Found<'_>,
        plan: Plan,
        object_kept: Kept,
    ) -> Hardened {
        let placed = |path: &FieldPath| found.path.clone().join(path);
        let edit = |planned: PlannedEdit| planned.under(&found.path);
        let residue = |residue: Residue| Residue { path: placed(&residue.path), ..residue };
        let made_by = generator(object, self.text, &self.manifest.origin);
        Hardened {
            source: scene.source(object.value.span()),
            api_version: object.api_version.to_owned(),
            kind: object.kind.to_owned(),
            namespace: object.namespace.or(self.job.namespace.as_deref()).map(str::to_owned),
            name: object.name.to_owned(),
            template: found.path.clone(),
            custom: found.custom,
            before: plan.before,
            after: plan.after,
            reached: plan.reached,
            edits: plan.edits.into_iter().map(edit).collect(),
            residue: plan.residue.into_iter().map(residue).collect(),
            refused: Vec::new(),
            notes: plan.notes.into_iter().chain(made_by).collect(),
            object: object_kept,
        }
    }
}

/// Of a workload without a template nothing can be edited: it has no containers.
fn leave_out(plan: &mut Plan, job: &Job) {
    let why = "the workload has no pod template that could be edited";
    let residue = |planned: PlannedEdit| Residue {
        check: planned.check,
        path: planned.edit.path,
        why: why.to_owned(),
        ways: Vec::new(),
    };
    plan.residue.extend(std::mem::take(&mut plan.edits).into_iter().map(residue));
    (plan.after, plan.reached) = (plan.before, plan.before >= job.policy.level);
}

fn refusal(refused: &Refused) -> Refusal {
    let Refused { path, line, column, why } = refused.clone();
    Refusal { path, line, column, why }
}

/// Whether a value is nested too deeply to be made a tree of, by functions that call themselves for each level.
pub(super) fn is_too_deep(value: ValueRef<'_>) -> bool {
    is_deeper(value, DEEPEST)
}

fn is_deeper(value: ValueRef<'_>, most: usize) -> bool {
    let Some(most) = most.checked_sub(1) else { return true };
    value.items().any(|item| is_deeper(item, most)) || value.entries().any(|entry| is_deeper(entry.value, most))
}

/// Whether a value consists of more values than `room` is for, itself counted; `room` is what is left of that.
fn has_more_values(value: ValueRef<'_>, room: &mut usize) -> bool {
    let Some(left) = room.checked_sub(1) else { return true };
    *room = left;
    value.items().any(|item| has_more_values(item, room))
        || value.entries().any(|entry| has_more_values(entry.value, room))
}

impl Hardened {
    /// Makes none of the edits, and says why.
    fn refuse(&mut self, refused: &[Refused], job: &Job) {
        self.refused = refused.iter().map(refusal).collect();
        self.after = self.before;
        self.reached = self.before >= job.policy.level;
    }
}

impl<'d> DraftObject<'d> {
    fn new(object: &Object<'d>) -> Self {
        let kept = Kept::new(&object.value);
        Self { value: object.value, path: object.path.clone(), kept, is_given_up: false, results: Vec::new() }
    }
}

impl Draft<'_> {
    /// Positions of the objects that have edits.
    pub(super) fn objects_to_edit(&self) -> impl Iterator<Item = usize> {
        (0..self.objects.len()).filter(|at| self.edits_of(&self.objects[*at]).next().is_some())
    }

    /// The edits of all templates of an object; none any more once they cannot be made.
    pub(super) fn edits_of(&self, object: &DraftObject<'_>) -> impl Iterator<Item = &Edit> {
        let results = if object.is_given_up { &[][..] } else { &object.results };
        results.iter().filter_map(|(result, _)| self.results.get(*result)).flat_map(Hardened::plain_edits)
    }

    /// Makes none of an object's edits, and says why.
    pub(super) fn refuse(&mut self, job: &Job, object: usize, refused: Vec<Refused>) {
        let Some(object) = self.objects.get_mut(object) else { return };
        object.is_given_up = true;
        for (result, _) in &object.results {
            if let Some(result) = self.results.get_mut(*result).filter(|result| !result.edits.is_empty()) {
                result.refuse(&refused, job);
            }
        }
    }

    /// Makes none of the document's edits, and says why.
    pub(super) fn give_up(&mut self, job: &Job, why: &str) {
        for at in self.objects_to_edit().collect::<Vec<_>>() {
            let span = self.objects[at].value.span();
            let refused =
                Refused { path: FieldPath::root(), line: span.line, column: span.column, why: why.to_owned() };
            self.refuse(job, at, vec![refused]);
        }
    }
}
