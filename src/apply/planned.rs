//! A plan for a subject: what its templates come to, and the object before and after.

use std::sync::Arc;

use serde_json::Value;

use super::{Subject, Way, clean};
use crate::edit::manifest;
use crate::harden::{self, Task};
use crate::model::{Choices, Edit, FieldPath};
use crate::policy::Policy;
use crate::report::harden::{Hardened, PlannedEdit, Residue};

/// What is to be done to a subject.
#[derive(Debug, Clone)]
pub struct Planned {
    /// What it is about.
    pub subject: Subject,
    /// What is to be reached.
    pub policy: Policy,
    /// By which choices.
    pub choices: Choices,
    /// A result per template, in the order of the subject's; their `object` is the live one without `managedFields` and
    /// `status`.
    pub results: Vec<Hardened>,
    /// The object with the edits.
    pub after: Arc<Value>,
}

impl Planned {
    /// Whether there is something to change.
    #[must_use]
    pub fn changes(&self) -> bool {
        self.results.iter().any(|result| !result.edits.is_empty())
    }

    /// Whether all templates meet the policy then.
    #[must_use]
    pub fn reached(&self) -> bool {
        self.results.iter().all(|result| result.reached)
    }

    /// The object as people look at it, as YAML, before and after: without status, managed fields and what the server
    /// numbers.
    #[must_use]
    pub fn shown(&self) -> (String, String) {
        let text = |object: &Value| manifest(&clean::shown(object));
        (text(&self.subject.object), text(&self.after))
    }
}

/// Plans what to change in a subject. Nothing is asked of the cluster.
///
/// # Errors
///
/// A template is no pod template, a sentence with its path.
pub fn plan(subject: &Subject, policy: Policy, choices: &Choices) -> Result<Planned, String> {
    let before = Arc::new(clean::without_status(&subject.object));
    let notes = notes(subject);
    let mut results = Vec::new();
    for path in &subject.templates {
        let mut result = hardened(subject, &before, path, policy, choices)?;
        if !result.edits.is_empty() {
            result.notes.extend(notes.iter().cloned());
        }
        results.push(result);
    }
    let mut after = (*before).clone();
    let edits = results.iter().flat_map(Hardened::plain_edits);
    Edit::apply(&mut after, edits).map_err(|misfit| format!("{}: {misfit}", subject.short_name()))?;
    Ok(Planned { subject: subject.clone(), policy, choices: choices.clone(), results, after: Arc::new(after) })
}

fn hardened(
    subject: &Subject,
    object: &Arc<Value>,
    path: &FieldPath,
    policy: Policy,
    choices: &Choices,
) -> Result<Hardened, String> {
    let template = path.find(object).unwrap_or(&Value::Null);
    let plan = harden::plan(&Task { template, policy, choices });
    let plan = plan.map_err(|error| format!("{}: {path}: {error}", subject.short_name()))?;
    let edits = plan.edits.into_iter().map(|planned| {
        let edit = Edit { path: path.clone().join(&planned.edit.path), op: planned.edit.op };
        PlannedEdit { edit, ..planned }
    });
    let residue = plan.residue.into_iter().map(|left| Residue { path: path.clone().join(&left.path), ..left });
    Ok(Hardened {
        source: subject.source.clone(),
        api_version: subject.resource.api_version(),
        kind: subject.resource.kind.clone(),
        namespace: subject.namespace.clone(),
        name: subject.name.clone(),
        template: path.clone(),
        custom: subject.custom,
        before: plan.before,
        after: plan.after,
        reached: plan.reached,
        edits: edits.collect(),
        residue: residue.collect(),
        refused: Vec::new(),
        notes: plan.notes,
        object: Arc::clone(object),
    })
}

/// What a change of the template does not do by itself.
fn notes(subject: &Subject) -> Vec<String> {
    let object = &subject.object;
    let on_delete = object["spec"]["updateStrategy"]["type"] == "OnDelete";
    let note = match subject.kind() {
        "ReplicaSet" | "ReplicationController" => {
            Some("pods that are there stay as they are: delete them, and they come back hardened")
        }
        "StatefulSet" | "DaemonSet" if on_delete => {
            Some("its update strategy is OnDelete: pods that are there stay as they are until they are deleted")
        }
        "CronJob" => Some("jobs that are there stay as they are: the next one is hardened"),
        "Deployment" if object["spec"]["paused"] == true => {
            Some("its rollouts are paused: nothing happens until that ends (kubectl rollout resume)")
        }
        _ => None,
    };
    let fixed = match &subject.way {
        Way::Fixed(why) => Some(why.clone()),
        Way::Patch | Way::Recreate => None,
    };
    note.map(str::to_owned).into_iter().chain(fixed).collect()
}
