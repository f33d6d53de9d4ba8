//! Plans the edits of one document's pod templates, and where in its text they go.

use std::sync::Arc;

use serde_json::{Value, json};

use super::files::Job;
use super::{Plan, Task, plan};
use crate::check::{Scene, Stop, parse, walk};
use crate::edit::{Refused, Splice, splices};
use crate::model::{Edit, FieldPath};
use crate::report::Problem;
use crate::report::harden::{Hardened, PlannedEdit, Refusal, Residue};
use crate::source::{Found, Manifest, Object, generator};
use crate::yaml::{Chunk, Document, ValueRef};

/// What is to become of a document.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// The document's position in the file.
    pub(super) index: usize,
    pub(super) results: Vec<Hardened>,
    /// Of each result, where its object is in the document and its template in that.
    pub(super) places: Vec<(FieldPath, FieldPath)>,
    /// Paths from the document's root.
    pub(super) edits: Vec<Edit>,
    pub(super) splices: Vec<Splice>,
    pub(super) errors: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
    pub(super) is_without_template: bool,
}

/// How deep a document that is edited may be nested; manifests are never near that.
const DEEPEST: usize = 256;

/// Plans what is to become of a document.
///
/// # Errors
///
/// The document cannot be read.
pub(super) fn draft(job: &Job, manifest: &Manifest, chunk: &Chunk<'_>) -> Result<Draft, Problem> {
    let document = parse(manifest, chunk)?;
    let mut planner = Planner { job, manifest, document: &document, chunk, draft: Draft::default(), known: None };
    let scene =
        walk(manifest, &document, job.namespace.as_deref(), &mut |scene: &mut Scene<'_>, stop: Stop<'_, '_>| {
            if let Stop::Template { object, found, .. } = stop
                && let Err(message) = planner.template(scene, object, found)
            {
                scene.error(object.value.span(), message);
            }
        });
    let Scene { errors, warnings, is_without_template, .. } = scene;
    Ok(Draft { index: chunk.index, errors, warnings, is_without_template, ..planner.draft })
}

struct Planner<'a, 'd> {
    job: &'a Job,
    manifest: &'a Manifest,
    document: &'d Document<'d>,
    chunk: &'a Chunk<'d>,
    draft: Draft,
    /// The object that was last come by, as JSON: it may hold several templates.
    known: Option<(FieldPath, Arc<Value>)>,
}

impl Planner<'_, '_> {
    fn template(&mut self, scene: &Scene<'_>, object: &Object<'_>, found: &Found<'_>) -> Result<(), String> {
        if is_deeper(object.value, DEEPEST) {
            return Err(format!("this object is nested deeper than {DEEPEST} levels, so it was not edited"));
        }
        let json = self.json(object);
        let nothing = json!({});
        let template = found.value.map_or(nothing, ValueRef::to_json);
        let task = Task { template: &template, policy: self.job.policy, choices: &self.job.choices };
        let mut plan = plan(&task).map_err(|message| format!("{}: {message}", found.path))?;
        if found.value.is_none() {
            leave_out(&mut plan, self.job);
        }
        let mut hardened = self.hardened(scene, object, found, plan, json);
        let edits: Vec<Edit> = hardened.plain_edits().cloned().collect();
        match splices(&self.manifest.text, self.document, object.value, &edits) {
            Ok(splices) => {
                self.draft.splices.extend(splices);
                let from_root = |edit: Edit| Edit { path: object.path.clone().join(&edit.path), op: edit.op };
                self.draft.edits.extend(edits.into_iter().map(from_root));
            }
            Err(refused) => hardened.refuse(refused.into_iter().map(refusal).collect(), self.job),
        }
        self.draft.results.push(hardened);
        self.draft.places.push((object.path.clone(), found.path.clone()));
        Ok(())
    }

    fn json(&mut self, object: &Object<'_>) -> Arc<Value> {
        match &self.known {
            Some((path, json)) if *path == object.path => Arc::clone(json),
            _ => {
                let json = Arc::new(object.value.to_json());
                self.known = Some((object.path.clone(), Arc::clone(&json)));
                json
            }
        }
    }

    fn hardened(
        &self,
        scene: &Scene<'_>,
        object: &Object<'_>,
        found: &Found<'_>,
        plan: Plan,
        json: Arc<Value>,
    ) -> Hardened {
        let placed = |path: &FieldPath| found.path.clone().join(path);
        let edit = |planned: PlannedEdit| {
            let edit = Edit { path: placed(&planned.edit.path), op: planned.edit.op };
            PlannedEdit { edit, ..planned }
        };
        let residue = |residue: Residue| Residue { path: placed(&residue.path), ..residue };
        let made_by = generator(object, self.chunk.text, &self.manifest.origin);
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
            object: json,
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

fn refusal(refused: Refused) -> Refusal {
    let Refused { path, line, column, why } = refused;
    Refusal { path, line, column, why }
}

/// Whether a value is nested deeper than `most` levels.
fn is_deeper(value: ValueRef<'_>, most: usize) -> bool {
    let Some(most) = most.checked_sub(1) else { return true };
    value.items().any(|item| is_deeper(item, most)) || value.entries().any(|entry| is_deeper(entry.value, most))
}

impl Hardened {
    /// Makes none of the edits, and says why.
    fn refuse(&mut self, refused: Vec<Refusal>, job: &Job) {
        self.refused = refused;
        self.after = self.before;
        self.reached = self.before >= job.policy.level;
    }
}

impl Draft {
    /// Makes none of the document's edits, and says why.
    pub(super) fn give_up(&mut self, job: &Job, why: &str) {
        self.splices.clear();
        self.edits.clear();
        for result in self.results.iter_mut().filter(|result| !result.edits.is_empty() && result.refused.is_empty()) {
            let (line, column) = (result.source.line.unwrap_or(1), result.source.column.unwrap_or(1));
            let path = result.template.clone();
            result.refuse(vec![Refusal { path, line, column, why: why.to_owned() }], job);
        }
    }
}
