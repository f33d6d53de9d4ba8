//! Edits of an object as a patch that the API server or kustomize applies.

use serde_json::Value;

/// A patch of one object.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectPatch {
    /// As `apps/v1`.
    pub api_version: String,
    /// As `Deployment`.
    pub kind: String,
    /// The object's namespace, where it names one.
    pub namespace: Option<String>,
    /// The object's name; empty where the server makes it up.
    pub name: String,
    /// How it is to be applied.
    pub format: PatchFormat,
    /// The patch.
    pub body: Value,
}

/// How a patch is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchFormat {
    /// A strategic merge patch: lists are merged by their items' keys.
    Strategic,
    /// A JSON merge patch (RFC 7386): lists are replaced.
    Merge,
    /// A JSON patch (RFC 6902): a list of operations.
    Json,
}

impl PatchFormat {
    /// The word of `kubectl patch --type`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Strategic => "strategic",
            Self::Merge => "merge",
            Self::Json => "json",
        }
    }
}

impl ObjectPatch {
    /// `deployment/web`, as kubectl writes it.
    #[must_use]
    pub fn short_name(&self) -> String {
        format!("{}/{}", self.kind.to_lowercase(), self.name)
    }
}
