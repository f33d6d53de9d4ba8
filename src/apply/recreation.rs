//! Manifests of what can only be made anew: pods and jobs.

use serde_json::Value;

use super::{Planned, Way, clean};
use crate::edit;
use crate::model::Injector;

/// A pod or job to be made anew.
#[derive(Debug, Clone)]
pub struct Recreation {
    /// What it is made of.
    pub planned: Planned,
    /// The hardened manifest, without what the server and its controllers had put in.
    pub manifest: Value,
    /// The manifest as it was, stripped in the same way.
    pub original: Value,
    /// What should be known before, a sentence each.
    pub notes: Vec<String>,
}

impl Recreation {
    /// The hardened manifest as YAML.
    #[must_use]
    pub fn yaml(&self) -> String {
        edit::manifest(&self.manifest)
    }

    /// What makes it anew by hand from the manifest in `file`, not quoted. Flags that choose the cluster are not among
    /// them.
    #[must_use]
    pub fn command(&self, file: &str) -> Vec<String> {
        ["kubectl", "replace", "--force", "-f", file].map(str::to_owned).to_vec()
    }
}

/// The manifest for a subject that is to be made anew; `None` where it can be patched.
#[must_use]
pub fn recreation(planned: &Planned) -> Option<Recreation> {
    let subject = &planned.subject;
    if subject.way != Way::Recreate {
        return None;
    }
    let (manifest, original) = (clean::manifest(&planned.after), clean::manifest(&subject.object));
    let notes = notes(&subject.object);
    Some(Recreation { planned: planned.clone(), manifest, original, notes })
}

fn notes(object: &Value) -> Vec<String> {
    let is_job = object["kind"] == "Job";
    let status = &object["status"];
    let mut notes = Vec::new();
    let has_ended = matches!(status["phase"].as_str(), Some("Succeeded" | "Failed"));
    if has_ended || status.get("completionTime").is_some() {
        notes.push("it has ended: made anew, it runs once more".to_owned());
    } else if is_job {
        notes.push("its pods end, and the job begins from the start".to_owned());
    } else {
        notes.push(
            "it ends and starts again, maybe on another node; what it wrote outside of volumes is lost".to_owned(),
        );
    }
    let debuggers = object["spec"]["ephemeralContainers"].as_array().map_or(0, Vec::len);
    if debuggers > 0 {
        notes.push("its ephemeral containers are gone then".to_owned());
    }
    let names = ["initContainers", "containers"].into_iter().filter_map(|list| object["spec"][list].as_array());
    let names = names.flatten().filter_map(|container| container["name"].as_str());
    for (name, injector) in names.filter_map(|name| Injector::of(name).map(|injector| (name, injector.name))) {
        notes.push(format!("{injector} put in its container {name}: see that the manifest has what it is to have"));
    }
    notes
}
