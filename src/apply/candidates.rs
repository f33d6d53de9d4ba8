//! What there is to harden where nothing was named: the workloads that violate a policy, worst first.

use std::collections::BTreeSet;

use super::{Found, Session};
use crate::live::{Progress, Target};
use crate::policy::Policy;
use crate::report::{Problem, Verdict};

/// Where to look.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Types, none of them with a name; empty for all that has pods.
    pub types: Vec<Target>,
    /// Namespaces; empty for all.
    pub namespaces: BTreeSet<String>,
    /// Label selector.
    pub labels: Option<String>,
    /// The most objects in one answer; 0 is no limit.
    pub chunk_size: usize,
}

/// A workload that violates the policy, itself or in its pods.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The verdicts on its templates, of which it has more than one only as a custom resource; those that fail.
    pub verdicts: Vec<Verdict>,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Candidates {
    /// The workloads, those that meet the least first, then by how many checks fail and how many pods there are.
    pub candidates: Vec<Candidate>,
    /// How many workloads were looked at.
    pub looked_at: usize,
    /// What could not be had.
    pub errors: Vec<Problem>,
    /// What could not be had and is not missed much.
    pub warnings: Vec<Problem>,
}

impl Session<'_> {
    /// The violating workloads.
    ///
    /// # Errors
    ///
    /// Why nothing can be told at all, a sentence.
    pub fn candidates(&self, scope: &Scope, policy: Policy, progress: Progress<'_>) -> Result<Candidates, String> {
        let _ = (scope, policy, progress);
        Err("not built yet".to_owned())
    }

    /// Reads workloads whole, several at a time.
    #[must_use]
    pub fn subjects(&self, candidates: &[Candidate]) -> Found {
        let _ = candidates;
        Found::default()
    }
}
