//! From an object up to the one whose template must change.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::manager::managers;
use super::{Session, Subject, Way};
use crate::cluster::{ErrorKind, Resource};
use crate::live::{LiveMeta, Owner};
use crate::model::FieldPath;
use crate::report::apply::Link;
use crate::source::{find, objects};
use crate::yaml::{Document, chunks};

/// Longest chain of owners that is followed; real ones have three links.
const LONGEST_CHAIN: usize = 16;

/// An object on the way up.
pub(super) struct Step {
    pub(super) resource: Resource,
    pub(super) object: Value,
    /// Where its templates are.
    templates: Vec<FieldPath>,
}

/// Where the way up ends.
enum End {
    /// Nobody owns the last object.
    Top,
    /// Its owner is not there any more.
    Orphan,
    /// Its owner is a node: a file there is its source.
    Node(String),
    /// Its owner's type or itself may not be read, with the reason.
    Hidden(Owner, String),
}

impl Step {
    /// An object as it was read. Its items of lists do not all say what they are.
    pub(super) fn new(resource: Resource, mut object: Value) -> Self {
        if let Value::Object(fields) = &mut object {
            fields.entry("apiVersion").or_insert_with(|| resource.api_version().into());
            fields.entry("kind").or_insert_with(|| resource.kind.clone().into());
        }
        let templates = templates(&object);
        Self { resource, object, templates }
    }

    pub(super) fn metadata(&self) -> LiveMeta {
        LiveMeta::deserialize(&self.object["metadata"]).unwrap_or_default()
    }

    fn link(&self) -> Link {
        Link { kind: self.resource.kind.clone(), name: self.metadata().name }
    }

    fn is_pod(&self) -> bool {
        self.resource.kind == "Pod" && self.resource.group.is_empty()
    }
}

/// Where an object has its pod templates.
fn templates(object: &Value) -> Vec<FieldPath> {
    let text = object.to_string();
    let cut = chunks(&text);
    let Some(Ok(document)) = cut.first().map(Document::parse) else { return Vec::new() };
    let found = objects(&document).into_iter().flatten().flat_map(|object| find(&object));
    found.filter(|found| found.value.is_some()).map(|found| found.path).collect()
}

fn controller(step: &Step) -> Option<(Owner, String)> {
    let owner = step.metadata().owner_references.into_iter().find(|owner| owner.controller == Some(true))?;
    let references = step.object["metadata"]["ownerReferences"].as_array()?;
    let uid = references.iter().find(|reference| reference["controller"] == true)?["uid"].as_str()?;
    Some((owner, uid.to_owned()))
}

impl Session<'_> {
    /// The subject that an object belongs to: the highest of itself and its owners that has a template.
    pub(super) fn climb(&self, step: Step) -> Result<Subject, String> {
        let mut chain = vec![step];
        let end = loop {
            let Some(last) = chain.last().filter(|_| chain.len() < LONGEST_CHAIN) else { break End::Top };
            match self.owner_of(last)? {
                Ok(owner) => chain.push(owner),
                Err(end) => break end,
            }
        };
        let top = chain.iter().rposition(|step| !step.templates.is_empty());
        let Some(top) = top else {
            let link = chain.first().map(Step::link);
            let name = link.map(|link| format!("{}/{}", link.kind.to_lowercase(), link.name)).unwrap_or_default();
            return Err(format!("{name} has no pod template, so there is nothing to harden"));
        };
        Ok(self.subject(chain, top, &end))
    }

    /// The object that manages another, or why there is none to be had.
    fn owner_of(&self, step: &Step) -> Result<Result<Step, End>, String> {
        let Some((owner, uid)) = controller(step) else { return Ok(Err(End::Top)) };
        if owner.kind == "Node" && owner.api_version == "v1" {
            return Ok(Err(End::Node(owner.name)));
        }
        let hidden = |owner: Owner, why: String| Ok(Err(End::Hidden(owner, why)));
        let resource = match self.resource_of(&owner.api_version, &owner.kind) {
            Ok(resource) => resource,
            Err(error) if error.is_fatal() => return Err(error.to_string()),
            Err(error) => return hidden(owner, error.to_string()),
        };
        let namespace = step.metadata().namespace;
        match self.cluster.get::<Value>(&resource, Some(&namespace), &owner.name) {
            // One of the same name that was made later owns nothing of what was there before.
            Ok(object) if object["metadata"]["uid"] != uid.as_str() => Ok(Err(End::Orphan)),
            Ok(object) => Ok(Ok(Step::new(resource, object))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Err(End::Orphan)),
            Err(error) if resource.is_built_in() || error.is_fatal() => Err(format!(
                "{}/{} is managed by {}/{}, which is what would have to change: {error}",
                step.resource.kind.to_lowercase(),
                step.metadata().name,
                owner.kind.to_lowercase(),
                owner.name
            )),
            Err(error) => hidden(owner, error.to_string()),
        }
    }

    fn subject(&self, mut chain: Vec<Step>, top: usize, end: &End) -> Subject {
        let way = way(&chain, top, end);
        let links: Vec<Link> = chain.iter().take(top + 1).map(Step::link).collect();
        let known_pods = if chain[0].is_pod() { vec![chain[0].object.clone()] } else { Vec::new() };
        let step = chain.swap_remove(top);
        let metadata = step.metadata();
        Subject {
            namespace: Some(metadata.namespace).filter(|namespace| !namespace.is_empty()),
            name: metadata.name,
            custom: !step.resource.is_built_in(),
            templates: step.templates,
            managers: managers(&step.object),
            object: Arc::new(step.object),
            resource: step.resource,
            chains: vec![links],
            way,
            source: self.source.clone(),
            known_pods,
        }
    }
}

/// How the object at the top of a chain can be changed.
fn way(chain: &[Step], top: usize, end: &End) -> Way {
    let step = &chain[top];
    if !step.is_pod() {
        let is_job = step.resource.kind == "Job" && step.resource.group == "batch";
        return if is_job { Way::Recreate } else { Way::Patch };
    }
    let made_by = |kind: &str, name: &str| {
        format!("it is made by {}/{name}, in which no pod template is found: change it there", kind.to_lowercase())
    };
    match (chain.get(top + 1).map(Step::link), end) {
        (Some(owner), _) => Way::Fixed(made_by(&owner.kind, &owner.name)),
        (None, End::Hidden(owner, why)) => Way::Fixed(format!("{} ({why})", made_by(&owner.kind, &owner.name))),
        (None, End::Node(node)) => {
            Way::Fixed(format!("it is a static pod: its source is a file on node {node}, which has to change there"))
        }
        (None, End::Top | End::Orphan) => Way::Recreate,
    }
}
