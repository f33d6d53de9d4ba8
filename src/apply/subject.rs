//! What is to be hardened: an object of the cluster with its pod templates.

use std::sync::Arc;

use serde_json::Value;

use crate::cluster::Resource;
use crate::model::FieldPath;
use crate::report::Source;
use crate::report::apply::{Link, Manager};

/// An object whose pod templates are to change: the top of what was named.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Its type.
    pub resource: Resource,
    /// Its namespace; `None` for the rare custom resource that is in none.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// The object as the server has it, with everything.
    pub object: Arc<Value>,
    /// Where its pod templates are; the root of a pod. A custom resource may have several; there is at least one.
    pub templates: Vec<FieldPath>,
    /// Whether the kind is not one of Kubernetes' own and the templates were found by their shape.
    pub custom: bool,
    /// How it was reached, from each object that was named up to itself: `pod/web-6d4-abc`, `replicaset/web-6d4`,
    /// `deployment/web`. Of an object that was named itself the chain has one link.
    pub chains: Vec<Vec<Link>>,
    /// How it can be changed.
    pub way: Way,
    /// Who else writes it, those who put back what others change first.
    pub managers: Vec<Manager>,
    /// The cluster.
    pub source: Source,
    /// Pods of it that were read on the way.
    pub(super) known_pods: Vec<Value>,
}

/// How an object can be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// By a patch.
    Patch,
    /// Only by being made anew: the server lets nobody change a pod or the template of a job.
    Recreate,
    /// Not at all, for a reason: a sentence without a final full stop.
    Fixed(String),
}

impl Subject {
    /// The same subject with the object as it was read anew.
    pub(super) fn with_object(&self, object: Value) -> Self {
        Self { object: Arc::new(object), ..self.clone() }
    }

    /// As `Deployment`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.resource.kind
    }

    /// `deployment/web`, as kubectl writes it.
    #[must_use]
    pub fn short_name(&self) -> String {
        format!("{}/{}", self.resource.kind.to_lowercase(), self.name)
    }

    /// The version of the object that was read.
    #[must_use]
    pub fn resource_version(&self) -> &str {
        self.metadata("resourceVersion")
    }

    /// The object's UID.
    #[must_use]
    pub fn uid(&self) -> &str {
        self.metadata("uid")
    }

    fn metadata(&self, field: &str) -> &str {
        self.object["metadata"][field].as_str().unwrap_or_default()
    }
}
