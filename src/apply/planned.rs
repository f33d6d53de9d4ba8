//! A plan for a subject: what its templates come to, and the object before and after.

use std::sync::Arc;

use serde_json::Value;

use super::{Subject, Way, clean};
use crate::edit::manifest;
use crate::harden::{self, Task};
use crate::model::{Choices, Edit, FieldPath};
use crate::policy::Policy;
use crate::report::Kept;
use crate::report::apply::{Evidence, Injected};
use crate::report::harden::{Hardened, Residue};

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

    /// Where the templates meet the policy as they are: the injected containers because of which the pods do not. Their
    /// injector has to be told, not the workload.
    pub fn only_injected<'e>(&self, evidence: &'e Evidence) -> impl Iterator<Item = &'e Injected> + use<'e> {
        let is_met = self.results.iter().all(|result| result.before >= self.policy.level);
        evidence.injected.iter().filter(move |injected| is_met && !injected.findings.is_empty())
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
    let before = clean::without_status(&subject.object);
    let kept = Kept::new(&before);
    let notes = notes(subject);
    let mut results = Vec::new();
    for path in &subject.templates {
        let mut result = hardened(subject, &Known { object: &before, kept: &kept }, path, policy, choices)?;
        if !result.edits.is_empty() {
            result.notes.extend(notes.iter().cloned());
        }
        results.push(result);
    }
    let mut after = before;
    let edits = results.iter().flat_map(Hardened::plain_edits);
    Edit::apply(&mut after, edits).map_err(|misfit| format!("{}: {misfit}", subject.short_name()))?;
    Ok(Planned { subject: subject.clone(), policy, choices: choices.clone(), results, after: Arc::new(after) })
}

/// The object before, to be looked at and to be kept.
struct Known<'a> {
    object: &'a Value,
    kept: &'a Kept,
}

fn hardened(
    subject: &Subject,
    known: &Known<'_>,
    path: &FieldPath,
    policy: Policy,
    choices: &Choices,
) -> Result<Hardened, String> {
    let template = path.find(known.object).unwrap_or(&Value::Null);
    let plan = harden::plan(&Task { template, policy, choices });
    let plan = plan.map_err(|error| format!("{}: {path}: {error}", subject.short_name()))?;
    let edits = plan.edits.into_iter().map(|planned| planned.under(path));
    let residue = plan.residue.into_iter().map(|left| Residue { path: path.join(&left.path), ..left });
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
        object: known.kept.clone(),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::Resource;
    use crate::policy::{Level, Version};
    use crate::report::Source;

    fn planned(kind: &str, spec: &Value) -> Planned {
        let mut object = json!({"kind": kind, "metadata": {"name": "a", "managedFields": []}, "spec": spec});
        object["spec"]["template"] = json!({"spec": {"containers": [{"name": "c"}]}});
        let subject = Subject {
            resource: Resource::built_in(kind).unwrap(),
            namespace: Some("shop".to_owned()),
            name: "a".to_owned(),
            object: Arc::new(object),
            templates: vec![FieldPath::fields(&["spec", "template"])],
            custom: false,
            chains: Vec::new(),
            way: Way::Patch,
            managers: Vec::new(),
            source: Source::file("test".into()),
            known_pods: Vec::new(),
        };
        let policy = Policy { level: Level::Restricted, version: Version::Latest };
        plan(&subject, policy, &Choices::default()).unwrap()
    }

    #[test]
    fn paths_are_from_the_top_of_the_object() {
        let planned = planned("Deployment", &json!({}));
        let path = planned.results[0].edits[0].edit.path.to_string();
        assert!(path.starts_with("spec.template.spec."), "{path}");
        assert!(planned.changes() && planned.reached());
        let (before, after) = planned.shown();
        assert_eq!(
            before,
            "kind: Deployment\nmetadata:\n  name: a\nspec:\n  template:\n    spec:\n      containers:\n      - name: c\n"
        );
        assert!(after.contains("runAsNonRoot: true"), "{after}");
    }

    #[test]
    fn what_a_change_does_not_do_by_itself_is_told() {
        let notes = |kind: &str, spec: Value| planned(kind, &spec).results[0].notes.join("; ");
        assert_eq!(notes("Deployment", json!({})), "");
        assert!(notes("Deployment", json!({"paused": true})).contains("kubectl rollout resume"));
        assert!(notes("DaemonSet", json!({"updateStrategy": {"type": "OnDelete"}})).contains("until they are deleted"));
        assert!(notes("ReplicaSet", json!({})).contains("delete them, and they come back hardened"));
    }
}
