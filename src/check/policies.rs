//! By which policies an object is judged.

use std::collections::BTreeMap;

use super::Request;
use crate::policy::{NamespacePolicy, Policy};
use crate::report::Asked;

/// The policies of one namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policies {
    /// By which pods are admitted.
    pub enforce: Policy,
    /// All modes, where a namespace's labels decide.
    pub modes: Option<NamespacePolicy>,
    /// Whether the namespace's labels are known; always true where they do not decide.
    pub known: bool,
}

impl Policies {
    /// The policies for objects of a namespace with these labels; `None` where the labels are not known.
    #[must_use]
    pub fn new(request: &Request, labels: Option<&BTreeMap<String, String>>) -> Self {
        match request.asked {
            Asked::Level(level) => {
                Self { enforce: Policy { level, version: request.version }, modes: None, known: true }
            }
            Asked::Namespace => {
                let modes =
                    labels.map_or(request.defaults, |labels| NamespacePolicy::from_labels(labels, request.defaults).0);
                Self { enforce: modes.enforce, modes: Some(modes), known: labels.is_some() }
            }
        }
    }
}
