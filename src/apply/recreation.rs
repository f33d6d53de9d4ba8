//! Manifests of what can only be made anew: pods and jobs.

use serde_json::Value;

use super::{Planned, Way};

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
        String::new()
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
    if planned.subject.way != Way::Recreate {
        return None;
    }
    let (manifest, original, notes) = (Value::Null, Value::Null, Vec::new());
    Some(Recreation { planned: planned.clone(), manifest, original, notes })
}
