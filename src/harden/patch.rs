//! Says edits as patches: pure functions from an object before and its edits.

mod json;
mod merge;

pub use json::json_patch;
pub use merge::{merge_patch, strategic_patch};

use serde_json::{Map, Value, json};

use crate::model::Edit;
use crate::report::harden::Hardened;
use crate::report::patch::{ObjectPatch, PatchFormat};

/// An object of a report with all edits of its templates.
#[derive(Debug)]
pub struct EditedObject<'a> {
    /// The first result that is about it.
    result: &'a Hardened,
    edits: Vec<Edit>,
}

/// The objects that have edits, also such as could not be made in the text, in the order of the results.
#[must_use]
pub fn edited_objects(results: &[Hardened]) -> Vec<EditedObject<'_>> {
    let mut objects: Vec<EditedObject<'_>> = Vec::new();
    for result in results.iter().filter(|result| !result.edits.is_empty()) {
        let edits = result.plain_edits().cloned();
        match objects.last_mut().filter(|last| last.result.object.is_same(&result.object)) {
            Some(last) => last.edits.extend(edits),
            None => objects.push(EditedObject { result, edits: edits.collect() }),
        }
    }
    objects
}

impl EditedObject<'_> {
    /// The patch for `kubectl patch`: strategic, or a merge patch of a custom resource, of which the server knows no lists'
    /// keys.
    #[must_use]
    pub fn for_server(&self) -> ObjectPatch {
        let before = self.result.object.value();
        let after = self.after(&before);
        if self.result.custom {
            self.patch(PatchFormat::Merge, merge_patch(&before, &after), &before)
        } else {
            self.patch(PatchFormat::Strategic, strategic_patch(&before, &after), &before)
        }
    }

    /// The operations of a JSON patch.
    #[must_use]
    pub fn as_json_patch(&self) -> ObjectPatch {
        let object = self.result.object.value();
        self.patch(PatchFormat::Json, Value::Array(json_patch(&object, &self.edits)), &object)
    }

    /// The patch for a kustomization: a merge patch that names its object, or a JSON patch where kustomize would merge lists
    /// otherwise than the server does.
    #[must_use]
    pub fn for_kustomize(&self) -> ObjectPatch {
        let patch = self.for_server();
        if needs_directives(&patch.body) {
            return self.as_json_patch();
        }
        let mut body = Map::new();
        body.insert("apiVersion".to_owned(), self.result.api_version.clone().into());
        body.insert("kind".to_owned(), self.result.kind.clone().into());
        body.insert("metadata".to_owned(), json!({"name": patch.name.clone()}));
        if let Value::Object(fields) = patch.body {
            for (key, value) in fields {
                match (body.get_mut(&key), value) {
                    (Some(Value::Object(known)), Value::Object(more)) => known.extend(more),
                    (_, value) => {
                        body.insert(key, value);
                    }
                }
            }
        }
        ObjectPatch { body: Value::Object(body), ..patch }
    }

    fn after(&self, before: &Value) -> Value {
        let mut after = before.clone();
        // The edits are those of this very object: planning has applied them before.
        let applied = Edit::apply(&mut after, &self.edits);
        debug_assert!(applied.is_ok(), "{applied:?}");
        after
    }

    fn patch(&self, format: PatchFormat, body: Value, object: &Value) -> ObjectPatch {
        let Hardened { api_version, kind, namespace, .. } = self.result;
        ObjectPatch {
            api_version: api_version.clone(),
            kind: kind.clone(),
            namespace: namespace.clone(),
            name: name(object).to_owned(),
            format,
            body,
        }
    }
}

/// The name that a patch is sent to; what the server makes up is not known.
fn name(object: &Value) -> &str {
    let name = object.get("metadata").and_then(|metadata| metadata.get("name"));
    name.and_then(Value::as_str).unwrap_or_default()
}

/// Whether a strategic merge patch orders or replaces lists, or merges ports, whose keys differ in kustomize.
fn needs_directives(patch: &Value) -> bool {
    match patch {
        Value::Object(fields) => fields.iter().any(|(key, value)| {
            let is_order = key.starts_with("$setElementOrder/");
            let is_replace = key == "$patch" && value == "replace";
            is_order || is_replace || key == "ports" || needs_directives(value)
        }),
        Value::Array(items) => items.iter().any(needs_directives),
        _ => false,
    }
}
